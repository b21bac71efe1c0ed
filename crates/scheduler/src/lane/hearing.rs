//! What the others say in the lane, and what follows from it at once: who gives way, and when the origin is let be.

use std::time::Duration;

use swarmline_types::message::{LaneMessage, OriginNews};
use swarmline_types::{CapacityClass, MonoTime, NodeId, PieceRange};

use super::ranking::draw_of;
use super::{Lane, Said};
use crate::allowance::Allowance;
use crate::config::{HEARSAY_PAUSE_MAX, PROGRESS_TIMEOUT};
use crate::peers::Peer;
use crate::runs::{RunIndex, Runs};
use crate::site::Site;

impl Lane {
    pub(crate) fn on_message(
        &mut self,
        from: NodeId,
        message: &LaneMessage,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        site.members.appear(&from);
        let Some(member) = site.members.get(&from) else { return };
        let let_rot = member.let_rot();
        let peer = site.peers.get(&from);
        let (is_connected, is_proven) = (peer.is_some(), peer.is_some_and(Peer::is_proven));
        let says_what_it_does = matches!(message, LaneMessage::Done(_) | LaneMessage::Release { .. });
        // A stranger that let a run rot may claim what it likes. One that has delivered is only slow: it keeps its claims,
        // since to ignore them is to fetch the same twice.
        if let_rot && !is_proven && !says_what_it_does {
            return;
        }
        match message {
            LaneMessage::Claim(pieces) => self.on_claim(from, *pieces, site, allowance, now),
            LaneMessage::Progress(list) => {
                for (pieces, bytes) in list {
                    if let Some(run) = self.run_of(*pieces, site) {
                        self.note_fetched(run);
                        let grows = self.claims.on_progress(run, from, *bytes, now);
                        if grows && site.coverage.lacking_in(run) > 0 {
                            self.claims.on_growth(is_proven, now);
                        }
                    }
                }
            }
            LaneMessage::Almost(pieces) => {
                if let Some(run) = self.run_of(*pieces, site) {
                    self.claims.on_almost(run, from, now);
                }
            }
            LaneMessage::Done(pieces) => self.on_done(from, *pieces, is_connected, let_rot, site, now),
            LaneMessage::Release { pieces, origin } => {
                if let Some(run) = self.run_of(*pieces, site) {
                    self.claims.remove(run, &from);
                }
                self.on_news(from, *origin, site, allowance, now);
            }
        }
    }

