//! Whom to connect to, and when to try again.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use swarmline_types::{FlatMap, MonoTime, NodeId};

use crate::node::NodeAction;
use crate::node::addrs::Addrs;

/// Nodes counted at most.
const KNOWN_MAX: usize = 4096;
/// Nodes remembered that are not connected, where not all can be; beyond it one at random is forgotten. Who is needed
/// after those is found again.
const SPARE_MAX: usize = 32;
/// How long a node looks how many there are before it dials more than half of [`ENOUGH`], and how many share a content
/// before it dials for that.
pub(super) const LOOK_AROUND: Duration = Duration::from_millis(150);
/// Of two nodes that find each other, one leaves the other this long to dial.
const POLITENESS: Duration = Duration::from_millis(700);
/// First wait before another attempt; doubles up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);
/// One in so many connections is kept for newcomers who choose this node.
const KEPT_FOR_NEWCOMERS: usize = 4;
/// Peers that are enough for a content where more nodes are known than can all be connected.
const ENOUGH: usize = 12;
/// The same where more than [`LARGE`] nodes are known.
const ENOUGH_IN_LARGE: usize = 16;
/// The same where few connections are allowed. About as many choose this node, and there is to be room for newcomers.
const ENOUGH_MIN: usize = 3;
const LARGE: usize = 500;
/// How long a node waits to be chosen by others before it chooses more than half of [`ENOUGH`]. Until then whoever few
/// chose has few to ask.
const CHOSEN_WAIT: Duration = Duration::from_millis(500);
/// Whoever met the first node this long ago and is connected knows its site, as far as it can be known.
const SETTLED_AFTER: Duration = Duration::from_secs(2);
/// A node that could not be reached this often in a row is forgotten until it is found again.
const ATTEMPTS_MAX: u8 = 10;

/// Nodes that are known: connected, or worth a try.
#[derive(Debug)]
pub(super) struct Contacts {
    me: NodeId,
    connections_max: usize,
    /// Nodes up to which all are connected with all. What is left of the connections is for those who come later: where
    /// everybody is full, newcomers meet nobody but each other, and the site falls apart in two.
    all_connected_max: usize,
    connected: usize,
    /// Dials so far.
    dialled: usize,
    candidates: FlatMap<NodeId, Candidate>,
    /// The first four bytes of every id that was found or connected and did not leave, ascending: enough to count them. At
    /// most [`KNOWN_MAX`].
    known: Vec<u32>,
    /// When the first node was found.
    since: Option<MonoTime>,
    /// When the first was connected.
    met_at: Option<MonoTime>,
    /// When there were first more than are all connected.
    crowded_since: Option<MonoTime>,
    /// A node was found that could not be reached, and may be by others.
    is_one_out_of_reach: bool,
    /// When to dial next; `None`: nobody.
    due: Option<MonoTime>,
    rng: Pcg64Mcg,
}

#[derive(Debug)]
struct Candidate {
    addrs: Addrs,
    is_connected: bool,
    /// It was connected once: what cannot be reached any more is gone.
    was_connected: bool,
    next_try: MonoTime,
    attempts: u8,
}

impl Contacts {
    pub(super) fn new(me: NodeId, connections_max: usize, seed: u64) -> Self {
        let rng = Pcg64Mcg::seed_from_u64(seed);
        Self {
            me,
            connections_max,
            all_connected_max: connections_max - connections_max / KEPT_FOR_NEWCOMERS,
            connected: 0,
            dialled: 0,
            candidates: FlatMap::new(),
            known: Vec::new(),
            since: None,
            met_at: None,
            crowded_since: None,
            is_one_out_of_reach: false,
            due: None,
            rng,
        }
    }

    /// Whether there are nodes that this one cannot be connected with: too many, or one that was found and never reached.
    pub(super) fn needs_rumours(&self) -> bool {
        self.is_crowded() || self.is_one_out_of_reach
    }

    /// Whether this node has been connected for so long that nobody has to be waited for.
    pub(super) fn is_settled(&self, now: MonoTime) -> bool {
        self.connected > 0 && self.met_at.is_some_and(|met| now >= met + SETTLED_AFTER)
    }

