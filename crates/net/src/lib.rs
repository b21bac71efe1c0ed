//! The network of a node: the only crate that names libp2p.
//!
//! It proves who is there, finds and keeps connections, and carries messages and bytes; it decides nothing about
//! contents. [`Net`] takes orders and never waits, the receiver beside it gives [`NetEvent`]s in order:
//!
//! ```no_run
//! # async fn example() -> Result<(), swarmline_net::NetError> {
//! use swarmline_net::{Net, NetConfig, NetEvent};
//!
//! let (net, mut events) = Net::start(NetConfig::new([7; 32])).await?;
//! println!("{} listens on {:?}", net.node(), net.listen_addrs());
//! while let Some(event) = events.recv().await {
//!     match event {
//!         NetEvent::Found { node, addr } => net.dial(node, addr),
//!         NetEvent::Up { node, hello, .. } => println!("{node} runs {}", hello.agent),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Peers are strangers: everything they send has a bound, whoever breaks the protocol is disconnected, and nobody can
//! make the node hold more than its queues or slow down its other peers. When the engine is slow, the peers become
//! slow; when a peer is slow, only that peer is.
//!
//! Between two nodes there is one connection (TCP, TLS 1.3, Yamux) with one control and one data stream, both opened by
//! the side that dialled. Bulk goes in turns of a few milliseconds, so that messages never wait long behind it.

mod buffers;
mod config;
mod error;
mod identity;
mod pace;

mod address;
mod event;
mod transport;

mod streams;

mod session;

mod directory;

mod node;

mod net;

#[cfg(test)]
mod hostile;

pub use address::{ParsePeerError, PeerAddr};
pub use config::{Discovery, NetConfig, PEERS_MAX, Transport};
pub use error::{CloseReason, NetError, Violation};
pub use event::{EVENTS_MAX, NetEvent};
pub use identity::Identity;
pub use net::Net;
pub use transport::TlsSetupError;
