//! What a trace is made of.

use swarmline_scheduler::{
    Action, Config, Explain, FetchReason, GiveUp, Input, RequestId, Source, Surroundings,
};
use swarmline_types::{
    Bitfield, CapacityClass, ContentId, NodeId, PieceIndex, PieceLayout, PieceRange, Rate,
};

/// Whose trace it is, and what it runs with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NodeFacts {
    /// Who.
    pub node: NodeId,
    /// How much of the site's origin work it takes on.
    pub class: CapacityClass,
    /// Software and version, for people. At most [`AGENT_MAX`](crate::AGENT_MAX) bytes.
    pub agent: String,
    /// What the wall clock showed when the trace's time was zero, in milliseconds since 1970: traces of several nodes are
    /// laid over each other by it. Zero where there is none.
    pub zero_unix_ms: u64,
    /// Its limit on what it receives.
    pub download_rate: Option<Rate>,
    /// Its limit on what it sends to peers.
    pub upload_rate: Option<Rate>,
}

/// An opening of a content in one trace, counted from 0. A content that is opened again has another one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Slot(pub(crate) u32);

impl Slot {
    /// To index a list of openings.
    pub fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// The arguments of [`Content::new`](swarmline_scheduler::Content::new), but for node and time.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its parameters.
    pub config: Config,
    /// Which content.
    pub content: ContentId,
    /// How it is cut.
    pub layout: PieceLayout,
    /// What is here.
    pub have: Bitfield,
    /// Its chance.
    pub seed: u64,
}

/// What the node allowed and told while an input was handled.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Allowed {
    /// What it answered each time it was asked whether a request may start. At most [`ANSWERS_MAX`](crate::ANSWERS_MAX).
    pub answers: Vec<bool>,
    /// What it told of itself.
    pub surroundings: Surroundings,
}

/// An order of a content's machine, but for what it says to others: that follows from the rest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// Fetch pieces.
    Request {
        /// Its name.
        request: RequestId,
        /// From whom.
        from: Source,
        /// Which.
        pieces: PieceRange,
    },
    /// Stop a request.
    Cancel {
        /// Which.
        request: RequestId,
    },
    /// The peer sent a piece with a wrong hash.
    Ban {
        /// Who.
        peer: NodeId,
        /// Which piece.
        piece: PieceIndex,
    },
    /// Every piece is here.
    Completed,
    /// Every piece that is wanted is here.
    Satisfied,
    /// It cannot be had.
    GiveUp(GiveUp),
    /// Why a run is fetched from the origin by this node.
    Fetch {
        /// The request.
        request: RequestId,
        /// The run.
        pieces: PieceRange,
        /// Why.
        why: FetchReason,
    },
}

impl Order {
    /// What of an action is kept; `None` for what is said to others.
    pub fn of(action: &Action) -> Option<Self> {
        Some(match *action {
            Action::Send { .. } => return None,
            Action::Request { request, from, pieces } => Self::Request { request, from, pieces },
            Action::Cancel { request } => Self::Cancel { request },
            Action::Ban { peer, piece } => Self::Ban { peer, piece },
            Action::Completed => Self::Completed,
            Action::Satisfied => Self::Satisfied,
            Action::GiveUp(why) => Self::GiveUp(why),
            Action::Explain(Explain::Fetch { request, pieces, why }) => Self::Fetch { request, pieces, why },
        })
    }
}

/// How a trace ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The node was stopped.
    Stopped,
    /// The trace was as long as it may be; the node went on.
    Full,
}

/// One entry of a trace.
#[derive(Clone, Debug)]
pub enum Record {
    /// A content is driven from now on.
    Opened {
        /// Its name in what follows.
        slot: Slot,
        /// With what.
        opened: Box<Opened>,
    },
    /// It is driven no longer; what it takes back follows.
    Closed {
        /// Which.
        slot: Slot,
    },
    /// A machine was told something.
    Input {
        /// Whose machine.
        slot: Slot,
        /// What the node allowed it meanwhile.
        allowed: Allowed,
        /// What.
        input: Box<Input>,
    },
    /// A machine ordered something.
    Order {
        /// Whose machine.
        slot: Slot,
        /// What.
        order: Order,
    },
    /// The origin began to answer a request.
    Answered {
        /// Of which content.
        slot: Slot,
        /// Which request.
        request: RequestId,
    },
    /// So many records are missing here: the disk was slower than the node.
    Dropped {
        /// How many.
        records: u64,
    },
    /// Nothing follows.
    End(End),
}
