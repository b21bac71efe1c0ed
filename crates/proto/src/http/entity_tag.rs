//! `ETag`, and when it may stand in `If-Range`.

use std::fmt;

/// Longest entity tag that is kept: 256 bytes with its quotes.
pub const ENTITY_TAG_MAX: usize = 256;

/// The origin's name for one version of a content.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct EntityTag {
    weak: bool,
    /// With its quotes.
    tag: String,
}

/// Why an `ETag` is not one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EntityTagError {
    /// Neither `"…"` nor `W/"…"` of visible ASCII.
    #[error("entity tag {got:?} is not visible ASCII between quotes")]
    Syntax {
        /// What came, at most its first 60 bytes.
        got: String,
    },
    /// Too long to be kept.
    #[error("an entity tag of {got} bytes, at most {ENTITY_TAG_MAX} are kept")]
    Size {
        /// Its bytes.
        got: usize,
    },
}

impl EntityTag {
    /// Reads the value of an `ETag` header.
    ///
    /// # Errors
    /// When it is not an entity tag, or too long. It is then as if the origin had sent none.
    pub fn parse(value: impl AsRef<[u8]>) -> Result<Self, EntityTagError> {
        let value = value.as_ref().trim_ascii();
        if value.len() > ENTITY_TAG_MAX {
            return Err(EntityTagError::Size { got: value.len() });
        }
        let (weak, tag) = match value.strip_prefix(b"W/") {
            Some(tag) => (true, tag),
            None => (false, value),
        };
        let text = std::str::from_utf8(tag).ok().filter(|tag| is_quoted(tag));
        let tag = text.ok_or_else(|| EntityTagError::Syntax { got: super::shown(value) })?;
        Ok(Self { weak, tag: tag.to_owned() })
    }

    /// Whether equal tags promise equal bytes. A weak tag promises only equal meaning.
    pub fn is_strong(&self) -> bool {
        !self.weak
    }

    /// The value of an `If-Range` header. `None` for a weak tag, which must not stand there: parts of two versions
    /// could be mixed.
    pub fn if_range(&self) -> Option<&str> {
        self.is_strong().then_some(self.tag.as_str())
    }

    /// Whether both name the same version, byte for byte; never true of weak tags.
    pub fn promises_same_bytes(&self, other: &Self) -> bool {
        self.is_strong() && self == other
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.weak { "W/" } else { "" }, self.tag)
    }
}

fn is_quoted(tag: &str) -> bool {
    let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strong_tag_may_stand_in_if_range() {
        let tag = EntityTag::parse("\"5f3a-1\"").unwrap();
        assert_eq!(tag.if_range(), Some("\"5f3a-1\""));
        assert!(tag.promises_same_bytes(&EntityTag::parse(b" \"5f3a-1\" ").unwrap()));
        assert!(!tag.promises_same_bytes(&EntityTag::parse("\"5f3a-2\"").unwrap()));
    }

    #[test]
    fn a_weak_tag_may_not_and_promises_nothing() {
        let tag = EntityTag::parse("W/\"5f3a-1\"").unwrap();
        assert_eq!(tag.if_range(), None);
        assert_eq!(tag.to_string(), "W/\"5f3a-1\"");
        assert!(!tag.promises_same_bytes(&tag));
        assert!(!EntityTag::parse("\"5f3a-1\"").unwrap().promises_same_bytes(&tag));
    }

    #[test]
    fn what_is_not_between_quotes_is_no_tag() {
        for trick in
            ["", "\"", "abc", "\"a", "a\"", "w/\"a\"", "W/a", "\"a b\"", "\"a\"b\"", "\"a\r\nX: y\"", "\"é\""]
        {
            let error = EntityTag::parse(trick).unwrap_err();
            assert!(matches!(error, EntityTagError::Syntax { .. }), "{trick:?} gave {error}");
        }
        assert!(EntityTag::parse("\"\"").is_ok());
    }

    #[test]
    fn a_tag_too_long_to_keep_is_refused() {
        let tag = |inner: usize| format!("\"{}\"", "x".repeat(inner));
        assert!(EntityTag::parse(tag(ENTITY_TAG_MAX - 2)).is_ok());
        let got = ENTITY_TAG_MAX + 1;
        assert_eq!(EntityTag::parse(tag(got - 2)), Err(EntityTagError::Size { got }));
    }
}
