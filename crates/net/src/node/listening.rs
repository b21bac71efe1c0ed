//! Accepting connections, and knowing where.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::PoisonError;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use libp2p::TransportError;
use libp2p::swarm::SwarmEvent;

use super::Node;
use crate::address::{multiaddr, socket_addr};
use crate::error::NetError;

impl Node {
    /// Listens on all of `addrs`; returns when each has an address that others can use.
    pub(super) async fn listen(&mut self, addrs: &[SocketAddr]) -> Result<(), NetError> {
        for addr in addrs {
            refuse_port_in_use(*addr)?;
            self.swarm.listen_on(multiaddr(*addr)).map_err(|error| match error {
                TransportError::Other(source) => listen_error(*addr, source),
                TransportError::MultiaddrNotSupported(_) => {
                    listen_error(*addr, io::ErrorKind::Unsupported.into())
                }
            })?;
        }
        let mut bound = BTreeSet::new();
        let all_bound = async {
            while bound.len() < addrs.len() {
                let event = self.swarm.select_next_some().await;
                if let SwarmEvent::NewListenAddr { listener_id, .. } = &event {
                    bound.insert(listener_id.to_string());
                }
                self.on_swarm(event);
            }
        };
        tokio::time::timeout(INTERFACE_MAX, all_bound)
            .await
            .map_err(|_| NetError::NoInterface(INTERFACE_MAX))?;
        // The other networks of the host are usually known by now.
        while let Some(event) = self.swarm.select_next_some().now_or_never() {
            self.on_swarm(event);
        }
        Ok(())
    }

    /// The addresses changed: everybody who connects from here on hears of the port.
    pub(super) fn on_listening(&mut self) {
        let addrs: Vec<_> = self.swarm.listeners().filter_map(socket_addr).collect();
        tracing::info!(?addrs, "listening");
        self.hello.listen_port = addrs.first().map_or(0, SocketAddr::port);
        *self.shared.listen.write().unwrap_or_else(PoisonError::into_inner) = addrs;
    }
}

/// libp2p shares its port with whoever else of the same user is willing to share; so ask for it alone first.
fn refuse_port_in_use(addr: SocketAddr) -> Result<(), NetError> {
    match addr.port() {
        0 => Ok(()),
        _ => TcpListener::bind(addr).map(drop).map_err(|error| listen_error(addr, error)),
    }
}

fn listen_error(addr: SocketAddr, source: io::Error) -> NetError {
    match source.kind() {
        io::ErrorKind::AddrInUse => NetError::PortInUse { addr },
        _ => NetError::Listen { addr, source },
    }
}

/// The system tells of its networks a moment after listening began.
const INTERFACE_MAX: Duration = Duration::from_secs(5);
