//! What lane, mesh and announcer share: the state of one content as this node sees its site, and the way out.

mod elsewhere;
mod rumours;

use std::collections::VecDeque;

use rand_pcg::Pcg64Mcg;
use swarmline_types::message::{ContentMessage, LaneMessage, Word};
use swarmline_types::{CapacityClass, ContentId, MonoTime, NodeId, PieceIndex, PieceRange};

use crate::action::{Action, Explain};
use crate::allowance::{Allowance, Surroundings};
use crate::config::{Config, PROGRESS_TIMEOUT};
use crate::coverage::Coverage;
use crate::ledger::{Ledger, Source};
use crate::members::Members;
use crate::peers::{Peer, Peers};
use crate::requests::{InFlight, RequestId, Requests};
use crate::score::{self, Entrant};
use elsewhere::Elsewhere;
use rumours::Rumours;

pub(crate) struct Site {
    pub(crate) config: Config,
    pub(crate) content: ContentId,
    pub(crate) me: NodeId,
    pub(crate) coverage: Coverage,
    pub(crate) members: Members,
    pub(crate) peers: Peers,
    rumours: Rumours,
    elsewhere: Elsewhere,
    /// What this node draws in every race.
    draw: u64,
    pub(crate) requests: Requests,
    pub(crate) ledger: Ledger,
    /// What the node said last.
    pub(crate) surroundings: Surroundings,
    pub(crate) rng: Pcg64Mcg,
    pub(crate) started: MonoTime,
    /// Of the input that is being handled.
    pub(crate) now: MonoTime,
    /// When the last byte arrived that I asked for, or when I began to ask.
    pub(crate) last_received: MonoTime,
    /// When the node last let something not start: what is held back does not fail for it.
    pub(crate) last_refused: MonoTime,
    /// When the last byte arrived from a peer.
    pub(crate) last_from_peers: MonoTime,
    /// Of the latest eight pieces that peers brought, a bit each: nobody had said to fetch it from the origin.
    fed: u8,
    /// When the latest such piece came.
    last_fed: MonoTime,
    /// Orders not yet taken by the driver. Bounded by what one input can cause: messages to all peers, plus as many
    /// requests and cancels as may be in flight.
    pub(crate) actions: VecDeque<Action>,
    /// When something will be due without any input.
    wake: MonoTime,
}

impl Site {
    pub(crate) fn new(
        config: Config,
        content: ContentId,
        me: NodeId,
        coverage: Coverage,
        rng: Pcg64Mcg,
        now: MonoTime,
    ) -> Self {
        Self {
            config,
            content,
            me,
            coverage,
            members: Members::default(),
            peers: Peers::default(),
            rumours: Rumours::default(),
            elsewhere: Elsewhere::default(),
            draw: score::draw_of_member(&content, &me),
            requests: Requests::default(),
            ledger: Ledger::default(),
            surroundings: Surroundings::default(),
            rng,
            started: now,
            now,
            last_received: now,
            last_refused: now,
            last_from_peers: now,
            fed: 0,
            last_fed: now,
            actions: VecDeque::new(),
            wake: MonoTime::NEVER,
        }
    }

    pub(crate) fn send(&mut self, to: NodeId, message: ContentMessage) {
        self.actions.push_back(Action::Send { to, message });
    }

    /// Lane messages reach every member of the site: directly, or in large sites as rumours.
    pub(crate) fn broadcast(&mut self, message: &LaneMessage) {
        if self.uses_rumours() {
            return self.say(Word::Lane(message.clone()));
        }
        let members: Vec<_> = self.peers.ids().collect();
        members.into_iter().for_each(|to| self.send(to, ContentMessage::Lane(message.clone())));
    }

    pub(crate) fn explain(&mut self, why: Explain) {
        self.actions.push_back(Action::Explain(why));
    }

