//! The peers that share one content: what each has, and how far it is believed.

mod peer;

use std::time::Duration;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use swarmline_types::{Bitfield, FlatMap, MonoTime, NodeId, PieceIndex, PieceLayout, Wanted};

use crate::config::{
    PROGRESS_TIMEOUT, REJECT_DOUBLINGS_MAX, REJECT_PAUSE, REJECT_PAUSE_PART, SNUB, SNUB_MAX, STRANGER_SILENCE,
};
use crate::coverage::Coverage;
use peer::{Pause, VOUCHED_SILENCE};

pub(crate) use peer::Peer;

/// All peers that are connected and share the content.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    peers: FlatMap<NodeId, Peer>,
    /// Mean time from a request to its piece, of all peers; `None` before the first.
    usual: Option<Duration>,
    /// When a pause of somebody ends.
    due: MonoTime,
    /// What those had who went lately, and until when what is said of that may come from them.
    gone: Option<(Bitfield, MonoTime)>,
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
    pub(crate) fn remove(&mut self, id: &NodeId, coverage: &mut Coverage, now: MonoTime) -> bool {
        let Some(peer) = self.peers.remove(id) else { return false };
        self.note_gone(&peer.has, now);
        if peer.counts {
            peer.has.pieces().for_each(|piece| coverage.remove_holder(piece));
        }
        self.changes += 1;
        true
    }

    fn note_gone(&mut self, had: &Bitfield, now: MonoTime) {
        if had.is_none() {
            return;
        }
        let (gone, until) = self.gone.get_or_insert_with(|| (had.clone(), now));
        if now < *until {
            for piece in had.pieces() {
                gone.insert(piece);
            }
        } else {
            gone.clone_from(had);
        }
        *until = now + GONE_FOR;
    }

    /// Whether somebody had the piece who is gone, and may have given it to others at the last moment.
    fn had_one_who_is_gone(&self, piece: PieceIndex, now: MonoTime) -> bool {
        self.gone.as_ref().is_some_and(|(had, until)| now < *until && had.has(piece))
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
        if coverage.holders(piece) > 1 || self.had_one_who_is_gone(piece, now) {
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
/// How long a peer may do nothing but reject where all are slow; elsewhere as long as a request may stand still.
const BUSY_MAX: Duration = Duration::from_secs(30);
/// How long a peer may do nothing but reject while nobody has given anything: what its line carries may be in it.
const FIRST_BUSY_MAX: Duration = Duration::from_secs(8);
/// How long a stranger may be silent and still count: where all take long, so does whoever is honest.
fn patience(usual: Option<Duration>) -> Duration {
    STRANGER_SILENCE.max(usual.unwrap_or_default() * 3)
}

/// How long a peer's pieces may still be told of by those to whom it gave them before it went.
const GONE_FOR: Duration = Duration::from_secs(2);
/// Mean time from a request to its piece above which the LAN is full.
const SLOW_LAN: Duration = Duration::from_secs(1);
/// Time-outs in a row, after each of which it was asked again, from which on the pieces of a peer that has delivered do not
/// count. One is bad luck where the LAN is full: if everybody read at the origin what one busy peer has, its line would be
/// full too.
const SILENT_TIMES: u32 = 2;
/// How many peers in each direction of the ring of names are neighbours at least.
const RING_REACH: usize = 2;
