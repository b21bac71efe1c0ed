//! How peers of a baseline pass pieces on: everybody is told of every piece at once, and pulls what it lacks.
//!
//! It models the piece exchange of BitTorrent without choking: who may ask is decided by the same serving queue as in
//! the product (four answers at a time, and a queue bounded in bytes and time), which limits what a peer takes on as unchoke slots
//! do. The order in which pieces are pulled is the baseline's.

use std::time::Duration;

use rand::RngExt;
use swarmline_scheduler::{Action, Allowance, Input, RequestId, Source};
use swarmline_types::message::ContentMessage;
use swarmline_types::{MonoTime, NodeId, PieceIndex, PieceRange};

use super::desk::{Desk, InFlight, Judged};
use super::neighbours::Neighbours;

/// Which of the pieces that peers offer is pulled next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    /// The one that the fewest peers have; the very first ones at random.
    RarestFirst,
    /// Any.
    Random,
}

/// The exchange of one node.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) neighbours: Neighbours,
    order: Order,
}

impl Exchange {
    pub(super) fn new(desk: &Desk, order: Order) -> Self {
        Self { neighbours: Neighbours::new(desk.layout), order }
    }

    /// Whether a fact only adds to what is known of a peer, so that there is nothing new to do: it has what is here, or
    /// asked for, already. Most messages of a swarm are such, and a turn for each would cost more than all others.
    pub(super) fn is_old_news(&mut self, input: &Input, desk: &Desk) -> bool {
        let Input::Have { peer, pieces } = input else { return false };
        let is_old = !pieces.iter().any(|piece| desk.is_open(*piece));
        if is_old {
            pieces.iter().for_each(|piece| self.neighbours.add_piece(peer, *piece));
        }
        is_old
    }

    /// Takes in one fact: what is about peers here, the rest at the desk.
    pub(super) fn take_in(
        &mut self,
        input: Input,
        desk: &mut Desk,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        match input {
            Input::PeerUp { peer, .. } => {
                self.neighbours.add(peer);
                let have = desk.have().clone();
                desk.order(Action::Send { to: peer, message: ContentMessage::Bitmap(have) });
            }
            Input::PeerDown { peer, .. } => self.on_peer_down(&peer, desk, allowance),
            Input::Bitmap { peer, has } => self.neighbours.set_bitmap(&peer, has),
            Input::Have { peer, pieces } => {
                pieces.into_iter().for_each(|piece| self.neighbours.add_piece(&peer, piece));
            }
            Input::Progress { request, received } => desk.on_progress(request, received, now),
            Input::Verified { request, piece, ok } => {
                self.on_verified(request, piece, ok, desk, allowance, now)
            }
            Input::Rejected { request } => {
                if let Some(Source::Peer(peer)) = desk.end(request, allowance).map(|ended| ended.from) {
                    self.neighbours.on_over(&peer);
                    self.neighbours.on_reject(&peer, &mut desk.rng, now);
                }
            }
            Input::Failed { request, why } => {
                if let Some(Source::Peer(peer)) =
                    desk.on_failed(request, why, allowance, now).map(|ended| ended.from)
                {
                    self.neighbours.on_over(&peer);
                    self.neighbours.on_timeout(&peer, now);
                }
            }
            Input::Lost { piece } => desk.on_lost(piece),
            Input::Priority(priority) => desk.on_policy(priority, desk.config.policy),
            Input::Policy(policy) => desk.on_policy(desk.config.priority, policy),
            // Wishes are no part of these models, and the lane is what they do without.
            Input::PeerWants { .. }
            | Input::Want { .. }
            | Input::Lane { .. }
            | Input::Rumours { .. }
            | Input::Timer => {}
        }
        desk.complete(allowance);
    }

    /// Asks peers for as much as may be under way.
    pub(super) fn pull(&mut self, desk: &mut Desk, allowance: &mut dyn Allowance, now: MonoTime) {
        self.expire(desk, allowance, now);
        while desk.is_fetching() && desk.at_peers() < AT_PEERS_MAX {
            let Some((piece, peer)) = self.next(desk, now) else { break };
            if !desk.ask(Source::Peer(peer), PieceRange::one(piece), allowance, now) {
                break;
            }
            self.neighbours.on_asked(&peer);
        }
        if let Some(rested) = self.neighbours.next_rested(now) {
            desk.wake_at(rested);
        }
    }

    /// Whether somebody has a piece that is missing here.
    pub(super) fn offers(&self, desk: &Desk) -> bool {
        desk.missing().any(|piece| self.neighbours.holders(piece) > 0)
    }

    fn on_peer_down(&mut self, peer: &NodeId, desk: &mut Desk, allowance: &mut dyn Allowance) {
        let of_peer =
            |(id, request): (RequestId, &InFlight)| (request.from == Source::Peer(*peer)).then_some(id);
        let lost: Vec<_> = desk.requests().filter_map(of_peer).collect();
        lost.into_iter().for_each(|request| desk.cancel(request, allowance));
        self.neighbours.remove(peer);
    }