    /// Starts a request if the node allows it.
    pub(crate) fn request(
        &mut self,
        from: Source,
        pieces: PieceRange,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> Option<RequestId> {
        let size = self.coverage.runs().layout().span(pieces).size();
        if !allowance.try_start(from, size, now) {
            self.last_refused = now;
            return None;
        }
        let request = self.requests.start(from, pieces, &mut self.coverage, now);
        if let Source::Peer(peer) = from {
            self.peers.on_asked(&peer, now);
        }
        self.actions.push_back(Action::Request { request, from, pieces });
        Some(request)
    }

    /// Books a request as over and gives the allowance back.
    pub(crate) fn end(&mut self, request: RequestId, allowance: &mut dyn Allowance) -> Option<InFlight> {
        let ended = self.requests.end(request, &mut self.coverage, &mut self.ledger)?;
        if let Some(peer) = ended.peer() {
            self.peers.on_answered(&peer, &mut self.coverage, self.now);
        }
        allowance.end(ended.source, ended.size, ended.received);
        Some(ended)
    }

    /// Takes back a request.
    pub(crate) fn cancel(&mut self, request: RequestId, allowance: &mut dyn Allowance) {
        if self.end(request, allowance).is_some() {
            self.actions.push_back(Action::Cancel { request });
        }
    }

    /// A peer brought a piece that was new; `is_fed` if nobody had said to fetch it from the origin.
    pub(crate) fn note_fed(&mut self, is_fed: bool) {
        self.fed = self.fed << 1 | u8::from(is_fed);
        if is_fed {
            self.last_fed = self.now;
        }
    }

    /// Whether peers bring what the origin was not asked for: somebody who holds it is giving it. The bytes prove it, so
    /// nobody can only claim it. Most of the latest pieces must be such, since now and then a word of the lane is missed.
    pub(crate) fn is_fed_by_holders(&self) -> bool {
        self.fed.count_ones() >= FED_MIN && self.now < self.last_fed + PROGRESS_TIMEOUT
    }

    /// MiB that are here, wherever they came from.
    pub(crate) fn got_mib(&self) -> u64 {
        let piece_size = self.coverage.runs().layout().piece_size();
        (u64::from(self.coverage.have().count()) * u64::from(piece_size)) >> 20
    }

    /// A peer shares the content from now on.
    pub(crate) fn add_peer(&mut self, peer: NodeId, class: CapacityClass) {
        let layout = *self.coverage.runs().layout();
        let draw = score::draw_of_pair(&self.content, &self.me, &peer);
        let is_chosen = self.uses_rumours();
        self.members.connect(peer, class, &self.content, self.now);
        self.peers.add(peer, draw, is_chosen, &layout);
        self.review_neighbours();
        if is_chosen {
            self.greet_with_rumours(peer);
        }
    }

    /// It does no longer, or cannot be reached. In a large site that says little of whether it is still there.
    pub(crate) fn remove_peer(&mut self, peer: &NodeId, clean: bool) {
        self.peers.remove(peer, &mut self.coverage, self.now);
        self.review_neighbours();
        self.members.disconnect(peer, self.uses_rumours(), self.now);
        if self.uses_rumours() {
            self.unlink(peer);
            if !clean {
                self.members.miss(peer, self.now);
            }
        }
    }

    /// This node in the race for a run that brings `run`.
    pub(crate) fn entrant(&self, run: u64) -> Entrant<'_> {
        Entrant::new(run, self.draw, &self.me, self.config.class).behind_committee(self.is_outside())
    }

    /// Whether this node is not of the committee.
    pub(crate) fn is_outside(&self) -> bool {
        self.members.leaves_out(self.draw)
    }

    /// Who is a neighbour in the mesh. Both ends decide alike: whoever was chosen is one, and of the others everybody
    /// while the site is small, then a random graph drawn from both names, with the next two in the ring of names so
    /// that nobody is left out.
    fn review_neighbours(&mut self) {
        let others = self.peers.len();
        let near = self.peers.near_in_ring(&self.me);
        for (id, peer) in self.peers.iter_mut() {
            peer.is_neighbour = peer.is_chosen
                || others < self.config.full_mesh_max
                || score::is_edge(peer.draw, self.config.degree, others)
                || near.contains(id);
        }
    }

    /// Peers that are neighbours.
    pub(crate) fn neighbours(&self) -> impl Iterator<Item = (&NodeId, &Peer)> {
        self.peers.iter().filter(|(_, peer)| peer.is_neighbour)
    }

    /// Of `choices` random pieces that some peer has and I want, the rarest; of those only that more than so many peers
    /// have, if there is one.
    pub(crate) fn draw(&mut self, choices: usize, holders: Option<u16>) -> Option<PieceIndex> {
        match holders {
            Some(holders) => self.coverage.rarest_shared(choices, holders, &mut self.rng),
            None => self.coverage.rarest_of(choices, &mut self.rng),
        }
    }

    pub(crate) fn wake_at(&mut self, at: MonoTime) {
        self.wake = self.wake.min(at);
    }

    pub(crate) fn take_wake(&mut self) -> MonoTime {
        std::mem::replace(&mut self.wake, MonoTime::NEVER)
    }
}

/// Of the latest eight pieces that peers brought, so many that nobody had said to fetch.
const FED_MIN: u32 = 5;
