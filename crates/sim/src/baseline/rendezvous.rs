//! Owners by rendezvous hash: each piece belongs to the member with the highest hash, who fetches it; the others wait for
//! it to spread, and help themselves when they wait too long.
//!
//! It models the obvious design without server or tracker: everybody computes the owners, nobody says what he does. A peer
//! fetches its own pieces one after another. One that has none left to fetch, and got no new piece for 5 s, takes over
//! the missing piece for which it ranks best. That a slow line looks like a dead owner to it is what it shows.

use std::collections::BTreeSet;
use std::time::Duration;

use swarmline_scheduler::{Allowance, FetchReason, Input};
use swarmline_types::{CapacityClass, MonoTime, NodeId, PieceIndex, PieceRange};

use super::Baseline;
use super::desk::Desk;
use super::exchange::{Exchange, Order};
use crate::strategy::Opening;

/// A machine that fetches the pieces it owns.
#[derive(Debug)]
pub(super) struct Rendezvous {
    desk: Desk,
    exchange: Exchange,
    /// Everybody who fetches from the origin, this node among them. Bounded by the connections of the node.
    members: BTreeSet<NodeId>,
    /// Who owns each piece, with his weight.
    owners: Vec<Option<(u64, NodeId)>>,
    started: MonoTime,
}

impl Rendezvous {
    pub(super) fn new(opening: Opening) -> Self {
        let (started, me, class) = (opening.now, opening.me, opening.config.class);
        let desk = Desk::new(opening);
        let exchange = Exchange::new(&desk, Order::Random);
        let owners = vec![None; desk.layout.piece_count() as usize];
        let mut made = Self { desk, exchange, members: BTreeSet::new(), owners, started };
        made.join(me, class);
        made
    }

    fn on_members(&mut self, input: &Input) {
        match input {
            Input::PeerUp { peer, class } => self.join(*peer, *class),
            Input::PeerDown { peer, .. } => self.leave(*peer),
            _ => {}
        }
    }

    fn join(&mut self, member: NodeId, class: CapacityClass) {
        if class == CapacityClass::Never || !self.members.insert(member) {
            return;
        }
        for (owner, piece) in self.owners.iter_mut().zip(self.desk.layout.pieces()) {
            *owner = (*owner).max(Some((weight(member, piece), member)));
        }
    }

    /// Only what was its own changes hands.
    fn leave(&mut self, member: NodeId) {
        if !self.members.remove(&member) {
            return;
        }
        for (owner, piece) in self.owners.iter_mut().zip(self.desk.layout.pieces()) {
            if owner.is_some_and(|(_, owner)| owner == member) {
                *owner = self.members.iter().map(|member| (weight(*member, piece), *member)).max();
            }
        }
    }

    fn is_mine(&self, piece: PieceIndex) -> bool {
        self.owners[piece.as_usize()].is_some_and(|(_, owner)| owner == self.desk.me)
    }

    /// The next piece to fetch and why; `None` while there is nothing to do but wait.
    fn next(&mut self, now: MonoTime) -> Option<(PieceRange, FetchReason)> {
        let desk = &self.desk;
        let open = || desk.have().missing().filter(|piece| desk.is_open(*piece));
        let own = open().find(|piece| self.is_mine(*piece) && self.exchange.neighbours.holders(*piece) == 0);
        if let Some(piece) = own {
            return Some((PieceRange::one(piece), FetchReason::Owner));
        }
        let due = desk.last_gain.max(self.started) + STALL;
        if now < due {
            self.desk.wake_at(due);
            return None;
        }
        let nobody_has = open().filter(|piece| self.exchange.neighbours.holders(*piece) == 0);
        let best = nobody_has.min_by_key(|piece| self.rank(*piece))?;
        Some((PieceRange::one(best), FetchReason::TakeOver))
    }

    /// Members that come before this one for a piece.
    fn rank(&self, piece: PieceIndex) -> usize {
        let own = weight(self.desk.me, piece);
        self.members.iter().filter(|member| weight(**member, piece) > own).count()
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
        if self.exchange.is_old_news(&input, &self.desk) {
            return;
        }
        self.desk.begin_turn();
        self.on_members(&input);
        self.exchange.take_in(input, &mut self.desk, allowance, now);
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

/// Who got no new piece for this long takes another's piece over.
const STALL: Duration = Duration::from_secs(5);
