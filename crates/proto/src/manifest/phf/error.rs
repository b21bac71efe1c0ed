//! What can be wrong with a piece hash file.

use swarmline_types::{ContentId, PIECE_COUNT_MAX, PIECE_SIZE_MAX, PIECE_SIZE_MIN};

use super::{Found, PHF_BYTES_MAX};
use crate::manifest::VERSION;

/// Longest content: 2^20 pieces of 16 MiB.
pub(super) const CONTENT_LEN_MAX: u64 = PIECE_COUNT_MAX as u64 * PIECE_SIZE_MAX as u64;

/// Why bytes are not the piece hash file that was expected, in the order of the checks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhfError {
    /// The file is too large.
    #[error("a piece hash file of {got} bytes, at most {PHF_BYTES_MAX} are allowed")]
    Size {
        /// Its bytes.
        got: usize,
    },
    /// The file is not the one whose digest is known.
    #[error("the piece hash file's digest is {got}, expected was {want}")]
    Digest {
        /// SHA-256 that was expected, base64.
        want: String,
        /// SHA-256 of the file, base64.
        got: String,
    },
    /// Not a JSON object, not UTF-8, or nested deeper than 127 levels.
    #[error("the piece hash file is not a readable JSON object")]
    Json(#[source] serde_json::Error),
    /// The beginning of a file says too little.
    #[error("the first {got} bytes of the piece hash file end before its Pieces")]
    Head {
        /// How many bytes were looked at.
        got: usize,
    },
    /// A key that matters stands there twice, so readers could disagree about its value.
    #[error("{key} stands twice in the piece hash file")]
    Duplicate {
        /// The key.
        key: String,
    },
    /// A format of the future.
    #[error("MajorVersion is {got}, only {VERSION} is known")]
    MajorVersion {
        /// What stands there.
        got: Found,
    },
    /// A format of the future.
    #[error("MinorVersion is {got}, only 0 is known")]
    MinorVersion {
        /// What stands there.
        got: Found,
    },
    /// The content's name is not a hash.
    #[error("HashOfHashes is {got}, not base64 of 32 bytes")]
    HashOfHashes {
        /// What stands there.
        got: Found,
    },
    /// A file of another content.
    #[error("HashOfHashes is {got}, expected was {want}")]
    Unexpected {
        /// The content that was expected.
        want: ContentId,
        /// The content that the file names.
        got: ContentId,
    },
    /// The length is not a number, or too large for any content.
    #[error("ContentLength is {got}, not a number from 0 to {CONTENT_LEN_MAX}")]
    ContentLength {
        /// What stands there.
        got: Found,
    },
    /// The piece size is not a number, or none that is allowed.
    #[error("PieceSize is {got}, not a power of two from {PIECE_SIZE_MIN} to {PIECE_SIZE_MAX}")]
    PieceSize {
        /// What stands there.
        got: Found,
    },
    /// So many pieces that this content needs larger ones.
    #[error("{content_len} bytes in pieces of {piece_size} are more than {PIECE_COUNT_MAX} pieces")]
    PieceCount {
        /// Bytes of the content.
        content_len: u64,
        /// Bytes of a piece.
        piece_size: u32,
    },
    /// The digests are not a list.
    #[error("Pieces is {got}, not an array")]
    Pieces {
        /// What stands there.
        got: Found,
    },
    /// The list of digests has another length than the content has pieces.
    #[error("Pieces has {got} entries, the content has {want} pieces")]
    PiecesCount {
        /// Pieces of the content.
        want: u32,
        /// Entries of the list.
        got: usize,
    },
    /// One digest is not a hash.
    #[error("Pieces[{index}] is {got}, not base64 of 32 bytes")]
    PieceHash {
        /// Its place in the list, the first such.
        index: usize,
        /// What stands there.
        got: Found,
    },
    /// The file contradicts itself: it was damaged or forged.
    #[error("HashOfHashes is {stated}, but the file hashes to {computed}")]
    Contradiction {
        /// The content that the file names.
        stated: ContentId,
        /// The content that it describes.
        computed: ContentId,
    },
}
