//! The peers that share one content: what each has, and how far it is believed.

use std::time::Duration;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use swarmline_types::{Bitfield, FlatMap, MonoTime, NodeId, PieceIndex, PieceLayout, Wanted};

use crate::bucket::Level;
use crate::config::{
    PROGRESS_TIMEOUT, REJECT_DOUBLINGS_MAX, REJECT_PAUSE, REJECT_PAUSE_PART, RUMOUR_BURST, SNUB, SNUB_MAX,
    STRANGER_SILENCE,
};
use crate::coverage::Coverage;

/// What one node knows of another that shares the content.
#[derive(Debug)]
pub(crate) struct Peer {
    has: Bitfield,
    /// What decides whether we are neighbours, the same at both ends.
    pub(crate) draw: u64,
    /// We met because one of us chose the other: in a site where not everybody is connected with everybody.
    pub(crate) is_chosen: bool,
    /// It is told of pieces and asked for them. Kept up by [`Site`](crate::site::Site).
    pub(crate) is_neighbour: bool,
    /// What it may still pass on before it is held to flood.
    pub(crate) rumours: Level,
    /// What it says that it wants; all until it says so.
    wanted: Wanted,
    /// How many pieces it wants and has not.
    lacking: u32,
    /// Its first bitmap has come; before that it is not asked for anything.
    pub(crate) is_known: bool,
    /// Has delivered a good piece.
    is_proven: bool,
    /// Whether its pieces are in the coverage. Changed only by `Peers::judge`.
    counts: bool,
    /// When it was first asked for something without having delivered since.
    asked_since: Option<MonoTime>,
    /// Since when it owes an answer and gave no sign of life.
    silent_since: Option<MonoTime>,
    /// Somebody who has not delivered either says to have got from it what only it had.
    is_vouched_for: bool,
    /// My requests that it has not answered.
    pub(crate) in_flight: usize,
    snub: Pause,
    busy: Pause,
    /// Mean time from a request to its piece.
    service: Option<Duration>,
}

/// A pause that doubles each time, until something good resets it.
#[derive(Debug, Default)]
struct Pause {
    until: MonoTime,
    times: u32,
}

impl Pause {
    /// How often in a row, of which time forgives one for each [`SNUB_MAX`] since the last ended.
    fn times_by(&self, now: MonoTime) -> u32 {
        let forgiven = now.since(self.until).as_micros() / SNUB_MAX.as_micros();
        self.times.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }
}

impl Peer {
    fn new(draw: u64, is_chosen: bool, layout: &PieceLayout) -> Self {
        Self {
            has: Bitfield::none(layout),
            draw,
            is_chosen,
            is_neighbour: true,
            rumours: Level::full(RUMOUR_BURST),
            wanted: Wanted::all(layout),
            lacking: layout.piece_count(),
            is_known: false,
            is_proven: false,
            counts: true,
            asked_since: None,
            silent_since: None,
            is_vouched_for: false,
            in_flight: 0,
            snub: Pause::default(),
            busy: Pause::default(),
            service: None,
        }
    }

    pub(crate) fn has(&self, piece: PieceIndex) -> bool {
        self.has.has(piece)
    }

    pub(crate) fn bitmap(&self) -> &Bitfield {
        &self.has
    }

    pub(crate) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Whether it wants pieces that it has not; known only once its bitmap has come.
    pub(crate) fn is_lacking(&self) -> bool {
        self.is_known && self.lacking > 0
    }

    fn recount(&mut self) {
        let lacking = match self.wanted.ranges() {
            [all] if all.count() == self.has.piece_count() => self.has.piece_count() - self.has.count(),
            _ => u32::try_from(self.wanted.pieces().filter(|piece| !self.has.has(*piece)).count())
                .expect("no more than the content has"),
        };
        self.lacking = lacking;
    }

    pub(crate) fn is_proven(&self) -> bool {
        self.is_proven
    }

