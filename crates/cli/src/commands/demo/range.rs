//! What a `Range` header asks of a file, as far as an origin must know it: single ranges.

/// What is to be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    /// The whole file, with status 200.
    Whole,
    /// These bytes, the end not included, with status 206.
    Part(u64, u64),
    /// Nothing: the range lies outside; status 416.
    Nothing,
}

/// Reads the header. What is not understood is ignored, as HTTP wants it.
pub(super) fn asked(header: Option<&str>, len: u64) -> Asked {
    let single =
        header.and_then(|text| text.trim().strip_prefix("bytes=")).filter(|range| !range.contains(','));
    let Some((first, last)) = single.and_then(|range| range.trim().split_once('-')) else {
        return Asked::Whole;
    };
    let number =
        |text: &str| text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
    let (start, end) = match (first, last) {
        ("", "") => return Asked::Whole,
        ("", suffix) => match number(suffix) {
            Some(suffix) => (len.saturating_sub(suffix), len),
            None => return Asked::Whole,
        },
        (first, "") => match number(first) {
            Some(first) => (first, len),
            None => return Asked::Whole,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(len)),
            _ => return Asked::Whole,
        },
    };
    if start < end { Asked::Part(start, end) } else { Asked::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_ranges_are_understood() {
        for (header, want) in [
            ("bytes=0-9", Asked::Part(0, 10)),
            ("bytes=5-", Asked::Part(5, 100)),
            ("bytes=-5", Asked::Part(95, 100)),
            ("bytes=-500", Asked::Part(0, 100)),
            ("bytes=90-500", Asked::Part(90, 100)),
            ("bytes=99-99", Asked::Part(99, 100)),
            ("bytes=0-18446744073709551615", Asked::Part(0, 100)),
            ("bytes=100-", Asked::Nothing),
            ("bytes=100-200", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
        ] {
            assert_eq!(asked(Some(header), 100), want, "{header}");
        }
        assert_eq!(asked(Some("bytes=0-"), 0), Asked::Nothing);
    }

    #[test]
    fn everything_else_is_the_whole_file() {
        for header in
            ["", "bytes=", "bytes=-", "bytes=9-5", "bytes=0-1,3-4", "items=0-1", "bytes=+1-5", "bytes=a-b"]
        {
            assert_eq!(asked(Some(header), 100), Asked::Whole, "{header}");
        }
        assert_eq!(asked(None, 100), Asked::Whole);
    }
}
