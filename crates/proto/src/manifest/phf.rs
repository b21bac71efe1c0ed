//! Piece hash files: the JSON that Delivery Optimization publishes beside a content, read and written.
//!
//! Reading goes in two steps. `fields` takes what stands in the file as it is, whatever its type and order, without
//! building a tree of it. Then the fields are checked one after another, in the order in which Delivery
//! Optimization's own error codes name them, so that a file with several faults fails alike everywhere.

mod found;

mod error;
mod fields;

use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};
use swarmline_types::{ContentId, LayoutError, PieceHash, PieceLayout};

use self::error::CONTENT_LEN_MAX;
use self::fields::{Entries, Fields};
use super::{Manifest, VERSION};

pub use self::error::PhfError;
pub use self::found::Found;

/// Most bytes of a piece hash file: 64 MiB. The largest legal one, of 2^20 pieces, has 47 MiB.
pub const PHF_BYTES_MAX: usize = 64 << 20;

/// Bytes from the start of a piece hash file in which its [`PhfHead`] is looked for: 4 KiB. In files of the usual order
/// it takes 200; the rest is for other keys, and so that the manifests of small contents come whole.
pub const PHF_HEAD_BYTES: usize = 4 << 10;

/// What stands before the digests in a piece hash file of the usual order: which content it is of, and how that is cut.
///
/// Nothing proves it. It is as good as the word of whoever sent the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PhfHead {
    /// The `HashOfHashes` that the file states.
    pub content: ContentId,
    /// `ContentLength` and `PieceSize`.
    pub layout: PieceLayout,
}

impl PhfHead {
    /// Reads the beginning of a piece hash file. All keys but `Pieces` must stand in it, and before `Pieces`; what
    /// comes behind is not looked at.
    ///
    /// # Errors
    /// [`PhfError::Head`] if it ends before `Pieces`; otherwise as [`Manifest::parse_phf`] for what stands in it.
    pub fn parse(head: &[u8]) -> Result<Self, PhfError> {
        let got = head.len();
        if got > PHF_BYTES_MAX {
            return Err(PhfError::Size { got });
        }
        let fields = Fields::read_head(head).map_err(PhfError::Json)?.ok_or(PhfError::Head { got })?;
        no_duplicate(&fields)?;
        version(&fields)?;
        let content = named_content(&fields.hash_of_hashes, None)?;
        let layout = layout(&fields.content_length, &fields.piece_size)?;
        Ok(Self { content, layout })
    }
}

impl Manifest {
    /// Reads a piece hash file of whatever content it names.
    ///
    /// Needs at most 1.5 times the memory of the file. Unknown keys are ignored.
    ///
    /// # Errors
    /// When the file is malformed, over a bound, or contradicts its own `HashOfHashes`.
    pub fn parse_phf(phf: &[u8]) -> Result<Self, PhfError> {
        check(phf, None)
    }

    /// Reads a piece hash file that must be of this content.
    ///
    /// # Errors
    /// As [`parse_phf`](Self::parse_phf), and when it names another content.
    pub fn parse_phf_of(phf: &[u8], want: ContentId) -> Result<Self, PhfError> {
        check(phf, Some(want))
    }

    /// The manifest as a piece hash file, on one line, keys in the order of Delivery Optimization's own files.
    pub fn to_phf(&self) -> Vec<u8> {
        let file = File {
            major_version: VERSION,
            minor_version: 0,
            hash_of_hashes: self.content(),
            content_length: self.layout().content_len(),
            piece_size: self.layout().piece_size(),
            pieces: Texts(self.digests()),
        };
        const KEYS_BYTES: usize = 256;
        const ENTRY_BYTES: usize = 47;
        let mut phf = Vec::with_capacity(KEYS_BYTES + ENTRY_BYTES * self.digests().len());
        serde_json::to_writer(&mut phf, &file)
            .expect("numbers and texts are always JSON, and memory takes them");
        phf
    }
}

fn check(phf: &[u8], want: Option<ContentId>) -> Result<Manifest, PhfError> {
    if phf.len() > PHF_BYTES_MAX {
        return Err(PhfError::Size { got: phf.len() });
    }
    let fields = Fields::read(phf).map_err(PhfError::Json)?;
    no_duplicate(&fields)?;
    version(&fields)?;
    let stated = named_content(&fields.hash_of_hashes, want)?;
    let layout = layout(&fields.content_length, &fields.piece_size)?;
    let digests = digests(fields, &layout)?;
    let manifest = Manifest::from_digests(layout, digests).expect("the digests were counted");
    match manifest.content() {
        computed if computed == stated => Ok(manifest),
        computed => Err(PhfError::Contradiction { stated, computed }),
    }
}

fn no_duplicate(fields: &Fields) -> Result<(), PhfError> {
    match &fields.duplicate {
        Some(key) => Err(PhfError::Duplicate { key: key.clone() }),
        None => Ok(()),
    }
}

fn version(fields: &Fields) -> Result<(), PhfError> {
    if fields.major_version.number() != Some(VERSION.into()) {
        return Err(PhfError::MajorVersion { got: fields.major_version.clone() });
    }
    if fields.minor_version.number() != Some(0) {
        return Err(PhfError::MinorVersion { got: fields.minor_version.clone() });
    }
    Ok(())
}

fn named_content(got: &Found, want: Option<ContentId>) -> Result<ContentId, PhfError> {
    let stated = got.text().and_then(|text| text.parse().ok());
    let stated = stated.ok_or_else(|| PhfError::HashOfHashes { got: got.clone() })?;
    match want {
        Some(want) if want != stated => Err(PhfError::Unexpected { want, got: stated }),
        _ => Ok(stated),
    }
}

fn layout(length: &Found, size: &Found) -> Result<PieceLayout, PhfError> {
    let Some(content_len) = length.number().filter(|len| *len <= CONTENT_LEN_MAX) else {
        return Err(PhfError::ContentLength { got: length.clone() });
    };
    let Some(piece_size) = size.number().and_then(|size| u32::try_from(size).ok()) else {
        return Err(PhfError::PieceSize { got: size.clone() });
    };
    PieceLayout::new(content_len, piece_size).map_err(|error| match error {
        LayoutError::PieceSize { .. } => PhfError::PieceSize { got: size.clone() },
        LayoutError::PieceCount { content_len, piece_size } => {
            PhfError::PieceCount { content_len, piece_size }
        }
    })
}

fn digests(fields: Fields, layout: &PieceLayout) -> Result<Vec<PieceHash>, PhfError> {
    if fields.pieces != Found::Array {
        return Err(PhfError::Pieces { got: fields.pieces });
    }
    let Entries { digests, count, bad } = fields.entries;
    if count != layout.piece_count() as usize {
        return Err(PhfError::PiecesCount { want: layout.piece_count(), got: count });
    }
    match bad {
        Some((index, got)) => Err(PhfError::PieceHash { index, got }),
        None => Ok(digests),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct File<'a> {
    major_version: u32,
    minor_version: u32,
    hash_of_hashes: ContentId,
    content_length: u64,
    piece_size: u32,
    pieces: Texts<'a>,
}

/// Digests as an array of base64.
struct Texts<'a>(&'a [PieceHash]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        let mut text = [0; 44];
        for digest in self.0 {
            seq.serialize_element(data_encoding::BASE64.encode_mut_str(digest.as_bytes(), &mut text))?;
        }
        seq.end()
    }
}
