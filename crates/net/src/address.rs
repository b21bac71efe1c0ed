//! Where nodes can be dialled: the spellings people type, and which addresses of strangers are believed.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use swarmline_types::NodeId;

use crate::identity::{node_id_of, peer_id_of};

/// Why a text is not the address of a peer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParsePeerError {
    /// Neither `host:port` nor a multiaddr.
    #[error(
        "{text:?} is not the address of a peer; write it like 192.0.2.7:7000, [2001:db8::7]:7000, host:7000 or /ip4/192.0.2.7/tcp/7000"
    )]
    Form {
        /// What was given.
        text: String,
    },
    /// A multiaddr that is not TCP over IP or a name.
    #[error("{text:?} is not TCP: only /ip4, /ip6 or /dns with /tcp, and perhaps /p2p behind it")]
    Protocol {
        /// What was given.
        text: String,
    },
    /// The `/p2p` part names a key that is not ed25519.
    #[error("{text:?} names a peer whose key is not ed25519")]
    Key {
        /// What was given.
        text: String,
    },
    /// Port 0 cannot be dialled.
    #[error("{text:?} has no port to dial")]
    Port {
        /// What was given.
        text: String,
    },
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Host {
    Ip(IpAddr),
    Name(String),
}

/// Where a peer listens, as an administrator writes it: `host:port`, or a multiaddr such as
/// `/ip4/192.0.2.7/tcp/7000/p2p/12D3Koo…`. With a key behind it, nobody else is accepted at that address.
///
/// A name is resolved each time it is dialled.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct PeerAddr {
    host: Host,
    port: u16,
    node: Option<NodeId>,
}

impl PeerAddr {
    /// The address of a peer, and its key if it is known.
    pub fn new(addr: SocketAddr, node: Option<NodeId>) -> Self {
        Self { host: Host::Ip(addr.ip()), port: addr.port(), node }
    }

    /// The key that must answer there, if one was named.
    pub fn node(&self) -> Option<NodeId> {
        self.node
    }

    /// The socket address, looked up if it is a name. Takes the first answer. Safe to drop half-way.
    pub(crate) async fn resolve(&self) -> std::io::Result<SocketAddr> {
        match &self.host {
            Host::Ip(ip) => Ok(SocketAddr::new(*ip, self.port)),
            Host::Name(name) => {
                let mut found = tokio::net::lookup_host((name.as_str(), self.port)).await?;
                found.next().ok_or_else(|| std::io::Error::other(format!("{name} has no address")))
            }
        }
    }
}

impl FromStr for PeerAddr {
    type Err = ParsePeerError;

    fn from_str(text: &str) -> Result<Self, ParsePeerError> {
        let addr = if text.starts_with('/') { parse_multiaddr(text) } else { parse_host_port(text) }?;
        if addr.port == 0 { Err(ParsePeerError::Port { text: text.into() }) } else { Ok(addr) }
    }
}

impl fmt::Display for PeerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut addr = Multiaddr::empty();
        addr.push(match &self.host {
            Host::Ip(ip) => Protocol::from(*ip),
            Host::Name(name) => Protocol::Dns(name.into()),
        });
        addr.push(Protocol::Tcp(self.port));
        if let Some(peer) = self.node.and_then(peer_id_of) {
            addr.push(Protocol::P2p(peer));
        }
        addr.fmt(f)
    }
}

fn parse_host_port(text: &str) -> Result<PeerAddr, ParsePeerError> {
    if let Ok(addr) = text.parse::<SocketAddr>() {
        return Ok(PeerAddr::new(addr, None));
    }
    let form = || ParsePeerError::Form { text: text.into() };
    let (name, port) = text.rsplit_once(':').ok_or_else(form)?;
    let port = port.parse().map_err(|_| form())?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(legal) {
        return Err(form());
    }
    Ok(PeerAddr { host: Host::Name(name.into()), port, node: None })
}

fn parse_multiaddr(text: &str) -> Result<PeerAddr, ParsePeerError> {
    let addr: Multiaddr = text.parse().map_err(|_| ParsePeerError::Form { text: text.into() })?;
    let protocol = || ParsePeerError::Protocol { text: text.into() };
    let mut parts = addr.iter();
    let host = match parts.next() {
        Some(Protocol::Ip4(ip)) => Host::Ip(ip.into()),
        Some(Protocol::Ip6(ip)) => Host::Ip(ip.into()),
        Some(Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name)) => {
            Host::Name(name.into_owned())
        }
        _ => return Err(protocol()),
    };
    let Some(Protocol::Tcp(port)) = parts.next() else { return Err(protocol()) };
    let node = match parts.next() {
        None => None,
        Some(Protocol::P2p(peer)) => {
            Some(node_id_of(&peer).ok_or_else(|| ParsePeerError::Key { text: text.into() })?)
        }
        Some(_) => return Err(protocol()),
    };
    if parts.next().is_some() {
        return Err(protocol());
    }
    Ok(PeerAddr { host, port, node })
}

