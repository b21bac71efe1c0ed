//! What is counted on a site while it runs.

use swarmline_types::{MonoTime, PieceLayout, PieceRange};

use crate::outcome::{FetchEnd, FetchRecord, Messages, Traffic, Why};

/// Counts of one content on one site.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(crate) messages: Messages,
    /// Only what the origin sent; the rest is in the hosts' accounts.
    pub(crate) traffic: Traffic,
    /// Of each piece, the bytes from its beginning that the origin has sent to the site at least once.
    sent: Vec<u32>,
}

impl Tally {
    pub(crate) fn new(layout: &PieceLayout) -> Self {
        let sent = vec![0; layout.piece_count() as usize];
        Self { messages: Messages::default(), traffic: Traffic::default(), sent }
    }

    /// The origin sent bytes `from..to` of a request for these pieces; returns how many of them it had sent before.
    pub(crate) fn on_origin(
        &mut self,
        layout: &PieceLayout,
        pieces: PieceRange,
        (from, to): (u64, u64),
        why: Why,
    ) -> u64 {
        let start = layout.span(pieces).start();
        let size = u64::from(layout.piece_size());
        let (mut at, end) = (start + from, start + to);
        let mut again = 0;
        while at < end {
            let piece = usize::try_from(at / size).expect("no more than 2^20 pieces");
            let (begin, stop) = (at % size, (at / size * size + size).min(end));
            let until = begin + (stop - at);
            let known = u64::from(self.sent[piece]);
            let fresh = until.saturating_sub(known.max(begin));
            again += until - begin - fresh;
            let most = u32::try_from(known.max(until)).expect("no more than a piece");
            self.sent[piece] = most;
            at = stop;
        }
        let bytes = to - from;
        let traffic = &mut self.traffic;
        traffic.origin += bytes;
        traffic.origin_again += again;
        *match why {
            Why::Owner => &mut traffic.origin_owner,
            Why::TakeOver => &mut traffic.origin_take_over,
            Why::SecondCopy => &mut traffic.origin_second_copy,
            Why::Alone | Why::Beside | Why::Unshared | Why::Untold => &mut traffic.origin_alone,
        } += bytes;
        again
    }

    pub(crate) fn on_fetch(&mut self, why: Why) {
        let messages = &mut self.messages;
        messages.fetches += 1;
        *match why {
            Why::Owner => &mut messages.fetches_owner,
            Why::TakeOver => &mut messages.fetches_take_over,
            Why::SecondCopy => &mut messages.fetches_second_copy,
            Why::Alone | Why::Beside | Why::Unshared | Why::Untold => &mut messages.fetches_alone,
        } += 1;
    }
}

/// Seconds since the beginning.
pub(crate) fn seconds(at: MonoTime) -> f64 {
    at.as_micros() as f64 / 1e6
}

/// The records of a site's fetches, up to a bound.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) list: Vec<FetchRecord>,
    pub(crate) left_out: u64,
    most: usize,
}

impl Records {
    pub(crate) fn new(most: u32) -> Self {
        Self { list: Vec::new(), left_out: 0, most: most as usize }
    }

    /// Its place, if it is listed.
    pub(crate) fn begin(&mut self, record: FetchRecord) -> Option<usize> {
        if self.list.len() >= self.most {
            self.left_out += 1;
            return None;
        }
        self.list.push(record);
        Some(self.list.len() - 1)
    }

    pub(crate) fn end(&mut self, place: Option<usize>, bytes: u64, at: MonoTime, end: FetchEnd) {
        let Some(record) = place.and_then(|place| self.list.get_mut(place)) else { return };
        record.bytes = bytes;
        record.over_s = Some(seconds(at));
        record.end = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_origin_sends_twice_counts_as_again_byte_by_byte() {
        let layout = PieceLayout::new(100 << 14, 1 << 14).unwrap();
        let mut tally = Tally::new(&layout);
        let pieces = layout.piece_range(3, 4).unwrap();
        let size = 1 << 14;
        assert_eq!(tally.on_origin(&layout, pieces, (0, size + 100), Why::Owner), 0);
        assert_eq!(tally.on_origin(&layout, pieces, (size + 100, 2 * size), Why::Owner), 0);
        let second = layout.piece_range(4, 1).unwrap();
        assert_eq!(tally.on_origin(&layout, second, (0, size), Why::TakeOver), size);
        let next = layout.piece_range(4, 2).unwrap();
        assert_eq!(tally.on_origin(&layout, next, (0, 2 * size), Why::SecondCopy), size);
        let traffic = tally.traffic;
        assert_eq!((traffic.origin, traffic.origin_again), (5 * size, 2 * size));
        assert_eq!((traffic.origin_owner, traffic.origin_take_over), (2 * size, size));
    }
}
