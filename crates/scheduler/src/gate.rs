//! When the origin may be asked: back-off after failures, pauses it asked for, and the end of its use.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use swarmline_types::MonoTime;

/// Shortest back-off after a failure that may pass; doubles each time up to [`BACK_OFF_MAX`].
pub const BACK_OFF_MIN: Duration = Duration::from_secs(1);
/// Longest back-off.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(30);
/// Longest `Retry-After` that is obeyed.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// For how long a server asks to be left alone: at most an hour ([`RETRY_AFTER_MAX`]). A `Retry-After` of no time at all,
/// or of a moment that has passed, asks for nothing: whoever obeyed it would ask thousands of times a minute.
pub fn pause_asked_for(retry_after: Option<Duration>) -> Option<Duration> {
    retry_after.filter(|span| !span.is_zero()).map(|span| span.min(RETRY_AFTER_MAX))
}

/// Waits between attempts: exponential with jitter, or as long as the server asked.
#[derive(Clone, Debug)]
pub struct BackOff {
    failures: u32,
    rng: Pcg64Mcg,
}

impl BackOff {
    /// No failure yet. The seed makes the jitter.
    pub fn new(seed: u64) -> Self {
        Self { failures: 0, rng: Pcg64Mcg::seed_from_u64(seed) }
    }

    /// How long to wait after one more failure: 1 s doubling to 30 s, each between half and the whole of that; or
    /// what the server [asks for](pause_asked_for), exactly.
    pub fn after_failure(&mut self, retry_after: Option<Duration>) -> Duration {
        let full = BACK_OFF_MIN.saturating_mul(1 << self.failures.min(5)).min(BACK_OFF_MAX);
        self.failures += 1;
        pause_asked_for(retry_after).unwrap_or_else(|| self.rng.random_range(full / 2..=full))
    }

    /// Something good came: the next failure waits 1 s again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Whether, and when, one content may ask its origin.
#[derive(Debug)]
pub(crate) struct Gate {
    is_closed: bool,
    paused_until: MonoTime,
    /// Of that, what the origin asked for itself.
    asked_to_wait_until: MonoTime,
    back_off: BackOff,
    mismatches: u32,
}

impl Gate {
    pub(crate) fn new(has_origin: bool, seed: u64) -> Self {
        Self {
            is_closed: !has_origin,
            paused_until: MonoTime::ZERO,
            asked_to_wait_until: MonoTime::ZERO,
            back_off: BackOff::new(seed),
            mismatches: 0,
        }
    }

    /// Whether and until when the origin is left alone: changes when that does.
    pub(crate) fn state(&self) -> (bool, MonoTime) {
        (self.is_closed, self.paused_until)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(crate) fn paused_until(&self) -> MonoTime {
        self.paused_until
    }

    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }

    /// When the pause ends that the origin asked for. Whoever obeys it is not without progress meanwhile; a back-off of
    /// our own is no excuse.
    pub(crate) fn asked_to_wait_until(&self) -> MonoTime {
        self.asked_to_wait_until
    }

    /// Returns for how long the origin asked to be left alone, if it did: the site is told.
    pub(crate) fn on_failure(&mut self, retry_after: Option<Duration>, now: MonoTime) -> Option<Duration> {
        let pause = self.back_off.after_failure(retry_after);
        let asked = pause_asked_for(retry_after);
        match asked {
            Some(_) => self.pause(pause, now),
            None => self.paused_until = self.paused_until.max(now + pause),
        }
        asked
    }

    /// The origin asked to be left alone.
    pub(crate) fn pause(&mut self, span: Duration, now: MonoTime) {
        self.paused_until = self.paused_until.max(now + span);
        self.asked_to_wait_until = self.asked_to_wait_until.max(now + span);
    }

    pub(crate) fn on_success(&mut self) {
        self.back_off.reset();
        self.mismatches = 0;
    }

    /// A piece from the origin had a wrong hash, or an answer a wrong length; returns how many in a row.
    pub(crate) fn on_mismatch(&mut self) -> u32 {
        self.mismatches += 1;
        self.mismatches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_to_its_bound_and_starts_again() {
        let mut back_off = BackOff::new(1);
        for full in [1, 2, 4, 8, 16, 30, 30] {
            let wait = back_off.after_failure(None);
            assert!(wait >= Duration::from_secs(full) / 2 && wait <= Duration::from_secs(full), "{wait:?}");
        }
        back_off.reset();
        assert!(back_off.after_failure(None) <= BACK_OFF_MIN);
    }

    #[test]
    fn retry_after_is_obeyed_up_to_an_hour() {
        let wait = |secs| BackOff::new(1).after_failure(Some(Duration::from_secs(secs)));
        assert_eq!(wait(7), Duration::from_secs(7));
        assert_eq!(wait(86_400), RETRY_AFTER_MAX);
    }

    #[test]
    fn whoever_asks_for_no_time_at_all_is_left_alone_as_if_it_had_not() {
        let mut gate = Gate::new(true, 1);
        let now = MonoTime::ZERO;
        for full in [1, 2, 4] {
            assert_eq!(gate.on_failure(Some(Duration::ZERO), now), None, "the site is not told");
            assert!(gate.paused_until() >= now + Duration::from_secs(full) / 2, "{:?}", gate.paused_until());
        }
        assert_eq!(gate.asked_to_wait_until(), MonoTime::ZERO);
    }
}
