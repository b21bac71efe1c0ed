//! What the others say in the lane, and what follows from it at once: who gives way, and when the origin is let be.

use swarmline_types::message::{LaneMessage, OriginNews};
use swarmline_types::{MonoTime, NodeId, PieceRange};

use super::{Lane, RunState};
use crate::allowance::Allowance;
use crate::config::{HEARSAY_PAUSE_MAX, PROGRESS_TIMEOUT};
use crate::peers::Peer;
use crate::runs::{RunIndex, Runs};
use crate::score;
use crate::site::Site;

impl Lane {
    pub(crate) fn on_message(
        &mut self,
        from: NodeId,
        message: LaneMessage,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        let Some(peer) = site.peers.get(&from) else { return };
        let is_proven = peer.is_proven();
        let says_what_it_does = matches!(message, LaneMessage::Done(_) | LaneMessage::Release { .. });
        // A suspect that never delivered may claim what it likes. One that did is only slow: it keeps its claims, since
        // to ignore them is to fetch the same twice.
        if peer.is_suspect(now) && !is_proven && !says_what_it_does {
            return;
        }
        match message {
            LaneMessage::Claim(pieces) => self.on_claim(from, pieces, site, allowance, now),
            LaneMessage::Progress(list) => {
                for (pieces, bytes) in list {
                    if let Some(run) = self.run_of(pieces, site) {
                        let is_sign_of_life = self.claims.on_progress(run, from, is_proven, bytes, now);
                        if is_sign_of_life && site.coverage.wanted().meets(pieces) {
                            self.claims.on_growth(now);
                        }
                    }
                }
            }
            LaneMessage::Almost(pieces) => {
                if let Some(run) = self.run_of(pieces, site) {
                    self.claims.on_almost(run, from, now);
                }
            }
            LaneMessage::Done(pieces) => {
                pieces.pieces().for_each(|piece| {
                    site.peers.add_piece(&from, piece, &mut site.coverage);
                });
                if let Some(run) = self.run_of(pieces, site) {
                    self.claims.on_done(run, from, site.coverage.runs().layout().span(pieces).size(), now);
                    if site.coverage.wanted().meets(pieces) {
                        self.claims.on_growth(now);
                    }
                }
            }
            LaneMessage::Release { pieces, origin } => {
                if let Some(run) = self.run_of(pieces, site) {
                    self.claims.remove(run, &from);
                }
                self.on_news(from, origin, site, allowance, now);
            }
        }
    }

    pub(super) fn run_of(&self, pieces: PieceRange, site: &Site) -> Option<RunIndex> {
        site.coverage.runs().exactly(pieces)
    }

    pub(super) fn on_claim(
        &mut self,
        from: NodeId,
        pieces: PieceRange,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        if self.runs.len() > 1 && site.coverage.runs().layout().whole() == Some(pieces) {
            self.go_whole(site, allowance);
        }
        let Some(run) = self.run_of(pieces, site) else { return };
        let is_new = self.claims.add(run, from, now);
        // Of two claims made at the same time the lower-ranked gives way, unless it is half through already.
        let Some(fetch) = self.fetches.get(&run).filter(|_| is_new) else { return };
        let behind =
            site.requests.get(fetch.request).is_some_and(|request| request.received * 2 < request.size);
        if behind && self.ranks_before_me(&from, run, site) {
            self.release(run, OriginNews::Nothing, site, allowance);
        }
    }

    pub(super) fn ranks_before_me(&self, other: &NodeId, run: RunIndex, site: &Site) -> bool {
        let first = site.coverage.runs().pieces(run).first();
        let theirs =
            site.peers.get(other).and_then(|peer| score::key(&site.content, first, other, peer.class));
        let mine = score::key(&site.content, first, &site.me, site.config.class);
        matches!((theirs, mine), (Some(theirs), Some(mine)) if theirs < mine) || mine.is_none()
    }

    pub(super) fn on_news(
        &mut self,
        from: NodeId,
        news: OriginNews,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        match news {
            OriginNews::Nothing => {}
            // Hearsay: whoever has delivered is believed for a minute, a stranger for as long as one request.
            OriginNews::Pause(span) => {
                let proven = site.peers.get(&from).is_some_and(Peer::is_proven);
                let most = if proven { HEARSAY_PAUSE_MAX } else { PROGRESS_TIMEOUT };
                self.gate.pause(span.min(most), now);
            }
            OriginNews::NoRanges => self.go_whole(site, allowance),
        }
    }

    /// The origin has no ranges: from now on the lane has one run, the whole content.
    pub(super) fn go_whole(&mut self, site: &mut Site, allowance: &mut dyn Allowance) {
        if self.is_whole {
            return;
        }
        self.is_whole = true;
        if self.runs.len() == 1 {
            return;
        }
        for fetch in std::mem::take(&mut self.fetches).into_values() {
            site.cancel(fetch.request, allowance);
        }
        let runs = Runs::whole(*site.coverage.runs().layout());
        site.coverage.set_runs(runs);
        self.order = runs.in_order(&site.content);
        self.runs = vec![RunState::default(); runs.count()];
        self.first_open = 0;
        self.claims.forget_runs();
    }
}
