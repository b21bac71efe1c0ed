//! How fast bytes come at the moment, and when the last will be there.

use std::collections::VecDeque;
use std::time::Duration;

/// The rate over the last [`WINDOW`]. Also counts what is received twice: it shows what the line does.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Points in time and the bytes by then, oldest first; at most one per [`GRAIN`] of the window, and two.
    points: VecDeque<(Duration, u64)>,
}

impl Meter {
    /// Takes in how many bytes there are by now, and says how many come per second.
    pub(super) fn rate(&mut self, at: Duration, bytes: u64) -> u64 {
        // Another process has taken over and counts from nothing.
        if self.points.back().is_some_and(|(_, before)| *before > bytes) {
            self.points.clear();
        }
        // A point too close to the one before it moves on: the newest is always now.
        let len = self.points.len();
        if len >= 2 && self.points[len - 1].0 < self.points[len - 2].0 + GRAIN {
            self.points.pop_back();
        }
        self.points.push_back((at, bytes));
        while self.points.len() > 2 && self.points[1].0 + WINDOW <= at {
            self.points.pop_front();
        }
        let (Some((from, before)), true) = (self.points.front(), self.points.len() >= 2) else { return 0 };
        let micros = at.saturating_sub(*from).as_micros().max(1);
        u64::try_from(u128::from(bytes - before) * 1_000_000 / micros).unwrap_or(u64::MAX)
    }
}

/// When `bytes` more will be there at this rate; `None` when that is more than a day away, or nothing comes.
pub(super) fn time_left(bytes: u64, bytes_per_s: u64) -> Option<Duration> {
    let s = bytes.checked_div(bytes_per_s)?;
    (s < 24 * 3600).then(|| Duration::from_secs(s))
}

/// Long enough to be calm, short enough to show a stall: 5 s.
const WINDOW: Duration = Duration::from_secs(5);
/// Distance of points: 100 ms.
const GRAIN: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_steady_flow_has_its_rate_however_often_it_is_asked() {
        let mut meter = Meter::default();
        assert_eq!(meter.rate(ms(0), 0), 0);
        let rates = (1..=100_000).map(|t| meter.rate(ms(t), t * 1000)).collect::<Vec<_>>();
        assert!(rates.iter().all(|rate| *rate == 1_000_000));
        assert!(meter.points.len() <= 53, "{} points", meter.points.len());
    }

    #[test]
    fn a_stall_shows_after_the_window() {
        let mut meter = Meter::default();
        meter.rate(ms(0), 0);
        meter.rate(ms(1000), 1_000_000);
        assert_eq!(meter.rate(ms(2000), 1_000_000), 500_000);
        assert_eq!(meter.rate(ms(7000), 1_000_000), 0);
    }

    #[test]
    fn counting_anew_is_no_negative_rate() {
        let mut meter = Meter::default();
        meter.rate(ms(0), 5_000_000);
        assert_eq!(meter.rate(ms(1000), 0), 0);
        assert_eq!(meter.rate(ms(2000), 10), 10);
    }

    #[test]
    fn what_never_ends_has_no_time_left() {
        assert_eq!(time_left(100, 50), Some(Duration::from_secs(2)));
        assert_eq!(time_left(100, 0), None);
        assert_eq!(time_left(u64::MAX, 1), None);
    }
}
