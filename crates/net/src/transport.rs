//! Connections between nodes: TCP, TLS and Yamux, upgraded as any libp2p does it.
//!
//! Both stacks speak the same protocols on the wire. The fast one orders ciphers by CPU, sends large frames and bounds
//! what it queues; the stock one is libp2p's own, for comparison and in case of doubt.

mod buffer;
mod queues;
mod socket;
mod verifier;

mod mux;
mod records;

mod tls;

use std::time::Duration;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, Transport as _};
use libp2p::core::upgrade::Version;
use libp2p::{PeerId, tcp};

use crate::Identity;
use crate::config::Transport;

pub use tls::TlsSetupError;

/// Builds the stack that the configuration names.
pub(crate) fn build(
    identity: &Identity,
    transport: Transport,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, TlsSetupError> {
    let sockets = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true))
        .map(|tcp, _| socket::Socket::new(tcp.0))
        .upgrade(Version::V1Lazy);
    Ok(match transport {
        Transport::Fast => sockets
            .authenticate(tls::Tls::new(identity)?)
            .multiplex(mux::Mux::new())
            .timeout(UPGRADE_MAX)
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
            .boxed(),
        Transport::Stock => sockets
            .authenticate(libp2p::tls::Config::new(identity.keypair())?)
            .multiplex(libp2p::yamux::Config::default())
            .timeout(UPGRADE_MAX)
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
            .boxed(),
    })
}

/// A connection that is not encrypted and multiplexed by then is given up.
const UPGRADE_MAX: Duration = Duration::from_secs(10);
