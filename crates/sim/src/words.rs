//! Quantities as people read them, in tables and figures.

/// Up to three significant digits below 1,000, whole numbers with separators above: `0.25`, `12.5`, `1,500`.
pub fn number(number: f64) -> String {
    if !number.is_finite() {
        return "–".into();
    }
    let digits = match number.abs() {
        0.0 => 0,
        below if below < 0.001 => return format!("{number:.1e}"),
        below if below < 0.1 => 3,
        below if below < 10.0 => 2,
        below if below < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{number:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    grouped(text)
}

/// A number over its bound: `1.003`, `12.4`, `1,000`.
pub fn ratio(ratio: f64) -> String {
    match ratio {
        ratio if !ratio.is_finite() => "–".into(),
        ratio if ratio < 9.9995 => format!("{ratio:.3}"),
        ratio if ratio < 99.95 => format!("{ratio:.1}"),
        ratio => grouped(&format!("{ratio:.0}")),
    }
}

/// `0.4 s`, `27.9 s`, `3 min 05 s`, `2 h 03 min`.
pub fn seconds(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "–".into();
    }
    let tenths = (seconds * 10.0).round();
    if tenths < 600.0 {
        return format!("{:.1} s", tenths / 10.0);
    }
    let s = seconds.round();
    match s {
        s if s < 3600.0 => format!("{} min {:02} s", (s / 60.0).floor(), s % 60.0),
        s => format!("{} h {:02} min", (s / 3600.0).floor(), (s % 3600.0 / 60.0).floor()),
    }
}

/// `512 B`, `64 MiB`, `1.5 GiB`.
pub fn bytes(bytes: f64) -> String {
    scaled(bytes, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
}

/// `20 Mbit/s`.
pub fn bit_rate(bits_per_s: f64) -> String {
    match bits_per_s {
        0.0 => "0".into(),
        rate => scaled(rate, 1000.0, &["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"]),
    }
}

/// `1 peer`, `1,000 peers`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(&number.to_string()), if number == 1 { one } else { many })
}

fn scaled(mut value: f64, base: f64, units: &[&str]) -> String {
    let last = units.len() - 1;
    let mut at = 0;
    while value.abs() >= base * 0.9995 && at < last {
        value /= base;
        at += 1;
    }
    format!("{} {}", number(value), units[at])
}

/// Commas between thousands; what stands behind a point is left alone.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_matter() {
        let shown = [0.0, 0.2, 0.25, 1.0, 12.5, 99.96, 1_234_567.8, -1500.0, 0.000_04].map(number);
        assert_eq!(shown, ["0", "0.2", "0.25", "1", "12.5", "100", "1,234,568", "-1,500", "4.0e-5"]);
        assert_eq!(number(f64::NAN), "–");
    }

    #[test]
    fn ratios_show_tenths_of_a_percent_where_they_are_near_one() {
        assert_eq!([1.0, 1.00249, 12.35, 1000.2].map(ratio), ["1.000", "1.002", "12.3", "1,000"]);
    }

    #[test]
    fn times_change_their_unit() {
        let shown = [0.04, 59.94, 59.96, 107.4, 3599.6, 7_385.0].map(seconds);
        assert_eq!(shown, ["0.0 s", "59.9 s", "1 min 00 s", "1 min 47 s", "1 h 00 min", "2 h 03 min"]);
    }

    #[test]
    fn sizes_and_rates_change_their_unit() {
        assert_eq!(
            [1.0, 1024.0, 268_435_456.0, 1.5 * 1_073_741_824.0].map(bytes),
            ["1 B", "1 KiB", "256 MiB", "1.5 GiB"]
        );
        assert_eq!([0.0, 20e6, 1e9, 1.5e3].map(bit_rate), ["0", "20 Mbit/s", "1 Gbit/s", "1.5 kbit/s"]);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([count(1, "peer", "peers"), count(10_000, "peer", "peers")], ["1 peer", "10,000 peers"]);
    }
}
