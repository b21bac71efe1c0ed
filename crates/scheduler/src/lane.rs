//! The lane: the site's agreement, without a leader, on who fetches which run from the origin, and when.
//!
//! Decides claims, take-overs and cancels of origin fetches. Does not spread pieces; that is the mesh. Invariant: a
//! live heartbeat alone keeps everybody else away from a run, however slow everything is, except for one second
//! copy of a claim that stands still or crawls, and for whoever is alone with what it hears. `docs/algorithm.md` tells the rules and why each is there.

mod claims;
mod width;

mod alone;
mod anew;
mod fetching;
mod hearing;
mod ranking;
mod window;

use std::time::Duration;

use swarmline_types::message::{ContentMessage, LaneMessage, OriginNews};
use swarmline_types::{FlatMap, MonoTime, NodeId, PieceIndex};

use crate::allowance::Allowance;
use crate::config::{BLOCKED_AFTER, PASSES_PER_STEP};
use crate::gate::Gate;
use crate::peers::Peer;
use crate::requests::RequestId;
use crate::runs::{Order, RunIndex};
use crate::site::Site;
use anew::Anew;
use claims::Claims;
use ranking::Rank;
use width::Width;

/// What the lane knows and does.
#[derive(Debug)]
pub(crate) struct Lane {
    order: Order,
    /// Runs of `order` before this lack nothing.
    first_open: usize,
    /// Runs of the window that nobody works on. Bounded by the window and [`BLOCKED_MAX`](crate::config::BLOCKED_MAX).
    waiting: FlatMap<RunIndex, Waiting>,
    /// Claims of the others.
    claims: Claims,
    /// Per run: how far others, or I, have said to be with it.
    said: Vec<Said>,
    /// My own: at most `window` of them.
    fetches: FlatMap<RunIndex, Fetch>,
    anew: Anew,
    width: Width,
    pub(crate) gate: Gate,
    heartbeat_due: MonoTime,
    /// Since when I could take on another run.
    room_since: Option<MonoTime>,
    /// Since when everybody could, however narrow his window: before that nobody is late.
    room_of_all_since: Option<MonoTime>,
    /// Only peers can bring what is missing, and no run is in the window.
    is_at_rest: bool,
    /// The origin has no ranges: the only run is the whole content.
    is_whole: bool,
    /// It has: a part was fetched, by me or by a member that has delivered.
    has_ranges: bool,
    /// Goes up with every change of what I fetch.
    changes: u32,
    /// What there was to see when the window was looked at last.
    seen: Option<Seen>,
    /// When to look again if nothing changes.
    due: MonoTime,
    /// When the wait for the origin was over, once it is.
    began_at: Option<MonoTime>,
}

/// All that the window is made of, but time: changes of coverage, claims, members and fetches, the gate, and whether the
/// mesh has something to do, and for whom; and how many peers have given something, as was seen or said.
type Seen = (u32, u32, u32, u32, (bool, MonoTime), bool, bool, u32);

/// What was ever said of a run.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Said {
    Nothing,
    /// Somebody fetches it from the origin, or did.
    Fetched,
    /// Somebody has fetched it: its owner did come.
    Done,
}

/// A run that came into the window, and that somebody must fetch.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: MonoTime,
    /// Since when it has been in everybody's window, however narrow.
    in_all_since: Option<MonoTime>,
    /// All before me were late for it, and there was no place for one more.
    was_due: bool,
    rank: Option<Rank>,
    /// How often others took on another run meanwhile, and when that counted last.
    passed_over: u32,
    passed_at: MonoTime,
}

impl Waiting {
    fn new(now: MonoTime) -> Self {
        Self { since: now, in_all_since: None, was_due: false, rank: None, passed_over: 0, passed_at: now }
    }

    /// Whether it counts when another run is taken on: not as long as others may not see this one yet. Its owner and
    /// the other's may have heard of the room at the same time, and many claims at once say no more than one.
    fn may_be_passed_over(&self, step: Duration, now: MonoTime) -> bool {
        self.in_all_since.is_some()
            && now >= self.since + BLOCKED_AFTER
            && now >= self.passed_at + step / (2 * PASSES_PER_STEP)
    }
}

