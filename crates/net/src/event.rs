//! What the network tells the engine.

use std::net::SocketAddr;

use bytes::Bytes;
use swarmline_proto::wire::RawBody;
use swarmline_types::NodeId;
use swarmline_types::message::{Hello, Message, WireRequest};

use crate::error::CloseReason;

/// A fact that has already happened.
///
/// Of one peer, in order: `Up`, then everything else, then `Down`; and of several connections to the same node one
/// ends before the next begins. Every byte of content that came is in exactly one `Arrived` or `Discarded`, or in what
/// [`Net::cancel`](crate::Net::cancel) returned.
#[derive(Clone, Debug)]
pub enum NetEvent {
    /// A node that can be dialled; discovery told of it, not necessarily again after it was lost.
    Found {
        /// Who, if discovery says it.
        node: Option<NodeId>,
        /// Where.
        addr: SocketAddr,
    },
    /// What [`Net::dial`](crate::Net::dial) tried did not lead to a connection.
    Unreachable {
        /// Who, if it was said.
        node: Option<NodeId>,
        /// Where.
        addr: SocketAddr,
    },
    /// A peer is connected and has said hello.
    Up {
        /// Who: proven by its key.
        node: NodeId,
        /// Where it can be dialled, by us and by others near us. Port 0: it accepts no connections.
        addr: SocketAddr,
        /// What it said.
        hello: Hello,
    },
    /// It is no longer connected; requests that were open are void.
    Down {
        /// Who.
        node: NodeId,
        /// Whether it was expected, as [`CloseReason::is_clean`] says.
        clean: bool,
        /// Why.
        why: CloseReason,
    },
    /// It said something. Never a hello; addresses of members that cannot be neighbours have been taken out.
    Message {
        /// Who said it.
        from: NodeId,
        /// What. A body about a content still has to be compared with its layout.
        message: Message<RawBody>,
    },
    /// Part of an answer came.
    Progress {
        /// From whom.
        from: NodeId,
        /// Of which request.
        request: WireRequest,
        /// Bytes received of it so far.
        received: u32,
    },
    /// An answer is complete.
    Arrived {
        /// From whom.
        from: NodeId,
        /// Of which request.
        request: WireRequest,
        /// All its bytes.
        data: Bytes,
    },
    /// Bytes came that are of no use any more: their request was cancelled, or the peer went down before its end.
    Discarded {
        /// From whom.
        from: NodeId,
        /// Of which request.
        request: WireRequest,
        /// How many bytes.
        bytes: u32,
    },
    /// What [`Net::serve`](crate::Net::serve) queued was handed to the transport. Exactly one for each, unless the
    /// peer goes down before.
    Served {
        /// To whom.
        to: NodeId,
        /// Which request of it.
        request: WireRequest,
        /// How many bytes; fewer than queued if it was withdrawn.
        bytes: u32,
    },
}

/// Most events that wait for the engine. Beyond it peers are read no further until it has taken some.
pub const EVENTS_MAX: usize = 256;