    fn on_verified(
        &mut self,
        request: RequestId,
        piece: PieceIndex,
        ok: bool,
        desk: &mut Desk,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        let from = desk.request(request).map(|in_flight| in_flight.from);
        let judged = desk.on_verified(request, piece, ok, allowance, now);
        if let Some(Source::Peer(peer)) = from {
            self.neighbours.on_over(&peer);
            self.neighbours.on_delivered(&peer);
        }
        match judged {
            Judged::New => self.on_had(piece, desk, allowance),
            Judged::Known => {}
            Judged::Lied(peer) => {
                desk.order(Action::Ban { peer, piece });
                self.on_peer_down(&peer, desk, allowance);
            }
        }
    }

    /// Tells everybody, and takes back what others of the swarm were asked for the same. A request to the origin goes
    /// on: its bytes are on their way, and a web seed is not told to stop.
    fn on_had(&mut self, piece: PieceIndex, desk: &mut Desk, allowance: &mut dyn Allowance) {
        let same = |(id, request): (RequestId, &InFlight)| match request.from {
            Source::Peer(peer) if request.pieces.first() == piece => Some((id, peer)),
            _ => None,
        };
        let losers: Vec<_> = desk.requests().filter_map(same).collect();
        for (request, peer) in losers {
            desk.cancel(request, allowance);
            self.neighbours.on_over(&peer);
        }
        let everybody: Vec<_> = self.neighbours.ids().collect();
        let tell = |to| Action::Send { to, message: ContentMessage::Have(vec![piece]) };
        everybody.into_iter().for_each(|to| desk.order(tell(to)));
    }

    /// The next piece and whom to ask for it: one that nobody was asked for, or at the very end a second source for one
    /// that is under way.
    fn next(&self, desk: &mut Desk, now: MonoTime) -> Option<(PieceIndex, NodeId)> {
        let silent_too = !desk.has_origin();
        let offered = |piece: PieceIndex| match silent_too {
            true => self.neighbours.holders(piece) > 0,
            false => self.neighbours.givers(piece) > 0,
        };
        let open: Vec<_> = desk.missing().filter(|piece| desk.is_open(*piece) && offered(*piece)).collect();
        let is_over = open.is_empty() && desk.missing().all(|piece| desk.copies(piece) > 0);
        if is_over {
            return self.second_source(desk, now);
        }
        let mut ranked: Vec<_> =
            open.into_iter().map(|piece| (self.rank(piece, desk), desk.rng.random::<u32>(), piece)).collect();
        // Only the first few are looked at.
        if ranked.len() > TRIES_MAX {
            ranked.select_nth_unstable(TRIES_MAX);
            ranked.truncate(TRIES_MAX);
        }
        ranked.sort_unstable();
        let rng = &mut desk.rng;
        ranked.into_iter().find_map(|(.., piece)| {
            Some((piece, self.neighbours.source_of(piece, None, silent_too, rng, now)?))
        })
    }

    fn rank(&self, piece: PieceIndex, desk: &Desk) -> u32 {
        match self.order {
            Order::RarestFirst if desk.have().count() >= RANDOM_FIRST => self.neighbours.holders(piece),
            Order::RarestFirst | Order::Random => 0,
        }
    }

    fn second_source(&self, desk: &mut Desk, now: MonoTime) -> Option<(PieceIndex, NodeId)> {
        let silent_too = !desk.has_origin();
        let mut waiting: Vec<_> = desk
            .requests()
            .filter_map(|(_, request)| match request.from {
                Source::Peer(peer) => Some((request.started, request.pieces.first(), peer)),
                Source::Origin => None,
            })
            .filter(|(_, piece, _)| desk.copies(*piece) < COPIES_MAX)
            .collect();
        waiting.sort_unstable();
        let rng = &mut desk.rng;
        waiting.into_iter().find_map(|(_, piece, asked)| {
            Some((piece, self.neighbours.source_of(piece, Some(asked), silent_too, rng, now)?))
        })
    }

    /// Takes back what stands still.
    fn expire(&mut self, desk: &mut Desk, allowance: &mut dyn Allowance, now: MonoTime) {
        let at_peer = |(id, request): (RequestId, &InFlight)| match request.from {
            Source::Peer(peer) => Some((id, peer, request.last_progress + PATIENCE)),
            Source::Origin => None,
        };
        let all: Vec<_> = desk.requests().filter_map(at_peer).collect();
        for (request, peer, due) in all {
            if now < due {
                desk.wake_at(due);
                continue;
            }
            desk.cancel(request, allowance);
            self.neighbours.on_over(&peer);
            self.neighbours.on_timeout(&peer, now);
        }
    }
}

/// Most requests to peers under way: 8 pieces, as the pipelines of BitTorrent clients come to on a LAN.
const AT_PEERS_MAX: usize = 8;
/// Pieces that are taken at random before rarity counts, so that there is something to give soon.
const RANDOM_FIRST: u32 = 4;
/// Pieces in order of rank that are looked at for somebody who is free.
const TRIES_MAX: usize = 4;
/// Most sources of one piece at the end.
const COPIES_MAX: u8 = 2;
/// A request without a byte for this long is taken back, as clients do by default.
const PATIENCE: Duration = Duration::from_secs(20);