#[derive(Debug)]
struct Fetch {
    request: RequestId,
    since: MonoTime,
    said_almost: bool,
    is_answered: bool,
}

impl Lane {
    pub(crate) fn new(site: &Site, seed: u64) -> Self {
        let runs = *site.coverage.runs();
        Self {
            order: runs.in_order(&site.content),
            first_open: 0,
            waiting: FlatMap::new(),
            claims: Claims::new(site.started),
            said: vec![Said::Nothing; runs.count()],
            fetches: FlatMap::new(),
            anew: Anew::default(),
            width: Width::new(site.config.window, site.config.window_adapts, site.started),
            gate: Gate::new(site.config.has_origin, seed),
            heartbeat_due: MonoTime::ZERO,
            room_since: None,
            room_of_all_since: None,
            is_at_rest: false,
            is_whole: false,
            has_ranges: false,
            changes: 0,
            seen: None,
            due: MonoTime::ZERO,
            began_at: None,
        }
    }

    /// Runs that others claim.
    pub(crate) fn claimed_runs(&self) -> usize {
        self.claims.run_count()
    }

    /// When bytes last came, or a claim of somebody else last grew for something that I lack: the site is working.
    pub(crate) fn heard(&self, site: &Site) -> MonoTime {
        self.claims.heard(site.last_received)
    }

    /// Whether somebody fetches the run from the origin, or has done so, as far as was said.
    pub(crate) fn was_fetched(&self, run: RunIndex) -> bool {
        self.said.get(run.as_usize()).is_some_and(|said| *said >= Said::Fetched)
    }

    /// Whether a member said that it fetches the piece from the origin, and not yet that it has.
    pub(crate) fn is_claimed_by(&self, member: &NodeId, piece: PieceIndex, site: &Site) -> bool {
        self.claims.is_by(site.coverage.runs().of(piece), member)
    }

    fn note_fetched(&mut self, run: RunIndex) {
        self.note_said(run, Said::Fetched);
    }

    fn note_said(&mut self, run: RunIndex, news: Said) {
        self.said.get_mut(run.as_usize()).into_iter().for_each(|said| *said = news.max(*said));
    }

    /// What a peer that has just come must know.
    pub(crate) fn greet(&self, peer: NodeId, site: &mut Site) {
        if site.uses_rumours() {
            return self.repeat_claims(site);
        }
        for run in self.fetches.keys() {
            let message = LaneMessage::Claim(site.coverage.runs().pieces(*run));
            site.send(peer, ContentMessage::Lane(message));
        }
    }

    /// In a large site a newcomer hears of claims by their heartbeats; if nobody was there to hear them, all are said again.
    fn repeat_claims(&self, site: &mut Site) {
        let is_first = site.peers.len() == 1;
        let runs: Vec<_> = self.fetches.keys().filter(|_| is_first).copied().collect();
        for run in runs {
            let pieces = site.coverage.runs().pieces(run);
            site.broadcast(&LaneMessage::Claim(pieces));
        }
    }

    pub(crate) fn on_member_gone(&mut self, member: &NodeId, clean: bool, now: MonoTime) {
        self.claims.on_gone(member, clean, now);
    }

    /// Pieces are lacking that were not: a piece was lost, or more is wanted.
    pub(crate) fn begin_anew(&mut self) {
        self.first_open = 0;
        self.waiting.clear();
        self.changes += 1;
    }

    /// Nothing is lacking any more: only an origin without ranges has still something to send.
    pub(crate) fn stand_down(&mut self, site: &mut Site, allowance: &mut dyn Allowance) {
        let left: Vec<_> = self.fetches.keys().copied().collect();
        left.into_iter().for_each(|run| self.release(run, OriginNews::Nothing, site, allowance));
    }

    /// Looks at the window and starts what is mine to start. `again`: also if nothing has changed.
    pub(crate) fn tick(
        &mut self,
        again: bool,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        if again || now >= self.due || self.seen != Some(self.sees(site)) {
            let before = site.take_wake();
            self.look(site, allowance, now);
            self.due = site.take_wake();
            self.seen = Some(self.sees(site));
            site.wake_at(before);
        }
        site.wake_at(self.due);
    }

