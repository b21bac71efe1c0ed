//! The peers that share one content: what each has, and how far it is believed.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use swarmline_types::{Bitfield, CapacityClass, MonoTime, NodeId, PieceIndex, PieceLayout, Wanted};

use crate::config::{PROGRESS_TIMEOUT, REJECT_DOUBLINGS_MAX, REJECT_PAUSE, SNUB, SNUB_MAX, SUSPECT_FOR};
use crate::coverage::Coverage;

/// What one node knows of another that shares the content.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) class: CapacityClass,
    has: Bitfield,
    /// What it says that it wants; all until it says so.
    wanted: Wanted,
    /// How many pieces it wants and has not.
    lacking: u32,
    /// Its first bitmap has come; before that it is not asked for anything.
    pub(crate) is_known: bool,
    /// Has delivered a good piece.
    is_proven: bool,
    /// Promised pieces, was asked, and delivered none in time: its word no longer counts until it delivers.
    is_doubted: bool,
    /// Whether its pieces are in the coverage. Changed only by `Peers::judge`.
    counts: bool,
    /// When it was first asked for something without having delivered since.
    asked_since: Option<MonoTime>,
    /// My requests that it has not answered.
    pub(crate) in_flight: usize,
    snub: Pause,
    busy: Pause,
    suspect_until: MonoTime,
}

/// A pause that doubles each time, until something good resets it.
#[derive(Debug, Default)]
struct Pause {
    until: MonoTime,
    times: u32,
}

impl Peer {
    fn new(class: CapacityClass, layout: &PieceLayout) -> Self {
        Self {
            class,
            has: Bitfield::none(layout),
            wanted: Wanted::all(layout),
            lacking: layout.piece_count(),
            is_known: false,
            is_proven: false,
            is_doubted: false,
            counts: true,
            asked_since: None,
            in_flight: 0,
            snub: Pause::default(),
            busy: Pause::default(),
            suspect_until: MonoTime::ZERO,
        }
    }

    pub(crate) fn has(&self, piece: PieceIndex) -> bool {
        self.has.has(piece)
    }

    pub(crate) fn bitmap(&self) -> &Bitfield {
        &self.has
    }

    pub(crate) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Whether it wants pieces that it has not; known only once its bitmap has come.
    pub(crate) fn is_lacking(&self) -> bool {
        self.is_known && self.lacking > 0
    }

    fn recount(&mut self) {
        let lacking = match self.wanted.ranges() {
            [all] if all.count() == self.has.piece_count() => self.has.piece_count() - self.has.count(),
            _ => u32::try_from(self.wanted.pieces().filter(|piece| !self.has.has(*piece)).count())
                .expect("no more than the content has"),
        };
        self.lacking = lacking;
    }

    pub(crate) fn is_proven(&self) -> bool {
        self.is_proven
    }

    /// Whether its word that it has a piece keeps others from fetching that piece.
    pub(crate) fn counts(&self) -> bool {
        self.counts
    }

    pub(crate) fn is_suspect(&self, now: MonoTime) -> bool {
        now < self.suspect_until
    }

    /// Whether it may be asked now.
    pub(crate) fn is_usable(&self, now: MonoTime) -> bool {
        self.is_known && now >= self.snub.until && now >= self.busy.until
    }
}

/// All peers that are connected and share the content. The members of the site, as this node sees them.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    peers: BTreeMap<NodeId, Peer>,
    /// Goes up with every change that may change a ranking.
    epoch: u32,
    /// How many were suspects at the last tick.
    suspects: usize,
}

impl Peers {
    pub(crate) fn get(&self, id: &NodeId) -> Option<&Peer> {
        self.peers.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&NodeId, &Peer)> {
        self.peers.iter()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.peers.keys().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(crate) fn add(&mut self, id: NodeId, class: CapacityClass, layout: &PieceLayout) {
        self.peers.entry(id).or_insert_with(|| Peer::new(class, layout));
        self.epoch += 1;
    }

    /// Forgets a peer and what it held.
    pub(crate) fn remove(&mut self, id: &NodeId, coverage: &mut Coverage) -> bool {
        let Some(peer) = self.peers.remove(id) else { return false };
        if peer.counts {
            peer.has.pieces().for_each(|piece| coverage.remove_holder(piece));
        }
        self.epoch += 1;
        true
    }

    /// A whole bitmap replaces what was known.
    pub(crate) fn set_bitmap(&mut self, id: &NodeId, has: Bitfield, coverage: &mut Coverage) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        if peer.counts {
            peer.has.pieces().for_each(|piece| coverage.remove_holder(piece));
            has.pieces().for_each(|piece| coverage.add_holder(piece));
        }
        peer.has = has;
        peer.is_known = true;
        peer.recount();
    }

    /// One more piece. `true` if it was not known.
    pub(crate) fn add_piece(&mut self, id: &NodeId, piece: PieceIndex, coverage: &mut Coverage) -> bool {
        let Some(peer) = self.peers.get_mut(id) else { return false };
        let new = peer.has.insert(piece);
        peer.lacking -= u32::from(new && peer.wanted.has(piece));
        if new && peer.counts {
            coverage.add_holder(piece);
        }
        new
    }

