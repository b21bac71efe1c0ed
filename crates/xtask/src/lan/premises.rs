//! The network of a script: a switch for each site, the origin with a line to each, the hosts; and what passed there.

use std::net::Ipv4Addr;

use anyhow::Result;

use super::program::Place;
use super::script::{Role, Script};
use crate::netns::{Card, Host, Network, Speed, Traffic, introduce, part};

use super::folder::Work;

/// Where the origin listens.
pub(super) const PORT: u16 = 8080;

/// The network, built.
pub(super) struct Premises {
    pub(super) origin: Host,
    /// One for each site.
    lines: Vec<Card>,
    /// In the order of the script.
    pub(super) hosts: Vec<Host>,
    cards: Vec<Card>,
    /// Removes everything when dropped.
    _network: Network,
}

impl Premises {
    /// Builds it.
    pub(super) fn build(script: &Script, work: &Work) -> Result<Self> {
        let mut network = Network::new(work.to_remove())?;
        let origin = network.host("origin")?;
        let line = Speed { up: script.scale.wan_bits_per_s, down: script.scale.lan_bits_per_s };
        let (mut switches, mut lines) = (Vec::new(), Vec::new());
        for site in 0..script.scenario.sites() {
            let switch = network.switch(&format!("switch{}", site + 1))?;
            lines.push(network.plug(&origin, &switch, origin_address(site), line)?);
            switches.push(switch);
        }
        let (mut hosts, mut cards) = (Vec::new(), Vec::new());
        for role in &script.hosts {
            let host = network.host(&format!("host{}", role.number))?;
            let speed = script.speed(role.part);
            cards.push(network.plug(&host, &switches[role.site], address(role), speed)?);
            hosts.push(host);
        }
        for (site, line) in lines.iter().enumerate() {
            let all = script.hosts.iter().zip(&cards);
            let own = all.filter(|(role, _)| role.site == site).map(|(_, card)| card);
            introduce(&own.chain([line]).collect::<Vec<_>>())?;
        }
        Ok(Self { origin, lines, hosts, cards, _network: network })
    }

    /// Cuts the office in two halves, each of which still reaches the origin; or makes it one again.
    pub(super) fn part(&self, is_apart: bool) -> Result<()> {
        let cards: Vec<&Card> = self.cards.iter().collect();
        let (one, other) = cards.split_at(cards.len() / 2);
        part(one, other, is_apart)
    }

    /// What has passed all cards so far.
    pub(super) fn counters(&self) -> Result<Counters> {
        let read = |cards: &[Card]| cards.iter().map(Card::traffic).collect::<Result<Vec<_>>>();
        Ok(Counters { origin: read(&self.lines)?, hosts: read(&self.cards)? })
    }
}

/// What passed the cards of origin and hosts.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    /// One for each site.
    pub(super) origin: Vec<Traffic>,
    /// In the order of the script.
    pub(super) hosts: Vec<Traffic>,
}

impl Counters {
    /// What passed since `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let since = |now: &[Traffic], then: &[Traffic]| {
            now.iter().zip(then).map(|(now, then)| now.since(*then)).collect()
        };
        Self { origin: since(&self.origin, &earlier.origin), hosts: since(&self.hosts, &earlier.hosts) }
    }
}

/// What a host's programs are told.
pub(super) fn place(script: &Script, work: &Work, role: &Role) -> Place {
    Place {
        number: role.number,
        address: address(role).to_string(),
        peers: script
            .site(role.site)
            .filter(|other| other.number != role.number)
            .map(|other| address(other).to_string())
            .collect(),
        origin: format!("http://{}:{PORT}", origin_address(role.site)),
        folder: work.host(role.number),
    }
}

/// Sites have networks of their own: 10.99.0.0/16, 10.98.0.0/16, …
fn network_of(site: usize) -> u8 {
    99 - u8::try_from(site).expect("a scenario has one or two sites")
}

fn origin_address(site: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, network_of(site), 0, 1)
}

/// Hosts have the numbers 10.99.1.1, 10.99.1.2, … there.
fn address(role: &Role) -> Ipv4Addr {
    let number = u8::try_from(role.number).expect("there are at most 250 hosts");
    Ipv4Addr::new(10, network_of(role.site), 1, number)
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Scenario;
    use super::*;

    #[test]
    fn hosts_of_two_sites_share_no_network() {
        let scale = Scenario::TwoSites.scale(4);
        let script = Script::new(Scenario::TwoSites, 4, scale, 1, &[]).unwrap();
        let addresses: Vec<String> = script.hosts.iter().map(|role| address(role).to_string()).collect();
        assert_eq!(addresses, ["10.99.1.1", "10.98.1.2", "10.99.1.3", "10.98.1.4"]);
        assert_ne!(origin_address(0), origin_address(1));
    }
}
