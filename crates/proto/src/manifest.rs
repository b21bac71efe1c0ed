//! Manifests: how a content is cut, and the hash of every piece.
//!
//! A manifest proves itself: its [`ContentId`] is a hash over all that it says, so whoever knows the id may take the
//! manifest from anybody. It travels as a piece hash file (PHF, JSON) or in parts from peer to peer; both roads end
//! in a [`Manifest`] whose id was computed here, never one that was merely stated.

mod phf;

mod assembly;
mod integrity;

#[cfg(test)]
mod tests;

pub use assembly::{AssemblyError, ManifestAssembly};
pub use integrity::{INTEGRITY_INFO_BYTES_MAX, IntegrityCheckInfo, IntegrityError};
pub use phf::{Found, PHF_BYTES_MAX, PHF_HEAD_BYTES, PhfError, PhfHead};

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use swarmline_types::message::ManifestPart;
use swarmline_types::{ContentId, PieceHash, PieceIndex, PieceLayout};

use crate::wire::DIGESTS_MAX;

/// The only version of the format. Its number is part of what is hashed.
const VERSION: u32 = 1;

/// Why a layout and digests are not a manifest.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{got} digests for a content of {want} pieces")]
pub struct DigestCountError {
    /// Pieces of the layout.
    pub want: u32,
    /// Digests that were given.
    pub got: usize,
}

/// How a content is cut, and the SHA-256 of every piece. Cheap to clone; takes 32 bytes per piece once, 32 MiB at most.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest(Arc<Parts>);

#[derive(Debug, Eq, PartialEq)]
struct Parts {
    content: ContentId,
    layout: PieceLayout,
    digests: Vec<PieceHash>,
}

impl Manifest {
    /// Joins a layout and the digests of its pieces, in order. Hashes them all.
    ///
    /// # Errors
    /// When there is not one digest for each piece.
    pub fn from_digests(layout: PieceLayout, digests: Vec<PieceHash>) -> Result<Self, DigestCountError> {
        if digests.len() != layout.piece_count() as usize {
            return Err(DigestCountError { want: layout.piece_count(), got: digests.len() });
        }
        let content = hash_of_hashes(&layout, &digests);
        Ok(Self(Arc::new(Parts { content, layout, digests })))
    }

    /// The `HashOfHashes`.
    pub fn content(&self) -> ContentId {
        self.0.content
    }

    /// How the content is cut.
    pub fn layout(&self) -> PieceLayout {
        self.0.layout
    }

    /// SHA-256 of one piece of this content.
    pub fn digest(&self, piece: PieceIndex) -> PieceHash {
        self.0.digests[piece.as_usize()]
    }

    /// SHA-256 of every piece, in order.
    pub fn digests(&self) -> &[PieceHash] {
        &self.0.digests
    }

    /// The part to send to a peer that lacks the digests from `first` on: as many as a message may hold, or all that
    /// are left. `None` if there is no piece `first`; only the empty content has a part without digests.
    pub fn part(&self, first: u32) -> Option<ManifestPart> {
        let rest = self.digests().get(first as usize..)?;
        if rest.is_empty() && first > 0 {
            return None;
        }
        Some(ManifestPart {
            content_len: self.layout().content_len(),
            piece_size: self.layout().piece_size(),
            first,
            digests: rest[..rest.len().min(DIGESTS_MAX)].to_vec(),
        })
    }
}

/// SHA-256 over version, length, piece size (all little endian) and the raw digests.
fn hash_of_hashes(layout: &PieceLayout, digests: &[PieceHash]) -> ContentId {
    let mut hash = Sha256::new();
    hash.update(VERSION.to_le_bytes());
    hash.update(layout.content_len().to_le_bytes());
    hash.update(layout.piece_size().to_le_bytes());
    digests.iter().for_each(|digest| hash.update(digest.as_bytes()));
    ContentId::new(hash.finalize().into())
}
