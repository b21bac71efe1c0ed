//! What a peer can do wrong in a message.

use std::time::Duration;

use swarmline_types::{BitfieldError, PieceIndex, PieceRange};

use super::{
    ADDRS_MAX, AGENT_MAX, CONTENTS_MAX, DATA_FRAME_MAX, DIGESTS_MAX, FRAME_MAX, HAVE_MAX, HINTS_MAX,
    MEMBERS_MAX, PAUSE_MAX, PROGRESS_MAX, REQUEST_MAX, RUMOURS_MAX, WANTED_MAX,
};

/// Why bytes from a peer are not a message. Always the sender's fault: the connection ends with it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The length before a control message is over [`FRAME_MAX`].
    #[error("a control message of {got} bytes, at most {FRAME_MAX} are allowed")]
    Frame {
        /// The length that was announced or given.
        got: usize,
    },
    /// The bytes are not protobuf, or a field has another type.
    #[error("{message} message is not readable")]
    Protobuf {
        /// Which message.
        message: &'static str,
        /// What protobuf says.
        source: prost::DecodeError,
    },
    /// A message that holds a list is larger than any legal one could be.
    #[error("{message} message of {got} bytes, at most {max} are allowed")]
    MessageSize {
        /// Which message.
        message: &'static str,
        /// Its bytes.
        got: usize,
        /// The bound.
        max: usize,
    },

    /// A content id is absent or not 32 bytes long.
    #[error("a content id of {got} bytes, 32 are needed")]
    ContentId {
        /// Its bytes.
        got: usize,
    },
    /// A node id is absent or not 32 bytes long.
    #[error("a node id of {got} bytes, 32 are needed")]
    NodeId {
        /// Its bytes.
        got: usize,
    },
    /// Not a capacity class of this protocol version.
    #[error("capacity class {got}, only 0 to 3 are known")]
    Class {
        /// The number that came.
        got: i32,
    },

    /// The agent text is too long.
    #[error("an agent text of {got} bytes, at most {AGENT_MAX} are allowed")]
    AgentSize {
        /// Its bytes.
        got: usize,
    },
    /// The agent text holds something that could play tricks on a terminal.
    #[error("an agent text with the character {got:?}, only printable ASCII is allowed")]
    AgentText {
        /// The first such character.
        got: char,
    },
    /// The port does not fit 16 bits.
    #[error("listen port {got}, at most 65535 is allowed")]
    ListenPort {
        /// The number that came.
        got: u32,
    },
    /// The list of contents is not a whole number of ids.
    #[error("a list of contents of {got} bytes, a multiple of 32 is needed")]
    ContentsSize {
        /// Its bytes.
        got: usize,
    },
    /// Too many contents.
    #[error("{got} contents in a hello, at most {CONTENTS_MAX} are allowed")]
    Contents {
        /// How many.
        got: usize,
    },

    /// Too many members.
    #[error("{got} members in one message, at most {MEMBERS_MAX} are allowed")]
    Members {
        /// How many.
        got: usize,
    },
    /// Too many addresses of one member.
    #[error("{got} addresses of one member, at most {ADDRS_MAX} are allowed")]
    Addrs {
        /// How many.
        got: usize,
    },
    /// An address is neither IPv4 nor IPv6 with a port.
    #[error("an address of {got} bytes, 6 (IPv4) or 18 (IPv6) are needed")]
    Addr {
        /// Its bytes.
        got: usize,
    },

    /// The list of digests is not a whole number of hashes.
    #[error("a list of digests of {got} bytes, a multiple of 32 is needed")]
    DigestsSize {
        /// Its bytes.
        got: usize,
    },
    /// Too many digests.
    #[error("{got} digests in one manifest part, at most {DIGESTS_MAX} are allowed")]
    Digests {
        /// How many.
        got: usize,
    },

    /// The hash of a URL is absent or not 32 bytes long.
    #[error("the hash of a URL has {got} bytes, 32 are needed")]
    UrlHash {
        /// Its bytes.
        got: usize,
    },
    /// The list of contents of a URL is not a whole number of ids.
    #[error("a hint with contents of {got} bytes, a multiple of 32 is needed")]
    HintsSize {
        /// Its bytes.
        got: usize,
    },
    /// Too many contents of one URL.
    #[error("{got} contents of one URL, at most {HINTS_MAX} are allowed")]
    Hints {
        /// How many.
        got: usize,
    },

    /// The bitmap is not one of this content.
    #[error("the bitmap does not fit the content")]
    Bitmap(#[from] BitfieldError),
    /// Too many pieces in a have list.
    #[error("{got} pieces in one have list, at most {HAVE_MAX} are allowed")]
    Have {
        /// How many.
        got: usize,
    },
    /// A have list that does not ascend.
    #[error("the have list names {piece} twice")]
    HaveOrder {
        /// The piece whose successor has distance 0.
        piece: PieceIndex,
    },
    /// No such piece.
    #[error("piece {got} of a content of {pieces} pieces")]
    Piece {
        /// The index that came.
        got: u64,
        /// Pieces of the content.
        pieces: u32,
    },

    /// A request for nothing, or for too much.
    #[error("a request for {got} bytes, 1 to {REQUEST_MAX} are allowed")]
    RequestSize {
        /// Bytes asked for.
        got: u32,
    },
    /// A request that leaves its piece.
    #[error("a request for {size} bytes at {offset} of piece {piece}, which has {piece_size}")]
    RequestEnd {
        /// The piece.
        piece: PieceIndex,
        /// First byte inside the piece.
        offset: u32,
        /// Bytes asked for.
        size: u32,
        /// Bytes of the piece.
        piece_size: u32,
    },

    /// A range of pieces that is empty or leaves the content.
    #[error("{count} pieces from {first} of a content of {pieces} pieces")]
    PieceRange {
        /// First index.
        first: u32,
        /// How many.
        count: u32,
        /// Pieces of the content.
        pieces: u32,
    },
    /// Too many ranges in a wanted message.
    #[error("{got} wanted ranges in one message, at most {WANTED_MAX} are allowed")]
    Wanted {
        /// How many.
        got: usize,
    },
    /// Too many rumours in one message.
    #[error("{got} rumours in one message, at most {RUMOURS_MAX} are allowed")]
    Rumours {
        /// How many.
        got: usize,
    },
    /// Wanted ranges that do not ascend, or that touch.
    #[error("wanted ranges {first:?} and {second:?} do not lie apart and in order")]
    WantedOrder {
        /// One range.
        first: PieceRange,
        /// The one behind it in the message.
        second: PieceRange,
    },
    /// Too many claims in a progress message.
    #[error("progress of {got} claims in one message, at most {PROGRESS_MAX} are allowed")]
    Progress {
        /// How many.
        got: usize,
    },
    /// More bytes of a claim than it has.
    #[error("{got} bytes received of pieces {pieces:?}, which have {size}")]
    ProgressBytes {
        /// The claim.
        pieces: PieceRange,
        /// Bytes said to be received.
        got: u64,
        /// Bytes of the claim.
        size: u64,
    },
    /// A pause that is too long.
    #[error("a pause of {got:?}, at most {PAUSE_MAX:?} is allowed")]
    Pause {
        /// The pause.
        got: Duration,
    },

    /// A data frame that is empty or too large.
    #[error("a data frame of {got} bytes, 1 to {DATA_FRAME_MAX} are allowed")]
    DataFrame {
        /// Its bytes.
        got: u32,
    },
}
