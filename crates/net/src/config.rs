//! What a node's network is told before it starts.

use std::net::SocketAddr;

use swarmline_types::CapacityClass;

use crate::address::PeerAddr;

/// How a node learns of others before anybody told it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Discovery {
    /// Multicast DNS on every network the host is on, and the static peers.
    #[default]
    Mdns,
    /// The static peers only.
    Static,
    /// Nobody is looked for, also no static peers; others may still come.
    Off,
}

/// Which implementation of the same wire protocols carries the connections.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Transport {
    /// Ciphers ordered by CPU, large frames, bounded queues.
    #[default]
    Fast,
    /// libp2p's own, about half as fast.
    Stock,
}

/// Settings of a node's network; they hold until it is shut down.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// The secret of the node's key; also seeds the jitter of its redials.
    pub seed: [u8; 32],
    /// Where to accept connections; port 0 takes a free one. Default: every IPv4 network, free port.
    pub listen: Vec<SocketAddr>,
    /// How to find others. Default: [`Discovery::Mdns`].
    pub discovery: Discovery,
    /// Dialled at start and again whenever they are lost, after 1 s growing to 30 s. Default: none.
    pub static_peers: Vec<PeerAddr>,
    /// Software and version, for people. Printable ASCII; what is beyond 64 characters is not told.
    pub agent: String,
    /// How much origin work the node takes on. Default: [`CapacityClass::Wired`].
    pub class: CapacityClass,
    /// Which transport. Default: [`Transport::Fast`].
    pub transport: Transport,
    /// Most peers at one time; taken as 1 to 64. Default: 64.
    pub max_peers: usize,
}

impl NetConfig {
    /// The defaults, for the node of this seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            listen: vec![SocketAddr::from(([0, 0, 0, 0], 0))],
            discovery: Discovery::default(),
            static_peers: Vec::new(),
            agent: concat!("swarmline/", env!("CARGO_PKG_VERSION")).into(),
            class: CapacityClass::default(),
            transport: Transport::default(),
            max_peers: PEERS_MAX,
        }
    }
}

/// Most peers that a node is ever connected to: 64.
pub const PEERS_MAX: usize = 64;
