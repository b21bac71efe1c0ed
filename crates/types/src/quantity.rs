//! Sizes, rates and spans as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Why a text is not a quantity.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not a {kind}; write it like {examples}")]
pub struct ParseQuantityError {
    text: String,
    kind: &'static str,
    examples: &'static str,
}

/// Bytes per second; never 0. No limit is `Option::None`, so a limit of nothing cannot be written by mistake.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Rate {
    bytes_per_s: u64,
}

impl Rate {
    /// `None` for 0.
    pub const fn bytes_per_s(bytes_per_s: u64) -> Option<Self> {
        if bytes_per_s == 0 { None } else { Some(Self { bytes_per_s }) }
    }

    /// Bytes per second, at least 1.
    pub const fn as_bytes_per_s(self) -> u64 {
        self.bytes_per_s
    }

    /// Bits per second.
    pub const fn as_bits_per_s(self) -> u64 {
        self.bytes_per_s.saturating_mul(8)
    }

    /// How long `bytes` take at this rate, rounded up to a microsecond.
    pub fn time_for(self, bytes: u64) -> Duration {
        let micros = (u128::from(bytes) * 1_000_000).div_ceil(u128::from(self.bytes_per_s));
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// How many whole bytes flow in `span`.
    pub fn bytes_in(self, span: Duration) -> u64 {
        let bytes = span.as_micros() * u128::from(self.bytes_per_s) / 1_000_000;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// Reads a rate; `unlimited` and `0` give `None`.
    ///
    /// # Errors
    /// When the text is no rate.
    pub fn parse_limit(text: &str) -> Result<Option<Self>, ParseQuantityError> {
        match text.trim() {
            "unlimited" | "0" => Ok(None),
            text => text.parse().map(Some),
        }
    }
}

impl FromStr for Rate {
    type Err = ParseQuantityError;

    /// `20mbit`, `1gbit` (powers of 1000, bits) or `2MB`, `2MiB`, `500000` (bytes); `/s` may follow.
    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let error = || ParseQuantityError {
            text: text.into(),
            kind: "rate",
            examples: "20mbit, 1gbit, 5MB/s or 2MiB/s",
        };
        let lower = text.trim().to_ascii_lowercase();
        let lower = lower.strip_suffix("/s").unwrap_or(&lower);
        let (bits, number) = match lower.strip_suffix("bit") {
            Some(rest) => (true, rest),
            None => (false, lower),
        };
        let (number, unit) = split_unit(number);
        let scale = match (unit, bits) {
            ("", _) => 1,
            ("k", true) | ("kb" | "k", false) => 1_000,
            ("m", true) | ("mb" | "m", false) => 1_000_000,
            ("g", true) | ("gb" | "g", false) => 1_000_000_000,
            ("b", false) => 1,
            ("kib", false) => 1 << 10,
            ("mib", false) => 1 << 20,
            ("gib", false) => 1 << 30,
            _ => return Err(error()),
        };
        let scaled = scaled(number, scale).ok_or_else(error)?;
        let bytes_per_s = if bits { scaled / 8 } else { scaled };
        Self::bytes_per_s(bytes_per_s).ok_or_else(error)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.as_bits_per_s();
        match bits {
            1_000_000_000.. if bits.is_multiple_of(1_000_000_000) => {
                write!(f, "{}gbit", bits / 1_000_000_000)
            }
            1_000_000.. if bits.is_multiple_of(1_000_000) => write!(f, "{}mbit", bits / 1_000_000),
            1_000.. if bits.is_multiple_of(1_000) => write!(f, "{}kbit", bits / 1_000),
            _ => write!(f, "{bits}bit"),
        }
    }
}

/// Reads a size in bytes: `1MiB`, `64k`, `1048576`. `k`, `m`, `g` are powers of 1024, `kB`, `MB`, `GB` of 1000.
///
/// # Errors
/// When the text is no size or does not fit 64 bits.
pub fn parse_size(text: &str) -> Result<u64, ParseQuantityError> {
    let error = || ParseQuantityError { text: text.into(), kind: "size", examples: "1MiB, 64KiB or 1048576" };
    let lower = text.trim().to_ascii_lowercase();
    let (number, unit) = split_unit(&lower);
    let scale = match unit {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err(error()),
    };
    scaled(number, scale).ok_or_else(error)
}

/// Reads a span of time: `50us`, `500ms`, `60s`, `5m`, `1h`, `2d`; a bare number counts seconds. What is finer than a
/// microsecond is cut off.
///
/// # Errors
/// When the text is no span or too long to count.
pub fn parse_duration(text: &str) -> Result<Duration, ParseQuantityError> {
    let error =
        || ParseQuantityError { text: text.into(), kind: "duration", examples: "60s, 5m, 1h or 500ms" };
    let lower = text.trim().to_ascii_lowercase();
    let (number, unit) = split_unit(&lower);
    let micros = match unit {
        "us" => 1,
        "ms" => 1_000,
        "" | "s" => 1_000_000,
        "m" | "min" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ => return Err(error()),
    };
    scaled(number, micros).map(Duration::from_micros).ok_or_else(error)
}

fn split_unit(text: &str) -> (&str, &str) {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    (number, unit.trim())
}

/// `number × scale` exactly, with up to six digits behind the point; `None` if it is no number or too large.
fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if part.len() > 6 || (number.contains('.') && part.is_empty()) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let micro: u64 = format!("{part:0<6}").parse().ok()?;
    whole
        .checked_mul(scale)?
        .checked_add(u64::try_from(u128::from(micro) * u128::from(scale) / 1_000_000).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_in_bits_and_bytes() {
        let rate = |text: &str| text.parse::<Rate>().map(Rate::as_bytes_per_s);
        assert_eq!(rate("20mbit"), Ok(2_500_000));
        assert_eq!(rate("1gbit/s"), Ok(125_000_000));
        assert_eq!(rate("2.5MB/s"), Ok(2_500_000));
        assert_eq!(rate("2MiB"), Ok(2 << 20));
        for wrong in ["", "fast", "20 lbs", "-1mbit", "0", "1bit", "99999999999999999999", "1.2345678k", "1."]
        {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Rate::parse_limit("unlimited"), Ok(None));
        assert_eq!(
            rate("fast").unwrap_err().to_string(),
            "\"fast\" is not a rate; write it like 20mbit, 1gbit, 5MB/s or 2MiB/s"
        );
    }

    #[test]
    fn a_rate_reads_what_it_shows() {
        for text in ["20mbit", "1gbit", "200kbit", "8bit"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn time_and_bytes_are_inverse() {
        let rate: Rate = "20mbit".parse().unwrap();
        assert_eq!(rate.time_for(2_500_000), Duration::from_secs(1));
        assert_eq!(rate.bytes_in(Duration::from_secs(4)), 10_000_000);
    }

    #[test]
    fn sizes_and_durations() {
        assert_eq!(parse_size("1MiB"), Ok(1 << 20));
        assert_eq!(parse_size("1.5k"), Ok(1536));
        assert_eq!(parse_size("64MB"), Ok(64_000_000));
        assert!(parse_size("1 piece").is_err());
        assert_eq!(parse_duration("60"), Ok(Duration::from_secs(60)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("0.2ms"), parse_duration("200us"));
        assert_eq!(parse_duration("200us"), Ok(Duration::from_micros(200)));
        assert_eq!(parse_duration("2h"), Ok(Duration::from_secs(7200)));
        assert!(parse_duration("forever").is_err());
    }
}
