//! What lane, mesh and announcer share: the state of one content as this node sees its site, and the way out.

use std::collections::VecDeque;

use rand_pcg::Pcg64Mcg;
use swarmline_types::message::{ContentMessage, LaneMessage};
use swarmline_types::{ContentId, MonoTime, NodeId, PieceIndex, PieceRange};

use crate::action::{Action, Explain};
use crate::allowance::Allowance;
use crate::config::Config;
use crate::coverage::Coverage;
use crate::ledger::{Ledger, Source};
use crate::peers::Peers;
use crate::requests::{InFlight, RequestId, Requests};
use crate::score;

pub(crate) struct Site {
    pub(crate) config: Config,
    pub(crate) content: ContentId,
    pub(crate) me: NodeId,
    pub(crate) coverage: Coverage,
    pub(crate) peers: Peers,
    pub(crate) requests: Requests,
    pub(crate) ledger: Ledger,
    pub(crate) rng: Pcg64Mcg,
    pub(crate) started: MonoTime,
    /// When the last byte arrived that I asked for, or when I began to ask.
    pub(crate) last_received: MonoTime,
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
            peers: Peers::default(),
            requests: Requests::default(),
            ledger: Ledger::default(),
            rng,
            started: now,
            last_received: now,
            actions: VecDeque::new(),
            wake: MonoTime::NEVER,
        }
    }

    pub(crate) fn send(&mut self, to: NodeId, message: ContentMessage) {
        self.actions.push_back(Action::Send { to, message });
    }

    /// Lane messages reach every member of the site.
    pub(crate) fn broadcast(&mut self, message: &LaneMessage) {
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
            self.peers.on_answered(&peer);
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

    /// Whether a peer is a neighbour in the mesh. Both ends decide alike: everybody while the site is small, then a
    /// random graph drawn from both names, with the next two in the ring of names so that nobody is left out.
    pub(crate) fn is_neighbour(&self, peer: &NodeId) -> bool {
        let others = self.peers.len();
        others < self.config.full_mesh_max
            || score::is_edge(&self.content, &self.me, peer, self.config.degree, others)
            || self.is_near_in_ring(peer)
    }

    fn is_near_in_ring(&self, peer: &NodeId) -> bool {
        let behind: Vec<_> = self.peers.ids().filter(|id| *id > self.me).take(RING_REACH).collect();
        let ahead: Vec<_> = self.peers.ids().filter(|id| *id < self.me).collect();
        let wrap_up = self.peers.ids().take(RING_REACH - behind.len());
        let from_end = RING_REACH - ahead.len().min(RING_REACH);
        let last: Vec<_> = self.peers.ids().collect();
        behind.iter().copied().chain(wrap_up).any(|id| id == *peer)
            || ahead
                .iter()
                .rev()
                .take(RING_REACH)
                .chain(last.iter().rev().take(from_end))
                .any(|id| id == peer)
    }

    /// Of `choices` random pieces that some peer has and I want, the rarest.
    pub(crate) fn draw(&mut self, choices: usize) -> Option<PieceIndex> {
        self.coverage.rarest_of(choices, &mut self.rng)
    }

    pub(crate) fn wake_at(&mut self, at: MonoTime) {
        self.wake = self.wake.min(at);
    }

    pub(crate) fn take_wake(&mut self) -> MonoTime {
        std::mem::replace(&mut self.wake, MonoTime::NEVER)
    }
}

/// How many peers in each direction of the ring of names are neighbours at least.
const RING_REACH: usize = 2;
