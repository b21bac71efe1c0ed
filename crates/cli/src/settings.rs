//! What the command line says of a node; it counts before the configuration file, and that before the defaults.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use swarmline_engine::{Settings, listen_address};
use swarmline_net::{Discovery, PeerAddr};
use swarmline_types::CapacityClass;

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

    /// How much of the site's work at the origin to take on, by what this host's line to the others bears
    /// [default: wired]
    #[arg(long, value_enum, value_name = "CLASS")]
    pub(crate) class: Option<ClassArg>,

    /// Receive at most this much from origin and peers together: 20mbit, 5MB/s [default: unlimited]
    #[arg(long, value_name = "RATE")]
    pub(crate) max_download_rate: Option<Limit>,

    /// Send at most this much to peers [default: unlimited]
    #[arg(long, value_name = "RATE")]
    pub(crate) max_upload_rate: Option<Limit>,
}

impl NetworkArgs {
    /// Puts what the command line says over what was said before.
    pub(crate) fn over(&self, mut settings: Settings) -> Settings {
        if !self.peers.is_empty() {
            settings.peers.clone_from(&self.peers);
        }
        if !self.listen.is_empty() {
            settings.listen.clone_from(&self.listen);
        }
        settings.discovery = self.discovery.map_or(settings.discovery, Into::into);
        settings.class = self.class.map_or(settings.class, Into::into);
        settings.max_download_rate =
            self.max_download_rate.map_or(settings.max_download_rate, |limit| limit.0);
        settings.max_upload_rate = self.max_upload_rate.map_or(settings.max_upload_rate, |limit| limit.0);
        settings
    }

    /// The options that were given: what a process that is already running does not take over.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        [
            (!self.peers.is_empty(), "--peer"),
            (self.discovery.is_some(), "--discovery"),
            (!self.listen.is_empty(), "--listen"),
            (self.class.is_some(), "--class"),
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

/// What a host can do for the others of its site.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ClassArg {
    /// A full share
    Wired,
    /// A third of it
    Wifi,
    /// A twentieth: a slow line, or on battery
    Slow,
    /// Nothing for others
    Never,
}

impl From<ClassArg> for CapacityClass {
    fn from(arg: ClassArg) -> Self {
        match arg {
            ClassArg::Wired => Self::Wired,
            ClassArg::Wifi => Self::Wifi,
            ClassArg::Slow => Self::Slow,
            ClassArg::Never => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use swarmline_net::Discovery;
    use swarmline_types::Rate;

    use super::*;

    #[test]
    fn the_command_line_wins_where_it_speaks() {
        let file = Settings {
            discovery: Discovery::Off,
            class: CapacityClass::Wifi,
            max_upload_rate: Rate::bytes_per_s(5),
            peers: vec!["192.0.2.1:1".parse().unwrap()],
            ..Settings::default()
        };
        let silent = NetworkArgs::default().over(file.clone());
        assert_eq!((silent.discovery, silent.max_upload_rate), (file.discovery, file.max_upload_rate));
        assert_eq!((silent.peers, silent.class), (file.peers.clone(), CapacityClass::Wifi));

        let args = NetworkArgs {
            discovery: Some(DiscoveryArg::Static),
            class: Some(ClassArg::Slow),
            max_upload_rate: Some(Limit(None)),
            peers: vec!["192.0.2.2:2".parse().unwrap()],
            ..NetworkArgs::default()
        };
        let spoken = args.over(file);
        assert_eq!((spoken.discovery, spoken.max_upload_rate), (Discovery::Static, None));
        assert_eq!((spoken.peers, spoken.class), (args.peers.clone(), CapacityClass::Slow));
        assert_eq!(args.given(), ["--peer", "--discovery", "--class", "--max-upload-rate"]);
    }
}
