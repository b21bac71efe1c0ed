//! Whatever stands in a place of a JSON file, small enough to keep and to show.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Longest text that is kept of a value. A hash has 44 characters, so nothing legal is cut.
const TEXT_MAX: usize = 60;

/// What stood where a number or a text was expected.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Found {
    /// The key is absent.
    #[default]
    Nothing,
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number from 0 on.
    Number(u64),
    /// A number below 0.
    Negative(i64),
    /// Any other number, also one over 2^64.
    Float(f64),
    /// A text, at most its first 60 characters.
    Text(String),
    /// `[…]`
    Array,
    /// `{…}`
    Object,
}

impl Found {
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("absent"),
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Negative(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:e}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Array => f.write_str("an array"),
            Self::Object => f.write_str("an object"),
        }
    }
}

/// Reads one value of any type; if it is an array, its entries are handed to `F` one by one.
///
/// Arrays and objects are passed over recursively, so that serde_json's limit of 127 levels holds for them: its own
/// way of ignoring values has none, and keeps a byte per level.
pub(super) struct Value<F>(pub(super) F);

/// A value whose entries do not matter.
pub(super) fn any() -> Value<fn(Found)> {
    Value(drop)
}

impl<'de, F: FnMut(Found)> DeserializeSeed<'de> for Value<F> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Found)> Visitor<'de> for Value<F> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Found, E> {
        Ok(Found::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Found, E> {
        Ok(Found::Number(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Found, E> {
        Ok(Found::Negative(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Found, E> {
        Ok(Found::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        Ok(Found::Text(text.chars().take(TEXT_MAX).collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Found, A::Error> {
        while let Some(entry) = seq.next_element_seed(any())? {
            (self.0)(entry);
        }
        Ok(Found::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        while map.next_key_seed(any())?.is_some() {
            map.next_value_seed(any())?;
        }
        Ok(Found::Object)
    }
}
