//! The six keys of a piece hash file as they stand there, in one pass and without a tree.

use std::fmt;

use data_encoding::BASE64;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use swarmline_types::{PIECE_COUNT_MAX, PieceHash};

use super::found::{Found, Value, any};

/// What stands in the file. Everything may be absent or of a wrong type.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) major_version: Found,
    pub(super) minor_version: Found,
    pub(super) hash_of_hashes: Found,
    pub(super) content_length: Found,
    pub(super) piece_size: Found,
    pub(super) pieces: Found,
    /// The entries of `pieces`, if it is an array.
    pub(super) entries: Entries,
    /// One of the six keys that stands there twice.
    pub(super) duplicate: Option<String>,
}

/// The entries of `Pieces`. Digests are kept up to the first entry that is none, and no more than a content may have.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) digests: Vec<PieceHash>,
    /// Entries of any kind.
    pub(super) count: usize,
    /// The first entry that is no digest, and its place.
    pub(super) bad: Option<(usize, Found)>,
}

impl Fields {
    pub(super) fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let fields = reader.deserialize_map(File)?;
        reader.end()?;
        Ok(fields)
    }

    /// Reads the beginning of a file, up to where `Pieces` begins; `None` if it does not get there.
    pub(super) fn read_head(json: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        let mut head = Self::default();
        let mut is_reached = false;
        let reader = Head { fields: &mut head, is_reached: &mut is_reached };
        match serde_json::Deserializer::from_slice(json).deserialize_map(reader) {
            // What comes behind is not looked at, so it is an error to the reader, which ends here.
            _ if is_reached => Ok(Some(head)),
            Err(error) if !error.is_eof() => Err(error),
            _ => Ok(None),
        }
    }

    /// Takes what stands under a key; unknown keys are ignored.
    fn take(&mut self, key: &str, found: Found) {
        let Some(place) = self.place(key) else { return };
        let before = std::mem::replace(place, found);
        if before != Found::Nothing {
            self.duplicate = Some(key.to_owned());
        }
    }

    fn place(&mut self, key: &str) -> Option<&mut Found> {
        Some(match key {
            "MajorVersion" => &mut self.major_version,
            "MinorVersion" => &mut self.minor_version,
            "HashOfHashes" => &mut self.hash_of_hashes,
            "ContentLength" => &mut self.content_length,
            "PieceSize" => &mut self.piece_size,
            PIECES => &mut self.pieces,
            _ => return None,
        })
    }
}

impl Entries {
    fn push(&mut self, entry: Found) {
        let index = self.count;
        self.count += 1;
        if self.bad.is_some() || index >= PIECE_COUNT_MAX as usize {
            return;
        }
        match entry.text().and_then(digest) {
            Some(digest) => self.digests.push(digest),
            None => self.bad = Some((index, entry)),
        }
    }
}

const PIECES: &str = "Pieces";

struct File;

impl<'de> Visitor<'de> for File {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the object of a piece hash file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key_seed(any())? {
            let key = key.text().unwrap_or_default();
            let mut entries = Entries::default();
            let found = match key {
                PIECES => map.next_value_seed(Value(|entry| entries.push(entry)))?,
                _ => map.next_value_seed(any())?,
            };
            fields.take(key, found);
            if key == PIECES {
                fields.entries = entries;
            }
        }
        Ok(fields)
    }
}

struct Head<'a> {
    fields: &'a mut Fields,
    is_reached: &'a mut bool,
}

impl<'de> Visitor<'de> for Head<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        File.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(any())? {
            let key = key.text().unwrap_or_default();
            if key == PIECES {
                *self.is_reached = true;
                break;
            }
            let found = map.next_value_seed(any())?;
            self.fields.take(key, found);
        }
        Ok(())
    }
}

/// Decodes without an allocation, since there may be a million of them.
fn digest(text: &str) -> Option<PieceHash> {
    /// What 44 characters could hold if the last were no padding.
    const ROOM: usize = 33;
    if BASE64.decode_len(text.len()) != Ok(ROOM) {
        return None;
    }
    let mut bytes = [0; ROOM];
    let size = BASE64.decode_mut(text.as_bytes(), &mut bytes).ok()?;
    bytes[..size].try_into().ok().map(PieceHash::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only then is the memory bounded by what a content may have.
    #[test]
    fn a_list_longer_than_any_content_is_counted_and_not_kept() {
        const OVER: usize = PIECE_COUNT_MAX as usize + 1;
        let entries = vec![format!("\"{}=\"", "A".repeat(43)); OVER].join(",");
        let fields = Fields::read(format!("{{\"Pieces\":[{entries}]}}").as_bytes()).unwrap();
        assert_eq!(fields.entries.count, OVER);
        assert_eq!(fields.entries.digests.len(), OVER - 1);
    }
}