/// `/ip4/…/tcp/…` or `/ip6/…/tcp/…`, whatever follows; `None` for everything else.
pub(crate) fn socket_addr(addr: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = addr.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) => Some(SocketAddr::new(ip, port)),
        _ => None,
    }
}

pub(crate) fn multiaddr(addr: SocketAddr) -> Multiaddr {
    Multiaddr::empty().with(addr.ip().into()).with(Protocol::Tcp(addr.port()))
}

/// Whether an address that a stranger told is dialled at all.
///
/// Only what can be a neighbour: private, link-local and unique local addresses, so that nobody can point a site's
/// nodes at somebody on the Internet. Loopback is believed only if the news itself came over loopback: from anywhere
/// else it would point at our own host. Configured addresses do not pass here.
pub(crate) fn is_believable(addr: SocketAddr, came_over_loopback: bool) -> bool {
    let near = match addr.ip() {
        ip if ip.is_loopback() => came_over_loopback,
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    near && addr.port() != 0
}

/// Longest name that DNS allows.
const NAME_MAX: usize = 253;

#[cfg(test)]
mod tests {
    use libp2p::PeerId;

    use super::*;
    use crate::Identity;

    fn parse(text: &str) -> Result<PeerAddr, ParsePeerError> {
        text.parse()
    }

    #[test]
    fn every_spelling_of_a_peer_is_read() {
        let key = Identity::from_seed([1; 32]);
        for (text, shown) in [
            ("192.0.2.7:7000", "/ip4/192.0.2.7/tcp/7000"),
            ("[2001:db8::7]:7000", "/ip6/2001:db8::7/tcp/7000"),
            ("cache.office.example:7000", "/dns/cache.office.example/tcp/7000"),
            ("/ip4/192.0.2.7/tcp/7000", "/ip4/192.0.2.7/tcp/7000"),
            ("/dns4/cache/tcp/7000", "/dns/cache/tcp/7000"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), shown);
            assert_eq!(parse(shown).unwrap().to_string(), shown, "what is shown can be read");
        }
        let text = format!("/ip4/192.0.2.7/tcp/7000/p2p/{}", key.peer_id());
        let addr = parse(&text).unwrap();
        assert_eq!((addr.node(), addr.to_string()), (Some(key.node()), text));
    }

    #[test]
    fn what_is_no_peer_is_refused_with_the_reason() {
        let reason = |text: &str| parse(text).unwrap_err();
        for text in ["", "host", "host:", "host:x", ":7000", "a b:7000", "/ip4/1/tcp/7000", "::1:7000x"] {
            assert!(matches!(reason(text), ParsePeerError::Form { .. }), "{text}");
        }
        for text in ["/ip4/192.0.2.7/udp/7000", "/tcp/7000", "/ip4/192.0.2.7", "/ip4/1.2.3.4/tcp/7000/ws"] {
            assert!(matches!(reason(text), ParsePeerError::Protocol { .. }), "{text}");
        }
        assert!(matches!(reason("192.0.2.7:0"), ParsePeerError::Port { .. }));
        let hashed = format!("/ip4/192.0.2.7/tcp/7000/p2p/{}", PeerId::random());
        assert!(matches!(reason(&hashed), ParsePeerError::Key { .. }));
    }

    #[test]
    fn strangers_can_only_name_neighbours() {
        let believed = |text: &str, over_loopback| is_believable(text.parse().unwrap(), over_loopback);
        for near in
            ["10.1.2.3:1", "172.16.0.1:1", "192.168.1.1:1", "169.254.3.4:1", "[fd00::1]:1", "[fe80::1]:1"]
        {
            assert!(believed(near, false), "{near}");
        }
        for far in ["8.8.8.8:1", "[2001:db8::1]:1", "0.0.0.0:1", "224.0.0.251:5353", "[::]:1", "[ff02::fb]:1"]
        {
            assert!(!believed(far, true), "{far}");
        }
        assert!(!believed("10.1.2.3:0", false));
        for own in ["127.0.0.1:1", "[::1]:1"] {
            assert!(believed(own, true) && !believed(own, false), "{own}");
        }
    }
}
