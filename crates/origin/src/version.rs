//! By what one tells that a file at the origin is still the same.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use reqwest::header::{DATE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED};
use swarmline_proto::http::EntityTag;

/// What the origin gives to recognise one version of a file, byte for byte.
///
/// Shown and read as it stands in `If-Range`, so that it can be kept over a restart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Validator {
    /// A strong entity tag. At most 256 bytes.
    ETag(EntityTag),
    /// A date of last modification, as the origin wrote it. At most 64 bytes.
    LastModified(String),
}

/// What is known of the file at the origin. The default knows nothing and agrees with everything.
///
/// For a content whose manifest is trusted, leave it empty but for the length: mirrors behind one name often give
/// different validators for the same bytes, and the hashes decide.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Version {
    /// Strong ETag, else Last-Modified, else nothing.
    pub validator: Option<Validator>,
    /// Bytes of the whole file.
    pub len: Option<u64>,
}

/// Why a text is not a validator.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is neither a strong entity tag nor an HTTP date")]
pub struct ParseValidatorError {
    text: String,
}

impl Validator {
    /// The best that an answer gives.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        entity_tag(headers).map(Self::ETag).or_else(|| last_modified(headers).map(Self::LastModified))
    }

    /// Whether an answer is of this version; `None` when it does not say.
    fn agrees(&self, headers: &HeaderMap) -> Option<bool> {
        match self {
            Self::ETag(tag) => entity_tag(headers).map(|other| tag.promises_same_bytes(&other)),
            Self::LastModified(date) => text(headers, LAST_MODIFIED).map(|other| date == other),
        }
    }
}

impl Version {
    /// Whether an answer with these headers, of a file of `len` bytes, is of another version than this.
    ///
    /// Silence is agreement: an origin that gives no validator may still be used.
    pub(crate) fn is_contradicted_by(&self, headers: &HeaderMap, len: Option<u64>) -> bool {
        let other_len = self.len.zip(len).is_some_and(|(old, new)| old != new);
        let other_validator = self.validator.as_ref().and_then(|old| old.agrees(headers)) == Some(false);
        other_len || other_validator
    }
}

impl fmt::Display for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ETag(tag) => tag.fmt(f),
            Self::LastModified(date) => f.write_str(date),
        }
    }
}

impl FromStr for Validator {
    type Err = ParseValidatorError;

    fn from_str(text: &str) -> Result<Self, ParseValidatorError> {
        let tag = EntityTag::parse(text).ok().filter(EntityTag::is_strong);
        match tag {
            Some(tag) => Ok(Self::ETag(tag)),
            None if httpdate::parse_http_date(text).is_ok() => Ok(Self::LastModified(text.to_owned())),
            None => Err(ParseValidatorError { text: text.chars().take(60).collect() }),
        }
    }
}

impl fmt::Display for Version {
    /// For error messages: `1048576 bytes, "5f3a"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len {
            Some(len) => write!(f, "{len} bytes")?,
            None => f.write_str("unknown length")?,
        }
        match &self.validator {
            Some(validator) => write!(f, ", {validator}"),
            None => Ok(()),
        }
    }
}

/// The text of a header; `None` if it is missing or no visible ASCII.
pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn entity_tag(headers: &HeaderMap) -> Option<EntityTag> {
    EntityTag::parse(headers.get(ETAG)?).ok().filter(EntityTag::is_strong)
}

/// A date names one version only if the file cannot have changed again within its second: if the origin's own
/// clock was at least a second further.
fn last_modified(headers: &HeaderMap) -> Option<String> {
    let date = |name| httpdate::parse_http_date(text(headers, name)?).ok();
    let modified = date(LAST_MODIFIED)?;
    let settled =
        date(DATE).is_none_or(|now| now.duration_since(modified).is_ok_and(|age| age >= SETTLED_AFTER));
    settled.then(|| text(headers, LAST_MODIFIED).map(str::to_owned))?
}

const SETTLED_AFTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: &str = "Mon, 01 Jan 2024 00:00:00 GMT";
    const A_SECOND_LATER: &str = "Mon, 01 Jan 2024 00:00:01 GMT";

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn best(pairs: &[(HeaderName, &str)]) -> Option<String> {
        Validator::of(&headers(pairs)).map(|validator| validator.to_string())
    }

    #[test]
    fn a_strong_tag_goes_before_a_date() {
        assert_eq!(best(&[(ETAG, "\"a\""), (LAST_MODIFIED, MONDAY)]).as_deref(), Some("\"a\""));
        assert_eq!(best(&[(ETAG, "W/\"a\""), (LAST_MODIFIED, MONDAY)]).as_deref(), Some(MONDAY));
        assert_eq!(best(&[(ETAG, "W/\"a\"")]), None);
        assert_eq!(best(&[(LAST_MODIFIED, "yesterday")]), None);
    }

    #[test]
    fn a_date_of_this_very_second_names_no_version() {
        assert_eq!(best(&[(LAST_MODIFIED, MONDAY), (DATE, MONDAY)]), None);
        assert_eq!(best(&[(LAST_MODIFIED, MONDAY), (DATE, A_SECOND_LATER)]).as_deref(), Some(MONDAY));
    }

    #[test]
    fn only_what_is_said_can_contradict() {
        let old = Version { validator: Some("\"a\"".parse().unwrap()), len: Some(10) };
        let contradicts = |pairs: &[_], len| old.is_contradicted_by(&headers(pairs), len);
        assert!(!contradicts(&[], None));
        assert!(!contradicts(&[(ETAG, "\"a\"")], Some(10)));
        assert!(!contradicts(&[(ETAG, "W/\"b\"")], Some(10)));
        assert!(contradicts(&[(ETAG, "\"b\"")], Some(10)));
        assert!(contradicts(&[(ETAG, "\"a\"")], Some(11)));
        assert!(!Version::default().is_contradicted_by(&headers(&[(ETAG, "\"b\"")]), Some(11)));
    }

    #[test]
    fn a_date_is_compared_with_a_date_even_where_a_tag_came() {
        let old = Version { validator: Some(MONDAY.parse().unwrap()), len: None };
        let with = |date| old.is_contradicted_by(&headers(&[(ETAG, "\"a\""), (LAST_MODIFIED, date)]), None);
        assert!(!with(MONDAY));
        assert!(with(A_SECOND_LATER));
    }

    #[test]
    fn a_validator_reads_what_it_shows() {
        for text in ["\"5f3a-1\"", MONDAY] {
            assert_eq!(text.parse::<Validator>().unwrap().to_string(), text);
        }
        for wrong in ["", "5f3a", "W/\"a\"", "\"a\"\r\nX: y"] {
            assert!(wrong.parse::<Validator>().is_err(), "{wrong}");
        }
    }
}
