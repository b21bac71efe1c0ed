//! Tells neighbours which pieces are here: in batches, and never what they have already.

use std::collections::VecDeque;
use std::time::Duration;

use swarmline_types::message::ContentMessage;
use swarmline_types::{Bitfield, MonoTime, NodeId, PieceIndex};

use crate::config::{
    FAST_RUNS, FAST_SPAN, HAVE_BATCH, HAVE_BATCH_FAST, HAVE_BATCH_MAX, RUN_SIZE, SUMMARY_EVERY,
};
use crate::site::Site;

/// Pieces that are had and not yet announced. Bounded by the pieces of the content.
#[derive(Debug, Default)]
pub(crate) struct Announcer {
    pending: Vec<PieceIndex>,
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
        if self.pending.is_empty() {
            return;
        }
        match self.last_batch.map(|last| last + self.batch_every()) {
            Some(due) if now < due => site.wake_at(due),
            _ => self.flush(site, now),
        }
    }

    /// Pieces that come fast must be passed on soon, or each hop of the mesh costs a batch.
    fn batch_every(&self) -> Duration {
        let (Some(first), Some(last)) = (self.latest.front(), self.latest.back()) else { return HAVE_BATCH };
        let is_fast = self.latest.len() == FAST_RUNS && last.since(*first) < FAST_SPAN;
        if is_fast { HAVE_BATCH_FAST } else { HAVE_BATCH }
    }

    fn flush(&mut self, site: &mut Site, now: MonoTime) {
        self.last_batch = Some(now);
        let mut pending = std::mem::take(&mut self.pending);
        pending.sort_unstable();
        pending.dedup();
        let peers: Vec<_> = site.neighbours().map(|(id, _)| *id).collect();
        for to in peers {
            let has = |piece: &PieceIndex| site.peers.get(&to).is_some_and(|peer| peer.has(*piece));
            let news: Vec<_> = pending.iter().filter(|piece| !has(piece)).copied().collect();
            for batch in news.chunks(HAVE_BATCH_MAX) {
                site.send(to, ContentMessage::Have(batch.to_vec()));
            }
        }
    }

    fn summarise(&mut self, site: &mut Site) {
        self.changed = false;
        let bitmap: Bitfield = site.coverage.have().clone();
        let peers: Vec<_> = site.peers.ids().collect();
        peers.into_iter().for_each(|to| site.send(to, ContentMessage::Bitmap(bitmap.clone())));
    }
}
