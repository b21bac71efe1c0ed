//! The lane: the site's agreement, without a leader, on who fetches which run from the origin, and when.
//!
//! Decides claims, take-overs and cancels of origin fetches. Does not spread pieces; that is the mesh. Invariant: a
//! live heartbeat alone keeps everybody else away from a run, however slow everything is, except for one second
//! copy of a claim that stands still or crawls. `docs/algorithm.md` tells the rules and why each is there.

mod claims;

mod ranking;
mod window;

use std::collections::BTreeMap;

use rand::RngExt;
use swarmline_types::message::{ContentMessage, LaneMessage, OriginNews};
use swarmline_types::{MonoTime, NodeId, PieceRange};

use crate::action::{Explain, FetchReason};
use crate::allowance::Allowance;
use crate::config::{HEARSAY_PAUSE_MAX, HEARTBEAT, ISOLATED_WINDOW, PROGRESS_TIMEOUT, SMALL_CONTENT};
use crate::gate::Gate;
use crate::ledger::Source;
use crate::peers::Peer;
use crate::requests::RequestId;
use crate::runs::{RunIndex, Runs};
use crate::score;
use crate::site::Site;
use claims::Claims;

/// What the lane knows and does.
#[derive(Debug)]
pub(crate) struct Lane {
    order: Vec<RunIndex>,
    /// Runs of `order` before this lack nothing.
    first_open: usize,
    runs: Vec<RunState>,
    /// Claims of the others.
    claims: Claims,
    /// My own: at most `window` of them.
    fetches: BTreeMap<RunIndex, Fetch>,
    pub(crate) gate: Gate,
    heartbeat_due: MonoTime,
    /// Since when the site could take on another run: before that nobody is late.
    room_since: Option<MonoTime>,
    /// Only peers can bring what is missing, and no run is in the window.
    is_at_rest: bool,
    /// The origin has no ranges: the only run is the whole content.
    is_whole: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct RunState {
    /// When it came into the window.
    entered: Option<MonoTime>,
    /// My rank in the epoch given and with so many open pieces, to spare hashes.
    rank: Option<(u32, u32, Option<usize>)>,
}

#[derive(Debug)]
struct Fetch {
    request: RequestId,
    since: MonoTime,
    said_almost: bool,
}

impl Lane {
    pub(crate) fn new(site: &Site, seed: u64) -> Self {
        let runs = *site.coverage.runs();
        Self {
            order: runs.in_order(&site.content),
            first_open: 0,
            runs: vec![RunState::default(); runs.count()],
            claims: Claims::new(site.started),
            fetches: BTreeMap::new(),
            gate: Gate::new(site.config.has_origin, seed),
            heartbeat_due: MonoTime::ZERO,
            room_since: None,
            is_at_rest: false,
            is_whole: false,
        }
    }

    /// When a claim of somebody else last grew for something that I want: the site is working.
    pub(crate) fn last_growth(&self) -> MonoTime {
        self.claims.last_growth()
    }

    /// What a peer that has just come must know.
    pub(crate) fn greet(&self, peer: NodeId, site: &mut Site) {
        for run in self.fetches.keys() {
            let message = LaneMessage::Claim(site.coverage.runs().pieces(*run));
            site.send(peer, ContentMessage::Lane(message));
        }
    }

    pub(crate) fn on_peer_gone(&mut self, peer: &NodeId, clean: bool, now: MonoTime) {
        self.claims.on_gone(peer, clean, now);
    }

    /// Pieces are lacking that were not: a piece was lost, or more is wanted.
    pub(crate) fn begin_anew(&mut self) {
        self.first_open = 0;
        self.runs.iter_mut().for_each(|run| run.entered = None);
    }

    /// Nothing is lacking any more: only an origin without ranges has still something to send.
    pub(crate) fn stand_down(&mut self, site: &mut Site, allowance: &mut dyn Allowance) {
        let left: Vec<_> = self.fetches.keys().copied().collect();
        left.into_iter().for_each(|run| self.release(run, OriginNews::Nothing, site, allowance));
    }

