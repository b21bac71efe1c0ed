//! How fast a peer's control messages are read.

use std::time::{Duration, Instant};

/// Lets [`RATE_PER_S`] messages a second through, [`BURST`] at once. Who sends faster is read later, and in the end
/// cannot send: nothing is dropped and nothing piles up.
pub(super) struct Bucket {
    /// When the bucket is full again, if nothing more is taken.
    full_at: Instant,
}

impl Bucket {
    pub(super) fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Waits for the next message's turn. Dropping it half-way only costs a turn.
    pub(super) async fn take(&mut self) {
        let now = Instant::now();
        let turn = self.turn(now);
        if turn > now {
            tokio::time::sleep_until(turn.into()).await;
        }
    }

    /// When the next message may be read.
    fn turn(&mut self, now: Instant) -> Instant {
        self.full_at = self.full_at.max(now) + PER_MESSAGE;
        self.full_at.checked_sub(PER_MESSAGE * BURST).map_or(now, |turn| turn.max(now))
    }
}

const RATE_PER_S: u32 = 2_000;
const BURST: u32 = 4_000;
const PER_MESSAGE: Duration = Duration::from_nanos(1_000_000_000 / RATE_PER_S as u64);

#[cfg(test)]
mod tests {
    use super::*;

    /// When the last of `count` messages may be read that all want to be read at `start`.
    fn last_turn(bucket: &mut Bucket, start: Instant, count: u32) -> Duration {
        let turns = (0..count).map(|_| bucket.turn(start));
        turns.last().unwrap() - start
    }

    #[test]
    fn a_burst_goes_through_at_once_and_the_rest_at_the_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        assert_eq!(last_turn(&mut bucket, start, BURST), Duration::ZERO);
        assert_eq!(last_turn(&mut bucket, start, 3 * RATE_PER_S), Duration::from_secs(3));
    }

    #[test]
    fn calm_refills_the_burst_and_no_more() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        let later = start + Duration::from_secs(3600);
        assert_eq!(last_turn(&mut bucket, later, BURST), Duration::ZERO);
        assert_eq!(last_turn(&mut bucket, later, 1), PER_MESSAGE);
    }
}
