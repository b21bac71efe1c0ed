//! Quantities as a scenario writes them: texts with a unit, which print as they are read.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use swarmline_scheduler::{Hours, Limit, ParseHoursError, ParseLimitError, TimeOfDay};
use swarmline_types::{ParseQuantityError, Rate, parse_duration, parse_size};

use super::Stretch;

/// A number of bytes: `256MiB`, `64k`, or a bare number.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Size(pub u64);

/// A span of time: `30s`, `200ms`, `50us`, `2h`, or a bare number of seconds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Span(pub Duration);

/// The rate of a line: `20mbit`, `5MB/s`, or a bare number of bytes each second; `unlimited` for one that never holds
/// anything up. Never 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Line(pub Option<Rate>);

/// A part of something from 0 to 1: `0.3` or `"30%"`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Share(f64);

/// A time that is drawn for each peer, evenly between two bounds: `10s..90s`, one time `30s`, or `10%..90%` of the
/// site's bound on the time that the first content takes (see [`crate::bound`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// Between two spans.
    Spans(Span, Span),
    /// Between two parts of the bound; parts above 1 are allowed here.
    OfBound(f64, f64),
}

/// What the clock on the wall shows: `8`, `17:30`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Clock(pub TimeOfDay);

/// A part of every day: `8..17`, `22:30..6`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DayPart(pub Hours);

/// A limit on what comes from the origin: a rate from 64 kbit/s on, `10%` of the site's line, `nothing` or `unlimited`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cap(pub Limit);

/// Why a text is not a time to be drawn.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseWhenError {
    /// One end is no span.
    #[error(transparent)]
    Span(#[from] ParseQuantityError),
    /// One end is no percentage.
    #[error("{0:?} is not a percentage; write it like 10%..90%")]
    Percent(String),
    /// The first end lies behind the second.
    #[error("{0:?} ends before it begins; the smaller end comes first")]
    Reversed(String),
}

/// Why a text is not the rate of a line.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}, or unlimited")]
pub struct ParseLineError(#[from] ParseQuantityError);

/// Why a number is not a share.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0} is not a share; write a number from 0 to 1 or a percentage like \"30%\"")]
pub struct ParseShareError(String);

impl Span {
    /// So many milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// So many seconds.
    pub const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }
}

impl Line {
    /// No limit.
    pub const UNLIMITED: Self = Self(None);

    /// Bytes per second; `None` for no limit.
    pub fn bytes_per_s(self) -> Option<u64> {
        self.0.map(Rate::as_bytes_per_s)
    }
}

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0.0);
    /// All.
    pub const ALL: Self = Self(1.0);

    /// `None` unless it lies from 0 to 1.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    /// From 0 to 1.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// So many of `count`, rounded to the nearest.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to `count`")]
    pub fn of(self, count: usize) -> usize {
        (self.0 * count as f64).round() as usize
    }
}

impl FromStr for Size {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        parse_size(text).map(Self)
    }
}

impl FromStr for Span {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        parse_duration(text).map(Self)
    }
}

impl FromStr for Line {
    type Err = ParseLineError;

    fn from_str(text: &str) -> Result<Self, ParseLineError> {
        match text.trim() {
            "unlimited" => Ok(Self::UNLIMITED),
            rate => Ok(Self(Some(rate.parse()?))),
        }
    }
}

impl FromStr for Share {
    type Err = ParseShareError;

    fn from_str(text: &str) -> Result<Self, ParseShareError> {
        let error = || ParseShareError(format!("{text:?}"));
        let share = match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim_end().parse::<f64>().map_err(|_| error())? / 100.0,
            None => text.trim().parse().map_err(|_| error())?,
        };
        Self::new(share).ok_or_else(error)
    }
}

impl FromStr for When {
    type Err = ParseWhenError;

    fn from_str(text: &str) -> Result<Self, ParseWhenError> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let when = if text.contains('%') {
            let percent = |end: &str| {
                let number = end.trim().strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
                number.filter(|number| *number >= 0.0 && number.is_finite()).map(|number| number / 100.0)
            };
            let error = || ParseWhenError::Percent(text.into());
            Self::OfBound(percent(from).ok_or_else(error)?, percent(to).ok_or_else(error)?)
        } else {
            Self::Spans(from.parse()?, to.parse()?)
        };
        let is_reversed = match when {
            Self::Spans(from, to) => to < from,
            Self::OfBound(from, to) => to < from,
        };
        if is_reversed { Err(ParseWhenError::Reversed(text.into())) } else { Ok(when) }
    }
}

