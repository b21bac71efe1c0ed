//! What one download has received, over all openings of its content: others may have begun it before, and each opening
//! counts from zero.

use swarmline_ipc::message::Progress;

use crate::content::{Opening, Snapshot};

/// Bytes by where they came from.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    origin: u64,
    peers: u64,
    duplicate: u64,
    failed_hash: u64,
    cancelled: u64,
    served: u64,
}

/// Sums of what was received, and given to peers, since the download began.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    opening: Option<Opening>,
    /// What earlier openings brought.
    before: Counts,
    /// What this one had brought when the download joined it.
    joined_at: Counts,
    latest: Counts,
}

impl Counts {
    fn of(now: &Snapshot) -> Self {
        Self {
            origin: now.from_origin,
            peers: now.from_peers,
            duplicate: now.duplicate,
            failed_hash: now.failed_hash,
            cancelled: now.cancelled,
            served: now.served,
        }
    }

    fn add(&mut self, more: Self) {
        self.origin += more.origin;
        self.peers += more.peers;
        self.duplicate += more.duplicate;
        self.failed_hash += more.failed_hash;
        self.cancelled += more.cancelled;
        self.served += more.served;
    }

    fn since(self, earlier: Self) -> Self {
        Self {
            origin: self.origin.saturating_sub(earlier.origin),
            peers: self.peers.saturating_sub(earlier.peers),
            duplicate: self.duplicate.saturating_sub(earlier.duplicate),
            failed_hash: self.failed_hash.saturating_sub(earlier.failed_hash),
            cancelled: self.cancelled.saturating_sub(earlier.cancelled),
            served: self.served.saturating_sub(earlier.served),
        }
    }
}

impl Tally {
    /// The download is part of this opening from now on.
    pub(crate) fn join(&mut self, opening: Opening, now: &Snapshot) {
        if self.opening == Some(opening) {
            return;
        }
        self.before.add(self.latest.since(self.joined_at));
        self.opening = Some(opening);
        (self.joined_at, self.latest) = (Counts::of(now), Counts::of(now));
    }

    /// Bytes of a plain download.
    pub(crate) fn add_from_origin(&mut self, bytes: u64) {
        self.before.origin += bytes;
    }

    pub(crate) fn take(&mut self, now: &Snapshot) {
        let now = Counts::of(now);
        let latest = self.latest;
        if now.origin < latest.origin || now.peers < latest.peers || now.served < latest.served {
            // The same channel tells of a later opening.
            self.before.add(self.latest.since(self.joined_at));
            self.joined_at = Counts::default();
        }
        self.latest = now;
    }

    pub(crate) fn fill(&self, progress: &mut Progress) {
        let mut sum = self.before;
        sum.add(self.latest.since(self.joined_at));
        progress.from_origin = sum.origin;
        progress.from_peers = sum.peers;
        progress.received = sum.origin + sum.peers;
        progress.wasted = sum.duplicate + sum.failed_hash + sum.cancelled;
        progress.duplicate = sum.duplicate;
        progress.failed_hash = sum.failed_hash;
        progress.cancelled = sum.cancelled;
        progress.to_peers = sum.served;
    }
}

#[cfg(test)]
mod tests {
    use swarmline_scheduler::Stage;

    use super::*;

    fn snapshot(from_origin: u64, from_peers: u64) -> Snapshot {
        Snapshot { from_origin, from_peers, ..Snapshot::first(Stage::Fetching, 0) }
    }

    fn received(tally: &Tally) -> (u64, u64, u64) {
        let mut progress = Progress::default();
        tally.fill(&mut progress);
        (progress.from_origin, progress.from_peers, progress.received)
    }

    #[test]
    fn what_peers_were_given_counts_from_when_it_joined_and_over_all_openings() {
        let served = |served| Snapshot { served, ..Snapshot::first(Stage::Fetching, 0) };
        let mut tally = Tally::default();
        tally.join(Opening::default().next(), &served(10));
        tally.take(&served(17));
        tally.take(&served(3));
        let mut progress = Progress::default();
        tally.fill(&mut progress);
        assert_eq!((progress.to_peers, progress.received), (7 + 3, 0));
    }

    #[test]
    fn only_what_came_since_it_joined_counts_and_nothing_is_lost_between_openings() {
        let mut tally = Tally::default();
        let (first, second) = (Opening::default().next(), Opening::default().next().next());
        tally.join(first, &snapshot(10, 1));
        tally.take(&snapshot(15, 4));
        assert_eq!(received(&tally), (5, 3, 8));
        tally.join(first, &snapshot(16, 4));
        assert_eq!(received(&tally), (5, 3, 8));
        tally.take(&snapshot(20, 4));
        tally.join(second, &snapshot(0, 0));
        tally.take(&snapshot(7, 0));
        assert_eq!(received(&tally), (17, 3, 20));
        tally.take(&snapshot(1, 0));
        tally.add_from_origin(100);
        assert_eq!(received(&tally), (118, 3, 121));
    }

    #[test]
    fn what_was_received_in_vain_is_told_by_its_kind_and_as_a_sum() {
        let vain = |duplicate, failed_hash, cancelled| Snapshot {
            duplicate,
            failed_hash,
            cancelled,
            ..snapshot(100, 100)
        };
        let mut tally = Tally::default();
        tally.join(Opening::default().next(), &vain(1, 1, 1));
        tally.take(&vain(11, 21, 41));
        let mut progress = Progress::default();
        tally.fill(&mut progress);
        assert_eq!((progress.duplicate, progress.failed_hash, progress.cancelled), (10, 20, 40));
        assert_eq!(progress.wasted, 70);
    }
}
