//! The peers that a baseline is connected with: what they have, and which of them are not asked for the moment.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use swarmline_types::{Bitfield, MonoTime, NodeId, PieceIndex, PieceLayout};

/// One of them.
#[derive(Debug)]
pub(super) struct Neighbour {
    has: Bitfield,
    /// My requests that it has not answered.
    in_flight: usize,
    rests_until: MonoTime,
    rejects_in_a_row: u32,
    /// It let a request time out, and has delivered nothing since.
    is_silent: bool,
}

/// All of them. Bounded by the connections of the node.
#[derive(Debug)]
pub(super) struct Neighbours {
    layout: PieceLayout,
    peers: BTreeMap<NodeId, Neighbour>,
    /// How many of them have each piece.
    holders: Vec<u32>,
    /// Of these, those who are not silent.
    givers: Vec<u32>,
}

impl Neighbours {
    pub(super) fn new(layout: PieceLayout) -> Self {
        let none = vec![0; layout.piece_count() as usize];
        Self { layout, peers: BTreeMap::new(), holders: none.clone(), givers: none }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.peers.keys().copied()
    }

    pub(super) fn add(&mut self, peer: NodeId) {
        let none = Bitfield::none(&self.layout);
        let new = Neighbour {
            has: none,
            in_flight: 0,
            rests_until: MonoTime::ZERO,
            rejects_in_a_row: 0,
            is_silent: false,
        };
        self.peers.entry(peer).or_insert(new);
    }

    pub(super) fn remove(&mut self, peer: &NodeId) {
        if let Some(gone) = self.peers.remove(peer) {
            self.count_out(&gone.has, gone.is_silent);
        }
    }

    pub(super) fn set_bitmap(&mut self, peer: &NodeId, has: Bitfield) {
        let Some(known) = self.peers.get_mut(peer) else { return };
        let before = std::mem::replace(&mut known.has, has.clone());
        let is_silent = known.is_silent;
        self.count_out(&before, is_silent);
        for piece in has.pieces() {
            self.holders[piece.as_usize()] += 1;
            self.givers[piece.as_usize()] += u32::from(!is_silent);
        }
    }

    fn count_out(&mut self, has: &Bitfield, is_silent: bool) {
        for piece in has.pieces() {
            self.holders[piece.as_usize()] -= 1;
            self.givers[piece.as_usize()] -= u32::from(!is_silent);
        }
    }

    pub(super) fn add_piece(&mut self, peer: &NodeId, piece: PieceIndex) {
        if let Some(known) = self.peers.get_mut(peer).filter(|known| !known.has.has(piece)) {
            known.has.insert(piece);
            self.holders[piece.as_usize()] += 1;
            self.givers[piece.as_usize()] += u32::from(!known.is_silent);
        }
    }

    /// How many have it.
    pub(super) fn holders(&self, piece: PieceIndex) -> u32 {
        self.holders[piece.as_usize()]
    }

    /// How many have it and are not silent: who says he has everything and gives nothing is waited for once.
    pub(super) fn givers(&self, piece: PieceIndex) -> u32 {
        self.givers[piece.as_usize()]
    }

    pub(super) fn on_asked(&mut self, peer: &NodeId) {
        self.change(peer, |known| known.in_flight += 1);
    }

    pub(super) fn on_over(&mut self, peer: &NodeId) {
        self.change(peer, |known| known.in_flight = known.in_flight.saturating_sub(1));
    }

    pub(super) fn on_delivered(&mut self, peer: &NodeId) {
        self.change(peer, |known| (known.rejects_in_a_row, known.rests_until) = (0, MonoTime::ZERO));
        self.set_silent(peer, false);
    }

    /// It is busy: not asked for a little while, each time in a row twice as long, with some chance in it.
    pub(super) fn on_reject(&mut self, peer: &NodeId, rng: &mut Pcg64Mcg, now: MonoTime) {
        self.change(peer, |known| {
            let least = REJECT_PAUSE.saturating_mul(1 << known.rejects_in_a_row.min(REJECT_DOUBLINGS_MAX));
            known.rejects_in_a_row += 1;
            known.rests_until = now + least + rng.random_range(Duration::ZERO..=least * 3 / 2);
        });
    }

    /// It let a request time out.
    pub(super) fn on_timeout(&mut self, peer: &NodeId, now: MonoTime) {
        self.change(peer, |known| known.rests_until = now + SNUB);
        self.set_silent(peer, true);
    }

    fn set_silent(&mut self, peer: &NodeId, is_silent: bool) {
        let Some(known) = self.peers.get_mut(peer).filter(|known| known.is_silent != is_silent) else {
            return;
        };
        known.is_silent = is_silent;
        for piece in known.has.pieces() {
            let givers = &mut self.givers[piece.as_usize()];
            *givers = if is_silent { *givers - 1 } else { *givers + 1 };
        }
    }

    /// Who may be asked for a piece: of those with the fewest of my requests one at random. The silent are asked where
    /// nobody else can help.
    pub(super) fn source_of(
        &self,
        piece: PieceIndex,
        not: Option<NodeId>,
        silent_too: bool,
        rng: &mut Pcg64Mcg,
        now: MonoTime,
    ) -> Option<NodeId> {
        let fits = |(id, known): &(&NodeId, &Neighbour)| {
            Some(**id) != not
                && known.has.has(piece)
                && (silent_too || !known.is_silent)
                && known.in_flight < PER_PEER_MAX
                && now >= known.rests_until
        };
        let fewest = self.peers.iter().filter(fits).map(|(_, known)| known.in_flight).min()?;
        let best: Vec<_> =
            self.peers.iter().filter(fits).filter(|(_, known)| known.in_flight == fewest).collect();
        Some(*best[rng.random_range(0..best.len())].0)
    }

    /// When the first of those who rest may be asked again.
    pub(super) fn next_rested(&self, now: MonoTime) -> Option<MonoTime> {
        self.peers.values().map(|known| known.rests_until).filter(|until| *until > now).min()
    }

    fn change(&mut self, peer: &NodeId, change: impl FnOnce(&mut Neighbour)) {
        if let Some(known) = self.peers.get_mut(peer) {
            change(known);
        }
    }
}

/// Most requests at one peer.
const PER_PEER_MAX: usize = 2;
/// First pause after a reject, at least.
const REJECT_PAUSE: Duration = Duration::from_millis(20);
/// Doublings of the pause after rejects in a row.
const REJECT_DOUBLINGS_MAX: u32 = 5;
/// How long one that let a request time out is not asked.
const SNUB: Duration = Duration::from_secs(30);
