//! The machine of one content: routes what happens between lane, mesh and announcer.
//!
//! Drive it in one order, always: [`handle`](Content::handle) one input, then [`poll_action`](Content::poll_action)
//! until `None`, then wait until [`poll_timeout`](Content::poll_timeout) (then [`Input::Timer`]) or the next input.
//! The driver checks the hash of every piece before it says [`Input::Verified`], and writes it before it says `ok`.

mod fetched;
mod stage;

use std::collections::VecDeque;

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use swarmline_types::message::{Rumour, Word};
use swarmline_types::{
    Bitfield, CapacityClass, ContentId, MonoTime, NodeId, PieceIndex, PieceLayout, Wanted,
};

use crate::action::Action;
use crate::allowance::Allowance;
use crate::announce::Announcer;
use crate::config::{Config, LINE_KEPT};
use crate::coverage::Coverage;
use crate::input::Input;
use crate::lane::Lane;
use crate::ledger::Ledger;
use crate::mesh::Mesh;
use crate::peers::Peer;
use crate::requests::{InFlight, RequestId};
use crate::runs::Runs;
use crate::site::Site;

pub use stage::Stage;

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
        self.site.surroundings = allowance.surroundings(now);
        if self.site.surroundings.needs_rumours {
            self.site.begin_rumours();
        }
        // Whatever was refused or put off may be possible now.
        let again = matches!(input, Input::Timer | Input::Priority(_) | Input::Policy(_));
        self.lane.end_wait(&self.site, now);
        self.route(input, allowance, now);
        self.tick(again, allowance, now);
        allowance.keep_line(self.needs_line_until());
        allowance.seek_others(self.is_stranded(now));
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
                self.site.is_linked_by(from, rumour.member == from);
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
}

/// Places for orders that are kept when there is none. Only a word to all peers takes more, now and then.
const ACTIONS_KEPT: usize = 4;
