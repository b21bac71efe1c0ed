//! The machine of one content: routes what happens between lane, mesh and announcer.
//!
//! Drive it in one order, always: [`handle`](Content::handle) one input, then [`poll_action`](Content::poll_action)
//! until `None`, then wait until [`poll_timeout`](Content::poll_timeout) (then [`Input::Timer`]) or the next input.
//! The driver checks the hash of every piece before it says [`Input::Verified`], and writes it before it says `ok`.

use std::collections::VecDeque;

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use swarmline_types::message::{OriginNews, Rumour, Word};
use swarmline_types::{
    Bitfield, CapacityClass, ContentId, MonoTime, NodeId, PieceIndex, PieceLayout, Wanted,
};

use crate::action::{Action, GiveUp};
use crate::allowance::Allowance;
use crate::announce::Announcer;
use crate::config::{Config, LINE_KEPT, ORIGIN_MISMATCH_MAX};
use crate::coverage::Coverage;
use crate::input::{Failure, Input};
use crate::lane::Lane;
use crate::ledger::{Ledger, Source};
use crate::mesh::Mesh;
use crate::peers::Peer;
use crate::requests::{InFlight, RequestId, Verdict};
use crate::runs::Runs;
use crate::site::Site;

/// How far a content is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// Pieces that are wanted are missing.
    Fetching,
    /// Every piece that is wanted is here, and others are not. More may be wanted later.
    Satisfied,
    /// Every piece is here.
    Complete,
    /// Given up.
    Failed(GiveUp),
}

impl Stage {
    fn of(coverage: &Coverage) -> Self {
        match coverage.is_satisfied() {
            _ if coverage.have().is_all() => Self::Complete,
            true => Self::Satisfied,
            false => Self::Fetching,
        }
    }

    /// Whether nothing is fetched because nothing is lacking.
    pub fn is_satisfied(self) -> bool {
        matches!(self, Self::Satisfied | Self::Complete)
    }
}

/// The piece scheduler of one content.
pub struct Content {
    site: Site,
    lane: Lane,
    mesh: Mesh,
    announcer: Announcer,
    stage: Stage,
    mismatch: Option<PieceIndex>,
    /// When a peer last came, went, or said what it has.
    last_news: MonoTime,
    timeout: MonoTime,
}

impl Content {
    /// A content of which `have` is here already. Same arguments and same inputs give the same actions.
    pub fn new(
        mut config: Config,
        content: ContentId,
        layout: PieceLayout,
        have: Bitfield,
        me: NodeId,
        seed: u64,
        now: MonoTime,
    ) -> Self {
        let wanted = config.wanted.take().unwrap_or_else(|| Wanted::all(&layout));
        let coverage = Coverage::new(Runs::new(layout), have, wanted);
        let stage = Stage::of(&coverage);
        let site = Site::new(config, content, me, coverage, Pcg64Mcg::seed_from_u64(seed), now);
        let (lane, mesh) = (Lane::new(&site, seed), Mesh::new(&site));
        let announcer = Announcer::default();
        Self { site, lane, mesh, announcer, stage, mismatch: None, last_news: now, timeout: now }
    }

    /// Takes in one fact. Never fails: a fact that came too late is ignored.
    pub fn handle(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime) {
        self.site.take_wake();
        self.site.now = now;
        self.site.given_mib = allowance.given_mib();
        self.site.owed_mib = allowance.owed_mib();
        if allowance.needs_rumours() {
            self.site.begin_rumours();
        }
        // Whatever was refused or put off may be possible now.
        let again = matches!(input, Input::Timer | Input::Priority(_) | Input::Policy(_));
        self.lane.end_wait(&self.site, now);
        self.route(input, allowance, now);
        self.tick(again, allowance, now);
        allowance.keep_line(self.needs_line_until());
        self.timeout = self.site.take_wake();
    }

    /// Next order; `None` means drained.
    pub fn poll_action(&mut self) -> Option<Action> {
        let next = self.site.actions.pop_front();
        if next.is_none() && self.site.actions.capacity() > ACTIONS_KEPT {
            self.site.actions = VecDeque::new();
        }
        next
    }

    /// Whether there is no order.
    pub fn is_drained(&self) -> bool {
        self.site.actions.is_empty()
    }

