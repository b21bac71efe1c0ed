//! The mesh: pulls verified pieces from neighbours. Chooses piece and source, and how much is in flight.
//!
//! Does not touch the origin. Invariant: a slow peer is asked less, never banned; a silent one is snubbed for a while.

mod expiry;
mod holder;

use std::collections::{BTreeMap, VecDeque};
use std::iter;
use std::time::Duration;

use rand::RngExt;
use swarmline_types::{MonoTime, NodeId, PieceIndex, PieceRange};

use crate::allowance::Allowance;
use crate::config::{
    CHOICES, COPIES_MAX, DRAWS_MAX, ENDGAME_AFTER, FAST_SERVICE, IN_FLIGHT_MAX, IN_FLIGHT_MIN,
    IN_FLIGHT_MOST, IN_FLIGHT_START, PER_PEER_MAX, REDRAW, RUN_SIZE, SLOW_SERVICE, SMALL_PIECE_FACTOR_MAX,
};
use crate::coverage::Coverage;
use crate::ledger::Source;
use crate::peers::Peer;
use crate::requests::{InFlight, RequestId};
use crate::site::Site;
use holder::Holders;

/// Arrivals over which the rate is measured.
const MEASURED: usize = 16;

/// What the mesh remembers of how it goes.
#[derive(Debug)]
pub(crate) struct Mesh {
    /// Requests that may be in flight now.
    limit: usize,
    limit_max: usize,
    /// The same, whatever the line carries.
    limit_floor: usize,
    /// Shortest time from request to arrival: what the line needs without a queue.
    shortest: Option<Duration>,
    /// When the latest pieces came. At most [`MEASURED`].
    arrivals: VecDeque<MonoTime>,
    per_peer_max: usize,
    /// How many requests more timed out while nothing came than pieces came, since less was asked for.
    late: usize,
    /// How often the time was doubled for which a request may stand still.
    doublings: u32,
    holders: Holders,
    /// What there was to choose from when nothing more could be asked for.
    seen: Option<Seen>,
    /// When a request will be over its time.
    expire_due: MonoTime,
    /// When to look again though nothing has changed: a request is old enough then for a second source, or the draws were
    /// unlucky.
    again_due: MonoTime,
    /// Since when nothing is asked for though there is something to be had.
    idle_since: Option<MonoTime>,
}

/// Changes of coverage, peers, requests and ranked members, and how many requests may be in flight.
type Seen = (u32, u32, u32, u32, usize);

/// How soon a peer should answer: whether it let my latest requests time out, whether it is a holder that others need more,
/// whether it is far slower than others, my requests that it has not answered, and how long its latest answers took.
type Load = (bool, bool, bool, usize, Duration);

impl Mesh {
    pub(crate) fn new(site: &Site) -> Self {
        let per_run = (RUN_SIZE / site.coverage.runs().layout().piece_size()).max(1) as usize;
        let factor = per_run.min(SMALL_PIECE_FACTOR_MAX);
        Self {
            limit: IN_FLIGHT_START * factor,
            limit_max: IN_FLIGHT_MAX * factor,
            limit_floor: IN_FLIGHT_MAX * factor,
            shortest: None,
            arrivals: VecDeque::with_capacity(MEASURED + 1),
            per_peer_max: PER_PEER_MAX * factor,
            late: 0,
            doublings: 0,
            holders: Holders::default(),
            seen: None,
            expire_due: MonoTime::ZERO,
            again_due: MonoTime::NEVER,
            idle_since: None,
        }
    }

    /// A piece came whole: how long that took steers how much is asked for.
    pub(crate) fn on_arrived(&mut self, request: &InFlight, now: MonoTime) {
        let took = now.since(request.started);
        self.measure(took, now);
        self.late = self.late.saturating_sub(1);
        if self.doublings > 0 {
            self.doublings -= 1;
            self.expire_due = now;
        }
        if took < FAST_SERVICE {
            self.limit = (self.limit + 1).min(self.limit_max);
        } else if took > SLOW_SERVICE {
            self.limit = (self.limit - 1).max(IN_FLIGHT_MIN);
        }
    }

