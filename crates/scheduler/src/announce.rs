//! Tells neighbours which pieces are here: in batches, never what they have already, and where the LAN has time to spare a
//! few at a time; who has much to send already tells fewer. Where pieces come fast, what is rare is told at once.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand::seq::SliceRandom;
use swarmline_types::message::ContentMessage;
use swarmline_types::{Bitfield, MonoTime, NodeId, PieceIndex};

use crate::config::{
    CALM_SERVICES, FAST_RUNS, FAST_SPAN, GIVEN_JUDGED_FROM, HAVE_BATCH, HAVE_BATCH_FAST, HAVE_BATCH_MAX,
    OWED_MIB_MAX, RARE_HOLDERS, RUN_SIZE, SUMMARY_EVERY, TOLD_AT_ONCE,
};
use crate::site::Site;

/// Pieces that are had and not yet announced to all. Bounded by the pieces of the content.
#[derive(Debug, Default)]
pub(crate) struct Announcer {
    pending: Vec<PieceIndex>,
    /// Announced to some, and to whom.
    partly: Vec<(PieceIndex, Vec<NodeId>)>,
    last_batch: Option<MonoTime>,
    /// When the bitmap is sent again, if anything changed since.
    summary_due: MonoTime,
    changed: bool,
    /// When the latest pieces had come that make up [`RUN_SIZE`] each. At most [`FAST_RUNS`].
    latest: VecDeque<MonoTime>,
    /// Bytes that came since.
    bytes: u32,
}

impl Announcer {
    /// A piece of so many bytes is here.
    pub(crate) fn on_had(&mut self, piece: PieceIndex, bytes: u32, now: MonoTime) {
        self.pending.push(piece);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes >= RUN_SIZE {
            self.bytes = 0;
            self.latest.push_back(now);
        }
        if self.latest.len() > FAST_RUNS {
            self.latest.pop_front();
        }
        self.must_summarise_by(now + SUMMARY_EVERY);
    }

    /// More is wanted than before: whoever ranks must know.
    pub(crate) fn on_want(&self, site: &mut Site) {
        let (wanted, peers) = (site.coverage.wanted().clone(), site.peers.ids().collect::<Vec<_>>());
        peers.into_iter().for_each(|to| site.send(to, ContentMessage::Wanted(wanted.clone())));
        site.say_here();
    }

    /// All that is wanted is here: whoever gave the last pieces was not told of them, and must know that nobody needs it.
    pub(crate) fn on_satisfied(&mut self, now: MonoTime) {
        self.must_summarise_by(now);
    }

    /// Something was lost: the next summary must say so, at once, and no batch may take it back.
    pub(crate) fn on_lost(&mut self, piece: PieceIndex, now: MonoTime) {
        self.pending.retain(|pending| *pending != piece);
        self.partly.retain(|(partly, _)| *partly != piece);
        self.must_summarise_by(now);
    }

    fn must_summarise_by(&mut self, due: MonoTime) {
        self.summary_due = if self.changed { self.summary_due.min(due) } else { due };
        self.changed = true;
    }

    /// A new peer gets the whole bitmap; what is pending is in it. Before it, what is wanted, if that is not all.
    pub(crate) fn greet(&mut self, peer: NodeId, site: &mut Site) {
        let wanted = site.coverage.wanted().clone();
        if !wanted.is_all(site.coverage.runs().layout()) {
            site.send(peer, ContentMessage::Wanted(wanted));
        }
        let bitmap = site.coverage.have().clone();
        site.send(peer, ContentMessage::Bitmap(bitmap));
    }

    pub(crate) fn tick(&mut self, site: &mut Site, now: MonoTime) {
        match self.changed {
            true if now >= self.summary_due => self.summarise(site),
            true => site.wake_at(self.summary_due),
            false => {}
        }
        if self.pending.is_empty() && self.partly.is_empty() {
            return;
        }
        match self.last_batch.map(|last| last + self.batch_every()) {
            Some(due) if now < due => {
                if self.begins_fast() {
                    self.tell_rare(site);
                }
                if !(self.pending.is_empty() && self.partly.is_empty()) {
                    site.wake_at(due);
                }
            }
            _ => self.flush(site, now),
        }
    }

    /// Pieces that come fast must be passed on soon, or each hop of the mesh costs a batch.
    fn batch_every(&self) -> Duration {
        if self.is_fast() { HAVE_BATCH_FAST } else { HAVE_BATCH }
    }

    fn is_fast(&self) -> bool {
        self.latest.len() == FAST_RUNS && self.begins_fast()
    }

    /// The same of fewer pieces, as many as are here.
    fn begins_fast(&self) -> bool {
        let (Some(first), Some(last)) = (self.latest.front(), self.latest.back()) else { return false };
        let steps = |runs: usize| u32::try_from(runs).expect("no more than FAST_RUNS") - 1;
        last.since(*first) * steps(FAST_RUNS) < FAST_SPAN * steps(self.latest.len())
    }

