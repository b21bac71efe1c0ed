//! Why an operation on a content failed.

use std::io;
use std::path::PathBuf;

use swarmline_types::PieceIndex;

/// Why a piece was not written. It is not had then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The parts do not make a piece of this size.
    #[error("piece {piece} has {want} bytes, not {got}")]
    Size {
        /// The piece.
        piece: PieceIndex,
        /// Bytes it has.
        want: u64,
        /// Bytes of all parts.
        got: u64,
    },
    /// The bytes are not those the manifest names. Nothing was written.
    #[error("piece {piece} does not have the hash that the manifest names")]
    Hash {
        /// The piece.
        piece: PieceIndex,
    },
    /// The disk, or the user's share of it, is full. What was written so far is kept.
    #[error("the disk of {} is full: {needed} bytes are needed, {free} are free", path.display())]
    Full {
        /// The destination, whose part file could not grow, or the have-map.
        path: PathBuf,
        /// Bytes that were to be written.
        needed: u64,
        /// Bytes that are free.
        free: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("could not write {}", path.display())]
    File {
        /// The destination, whose part file is meant, or the have-map.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The content was discarded, or its file is gone.
    #[error("{} is not being written any more", path.display())]
    Closed {
        /// The destination.
        path: PathBuf,
    },
}

impl WriteError {
    /// Whether whoever sent the bytes is to blame.
    pub fn is_senders_fault(&self) -> bool {
        matches!(self, Self::Size { .. } | Self::Hash { .. })
    }
}

/// Why bytes were not read. None are given out then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The piece is not had.
    #[error("piece {piece} is not had")]
    NotHad {
        /// The piece.
        piece: PieceIndex,
    },
    /// The range is empty or leaves the piece.
    #[error("{size} bytes from {offset} on are not inside piece {piece} of {piece_size} bytes")]
    Range {
        /// The piece.
        piece: PieceIndex,
        /// First byte in it that was asked for.
        offset: u32,
        /// Bytes that were asked for.
        size: u32,
        /// Bytes it has.
        piece_size: u32,
    },
    /// Somebody changed the finished file here: the piece is not had any more, and others may not be either, see
    /// [`Content::recheck`](crate::Content::recheck).
    #[error("{} has changed: piece {piece} is not had any more", path.display())]
    Changed {
        /// The piece.
        piece: PieceIndex,
        /// The finished file.
        path: PathBuf,
    },
    /// The finished file is not there any more: no piece is had.
    #[error("{} is gone", path.display())]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("could not read {}", path.display())]
    File {
        /// The part file, its have-map, or the finished file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Why a content was not finished. Unless said otherwise nothing has changed and it may be tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FinishError {
    /// Pieces are missing.
    #[error("{missing} of {pieces} pieces of {} are missing", path.display())]
    Incomplete {
        /// The destination.
        path: PathBuf,
        /// How many are missing.
        missing: u32,
        /// How many there are.
        pieces: u32,
    },
    /// Something has come to stand at the destination meanwhile. The part file is kept.
    #[error("{} exists", path.display())]
    Exists {
        /// The destination.
        path: PathBuf,
    },
    /// The bytes could not be brought to the disk. Which of them is unknown, so none is believed any more: the
    /// content is closed, and beginning anew checks what the part file holds.
    #[error("could not bring {} to the disk", path.display())]
    Sync {
        /// The part file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody removed or replaced the part file.
    #[error("part file {} was removed or replaced", path.display())]
    PartGone {
        /// The part file.
        path: PathBuf,
    },
    /// The part file did not get its final name, or the name is not durable.
    #[error("could not move the content to {}", path.display())]
    Rename {
        /// The destination.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A range leaves the content.
    #[error("a range leaves the content for {}", path.display())]
    Range {
        /// The destination.
        path: PathBuf,
    },
    /// Somebody changed the part file: this piece is not had any more.
    #[error("the part file of {} was changed: piece {piece} is not had any more", path.display())]
    Changed {
        /// The destination.
        path: PathBuf,
        /// The piece.
        piece: PieceIndex,
    },
    /// The ranges could not be put together.
    #[error("could not write {}", path.display())]
    Pack {
        /// The file that was read from or written to.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The content was discarded, or its file is gone.
    #[error("{} is not being written any more", path.display())]
    Closed {
        /// The destination.
        path: PathBuf,
    },
}

/// Why a download could not be taken away.
#[derive(Debug, thiserror::Error)]
#[error("could not remove {}", path.display())]
pub struct DiscardError {
    /// What stayed.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}
