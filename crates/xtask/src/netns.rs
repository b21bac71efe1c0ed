//! Small office networks on one machine, made of network namespaces.
//!
//! ```text
//!     host1 --lan--+                                +--lan-- host4
//!     host2 --lan--+-- switch1 --wan--+   +--wan-- switch2 --lan-- host5
//!     host3 --lan--+                  |   |         +--lan-- host6
//!                                     origin
//! ```
//!
//! Every machine of the picture is a namespace, each switch a bridge in one of its own; every cable is a pair of
//! virtual network cards, shaped at both ends. Nothing passes from one switch to another: a machine with two cards
//! does not route. Builds and removes; what runs in it is [`process`]'s business and what is measured is the caller's.
//! Whatever way the program ends, [`reaper`] removes what was built.

pub(crate) mod process;
pub(crate) mod reaper;

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::workspace::output;
use reaper::Reaper;

/// What a bucket lets through at once: this many milliseconds at its rate …
const BURST_MS: u64 = 4;
/// … and never less than this, or no full packet passes.
const BURST_BYTES_MIN: u64 = 16 * 1024;
/// How long a packet waits in a shaper before it is dropped, as in the queue of an ordinary router.
const QUEUE: &str = "50ms";
/// The congestion control of all connections, that of most offices, so that figures of two machines compare. It is asked
/// for by the route, since a namespace may not choose what the machine does not allow everybody.
const CONGESTION_CONTROL: &str = "cubic";
/// Where multicast goes, or discovery finds no route.
const MULTICAST: &str = "224.0.0.0/4";

const BRIDGE: &str = "lan";

/// Why this machine cannot hold such a network; `None` when it can.
pub(crate) fn obstacle() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("network namespaces need root".into());
    }
    let missing = ["ip", "tc"].into_iter().find(|program| Command::new(program).arg("-V").output().is_err());
    if let Some(program) = missing {
        return Some(format!("`{program}` is missing; install iproute2"));
    }
    trial().err().map(|error| format!("this machine makes no network namespaces: {error:#}"))
}

/// Makes and removes one shaped host: containers often lack the right or the kernel module for it.
fn trial() -> Result<()> {
    let mut network = Network::new(None)?;
    let switch = network.switch("switch")?;
    let host = network.host("trial")?;
    let address = Ipv4Addr::new(10, 99, 0, 1);
    network.plug(&host, &switch, address, Speed { up: 1_000_000, down: 1_000_000 })?;
    Ok(())
}

/// How fast a host may send and receive, in bits per second; 0 is unshaped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Speed {
    pub(crate) up: u64,
    pub(crate) down: u64,
}

/// One machine of the network.
#[derive(Clone)]
pub(crate) struct Host {
    namespace: String,
}

/// What cables are plugged into.
pub(crate) struct Switch {
    namespace: String,
}

/// A network card of a machine.
pub(crate) struct Card {
    namespace: String,
    name: String,
    address: Ipv4Addr,
}

/// The network. Dropping it ends all processes in it and removes it.
pub(crate) struct Network {
    prefix: String,
    cables: usize,
    /// Removes everything when dropped.
    _reaper: Reaper,
}

impl Network {
    /// Nothing yet. `folder` is removed together with the network.
    pub(crate) fn new(folder: Option<&Path>) -> Result<Self> {
        let prefix = format!("swarmline-{}-", std::process::id());
        let reaper = Reaper::start(&prefix, folder)?;
        Ok(Self { prefix, cables: 0, _reaper: reaper })
    }

    /// A switch without cables.
    pub(crate) fn switch(&mut self, name: &str) -> Result<Switch> {
        let namespace = add_namespace(&self.prefix, name)?;
        ip(&["-n", &namespace, "link", "add", BRIDGE, "type", "bridge", "mcast_snooping", "0"])?;
        ip(&["-n", &namespace, "link", "set", BRIDGE, "up"])?;
        Ok(Switch { namespace })
    }

    /// A machine without cards.
    pub(crate) fn host(&mut self, name: &str) -> Result<Host> {
        Ok(Host { namespace: add_namespace(&self.prefix, name)? })
    }

    /// Connects a machine with a switch. The address is one of a /16; multicast goes out at the first card.
    pub(crate) fn plug(
        &mut self,
        host: &Host,
        switch: &Switch,
        address: Ipv4Addr,
        speed: Speed,
    ) -> Result<Card> {
        self.cables += 1;
        let (name, port) = (format!("eth{}", self.cables), format!("port{}", self.cables));
        let (own, switch, card) = (host.namespace.as_str(), switch.namespace.as_str(), name.as_str());
        let hardware = hardware_address(address);
        let veth = ["link", "add", card, "address", &hardware, "netns", own, "type", "veth"];
        ip(&[&veth[..], &["peer", "name", &port, "netns", switch]].concat())?;
        ip(&["-n", switch, "link", "set", &port, "master", BRIDGE, "up"])?;
        ip(&["-n", own, "address", "add", &format!("{address}/16"), "dev", card])?;
        ip(&["-n", own, "link", "set", card, "up"])?;
        let route = ["-n", own, "route", "replace", &subnet(address), "dev", card, "scope", "link"];
        let source = ["src", &address.to_string(), "congctl", CONGESTION_CONTROL];
        ip(&[&route[..], &source].concat())?;
        ip(&["-n", own, "route", "append", MULTICAST, "dev", card])?;
        shape(own, card, speed.up)?;
        shape(switch, &port, speed.down)?;
        Ok(Card { namespace: host.namespace.clone(), name, address })
    }
}

