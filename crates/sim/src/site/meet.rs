//! Hosts hear of each other, connect, and lose each other.

use std::time::Duration;

use swarmline_scheduler::NodeInput;

use super::{Conn, Event, Site};
use crate::chance::{Chance, Of};
use crate::host::addr_of;
use crate::scenario::When;

/// Connections of a node unless the scenario says otherwise, as the network layer of the product has it.
const CONNECTIONS_MAX: usize = 64;

impl Site<'_> {
    /// A newcomer and those who are there hear of each other, each pair after a time of its own.
    pub(super) fn discover(&mut self, host: u32) {
        let here = |other: &u32| *other != host && self.hosts[*other as usize].is_here();
        let mut others: Vec<_> = (0..self.host_count()).filter(here).collect();
        let finds = self.frame.scenario.network.finds as usize;
        for other in self.network.choose(&mut others, finds) {
            let at = self.now + self.drawn(self.frame.scenario.network.discover);
            self.queue.push(at, Event::Found { a: host, b: other });
        }
    }

    pub(super) fn drawn(&mut self, when: When) -> Duration {
        match when {
            When::Spans(from, to) if from == to => from.0,
            When::Spans(from, to) => self.network.between(from.0, to.0),
            When::OfBound(..) => unreachable!("refused by the scenario's check"),
        }
    }

    pub(super) fn on_found(&mut self, a: u32, b: u32) {
        if !self.hosts[a as usize].is_here() || !self.hosts[b as usize].is_here() || self.is_cut(a, b) {
            return;
        }
        if self.is_unknown(a, b) {
            let later = swarmline_types::MonoTime::ZERO + self.frame.scenario.network.unknown_for.0;
            return self.queue.push(later, Event::Found { a, b });
        }
        for (me, other) in [(a, b), (b, a)] {
            let node = self.hosts[other as usize].id;
            self.node_input(me, NodeInput::Found { node, addr: addr_of(other) });
        }
    }

    /// Whether the two cannot reach each other yet.
    fn is_unknown(&self, a: u32, b: u32) -> bool {
        let network = &self.frame.scenario.network;
        self.now.since(swarmline_types::MonoTime::ZERO) < network.unknown_for.0
            && Chance::new(self.seed, Of::Pair(a, b)).hits(network.unknown.get())
    }

    /// Whether the site is cut between the two now.
    fn is_cut(&self, a: u32, b: u32) -> bool {
        let now = self.now.since(swarmline_types::MonoTime::ZERO);
        let cuts = self.frame.scenario.partition.iter().enumerate();
        cuts.filter(|(_, cut)| (cut.from.0..cut.until.0).contains(&now))
            .any(|(at, _)| self.side(at, a) != self.side(at, b))
    }

    fn side(&self, partition: usize, host: u32) -> bool {
        let salt = u64::try_from(partition).unwrap_or_default();
        let share = self.frame.scenario.partition[partition].share.get();
        Chance::new(self.seed ^ salt, Of::Side(host)).hits(share)
    }

    pub(super) fn dial(&mut self, from: u32, to: u32) {
        let takes = self.frame.scenario.network.handshake.0 + 2 * self.plan.lan_latency.0;
        let life = self.host(from).life;
        self.queue.push(self.now + takes, Event::Dialled { from, to, life });
    }

    pub(super) fn on_dialled(&mut self, from: u32, to: u32, life: u32) {
        let can = self.lives(from, life) && self.host(to).is_here() && from != to;
        if !can || self.is_cut(from, to) || self.is_unknown(from, to) {
            return;
        }
        for (me, other) in [(from, to), (to, from)] {
            // One that the other end has given up already is replaced.
            if let Some(conn) = self.host(me).conn_with(other) {
                let link = &self.conns[conn as usize];
                if !link.is_dead && link.is_up == [true, true] {
                    return;
                }
                let is_second = link.ends[1] == me;
                self.end_down(conn, is_second, false);
            }
        }
        let most = self.frame.scenario.scheduler.connections_max.or(self.frame.strategy.connections());
        let most = most.map_or(CONNECTIONS_MAX, |most| most as usize);
        if [from, to].iter().any(|end| self.hosts[*end as usize].conns.len() >= most) {
            return;
        }
        self.connect(from, to);
    }

    fn connect(&mut self, from: u32, to: u32) {
        let conn = u32::try_from(self.conns.len()).expect("fewer than 2^32 connections");
        let now = self.now;
        self.conns.push(Conn {
            ends: [from, to],
            is_up: [true, true],
            is_dead: false,
            held_until: now,
            last_mail: [now, now],
        });
        self.tallies[0].messages.connections += 1;
        self.host(from).add_conn(to, conn);
        self.host(to).add_conn(from, conn);
        for (me, other) in [(to, from), (from, to)] {
            let peer = &self.hosts[other as usize];
            let contents = peer.contents.iter().zip(&self.frame.contents);
            let shared = contents.filter(|(own, _)| own.machine.is_some()).map(|(_, facts)| facts.id);
            let up = NodeInput::Up {
                peer: peer.id,
                addr: Some(addr_of(other)),
                class: peer.part.class,
                contents: shared.collect(),
            };
            self.node_input(me, up);
        }
    }

    /// A host wants a connection no longer.
    pub(super) fn disconnect(&mut self, host: u32, peer: u32) {
        let Some(conn) = self.host(host).conn_with(peer) else { return };
        let is_second = self.conns[conn as usize].ends[1] == host;
        let after = self.now + self.plan.lan_latency.0;
        self.queue.push(after, Event::Down { conn, is_second: !is_second, clean: true });
        self.end_down(conn, is_second, true);
    }

    /// One end finds out that a connection is gone.
    pub(super) fn end_down(&mut self, conn: u32, is_second: bool, clean: bool) {
        let link = &mut self.conns[conn as usize];
        if !std::mem::replace(&mut link.is_up[usize::from(is_second)], false) {
            return;
        }
        let (me, peer) = (link.ends[usize::from(is_second)], link.ends[usize::from(!is_second)]);
        let id = self.hosts[peer as usize].id;
        let host = self.host(me);
        if host.conn_with(peer) == Some(conn) {
            host.remove_conn(peer);
        }
        host.uplink.withdraw(|answer| answer.conn == conn);
        self.node_input(me, NodeInput::Down { peer: id, clean });
    }

    /// The site is cut: connections between its halves fall silent. Those that outlast it hold back what is said.
    pub(super) fn on_cut(&mut self, partition: usize) {
        let (cut, notice) = (&self.frame.scenario.partition[partition], self.frame.scenario.network.notice.0);
        let until = swarmline_types::MonoTime::ZERO + cut.until.0;
        let given_up = self.now + notice;
        for at in 0..self.conns.len() {
            let Conn { ends: [a, b], is_up, is_dead, .. } = self.conns[at];
            if is_dead || is_up == [false, false] || self.side(partition, a) == self.side(partition, b) {
                continue;
            }
            if until <= given_up {
                self.conns[at].held_until = until;
                continue;
            }
            self.conns[at].is_dead = true;
            let conn = u32::try_from(at).expect("made with 32 bits");
            for is_second in [false, true] {
                self.queue.push(given_up, Event::Down { conn, is_second, clean: false });
            }
        }
    }

    /// The site is whole again, and its halves hear of each other.
    pub(super) fn on_heal(&mut self, partition: usize) {
        let smaller = (0..self.host_count()).filter(|host| self.side(partition, *host));
        let back: Vec<_> = smaller.filter(|host| self.hosts[*host as usize].is_here()).collect();
        back.into_iter().for_each(|host| self.discover(host));
    }
}
