//! How wide the window is: as many runs as keep the line busy, and no more.
//!
//! Two things make a window too narrow. A connection may carry less than the line does, so several are needed; and a
//! claim takes time to be known, and a request to be answered, in which a fast line has fetched what was claimed before.
//! The second can be computed. The first cannot be told from a full line, where each connection also gets a part only,
//! so a wider window is tried, and kept if more comes.

use std::collections::VecDeque;
use std::time::Duration;

use swarmline_types::MonoTime;

use crate::config::{KNOWN_AFTER, KNOWN_AFTER_RUMOUR, WINDOW_MAX, WINDOW_MIN};

/// Finished runs that the rate of the line is measured by.
const FINISHED_MAX: usize = 64;
/// Shortest time over which the line is measured, and fewest runs.
const MEASURED_FOR: Duration = Duration::from_millis(250);
const MEASURED_RUNS: usize = 4;
/// The same for a judgement of the window, where twice as many runs as it has are counted: so a burst says little, and on a
/// fast line each such span that the window is too narrow is lost for all.
const JUDGED_FOR: Duration = Duration::from_millis(100);
/// First wait after a wider window that brought nothing, before it is tried again; doubles each time.
const RETRY: Duration = Duration::from_secs(30);
/// Doublings of that wait.
const RETRY_DOUBLINGS_MAX: u32 = 5;

/// The width of the window, and what it follows.
#[derive(Debug)]
pub(super) struct Width {
    window: usize,
    narrowest: usize,
    adapts: bool,
    /// When runs were finished, by whomever on the site, and their bytes. At most [`FINISHED_MAX`].
    finished: VecDeque<(MonoTime, u64)>,
    /// When the window was judged last, and how many bytes were finished since then; `None` before the first run.
    judged: Option<(MonoTime, u64)>,
    /// Mean time from an origin request to its first bytes.
    answer: Option<Duration>,
    /// The window before a wider one was tried, and the rate of the line then.
    trial: Option<(usize, u64)>,
    next_trial: MonoTime,
    vain_trials: u32,
}

impl Width {
    pub(super) fn new(window: usize, adapts: bool, now: MonoTime) -> Self {
        let window = window.clamp(1, WINDOW_MAX);
        Self {
            window,
            narrowest: window,
            adapts,
            finished: VecDeque::new(),
            judged: None,
            answer: None,
            trial: None,
            next_trial: now,
            vain_trials: 0,
        }
    }

    /// Runs that may be worked on.
    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// Runs that others work on at least. Each node measures for itself, so nobody knows how wide another's window is, but
    /// none is narrower than it was at first.
    pub(super) fn narrowest(&self) -> usize {
        self.narrowest
    }

    /// Bytes per second that the site gets from the origin; `None` until enough has come.
    pub(super) fn line(&self) -> Option<u64> {
        let (first, last) = (self.finished.front()?, self.finished.back()?);
        let span = last.0.since(first.0);
        let bytes: u64 = self.finished.iter().skip(1).map(|(_, bytes)| bytes).sum();
        (span >= MEASURED_FOR && self.finished.len() > MEASURED_RUNS).then(|| rate(bytes, span))
    }

    /// An origin request got its first bytes.
    pub(super) fn on_answer(&mut self, took: Duration) {
        self.answer = Some(self.answer.map_or(took, |mean| (mean * 7 + took) / 8));
    }

    /// Somebody finished a run. `connection` is what one connection carries, `by_rumour` how claims travel.
    pub(super) fn on_finished(&mut self, bytes: u64, connection: u64, by_rumour: bool, now: MonoTime) {
        self.finished.push_back((now, bytes));
        if self.finished.len() > FINISHED_MAX {
            self.finished.pop_front();
        }
        // Runs that share a line end together, so it counts since when, and not since which of them.
        let Some((since, before)) = self.judged else { return self.judged = Some((now, 0)) };
        let (span, got) = (now.since(since), before + bytes);
        if span.is_zero() {
            return;
        }
        self.judged = Some((since, got));
        let runs = got / bytes.max(1);
        if self.adapts && span >= JUDGED_FOR && runs >= 2 * self.window as u64 {
            self.judge(rate(got, span), bytes.max(1), connection.max(1), by_rumour, now);
            // What is measured from now on is measured with the new window.
            self.judged = Some((now, 0));
        }
    }