    /// How many neighbours are told of a piece in one batch; `None`: all. Where the line is slow against the LAN, a
    /// piece is everywhere long before the next comes, and nobody waits for the word of one neighbour. Then whoever
    /// told all its neighbours at once would be asked by all; and whoever has given much already shall be asked by
    /// fewer.
    fn told_when_calm(&self, site: &Site) -> Option<usize> {
        let (first, last, usual) = (self.latest.front()?, self.latest.back()?, site.peers.usual_service()?);
        let steps = u32::try_from(self.latest.len()).expect("no more than FAST_RUNS") - 1;
        let pieces = u32::try_from(pieces_per_run(site)).expect("no more than RUN_SIZE");
        let is_calm = self.latest.len() == FAST_RUNS
            && last.since(*first) >= usual.saturating_mul(CALM_SERVICES * steps * pieces);
        let (given, got) = (site.surroundings.given_mib, site.got_mib());
        is_calm.then_some(match () {
            _ if got < GIVEN_JUDGED_FROM => TOLD_AT_ONCE,
            _ if 2 * given > 3 * got => 1,
            _ if 5 * given > 6 * got => TOLD_AT_ONCE / 2,
            _ => TOLD_AT_ONCE,
        })
    }

    /// The same where pieces come fast. Whoever owes much would only have more peers wait, while others who have the piece
    /// have nothing to do; and from those it tells the rest have it soon. Who owes nothing tells all.
    fn told_when_fast(&self, site: &Site) -> Option<usize> {
        let owed_mib = site.surroundings.owed_mib;
        let room = OWED_MIB_MAX.saturating_sub(owed_mib) << 20;
        let told = room / u64::from(site.coverage.runs().layout().piece_size());
        (owed_mib > 0 && self.is_fast()).then_some(usize::try_from(told).unwrap_or(usize::MAX).max(1))
    }

    /// Between two batches, what few have, as soon as it makes up a run: while nobody can ask for it, those who have asked
    /// for all that they know of have nothing to do.
    fn tell_rare(&mut self, site: &mut Site) {
        let is_rare = |piece: &PieceIndex| site.coverage.holders(*piece) < RARE_HOLDERS;
        let rare = self.pending.iter().filter(|piece| is_rare(piece)).count();
        if rare >= pieces_per_run(site) {
            let rare: Vec<_> = self.pending.extract_if(.., |piece| is_rare(piece)).collect();
            self.tell(rare.into_iter().map(|piece| (piece, Vec::new())).collect(), site);
        }
    }

    fn flush(&mut self, site: &mut Site, now: MonoTime) {
        self.last_batch = Some(now);
        let mut pending = std::mem::take(&mut self.pending);
        pending.sort_unstable();
        pending.dedup();
        let mut pieces = std::mem::take(&mut self.partly);
        pieces.extend(pending.into_iter().map(|piece| (piece, Vec::new())));
        self.tell(pieces, site);
        if !self.partly.is_empty() {
            site.wake_at(now + self.batch_every());
        }
    }

    /// Tells of pieces, each with those who know of it already, as many neighbours as is good now.
    fn tell(&mut self, pieces: Vec<(PieceIndex, Vec<NodeId>)>, site: &mut Site) {
        let at_once = self.told_when_calm(site).or_else(|| self.told_when_fast(site)).unwrap_or(usize::MAX);
        let mut news: BTreeMap<NodeId, Vec<PieceIndex>> = BTreeMap::new();
        for (piece, mut told) in pieces {
            let ignorant = site.neighbours().filter(|(id, peer)| !peer.has(piece) && !told.contains(id));
            let mut ignorant: Vec<_> = ignorant.map(|(id, _)| *id).collect();
            let is_rest = ignorant.len() <= at_once;
            let next =
                if is_rest { &ignorant[..] } else { ignorant.partial_shuffle(&mut site.rng, at_once).0 };
            next.iter().for_each(|to| news.entry(*to).or_default().push(piece));
            if !is_rest {
                told.extend_from_slice(next);
                self.partly.push((piece, told));
            }
        }
        for (to, mut pieces) in news {
            pieces.sort_unstable();
            for batch in pieces.chunks(HAVE_BATCH_MAX) {
                site.send(to, ContentMessage::Have(batch.to_vec()));
            }
        }
    }

    fn summarise(&mut self, site: &mut Site) {
        self.changed = false;
        self.partly.clear();
        let bitmap: Bitfield = site.coverage.have().clone();
        let peers: Vec<_> = site.peers.ids().collect();
        peers.into_iter().for_each(|to| site.send(to, ContentMessage::Bitmap(bitmap.clone())));
    }
}

/// Pieces that make up [`RUN_SIZE`].
fn pieces_per_run(site: &Site) -> usize {
    (RUN_SIZE / site.coverage.runs().layout().piece_size()).max(1) as usize
}