/// Tells all cards of one switch where the others are, for good. All namespaces share one table of what they learn by
/// asking, which the kernel bounds at 1,024 entries: 32 hosts that all talk with each other are too many for it.
pub(crate) fn introduce(cards: &[&Card]) -> Result<()> {
    for card in cards {
        let others = cards.iter().filter(|other| other.address != card.address);
        let lines = others.map(|other| neighbour(other.address, &card.name));
        batch(&card.namespace, &lines.collect::<String>())?;
    }
    Ok(())
}

/// Of the address's /16.
fn subnet(address: Ipv4Addr) -> String {
    let [a, b, ..] = address.octets();
    format!("{a}.{b}.0.0/16")
}

fn neighbour(address: Ipv4Addr, card: &str) -> String {
    format!("neighbour replace {address} lladdr {} dev {card} nud permanent\n", hardware_address(address))
}

/// One of those that everybody may give out, with the other address in it.
fn hardware_address(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

/// Nothing passes any more between the cards of the one side and those of the other; or again everything does. Programs
/// are told nothing: their packets end nowhere.
pub(crate) fn part(one: &[&Card], other: &[&Card], is_apart: bool) -> Result<()> {
    for (here, there) in [(one, other), (other, one)] {
        for card in here {
            let lines = there.iter().map(|far| hole(far.address, is_apart));
            batch(&card.namespace, &lines.collect::<String>())?;
        }
    }
    Ok(())
}

fn hole(address: Ipv4Addr, is_there: bool) -> String {
    format!("route {} blackhole {address}/32\n", if is_there { "add" } else { "delete" })
}

/// Bytes that passed the network card of a host, headers included.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Traffic {
    pub(crate) sent_bytes: u64,
    pub(crate) received_bytes: u64,
}

impl Traffic {
    /// What passed since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            sent_bytes: self.sent_bytes - earlier.sent_bytes,
            received_bytes: self.received_bytes - earlier.received_bytes,
        }
    }
}

impl Host {
    /// A command that will run `program` on this host.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace]).arg(program);
        command
    }
}

impl Card {
    /// What passed since it was plugged in.
    pub(crate) fn traffic(&self) -> Result<Traffic> {
        let json = ip(&["-n", &self.namespace, "-s", "-j", "link", "show", "dev", &self.name])?;
        read_traffic(&json).with_context(|| format!("cannot read the counters of {}", self.namespace))
    }
}

fn read_traffic(json: &str) -> Result<Traffic> {
    #[derive(Deserialize)]
    struct Link {
        stats64: Stats,
    }
    #[derive(Deserialize)]
    struct Stats {
        rx: Counter,
        tx: Counter,
    }
    #[derive(Deserialize)]
    struct Counter {
        bytes: u64,
    }
    let links: Vec<Link> = serde_json::from_str(json)?;
    let [link] = links.as_slice() else { bail!("{} cards instead of one", links.len()) };
    Ok(Traffic { sent_bytes: link.stats64.tx.bytes, received_bytes: link.stats64.rx.bytes })
}

fn add_namespace(prefix: &str, name: &str) -> Result<String> {
    let namespace = format!("{prefix}{name}");
    ip(&["netns", "add", &namespace])?;
    ip(&["-n", &namespace, "link", "set", "lo", "up"])?;
    Ok(namespace)
}

fn shape(namespace: &str, card: &str, bits_per_s: u64) -> Result<()> {
    if bits_per_s == 0 {
        return Ok(());
    }
    let rate = format!("{bits_per_s}bit");
    let burst = burst_bytes(bits_per_s).to_string();
    let bucket = ["root", "tbf", "rate", &rate, "burst", &burst, "latency", QUEUE];
    output(Command::new("tc").args(["-n", namespace, "qdisc", "add", "dev", card]).args(bucket))?;
    Ok(())
}

fn burst_bytes(bits_per_s: u64) -> u64 {
    (bits_per_s / 8 * BURST_MS / 1000).max(BURST_BYTES_MIN)
}

/// Runs many commands of `ip` in one go.
fn batch(namespace: &str, lines: &str) -> Result<()> {
    let mut command = Command::new("ip");
    command.args(["-n", namespace, "-batch", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start `ip -batch`")?;
    child.stdin.take().context("its input is piped")?.write_all(lines.as_bytes())?;
    let done = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "`ip -n {namespace} -batch` failed: {}", said.trim());
    Ok(())
}

fn ip(arguments: &[&str]) -> Result<String> {
    output(Command::new("ip").args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_as_ip_prints_them() {
        let json =
            r#"[{"ifname":"eth0","stats64":{"rx":{"bytes":7,"packets":1},"tx":{"bytes":9,"packets":1}}}]"#;
        assert_eq!(read_traffic(json).unwrap(), Traffic { sent_bytes: 9, received_bytes: 7 });
        assert!(read_traffic("[]").is_err());
    }

    #[test]
    fn a_card_is_known_by_its_address() {
        assert_eq!(
            neighbour(Ipv4Addr::new(10, 99, 1, 250), "eth3"),
            "neighbour replace 10.99.1.250 lladdr 02:00:0a:63:01:fa dev eth3 nud permanent\n"
        );
    }

    #[test]
    fn a_cut_is_a_hole_for_each_address_and_is_filled_again() {
        let address = Ipv4Addr::new(10, 99, 1, 3);
        assert_eq!(hole(address, true), "route add blackhole 10.99.1.3/32\n");
        assert_eq!(hole(address, false), "route delete blackhole 10.99.1.3/32\n");
    }

    #[test]
    fn a_slow_bucket_still_passes_full_packets() {
        assert_eq!(burst_bytes(1_000_000), 16 * 1024);
        assert_eq!(burst_bytes(200_000_000), 100_000);
    }
}
