//! One rate shared by all connections.

use std::sync::Mutex;
use std::time::Duration;

use swarmline_types::Rate;
use tokio::time::Instant;

/// Credit that an idle link saves up, and the span that one slice is meant to take.
const BURST: Duration = Duration::from_millis(10);
/// Largest slice, and every slice without a limit.
const SLICE_MAX: u64 = 64 << 10;
/// Smallest slice, however slow the link.
const SLICE_MIN: u64 = 512;

/// A token bucket kept as a point in time: when the link will have sent all that was promised.
#[derive(Debug, Default)]
pub(super) struct Pace {
    link: Mutex<Link>,
}

#[derive(Debug, Default)]
struct Link {
    rate: Option<Rate>,
    busy_until: Option<Instant>,
}

impl Pace {
    pub(super) fn limit(&self, rate: Option<Rate>) {
        *self.link.lock().expect("no holder panics") = Link { rate, busy_until: None };
    }

    /// How many bytes to send at once, so that connections take turns.
    pub(super) fn slice(&self) -> usize {
        let rate = self.link.lock().expect("no holder panics").rate;
        let size = rate.map_or(SLICE_MAX, |rate| rate.bytes_in(BURST).clamp(SLICE_MIN, SLICE_MAX));
        usize::try_from(size).expect("at most SLICE_MAX")
    }

    /// Waits until the link would have carried `bytes`. Dropping it gives up the turn, not the time.
    pub(super) async fn wait(&self, bytes: usize) {
        if let Some(end) = self.reserve(bytes, Instant::now()) {
            tokio::time::sleep_until(end).await;
        }
    }

    fn reserve(&self, bytes: usize, now: Instant) -> Option<Instant> {
        let mut link = self.link.lock().expect("no holder panics");
        let span = link.rate?.time_for(bytes as u64);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let end = link.busy_until.map_or(now, |busy| busy.max(earliest)) + span;
        link.busy_until = Some(end);
        Some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(bytes_per_s: u64) -> Pace {
        let pace = Pace::default();
        pace.limit(Rate::bytes_per_s(bytes_per_s));
        pace
    }

    #[test]
    fn slices_queue_on_one_link() {
        let (pace, now) = (pace(1000), Instant::now());
        assert_eq!(pace.reserve(500, now), Some(now + Duration::from_millis(500)));
        assert_eq!(pace.reserve(500, now), Some(now + Duration::from_millis(1000)));
    }

    #[test]
    fn an_idle_link_saves_up_no_more_than_the_burst() {
        let (pace, now) = (pace(1000), Instant::now());
        pace.reserve(500, now);
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.reserve(500, later), Some(later + Duration::from_millis(490)));
    }

    #[test]
    fn slices_shrink_with_the_rate() {
        assert_eq!(Pace::default().slice(), 64 << 10);
        assert_eq!(pace(2_500_000).slice(), 25_000);
        assert_eq!(pace(1).slice(), 512);
    }
}
