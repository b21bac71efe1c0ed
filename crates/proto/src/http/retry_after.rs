//! `Retry-After`: how long an origin wants to be left alone.

use std::time::{Duration, SystemTime};

use crate::wire::PAUSE_MAX;

/// Longest pause that is honoured: one hour, as much as a node may pass on to its site. An origin that asks for more
/// is asked again after that.
pub const RETRY_AFTER_MAX: Duration = PAUSE_MAX;

/// Why a `Retry-After` is not one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RetryAfterError {
    /// Neither seconds nor a date.
    #[error("retry-after {got:?} is neither seconds nor an HTTP date")]
    Syntax {
        /// What came, at most its first 60 bytes.
        got: String,
    },
}

/// Reads the value of a `Retry-After` header: seconds, or an HTTP date, which is compared with `now`.
///
/// A date that has passed is no pause; more than [`RETRY_AFTER_MAX`] is cut to it.
///
/// # Errors
/// When the value is neither.
pub fn retry_after(value: impl AsRef<[u8]>, now: SystemTime) -> Result<Duration, RetryAfterError> {
    let value = value.as_ref();
    let pause = std::str::from_utf8(value.trim_ascii()).ok().and_then(|text| pause(text, now));
    let pause = pause.ok_or_else(|| RetryAfterError::Syntax { got: super::shown(value) })?;
    Ok(pause.min(RETRY_AFTER_MAX))
}

fn pause(text: &str, now: SystemTime) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // Digits that overflow are still a number of seconds, and far over the bound.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Fri, 15 May 2015 15:34:21 GMT
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_431_704_061)
    }

    fn seconds(value: &str) -> u64 {
        retry_after(value, now()).unwrap().as_secs()
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(seconds("0"), 0);
        assert_eq!(seconds(" 120 "), 120);
        assert_eq!(seconds("Fri, 15 May 2015 15:34:51 GMT"), 30);
        assert_eq!(seconds("Friday, 15-May-15 15:34:51 GMT"), 30);
    }

    #[test]
    fn a_date_that_has_passed_is_no_pause() {
        assert_eq!(seconds("Fri, 15 May 2015 15:34:20 GMT"), 0);
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    }

    #[test]
    fn nobody_pauses_for_more_than_an_hour() {
        for long in ["3601", "99999999999999999999999999", "Sat, 16 May 2015 15:34:21 GMT"] {
            assert_eq!(retry_after(long, now()), Ok(RETRY_AFTER_MAX), "{long}");
        }
        assert_eq!(seconds("3600"), 3600);
    }

    #[test]
    fn anything_else_is_refused() {
        for trick in ["", "-1", "+1", "1.5", "1 minute", "soon", "0x10", "Fri, 32 May 2015 15:34:21 GMT"] {
            let error = retry_after(trick, now()).unwrap_err();
            assert_eq!(error, RetryAfterError::Syntax { got: trick.to_owned() });
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(value in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = retry_after(value, now());
        }

        #[test]
        fn no_text_like_a_date_makes_it_panic(
            value in "[A-Z][a-z]{2}, [0-9]{2} (Jan|Feb|May|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
        ) {
            let _ = retry_after(value, now());
        }
    }
}
