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
}

/// All of them. Bounded by the connections of the node.
#[derive(Debug)]
pub(super) struct Neighbours {
    layout: PieceLayout,
    peers: BTreeMap<NodeId, Neighbour>,
    /// How many of them have each piece.
    holders: Vec<u32>,
}

impl Neighbours {
    pub(super) fn new(layout: PieceLayout) -> Self {
        Self { layout, peers: BTreeMap::new(), holders: vec![0; layout.piece_count() as usize] }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.peers.keys().copied()
    }

    pub(super) fn add(&mut self, peer: NodeId) {
        let none = Bitfield::none(&self.layout);
        let new = Neighbour { has: none, in_flight: 0, rests_until: MonoTime::ZERO, rejects_in_a_row: 0 };
        self.peers.entry(peer).or_insert(new);
    }

    pub(super) fn remove(&mut self, peer: &NodeId) {
        if let Some(gone) = self.peers.remove(peer) {
            gone.has.pieces().for_each(|piece| self.holders[piece.as_usize()] -= 1);
        }
    }

    pub(super) fn set_bitmap(&mut self, peer: &NodeId, has: Bitfield) {
        let Some(known) = self.peers.get_mut(peer) else { return };
        known.has.pieces().for_each(|piece| self.holders[piece.as_usize()] -= 1);
        has.pieces().for_each(|piece| self.holders[piece.as_usize()] += 1);
        known.has = has;
    }

    pub(super) fn add_piece(&mut self, peer: &NodeId, piece: PieceIndex) {
        if self.peers.get_mut(peer).is_some_and(|known| known.has.insert(piece)) {
            self.holders[piece.as_usize()] += 1;
        }
    }

    /// How many have it.
    pub(super) fn holders(&self, piece: PieceIndex) -> u32 {
        self.holders[piece.as_usize()]
    }

    pub(super) fn on_asked(&mut self, peer: &NodeId) {
        self.change(peer, |known| known.in_flight += 1);
    }

    pub(super) fn on_over(&mut self, peer: &NodeId) {
        self.change(peer, |known| known.in_flight = known.in_flight.saturating_sub(1));
    }

    pub(super) fn on_delivered(&mut self, peer: &NodeId) {
        self.change(peer, |known| (known.rejects_in_a_row, known.rests_until) = (0, MonoTime::ZERO));
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
    }

    /// Who may be asked for a piece: of those with the fewest of my requests one at random; and whether another turn
    /// may find somebody who rests now.
    pub(super) fn source_of(
        &self,
        piece: PieceIndex,
        not: Option<NodeId>,
        rng: &mut Pcg64Mcg,
        now: MonoTime,
    ) -> Option<NodeId> {
        let fits = |(id, known): &(&NodeId, &Neighbour)| {
            Some(**id) != not
                && known.has.has(piece)
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