    /// Counts a node. Beyond the bound one at random is counted no more: names are cheap, and who made them up must not keep
    /// others out.
    fn know(&mut self, node: &NodeId) {
        if self.known.binary_search(&mark(node)).is_ok() {
            return;
        }
        if self.known.len() >= KNOWN_MAX {
            self.known.remove(self.rng.random_range(0..KNOWN_MAX));
        }
        if self.known.len() == self.known.capacity() {
            self.known.reserve_exact((self.known.len() / 8).max(8));
        }
        let at = self.known.binary_search(&mark(node)).unwrap_or_else(|at| at);
        self.known.insert(at, mark(node));
    }

    fn forget(&mut self, node: &NodeId) {
        self.candidates.remove(node);
        if let Ok(at) = self.known.binary_search(&mark(node)) {
            self.known.remove(at);
        }
    }

    /// More are known than can all be connected with all.
    pub(super) fn is_crowded(&self) -> bool {
        self.known.len() > self.all_connected_max
    }

    /// Where more are known than can be connected, only a few of the others are remembered.
    fn make_room(&mut self) {
        let spare = self.candidates.len().saturating_sub(self.connected);
        if self.is_crowded() && spare > SPARE_MAX {
            let at = self.rng.random_range(0..spare);
            let drop = self.candidates.iter().filter(|(_, c)| !c.is_connected).nth(at).map(|(node, _)| *node);
            drop.into_iter().for_each(|node| _ = self.candidates.remove(&node));
        }
    }

    pub(super) fn on_found(&mut self, node: NodeId, addr: SocketAddr, now: MonoTime) {
        if node == self.me {
            return;
        }
        self.know(&node);
        self.since.get_or_insert(now);
        let first_try = if dials_first(&self.me, &node) { now } else { now + POLITENESS };
        let candidate = self.candidates.get_or_insert_with(node, || Candidate {
            addrs: Addrs::default(),
            is_connected: false,
            was_connected: false,
            next_try: first_try,
            attempts: 0,
        });
        candidate.addrs.remember(addr);
        self.make_room();
        self.due = Some(self.due.map_or(first_try, |due| due.min(first_try)));
    }

    pub(super) fn on_up(&mut self, peer: NodeId, addr: Option<SocketAddr>, now: MonoTime) {
        self.know(&peer);
        self.met_at.get_or_insert(now);
        let candidate = self.candidates.get_or_insert_with(peer, || Candidate {
            addrs: Addrs::default(),
            is_connected: false,
            was_connected: false,
            next_try: MonoTime::NEVER,
            attempts: 0,
        });
        addr.into_iter().for_each(|addr| candidate.addrs.remember(addr));
        self.connected += usize::from(!candidate.is_connected);
        candidate.is_connected = true;
        candidate.was_connected = true;
        candidate.attempts = 0;
        self.due = Some(MonoTime::ZERO);
    }

    /// A node that said goodbye is forgotten; one that vanished is tried again.
    pub(super) fn on_down(&mut self, peer: &NodeId, clean: bool, now: MonoTime) {
        let Some(candidate) = self.candidates.get_mut(peer) else { return };
        self.connected -= usize::from(candidate.is_connected);
        candidate.is_connected = false;
        candidate.next_try = now + RETRY_MIN;
        if clean || candidate.addrs.is_empty() {
            self.forget(peer);
        }
        self.due = Some(MonoTime::ZERO);
    }

    pub(super) fn due(&self) -> Option<MonoTime> {
        self.due
    }

    /// It is known of more or fewer peers what they share.
    pub(super) fn reconsider(&mut self) {
        self.due = Some(MonoTime::ZERO);
    }