    /// Requests that may be in flight at peers: what comes from the origin takes its part of my line. It comes first, since the
    /// site waits for it, so nothing from peers is to be queued before it.
    fn limit_beside_origin(&self, site: &Site) -> usize {
        let from_origin = site.requests.len() - site.requests.at_peers();
        self.limit.saturating_sub(from_origin).max(self.limit.min(IN_FLIGHT_MIN))
    }

    fn has_room(&self, site: &Site) -> bool {
        site.requests.at_peers() < self.limit_beside_origin(site)
    }

    /// Lets in flight what fills the line twice: pieces per second times the time that one takes without a queue.
    fn measure(&mut self, took: Duration, now: MonoTime) {
        let shortest = self.shortest.map_or(took, |shortest| shortest.min(took));
        self.shortest = Some(shortest);
        self.arrivals.push_back(now);
        if self.arrivals.len() <= MEASURED {
            return;
        }
        let span =
            self.arrivals.pop_front().map_or(Duration::ZERO, |first| now.since(first)).as_micros().max(1);
        let filling = 2 * MEASURED as u128 * shortest.as_micros() / span;
        let filling = usize::try_from(filling).unwrap_or(IN_FLIGHT_MOST);
        self.limit_max = filling.clamp(self.limit_floor, IN_FLIGHT_MOST.max(self.limit_floor));
    }

    /// Peers have more of this: what waits at a spared holder may have begun to spread.
    pub(crate) fn on_spread(&mut self, pieces: impl IntoIterator<Item = PieceIndex>, coverage: &Coverage) {
        if self.holders.are_spared() && pieces.into_iter().any(|piece| coverage.copies(piece) == 1) {
            self.seen = None;
        }
    }

    /// Asks for as much as may be in flight. `again`: also if nothing has changed since nothing more could be asked for.
    pub(crate) fn pull(
        &mut self,
        again: bool,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        if again || self.seen != Some(self.sees(site)) || now >= self.again_due {
            self.again_due = MonoTime::NEVER;
            self.ask_around(site, allowance, now);
            self.seen = Some(self.sees(site));
        }
    }

    fn sees(&self, site: &Site) -> Seen {
        let (coverage, peers) = (site.coverage.mesh_changes(), site.peers.changes());
        (coverage, peers, site.requests.changes(), site.members.ranked_changes(), self.limit)
    }

    fn ask_around(&mut self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        let spared = self.holders.review(site);
        let can_be_asked = |peer: &Peer| self.can_be_asked(peer, now);
        spared.into_iter().for_each(|holders| holder::take_back(holders, can_be_asked, site, allowance));
        while let Some((holder, piece)) = spared.and_then(|holders| self.holders.turn(holders, site)) {
            if !self.has_room(site) || site.request(holder, PieceRange::one(piece), allowance, now).is_none()
            {
                break;
            }
        }
        let mut draws = 0;
        while self.has_room(site) && draws < DRAWS_MAX {
            let Some(rarest) = site.draw(CHOICES, spared) else { break };
            match self.soonest(rarest, spared, site, now) {
                Some((peer, piece)) if self.ask(peer, piece, site, allowance, now) => draws = 0,
                Some(_) => return,
                None => draws += 1,
            }
        }
        let is_idle = site.requests.at_peers() == 0 && site.coverage.has_useful();
        self.idle_since = is_idle.then(|| self.idle_since.unwrap_or(now));
        if is_idle {
            self.again_due = now + REDRAW;
        }
        self.probe(site, allowance, now);
        self.try_strangers(site, allowance, now);
        if !site.coverage.has_useful() && site.coverage.all_lacking_in_flight() {
            self.endgame(site, allowance, now);
        }
    }

