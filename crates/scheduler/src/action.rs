//! What the machine of one content orders, and why.

use swarmline_types::message::ContentMessage;
use swarmline_types::{NodeId, PieceIndex, PieceRange};

use crate::ledger::Source;
use crate::requests::RequestId;

/// An order that only the driver can carry out.
#[derive(Clone, Debug)]
pub enum Action {
    /// Tell a peer.
    Send {
        /// Whom.
        to: NodeId,
        /// What.
        message: ContentMessage,
    },
    /// Fetch pieces. Answer with `Progress` as bytes come, `Verified` for each piece, `Failed` if it breaks off.
    Request {
        /// Its name.
        request: RequestId,
        /// One piece from a peer; consecutive pieces from the origin.
        from: Source,
        /// Which.
        pieces: PieceRange,
    },
    /// Stop a request; nothing that it still brings is of use.
    Cancel {
        /// Which.
        request: RequestId,
    },
    /// The peer sent a piece with a wrong hash: part from it, and keep it away from this content for 24 h.
    Ban {
        /// Who.
        peer: NodeId,
        /// The piece that proves it.
        piece: PieceIndex,
    },
    /// Every piece is here.
    Completed,
    /// Every piece that is wanted is here, and others are not.
    Satisfied,
    /// The content cannot be had: nothing more is asked for. What is here is still served.
    GiveUp(GiveUp),
    /// Why something was decided; for people, traces and figures.
    Explain(Explain),
}

/// Why a content cannot be had.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GiveUp {
    /// The origin will not serve it, and no peer offers what is missing.
    NoSource,
    /// The origin serves other bytes than the manifest says, and no peer offers what is missing.
    Mismatch {
        /// A piece that was wrong.
        piece: PieceIndex,
    },
    /// No byte came for too long.
    NoProgress,
}

/// A decision and its reason.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Explain {
    /// Pieces are fetched from the origin.
    Fetch {
        /// The request.
        request: RequestId,
        /// The run it belongs to.
        pieces: PieceRange,
        /// Why by this node.
        why: FetchReason,
    },
}

/// Why this node fetches from the origin.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum FetchReason {
    /// It ranks first for the run.
    Owner,
    /// Whoever ranked before it did not come, or fell silent.
    TakeOver,
    /// The claim of another crawls.
    SecondCopy,
    /// It knows nobody, or nobody serves it.
    Alone,
}
