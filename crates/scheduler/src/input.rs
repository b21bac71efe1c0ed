//! What the driver tells the machine of one content.

use std::sync::Arc;
use std::time::Duration;

use swarmline_types::message::{LaneMessage, Rumour};
use swarmline_types::{Bitfield, CapacityClass, NodeId, PieceIndex, Priority, Wanted};

use crate::config::Policy;
use crate::requests::RequestId;

/// A fact that has already happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A connected peer shares this content from now on.
    PeerUp {
        /// Who.
        peer: NodeId,
        /// How much origin work it takes on.
        class: CapacityClass,
    },
    /// It does no longer, or the connection is gone.
    PeerDown {
        /// Who.
        peer: NodeId,
        /// It said so, instead of vanishing.
        clean: bool,
    },
    /// All that a peer has.
    Bitmap {
        /// Who.
        peer: NodeId,
        /// What it has.
        has: Bitfield,
    },
    /// Pieces that a peer has got.
    Have {
        /// Who.
        peer: NodeId,
        /// Which.
        pieces: Vec<PieceIndex>,
    },
    /// Which pieces a peer wants.
    PeerWants {
        /// Who.
        peer: NodeId,
        /// Which, instead of what it said before.
        wanted: Wanted,
    },
    /// These pieces are wanted here too, from now on. Ignored once the content is given up.
    Want {
        /// Which.
        wanted: Wanted,
    },
    /// Somebody waits for the content from now on, or nobody does any more.
    Priority(Priority),
    /// The policy is another from now on.
    Policy(Policy),
    /// A peer is busy or has not what was asked of it.
    Rejected {
        /// The request.
        request: RequestId,
    },
    /// What a member says of its origin fetches.
    Lane {
        /// Who.
        from: NodeId,
        /// What.
        message: LaneMessage,
    },
    /// What members say to the whole site, passed on by a peer.
    Rumours {
        /// Who passed it on.
        from: NodeId,
        /// What they say.
        rumours: Arc<[Rumour]>,
    },
    /// Bytes of a request came.
    Progress {
        /// The request.
        request: RequestId,
        /// Content bytes of it that came in all.
        received: u64,
    },
    /// A piece of a request came whole, its hash was checked, and if it was right it is written.
    Verified {
        /// The request.
        request: RequestId,
        /// The piece.
        piece: PieceIndex,
        /// Whether the hash was right.
        ok: bool,
    },
    /// A request will bring nothing more.
    Failed {
        /// The request.
        request: RequestId,
        /// Why.
        why: Failure,
    },
    /// A piece that was had is gone: somebody changed the file. It is fetched again with the others that are lacking; who
    /// had all that it wants already fetches nothing for it, and serves what is left.
    Lost {
        /// Which.
        piece: PieceIndex,
    },
    /// [`Content::poll_timeout`](crate::Content::poll_timeout) has come, or the node allows more than it did.
    Timer,
}

/// Why a request brings nothing more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Failure {
    /// It may work later: the connection broke, the server is overloaded.
    Transient {
        /// The server said when to come back.
        retry_after: Option<Duration>,
    },
    /// What came was not what was asked for: another length, another range. The next answer may be right; if it is not,
    /// the origin has another content.
    Contradiction,
    /// The origin does not serve ranges.
    NoRanges,
    /// The origin will not serve this content: 404, 403.
    Fatal,
}
