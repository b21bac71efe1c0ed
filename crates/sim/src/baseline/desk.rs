//! What every baseline keeps: what is here, what is asked for, when to try the origin again, and its orders.
//!
//! Decides nothing about sources. A baseline asks through [`Desk::ask`] and lets the desk take in what comes of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use swarmline_scheduler::{
    Action, Allowance, BACK_OFF_MAX, BACK_OFF_MIN, Config, Explain, Failure, FetchReason, GiveUp, Policy,
    RequestId, Source, Stage, pause_asked_for,
};
use swarmline_types::{Bitfield, MonoTime, NodeId, PieceIndex, PieceLayout, PieceRange, Priority, Wanted};

use crate::strategy::Opening;

/// A request that is not over.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) from: Source,
    pub(super) pieces: PieceRange,
    pub(super) started: MonoTime,
    pub(super) last_progress: MonoTime,
    pub(super) received: u64,
    unjudged: u32,
    pub(super) size: u64,
}

/// What a request that is over was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) from: Source,
}

/// The state that all baselines share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) config: Config,
    pub(super) layout: PieceLayout,
    pub(super) me: NodeId,
    pub(super) rng: Pcg64Mcg,
    pub(super) stage: Stage,
    /// When a piece last became had.
    pub(super) last_gain: MonoTime,
    have: Bitfield,
    wanted: Wanted,
    /// Bounded by what a baseline asks for at a time.
    requests: BTreeMap<RequestId, InFlight>,
    next_request: u64,
    /// Requests under way for each piece.
    copies: Vec<u8>,
    /// Bounded by what one input can cause.
    actions: VecDeque<Action>,
    wake: MonoTime,
    origin_rests_until: MonoTime,
    failures_in_a_row: u32,
    contradictions_in_a_row: u32,
    /// The origin has no such content, or the node has no origin.
    is_origin_closed: bool,
    /// The origin does not serve ranges: it is asked for everything or nothing.
    pub(super) is_origin_whole: bool,
    last_byte: MonoTime,
    /// When the node last let nothing be started.
    last_refused: MonoTime,
    opened: MonoTime,
    /// When policy let it ask the origin first, once it has.
    began_at: Option<MonoTime>,
}

impl Desk {
    pub(super) fn new(opening: Opening) -> Self {
        let Opening { config, layout, have, me, seed, now, .. } = opening;
        let wanted = config.wanted.clone().unwrap_or_else(|| Wanted::all(&layout));
        let mut desk = Self {
            is_origin_closed: !config.has_origin,
            copies: vec![0; layout.piece_count() as usize],
            config,
            layout,
            me,
            rng: Pcg64Mcg::seed_from_u64(seed),
            stage: Stage::Fetching,
            last_gain: now,
            have,
            wanted,
            requests: BTreeMap::new(),
            next_request: 0,
            actions: VecDeque::new(),
            wake: now,
            origin_rests_until: MonoTime::ZERO,
            failures_in_a_row: 0,
            contradictions_in_a_row: 0,
            is_origin_whole: false,
            last_byte: now,
            last_refused: now,
            opened: now,
            began_at: None,
        };
        desk.stage = desk.standing().unwrap_or(Stage::Fetching);
        desk
    }

    /// How it stands if nothing is missing.
    fn standing(&self) -> Option<Stage> {
        match self.missing().next() {
            Some(_) => None,
            None if self.have.is_all() => Some(Stage::Complete),
            None => Some(Stage::Satisfied),
        }
    }

    pub(super) fn have(&self) -> &Bitfield {
        &self.have
    }

    pub(super) fn is_fetching(&self) -> bool {
        self.stage == Stage::Fetching
    }

    /// Wanted, and not here.
    pub(super) fn is_missing(&self, piece: PieceIndex) -> bool {
        !self.have.has(piece) && self.wanted.has(piece)
    }

