//! Names of 32 bytes: of contents, pieces, URLs and nodes.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not the name of a content or node.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseIdError {
    /// The text is not in the alphabet of the encoding.
    #[error("{text:?} is not {encoding}")]
    Encoding {
        /// What was given, at most its first 60 characters.
        text: String,
        /// The encoding that was expected.
        encoding: &'static str,
    },
    /// The text decodes to another number of bytes.
    #[error("{text:?} holds {got} bytes, 32 are needed")]
    Length {
        /// What was given, at most its first 60 characters.
        text: String,
        /// How many bytes it holds.
        got: usize,
    },
}

fn decode(
    text: &str,
    encoding: &data_encoding::Encoding,
    name: &'static str,
) -> Result<[u8; 32], ParseIdError> {
    let shown = || text.chars().take(60).collect::<String>();
    let bytes = encoding
        .decode(text.as_bytes())
        .map_err(|_| ParseIdError::Encoding { text: shown(), encoding: name })?;
    let got = bytes.len();
    bytes.try_into().map_err(|_| ParseIdError::Length { text: shown(), got })
}

/// The `HashOfHashes` of a content: it names the swarm. Two URLs with the same bytes and piece size share it.
///
/// Shown and read as base64, as in a piece hash file; [`hex`](Self::hex) is for file names.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ContentId([u8; 32]);

impl ContentId {
    /// Takes the 32 bytes as they are.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal, 64 characters, safe in a file name.
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentId({self})")
    }
}

impl FromStr for ContentId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        decode(text, &BASE64, "base64").map(Self)
    }
}

/// SHA-256 of the bytes of one piece.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PieceHash([u8; 32]);

impl PieceHash {
    /// Takes the 32 bytes as they are.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for PieceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PieceHash({})", BASE64.encode(&self.0))
    }
}

/// SHA-256 of a URL: asks about it without naming it. Whoever guesses the URL can check the guess.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UrlHash([u8; 32]);

impl UrlHash {
    /// Takes the 32 bytes as they are.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for UrlHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UrlHash({})", HEXLOWER.encode(&self.0[..4]))
    }
}

/// A node: its ed25519 public key. libp2p's peer id is another spelling of the same key.
///
/// Shown and read as lower-case hexadecimal; [`short`](Self::short) is for logs and tables.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct NodeId([u8; 32]);

impl Ord for NodeId {
    /// As their bytes. Keys are random, so the first eight nearly always tell, and a map is searched without a call for
    /// each step.
    fn cmp(&self, other: &Self) -> Ordering {
        let first = |id: &Self| u64::from_be_bytes(*id.0.first_chunk().expect("32 bytes are more than 8"));
        first(self).cmp(&first(other)).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for NodeId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl NodeId {
    /// Takes the 32 bytes of the public key as they are; whether they lie on the curve is the network's business.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 8 hexadecimal digits.
    pub fn short(&self) -> String {
        HEXLOWER.encode(&self.0[..4])
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({})", self.short())
    }
}

impl FromStr for NodeId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        decode(text, &HEXLOWER, "lower-case hexadecimal").map(Self)
    }
}

/// Ids are texts in JSON, as people see them.
macro_rules! serde_as_text {
    ($id:ty) => {
        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

serde_as_text!(ContentId);
serde_as_text!(NodeId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_id_reads_what_it_shows() {
        let id = ContentId::new([7; 32]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.hex().len(), 64);
    }

    #[test]
    fn nodes_are_ordered_as_their_bytes() {
        let at = |place: usize, byte: u8| {
            let mut bytes = [7; 32];
            bytes[place] = byte;
            bytes
        };
        let all: Vec<_> =
            [0, 7, 8, 31].into_iter().flat_map(|place| [at(place, 0), at(place, 255)]).collect();
        for (a, b) in all.iter().flat_map(|a| all.iter().map(move |b| (*a, *b))) {
            assert_eq!(NodeId::new(a).cmp(&NodeId::new(b)), a.cmp(&b), "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_short_hash_is_refused_with_its_length() {
        let error = "AAAA".parse::<ContentId>().unwrap_err();
        assert_eq!(error.to_string(), "\"AAAA\" holds 3 bytes, 32 are needed");
        let error = "not base64!".parse::<ContentId>().unwrap_err();
        assert_eq!(error.to_string(), "\"not base64!\" is not base64");
    }

    #[test]
    fn a_node_id_reads_what_it_shows() {
        let id = NodeId::new([0xab; 32]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.short(), "abababab");
    }
}