    /// When to come back if nothing happens.
    pub(crate) fn due(&self, site: &Site) -> MonoTime {
        let expire_due = if site.requests.at_peers() > 0 { self.expire_due } else { MonoTime::NEVER };
        self.again_due.min(expire_due)
    }

    fn ask(
        &self,
        peer: NodeId,
        piece: PieceIndex,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> bool {
        site.request(Source::Peer(peer), PieceRange::one(piece), allowance, now).is_some()
    }

    /// The rarest piece; or, when half of what may be is in flight already, one of a few at random if its source should
    /// answer sooner. Where neighbours have time to spare, a piece that stays rare is lost when somebody goes; where they
    /// have not, to wait at a busy one while another lacks requests costs more.
    fn soonest(
        &self,
        rarest: PieceIndex,
        spared: Option<u16>,
        site: &mut Site,
        now: MonoTime,
    ) -> Option<(NodeId, PieceIndex)> {
        let is_busy = 2 * site.requests.at_peers() >= self.limit_beside_origin(site);
        let others = (1..CHOICES).filter(|_| is_busy).filter_map(|_| site.draw(1, spared));
        let pieces: Vec<_> = iter::once(rarest).chain(others).collect();
        let sourced = pieces.into_iter().filter_map(|piece| {
            let (load, peer) = self.source_of(piece, &[], spared.is_some(), site, now)?;
            Some((load, peer, piece))
        });
        sourced.min_by_key(|(load, ..)| *load).map(|(_, peer, piece)| (peer, piece))
    }

    /// Whether no neighbour has given anything to ask for, for some time. At once, all would ask whoever fetched a piece
    /// from the origin and told everybody.
    fn starves(&self, site: &Site, now: MonoTime) -> bool {
        site.requests.at_peers() == 0 && self.idle_since.is_some_and(|since| now >= since + REDRAW)
    }

    /// Whether it would be asked now for what it has. A stranger is asked for half as much: of several that are silent
    /// each is to be found out at once, and not one after another.
    fn can_be_asked(&self, peer: &Peer, now: MonoTime) -> bool {
        let most = if peer.is_proven() { self.per_peer_max } else { self.per_peer_max / 2 };
        peer.counts() && peer.is_usable(now) && peer.in_flight < most
    }

    /// Among usable neighbours that have the piece, the one that should answer soonest, of several at random; and why.
    /// Of a peer that has not answered yet, the mean of all is expected. Whoever starves asks anybody: else a piece that
    /// only a stranger to the mesh claims to have would wait.
    fn source_of(
        &self,
        piece: PieceIndex,
        not: &[NodeId],
        spares_holders: bool,
        site: &mut Site,
        now: MonoTime,
    ) -> Option<(Load, NodeId)> {
        let usual = site.peers.usual_service();
        let (is_idle, starves) = (site.requests.at_peers() == 0, self.starves(site, now));
        let are_relieved = || site.peers.iter().any(|(_, peer)| peer.relieves_holders_of(piece));
        let asks_holders = is_idle || !spares_holders || !are_relieved();
        let free: Vec<_> = site
            .peers
            .iter()
            .filter(|(_, peer)| self.can_be_asked(peer, now) && peer.has(piece))
            .filter(|(id, peer)| !not.contains(id) && (starves || peer.is_neighbour))
            .filter(|(_, peer)| asks_holders || !peer.is_source())
            // A slow sender is left to those who need what only it has.
            .map(|(id, peer)| {
                let service = peer.service().or(usual).unwrap_or_default();
                let is_slower = peer.is_slower_than(usual);
                let is_spared = spares_holders && peer.is_source();
                ((peer.is_overdue(), is_spared, is_slower, peer.in_flight, service), *id)
            })
            .collect();
        let least = free.iter().map(|(load, _)| *load).min()?;
        let best: Vec<_> = free.into_iter().filter(|(load, _)| *load == least).collect();
        Some(best[site.rng.random_range(0..best.len())])
    }

    /// A peer whose word no longer counts gets the chance to prove itself, one request at a time: it may be the last
    /// that has a piece.
    fn probe(&self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        if !self.has_room(site) {
            return;
        }
        let is_idle = |peer: &Peer| !peer.counts() && peer.is_usable(now) && peer.in_flight == 0;
        let idle: Vec<_> = site.peers.iter().filter(|(_, peer)| is_idle(peer)).map(|(id, _)| *id).collect();
        for id in idle {
            let wanted =
                |piece: &PieceIndex| site.coverage.lacks(*piece) && site.coverage.copies(*piece) == 0;
            if let Some(piece) = site.peers.get(&id).and_then(|peer| peer.bitmap().pieces().find(wanted)) {
                self.ask(id, piece, site, allowance, now);
            }
        }
    }

    /// A stranger says that it has what comes from the origin: one piece shows whether that is so. A fetch is given up
    /// only for peers that have delivered; who lacks nothing else would ask none, and wait for the origin however slow
    /// it is.
    fn try_strangers(&self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        if !self.has_room(site) {
            return;
        }
        let starves = site.requests.at_peers() == 0;
        let is_idle = |peer: &Peer| !peer.is_proven() && peer.is_usable(now) && peer.in_flight == 0;
        let may_be_asked = |peer: &Peer| is_idle(peer) && (starves || peer.is_neighbour);
        let idle: Vec<_> =
            site.peers.iter().filter(|(_, peer)| may_be_asked(peer)).map(|(id, _)| *id).collect();
        for id in idle {
            if let Some(piece) = fetched_piece_of(&id, site) {
                self.ask(id, piece, site, allowance, now);
            }
        }
    }

    /// All that is missing is asked for: the slowest requests get a second source.
    fn endgame(&mut self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        // What is asked of a peer that is not believed may never come.
        let is_in_doubt = |request: &InFlight| {
            request.peer().and_then(|peer| site.peers.get(&peer)).is_some_and(|peer| !peer.counts())
        };
        let at_peers = || site.requests.iter().map(|(_, request)| request);
        let in_doubt: Vec<_> = at_peers().filter(|r| is_in_doubt(r)).map(|r| r.pieces.first()).collect();
        let patience = ENDGAME_AFTER.max(site.peers.usual_service().unwrap_or_default());
        let copies = |piece: PieceIndex| {
            site.coverage.copies(piece) - in_doubt.iter().filter(|other| **other == piece).count()
        };
        let waiting = |(_, request): (RequestId, &InFlight)| {
            let piece = request.pieces.first();
            let single = copies(piece) < COPIES_MAX && !site.coverage.has(piece);
            (single && request.peer().is_some()).then_some((request.started + patience, piece))
        };
        let candidates: BTreeMap<_, _> =
            site.requests.iter().filter_map(waiting).map(|(due, piece)| (piece, due)).collect();
        for (piece, due) in candidates {
            if now < due {
                self.again_due = self.again_due.min(due);
                continue;
            }
            let of_piece = |(_, request): (RequestId, &InFlight)| {
                request.peer().filter(|_| request.pieces.first() == piece)
            };
            let asked: Vec<_> = site.requests.iter().filter_map(of_piece).collect();
            if site.requests.at_peers() < self.limit_max
                && let Some((_, other)) = self.source_of(piece, &asked, false, site, now)
            {
                self.ask(other, piece, site, allowance, now);
            }
        }
    }
}

/// A piece that this peer says it has, that comes from the origin, and that nobody else was asked for.
fn fetched_piece_of(peer: &NodeId, site: &Site) -> Option<PieceIndex> {
    let peer = site.peers.get(peer)?;
    let fetched = site.requests.iter().map(|(_, request)| request);
    let fetched = fetched.filter(|request| request.peer().is_none() && !request.is_nearly_here());
    fetched
        .flat_map(|request| request.pieces.pieces())
        .find(|piece| peer.has(*piece) && site.coverage.lacks(*piece) && site.coverage.copies(*piece) == 1)
}