    /// What is [missing](Self::is_missing), ascending.
    pub(super) fn missing(&self) -> impl Iterator<Item = PieceIndex> + '_ {
        self.have.missing().filter(|piece| self.wanted.has(*piece))
    }

    /// Missing and not asked of anybody.
    pub(super) fn is_open(&self, piece: PieceIndex) -> bool {
        self.is_missing(piece) && self.copies[piece.as_usize()] == 0
    }

    pub(super) fn copies(&self, piece: PieceIndex) -> u8 {
        self.copies[piece.as_usize()]
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = (RequestId, &InFlight)> {
        self.requests.iter().map(|(id, request)| (*id, request))
    }

    pub(super) fn request(&self, id: RequestId) -> Option<&InFlight> {
        self.requests.get(&id)
    }

    pub(super) fn at_origin(&self) -> usize {
        self.requests.values().filter(|request| request.from == Source::Origin).count()
    }

    pub(super) fn at_peers(&self) -> usize {
        self.requests.len() - self.at_origin()
    }

    pub(super) fn order(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub(super) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Begins a turn: whoever wants to come back says so anew.
    pub(super) fn begin_turn(&mut self, now: MonoTime) {
        self.wake = MonoTime::NEVER;
        if self.began_at.is_none() {
            self.began_at = Some(self.opens_at()).filter(|at| now >= *at);
        }
    }

    /// Ends a turn: while this gets on in the foreground, what can wait leaves the origin alone, as clients with
    /// priorities do.
    pub(super) fn end_turn(&self, allowance: &mut dyn Allowance) {
        let needs = self.is_fetching() && !self.is_origin_closed;
        allowance.keep_line(if needs { self.last_byte + LINE_KEPT } else { MonoTime::ZERO });
    }

    /// Somebody waits now, or nobody does any more, or the policy is another: it says anew whether to wait.
    pub(super) fn on_policy(&mut self, priority: Priority, policy: Policy) {
        (self.config.priority, self.config.policy) = (priority, policy);
        self.began_at = None;
    }

    /// When policy lets the origin be asked: whoever has peers waits for them.
    fn opens_at(&self) -> MonoTime {
        let missing = self.missing().count() as u64 * u64::from(self.layout.piece_size());
        let Config { policy, priority, .. } = &self.config;
        self.began_at.unwrap_or_else(|| policy.origin_opens_at(*priority, self.opened, missing, None))
    }

    pub(super) fn wake_at(&mut self, at: MonoTime) {
        self.wake = self.wake.min(at);
    }

    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        (self.wake != MonoTime::NEVER).then_some(self.wake)
    }

    /// Whether the origin can help at all.
    pub(super) fn has_origin(&self) -> bool {
        !self.is_origin_closed
    }

    /// Whether the origin may be asked now; if it may later, the desk wakes up then.
    pub(super) fn is_origin_open(&mut self, now: MonoTime) -> bool {
        let open_at = self.origin_rests_until.max(self.opens_at());
        if now < open_at {
            self.wake_at(open_at);
        }
        !self.is_origin_closed && now >= open_at
    }

    /// Asks, if the node allows it.
    pub(super) fn ask(
        &mut self,
        from: Source,
        pieces: PieceRange,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> bool {
        let size = self.layout.span(pieces).size();
        if !allowance.try_start(from, size, now) {
            self.last_refused = now;
            return false;
        }
        let request = RequestId::new(self.next_request);
        self.next_request += 1;
        pieces.pieces().for_each(|piece| self.copies[piece.as_usize()] += 1);
        let in_flight = InFlight {
            from,
            pieces,
            started: now,
            last_progress: now,
            received: 0,
            unjudged: pieces.count(),
            size,
        };
        self.requests.insert(request, in_flight);
        self.order(Action::Request { request, from, pieces });
        true
    }

    /// Asks the origin, and says why.
    pub(super) fn fetch(
        &mut self,
        pieces: PieceRange,
        why: FetchReason,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> bool {
        // The reason comes before its request, as the production machine tells it.
        let request = RequestId::new(self.next_request);
        self.order(Action::Explain(Explain::Fetch { request, pieces, why }));
        let asked = self.ask(Source::Origin, pieces, allowance, now);
        if !asked {
            self.actions.pop_back();
        }
        asked
    }

    pub(super) fn cancel(&mut self, request: RequestId, allowance: &mut dyn Allowance) {
        if self.end(request, allowance).is_some() {
            self.order(Action::Cancel { request });
        }
    }

    /// Bytes came.
    pub(super) fn on_progress(&mut self, request: RequestId, received: u64, now: MonoTime) {
        if let Some(request) = self.requests.get_mut(&request) {
            request.received = received.min(request.size);
            request.last_progress = now;
            self.last_byte = now;
        }
    }

    /// A piece came whole. `Some` says from whom if it is new and right; the request ends with its last piece.
    pub(super) fn on_verified(
        &mut self,
        request: RequestId,
        piece: PieceIndex,
        ok: bool,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> Judged {
        let Some(in_flight) = self.requests.get_mut(&request) else {
            return if ok && self.gain(piece, now) { Judged::New } else { Judged::Known };
        };
        let from = in_flight.from;
        in_flight.last_progress = now;
        in_flight.unjudged = in_flight.unjudged.saturating_sub(1);
        let is_last = in_flight.unjudged == 0;
        self.last_byte = now;
        let judged = match (ok, from) {
            (true, _) if self.gain(piece, now) => Judged::New,
            (true, _) => Judged::Known,
            (false, Source::Peer(peer)) => Judged::Lied(peer),
            (false, Source::Origin) => {
                self.on_contradiction(now);
                Judged::Known
            }
        };
        if ok && from == Source::Origin {
            (self.failures_in_a_row, self.contradictions_in_a_row) = (0, 0);
        }
        if is_last {
            self.end(request, allowance);
        }
        judged
    }

    /// A request brings nothing more. Says what it was.
    pub(super) fn on_failed(
        &mut self,
        request: RequestId,
        why: Failure,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> Option<Ended> {
        let ended = self.end(request, allowance)?;
        if ended.from == Source::Origin {
            match why {
                Failure::Transient { retry_after } => self.rest(retry_after, now),
                Failure::Contradiction => self.on_contradiction(now),
                Failure::NoRanges => self.is_origin_whole = true,
                Failure::Fatal => self.is_origin_closed = true,
            }
        }
        Some(ended)
    }

    /// Removes a request without a word to the driver.
    pub(super) fn end(&mut self, request: RequestId, allowance: &mut dyn Allowance) -> Option<Ended> {
        let ended = self.requests.remove(&request)?;
        ended.pieces.pieces().for_each(|piece| self.copies[piece.as_usize()] -= 1);
        allowance.end(ended.from, ended.size, ended.received);
        Some(Ended { from: ended.from })
    }

    /// A piece that was had is gone.
    pub(super) fn on_lost(&mut self, piece: PieceIndex) {
        if self.have.remove(piece) && self.stage.is_satisfied() {
            self.stage = self.standing().unwrap_or(Stage::Fetching);
        }
    }

    fn gain(&mut self, piece: PieceIndex, now: MonoTime) -> bool {
        let is_new = self.have.insert(piece);
        if is_new {
            self.last_gain = now;
        }
        is_new
    }

    /// If all that is wanted is here, stops what is under way and says so. Once.
    pub(super) fn complete(&mut self, allowance: &mut dyn Allowance) {
        if let Some(stage) = self.standing().filter(|_| self.is_fetching()) {
            self.stage = stage;
            self.cancel_all(allowance);
            let is_all = stage == Stage::Complete;
            self.order(if is_all { Action::Completed } else { Action::Satisfied });
        }
    }

    /// Gives up when nobody is left to wait for: no origin, nobody who `offers` something, and nothing came for long.
    pub(super) fn judge_hope(&mut self, offers: bool, allowance: &mut dyn Allowance, now: MonoTime) {
        if !self.is_fetching() {
            return;
        }
        let heard = self.last_byte.max(self.origin_rests_until).max(self.opens_at()).max(self.last_refused);
        let (patience, why) = match self.is_origin_closed && !offers {
            true => (self.config.orphan_grace, GiveUp::NoSource),
            false => (self.config.no_progress_timeout, GiveUp::NoProgress),
        };
        if now < heard + patience {
            return self.wake_at(heard + patience);
        }
        self.cancel_all(allowance);
        self.stage = Stage::Failed(why);
        self.order(Action::GiveUp(why));
    }

    fn cancel_all(&mut self, allowance: &mut dyn Allowance) {
        let open: Vec<_> = self.requests.keys().copied().collect();
        open.into_iter().for_each(|request| self.cancel(request, allowance));
    }

    fn on_contradiction(&mut self, now: MonoTime) {
        self.contradictions_in_a_row += 1;
        self.is_origin_closed |= self.contradictions_in_a_row >= CONTRADICTIONS_MAX;
        self.rest(None, now);
    }

    /// As long as the origin asked for, or twice as long as the last time.
    fn rest(&mut self, asked: Option<Duration>, now: MonoTime) {
        let doubled = BACK_OFF_MIN.saturating_mul(1 << self.failures_in_a_row.min(8)).min(BACK_OFF_MAX);
        self.failures_in_a_row += 1;
        self.origin_rests_until = now + pause_asked_for(asked).unwrap_or(doubled);
    }
}

/// What became of a piece that came whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Judged {
    /// It is right and was not here.
    New,
    /// It is of no use.
    Known,
    /// This peer sent a wrong one.
    Lied(NodeId),
}

/// How long after the last byte the line is still wanted, as in the product.
const LINE_KEPT: Duration = Duration::from_secs(10);
/// Wrong answers of the origin in a row before it is held to have another content.
const CONTRADICTIONS_MAX: u32 = 2;
