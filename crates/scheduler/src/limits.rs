//! What may come from the origin, by class of content and hour of the day.
//!
//! Decides which limit is in force and for how long. What comes from peers is not meant: it does not pass the line, and a
//! limit on everything is [`NodeConfig::download_rate`](crate::NodeConfig). Each node keeps its own limits; a site of
//! many carries them many times. Counting is done in the node's budget.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use swarmline_types::{Priority, Rate};

use crate::hours::{Hours, TimeOfDay};

/// The slowest rate that a class may have: 64 kbit/s. Slower, an answer would stand still for longer than a content without
/// progress may live.
pub const CLASS_RATE_MIN: Rate = Rate::bytes_per_s(8_000).expect("it is not 0");

/// A limit on what comes from the origin.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Limit {
    /// None.
    #[default]
    Unlimited,
    /// So many bytes a second: at least [`CLASS_RATE_MIN`].
    Rate(Rate),
    /// So many percent of the line to the origin, from 1 to 100; no limit where nobody said what the line carries.
    Percent(u8),
    /// Nothing is asked for. What is under way comes to its end.
    Nothing,
}

/// Limits of both classes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ClassLimits {
    /// Of all contents that somebody waits for, together. Default unlimited.
    pub foreground: Limit,
    /// Of all others together. Default unlimited.
    pub background: Limit,
}

/// What an administrator says of the origin's bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct OriginLimits {
    /// What the line to the origin carries, as somebody knows it. Default unknown.
    pub line: Option<Rate>,
    /// In force outside the hours, and always where there are none, or nobody told the time.
    pub usual: ClassLimits,
    /// In force within certain hours of each day. Default never.
    pub in_hours: Option<(Hours, ClassLimits)>,
}

/// Why a text is no limit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0:?} is no limit; write a rate from 64kbit on like 2mbit, a part of the line like 10%, unlimited or nothing"
)]
pub struct ParseLimitError(String);

impl ClassLimits {
    /// That of one class.
    pub fn of(&self, priority: Priority) -> Limit {
        match priority {
            Priority::Foreground => self.foreground,
            Priority::Background => self.background,
        }
    }
}

impl OriginLimits {
    /// What is in force at that time of day, and for how long; `None` for ever.
    pub fn at(&self, time: Option<TimeOfDay>) -> (ClassLimits, Option<Duration>) {
        let Some((time, (hours, within))) = time.zip(self.in_hours) else { return (self.usual, None) };
        let limits = if hours.contains(time) { within } else { self.usual };
        (limits, Some(hours.lasts(time)))
    }

    /// The rate that a limit comes to; `None` for none.
    pub fn rate(&self, limit: Limit) -> Option<Rate> {
        match limit {
            Limit::Unlimited | Limit::Nothing => None,
            Limit::Rate(rate) => Some(rate.max(CLASS_RATE_MIN)),
            Limit::Percent(percent) => self.line.map(|line| {
                let part = line.as_bytes_per_s().saturating_mul(percent.into()) / 100;
                Rate::bytes_per_s(part).map_or(CLASS_RATE_MIN, |rate| rate.max(CLASS_RATE_MIN))
            }),
        }
    }
}

impl FromStr for Limit {
    type Err = ParseLimitError;

    fn from_str(text: &str) -> Result<Self, ParseLimitError> {
        let error = || ParseLimitError(text.into());
        let text = text.trim();
        if let Some(percent) = text.strip_suffix('%') {
            let percent = percent.trim_end().parse().ok().filter(|it| (1..=100).contains(it));
            return percent.map(Self::Percent).ok_or_else(error);
        }
        match text {
            "unlimited" => Ok(Self::Unlimited),
            "nothing" => Ok(Self::Nothing),
            text => text
                .parse()
                .ok()
                .filter(|rate: &Rate| *rate >= CLASS_RATE_MIN)
                .map(Self::Rate)
                .ok_or_else(error),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("unlimited"),
            Self::Rate(rate) if rate.as_bits_per_s().is_multiple_of(1_000) => write!(f, "{rate}"),
            Self::Rate(rate) => write!(f, "{}", rate.as_bytes_per_s()),
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_read_what_they_show() {
        for text in ["unlimited", "2mbit", "64kbit", "10%", "100%", "nothing", "8001"] {
            assert_eq!(text.parse::<Limit>().unwrap().to_string(), text);
        }
        for wrong in ["0", "0%", "101%", "63kbit", "x", "-1%", "none", "1.5%"] {
            assert!(wrong.parse::<Limit>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_part_of_the_line_needs_to_know_the_line() {
        let of = |line: Option<u64>, percent| {
            let limits = OriginLimits { line: line.and_then(Rate::bytes_per_s), ..OriginLimits::default() };
            limits.rate(Limit::Percent(percent)).map(Rate::as_bytes_per_s)
        };
        assert_eq!(of(None, 10), None);
        assert_eq!(of(Some(2_500_000), 10), Some(250_000));
        assert_eq!(of(Some(100_000), 1), Some(CLASS_RATE_MIN.as_bytes_per_s()));
        assert_eq!(of(Some(u64::MAX), 100), Some(u64::MAX / 100));
    }

    #[test]
    fn hours_say_what_is_in_force_and_for_how_long() {
        let within = ClassLimits { background: Limit::Nothing, ..ClassLimits::default() };
        let hours = "8..17".parse::<Hours>().unwrap();
        let limits = OriginLimits { in_hours: Some((hours, within)), ..OriginLimits::default() };
        let hour = |hours: u64| Some(Duration::from_secs(3600 * hours));
        let at = |text: &str| limits.at(text.parse().ok());
        assert_eq!(at("9"), (within, hour(8)));
        assert_eq!(at("17"), (ClassLimits::default(), hour(15)));
        assert_eq!(limits.at(None), (ClassLimits::default(), None), "nobody told the time");
    }
}
