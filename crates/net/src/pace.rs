//! How many bytes make one turn on a link: about [`TURN`] worth of what it was measured to carry.
//!
//! Whoever sends bulk over a connection that others share hands over one turn at a time, so that nobody else waits
//! longer than that. Used twice: for the frames of the data stream and for the unsent bytes in the socket.

use std::time::{Duration, Instant};

/// The rate of a link as its sender sees it, kept as bytes in [`TURN`].
#[derive(Debug)]
pub(crate) struct Pace {
    turn: usize,
    measured: bool,
    window: Option<Window>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    bytes: usize,
}

impl Pace {
    /// Begins with small turns: on a fast link a dozen of them are over in milliseconds.
    pub(crate) fn new() -> Self {
        Self { turn: TURN_BYTES_MIN, measured: false, window: None }
    }

    /// Bytes that the link carries in about [`TURN`], from [`TURN_BYTES_MIN`] to [`TURN_BYTES_MAX`], whole pages.
    pub(crate) fn turn(&self) -> usize {
        self.turn & !(PAGE - 1)
    }

    /// Whether [`turn`](Self::turn) is more than the beginning.
    pub(crate) fn is_measured(&self) -> bool {
        self.measured
    }

    /// The sender has something to send from here on, so that time without progress is the link's.
    pub(crate) fn busy(&mut self, now: Instant) {
        self.window.get_or_insert(Window { since: now, bytes: 0 });
    }

    /// The sender has nothing to send: the time that follows says nothing about the link.
    pub(crate) fn idle(&mut self) {
        self.window = None;
    }

    /// The link took `bytes`. Counts only while [`busy`](Self::busy).
    pub(crate) fn took(&mut self, bytes: usize, now: Instant) {
        let Some(window) = &mut self.window else { return };
        window.bytes += bytes;
        let span = now.saturating_duration_since(window.since);
        if span < WINDOW_MIN || window.bytes < 2 * self.turn {
            return;
        }
        let per_turn = window.bytes as u128 * TURN.as_nanos() / span.as_nanos();
        let sample = usize::try_from(per_turn).unwrap_or(usize::MAX).min(2 * self.turn);
        // Up quickly, by at most double: the buffers below swallow the first turns of any link at once.
        self.turn = if sample > self.turn { sample } else { (3 * self.turn + sample) / 4 }
            .clamp(TURN_BYTES_MIN, TURN_BYTES_MAX);
        self.measured = true;
        *window = Window { since: now, bytes: 0 };
    }
}

/// How long a turn is meant to occupy the link: 3 ms. One turn in the socket, one in the TLS buffer and one in the queue
/// behind it make the 10 ms that a control message may have to wait.
pub(crate) const TURN: Duration = Duration::from_millis(3);
/// Smallest turn: 8 KiB, of which headers are not yet one percent; 3 ms at 20 Mbit/s.
pub(crate) const TURN_BYTES_MIN: usize = 8 << 10;
/// Largest turn: 1 MiB, beyond which larger writes gain nothing.
pub(crate) const TURN_BYTES_MAX: usize = 1 << 20;
/// Shortest span that is taken as a measurement.
const WINDOW_MIN: Duration = Duration::from_millis(2);
const PAGE: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends turn after turn for `span` over a link of `rate` bytes per second.
    fn send(pace: &mut Pace, rate: u64, span: Duration, mut now: Instant) -> Instant {
        let end = now + span;
        pace.busy(now);
        while now < end {
            let bytes = pace.turn();
            now += Duration::from_nanos(bytes as u64 * 1_000_000_000 / rate);
            pace.took(bytes, now);
        }
        now
    }

    #[test]
    fn a_turn_takes_about_three_milliseconds_of_any_link() {
        let start = Instant::now();
        for (rate, want) in
            [(2_500_000, 8 << 10), (25_000_000, 75_000), (2_000_000_000, 1 << 20), (1000, 8 << 10)]
        {
            let mut pace = Pace::new();
            send(&mut pace, rate, Duration::from_secs(40), start);
            let got = pace.turn();
            assert!(got.abs_diff(want) <= want / 5, "{rate} bytes/s: {got} instead of {want}");
        }
    }

    #[test]
    fn a_link_that_slows_down_gets_small_turns_within_a_second() {
        let mut pace = Pace::new();
        let now = send(&mut pace, 1_000_000_000, Duration::from_secs(1), Instant::now());
        assert_eq!(pace.turn(), TURN_BYTES_MAX);
        let mut sent = 0;
        let mut at = now;
        while pace.turn() > 50_000 {
            at = send(&mut pace, 2_500_000, Duration::from_millis(1), at);
            sent += 1;
            assert!(sent < 100, "still {}", pace.turn());
        }
    }

    #[test]
    fn idle_time_is_not_taken_for_a_slow_link() {
        let mut pace = Pace::new();
        let now = send(&mut pace, 100_000_000, Duration::from_secs(1), Instant::now());
        let turn = pace.turn();
        pace.idle();
        pace.took(turn, now + Duration::from_secs(60));
        pace.busy(now + Duration::from_secs(60));
        pace.took(turn, now + Duration::from_secs(60) + TURN);
        pace.took(turn, now + Duration::from_secs(60) + 2 * TURN);
        assert!(pace.turn() >= turn - PAGE, "{} after {turn}", pace.turn());
    }

    #[test]
    fn one_measurement_at_most_doubles_a_turn() {
        let mut pace = Pace::new();
        let now = Instant::now();
        pace.busy(now);
        pace.took(100 << 20, now + WINDOW_MIN);
        assert_eq!(pace.turn(), 2 * TURN_BYTES_MIN);
    }
}