    /// Whether others say to have got something from it.
    pub(crate) fn is_vouched_for(&self) -> bool {
        self.is_vouched_for
    }

    /// Whether its word that it has a piece keeps others from fetching that piece.
    pub(crate) fn counts(&self) -> bool {
        self.counts
    }

    /// Whether it has every piece and is believed so.
    pub(crate) fn is_source(&self) -> bool {
        self.is_known && self.counts && self.has.is_all()
    }

    /// Whether holders of everything need not give the piece: this one has it, is none of them, and answers.
    pub(crate) fn relieves_holders_of(&self, piece: PieceIndex) -> bool {
        self.has(piece) && !self.is_source() && !self.is_overdue()
    }

    /// Whether it takes far longer than others do, so that it is better left to those who need what only it has.
    pub(crate) fn is_slower_than(&self, usual: Option<Duration>) -> bool {
        let usual = usual.map_or(SLOW_SENDER, |usual| SLOW_SENDER.max(usual * SLOW_SENDER_FACTOR));
        self.service.is_some_and(|service| service > usual)
    }

    /// Whether it has let requests time out and delivered nothing since.
    pub(crate) fn is_overdue(&self) -> bool {
        self.snub.times > 0
    }

    /// Mean time from a request to its piece, the latest as much as all before; `None` before the first.
    pub(crate) fn service(&self) -> Option<Duration> {
        self.service
    }

    /// When its silence or busyness ends, if it is not usable now.
    fn pauses(&self) -> [MonoTime; 2] {
        [self.snub.until, self.busy.until]
    }

    /// When silence ends the credit that a stranger has.
    fn credit_ends(&self, patience: Duration) -> Option<MonoTime> {
        let patience = if self.is_vouched_for { patience.max(VOUCHED_SILENCE) } else { patience };
        self.silent_since.filter(|_| !self.is_proven).map(|since| since + patience)
    }

    /// Whether it may be asked now.
    pub(crate) fn is_usable(&self, now: MonoTime) -> bool {
        self.is_known && now >= self.snub.until && now >= self.busy.until
    }
}

/// All peers that are connected and share the content.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    peers: FlatMap<NodeId, Peer>,
    /// Mean time from a request to its piece, of all peers; `None` before the first.
    usual: Option<Duration>,
    /// When a pause of somebody ends.
    due: MonoTime,
    /// Goes up when somebody comes, goes, or may be asked again.
    changes: u32,
    /// Goes up when somebody delivers for the first time, or others say so for the first time.
    proofs: u32,
}

impl Peers {
    pub(crate) fn get(&self, id: &NodeId) -> Option<&Peer> {
        self.peers.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&NodeId, &Peer)> {
        self.peers.iter()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.peers.keys().copied()
    }