    /// Dials whom it is time to dial. `sharing` is how many peers the content with the fewest has.
    pub(super) fn dial_due(&mut self, sharing: usize, actions: &mut VecDeque<NodeAction>, now: MonoTime) {
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        let room = self.room(sharing, now);
        let mut due: Vec<_> = self
            .candidates
            .iter()
            .filter(|(_, c)| !c.is_connected && now >= c.next_try)
            .map(|(n, _)| *n)
            .collect();
        if self.crowded_since.is_some() {
            due.shuffle(&mut self.rng);
        }
        for node in due.into_iter().take(room) {
            let candidate = self.candidates.get_mut(&node).expect("just found");
            let Some(addr) = candidate.addrs.next() else { continue };
            let wait = RETRY_MIN.saturating_mul(1 << candidate.attempts.min(6)).min(RETRY_MAX);
            let jitter = self.rng.random_range(Duration::ZERO..=wait / 2);
            candidate.next_try = now + wait + jitter;
            candidate.attempts += 1;
            self.dialled += 1;
            actions.push_back(NodeAction::Dial { node, addr });
        }
        let lost = |(_, c): &(&NodeId, &Candidate)| !c.is_connected && c.attempts > ATTEMPTS_MAX;
        let lost: Vec<_> = self.candidates.iter().filter(lost).map(|(node, _)| *node).collect();
        lost.iter().for_each(|node| self.forget(node));
        self.is_one_out_of_reach |= self.candidates.values().any(Candidate::is_out_of_reach);
        self.due = self.next_due(sharing, now);
    }

    /// How many may be dialled now. Where all can be connected, all are, once it is known how many there are. Otherwise
    /// half of what is enough is chosen at once, since as many will choose this node; and what still lacks after a while.
    fn room(&mut self, sharing: usize, now: MonoTime) -> usize {
        let room = self.connections_max.saturating_sub(self.connected);
        let is_tried = |c: &&Candidate| !c.is_connected && c.attempts > 0 && now < c.next_try;
        let under_way = self.candidates.values().filter(is_tried).count();
        if !self.is_crowded() {
            self.crowded_since = None;
            let looks_around = self.since.is_some_and(|since| now < since + LOOK_AROUND);
            let at_first = (ENOUGH / 2).saturating_sub(self.dialled);
            return if looks_around { room.min(at_first) } else { room };
        }
        let since = *self.crowded_since.get_or_insert(now);
        let enough = if self.known.len() > LARGE { ENOUGH_IN_LARGE } else { ENOUGH };
        let enough = enough.min((self.all_connected_max / 2).max(ENOUGH_MIN));
        let enough = if now < since + CHOSEN_WAIT { enough / 2 } else { enough };
        room.min(enough.saturating_sub(sharing + under_way))
    }

    fn next_due(&mut self, sharing: usize, now: MonoTime) -> Option<MonoTime> {
        let looked_around = self.since.map(|since| since + LOOK_AROUND);
        let more_chosen = self.crowded_since.map(|since| since + CHOSEN_WAIT);
        let more = [looked_around, more_chosen].into_iter().flatten().filter(|at| *at > now).min();
        let waiting = self.candidates.values().filter(|candidate| !candidate.is_connected);
        let next_try = waiting.map(|candidate| candidate.next_try).min();
        match self.room(sharing, now) {
            // Somebody under way may turn out not to be there.
            0 if self.crowded_since.is_some() => {
                let tries = self.candidates.values().filter(|c| !c.is_connected && c.next_try > now);
                tries.map(|candidate| candidate.next_try).chain(more).min()
            }
            0 => more,
            _ => next_try,
        }
    }
}

impl Candidate {
    /// Tried in vain, and tried again.
    fn is_out_of_reach(&self) -> bool {
        !self.is_connected && !self.was_connected && self.attempts > 1
    }
}

/// Whether it is this node that dials the other at once: for half of all pairs the smaller does. If it always did, the
/// greatest would be dialled by everybody, and in a large site be the neighbour of all.
pub(super) fn dials_first(me: &NodeId, other: &NodeId) -> bool {
    let is_odd = (prefix(me) ^ prefix(other)).count_ones() % 2 == 1;
    (me < other) != is_odd
}

/// Two of the most that are counted begin alike in one of 500 sites, and then count as one.
fn mark(node: &NodeId) -> u32 {
    u32::from_be_bytes(node.as_bytes()[..4].try_into().expect("4 of 32 bytes"))
}

fn prefix(node: &NodeId) -> u64 {
    u64::from_be_bytes(node.as_bytes()[..8].try_into().expect("8 of 32 bytes"))
}