    /// A member has fetched a run. Of a peer that is one more that has it; of somebody else's word it is only known that
    /// it should turn up soon.
    fn on_done(
        &mut self,
        from: NodeId,
        pieces: PieceRange,
        is_connected: bool,
        let_rot: bool,
        site: &mut Site,
        now: MonoTime,
    ) {
        if is_connected {
            pieces.pieces().for_each(|piece| {
                site.peers.add_piece(&from, piece, &mut site.coverage);
            });
        }
        let Some(run) = self.run_of(pieces, site) else { return };
        self.note_said(run, Said::Done);
        let is_elsewhere = !is_connected && !let_rot && site.coverage.open_in(run) > 0;
        let took = self.claims.on_done(run, from, is_elsewhere, now);
        let is_proven = site.peers.get(&from).is_some_and(Peer::is_proven);
        self.observe(pieces, took, is_proven, site);
        if site.coverage.lacking_in(run) > 0 {
            self.claims.on_growth(is_proven, now);
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
        if self.order.len() > 1 && site.coverage.runs().layout().whole() == Some(pieces) {
            self.hear_of_no_ranges(site, allowance);
        }
        let Some(run) = self.run_of(pieces, site) else { return };
        self.note_fetched(run);
        self.blame_the_absent(&from, run, site, now);
        let is_new = self.claims.add(run, from, now);
        if is_new {
            self.pass_over_all_but(run, site, now);
        }
        // Of two claims made at the same time the lower-ranked gives way, unless it is half through already.
        let Some(fetch) = self.fetches.get(&run).filter(|_| is_new) else { return };
        let behind =
            site.requests.get(fetch.request).is_some_and(|request| request.received * 2 < request.size);
        if behind && self.ranks_before_me(&from, run, site) {
            self.release(run, OriginNews::Nothing, site, allowance);
        }
    }

    /// A run is taken on, so there was room for those that wait, too. Not for what somebody said to have fetched, or what a
    /// peer has that is only silent now: its owner may well see it there, and need not come.
    fn pass_over_all_but(&mut self, run: RunIndex, site: &Site, now: MonoTime) {
        let step = site.config.unclaimed_step();
        let said = &self.said;
        let others = self
            .waiting
            .iter_mut()
            .filter(|(other, _)| **other != run && said[other.as_usize()] != Said::Done);
        for (other, waiting) in others {
            let pieces = site.coverage.runs().pieces(*other);
            let has =
                |peer: &Peer| !site.peers.is_doubted(peer) && pieces.pieces().any(|piece| peer.has(piece));
            if waiting.may_be_passed_over(step, now) && !site.peers.iter().any(|(_, peer)| has(peer)) {
                waiting.passed_over += 1;
                waiting.passed_at = now;
            }
        }
    }

    /// Somebody finished a run, and if its claim was known, it took so long. `is_sure`: I did, or a member that has delivered.
    pub(super) fn observe(&mut self, pieces: PieceRange, took: Option<Duration>, is_sure: bool, site: &Site) {
        let layout = site.coverage.runs().layout();
        self.has_ranges |= is_sure && layout.whole() != Some(pieces);
        let bytes = layout.span(pieces).size();
        took.into_iter().for_each(|took| self.claims.observe(bytes, took, is_sure));
        self.width.on_finished(bytes, self.claims.median_rate(), site.uses_rumours(), site.now);
    }

    /// A run that waited for so long that its owner should have come is claimed by another: whoever ranks before that
    /// one and is only a name is not there. So a liar's invented members cost the site one wait each, not one each node.
    fn blame_the_absent(&mut self, claimant: &NodeId, run: RunIndex, site: &mut Site, now: MonoTime) {
        let Some(waiting) = self.waiting.get(&run) else { return };
        let is_late = now >= self.late_at(waiting, site.config.unclaimed_step(), site, now);
        if !is_late || self.claims.is_claimed(run) {
            return;
        }
        let Some(member) = site.members.get(claimant) else { return };
        let absent = self.absent_before(&member.entrant(draw_of(run, site)), run, site);
        absent.iter().for_each(|name| site.members.miss(name, now));
    }

    pub(super) fn ranks_before_me(&self, other: &NodeId, run: RunIndex, site: &Site) -> bool {
        let draw = draw_of(run, site);
        site.config.class == CapacityClass::Never
            || site
                .members
                .get(other)
                .is_some_and(|member| member.entrant(draw).is_before(&site.entrant(draw)))
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
            OriginNews::NoRanges => self.hear_of_no_ranges(site, allowance),
        }
    }

    /// Whoever knows better believes nobody, and would find out himself: else one word would have the site fetch all anew.
    fn hear_of_no_ranges(&mut self, site: &mut Site, allowance: &mut dyn Allowance) {
        if !self.has_ranges {
            self.go_whole(site, allowance);
        }
    }

    /// The origin has no ranges: from now on the lane has one run, the whole content.
    pub(super) fn go_whole(&mut self, site: &mut Site, allowance: &mut dyn Allowance) {
        if self.is_whole {
            return;
        }
        (self.is_whole, self.has_ranges) = (true, false);
        self.changes += 1;
        if self.order.len() == 1 {
            return;
        }
        for fetch in std::mem::take(&mut self.fetches).into_values() {
            site.cancel(fetch.request, allowance);
        }
        let runs = Runs::whole(*site.coverage.runs().layout());
        site.coverage.set_runs(runs);
        self.order = runs.in_order(&site.content);
        self.said = vec![Said::Fetched; runs.count()];
        self.waiting.clear();
        self.first_open = 0;
        self.claims.forget_runs(site.now);
    }
}
