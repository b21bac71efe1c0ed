//! Whom to connect to, and when to try again.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use swarmline_types::{MonoTime, NodeId};

use crate::node::NodeAction;

/// Nodes remembered; beyond it new ones are not taken in.
const CANDIDATES_MAX: usize = 1024;
/// Addresses remembered of one node: the newest.
const ADDRS_MAX: usize = 4;
/// Of two nodes that find each other, the one with the greater id leaves the other this long to dial.
const POLITENESS: Duration = Duration::from_millis(700);
/// First wait before another attempt; doubles up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);
/// A node that could not be reached this often in a row is forgotten until it is found again.
const ATTEMPTS_MAX: u32 = 10;

/// Nodes that are known: connected, or worth a try.
#[derive(Debug)]
pub(super) struct Contacts {
    me: NodeId,
    connections_max: usize,
    connected: usize,
    candidates: BTreeMap<NodeId, Candidate>,
    rng: Pcg64Mcg,
}

#[derive(Debug)]
struct Candidate {
    /// Newest first.
    addrs: VecDeque<SocketAddr>,
    is_connected: bool,
    next_try: MonoTime,
    attempts: u32,
}

impl Contacts {
    pub(super) fn new(me: NodeId, connections_max: usize, seed: u64) -> Self {
        let rng = Pcg64Mcg::seed_from_u64(seed);
        Self { me, connections_max, connected: 0, candidates: BTreeMap::new(), rng }
    }

    pub(super) fn on_found(&mut self, node: NodeId, addr: SocketAddr, now: MonoTime) {
        if node == self.me
            || (self.candidates.len() >= CANDIDATES_MAX && !self.candidates.contains_key(&node))
        {
            return;
        }
        let first_try = if self.me < node { now } else { now + POLITENESS };
        let candidate = self.candidates.entry(node).or_insert_with(|| Candidate {
            addrs: VecDeque::new(),
            is_connected: false,
            next_try: first_try,
            attempts: 0,
        });
        candidate.remember(addr);
    }

    pub(super) fn on_up(&mut self, peer: NodeId, addr: Option<SocketAddr>) {
        let candidate = self.candidates.entry(peer).or_insert_with(|| Candidate {
            addrs: VecDeque::new(),
            is_connected: false,
            next_try: MonoTime::NEVER,
            attempts: 0,
        });
        addr.into_iter().for_each(|addr| candidate.remember(addr));
        self.connected += usize::from(!candidate.is_connected);
        candidate.is_connected = true;
        candidate.attempts = 0;
    }

    /// A node that said goodbye is forgotten; one that vanished is tried again.
    pub(super) fn on_down(&mut self, peer: &NodeId, clean: bool, now: MonoTime) {
        let Some(candidate) = self.candidates.get_mut(peer) else { return };
        self.connected -= usize::from(candidate.is_connected);
        candidate.is_connected = false;
        candidate.next_try = now + RETRY_MIN;
        if clean || candidate.addrs.is_empty() {
            self.candidates.remove(peer);
        }
    }

    pub(super) fn due(&self) -> Option<MonoTime> {
        if self.connected >= self.connections_max {
            return None;
        }
        let waiting = self.candidates.values().filter(|candidate| !candidate.is_connected);
        waiting.map(|candidate| candidate.next_try).min()
    }

    pub(super) fn dial_due(&mut self, actions: &mut VecDeque<NodeAction>, now: MonoTime) {
        let room = self.connections_max.saturating_sub(self.connected);
        let due = |candidate: &Candidate| !candidate.is_connected && now >= candidate.next_try;
        for (node, candidate) in self.candidates.iter_mut().filter(|(_, c)| due(c)).take(room) {
            let Some(addr) = candidate.addrs.front().copied() else { continue };
            // Next time, the next address.
            candidate.addrs.rotate_left(1);
            let wait = RETRY_MIN.saturating_mul(1 << candidate.attempts.min(6)).min(RETRY_MAX);
            let jitter = self.rng.random_range(Duration::ZERO..=wait / 2);
            candidate.next_try = now + wait + jitter;
            candidate.attempts += 1;
            actions.push_back(NodeAction::Dial { node: *node, addr });
        }
        self.candidates.retain(|_, candidate| candidate.is_connected || candidate.attempts <= ATTEMPTS_MAX);
    }
}

impl Candidate {
    fn remember(&mut self, addr: SocketAddr) {
        if !self.addrs.contains(&addr) {
            self.addrs.push_front(addr);
            self.addrs.truncate(ADDRS_MAX);
        }
    }
}