    pub(crate) fn on_message(
        &mut self,
        from: NodeId,
        message: LaneMessage,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        let Some(peer) = site.peers.get(&from) else { return };
        let is_proven = peer.is_proven();
        let says_what_it_does = matches!(message, LaneMessage::Done(_) | LaneMessage::Release { .. });
        // A suspect that never delivered may claim what it likes. One that did is only slow: it keeps its claims, since
        // to ignore them is to fetch the same twice.
        if peer.is_suspect(now) && !is_proven && !says_what_it_does {
            return;
        }
        match message {
            LaneMessage::Claim(pieces) => self.on_claim(from, pieces, site, allowance, now),
            LaneMessage::Progress(list) => {
                for (pieces, bytes) in list {
                    if let Some(run) = self.run_of(pieces, site) {
                        let is_sign_of_life = self.claims.on_progress(run, from, is_proven, bytes, now);
                        if is_sign_of_life && site.coverage.wanted().meets(pieces) {
                            self.claims.on_growth(now);
                        }
                    }
                }
            }
            LaneMessage::Almost(pieces) => {
                if let Some(run) = self.run_of(pieces, site) {
                    self.claims.on_almost(run, from, now);
                }
            }
            LaneMessage::Done(pieces) => {
                pieces.pieces().for_each(|piece| {
                    site.peers.add_piece(&from, piece, &mut site.coverage);
                });
                if let Some(run) = self.run_of(pieces, site) {
                    self.claims.on_done(run, from, site.coverage.runs().layout().span(pieces).size(), now);
                    if site.coverage.wanted().meets(pieces) {
                        self.claims.on_growth(now);
                    }
                }
            }
            LaneMessage::Release { pieces, origin } => {
                if let Some(run) = self.run_of(pieces, site) {
                    self.claims.remove(run, &from);
                }
                self.on_news(from, origin, site, allowance, now);
            }
        }
    }

    fn run_of(&self, pieces: PieceRange, site: &Site) -> Option<RunIndex> {
        site.coverage.runs().exactly(pieces)
    }

    fn on_claim(
        &mut self,
        from: NodeId,
        pieces: PieceRange,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        if self.runs.len() > 1 && site.coverage.runs().layout().whole() == Some(pieces) {
            self.go_whole(site, allowance);
        }
        let Some(run) = self.run_of(pieces, site) else { return };
        let is_new = self.claims.add(run, from, now);
        // Of two claims made at the same time the lower-ranked gives way, unless it is half through already.
        let Some(fetch) = self.fetches.get(&run).filter(|_| is_new) else { return };
        let behind =
            site.requests.get(fetch.request).is_some_and(|request| request.received * 2 < request.size);
        if behind && self.ranks_before_me(&from, run, site) {
            self.release(run, OriginNews::Nothing, site, allowance);
        }
    }

    fn ranks_before_me(&self, other: &NodeId, run: RunIndex, site: &Site) -> bool {
        let first = site.coverage.runs().pieces(run).first();
        let theirs =
            site.peers.get(other).and_then(|peer| score::key(&site.content, first, other, peer.class));
        let mine = score::key(&site.content, first, &site.me, site.config.class);
        matches!((theirs, mine), (Some(theirs), Some(mine)) if theirs < mine) || mine.is_none()
    }

    fn on_news(
        &mut self,
        from: NodeId,
        news: OriginNews,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        match news {
            OriginNews::Nothing => {}
            // Hearsay: whoever has delivered is believed for a minute, a stranger for as long as one request.
            OriginNews::Pause(span) => {
                let proven = site.peers.get(&from).is_some_and(Peer::is_proven);
                let most = if proven { HEARSAY_PAUSE_MAX } else { PROGRESS_TIMEOUT };
                self.gate.pause(span.min(most), now);
            }
            OriginNews::NoRanges => self.go_whole(site, allowance),
        }
    }

    /// The origin has no ranges: from now on the lane has one run, the whole content.
    fn go_whole(&mut self, site: &mut Site, allowance: &mut dyn Allowance) {
        if self.is_whole {
            return;
        }
        self.is_whole = true;
        if self.runs.len() == 1 {
            return;
        }
        for fetch in std::mem::take(&mut self.fetches).into_values() {
            site.cancel(fetch.request, allowance);
        }
        let runs = Runs::whole(*site.coverage.runs().layout());
        site.coverage.set_runs(runs);
        self.order = runs.in_order(&site.content);
        self.runs = vec![RunState::default(); runs.count()];
        self.first_open = 0;
        self.claims.forget_runs();
    }

