//! When a configured peer is dialled: at once, and again after 1 s, 2 s, 4 s … 30 s for as long as it is not connected.

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use swarmline_types::NodeId;

use crate::address::PeerAddr;

/// One entry for each configured peer.
pub(super) struct Redial {
    entries: Vec<Entry>,
    jitter: Pcg64Mcg,
}

struct Entry {
    addr: PeerAddr,
    state: State,
    failures: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    DueAt(Instant),
    Dialling,
    Connected(NodeId),
    /// It is ourselves.
    Never,
}

impl Redial {
    pub(super) fn new(peers: Vec<PeerAddr>, seed: [u8; 32], now: Instant) -> Self {
        let entry = |addr| Entry { addr, state: State::DueAt(now), failures: 0 };
        let (half, _) = seed.split_first_chunk().expect("16 of 32 bytes");
        Self { entries: peers.into_iter().map(entry).collect(), jitter: Pcg64Mcg::from_seed(*half) }
    }

    /// The peers to dial now, with the index to report back. Each is due once until its outcome is known.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<(usize, PeerAddr)> {
        let is_due = |entry: &Entry| matches!(entry.state, State::DueAt(at) if at <= now);
        let due = self.entries.iter_mut().enumerate().filter(|(_, entry)| is_due(entry));
        due.map(|(index, entry)| {
            entry.state = State::Dialling;
            (index, entry.addr.clone())
        })
        .collect()
    }

    /// When [`take_due`](Self::take_due) has something to give.
    pub(super) fn next(&self) -> Option<Instant> {
        let at = |entry: &Entry| if let State::DueAt(at) = entry.state { Some(at) } else { None };
        self.entries.iter().filter_map(at).min()
    }

    /// This node answers at that address, or is connected anyway.
    pub(super) fn on_connected(&mut self, index: usize, node: NodeId) {
        self.entries[index].state = State::Connected(node);
    }

    /// The connection has proved itself: the next loss begins with a short wait.
    pub(super) fn on_up(&mut self, node: NodeId) {
        let connected = self.entries.iter_mut().filter(|entry| entry.state == State::Connected(node));
        connected.for_each(|entry| entry.failures = 0);
    }

    /// Nobody answered.
    pub(super) fn on_failed(&mut self, index: usize, now: Instant) {
        self.wait(index, now);
    }

    /// A node is no longer connected.
    pub(super) fn on_lost(&mut self, node: NodeId, now: Instant) {
        for index in 0..self.entries.len() {
            if self.entries[index].state == State::Connected(node) {
                self.wait(index, now);
            }
        }
    }

    /// The address is our own.
    pub(super) fn on_self(&mut self, index: usize) {
        self.entries[index].state = State::Never;
    }

    fn wait(&mut self, index: usize, now: Instant) {
        let entry = &mut self.entries[index];
        let longest = WAIT_MIN.saturating_mul(1 << entry.failures.min(16)).min(WAIT_MAX);
        entry.failures += 1;
        // Half of it by chance, so that an office that lost its cache node does not come back all at once.
        let wait = longest.mul_f64(self.jitter.random_range(0.5..=1.0));
        entry.state = State::DueAt(now + wait);
    }
}

const WAIT_MIN: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId::new([1; 32]);

    fn redial(now: Instant) -> Redial {
        Redial::new(vec!["192.0.2.1:7000".parse().unwrap()], [3; 32], now)
    }

    #[test]
    fn waits_grow_to_half_a_minute_and_never_beyond() {
        let mut now = Instant::now();
        let mut redial = redial(now);
        for longest in [1, 2, 4, 8, 16, 30, 30, 30].map(Duration::from_secs) {
            assert_eq!(redial.take_due(now).len(), 1);
            assert!(redial.take_due(now).is_empty(), "once until the outcome is known");
            redial.on_failed(0, now);
            let wait = redial.next().unwrap() - now;
            assert!(wait >= longest / 2 && wait <= longest, "{wait:?} of {longest:?}");
            now += wait;
        }
    }

    #[test]
    fn a_lost_peer_is_dialled_again_soon() {
        let now = Instant::now();
        let mut redial = redial(now);
        for _ in 0..5 {
            redial.take_due(redial.next().unwrap());
            redial.on_failed(0, now);
        }
        redial.take_due(redial.next().unwrap());
        redial.on_connected(0, NODE);
        assert_eq!(redial.next(), None);
        redial.on_up(NODE);
        redial.on_lost(NodeId::new([2; 32]), now);
        assert_eq!(redial.next(), None, "somebody else");
        redial.on_lost(NODE, now);
        assert!(redial.next().unwrap() - now <= Duration::from_secs(1));
    }

    #[test]
    fn our_own_address_is_not_dialled_again() {
        let now = Instant::now();
        let mut redial = redial(now);
        redial.take_due(now);
        redial.on_self(0);
        assert_eq!(redial.next(), None);
    }

    #[test]
    fn the_same_seed_waits_the_same() {
        let now = Instant::now();
        let waits = || {
            let mut redial = redial(now);
            redial.take_due(now);
            redial.on_failed(0, now);
            redial.next()
        };
        assert_eq!(waits(), waits());
    }
}
