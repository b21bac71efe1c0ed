//! `Content-Range` and `Range`, of bytes only.

use swarmline_types::ByteRange;

/// What part of a content an answer carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ContentRange {
    /// The answer (206) carries these bytes.
    Part {
        /// Where they belong.
        range: ByteRange,
        /// Bytes of the whole content; `None` if the server does not know (`*`).
        content_len: Option<u64>,
    },
    /// The answer (416) carries none, because the range asked for lies behind the end.
    Unsatisfied {
        /// Bytes of the whole content.
        content_len: u64,
    },
}

/// Why a `Content-Range` is not one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentRangeError {
    /// Not `bytes FIRST-LAST/LENGTH`, or a number is over 2^64 − 2.
    #[error(
        "content range {got:?} is none of `bytes FIRST-LAST/LENGTH`, `bytes FIRST-LAST/*`, `bytes */LENGTH`"
    )]
    Syntax {
        /// What came, at most its first 60 bytes.
        got: String,
    },
    /// The last byte comes before the first.
    #[error("content range ends at byte {last}, before its first byte {first}")]
    Order {
        /// First byte.
        first: u64,
        /// Last byte.
        last: u64,
    },
    /// The range leaves the content.
    #[error("content range ends at byte {last} of a content of {content_len} bytes")]
    Beyond {
        /// Last byte.
        last: u64,
        /// Bytes of the whole content.
        content_len: u64,
    },
}

impl ContentRange {
    /// Reads the value of a `Content-Range` header.
    ///
    /// # Errors
    /// When it is not one of the three forms for bytes, or contradicts itself.
    pub fn parse(value: impl AsRef<[u8]>) -> Result<Self, ContentRangeError> {
        let value = value.as_ref();
        let (range, content_len) =
            fields(value).ok_or_else(|| ContentRangeError::Syntax { got: super::shown(value) })?;
        let (first, last) = match (range, content_len) {
            (Some(range), _) => range,
            (None, Some(content_len)) => return Ok(Self::Unsatisfied { content_len }),
            (None, None) => return Err(ContentRangeError::Syntax { got: super::shown(value) }),
        };
        let range = ByteRange::new(first, last + 1).ok_or(ContentRangeError::Order { first, last })?;
        match content_len {
            Some(content_len) if last >= content_len => Err(ContentRangeError::Beyond { last, content_len }),
            _ => Ok(Self::Part { range, content_len }),
        }
    }
}

/// The first and last byte, and the length; each `None` for `*`.
type Fields = (Option<(u64, u64)>, Option<u64>);

fn fields(value: &[u8]) -> Option<Fields> {
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    let (unit, rest) = text.split_once(' ')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (range, len) = rest.trim_start_matches(' ').split_once('/')?;
    let range = match range {
        "*" => None,
        _ => {
            let (first, last) = range.split_once('-')?;
            Some((number(first)?, number(last)?))
        }
    };
    let len = if len == "*" { None } else { Some(number(len)?) };
    Some((range, len))
}

/// Digits only, and small enough that the byte behind it has a number too.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten()?;
    (number < u64::MAX).then_some(number)
}

/// The value of a `Range` header that asks for these bytes.
pub fn range_header(range: ByteRange) -> String {
    format!("bytes={range}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(start: u64, end: u64, content_len: Option<u64>) -> ContentRange {
        ContentRange::Part { range: ByteRange::new(start, end).unwrap(), content_len }
    }

    #[test]
    fn the_three_forms_are_read() {
        assert_eq!(ContentRange::parse("bytes 0-0/1"), Ok(part(0, 1, Some(1))));
        assert_eq!(ContentRange::parse("bytes 5-9/*"), Ok(part(5, 10, None)));
        assert_eq!(ContentRange::parse("bytes */100"), Ok(ContentRange::Unsatisfied { content_len: 100 }));
        assert_eq!(ContentRange::parse(b" Bytes  5-9/10\t"), Ok(part(5, 10, Some(10))));
    }

    #[test]
    fn anything_else_is_refused() {
        let tricks = [
            "",
            "bytes",
            "bytes ",
            "bytes */*",
            "bytes=0-1/2",
            "items 0-1/2",
            "bytes 0-1",
            "bytes 0-/2",
            "bytes -1/2",
            "bytes +0-1/2",
            "bytes 0 - 1/2",
            "bytes 0-1/2,3-4/5",
            "bytes 0-18446744073709551615/*",
            "bytes 0-1/18446744073709551616",
            "bytes 0x0-1/2",
            "bytes ０-1/2",
        ];
        for trick in tricks {
            let error = ContentRange::parse(trick).unwrap_err();
            assert!(matches!(error, ContentRangeError::Syntax { .. }), "{trick:?} gave {error}");
        }
    }

    #[test]
    fn a_range_that_contradicts_itself_is_refused() {
        assert_eq!(ContentRange::parse("bytes 9-5/10"), Err(ContentRangeError::Order { first: 9, last: 5 }));
        let beyond = ContentRangeError::Beyond { last: 10, content_len: 10 };
        assert_eq!(ContentRange::parse("bytes 5-10/10"), Err(beyond));
    }

    proptest! {
        #[test]
        fn an_answer_to_our_own_range_is_understood(start in 0..u64::MAX / 2, size in 1..u64::MAX / 4) {
            let range = ByteRange::new(start, start + size).unwrap();
            let asked = range_header(range);
            let answer = format!("{}/{}", asked.replace('=', " "), range.end());
            prop_assert_eq!(ContentRange::parse(answer), Ok(part(start, start + size, Some(start + size))));
        }

        #[test]
        fn no_bytes_make_it_panic(value in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = ContentRange::parse(value);
        }

        #[test]
        fn no_text_like_one_makes_it_panic(value in "bytes [0-9*/ -]{0,60}") {
            let _ = ContentRange::parse(value);
        }
    }
}
