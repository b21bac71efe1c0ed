//! Settings of a node: defaults, then the configuration file, then the command line; the last that speaks counts.

mod file;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use swarmline_engine::EngineConfig;
use swarmline_net::{Discovery, NetConfig, PeerAddr, Transport};
use swarmline_origin::OriginConfig;
use swarmline_scheduler::NodeConfig;
use swarmline_types::CapacityClass;

pub(crate) use file::read;

use crate::values::Limit;

/// How a node joins the swarm, on the command line.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Connect to this node: host:port, or a multiaddr such as /ip4/192.0.2.7/tcp/7000. May be repeated
    #[arg(long = "peer", value_name = "ADDR")]
    pub(crate) peers: Vec<PeerAddr>,

    /// How to find other nodes [default: mdns]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) discovery: Option<DiscoveryArg>,

    /// Accept connections there: ADDRESS:PORT, :PORT for every IPv4 network, port 0 for a free one. May be repeated
    /// [default: 0.0.0.0:0]
    #[arg(long, value_name = "ADDR", value_parser = listen_address)]
    pub(crate) listen: Vec<SocketAddr>,

    /// Receive at most this much from origin and peers together: 20mbit, 5MB/s [default: unlimited]
    #[arg(long, value_name = "RATE")]
    pub(crate) max_download_rate: Option<Limit>,

    /// Send at most this much to peers [default: unlimited]
    #[arg(long, value_name = "RATE")]
    pub(crate) max_upload_rate: Option<Limit>,
}

impl NetworkArgs {
    /// The options that were given: what a process that is already running does not take over.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        [
            (!self.peers.is_empty(), "--peer"),
            (self.discovery.is_some(), "--discovery"),
            (!self.listen.is_empty(), "--listen"),
            (self.max_download_rate.is_some(), "--max-download-rate"),
            (self.max_upload_rate.is_some(), "--max-upload-rate"),
        ]
        .into_iter()
        .filter_map(|(given, name)| given.then_some(name))
        .collect()
    }
}

/// How to find other nodes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum DiscoveryArg {
    /// Multicast DNS on every network of this host, and the peers that are named
    Mdns,
    /// Only the peers that are named, and those they know
    Static,
    /// Nobody is looked for; others may still come
    Off,
}

impl From<DiscoveryArg> for Discovery {
    fn from(arg: DiscoveryArg) -> Self {
        match arg {
            DiscoveryArg::Mdns => Self::Mdns,
            DiscoveryArg::Static => Self::Static,
            DiscoveryArg::Off => Self::Off,
        }
    }
}

/// What a node runs with.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `None`: where this user's state stands.
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) discovery: Discovery,
    pub(crate) peers: Vec<PeerAddr>,
    pub(crate) class: CapacityClass,
    pub(crate) max_download_rate: Limit,
    pub(crate) max_upload_rate: Limit,
    pub(crate) max_connections: usize,
    pub(crate) transport: Transport,
    pub(crate) no_progress_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let net = NetConfig::new([0; 32]);
        Self {
            state_dir: None,
            listen: net.listen,
            discovery: net.discovery,
            peers: net.static_peers,
            class: net.class,
            max_download_rate: Limit(None),
            max_upload_rate: Limit(None),
            max_connections: net.max_peers,
            transport: net.transport,
            no_progress_timeout: NO_PROGRESS_TIMEOUT,
        }
    }
}

impl Settings {
    /// Puts what the command line says over what was said before.
    pub(crate) fn with(mut self, args: &NetworkArgs) -> Self {
        if !args.peers.is_empty() {
            self.peers.clone_from(&args.peers);
        }
        if !args.listen.is_empty() {
            self.listen.clone_from(&args.listen);
        }
        self.discovery = args.discovery.map_or(self.discovery, Into::into);
        self.max_download_rate = args.max_download_rate.unwrap_or(self.max_download_rate);
        self.max_upload_rate = args.max_upload_rate.unwrap_or(self.max_upload_rate);
        self
    }

    /// As the engine takes it. Its identity comes from the state directory.
    pub(crate) fn engine(&self) -> EngineConfig {
        let net = NetConfig {
            listen: self.listen.clone(),
            discovery: self.discovery,
            static_peers: self.peers.clone(),
            class: self.class,
            transport: self.transport,
            max_peers: self.max_connections,
            ..NetConfig::new([0; 32])
        };
        let node = NodeConfig {
            connections_max: self.max_connections,
            download_rate: self.max_download_rate.0,
            upload_rate: self.max_upload_rate.0,
            ..NodeConfig::default()
        };
        EngineConfig {
            net,
            node,
            origin: OriginConfig::default(),
            no_progress_timeout: self.no_progress_timeout,
            orphan_grace: ORPHAN_GRACE,
        }
    }
}

/// `ADDRESS:PORT`, or `:PORT` for every IPv4 network.
pub(crate) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let form =
        || format!("{text:?} is no address to listen on; write it like 0.0.0.0:7000, [::]:7000 or :7000");
    if let Some(port) = text.strip_prefix(':') {
        let port = port.parse().map_err(|_| form())?;
        return Ok((Ipv4Addr::UNSPECIFIED, port).into());
    }
    text.parse().map_err(|_| form())
}

/// Without a byte from anybody for this long a download fails: 5 min.
pub(crate) const NO_PROGRESS_TIMEOUT: Duration = Duration::from_secs(300);
/// How long a download that no origin serves waits for a peer that offers what is missing: 10 s.
const ORPHAN_GRACE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_where_it_speaks() {
        let file = Settings {
            discovery: Discovery::Off,
            max_upload_rate: Limit(swarmline_types::Rate::bytes_per_s(5)),
            peers: vec!["192.0.2.1:1".parse().unwrap()],
            ..Settings::default()
        };
        let silent = file.clone().with(&NetworkArgs::default());
        assert_eq!((silent.discovery, silent.max_upload_rate), (file.discovery, file.max_upload_rate));
        assert_eq!(silent.peers, file.peers);

        let args = NetworkArgs {
            discovery: Some(DiscoveryArg::Static),
            max_upload_rate: Some(Limit(None)),
            peers: vec!["192.0.2.2:2".parse().unwrap()],
            ..NetworkArgs::default()
        };
        let spoken = file.with(&args);
        assert_eq!((spoken.discovery, spoken.max_upload_rate), (Discovery::Static, Limit(None)));
        assert_eq!(spoken.peers, args.peers);
        assert_eq!(args.given(), ["--peer", "--discovery", "--max-upload-rate"]);
    }

    #[test]
    fn an_address_to_listen_on_has_a_port() {
        assert_eq!(listen_address("127.0.0.1:7000"), Ok(([127, 0, 0, 1], 7000).into()));
        assert_eq!(listen_address(":0").map(|addr| addr.port()), Ok(0));
        for refused in ["127.0.0.1", "7000", ":", ":70000", "host:1"] {
            assert!(listen_address(refused).unwrap_err().contains("write it like"), "{refused}");
        }
    }
}