    fn judge(&mut self, line: u64, run: u64, connection: u64, by_rumour: bool, now: MonoTime) {
        if let Some((before, rate_before)) = self.trial.take() {
            // Half of what as many connections more would bring, if none of them were slower for it.
            let share = rate_before / before as u64;
            if line < rate_before.saturating_add(share * (self.window - before) as u64 / 2) {
                self.window = before;
                self.next_trial = now + RETRY.saturating_mul(1 << self.vain_trials.min(RETRY_DOUBLINGS_MAX));
                self.vain_trials += 1;
                return;
            }
            self.vain_trials = 0;
        }
        let known_after = if by_rumour { KNOWN_AFTER_RUMOUR } else { KNOWN_AFTER };
        let on_the_way =
            u128::from(line) * (known_after + self.answer.unwrap_or_default()).as_micros() / 1_000_000;
        let to_cover = usize::try_from(on_the_way / u128::from(run)).unwrap_or(WINDOW_MAX) + 3;
        let to_share = usize::try_from(line / connection).unwrap_or(WINDOW_MAX) + 2;
        if to_cover > self.window {
            self.window = to_cover.clamp(WINDOW_MIN, WINDOW_MAX);
        } else if to_share > self.window && self.window < WINDOW_MAX && now >= self.next_trial {
            self.trial = Some((self.window, line));
            self.window = (self.window * 3 / 2).min(to_share).min(WINDOW_MAX);
        }
    }
}

/// In bytes per second.
fn rate(bytes: u64, span: Duration) -> u64 {
    u64::try_from(u128::from(bytes) * 1_000_000 / span.as_micros().max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test of small numbers")]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// A site that always keeps its window busy, at a line and with connections of so many MiB a second.
    fn window_after(runs: u32, line: f64, connection: f64, answer_ms: u64, by_rumour: bool) -> usize {
        let mut width = Width::new(6, true, MonoTime::ZERO);
        let mut now = 0.0;
        for _ in 0..runs {
            let each = (line / width.window() as f64).min(connection);
            now += 1.0 / (each * width.window() as f64);
            width.on_answer(Duration::from_millis(answer_ms));
            width.on_finished(
                MIB,
                (each * MIB as f64) as u64,
                by_rumour,
                MonoTime::from_micros((now * 1e6) as u64),
            );
        }
        width.window()
    }

    #[test]
    fn a_full_line_is_left_as_it_is() {
        assert!((6..=8).contains(&window_after(300, 2.4, 100.0, 30, false)));
    }

    #[test]
    fn connections_that_carry_little_get_company_until_the_line_is_full() {
        assert!((18..=24).contains(&window_after(2000, 20.0, 1.0, 30, false)));
        assert_eq!(window_after(2000, 200.0, 1.0, 30, false), 24);
    }

    #[test]
    fn a_fast_line_gets_what_it_carries_while_claims_travel() {
        assert!((20..=24).contains(&window_after(500, 119.0, 119.0, 50, true)));
    }

    #[test]
    fn a_fast_line_has_a_wide_window_after_a_tenth_of_a_second() {
        let mut width = Width::new(6, true, MonoTime::ZERO);
        (1..=14).for_each(|n| width.on_finished(MIB, 119 * MIB, true, MonoTime::from_millis(8 * n)));
        assert!(width.window() > 12, "{}", width.window());
        assert_eq!(width.line(), None, "the rate of the line is measured for longer");
        (15..=80).for_each(|n| width.on_finished(MIB, 119 * MIB, true, MonoTime::from_millis(8 * n)));
        assert!(
            width.line().is_some_and(|line| (110 * MIB..140 * MIB).contains(&line)),
            "{:?}",
            width.line()
        );
    }

    #[test]
    fn runs_that_end_together_make_no_line_look_faster() {
        let mut width = Width::new(6, true, MonoTime::ZERO);
        let mut widest = 0;
        for batch in 1..=40 {
            for _ in 0..6 {
                width.on_answer(Duration::from_millis(30));
                width.on_finished(MIB, 2 * MIB, false, MonoTime::from_millis(500 * batch));
            }
            widest = widest.max(width.window());
        }
        // 12 MiB a second in six connections: eight are tried once, in vain.
        assert_eq!((width.window(), widest), (6, 8));
    }

    #[test]
    fn others_are_not_taken_to_have_a_wide_window() {
        let mut width = Width::new(6, true, MonoTime::ZERO);
        (1..500).for_each(|n| width.on_finished(MIB, 119 * MIB, true, MonoTime::from_millis(8 * n)));
        assert!(width.window() > 12);
        assert_eq!(width.narrowest(), 6);
    }

    #[test]
    fn a_window_that_is_set_stays() {
        let mut width = Width::new(4, false, MonoTime::ZERO);
        (1..200).for_each(|n| width.on_finished(MIB, MIB, false, MonoTime::from_millis(100 * n)));
        assert_eq!(width.window(), 4);
    }
}