    /// When to come back with [`Input::Timer`] if nothing happens first.
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        (self.timeout != MonoTime::NEVER).then_some(self.timeout)
    }

    /// Takes back all that is in flight: the driver closes the content. Drain the actions, then drop it.
    pub fn abandon(&mut self, allowance: &mut dyn Allowance) {
        let open: Vec<_> = self.site.requests.iter().map(|(id, _)| id).collect();
        open.into_iter().for_each(|request| self.site.cancel(request, allowance));
        self.site.say_gone();
    }

    /// Whether more is to come of a request.
    pub fn is_in_flight(&self, request: RequestId) -> bool {
        self.site.requests.get(request).is_some()
    }

    /// How far it is.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// What is here.
    pub fn have(&self) -> &Bitfield {
        self.site.coverage.have()
    }

    /// What is wanted, of that which is here and that which is not.
    pub fn wanted(&self) -> &Wanted {
        self.site.coverage.wanted()
    }

    /// Where every byte came from.
    pub fn ledger(&self) -> &Ledger {
        &self.site.ledger
    }

    /// How many connected peers share the content.
    pub fn peer_count(&self) -> usize {
        self.site.peers.len()
    }

    /// Runs that others claim, as far as that is remembered: at most [`CLAIMS_MAX`](crate::config::CLAIMS_MAX).
    pub fn claimed_runs(&self) -> usize {
        self.lane.claimed_runs()
    }

    /// Members of the site that are remembered: at most [`MEMBERS_KNOWN_MAX`](crate::config::MEMBERS_KNOWN_MAX),
    /// [`OUTSIDERS_MAX`](crate::config::OUTSIDERS_MAX) others, and those that are connected.
    pub fn member_count(&self) -> usize {
        self.site.members.unordered().len()
    }

    /// Whether a connected peer still wants a piece that is here.
    pub fn is_needed(&self) -> bool {
        let have = self.have();
        let helps = |peer: &Peer| peer.wanted().pieces().any(|piece| have.has(piece) && !peer.has(piece));
        self.site.peers.iter().any(|(_, peer)| peer.is_lacking() && (have.is_all() || helps(peer)))
    }

    /// Until when the line to the origin is wanted for this content, if it gets on no further.
    fn needs_line_until(&self) -> MonoTime {
        let needs =
            self.stage == Stage::Fetching && self.site.coverage.has_open() && !self.lane.gate.is_closed();
        if needs { self.lane.heard(&self.site) + LINE_KEPT } else { MonoTime::ZERO }
    }

    fn route(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime) {
        let site = &mut self.site;
        match input {
            Input::PeerUp { peer, class } => self.on_peer_up(peer, class, now),
            Input::PeerDown { peer, clean } => self.on_peer_down(peer, clean, allowance, now),
            Input::Bitmap { peer, has } => {
                self.mesh.on_spread(has.pieces(), &site.coverage);
                site.peers.set_bitmap(&peer, has, &mut site.coverage);
                self.last_news = now;
            }
            Input::Have { peer, pieces } => {
                self.mesh.on_spread(pieces.iter().copied(), &site.coverage);
                for piece in pieces {
                    if !self.lane.is_claimed_by(&peer, piece, site) {
                        site.peers.on_passed_on(&peer, piece, &mut site.coverage, now);
                    }
                    site.peers.add_piece(&peer, piece, &mut site.coverage);
                }
                self.last_news = now;
            }
            Input::PeerWants { peer, wanted } => {
                site.members.set_wanted(&peer, &wanted, site.coverage.runs().layout());
                site.peers.set_wanted(&peer, wanted);
            }
            Input::Want { wanted } => self.on_want(&wanted, now),
            Input::Priority(priority) => {
                site.config.priority = priority;
                self.lane.wait_anew();
            }
            Input::Policy(policy) => {
                site.config.policy = policy;
                self.lane.wait_anew();
            }
            Input::Rejected { request } => self.on_rejected(request, allowance, now),
            Input::Lane { from, message } => self.lane.on_message(from, &message, site, allowance, now),
            Input::Rumours { from, rumours } => self.on_rumours(from, &rumours, allowance, now),
            Input::Progress { request, received } => self.on_progress(request, received, now),
            Input::Verified { request, piece, ok } => self.on_verified(request, piece, ok, allowance, now),
            Input::Failed { request, why } => self.on_failed(request, why, allowance, now),
            Input::Lost { piece } => self.on_lost(piece, now),
            Input::Timer => {}
        }
    }

    fn tick(&mut self, again: bool, allowance: &mut dyn Allowance, now: MonoTime) {
        let site = &mut self.site;
        site.peers.tick(&mut site.coverage, now);
        site.members.tick(now);
        if !matches!(self.stage, Stage::Failed(_)) {
            site.tick_rumours();
        }
        if self.stage == Stage::Fetching {
            self.mesh.expire(site, allowance, now);
            self.lane.tick(again, site, allowance, now);
            self.mesh.pull(again, site, allowance, now);
            // What was asked for may leave the lane another choice.
            self.lane.tick(false, site, allowance, now);
            self.judge_hope(allowance, now);
            self.site.wake_at(self.mesh.due(&self.site));
        }
        self.announcer.tick(&mut self.site, now);
        // Only now: who was asked meanwhile has time for an answer, and who let it pass has a pause that ends.
        self.site.wake_at(self.site.peers.due().min(self.site.members.due()));
    }

    fn on_peer_up(&mut self, peer: NodeId, class: CapacityClass, now: MonoTime) {
        self.site.add_peer(peer, class);
        self.announcer.greet(peer, &mut self.site);
        self.lane.greet(peer, &mut self.site);
        self.last_news = now;
    }

    fn on_peer_down(&mut self, peer: NodeId, clean: bool, allowance: &mut dyn Allowance, now: MonoTime) {
        let of_peer = |(id, request): (RequestId, &InFlight)| (request.peer() == Some(peer)).then_some(id);
        let lost: Vec<_> = self.site.requests.iter().filter_map(of_peer).collect();
        lost.into_iter().for_each(|request| self.site.cancel(request, allowance));
        self.site.remove_peer(&peer, clean);
        // In a large site it may have closed the connection and be there all the same: its claims speak for themselves.
        if !(clean && self.site.uses_rumours()) {
            self.lane.on_member_gone(&peer, clean, now);
        }
        self.last_news = now;
    }

    fn on_rumours(&mut self, from: NodeId, rumours: &[Rumour], allowance: &mut dyn Allowance, now: MonoTime) {
        self.site.begin_rumours();
        let mut is_linked = false;
        for rumour in rumours {
            if !is_linked && rumour.is_passed_on_by(&from) {
                self.site.is_linked_by(from);
                is_linked = true;
            }
            if !self.site.hear(from, rumour) {
                continue;
            }
            match &rumour.word {
                Word::Lane(message) => {
                    self.lane.on_message(rumour.member, message, &mut self.site, allowance, now);
                }
                Word::Gone => self.lane.on_member_gone(&rumour.member, true, now),
                Word::Here(_) | Word::Known(_) => {}
            }
        }
    }

    fn on_rejected(&mut self, request: RequestId, allowance: &mut dyn Allowance, now: MonoTime) {
        let site = &mut self.site;
        if let Some(peer) = site.end(request, allowance).and_then(|ended| ended.peer()) {
            let is_fed = site.is_fed_by_holders();
            site.peers.on_reject(&peer, is_fed, &mut site.coverage, &mut site.rng, now);
        }
    }

    fn on_progress(&mut self, request: RequestId, received: u64, now: MonoTime) {
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

    fn on_verified(
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

    /// Whether all is here that is wanted, or all there is.
    fn judge_stage(&mut self, allowance: &mut dyn Allowance, now: MonoTime) {
        let (before, stage) = (self.stage, Stage::of(&self.site.coverage));
        let order = match (before, stage) {
            (Stage::Fetching, Stage::Satisfied) => Action::Satisfied,
            (Stage::Fetching | Stage::Satisfied, Stage::Complete) => Action::Completed,
            _ => return,
        };
        self.stage = stage;
        self.lane.stand_down(&mut self.site, allowance);
        self.announcer.on_satisfied(now);
        self.site.actions.push_back(order);
    }

    /// More is wanted. What was satisfied begins anew, as patient as at first.
    fn on_want(&mut self, wanted: &Wanted, now: MonoTime) {
        let is_over = matches!(self.stage, Stage::Failed(_));
        if is_over || !self.site.coverage.want(wanted) {
            return;
        }
        self.announcer.on_want(&mut self.site);
        self.lane.begin_anew();
        if self.stage == Stage::Satisfied {
            self.stage = Stage::of(&self.site.coverage);
            (self.site.last_received, self.site.last_from_peers, self.last_news) = (now, now, now);
        }
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

    fn on_failed(&mut self, request: RequestId, why: Failure, allowance: &mut dyn Allowance, now: MonoTime) {
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

    fn on_lost(&mut self, piece: PieceIndex, now: MonoTime) {
        if self.site.coverage.lose(piece) {
            self.lane.begin_anew();
            self.announcer.on_lost(piece, now);
        }
    }

    /// Whether there is still somebody to wait for.
    fn judge_hope(&mut self, allowance: &mut dyn Allowance, now: MonoTime) {
        let site = &mut self.site;
        let heard = self.lane.heard(site).max(self.lane.start_at(site)).max(site.last_refused);
        let patience = heard.max(self.lane.gate.asked_to_wait_until()) + site.config.no_progress_timeout;
        let offers = |peer: &Peer| peer.bitmap().pieces().any(|piece| site.coverage.lacks(piece));
        let grace = heard.max(self.last_news) + site.config.orphan_grace;
        if now < grace.min(patience) {
            return site.wake_at(if self.lane.gate.is_closed() { grace.min(patience) } else { patience });
        }
        // What the coverage knows spares a walk through every bitmap.
        let orphaned = self.lane.gate.is_closed()
            && !site.coverage.has_useful()
            && !site.peers.iter().any(|(_, peer)| offers(peer));
        if !orphaned && now < patience {
            return site.wake_at(patience);
        }
        let why = match (orphaned, self.mismatch) {
            (true, Some(piece)) => GiveUp::Mismatch { piece },
            (true, None) => GiveUp::NoSource,
            (false, _) => GiveUp::NoProgress,
        };
        self.abandon(allowance);
        self.stage = Stage::Failed(why);
        self.site.actions.push_back(Action::GiveUp(why));
    }
}

/// Places for orders that are kept when there is none. Only a word to all peers takes more, now and then.
const ACTIONS_KEPT: usize = 4;