    /// The next two on either side of `me` in the ring of names.
    pub(crate) fn near_in_ring(&self, me: &NodeId) -> Vec<NodeId> {
        let ids = || self.peers.keys();
        let ahead = self.peers.keys_after(me).chain(ids());
        let behind = self.peers.keys_before(me).rev().chain(ids().rev());
        ahead.take(RING_REACH).chain(behind.take(RING_REACH)).copied().collect()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&NodeId, &mut Peer)> {
        self.peers.iter_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    /// Mean time from a request to its piece, of all peers; `None` before the first.
    pub(crate) fn usual_service(&self) -> Option<Duration> {
        self.usual
    }

    /// Whether the LAN is full: then silence and rejects say little of a single peer.
    fn are_all_slow(&self) -> bool {
        self.usual.is_some_and(|usual| usual > SLOW_LAN)
    }

    /// Whether a peer promised pieces, was asked, and gave none in time, as things look now: its word does not count until
    /// it gives.
    pub(crate) fn is_doubted(&self, peer: &Peer) -> bool {
        let most = if self.are_all_slow() { DOUBTED_TIMES } else { 1 + u32::from(peer.is_vouched_for) };
        !peer.is_proven && peer.snub.times >= most
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Goes up when somebody comes, goes, or may be asked again.
    pub(crate) fn changes(&self) -> u32 {
        self.changes
    }

    /// Goes up when somebody delivers for the first time, or others say so for the first time.
    pub(crate) fn proofs(&self) -> u32 {
        self.proofs
    }

    pub(crate) fn get_mut(&mut self, id: &NodeId) -> Option<&mut Peer> {
        self.peers.get_mut(id)
    }

    pub(crate) fn add(&mut self, id: NodeId, draw: u64, is_chosen: bool, layout: &PieceLayout) {
        self.peers.get_or_insert_with(id, || Peer::new(draw, is_chosen, layout));
        self.changes += 1;
    }

    /// Forgets a peer and what it held.
    pub(crate) fn remove(&mut self, id: &NodeId, coverage: &mut Coverage) -> bool {
        let Some(peer) = self.peers.remove(id) else { return false };
        if peer.counts {
            peer.has.pieces().for_each(|piece| coverage.remove_holder(piece));
        }
        self.changes += 1;
        true
    }

    /// A whole bitmap replaces what was known.
    pub(crate) fn set_bitmap(&mut self, id: &NodeId, has: Bitfield, coverage: &mut Coverage) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        if peer.counts {
            peer.has.pieces().for_each(|piece| coverage.remove_holder(piece));
            has.pieces().for_each(|piece| coverage.add_holder(piece));
        }
        peer.has = has;
        peer.is_known = true;
        peer.recount();
    }

    /// One more piece. `true` if it was not known.
    pub(crate) fn add_piece(&mut self, id: &NodeId, piece: PieceIndex, coverage: &mut Coverage) -> bool {
        let Some(peer) = self.peers.get_mut(id) else { return false };
        let new = peer.has.insert(piece);
        peer.lacking -= u32::from(new && peer.wanted.has(piece));
        if new && peer.counts {
            coverage.add_holder(piece);
        }
        new
    }

    /// It says what it wants.
    pub(crate) fn set_wanted(&mut self, id: &NodeId, wanted: Wanted) {
        let Some(peer) = self.peers.get_mut(id).filter(|peer| peer.wanted != wanted) else { return };
        peer.wanted = wanted;
        peer.recount();
    }

    pub(crate) fn on_asked(&mut self, id: &NodeId, now: MonoTime) {
        if let Some(peer) = self.peers.get_mut(id) {
            peer.in_flight += 1;
            peer.asked_since.get_or_insert(now);
            peer.silent_since.get_or_insert(now);
            let credit_ends = peer.credit_ends(patience(self.usual));
            self.due = credit_ends.into_iter().fold(self.due, MonoTime::min);
        }
    }

    /// A request to it is over, however it ended.
    pub(crate) fn on_answered(&mut self, id: &NodeId, coverage: &mut Coverage, now: MonoTime) {
        if let Some(peer) = self.peers.get_mut(id) {
            peer.in_flight = peer.in_flight.saturating_sub(1);
            peer.silent_since = peer.silent_since.filter(|_| peer.in_flight > 0);
        }
        self.judge(id, coverage, now);
    }

    /// It delivered a piece with the right hash, `took` after it was asked: all is forgiven.
    pub(crate) fn on_delivered(
        &mut self,
        id: &NodeId,
        took: Duration,
        coverage: &mut Coverage,
        now: MonoTime,
    ) {
        self.changes += 1;
        let were_all_slow = self.are_all_slow();
        self.usual = Some(self.usual.map_or(took, |mean| (mean * 7 + took) / 8));
        if self.are_all_slow() != were_all_slow {
            // Whoever was doubted before anybody knew that all take long is seen in another light.
            self.due = now;
        }
        if let Some(peer) = self.peers.get_mut(id) {
            peer.service = Some(peer.service.map_or(took, |mean| (mean + took) / 2));
            self.proofs += u32::from(!std::mem::replace(&mut peer.is_proven, true));
            peer.asked_since = None;
            peer.snub = Pause::default();
            peer.busy = Pause::default();
        }
        self.judge(id, coverage, now);
    }

    /// Bytes of an answer arrive: it is alive, though nothing is proven yet.
    pub(crate) fn on_progress(&mut self, id: &NodeId, coverage: &mut Coverage, now: MonoTime) {
        if let Some(peer) = self.peers.get_mut(id) {
            (peer.asked_since, peer.silent_since) = (Some(now), Some(now));
        }
        self.judge(id, coverage, now);
    }

    /// It let a request time out, silent since then: not asked for a while. What timed out beside that, or was asked
    /// before, says no more. Time in which it owed an answer forgives nothing.
    pub(crate) fn on_timeout(
        &mut self,
        id: &NodeId,
        silent_since: MonoTime,
        coverage: &mut Coverage,
        now: MonoTime,
    ) {
        if let Some(peer) = self.peers.get_mut(id).filter(|peer| now >= peer.snub.until) {
            let times = peer.snub.times_by(silent_since);
            let pause = SNUB.saturating_mul(1 << times.min(8)).min(SNUB_MAX);
            peer.snub = Pause { until: now + pause, times: times + 1 };
            self.due = self.due.min(peer.snub.until);
        }
        self.judge(id, coverage, now);
    }

    /// It is busy: asked again a little later, each time in a row twice as late. `is_fed`: those who hold what the origin
    /// was not asked for are giving it, so one of them may well be busy.
    pub(crate) fn on_reject(
        &mut self,
        id: &NodeId,
        is_fed: bool,
        coverage: &mut Coverage,
        rng: &mut Pcg64Mcg,
        now: MonoTime,
    ) {
        let all_are_slow = self.are_all_slow();
        if let Some(peer) = self.peers.get_mut(id) {
            let least = REJECT_PAUSE.saturating_mul(1 << peer.busy.times.min(REJECT_DOUBLINGS_MAX));
            // Who turns me away while the LAN is full has as much to do as everybody.
            let part = if all_are_slow { 1 } else { REJECT_PAUSE_PART };
            let least = least.max(self.usual.unwrap_or_default() / part);
            let jitter = rng.random_range(Duration::ZERO..=least * 3 / 2);
            peer.busy = Pause { until: now + least + jitter, times: peer.busy.times + 1 };
            self.due = self.due.min(peer.busy.until);
            let most = match () {
                () if all_are_slow => BUSY_MAX,
                () if peer.is_vouched_for && !peer.is_proven => VOUCHED_SILENCE,
                () if self.usual.is_none() => FIRST_BUSY_MAX,
                () => PROGRESS_TIMEOUT,
            };
            let is_long = peer.asked_since.is_some_and(|since| now >= since + most);
            // Twice in five seconds may be chance, all the time is not.
            let patience_over = is_long && peer.busy.times > REJECT_DOUBLINGS_MAX;
            // Busy for so long with nobody is as good as silent, whatever it gave before.
            if patience_over && !is_fed {
                // Where all are slow, what comes after that is seen by itself.
                peer.asked_since = peer.asked_since.map(|since| if all_are_slow { now } else { since });
                return self.on_timeout(id, now, coverage, now);
            }
        }
        self.judge(id, coverage, now);
    }

    /// A peer says that it has got a piece, and not from the origin. If only one other was known to have that, the other
    /// gives, whether it gave to me or not: surely so if the peer has delivered before. Else the other may be silent for
    /// a little longer; two that lie together gain no more than that.
    pub(crate) fn on_passed_on(
        &mut self,
        to: &NodeId,
        piece: PieceIndex,
        coverage: &mut Coverage,
        now: MonoTime,
    ) {
        let Some(is_proven) = self.peers.get(to).filter(|peer| !peer.has(piece)).map(Peer::is_proven) else {
            return;
        };
        if coverage.holders(piece) > 1 {
            return;
        }
        let holders = self.peers.iter().filter(|(_, peer)| peer.has(piece)).map(|(id, _)| *id);
        let &[giver] = &holders.take(2).collect::<Vec<_>>()[..] else { return };
        if let Some(peer) = self.peers.get_mut(&giver) {
            self.proofs += u32::from(!std::mem::replace(&mut peer.is_vouched_for, true));
            if !is_proven {
                return;
            }
            peer.asked_since = peer.asked_since.map(|_| now);
            peer.silent_since = peer.silent_since.map(|_| now);
            peer.snub.times = 0;
        }
        self.judge(&giver, coverage, now);
    }

    /// When the next pause or credit ends.
    pub(crate) fn due(&self) -> MonoTime {
        self.due
    }

    /// Lets time pass: snubs and pauses end.
    pub(crate) fn tick(&mut self, coverage: &mut Coverage, now: MonoTime) {
        if now < self.due {
            return;
        }
        let patience = patience(self.usual);
        let over: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.counts != self.should_count(peer, now))
            .map(|(id, _)| *id)
            .collect();
        over.iter().for_each(|id| self.judge(id, coverage, now));
        self.changes += 1;
        let ends = |peer: &Peer| peer.pauses().into_iter().chain(peer.credit_ends(patience));
        let next = self.peers.values().flat_map(ends).filter(|end| *end > now).min();
        self.due = next.unwrap_or(MonoTime::NEVER);
    }

