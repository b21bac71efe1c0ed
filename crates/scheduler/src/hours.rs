//! Times of day, as the node's own clock shows them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Seconds of a day.
const DAY: u32 = 86_400;

/// A time of day in whole seconds since midnight, by the clock on the wall: below 24 h.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct TimeOfDay(u32);

/// A part of every day, from one time up to another; over midnight where the second comes before the first. Never
/// empty, and never the whole day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hours {
    from: TimeOfDay,
    to: TimeOfDay,
}

/// Why a text is no time of day, or no part of a day.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseHoursError {
    /// It is no time of day.
    #[error("{0:?} is no time of day; write it like 8, 17:30 or 6:00:00")]
    Time(String),
    /// It is no part of a day.
    #[error("{0:?} is no part of a day; write it like 8..17 or 22:30..6")]
    Part(String),
}

impl TimeOfDay {
    /// `None` from 24 h on.
    pub const fn from_secs(secs: u32) -> Option<Self> {
        if secs < DAY { Some(Self(secs)) } else { None }
    }

    /// Seconds since midnight.
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// What the clock shows so much later, on that day or another.
    pub fn after(self, span: Duration) -> Self {
        let secs = u32::try_from(span.as_secs() % u64::from(DAY)).expect("less than a day");
        Self((self.0 + secs) % DAY)
    }

    /// How long it is until the clock next shows `other`: more than nothing, and at most a day.
    fn until(self, other: Self) -> Duration {
        let secs = (other.0 + DAY - self.0 - 1) % DAY + 1;
        Duration::from_secs(secs.into())
    }
}

impl Hours {
    /// `None` where both ends are the same.
    pub fn new(from: TimeOfDay, to: TimeOfDay) -> Option<Self> {
        (from != to).then_some(Self { from, to })
    }

    /// Whether a time lies within.
    pub fn contains(self, at: TimeOfDay) -> bool {
        match self.from < self.to {
            true => (self.from..self.to).contains(&at),
            false => at >= self.from || at < self.to,
        }
    }

    /// How long it stays as it is at that time, within or without.
    pub fn lasts(self, at: TimeOfDay) -> Duration {
        at.until(if self.contains(at) { self.to } else { self.from })
    }
}

impl FromStr for TimeOfDay {
    type Err = ParseHoursError;

    /// `8`, `17:30`, `6:00:00`; `24` is midnight.
    fn from_str(text: &str) -> Result<Self, ParseHoursError> {
        let error = || ParseHoursError::Time(text.into());
        let mut secs = 0;
        let mut scale = 3600;
        for part in text.trim().split(':') {
            let is_number = !part.is_empty() && part.len() <= 2 && part.bytes().all(|it| it.is_ascii_digit());
            let number: u32 = part.parse().ok().filter(|_| is_number).ok_or_else(error)?;
            if scale == 0 || (scale < 3600 && number >= 60) {
                return Err(error());
            }
            secs += number * scale;
            scale /= 60;
        }
        if secs == DAY { Ok(Self(0)) } else { Self::from_secs(secs).ok_or_else(error) }
    }
}

impl FromStr for Hours {
    type Err = ParseHoursError;

    fn from_str(text: &str) -> Result<Self, ParseHoursError> {
        let error = || ParseHoursError::Part(text.into());
        let (from, to) = text.split_once("..").ok_or_else(error)?;
        Self::new(from.parse()?, to.parse()?).ok_or_else(error)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:02}", self.0 / 3600, self.0 / 60 % 60)?;
        match self.0 % 60 {
            0 => Ok(()),
            secs => write!(f, ":{secs:02}"),
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> TimeOfDay {
        text.parse().unwrap()
    }

    #[test]
    fn times_of_day_read_what_they_show() {
        for (text, shown) in [("8", "8:00"), ("17:30", "17:30"), ("06:05:09", "6:05:09"), ("24", "0:00")] {
            assert_eq!(at(text).to_string(), shown);
        }
        for wrong in ["", "25", "8:60", "24:01", "8:", "-1", "8:00:00:00", "noon", "+8", "008"] {
            assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
        }
        for wrong in ["8", "8..8", "0..24", "8-17", "8..x"] {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
        }
    }

    /// Both ends, a second beside each, and midnight.
    #[test]
    fn hours_hold_their_beginning_and_not_their_end_also_over_midnight() {
        let within = |hours: &str| {
            let hours: Hours = hours.parse().unwrap();
            ["7:59:59", "8", "16:59:59", "17", "0"].map(|time| hours.contains(at(time)))
        };
        assert_eq!(within("8..17"), [false, true, true, false, false]);
        assert_eq!(within("17..8"), [true, false, false, true, true]);
    }

    #[test]
    fn it_stays_as_it_is_until_the_next_end() {
        let hours: Hours = "8..17".parse().unwrap();
        for (time, hours_left) in [("7", 1), ("8", 9), ("16", 1), ("17", 15), ("18", 14), ("0", 8)] {
            assert_eq!(hours.lasts(at(time)), Duration::from_secs(3600 * hours_left), "{time}");
        }
    }

    #[test]
    fn a_clock_goes_round() {
        assert_eq!(at("23:59:59").after(Duration::from_secs(1)), at("0"));
        assert_eq!(at("1").after(Duration::from_secs(86_400 * 3 + 60)), at("1:01"));
        assert_eq!(at("8").until(at("8")), Duration::from_secs(86_400));
    }
}
