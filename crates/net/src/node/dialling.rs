//! Dialling on order and on configuration, and what comes of it.

use std::net::SocketAddr;
use std::time::Instant;

use libp2p::PeerId;
use libp2p::core::ConnectedPoint;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError};
use swarmline_types::NodeId;

use super::{Link, Node};
use crate::address::{multiaddr, socket_addr};
use crate::event::NetEvent;
use crate::identity::{node_id_of, peer_id_of};

/// One attempt under way. libp2p's limit of pending connections bounds them.
pub(super) struct Dial {
    node: Option<NodeId>,
    addr: SocketAddr,
    /// The configured peer it is for.
    configured: Option<usize>,
}

/// The address of a configured peer.
pub(super) struct Lookup {
    index: usize,
    node: Option<NodeId>,
    addr: std::io::Result<SocketAddr>,
}

impl Node {
    /// Dials the configured peers whose time has come.
    pub(super) fn redial_due(&mut self, now: Instant) {
        for (index, peer) in self.redial.take_due(now) {
            match peer.node().filter(|node| self.sessions.contains_key(node)) {
                Some(node) => self.redial.on_connected(index, node),
                None => {
                    self.lookups.spawn(async move {
                        Lookup { index, node: peer.node(), addr: peer.resolve().await }
                    });
                }
            }
        }
    }

    pub(super) fn on_lookup(&mut self, lookup: Lookup) {
        let Lookup { index, node, addr } = lookup;
        match addr {
            Ok(addr) => self.dial(node, addr, Some(index)),
            Err(error) => {
                tracing::debug!(%error, "a configured peer has no address");
                self.redial.on_failed(index, Instant::now());
            }
        }
    }

    pub(super) fn dial(&mut self, node: Option<NodeId>, addr: SocketAddr, configured: Option<usize>) {
        let dial = Dial { node, addr, configured };
        let peer = node.and_then(peer_id_of);
        let known = peer.is_some_and(|peer| self.swarm.is_connected(&peer));
        if node == Some(self.me) || (known && configured.is_none()) {
            return;
        }
        if peer.is_some_and(|peer| self.strangers.contains(&peer, Instant::now())) {
            return self.on_no_connection(&dial);
        }
        // A port of its own for each dial: from the listening port, two nodes that dial each other at the same moment
        // would make one connection with two dialling ends.
        let opts = match peer {
            Some(peer) => DialOpts::peer_id(peer)
                .condition(PeerCondition::DisconnectedAndNotDialing)
                .allocate_new_port()
                .addresses(vec![multiaddr(addr)])
                .build(),
            None => DialOpts::unknown_peer_id().address(multiaddr(addr)).allocate_new_port().build(),
        };
        let connection = opts.connection_id();
        match self.swarm.dial(opts) {
            Ok(()) => {
                self.dials.insert(connection, dial);
            }
            Err(error) => self.on_refused_dial(&dial, &error),
        }
    }

    pub(super) fn on_dial_failed(&mut self, connection: ConnectionId, error: &DialError) {
        if let Some(dial) = self.dials.remove(&connection) {
            self.on_refused_dial(&dial, error);
        }
    }

    fn on_refused_dial(&mut self, dial: &Dial, error: &DialError) {
        tracing::debug!(addr = %dial.addr, %error, "nobody to talk to there");
        match (error, dial.configured) {
            (DialError::LocalPeerId { .. }, Some(index)) => self.redial.on_self(index),
            (DialError::LocalPeerId { .. }, None) => {}
            // It is being dialled at another address or connected already.
            (DialError::DialPeerConditionFalse(_), None) => {}
            _ => self.on_no_connection(dial),
        }
    }

    fn on_no_connection(&mut self, dial: &Dial) {
        match dial.configured {
            Some(index) => self.redial.on_failed(index, Instant::now()),
            None => self.post(NetEvent::Unreachable { node: dial.node, addr: dial.addr }),
        }
    }

    pub(super) fn on_connected(&mut self, peer: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        let dial = self.dials.remove(&connection);
        let remote = socket_addr(endpoint.get_remote_address());
        let (Some(node), Some(remote)) = (node_id_of(&peer), remote) else {
            tracing::debug!(%peer, "a peer whose key is of another kind");
            self.swarm.close_connection(connection);
            return;
        };
        if let Some(index) = dial.and_then(|dial| dial.configured) {
            self.redial.on_connected(index, node);
        }
        self.links.insert(connection, Link { peer, node, remote, dialled: endpoint.is_dialer() });
        // While we dialled, it came to us; it would be told apart anyway, but a hello less is a doubt less.
        if endpoint.is_dialer() && self.sessions.contains_key(&node) {
            self.swarm.close_connection(connection);
        }
    }

    pub(super) fn on_closed(&mut self, connection: ConnectionId) {
        let Some(link) = self.links.remove(&connection) else { return };
        let others = self.links.values().any(|other| other.peer == link.peer);
        if !others && !self.sessions.contains_key(&link.node) {
            self.redial.on_lost(link.node, Instant::now());
        }
    }
}
