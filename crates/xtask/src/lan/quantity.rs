//! Sizes, rates and spans as they are typed on the command line.

use std::time::Duration;

/// Reads a size in bytes: `64MiB`, `64m`, `1048576`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let units = [
        ("kib", 1 << 10),
        ("k", 1 << 10),
        ("mib", 1 << 20),
        ("m", 1 << 20),
        ("gib", 1 << 30),
        ("g", 1 << 30),
    ];
    read(text, &units).filter(|size| *size > 0).ok_or_else(|| "write it like 64MiB or 1048576".into())
}

/// Reads a rate in bits per second: `20mbit`, `12.5mbit`, `1gbit`; `0` is unshaped.
pub(super) fn rate(text: &str) -> Result<u64, String> {
    let units = [("kbit", 1_000), ("mbit", 1_000_000), ("gbit", 1_000_000_000), ("bit", 1)];
    read(text, &units).ok_or_else(|| "write it like 20mbit or 1gbit, or 0 for unshaped".into())
}

/// Reads a span in seconds: `13.4`.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "write it in seconds, like 13.4")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// A number with one of the units behind it, or none. It may have digits behind the point if what it means is whole.
fn read(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let scale = match unit.trim() {
        "" => 1,
        unit => units.iter().find(|(name, _)| *name == unit)?.1,
    };
    let Some((whole, part)) = number.split_once('.') else {
        return number.parse::<u64>().ok()?.checked_mul(scale);
    };
    let all = format!("{whole}{part}").parse::<u64>().ok()?.checked_mul(scale)?;
    let by = 10u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    (!part.is_empty() && all.is_multiple_of(by)).then_some(all / by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_rates_and_spans_are_read() {
        assert_eq!(size("64MiB"), Ok(64 << 20));
        assert_eq!(size("1k"), Ok(1024));
        assert_eq!(rate("20mbit"), Ok(20_000_000));
        assert_eq!(rate("12.5mbit"), Ok(12_500_000));
        assert_eq!(rate("0"), Ok(0));
        assert_eq!(seconds("13.5"), Ok(Duration::from_millis(13_500)));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in ["", "0", "64 lbs", "-1", "99999999999g"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert!(rate("fast").is_err() && rate("20mib").is_err());
        assert!(rate("1.mbit").is_err() && rate("1.5bit").is_err() && rate("1.2.3mbit").is_err());
        assert!(seconds("-1").is_err() && seconds("soon").is_err());
    }
}
