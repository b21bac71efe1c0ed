//! A token bucket: how a rate becomes permissions.

use std::time::Duration;

use swarmline_types::{MonoTime, Rate};

/// Lets bytes through at a rate. Something larger than what is in the bucket may start as soon as the bucket is not
/// empty; the debt is paid before the next.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    /// `None`: no limit.
    rate: Option<Rate>,
    burst: i64,
    level: Level,
}

/// What is in a bucket whose rate and burst somebody else knows: of many that are alike, only that is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    /// Bytes that may start now; negative after something large.
    tokens: i64,
    filled: MonoTime,
}

impl Level {
    /// `burst` may start at once.
    pub(crate) fn full(burst: i64) -> Self {
        Self { tokens: burst, filled: MonoTime::ZERO }
    }

    /// Whether something may start now; otherwise the time when it may.
    pub(crate) fn ready(&mut self, rate: Rate, burst: i64, now: MonoTime) -> Result<(), MonoTime> {
        self.fill(rate, burst, now);
        match u64::try_from(1 - self.tokens) {
            Ok(debt @ 1..) => Err(now + rate.time_for(debt)),
            _ => Ok(()),
        }
    }

    /// Takes the bytes of what starts now.
    pub(crate) fn take(&mut self, bytes: u64) {
        self.tokens = self.tokens.saturating_sub_unsigned(bytes);
    }

    fn fill(&mut self, rate: Rate, burst: i64, now: MonoTime) {
        let new = rate.bytes_in(now.since(self.filled));
        if new > 0 {
            self.tokens = self.tokens.saturating_add_unsigned(new).min(burst);
            // Only the time of whole bytes is spent, so that slow rates lose nothing to rounding.
            self.filled = (self.filled + rate.time_for(new)).min(now);
        }
    }
}

impl Bucket {
    /// A tenth of a second's worth may start at once.
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        let burst = rate.map_or(0, |rate| rate.bytes_in(Duration::from_millis(100)).max(1));
        Self::with_burst(rate, burst)
    }

    /// `burst` may start at once.
    pub(crate) fn with_burst(rate: Option<Rate>, burst: u64) -> Self {
        let burst = i64::try_from(burst).unwrap_or(i64::MAX);
        Self { rate, burst, level: Level::full(burst) }
    }

    /// What it lets through; `None` for all.
    pub(crate) fn rate(&self) -> Option<Rate> {
        self.rate
    }

    /// Another rate from now on. What was taken too much under the last one is forgiven if there is none any more.
    pub(crate) fn change(&mut self, rate: Option<Rate>, now: MonoTime) {
        if rate == self.rate {
            return;
        }
        if let Some(before) = self.rate {
            self.level.fill(before, self.burst, now);
        }
        let owed = self.level.tokens.min(0);
        let new = Self::new(rate);
        let tokens = if self.rate.is_some() && rate.is_some() { owed } else { new.level.tokens };
        *self = Self { level: Level { tokens, filled: now }, ..new };
    }

    /// Whether something may start now; otherwise the time when it may.
    pub(crate) fn ready(&mut self, now: MonoTime) -> Result<(), MonoTime> {
        let Some(rate) = self.rate else { return Ok(()) };
        self.level.ready(rate, self.burst, now)
    }

    /// Takes the bytes of what starts now.
    pub(crate) fn take(&mut self, bytes: u64) {
        if self.rate.is_some() {
            self.level.take(bytes);
        }
    }

    /// Gives back what was taken and not used.
    pub(crate) fn give_back(&mut self, bytes: u64) {
        if self.rate.is_some() {
            self.level.tokens = self.level.tokens.saturating_add_unsigned(bytes).min(self.burst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_rate_holds_whatever_the_size() {
        for size in [100u64, 16_384, 1 << 20, 16 << 20] {
            let mut bucket = Bucket::new(Rate::bytes_per_s(1_000_000));
            let (mut now, mut sent) = (MonoTime::ZERO, 0);
            while now < MonoTime::from_millis(100_000) {
                match bucket.ready(now) {
                    Ok(()) => {
                        bucket.take(size);
                        sent += size;
                    }
                    Err(later) => {
                        assert!(later > now);
                        now = later;
                    }
                }
            }
            let most = 100_100_000 + size;
            assert!(sent <= most && sent >= 99_000_000, "{sent} bytes of {size}");
        }
    }

    #[test]
    fn no_limit_is_always_ready() {
        let mut bucket = Bucket::new(None);
        bucket.take(u64::MAX);
        assert_eq!(bucket.ready(MonoTime::ZERO), Ok(()));
    }

    #[test]
    fn another_rate_pays_the_debt_at_its_own_pace_and_gains_nothing_before_it_began() {
        let at = MonoTime::from_millis;
        let mut bucket = Bucket::new(Rate::bytes_per_s(1_000_000));
        bucket.take(1_100_000);
        // A second's worth is owed; half of it is paid when the rate falls to a tenth.
        bucket.change(Rate::bytes_per_s(100_000), at(500));
        let ready = bucket.ready(at(500)).unwrap_err();
        assert!((at(5_400)..=at(5_600)).contains(&ready), "{ready:?}");
        bucket.change(None, at(501));
        assert_eq!(bucket.ready(at(501)), Ok(()));
        bucket.change(Rate::bytes_per_s(1_000), at(1_000_000));
        bucket.take(100);
        assert!(bucket.ready(at(1_000_000)).is_err(), "no more than a tenth of a second was saved up");
    }

    #[test]
    fn what_is_given_back_may_start_again() {
        let mut bucket = Bucket::new(Rate::bytes_per_s(1_000_000));
        bucket.take(500_000);
        assert!(bucket.ready(MonoTime::ZERO).is_err());
        bucket.give_back(500_000);
        assert_eq!(bucket.ready(MonoTime::ZERO), Ok(()));
    }
}