macro_rules! text_as_scheduler {
    ($quantity:ident, $error:ty) => {
        impl FromStr for $quantity {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $quantity {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_as_scheduler!(Clock, ParseHoursError);
text_as_scheduler!(DayPart, ParseHoursError);
text_as_scheduler!(Cap, ParseLimitError);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (scale, unit) in [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
            if self.0 >= scale && self.0.is_multiple_of(scale) {
                return write!(f, "{}{unit}", self.0 / scale);
            }
        }
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        for (scale, unit) in
            [(3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"), (1_000, "ms"), (1, "us")]
        {
            if micros >= scale && micros.is_multiple_of(scale) {
                return write!(f, "{}{unit}", micros / scale);
            }
        }
        write!(f, "0s")
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rate) if (rate.as_bytes_per_s() * 8).is_multiple_of(1_000) => write!(f, "{rate}"),
            Some(rate) => write!(f, "{}", rate.as_bytes_per_s()),
            None => f.write_str("unlimited"),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spans(from, to) if from == to => write!(f, "{from}"),
            Self::Spans(from, to) => write!(f, "{from}..{to}"),
            Self::OfBound(from, to) => write!(f, "{}%..{}%", from * 100.0, to * 100.0),
        }
    }
}

/// Reads a text, or a bare number by way of its text.
struct Texts<T>(&'static str, std::marker::PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Texts<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

macro_rules! serde_as_text {
    ($quantity:ty, $expecting:literal) => {
        impl Serialize for $quantity {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $quantity {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Texts($expecting, std::marker::PhantomData))
            }
        }
    };
}

serde_as_text!(Size, "a size like \"256MiB\"");
serde_as_text!(Span, "a span of time like \"30s\"");
serde_as_text!(Line, "a rate like \"20mbit\", or \"unlimited\"");
serde_as_text!(Clock, "a time of day like \"8:30\"");
serde_as_text!(DayPart, "a part of the day like \"8..17\"");
serde_as_text!(Cap, "a rate like \"2mbit\", a part of the line like \"10%\", \"nothing\" or \"unlimited\"");
serde_as_text!(Stretch, "a part of the content like \"25%..75%\"");
serde_as_text!(When, "a time like \"30s\", \"10s..90s\" or \"10%..90%\"");

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "a number from 0 to 1, or a percentage like \"30%\"";
        deserializer.deserialize_any(Texts(expecting, std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_what_it_shows<T: FromStr<Err: fmt::Debug> + fmt::Display>(texts: &[&str]) {
        for text in texts {
            assert_eq!(text.parse::<T>().unwrap().to_string(), *text);
        }
    }

    #[test]
    fn quantities_read_what_they_show() {
        reads_what_it_shows::<Size>(&["256MiB", "1GiB", "1000", "0"]);
        reads_what_it_shows::<Span>(&["30s", "250ms", "50us", "2h", "90m", "0s"]);
        reads_what_it_shows::<Line>(&["20mbit", "1gbit", "unlimited"]);
        reads_what_it_shows::<Clock>(&["8:00", "17:30"]);
        reads_what_it_shows::<DayPart>(&["8:00..17:00", "22:30..6:00"]);
        reads_what_it_shows::<Cap>(&["2mbit", "10%", "nothing", "unlimited"]);
        reads_what_it_shows::<Share>(&["0.3", "0", "1"]);
        reads_what_it_shows::<When>(&["30s", "10s..90s", "10%..150%"]);
    }

    #[test]
    fn what_is_no_quantity_is_refused_with_an_example() {
        for wrong in ["90s..10s", "10%..x", "x", "90%..10%", "-1%..5%"] {
            assert!(wrong.parse::<When>().is_err(), "{wrong}");
        }
        for wrong in ["0", "0mbit", "-1", "fast"] {
            let error = wrong.parse::<Line>().unwrap_err().to_string();
            assert!(error.contains(wrong) && error.ends_with("5MB/s or 2MiB/s, or unlimited"), "{error}");
        }
        for wrong in ["1.5", "-0.1", "101%", "half", "nan"] {
            assert!(wrong.parse::<Share>().unwrap_err().to_string().contains("from 0 to 1"), "{wrong}");
        }
    }

    #[test]
    fn a_share_of_a_count_is_rounded() {
        assert_eq!("10%".parse::<Share>().unwrap().of(32), 3);
        assert_eq!(Share::ALL.of(7), 7);
        assert_eq!(Share::NONE.of(7), 0);
    }
}
