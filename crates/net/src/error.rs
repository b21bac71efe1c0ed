//! What can go wrong: at the start, and with a peer.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use swarmline_proto::wire::WireError;
use swarmline_types::message::WireRequest;

use crate::transport::TlsSetupError;

/// Why the network could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// Somebody else listens there.
    #[error("port {} is in use (asked to listen on {addr}); choose another, or 0 for a free one", addr.port())]
    PortInUse {
        /// The address that was asked for.
        addr: SocketAddr,
    },
    /// The system refused to listen.
    #[error("could not listen on {addr}")]
    Listen {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The listener came up without an address.
    #[error("no network interface came up to listen on within {0:?}")]
    NoInterface(Duration),
    /// Encryption could not be set up.
    #[error("could not set up encryption")]
    Tls(#[from] TlsSetupError),
}

/// What a peer did that the protocol forbids.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A message that cannot be read, or is too large.
    #[error("a message breaks the protocol")]
    Wire(#[source] WireError),
    /// The first message was none or another than a hello.
    #[error("no hello came first")]
    NoHello,
    /// There is one hello in each direction.
    #[error("a second hello")]
    SecondHello,
    /// Bytes that nobody asked for, or that had already come.
    #[error("bytes for request {}, which is not open", request.0)]
    Unasked {
        /// The name that the bytes came under.
        request: WireRequest,
    },
    /// More bytes than were asked for.
    #[error("{got} bytes more for request {}, which lacks {left}", request.0)]
    TooMuch {
        /// The name that the bytes came under.
        request: WireRequest,
        /// Bytes that the frame announced.
        got: u32,
        /// Bytes that were missing.
        left: u32,
    },
    /// There is one control and one data stream.
    #[error("more streams than one for control and one for data")]
    ExtraStream,
}

/// Why a peer is no longer connected.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// It said goodbye.
    #[error("the peer said goodbye")]
    Goodbye,
    /// [`Net::disconnect`](crate::Net::disconnect) was called.
    #[error("disconnected: {0}")]
    Disconnected(String),
    /// The node shuts down.
    #[error("this node shuts down")]
    Shutdown,
    /// The peer came back over a new connection before the loss of the old one was noticed.
    #[error("a newer connection to the same node takes over")]
    Replaced,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Lost(String),
    /// It answered no ping.
    #[error("the peer does not answer")]
    Silent,
    /// It took what we sent so slowly that a queue filled up.
    #[error("the peer is too slow: {queue} messages or answers wait for it")]
    Overflow {
        /// The bound that was reached.
        queue: usize,
    },
    /// It broke the protocol.
    #[error("the peer broke the protocol")]
    Violation(#[from] Violation),
}

impl CloseReason {
    /// Whether both sides knew that it would end: the peer left in order, or we did.
    pub fn is_clean(&self) -> bool {
        matches!(self, Self::Goodbye | Self::Disconnected(_) | Self::Shutdown)
    }

    /// Whether the peer is to blame, so that it should not be dialled again soon.
    pub fn is_violation(&self) -> bool {
        matches!(self, Self::Violation(_))
    }
}

impl From<WireError> for CloseReason {
    fn from(error: WireError) -> Self {
        Violation::Wire(error).into()
    }
}

impl From<io::Error> for CloseReason {
    fn from(error: io::Error) -> Self {
        Self::Lost(error.to_string())
    }
}
