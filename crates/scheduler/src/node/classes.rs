//! What the classes of contents may still receive from the origin: their limits as they are in force now, and what came.

use std::time::Duration;

use swarmline_types::{MonoTime, Priority, Rate};

use crate::bucket::Bucket;
use crate::hours::TimeOfDay;
use crate::limits::{Limit, OriginLimits};

#[derive(Debug)]
pub(super) struct Classes {
    limits: OriginLimits,
    /// What the clock on the wall showed when.
    clock: Option<(MonoTime, TimeOfDay)>,
    /// When other limits come into force.
    changes_at: MonoTime,
    foreground: Class,
    background: Class,
}

#[derive(Debug)]
struct Class {
    bucket: Bucket,
    is_shut: bool,
}

impl Class {
    fn new(limits: &OriginLimits, limit: Limit) -> Self {
        Self { bucket: Bucket::new(limits.rate(limit)), is_shut: limit == Limit::Nothing }
    }

    fn change(&mut self, rate: Option<Rate>, limit: Limit, now: MonoTime) {
        self.bucket.change(rate, now);
        self.is_shut = limit == Limit::Nothing;
    }
}

impl Classes {
    pub(super) fn new(limits: OriginLimits) -> Self {
        let (in_force, _) = limits.at(None);
        Self {
            foreground: Class::new(&limits, in_force.foreground),
            background: Class::new(&limits, in_force.background),
            limits,
            clock: None,
            changes_at: MonoTime::NEVER,
        }
    }

    /// The clock on the wall shows this now.
    pub(super) fn set_clock(&mut self, time: TimeOfDay, now: MonoTime) {
        self.clock = Some((now, time));
        self.change(now);
    }

    /// Whether something of a class may be asked of the origin now; otherwise the time when it may be worth asking again.
    pub(super) fn may_start(&mut self, priority: Priority, now: MonoTime) -> Result<(), MonoTime> {
        self.keep_hours(now);
        let changes_at = self.changes_at;
        let class = self.of(priority);
        if class.is_shut {
            return Err(changes_at);
        }
        class.bucket.ready(now).map_err(|later| later.min(changes_at))
    }

    /// Bytes of an answer came. `Some` says until when no more is read of answers of that class.
    pub(super) fn on_bytes(&mut self, priority: Priority, bytes: u64, now: MonoTime) -> Option<MonoTime> {
        self.keep_hours(now);
        let changes_at = self.changes_at;
        let class = self.of(priority);
        class.bucket.take(bytes);
        class.bucket.ready(now).err().map(|later| later.min(changes_at))
    }

    /// The limit of a class at this hour, if it has one.
    pub(super) fn rate(&mut self, priority: Priority, now: MonoTime) -> Option<Rate> {
        self.keep_hours(now);
        self.of(priority).bucket.rate()
    }

    fn of(&mut self, priority: Priority) -> &mut Class {
        match priority {
            Priority::Foreground => &mut self.foreground,
            Priority::Background => &mut self.background,
        }
    }

    fn keep_hours(&mut self, now: MonoTime) {
        if now >= self.changes_at {
            self.change(now);
        }
    }

    fn change(&mut self, now: MonoTime) {
        let time = self.clock.map(|(then, time)| time.after(now.since(then)));
        let (in_force, lasts) = self.limits.at(time);
        // The clock shows whole seconds, and what is left of this one is not told.
        let spent = self
            .clock
            .map_or(Duration::ZERO, |(then, _)| Duration::from_nanos(now.since(then).subsec_nanos().into()));
        self.changes_at = lasts.map_or(MonoTime::NEVER, |lasts| now + (lasts - spent));
        let rate = |limit| self.limits.rate(limit);
        self.foreground.change(rate(in_force.foreground), in_force.foreground, now);
        self.background.change(rate(in_force.background), in_force.background, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ClassLimits;

    const KB: u64 = 1_000;

    fn rate(bytes_per_s: u64) -> Limit {
        Limit::Rate(Rate::bytes_per_s(bytes_per_s).unwrap())
    }

    fn hour(hour: u64) -> MonoTime {
        MonoTime::from_millis(hour * 3_600_000)
    }

    /// By night all there is, from 8 to 17 so much.
    fn by_day(background: Limit) -> Classes {
        let within = ClassLimits { background, ..ClassLimits::default() };
        let hours = "8..17".parse().unwrap();
        let mut classes =
            Classes::new(OriginLimits { in_hours: Some((hours, within)), ..OriginLimits::default() });
        classes.set_clock("0".parse().unwrap(), MonoTime::ZERO);
        classes
    }

    #[test]
    fn each_class_has_a_limit_of_its_own() {
        let usual = ClassLimits { background: rate(100 * KB), ..ClassLimits::default() };
        let mut classes = Classes::new(OriginLimits { usual, ..OriginLimits::default() });
        assert_eq!(classes.on_bytes(Priority::Foreground, 1 << 30, MonoTime::ZERO), None);
        let held = classes.on_bytes(Priority::Background, 200 * KB, MonoTime::ZERO).unwrap();
        assert!((1_800..=2_000).contains(&(held.as_micros() / 1_000)), "{held:?}");
        assert_eq!(classes.may_start(Priority::Foreground, MonoTime::ZERO), Ok(()));
        assert_eq!(classes.may_start(Priority::Background, MonoTime::ZERO), Err(held));
        assert_eq!(classes.may_start(Priority::Background, held), Ok(()));
    }

    #[test]
    fn limits_come_and_go_with_the_hours() {
        let mut classes = by_day(Limit::Nothing);
        for (at, may) in [
            (hour(7), Ok(())),
            (hour(8), Err(hour(17))),
            (hour(16), Err(hour(17))),
            (hour(17), Ok(())),
            (hour(32), Err(hour(41))),
        ] {
            assert_eq!(classes.may_start(Priority::Background, at), may, "{at:?}");
            assert_eq!(classes.may_start(Priority::Foreground, at), Ok(()));
        }
    }

    #[test]
    fn what_was_taken_under_a_narrow_limit_holds_nobody_up_under_a_wide_one() {
        let mut classes = by_day(rate(8 * KB));
        let held = classes.on_bytes(Priority::Background, 1 << 30, hour(16));
        assert_eq!(held, Some(hour(17)), "not for the day and a half that it would take");
        assert_eq!(classes.may_start(Priority::Background, hour(17)), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_counts_at_once() {
        let mut classes = by_day(Limit::Nothing);
        classes.set_clock("9".parse().unwrap(), hour(1));
        assert_eq!(classes.may_start(Priority::Background, hour(1)), Err(hour(9)));
    }

    /// Half a second after the hour began, the clock shows the hour.
    #[test]
    fn a_part_of_a_second_moves_no_hour() {
        let mut classes = by_day(Limit::Nothing);
        let late = MonoTime::from_micros(hour(8).as_micros() + 500_000);
        assert_eq!(classes.may_start(Priority::Background, late), Err(hour(17)));
    }
}
