//! How quantities and states are written for people.

use std::time::Duration;

use indicatif::BinaryBytes;
use swarmline_ipc::message::{Phase, Trust};

/// `64.00 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    BinaryBytes(bytes).to_string()
}

/// `1.25 MiB/s`.
pub(crate) fn rate(bytes_per_s: u64) -> String {
    format!("{}/s", BinaryBytes(bytes_per_s))
}

/// `0.4 s`, `27.9 s`, `3 min 05 s`, `2 h 03 min`.
pub(crate) fn span(span: Duration) -> String {
    let s = span.as_secs();
    match s {
        0..60 => format!("{:.1} s", span.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
    }
}

/// Percent of a whole, never 100 before all of it is there.
pub(crate) fn percent(part: u64, whole: u64) -> u64 {
    match whole {
        0 => 100,
        _ => u64::try_from(u128::from(part) * 100 / u128::from(whole)).unwrap_or(100).min(100),
    }
}

/// `1 peer`, `2 peers`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What a download is doing.
pub(crate) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Manifest => "looking for the manifest",
        Phase::Waiting => "waiting for another process that writes the same file",
        Phase::Checking => "checking what is here already",
        Phase::Fetching => "fetching",
        Phase::Finishing => "putting the file in its place",
        Phase::Held => "waiting to be handed over",
        Phase::Complete => "complete",
    }
}

/// Why the bytes are believed; `None` while that is open.
pub(crate) fn trust(trust: &Trust) -> Option<String> {
    match trust {
        Trust::Unknown => None,
        Trust::Pinned => Some("trust: pinned by you".into()),
        Trust::Origin => Some("trust: origin".into()),
        Trust::OriginUnauthenticated => Some("trust: origin (unauthenticated)".into()),
        Trust::None { reason } => Some(format!("trust: none, plain HTTP and not shared: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_change_their_unit() {
        let shown = |ms| span(Duration::from_millis(ms));
        assert_eq!(shown(449), "0.4 s");
        assert_eq!(shown(59_940), "59.9 s");
        assert_eq!(shown(185_000), "3 min 05 s");
        assert_eq!(shown(7_380_000), "2 h 03 min");
    }

    #[test]
    fn it_is_not_all_before_it_is_all() {
        assert_eq!(percent(999_999, 1_000_000), 99);
        assert_eq!(percent(u64::MAX - 1, u64::MAX), 99);
        assert_eq!(percent(5, 5), 100);
        assert_eq!(percent(0, 0), 100);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1, "peer", "peers"), "1 peer");
        assert_eq!(count(0, "peer", "peers"), "0 peers");
    }
}
