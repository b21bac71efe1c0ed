//! The exchange of hellos, which also settles which connection of two is kept.
//!
//! Two nodes that dial each other at the same moment get two connections, and both must keep the same one. So the one
//! with the smaller id decides: it says hello on the connection it keeps and on no other. The other one says hello at
//! once on every connection, and a session is what has both hellos. No clock and no order of arrival is involved.

use std::net::SocketAddr;

use futures::AsyncReadExt;
use libp2p::Stream;
use libp2p::swarm::ConnectionId;
use swarmline_types::NodeId;
use swarmline_types::message::{Hello, Message};

use super::frames::{ControlReader, ControlWriter, Frame};
use crate::error::{CloseReason, Violation};
use crate::streams::{HANDSHAKE_MAX, Streams};

/// A connection on which the peer has said hello.
pub(crate) struct Greeted {
    pub(crate) node: NodeId,
    pub(crate) connection: ConnectionId,
    /// Where the peer can be dialled.
    pub(crate) addr: SocketAddr,
    /// Whether the connection goes over loopback.
    pub(crate) loopback: bool,
    pub(crate) hello: Hello,
    /// What we said to it, if that has been said.
    pub(super) said: Option<Hello>,
    pub(super) control: (ControlReader, ControlWriter),
    pub(super) data: Stream,
}

/// Whom a connection leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whom {
    pub(crate) me: NodeId,
    pub(crate) node: NodeId,
    pub(crate) connection: ConnectionId,
    /// The other end of the connection.
    pub(crate) remote: SocketAddr,
    /// Whether we dialled it, so that `remote` is where it listens.
    pub(crate) dialled: bool,
}

impl Whom {
    /// Whether we decide which of several connections is kept.
    pub(crate) fn we_decide(&self) -> bool {
        self.me < self.node
    }
}

/// Exchanges hellos as far as that can be done before it is decided whether the connection is kept.
/// Dropping it half-way closes the streams.
pub(crate) async fn greet(whom: Whom, streams: Streams, hello: Hello) -> Result<Greeted, CloseReason> {
    let (reader, writer) = streams.control.split();
    let (mut reader, mut writer) = (ControlReader::new(reader), ControlWriter::new(writer));
    let exchange = async {
        if !whom.we_decide() {
            writer.push(&Message::Hello(hello.clone()));
            writer.write().await?;
        }
        match reader.next().await? {
            Frame::Message(Message::Hello(hello)) => Ok(hello),
            Frame::Goodbye => Err(CloseReason::Goodbye),
            Frame::Message(_) => Err(Violation::NoHello.into()),
        }
    };
    let theirs =
        tokio::time::timeout(HANDSHAKE_MAX, exchange).await.unwrap_or(Err(Violation::NoHello.into()))?;
    let port = if whom.dialled { whom.remote.port() } else { theirs.listen_port };
    Ok(Greeted {
        node: whom.node,
        connection: whom.connection,
        addr: SocketAddr::new(whom.remote.ip(), port),
        loopback: whom.remote.ip().is_loopback(),
        hello: theirs,
        said: (!whom.we_decide()).then_some(hello),
        control: (reader, writer),
        data: streams.data,
    })
}
