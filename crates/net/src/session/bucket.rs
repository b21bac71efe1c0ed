//! How fast a peer's control messages are read.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use swarmline_types::PIECE_SIZE_MIN;

/// Lets [`RATE_PER_S`] messages a second through, [`BURST`] at once. Who sends faster is read later, and in the end
/// cannot send: nothing is dropped and nothing piles up.
///
/// A request that was answered with a piece's worth of bytes gives its turn back: its bytes bound it already, and with
/// pieces of 16 KiB the rate would be one of 32 MiB/s.
#[derive(Debug)]
pub(super) struct Bucket {
    /// When the bucket is full again, if nothing more is taken.
    full_at: Mutex<Instant>,
}

impl Bucket {
    pub(super) fn new(now: Instant) -> Self {
        Self { full_at: Mutex::new(now) }
    }

    /// Waits for the next message's turn. Dropping it half-way only costs a turn.
    pub(super) async fn take(&self) {
        let now = Instant::now();
        let turn = self.turn(now);
        if turn > now {
            tokio::time::sleep_until(turn.into()).await;
        }
    }

    /// An answer of so many bytes was handed to the peer.
    pub(super) fn answered(&self, bytes: u32) {
        if bytes >= PIECE_SIZE_MIN {
            self.change(|full_at| full_at.checked_sub(PER_MESSAGE).unwrap_or(full_at));
        }
    }

    /// When the next message may be read.
    fn turn(&self, now: Instant) -> Instant {
        let full_at = self.change(|full_at| full_at.max(now) + PER_MESSAGE);
        full_at.checked_sub(PER_MESSAGE * BURST).map_or(now, |turn| turn.max(now))
    }

    fn change(&self, change: impl FnOnce(Instant) -> Instant) -> Instant {
        // A single value cannot be left half changed.
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        *full_at = change(*full_at);
        *full_at
    }
}

const RATE_PER_S: u32 = 2_000;
const BURST: u32 = 4_000;
const PER_MESSAGE: Duration = Duration::from_nanos(1_000_000_000 / RATE_PER_S as u64);

#[cfg(test)]
mod tests {
    use super::*;

    /// When the last of `count` messages may be read that all want to be read at `start`.
    fn last_turn(bucket: &Bucket, start: Instant, count: u32) -> Duration {
        let turns = (0..count).map(|_| bucket.turn(start));
        turns.last().unwrap() - start
    }

    #[test]
    fn a_burst_goes_through_at_once_and_the_rest_at_the_rate() {
        let start = Instant::now();
        let bucket = Bucket::new(start);
        assert_eq!(last_turn(&bucket, start, BURST), Duration::ZERO);
        assert_eq!(last_turn(&bucket, start, 3 * RATE_PER_S), Duration::from_secs(3));
    }

    #[test]
    fn calm_refills_the_burst_and_no_more() {
        let start = Instant::now();
        let bucket = Bucket::new(start);
        let later = start + Duration::from_secs(3600);
        assert_eq!(last_turn(&bucket, later, BURST), Duration::ZERO);
        assert_eq!(last_turn(&bucket, later, 1), PER_MESSAGE);
    }

    #[test]
    fn an_answered_request_gives_its_turn_back_unless_it_asked_for_next_to_nothing() {
        let start = Instant::now();
        let bucket = Bucket::new(start);
        last_turn(&bucket, start, BURST);
        for _ in 0..3 * RATE_PER_S {
            bucket.answered(PIECE_SIZE_MIN);
            assert_eq!(last_turn(&bucket, start, 1), Duration::ZERO);
        }
        bucket.answered(PIECE_SIZE_MIN - 1);
        assert_eq!(last_turn(&bucket, start, 1), PER_MESSAGE);
    }

    #[test]
    fn answers_save_up_no_more_than_a_burst() {
        let start = Instant::now();
        let bucket = Bucket::new(start);
        (0..3 * BURST).for_each(|_| bucket.answered(PIECE_SIZE_MIN));
        assert_eq!(last_turn(&bucket, start, BURST + 1), PER_MESSAGE);
    }
}