    /// Bytes of one of my fetches came.
    pub(crate) fn on_progress(&mut self, request: RequestId, site: &mut Site) {
        let Some((run, fetch)) = self.fetches.iter_mut().find(|(_, fetch)| fetch.request == request) else {
            return;
        };
        let half = site.requests.get(request).is_some_and(|request| request.received * 2 >= request.size);
        if half && !fetch.said_almost {
            fetch.said_almost = true;
            let pieces = site.coverage.runs().pieces(*run);
            site.broadcast(&LaneMessage::Almost(pieces));
        }
    }

    /// One of my fetches is over and booked. The run goes on, is done, or is given back.
    pub(crate) fn on_fetched(
        &mut self,
        request: RequestId,
        stretch: PieceRange,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        let Some(run) = self.run_fetched_by(request) else { return };
        let fetch = self.fetches.remove(&run).expect("just found");
        let pieces = site.coverage.runs().pieces(run);
        self.claims.observe(site.coverage.runs().layout().span(pieces).size(), now.since(fetch.since));
        let has = |pieces: PieceRange| pieces.pieces().all(|piece| site.coverage.has(piece));
        let (is_done, has_stretch) = (has(pieces), has(stretch));
        if is_done {
            return site.broadcast(&LaneMessage::Done(pieces));
        }
        let lacks_nothing = site.coverage.lacking_in(run) == 0;
        if lacks_nothing && has_stretch {
            // Whoever wants the rest of the run must not wait for these pieces again.
            site.broadcast(&LaneMessage::Done(stretch));
        }
        if lacks_nothing || !self.fetch_next_stretch(run, site, allowance, now) {
            site.broadcast(&LaneMessage::Release { pieces, origin: OriginNews::Nothing });
        }
    }

    /// One of my fetches failed and is booked.
    pub(crate) fn on_failed(
        &mut self,
        request: RequestId,
        news: OriginNews,
        site: &mut Site,
        allowance: &mut dyn Allowance,
    ) {
        let Some(run) = self.run_fetched_by(request) else { return };
        self.release(run, news, site, allowance);
        if news == OriginNews::NoRanges {
            self.go_whole(site, allowance);
        }
    }

    fn run_fetched_by(&self, request: RequestId) -> Option<RunIndex> {
        self.fetches.iter().find(|(_, fetch)| fetch.request == request).map(|(run, _)| *run)
    }

    fn release(&mut self, run: RunIndex, origin: OriginNews, site: &mut Site, allowance: &mut dyn Allowance) {
        if let Some(fetch) = self.fetches.remove(&run) {
            site.cancel(fetch.request, allowance);
            let pieces = site.coverage.runs().pieces(run);
            site.broadcast(&LaneMessage::Release { pieces, origin });
        }
    }

    /// Looks at the window and starts what is mine to start.
    pub(crate) fn tick(&mut self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        self.give_way_to_the_lan(site, allowance);
        self.heartbeat(site, now);
        if self.gate.is_closed() || site.coverage.is_satisfied() {
            return;
        }
        if now < self.gate.paused_until() {
            site.wake_at(self.gate.paused_until());
            return;
        }
        if self.is_settling(site, now) {
            site.wake_at(site.started + site.config.settle);
            self.fetch_anything(1, site, allowance, now);
        } else {
            self.scan(site, allowance, now);
            self.help_oneself(site, allowance, now);
        }
    }

    /// A run that turned up on the LAN need not come over the WAN, unless nearly all of it is here.
    fn give_way_to_the_lan(&mut self, site: &mut Site, allowance: &mut dyn Allowance) {
        let superfluous = |(run, fetch): (&RunIndex, &Fetch)| {
            let early = site.requests.get(fetch.request).is_some_and(|r| r.received * 5 < r.size * 4);
            (early && site.coverage.open_in(*run) == 0).then_some(*run)
        };
        let found: Vec<_> = self.fetches.iter().filter_map(superfluous).collect();
        found.into_iter().for_each(|run| self.release(run, OriginNews::Nothing, site, allowance));
    }

    fn heartbeat(&mut self, site: &mut Site, now: MonoTime) {
        if self.fetches.is_empty() {
            return;
        }
        if now >= self.heartbeat_due {
            self.heartbeat_due = now + HEARTBEAT;
            let received =
                |fetch: &Fetch| site.requests.get(fetch.request).map_or(0, |request| request.received);
            let list = self
                .fetches
                .iter()
                .map(|(run, f)| (site.coverage.runs().pieces(*run), received(f)))
                .collect();
            site.broadcast(&LaneMessage::Progress(list));
        }
        site.wake_at(self.heartbeat_due);
    }

