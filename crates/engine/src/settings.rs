//! Settings of a node as an administrator gives them: the defaults, and over them a configuration file.
//!
//! Everything that runs an engine reads the same file; what wins over it is each program's own affair.

mod file;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use swarmline_net::{Discovery, NetConfig, PeerAddr, Transport};
use swarmline_scheduler::NodeConfig;
use swarmline_types::{CapacityClass, Rate};

pub use file::ConfigError;

use crate::config::EngineConfig;

/// What a node runs with. The default is that of a node which nobody configured, see [`EngineConfig`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// `None`, the default: where this user's state stands.
    pub state_dir: Option<PathBuf>,
    /// Where to accept connections.
    pub listen: Vec<SocketAddr>,
    /// How to find other nodes.
    pub discovery: Discovery,
    /// Nodes to connect to.
    pub peers: Vec<PeerAddr>,
    /// How much of the site's origin work this node takes on.
    pub class: CapacityClass,
    /// Limit on what is received from origin and peers together. Default none.
    pub max_download_rate: Option<Rate>,
    /// Limit on what is sent to peers. Default none.
    pub max_upload_rate: Option<Rate>,
    /// Peers at one time.
    pub max_connections: usize,
    /// Which implementation of the peer protocol carries the connections.
    pub transport: Transport,
    /// Without a byte from anybody for this long a download fails.
    pub no_progress_timeout: Duration,
    /// Where a trace of the node is written. Default nowhere.
    pub trace: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        let EngineConfig { net, no_progress_timeout, .. } = EngineConfig::default();
        Self {
            state_dir: None,
            listen: net.listen,
            discovery: net.discovery,
            peers: net.static_peers,
            class: net.class,
            max_download_rate: None,
            max_upload_rate: None,
            max_connections: net.max_peers,
            transport: net.transport,
            no_progress_timeout,
            trace: None,
        }
    }
}

impl Settings {
    /// As the engine takes them. Its identity comes from the state directory.
    pub fn engine(&self) -> EngineConfig {
        let default = EngineConfig::default();
        let net = NetConfig {
            listen: self.listen.clone(),
            discovery: self.discovery,
            static_peers: self.peers.clone(),
            class: self.class,
            transport: self.transport,
            max_peers: self.max_connections,
            ..default.net
        };
        let node = NodeConfig {
            connections_max: self.max_connections,
            download_rate: self.max_download_rate,
            upload_rate: self.max_upload_rate,
            ..default.node
        };
        let (no_progress_timeout, trace) = (self.no_progress_timeout, self.trace.clone());
        EngineConfig { net, node, no_progress_timeout, trace, ..default }
    }
}

/// Reads `ADDRESS:PORT`, or `:PORT` for every IPv4 network.
///
/// # Errors
/// What is wrong with it, in words for people.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let form =
        || format!("{text:?} is no address to listen on; write it like 0.0.0.0:7000, [::]:7000 or :7000");
    if let Some(port) = text.strip_prefix(':') {
        let port = port.parse().map_err(|_| form())?;
        return Ok((Ipv4Addr::UNSPECIFIED, port).into());
    }
    text.parse().map_err(|_| form())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_to_listen_on_has_a_port() {
        assert_eq!(listen_address("127.0.0.1:7000"), Ok(([127, 0, 0, 1], 7000).into()));
        assert_eq!(listen_address(":0").map(|addr| addr.port()), Ok(0));
        for refused in ["127.0.0.1", "7000", ":", ":70000", "host:1"] {
            assert!(listen_address(refused).unwrap_err().contains("write it like"), "{refused}");
        }
    }
}
