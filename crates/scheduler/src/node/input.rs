//! What the driver tells the machine of one node.

use std::net::SocketAddr;

use swarmline_types::message::{BlockRequest, WireRequest};
use swarmline_types::{CapacityClass, ContentId, NodeId};

use super::serving::Ticket;
use crate::hours::TimeOfDay;

/// A fact that has already happened.
#[derive(Clone, Debug)]
pub enum NodeInput {
    /// Discovery or a member named a node.
    Found {
        /// Who.
        node: NodeId,
        /// Where it accepts connections.
        addr: SocketAddr,
    },
    /// A connection stands and the peer said hello.
    Up {
        /// Who.
        peer: NodeId,
        /// Where it accepts connections; `None` if it accepts none.
        addr: Option<SocketAddr>,
        /// How much origin work it takes on.
        class: CapacityClass,
        /// What it holds or wants.
        contents: Vec<ContentId>,
    },
    /// The connection is gone.
    Down {
        /// Who.
        peer: NodeId,
        /// It said goodbye.
        clean: bool,
    },
    /// A peer holds or wants one more content.
    Joined {
        /// Who.
        peer: NodeId,
        /// Which.
        content: ContentId,
    },
    /// A peer no longer holds or wants a content.
    Left {
        /// Who.
        peer: NodeId,
        /// Which.
        content: ContentId,
    },
    /// A peer asks for bytes.
    Asked {
        /// Who.
        peer: NodeId,
        /// Of which content.
        content: ContentId,
        /// What.
        block: BlockRequest,
        /// Whether this node has that piece.
        has: bool,
    },
    /// A peer takes back what it asked for.
    Revoked {
        /// Who.
        peer: NodeId,
        /// Its name for it.
        request: WireRequest,
    },
    /// The bytes of a ticket are handed to the network, or cannot be.
    Served {
        /// Which.
        ticket: Ticket,
    },
    /// A peer sent a bad piece of this content.
    Banned {
        /// Who.
        peer: NodeId,
        /// Of which content.
        content: ContentId,
    },
    /// What the clock on the wall shows: told at the start and whenever it was set, for limits that depend on the hour.
    Clock(TimeOfDay),
    /// [`Node::poll_timeout`](crate::Node::poll_timeout) has come.
    Timer,
}
