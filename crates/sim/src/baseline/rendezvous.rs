//! Owners by rendezvous hash: each piece belongs to the member with the highest hash, who fetches it; the others wait for
//! it to spread, and help themselves when they wait too long.
//!
//! It models the obvious design without server or tracker: everybody computes the owners, nobody says what he does. A
//! peer fetches its own pieces one after another. One that has none left takes over from others when the site has been
//! silent for longer than a fetch takes here: first the pieces for which it ranks second, later those for which it
//! ranks third, so that not all who wait fetch the same. Whoever hears that a piece is on the LAN leaves it to the LAN.
//! What it shows is what nobody can know without being told: whether an owner is slow or gone, and who takes over.

use std::collections::BTreeSet;
use std::time::Duration;

use swarmline_scheduler::{Allowance, FetchReason, Input, RequestId, Source};
use swarmline_types::{CapacityClass, MonoTime, NodeId, PieceIndex, PieceRange};

use super::Baseline;
use super::desk::{Desk, InFlight};
use super::exchange::{Exchange, Order};
use crate::strategy::Opening;

/// A machine that fetches the pieces it owns.
#[derive(Debug)]
pub(super) struct Rendezvous {
    desk: Desk,
    exchange: Exchange,
    /// The others who fetch from the origin. Bounded by the connections of the node.
    members: BTreeSet<NodeId>,
    /// How many of them come before this node, for each piece.
    before: Vec<u32>,
    /// Whether this node owns anything.
    is_owner: bool,
    started: MonoTime,
    /// When somebody was last heard to have got a piece.
    last_news: Option<MonoTime>,
    /// How long a piece takes to come from the origin at present.
    takes: Duration,
}

impl Rendezvous {
    pub(super) fn new(opening: Opening) -> Self {
        let (started, is_owner) = (opening.now, opening.config.class != CapacityClass::Never);
        let desk = Desk::new(opening);
        let exchange = Exchange::new(&desk, Order::Random);
        let before = vec![0; desk.layout.piece_count() as usize];
        let (members, last_news, takes) = (BTreeSet::new(), None, Duration::ZERO);
        Self { desk, exchange, members, before, is_owner, started, last_news, takes }
    }

    fn on_members(&mut self, input: &Input) {
        match input {
            Input::PeerUp { peer, class } => self.join(*peer, *class),
            Input::PeerDown { peer, .. } => self.leave(*peer),
            _ => {}
        }
    }

    fn join(&mut self, member: NodeId, class: CapacityClass) {
        if class != CapacityClass::Never && self.members.insert(member) {
            self.each_piece_before(member, |before| *before += 1);
        }
    }

    /// Only what was its own changes hands.
    fn leave(&mut self, member: NodeId) {
        if self.members.remove(&member) {
            self.each_piece_before(member, |before| *before -= 1);
        }
    }

    /// Changes the count of each piece for which a member comes before this node.
    fn each_piece_before(&mut self, member: NodeId, change: impl Fn(&mut u32)) {
        let me = self.desk.me;
        for (before, piece) in self.before.iter_mut().zip(self.desk.layout.pieces()) {
            if (weight(member, piece), member) > (weight(me, piece), me) {
                change(before);
            }
        }
    }

    /// Members that come before this one for a piece. Its owner is 0.
    fn rank(&self, piece: PieceIndex) -> u32 {
        self.before[piece.as_usize()] + u32::from(!self.is_owner)
    }

    /// A piece came or was heard of. What the first one took, all of them take about.
    fn on_news(&mut self, input: &Input, now: MonoTime) {
        let own = match input {
            Input::Verified { request, ok: true, .. } => self.desk.request(*request),
            Input::Have { .. } => None,
            _ => return,
        };
        match own.filter(|request| request.from == Source::Origin) {
            Some(own) => self.takes = now.since(own.started),
            None if self.last_news.is_none() => self.takes = now.since(self.started),
            None => {}
        }
        self.last_news = Some(now);
    }

    /// The next piece to fetch and why; `None` while there is nothing to do but wait.
    fn next(&mut self, now: MonoTime) -> Option<(PieceRange, FetchReason)> {
        let desk = &self.desk;
        let nobody_has = || {
            let open = desk.missing().filter(|piece| desk.is_open(*piece));
            open.filter(|piece| self.exchange.neighbours.givers(*piece) == 0)
        };
        if let Some(piece) = nobody_has().find(|piece| self.rank(*piece) == 0) {
            return Some((PieceRange::one(piece), FetchReason::Owner));
        }
        let (rank, best) = nobody_has().map(|piece| (self.rank(piece), piece)).min()?;
        let silent_since = desk.last_gain.max(self.last_news.unwrap_or(self.started));
        let due = silent_since + self.patience().saturating_mul(rank.min(RANK_MAX));
        if now < due {
            self.desk.wake_at(due);
            return None;
        }
        Some((PieceRange::one(best), FetchReason::TakeOver))
    }

    /// How long the site may be silent for each rank.
    fn patience(&self) -> Duration {
        STALL.max(2 * self.takes)
    }

    /// Leaves to the LAN what turned up there, unless nearly all of it is here.
    fn give_way(&mut self, allowance: &mut dyn Allowance) {
        let is_elsewhere =
            |piece: PieceIndex| self.desk.have().has(piece) || self.exchange.neighbours.givers(piece) > 0;
        let superfluous = |(id, request): (RequestId, &InFlight)| {
            let early = request.received * 5 < request.size * 4;
            let gives_way =
                request.from == Source::Origin && early && request.pieces.pieces().all(is_elsewhere);
            gives_way.then_some(id)
        };
        let found: Vec<_> = self.desk.requests().filter_map(superfluous).collect();
        found.into_iter().for_each(|request| self.desk.cancel(request, allowance));
    }
}

impl Baseline for Rendezvous {
    fn desk(&self) -> &Desk {
        &self.desk
    }

    fn desk_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }

    fn take_turn(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime) {
        self.on_news(&input, now);
        if self.exchange.is_old_news(&input, &self.desk) {
            return;
        }
        self.desk.begin_turn(now);
        self.on_members(&input);
        self.exchange.take_in(input, &mut self.desk, allowance, now);
        self.give_way(allowance);
        self.exchange.pull(&mut self.desk, allowance, now);
        let may_begin = now >= self.started + self.desk.config.discovery_wait;
        if !may_begin {
            // Whoever begins before he knows the others owns everything.
            self.desk.wake_at(self.started + self.desk.config.discovery_wait);
        } else if self.desk.is_fetching()
            && self.desk.at_origin() == 0
            && self.desk.is_origin_open(now)
            && let Some((piece, why)) = self.next(now)
        {
            let whole = self.desk.is_origin_whole.then(|| self.desk.layout.whole()).flatten();
            self.desk.fetch(whole.unwrap_or(piece), why, allowance, now);
        }
        let offers = self.exchange.offers(&self.desk);
        self.desk.judge_hope(offers, allowance, now);
        self.desk.end_turn(allowance);
    }
}

/// How well a member stands for a piece: the highest owns it. Any hash will do that all compute alike.
fn weight(member: NodeId, piece: PieceIndex) -> u64 {
    let id = u64::from_le_bytes(member.as_bytes()[..8].try_into().expect("8 of 32 bytes"));
    let mut mixed = id ^ (u64::from(piece.get()) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for multiplier in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(multiplier);
    }
    mixed ^ (mixed >> 31)
}

/// Silence for each rank before a take-over, at least.
const STALL: Duration = Duration::from_secs(5);
/// Ranks beyond this wait no longer.
const RANK_MAX: u32 = 8;
