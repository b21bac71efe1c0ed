//! The parts of libp2p that a node uses.

use std::time::Duration;

use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{identify, mdns, ping};

use crate::Identity;
use crate::config::{Discovery, NetConfig};
use crate::streams;

#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    limits: connection_limits::Behaviour,
    streams: streams::Behaviour,
    ping: ping::Behaviour,
    identify: identify::Behaviour,
    mdns: Toggle<mdns::tokio::Behaviour>,
}

impl Behaviour {
    pub(super) fn new(identity: &Identity, config: &NetConfig) -> Self {
        let established = u32::try_from(config.max_peers).unwrap_or(u32::MAX).saturating_add(NEWCOMERS_MAX);
        let limits = ConnectionLimits::default()
            .with_max_established(Some(established))
            .with_max_established_per_peer(Some(PER_PEER_MAX))
            .with_max_pending_incoming(Some(PENDING_MAX))
            .with_max_pending_outgoing(Some(PENDING_MAX));
        let identify = identify::Config::new(PROTOCOL_FAMILY.into(), identity.keypair().public())
            .with_agent_version(config.agent.clone())
            .with_push_listen_addr_updates(false)
            .with_cache_size(0);
        Self {
            limits: connection_limits::Behaviour::new(limits),
            streams: streams::Behaviour::default(),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_EVERY).with_timeout(PING_MAX)),
            identify: identify::Behaviour::new(identify),
            mdns: mdns(identity, config).into(),
        }
    }

    pub(super) fn has_mdns(&self) -> bool {
        self.mdns.is_enabled()
    }
}

/// `None` when it is not wanted, or the host does not have it: others may still find us, or we them by their address.
fn mdns(identity: &Identity, config: &NetConfig) -> Option<mdns::tokio::Behaviour> {
    if config.discovery != Discovery::Mdns {
        return None;
    }
    match mdns::tokio::Behaviour::new(mdns::Config::default(), identity.peer_id()) {
        Ok(mdns) => Some(mdns),
        Err(error) => {
            tracing::warn!(%error, "no discovery by mDNS on this host");
            None
        }
    }
}

/// What identify calls the family of protocols that both sides must share.
const PROTOCOL_FAMILY: &str = "/swarmline/1";
/// Connections beyond the peers, for those that come while it is decided who stays.
const NEWCOMERS_MAX: u32 = 8;
/// Two nodes that dial each other have two for a moment.
const PER_PEER_MAX: u32 = 2;
/// Connections in each direction that are not encrypted yet.
const PENDING_MAX: u32 = 32;
const PING_EVERY: Duration = Duration::from_secs(10);
/// A peer that answers no ping for so long is gone.
const PING_MAX: Duration = Duration::from_secs(15);