    /// Nobody met yet, and somebody may still turn up.
    fn is_settling(&self, site: &Site, now: MonoTime) -> bool {
        site.peers.is_empty() && now < site.started + site.config.settle
    }

    fn start_at(site: &Site) -> MonoTime {
        let small = site.coverage.runs().layout().content_len() <= SMALL_CONTENT;
        if small { site.started } else { site.started + site.config.discovery_wait }
    }

    /// One run from a random place of the order, `most` at a time: for a node that cannot hear the others, so that
    /// nodes which cannot hear each other rarely fetch the same.
    fn fetch_anything(&mut self, most: usize, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        let start_at = Self::start_at(site);
        if now < start_at {
            site.wake_at(start_at);
            return;
        }
        while self.fetches.len() < most {
            let from = self.first_open.min(self.order.len());
            let open = |run: &&RunIndex| site.coverage.open_in(**run) > 0 && !self.fetches.contains_key(run);
            let unclaimed = |run: &&RunIndex| open(run) && !self.claims.is_claimed(**run);
            let mut runs: Vec<_> = self.order[from..].iter().filter(unclaimed).copied().collect();
            if runs.is_empty() {
                runs = self.order[from..].iter().filter(open).copied().collect();
            }
            if runs.is_empty() {
                return;
            }
            let run = runs[site.rng.random_range(0..runs.len())];
            if !self.claim(run, FetchReason::Alone, site, allowance, now) {
                return;
            }
        }
    }

    /// Nothing came and nothing is on its way, whatever the others claim.
    fn help_oneself(&mut self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        let heard = site.last_received.max(self.claims.last_growth()).max(Self::start_at(site));
        let due = heard.max(self.gate.paused_until()) + site.config.isolation();
        let offered = site.coverage.has_useful();
        if now >= due && !offered {
            self.fetch_anything(ISOLATED_WINDOW, site, allowance, now);
        } else if now < due {
            site.wake_at(due);
        }
    }

    fn has_room(&self, site: &Site, now: MonoTime) -> bool {
        let live = self.claims.moving_count(now) + self.fetches.len();
        self.fetches.len() < site.config.window && live < site.config.window + 2
    }

    /// Claims the run and begins to fetch it.
    fn claim(
        &mut self,
        run: RunIndex,
        why: FetchReason,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> bool {
        let Some(stretch) = self.next_stretch(run, site) else { return false };
        let Some(request) = site.request(Source::Origin, stretch, allowance, now) else { return false };
        // The claim must be on its way before the request is.
        let order = site.actions.pop_back().expect("the request just made");
        if self.fetches.is_empty() {
            self.heartbeat_due = now + HEARTBEAT;
        }
        site.wake_at(self.heartbeat_due);
        self.fetches.insert(run, Fetch { request, since: now, said_almost: false });
        let pieces = site.coverage.runs().pieces(run);
        site.broadcast(&LaneMessage::Claim(pieces));
        site.explain(Explain::Fetch { request, pieces, why });
        site.actions.push_back(order);
        true
    }

    fn fetch_next_stretch(
        &mut self,
        run: RunIndex,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> bool {
        if self.gate.is_closed() || now < self.gate.paused_until() {
            return false;
        }
        let Some(stretch) = self.next_stretch(run, site) else { return false };
        let Some(request) = site.request(Source::Origin, stretch, allowance, now) else { return false };
        self.fetches.insert(run, Fetch { request, since: now, said_almost: false });
        true
    }

    /// The first pieces of the run, one after another, that are wanted and that only the origin can bring; without ranges
    /// all of it, wanted or not.
    fn next_stretch(&self, run: RunIndex, site: &Site) -> Option<PieceRange> {
        let pieces = site.coverage.runs().pieces(run);
        if self.is_whole {
            return Some(pieces);
        }
        let first = pieces.pieces().find(|piece| site.coverage.is_open(*piece))?;
        let rest = first.get()..=pieces.last().get();
        let layout = site.coverage.runs().layout();
        let open = |index: &u32| layout.piece(*index).is_some_and(|piece| site.coverage.is_open(piece));
        let count = u32::try_from(rest.take_while(open).count()).expect("no more than the run has");
        layout.piece_range(first.get(), count)
    }
}
