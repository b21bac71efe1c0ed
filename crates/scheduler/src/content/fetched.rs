//! What became of what was asked for.

use swarmline_types::message::OriginNews;
use swarmline_types::{MonoTime, NodeId, PieceIndex};

use super::Content;
use crate::action::Action;
use crate::allowance::Allowance;
use crate::config::ORIGIN_MISMATCH_MAX;
use crate::input::Failure;
use crate::ledger::Source;
use crate::requests::{InFlight, RequestId, Verdict};

impl Content {
    pub(super) fn on_rejected(&mut self, request: RequestId, allowance: &mut dyn Allowance, now: MonoTime) {
        let site = &mut self.site;
        if let Some(peer) = site.end(request, allowance).and_then(|ended| ended.peer()) {
            let is_fed = site.is_fed_by_holders();
            site.peers.on_reject(&peer, is_fed, &mut site.coverage, &mut site.rng, now);
        }
    }

    pub(super) fn on_progress(&mut self, request: RequestId, received: u64, now: MonoTime) {
        let site = &mut self.site;
        if !site.requests.progress(request, received, &mut site.ledger, now) {
            return;
        }
        site.last_received = now;
        match site.requests.get(request).and_then(InFlight::peer) {
            Some(peer) => {
                site.last_from_peers = now;
                site.peers.on_progress(&peer, &mut site.coverage, now);
            }
            None => self.lane.on_progress(request, site),
        }
    }

    pub(super) fn on_verified(
        &mut self,
        request: RequestId,
        piece: PieceIndex,
        ok: bool,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        let Some(in_flight) = self.site.requests.get(request) else {
            // Cancelled while its hash was checked: the piece is here all the same.
            if ok && self.site.coverage.gain(piece) {
                self.on_had(piece, allowance, now);
            }
            return;
        };
        let (source, pieces, took) = (in_flight.source, in_flight.pieces, now.since(in_flight.started));
        if let Source::Peer(_) = source {
            self.mesh.on_arrived(in_flight, now);
        }
        let new = ok && self.site.coverage.gain(piece);
        let verdict = match (ok, new) {
            (false, _) => Verdict::Bad,
            (true, true) => Verdict::Kept,
            (true, false) => Verdict::Duplicate,
        };
        let site = &mut self.site;
        let is_last = site.requests.judge(request, piece, verdict, &site.coverage, &mut site.ledger, now);
        site.last_received = now;
        match (source, ok) {
            (Source::Peer(peer), true) => {
                site.peers.on_delivered(&peer, took, &mut site.coverage, now);
                if new {
                    site.note_fed(!self.lane.was_fetched(site.coverage.runs().of(piece)));
                }
            }
            (Source::Peer(peer), false) => self.on_liar(peer, piece, allowance, now),
            (Source::Origin, true) => self.on_origin_piece(),
            (Source::Origin, false) => self.on_mismatch(piece),
        }
        if is_last && self.site.end(request, allowance).is_some() && source == Source::Origin {
            self.lane.on_fetched(request, pieces, &mut self.site, allowance, now);
        }
        if new {
            self.on_had(piece, allowance, now);
        }
    }

    /// A piece is here that was not: tell the neighbours, and stop whoever else is sending it.
    fn on_had(&mut self, piece: PieceIndex, allowance: &mut dyn Allowance, now: MonoTime) {
        self.announcer.on_had(piece, self.site.coverage.runs().layout().size_of(piece), now);
        let same = |(id, request): (RequestId, &InFlight)| {
            (request.peer().is_some() && request.pieces.first() == piece).then_some(id)
        };
        let losers: Vec<_> = self.site.requests.iter().filter_map(same).collect();
        losers.into_iter().for_each(|request| self.site.cancel(request, allowance));
        self.judge_stage(allowance, now);
    }

    fn on_liar(&mut self, peer: NodeId, piece: PieceIndex, allowance: &mut dyn Allowance, now: MonoTime) {
        self.site.actions.push_back(Action::Ban { peer, piece });
        self.on_peer_down(peer, false, allowance, now);
    }

    fn on_origin_piece(&mut self) {
        self.mismatch = None;
        self.lane.gate.on_success();
    }

    fn on_mismatch(&mut self, piece: PieceIndex) {
        self.mismatch = Some(piece);
        self.count_mismatch();
    }

    fn count_mismatch(&mut self) {
        if self.lane.gate.on_mismatch() >= ORIGIN_MISMATCH_MAX {
            self.lane.gate.close();
        }
    }

    pub(super) fn on_failed(
        &mut self,
        request: RequestId,
        why: Failure,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        let Some(ended) = self.site.end(request, allowance) else { return };
        if let Some(peer) = ended.peer() {
            self.site.peers.on_timeout(&peer, ended.last_progress, &mut self.site.coverage, now);
            return;
        }
        let news = match why {
            Failure::Transient { retry_after } => {
                let asked = self.lane.gate.on_failure(retry_after, now);
                asked.map_or(OriginNews::Nothing, OriginNews::Pause)
            }
            Failure::Contradiction => {
                self.count_mismatch();
                self.lane.gate.on_failure(None, now);
                OriginNews::Nothing
            }
            Failure::NoRanges => OriginNews::NoRanges,
            Failure::Fatal => {
                self.lane.gate.close();
                OriginNews::Nothing
            }
        };
        self.lane.on_failed(request, news, &mut self.site, allowance);
    }
}
