//! Values of properties: a VARIANT without its dangers.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Guid;

/// Stands for an object of a client: a callback or a stream. The model keeps and returns tokens; the objects stay with
/// whoever made the token, and mean something only together with the client.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Token(pub u64);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token {}", self.0)
    }
}

/// Value of a property.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// No value; for an interface it clears.
    Empty,
    /// A truth value.
    Bool(bool),
    /// 32 bits, unsigned.
    U32(u32),
    /// 64 bits, unsigned.
    U64(u64),
    /// Text. What was not valid UTF-16 did not come this far.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A GUID.
    Guid(Guid),
    /// An object of the client.
    Interface(Token),
}

/// Which kind of value a property has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ValueKind {
    /// [`Value::Bool`].
    Bool,
    /// [`Value::U32`].
    U32,
    /// [`Value::U64`].
    U64,
    /// [`Value::Text`].
    Text,
    /// [`Value::Bytes`].
    Bytes,
    /// [`Value::Guid`].
    Guid,
    /// [`Value::Interface`] or [`Value::Empty`].
    Interface,
}

impl ValueKind {
    /// The VARIANT type of the binary interface.
    pub fn published(self) -> &'static str {
        match self {
            Self::Bool => "VT_BOOL",
            Self::U32 => "VT_UI4",
            Self::U64 => "VT_UI8",
            Self::Text => "VT_BSTR",
            Self::Bytes => "VT_ARRAY|VT_UI1",
            Self::Guid => "GUID",
            Self::Interface => "VT_UNKNOWN",
        }
    }

    /// The value if it is of this kind; integers change their width where nothing is lost.
    pub fn admit(self, value: Value) -> Option<Value> {
        match (self, value) {
            (Self::U32, Value::U64(wide)) => u32::try_from(wide).ok().map(Value::U32),
            (Self::U64, Value::U32(narrow)) => Some(Value::U64(narrow.into())),
            (Self::Bool, value @ Value::Bool(_))
            | (Self::U32, value @ Value::U32(_))
            | (Self::U64, value @ Value::U64(_))
            | (Self::Text, value @ Value::Text(_))
            | (Self::Bytes, value @ Value::Bytes(_))
            | (Self::Guid, value @ Value::Guid(_))
            | (Self::Interface, value @ (Value::Interface(_) | Value::Empty)) => Some(value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_change_width_only_without_loss() {
        assert_eq!(ValueKind::U32.admit(Value::U64(7)), Some(Value::U32(7)));
        assert_eq!(ValueKind::U32.admit(Value::U64(1 << 32)), None);
        assert_eq!(ValueKind::U64.admit(Value::U32(7)), Some(Value::U64(7)));
        assert_eq!(ValueKind::Bool.admit(Value::U32(1)), None);
        assert_eq!(ValueKind::Text.admit(Value::Empty), None);
        assert_eq!(ValueKind::Interface.admit(Value::Empty), Some(Value::Empty));
    }
}