    fn should_count(&self, peer: &Peer, now: MonoTime) -> bool {
        match peer.is_proven {
            true => peer.snub.times < SILENT_TIMES || now >= peer.snub.until,
            false => {
                let has_credit = peer.credit_ends(patience(self.usual)).is_none_or(|end| now < end);
                has_credit && !self.is_doubted(peer)
            }
        }
    }

    /// Brings `counts` and the coverage in line with what is thought of the peer now.
    fn judge(&mut self, id: &NodeId, coverage: &mut Coverage, now: MonoTime) {
        let Some(peer) = self.peers.get(id) else { return };
        let counts = self.should_count(peer, now);
        let peer = self.peers.get_mut(id).expect("just found");
        match (peer.counts, counts) {
            (false, true) => peer.has.pieces().for_each(|piece| coverage.add_holder(piece)),
            (true, false) => peer.has.pieces().for_each(|piece| coverage.remove_holder(piece)),
            _ => {}
        }
        peer.counts = counts;
    }
}

/// Time-outs in a row after which a stranger is doubted where all are slow; elsewhere one is enough, or two of one that
/// another vouches for.
const DOUBTED_TIMES: u32 = 4;
/// How long a stranger may be silent, or do nothing but reject, when another stranger says to have got something from it.
const VOUCHED_SILENCE: Duration = Duration::from_secs(10);
/// How long a peer may do nothing but reject where all are slow; elsewhere as long as a request may stand still.
const BUSY_MAX: Duration = Duration::from_secs(30);
/// How long a peer may do nothing but reject while nobody has given anything: what its line carries may be in it.
const FIRST_BUSY_MAX: Duration = Duration::from_secs(8);
/// How long a stranger may be silent and still count: where all take long, so does whoever is honest.
fn patience(usual: Option<Duration>) -> Duration {
    STRANGER_SILENCE.max(usual.unwrap_or_default() * 3)
}

/// Mean time from a request to its piece above which the LAN is full.
const SLOW_LAN: Duration = Duration::from_secs(1);
/// A sender is slow when it takes longer than this,
const SLOW_SENDER: Duration = Duration::from_millis(500);
/// and so many times as long as others.
const SLOW_SENDER_FACTOR: u32 = 4;
/// Time-outs in a row, after each of which it was asked again, from which on the pieces of a peer that has delivered do not
/// count. One is bad luck where the LAN is full: if everybody read at the origin what one busy peer has, its line would be
/// full too.
const SILENT_TIMES: u32 = 2;
/// How many peers in each direction of the ring of names are neighbours at least.
const RING_REACH: usize = 2;