    /// It says what it wants: from now on it is ranked for that only.
    pub(crate) fn set_wanted(&mut self, id: &NodeId, wanted: Wanted) {
        let Some(peer) = self.peers.get_mut(id).filter(|peer| peer.wanted != wanted) else { return };
        peer.wanted = wanted;
        peer.recount();
        self.epoch += 1;
    }

    pub(crate) fn on_asked(&mut self, id: &NodeId, now: MonoTime) {
        if let Some(peer) = self.peers.get_mut(id) {
            peer.in_flight += 1;
            peer.asked_since.get_or_insert(now);
        }
    }

    /// A request to it is over, however it ended.
    pub(crate) fn on_answered(&mut self, id: &NodeId) {
        if let Some(peer) = self.peers.get_mut(id) {
            peer.in_flight = peer.in_flight.saturating_sub(1);
        }
    }

    /// It delivered a piece with the right hash: all is forgiven.
    pub(crate) fn on_delivered(&mut self, id: &NodeId, coverage: &mut Coverage, now: MonoTime) {
        if let Some(peer) = self.peers.get_mut(id) {
            peer.is_proven = true;
            peer.is_doubted = false;
            peer.asked_since = None;
            peer.snub = Pause::default();
            peer.busy = Pause::default();
        }
        self.judge(id, coverage, now);
    }

    /// Bytes of an answer arrive: it is alive, though nothing is proven yet.
    pub(crate) fn on_progress(&mut self, id: &NodeId, now: MonoTime) {
        if let Some(peer) = self.peers.get_mut(id) {
            peer.asked_since = Some(now);
        }
    }

    /// It let a request time out: not asked for a while, and its pieces do not count meanwhile.
    pub(crate) fn on_timeout(&mut self, id: &NodeId, coverage: &mut Coverage, now: MonoTime) {
        if let Some(peer) = self.peers.get_mut(id) {
            let pause = SNUB.saturating_mul(1 << peer.snub.times.min(8)).min(SNUB_MAX);
            peer.snub = Pause { until: now + pause, times: peer.snub.times + 1 };
            peer.is_doubted |= !peer.is_proven;
        }
        self.judge(id, coverage, now);
    }

    /// It is busy: asked again a little later, each time in a row twice as late.
    pub(crate) fn on_reject(
        &mut self,
        id: &NodeId,
        coverage: &mut Coverage,
        rng: &mut Pcg64Mcg,
        now: MonoTime,
    ) {
        if let Some(peer) = self.peers.get_mut(id) {
            let least = REJECT_PAUSE.saturating_mul(1 << peer.busy.times.min(REJECT_DOUBLINGS_MAX));
            let jitter = rng.random_range(Duration::ZERO..=least * 3 / 2);
            peer.busy = Pause { until: now + least + jitter, times: peer.busy.times + 1 };
            let patience_over = peer.asked_since.is_some_and(|since| now >= since + PROGRESS_TIMEOUT);
            // Busy for so long is as good as silent, whatever it gave before.
            if patience_over {
                return self.on_timeout(id, coverage, now);
            }
        }
        self.judge(id, coverage, now);
    }

    /// It let a run rot: out of the ranking for a while.
    pub(crate) fn suspect(&mut self, id: &NodeId, now: MonoTime) {
        if let Some(peer) = self.peers.get_mut(id) {
            peer.suspect_until = now + SUSPECT_FOR;
            self.epoch += 1;
        }
    }

    /// Lets time pass: snubs end, suspects come back. Returns when the next of these happens.
    pub(crate) fn tick(&mut self, coverage: &mut Coverage, now: MonoTime) -> MonoTime {
        let over: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.counts != Self::should_count(peer, now))
            .map(|(id, _)| *id)
            .collect();
        over.iter().for_each(|id| self.judge(id, coverage, now));
        let suspects = self.peers.values().filter(|peer| peer.is_suspect(now)).count();
        self.epoch += u32::from(suspects != self.suspects);
        self.suspects = suspects;
        let ends = |peer: &Peer| [peer.snub.until, peer.busy.until, peer.suspect_until];
        let next = self.peers.values().flat_map(ends).filter(|end| *end > now).min();
        next.unwrap_or(MonoTime::NEVER)
    }

    fn should_count(peer: &Peer, now: MonoTime) -> bool {
        if peer.is_proven { now >= peer.snub.until } else { !peer.is_doubted }
    }

    /// Brings `counts` and the coverage in line with what is thought of the peer now.
    fn judge(&mut self, id: &NodeId, coverage: &mut Coverage, now: MonoTime) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        let counts = Self::should_count(peer, now);
        match (peer.counts, counts) {
            (false, true) => peer.has.pieces().for_each(|piece| coverage.add_holder(piece)),
            (true, false) => peer.has.pieces().for_each(|piece| coverage.remove_holder(piece)),
            _ => {}
        }
        peer.counts = counts;
    }
}