    fn sees(&self, site: &Site) -> Seen {
        let (coverage, members) = (&site.coverage, &site.members);
        let counts = (coverage.lane_changes(), self.claims.changes(), members.epoch(), self.changes);
        let (useful, alone) = (coverage.has_useful(), site.peers.is_empty());
        (counts.0, counts.1, counts.2, counts.3, self.gate.state(), useful, alone, site.peers.proofs())
    }

    fn look(&mut self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        self.give_way_to_the_lan(site, allowance);
        self.heartbeat(site, now);
        if self.gate.is_closed() || site.coverage.is_satisfied() {
            return;
        }
        if now < self.gate.paused_until() {
            site.wake_at(self.gate.paused_until());
            return;
        }
        if let Some(until) = site.held_elsewhere_until() {
            site.wake_at(until);
            return self.leave_it_to_holders(site, allowance);
        }
        if self.is_settling(site, now) {
            site.wake_at(site.started + site.config.settle);
            self.fetch_anything(site, allowance, now);
        } else {
            self.scan(site, allowance, now);
            self.help_oneself(site, allowance, now);
            self.ask_anew(site, allowance, now);
        }
    }

    /// A run that turned up on the LAN need not come over the WAN, unless nearly all of it is here.
    fn give_way_to_the_lan(&mut self, site: &mut Site, allowance: &mut dyn Allowance) {
        let superfluous = |(run, fetch): (&RunIndex, &Fetch)| {
            let believes_strangers = fetch.since < site.started + MEETING;
            (is_early(fetch, site) && self.is_on_the_lan(*run, believes_strangers, site)).then_some(*run)
        };
        let found: Vec<_> = self.fetches.iter().filter_map(superfluous).collect();
        found.into_iter().for_each(|run| self.release(run, OriginNews::Nothing, site, allowance));
    }

    /// Somebody has everything, and what it gives proves it: what it will give need not come over the WAN, unless nearly all
    /// of it is here.
    fn leave_it_to_holders(&mut self, site: &mut Site, allowance: &mut dyn Allowance) {
        if !site.is_fed_by_holders() {
            return;
        }
        let runs: Vec<_> =
            self.fetches.iter().filter(|(_, it)| is_early(it, site)).map(|(run, _)| *run).collect();
        runs.into_iter().for_each(|run| self.release(run, OriginNews::Nothing, site, allowance));
    }

    /// Whether everything lacking of the run is here at peers that have delivered before: of a stranger's word alone
    /// nobody stops what is coming. `believes_strangers`: one that others vouch for is as good.
    fn is_on_the_lan(&self, run: RunIndex, believes_strangers: bool, site: &Site) -> bool {
        let gives = |peer: &Peer| peer.is_proven() || believes_strangers && peer.is_vouched_for();
        let held = |piece: PieceIndex| site.peers.iter().any(|(_, p)| gives(p) && p.counts() && p.has(piece));
        let lacking = |piece: &PieceIndex| site.coverage.lacks(*piece);
        site.coverage.open_in(run) == 0 && site.coverage.runs().pieces(run).pieces().filter(lacking).all(held)
    }

    fn has_room(&mut self, now: MonoTime) -> bool {
        self.fetches.len() < self.width.window() && self.places(now) > 0
    }

    /// Runs that the site could take on beside those that it works on.
    fn places(&mut self, now: MonoTime) -> usize {
        (self.width.window() + 2).saturating_sub(self.live_count(now))
    }

    /// Runs that the site works on.
    fn live_count(&mut self, now: MonoTime) -> usize {
        self.claims.moving_count(now) + self.fetches.len()
    }
}

/// What was begun so soon after the content was opened began before the site had met.
const MEETING: Duration = Duration::from_secs(5);

/// Whether so much of a fetch is missing that to stop it saves more than it loses.
fn is_early(fetch: &Fetch, site: &Site) -> bool {
    site.requests.get(fetch.request).is_some_and(|request| !request.is_nearly_here())
}
