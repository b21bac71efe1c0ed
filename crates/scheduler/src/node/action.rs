//! What the machine of one node orders.

use std::net::SocketAddr;

use swarmline_types::message::{BlockRequest, MemberInfo, WireRequest};
use swarmline_types::{CapacityClass, ContentId, NodeId};

use super::serving::Ticket;

/// An order that only the driver can carry out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NodeAction {
    /// Open a connection.
    Dial {
        /// Whom.
        node: NodeId,
        /// Where.
        addr: SocketAddr,
    },
    /// Close a connection.
    Disconnect {
        /// Whom.
        peer: NodeId,
    },
    /// Tell the content: this peer shares it.
    Meet {
        /// The content.
        content: ContentId,
        /// The peer.
        peer: NodeId,
        /// How much origin work it takes on.
        class: CapacityClass,
    },
    /// Tell the content: this peer shares it no longer.
    Part {
        /// The content.
        content: ContentId,
        /// The peer.
        peer: NodeId,
        /// It said so, instead of vanishing.
        clean: bool,
    },
    /// Tell a peer of other members of a content.
    Introduce {
        /// Whom.
        to: NodeId,
        /// The content.
        content: ContentId,
        /// The members.
        members: Vec<MemberInfo>,
    },
    /// Read these bytes and send them; answer with [`NodeInput::Served`](crate::NodeInput::Served).
    Serve {
        /// Its name.
        ticket: Ticket,
        /// To whom.
        peer: NodeId,
        /// Of which content.
        content: ContentId,
        /// What.
        block: BlockRequest,
    },
    /// Tell a peer: busy, or: not here.
    Reject {
        /// Whom.
        peer: NodeId,
        /// Of which content.
        content: ContentId,
        /// Its name for what it asked.
        request: WireRequest,
    },
    /// Give the content [`Input::Timer`](crate::Input::Timer): it may start what it could not before.
    Wake {
        /// The content.
        content: ContentId,
    },
}
