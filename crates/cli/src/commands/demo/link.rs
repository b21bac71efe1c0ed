//! The WAN line: one rate that all connections share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use swarmline_types::Rate;
use tokio::time::Instant;

/// A line that carries one thing after the other. Kept as the moment at which it will have carried all that was handed
/// to it so far.
#[derive(Debug)]
pub(super) struct Link {
    rate: Rate,
    free_at: Mutex<Instant>,
}

impl Link {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, free_at: Mutex::new(Instant::now()) }
    }

    /// Bytes to hand over at a time, so that connections take turns: what the line carries in [`TURN`].
    pub(super) fn turn_bytes(&self) -> u64 {
        self.rate.bytes_in(TURN).clamp(TURN_BYTES_MIN, TURN_BYTES_MAX)
    }

    /// Waits until the line has carried these bytes. Whoever is dropped meanwhile has used the line all the same.
    pub(super) async fn carry(&self, bytes: u64) {
        tokio::time::sleep_until(self.book(bytes, Instant::now())).await;
    }

    fn book(&self, bytes: u64, now: Instant) -> Instant {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        // A little of the time that was not used may be caught up on: sleeps end late.
        let earliest = now.checked_sub(CATCH_UP).unwrap_or(now);
        *free_at = earliest.max(*free_at) + self.rate.time_for(bytes);
        *free_at
    }
}

/// How long one turn takes on the line.
const TURN: Duration = Duration::from_millis(10);
/// Smallest turn, on very slow lines.
const TURN_BYTES_MIN: u64 = 1 << 10;
/// Largest turn, on fast lines.
const TURN_BYTES_MAX: u64 = 256 << 10;
/// How much idle time is made up for.
const CATCH_UP: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_queues_behind_what_was() {
        let link = Link::new(Rate::bytes_per_s(1000).unwrap());
        let now = *link.free_at.lock().unwrap();
        let first = link.book(500, now);
        assert_eq!(first, now + Duration::from_millis(500));
        assert_eq!(link.book(500, now), now + Duration::from_millis(1000));
    }

    #[test]
    fn an_idle_line_saves_up_next_to_nothing() {
        let link = Link::new(Rate::bytes_per_s(1000).unwrap());
        let later = *link.free_at.lock().unwrap() + Duration::from_secs(60);
        assert_eq!(link.book(1000, later), later + Duration::from_secs(1) - CATCH_UP);
    }

    #[test]
    fn turns_grow_with_the_rate_up_to_a_bound() {
        let turn = |bytes_per_s| Link::new(Rate::bytes_per_s(bytes_per_s).unwrap()).turn_bytes();
        assert_eq!(turn(1), TURN_BYTES_MIN);
        assert_eq!(turn(2_500_000), 25_000);
        assert_eq!(turn(10_000_000_000), TURN_BYTES_MAX);
    }
}
