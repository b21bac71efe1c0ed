//! A manifest from peers, part by part.

use swarmline_types::message::ManifestPart;
use swarmline_types::{ContentId, LayoutError, PieceHash, PieceLayout};

use super::Manifest;
use crate::wire::DIGESTS_MAX;

/// Why a part does not lead to the manifest that is wanted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AssemblyError {
    /// The first part names a length and a piece size that no content may have.
    #[error("the manifest part describes no content")]
    Layout(#[from] LayoutError),
    /// A later part describes the content otherwise than the first one did.
    #[error(
        "the manifest part is of {} bytes in pieces of {}, the first one was of {} in {}",
        got.content_len(), got.piece_size(), want.content_len(), want.piece_size()
    )]
    Disagrees {
        /// What the first part said.
        want: PieceLayout,
        /// What this part says.
        got: PieceLayout,
    },
    /// Not the part that was asked for.
    #[error("the manifest part begins at piece {got}, asked for was {want}")]
    Order {
        /// The first digest that is missing.
        want: u32,
        /// The first digest of the part.
        got: u32,
    },
    /// Neither a full part nor all that is left.
    #[error("the manifest part has {got} digests, {want} were due")]
    Count {
        /// Digests that a part from here on has.
        want: usize,
        /// Digests that it has.
        got: usize,
    },
    /// All parts are here, and they are another manifest.
    #[error("the manifest hashes to {got}, wanted was {want}")]
    Content {
        /// The content that is wanted.
        want: ContentId,
        /// The content that the parts describe.
        got: ContentId,
    },
}

/// Collects the parts of one manifest from one peer, in order. Holds at most 32 bytes per piece, 32 MiB in all, and
/// never more than arrived.
///
/// Parts prove nothing one by one; only the whole does. So parts of two peers are not mixed, and after an error the
/// assembly is as new, to be tried with another peer.
#[derive(Clone, Debug)]
pub struct ManifestAssembly {
    want: ContentId,
    layout: Option<PieceLayout>,
    digests: Vec<PieceHash>,
}

impl ManifestAssembly {
    /// Nothing yet of the manifest of this content.
    pub fn new(want: ContentId) -> Self {
        Self { want, layout: None, digests: Vec::new() }
    }

    /// The first digest that is still missing: what to ask for.
    pub fn next(&self) -> u32 {
        u32::try_from(self.digests.len()).expect("no more digests than pieces of a layout")
    }

    /// Adds the part that answers [`next`](Self::next). The last one gives the manifest, and leaves the assembly
    /// as new.
    ///
    /// # Errors
    /// When the part is not the one that was due, or the whole is not the manifest that is wanted. All parts are
    /// forgotten then.
    pub fn take(&mut self, part: ManifestPart) -> Result<Option<Manifest>, AssemblyError> {
        let taken = self.add(part);
        if !matches!(taken, Ok(None)) {
            *self = Self::new(self.want);
        }
        taken
    }

    fn add(&mut self, part: ManifestPart) -> Result<Option<Manifest>, AssemblyError> {
        let got = PieceLayout::new(part.content_len, part.piece_size)?;
        let layout = *self.layout.get_or_insert(got);
        if got != layout {
            return Err(AssemblyError::Disagrees { want: layout, got });
        }
        if part.first != self.next() {
            return Err(AssemblyError::Order { want: self.next(), got: part.first });
        }
        let left = layout.piece_count() as usize - self.digests.len();
        let want = left.min(DIGESTS_MAX);
        if part.digests.len() != want {
            return Err(AssemblyError::Count { want, got: part.digests.len() });
        }
        self.digests.extend(part.digests);
        if want < left {
            return Ok(None);
        }
        self.prove(layout).map(Some)
    }

    fn prove(&mut self, layout: PieceLayout) -> Result<Manifest, AssemblyError> {
        let digests = std::mem::take(&mut self.digests);
        let manifest = Manifest::from_digests(layout, digests).expect("the last part made the count full");
        match manifest.content() {
            got if got == self.want => Ok(manifest),
            got => Err(AssemblyError::Content { want: self.want, got }),
        }
    }
}
