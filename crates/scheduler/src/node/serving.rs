//! What is served to whom, when: a short queue, a few at a time, everybody in turn.

use std::collections::VecDeque;
use std::time::Duration;

use swarmline_types::message::{BlockRequest, WireRequest};
use swarmline_types::{ContentId, FlatMap, MonoTime, NodeId, PieceIndex, Rate};

use crate::bucket::Bucket;
use crate::config::RUN_SIZE;
use crate::node::NodeAction;

/// Answers in the making at a time. More than one, so that a peer that reads slowly holds up nobody else.
const ACTIVE_MAX: usize = 4;
/// Answers that begin at once while nobody knows what the line carries: over 12 Mbit/s four would all be there only after
/// three seconds, and until then nobody has anything to pass on.
const ACTIVE_UNKNOWN: usize = 2;
/// How long further ones wait then: as long as two pieces take over 8 Mbit/s.
const HEAD_START_UNKNOWN: Duration = Duration::from_secs(2);
/// How long at most an answer has the line for itself. Longer, and a slow line is idle whenever who is sent to receives
/// from others, too.
const HEAD_START_MAX: Duration = Duration::from_millis(250);
/// Bytes that may wait: eight pieces of the usual size.
const QUEUE_BYTES_MAX: u64 = 8 << 20;
/// The same while nobody knows what the line carries: over 12 Mbit/s more would wait for so long that those who asked
/// take this node for silent.
const QUEUE_BYTES_UNKNOWN: u64 = 4 << 20;
/// The same while the line is busy: then others are too, and what waits here could be had from one that is not.
const QUEUE_BYTES_BUSY: u64 = 2 << 20;
/// The line is busy when the latest so many [`RUN_SIZE`] went out in no more than twice the time that it needs for them.
const BUSY_RUNS: usize = 16;
/// Time that what waits may take at the measured upload rate. Who waits for longer, behind others that came later and
/// whose turn was sooner, goes first.
const QUEUE_TIME_MAX: Duration = Duration::from_millis(1500);
/// With each answer, what the upload rate was measured by before counts one part in so many less.
const PACE_ANSWERS: u64 = 8;
/// Requests of one peer that may wait.
const QUEUE_PER_PEER_MAX: usize = 64;
/// How long a piece that went out to one peer is put behind pieces that went to nobody: until it can be had from there.
const SPREADS_FOR: Duration = Duration::from_millis(250);
/// Pieces that are remembered for that: as many as go out meanwhile on a line of 1 Gbit/s.
const SPREADING_MAX: usize = 32;
/// How long a request may be put behind others for that.
const PUT_BACK_MAX: Duration = Duration::from_millis(500);
/// Blocks of a piece already begun that one peer may always have waiting, so that a large piece does not break off.
const CONTINUED_MAX: usize = 4;
/// Rejects per second that one peer may cause before it is held to flood.
const REJECTS_PER_S: u64 = 200;
/// Rejects that may come at once.
const REJECTS_BURST: u64 = 1000;
/// Peers whose rejects are counted.
const REJECTED_MAX: usize = 256;

/// Name of an answer in the making.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ticket(u64);

impl Ticket {
    /// A name for an answer of another node behind the same border; [`Node`](crate::Node) makes its own.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

/// What happens to a request of a peer.
pub(super) enum Asked {
    Queued,
    Rejected,
    /// Taken in instead of another, which is rejected.
    Instead(NodeId, ContentId, WireRequest),
}

#[derive(Debug)]
struct Ask {
    content: ContentId,
    block: BlockRequest,
    since: MonoTime,
}

impl Ask {
    fn piece(&self) -> (ContentId, PieceIndex) {
        (self.content, self.block.piece)
    }
}

/// Bytes that went out lately and the microseconds that they took; what is older counts less. One is held against the
/// other only when the rate is asked for: answers that are made together end together, and by the short time from one
/// end to the next each would tell of a line several times as fast.
#[derive(Debug, Default)]
struct Pace {
    bytes: u64,
    micros: u64,
}

impl Pace {
    fn note(&mut self, bytes: u64, took: Duration) {
        let fade = |sum: u64| sum - sum / PACE_ANSWERS;
        self.bytes = fade(self.bytes).saturating_add(bytes);
        self.micros = fade(self.micros).saturating_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// `None` before anything went out.
    fn rate(&self) -> Option<Rate> {
        if self.bytes == 0 {
            return None;
        }
        Rate::bytes_per_s((self.bytes.saturating_mul(1_000_000) / self.micros.max(1)).max(1))
    }
}

#[derive(Debug)]
struct Active {
    peer: NodeId,
    size: u64,
    since: MonoTime,
    piece: (ContentId, PieceIndex),
}

/// The serving queue of the node, of all contents together.
#[derive(Debug)]
pub(super) struct Serving {
    upload: Bucket,
    queues: FlatMap<NodeId, VecDeque<Ask>>,
    queued_bytes: u64,
    /// Whose turn was last.
    last_turn: Option<NodeId>,
    active: FlatMap<Ticket, Active>,
    next_ticket: u64,
    /// Pieces that went out lately, to whom and when. At most [`SPREADING_MAX`].
    spreading: VecDeque<((ContentId, PieceIndex), NodeId, MonoTime)>,
    pace: Pace,
    last_served: MonoTime,
    /// When the latest bytes had gone out that make up [`RUN_SIZE`] each. At most [`BUSY_RUNS`].
    latest: VecDeque<MonoTime>,
    /// Bytes that went out since.
    since_latest: u64,
    /// What each peer may still be refused this second.
    rejects: FlatMap<NodeId, Bucket>,
    due: Option<MonoTime>,
}

impl Serving {
    pub(super) fn new(upload_rate: Option<Rate>) -> Self {
        Self {
            upload: Bucket::new(upload_rate),
            queues: FlatMap::new(),
            queued_bytes: 0,
            last_turn: None,
            active: FlatMap::new(),
            next_ticket: 0,
            spreading: VecDeque::new(),
            pace: Pace::default(),
            last_served: MonoTime::ZERO,
            latest: VecDeque::new(),
            since_latest: 0,
            rejects: FlatMap::new(),
            due: None,
        }
    }

    /// Puts a request into the queue if its bounds allow.
    pub(super) fn take(
        &mut self,
        peer: NodeId,
        content: ContentId,
        block: BlockRequest,
        now: MonoTime,
    ) -> Asked {
        let of_peer = self.queues.get(&peer).map_or(0, VecDeque::len);
        let continued = block.offset > 0 && of_peer < CONTINUED_MAX;
        let size = u64::from(block.size);
        let in_time = self.rate().map_or(QUEUE_BYTES_UNKNOWN, |rate| rate.bytes_in(QUEUE_TIME_MAX));
        let most = if self.is_busy(now) { QUEUE_BYTES_BUSY } else { QUEUE_BYTES_MAX };
        let bytes_max = most.min(in_time).max(2 * size);
        let full = of_peer >= QUEUE_PER_PEER_MAX || self.queued_bytes + size > bytes_max;
        if is_slow(self.rate()) && block.offset == 0 && self.is_leaving(&content, &block) {
            return Asked::Rejected;
        }
        let displaced = if full && !continued && of_peer == 0 { self.displace_greediest() } else { None };
        if full && !continued && displaced.is_none() {
            return Asked::Rejected;
        }
        self.queued_bytes += size;
        let ask = Ask { content, block, since: now };
        self.queues.get_or_insert_with(peer, VecDeque::new).push_back(ask);
        match displaced {
            Some((greedy, ask)) => Asked::Instead(greedy, ask.content, ask.block.request),
            None => Asked::Queued,
        }
    }

    /// Bytes that peers wait for: in the queue, or in an answer that is in the making.
    pub(super) fn owed_bytes(&self) -> u64 {
        self.queued_bytes + self.active.values().map(|active| active.size).sum::<u64>()
    }

    /// What goes out in a second, as far as is known: the line may carry more than the limit lets through.
    fn rate(&self) -> Option<Rate> {
        self.pace.rate().into_iter().chain(self.upload.rate()).min()
    }

    /// Whether the line has been full, or nearly, for some time: a burst is over before anybody would have asked elsewhere.
    fn is_busy(&self, now: MonoTime) -> bool {
        let Some((first, rate)) = self.latest.front().zip(self.rate()) else { return false };
        let could_send = rate.bytes_in(now.since(*first));
        self.latest.len() == BUSY_RUNS && could_send <= 2 * BUSY_RUNS as u64 * u64::from(RUN_SIZE)
    }

    /// Whether one more answer may begin; else when, unless one ends before. They begin one after another, so that the
    /// first is there soon and can be passed on; but who reads slower holds up nobody.
    fn room(&self, now: MonoTime) -> Result<(), Option<MonoTime>> {
        if self.active.len() >= ACTIVE_MAX {
            return Err(None);
        }
        let latest = self.active.values().map(|active| active.since + self.head_start(active.size)).max();
        match latest.filter(|patient| now < *patient) {
            Some(patient) => Err(Some(patient)),
            None => Ok(()),
        }
    }

    /// How long an answer has the line for itself: most of the time that it needs for it.
    fn head_start(&self, size: u64) -> Duration {
        let Some(rate) = self.pace.rate() else {
            return if self.active.len() < ACTIVE_UNKNOWN { Duration::ZERO } else { HEAD_START_UNKNOWN };
        };
        let micros = size.saturating_mul(750_000) / rate.as_bytes_per_s();
        Duration::from_micros(micros).min(HEAD_START_MAX)
    }

    /// Whether the piece is on its way out to somebody, from whom others can have it sooner than over a slow line.
    fn is_leaving(&self, content: &ContentId, block: &BlockRequest) -> bool {
        let queued = self
            .queues
            .values()
            .flatten()
            .any(|ask| ask.content == *content && ask.block.piece == block.piece);
        queued || self.active.values().any(|active| active.piece == (*content, block.piece))
    }

    /// Makes room for somebody who has nothing in the queue: of those who have more than one piece in it, whoever has
    /// most loses its newest. Else a peer that always asks again at once would have the queue for itself. No piece is
    /// broken off: two who ask for large ones would take turns at that, and neither ever have one.
    fn displace_greediest(&mut self) -> Option<(NodeId, Ask)> {
        let newest =
            |queue: &VecDeque<Ask>| queue.iter().rposition(|ask| ask.block.offset == 0).filter(|at| *at > 0);
        let greedy =
            self.queues.iter().filter_map(|(peer, queue)| Some((queue.len(), *peer, newest(queue)?)));
        let (_, greediest, at) = greedy.max_by_key(|(len, ..)| *len)?;
        let ask = self.queues.get_mut(&greediest)?.remove(at)?;
        self.queued_bytes -= u64::from(ask.block.size);
        Some((greediest, ask))
    }

    /// Whether a peer may be refused once more; a flood of requests is cut off instead.
    pub(super) fn may_reject(&mut self, peer: &NodeId, now: MonoTime) -> bool {
        if self.rejects.len() >= REJECTED_MAX && !self.rejects.contains_key(peer) {
            self.rejects.pop_first();
        }
        let bucket = self.rejects.get_or_insert_with(*peer, || {
            Bucket::with_burst(Rate::bytes_per_s(REJECTS_PER_S), REJECTS_BURST)
        });
        let allowed = bucket.ready(now).is_ok();
        bucket.take(1);
        allowed
    }

    pub(super) fn revoke(&mut self, peer: &NodeId, request: WireRequest) {
        self.drop_where(|asker, ask| asker == peer && ask.block.request == request);
    }

    /// A peer is gone, and with it what waits for it and what is in the making: nobody will say that it was served.
    pub(super) fn forget_peer(&mut self, peer: &NodeId) {
        self.drop_where(|asker, _| asker == peer);
        self.active.retain(|_, active| active.peer != *peer);
        self.rejects.remove(peer);
    }

    pub(super) fn forget_content(&mut self, content: &ContentId) {
        self.drop_where(|_, ask| ask.content == *content);
    }

    fn drop_where(&mut self, gone: impl Fn(&NodeId, &Ask) -> bool) {
        for (peer, queue) in self.queues.iter_mut() {
            queue.retain(|ask| {
                let drop = gone(peer, ask);
                self.queued_bytes -= if drop { u64::from(ask.block.size) } else { 0 };
                !drop
            });
        }
        self.queues.retain(|_, queue| !queue.is_empty());
    }

    /// An answer is on its way. Returns of which content, and how many bytes.
    pub(super) fn on_served(&mut self, ticket: Ticket, now: MonoTime) -> Option<(ContentId, u64)> {
        let done = self.active.remove(&ticket)?;
        let busy_since = done.since.max(self.last_served);
        self.last_served = now;
        self.pace.note(done.size, now.since(busy_since));
        self.note_sent(done.size, now);
        Some((done.piece.0, done.size))
    }

    fn note_sent(&mut self, bytes: u64, now: MonoTime) {
        self.since_latest += bytes;
        if self.since_latest >= u64::from(RUN_SIZE) {
            self.since_latest = 0;
            self.latest.push_back(now);
        }
        if self.latest.len() > BUSY_RUNS {
            self.latest.pop_front();
        }
    }

    pub(super) fn due(&self) -> Option<MonoTime> {
        self.due
    }

    /// Begins answers while there is room: of each peer in turn, the oldest; those first that send a piece to the first who
    /// gets it. The others have it from there soon, and whoever is the only one to have much is not to send the same twice
    /// while nobody has the rest.
    pub(super) fn start_due(&mut self, actions: &mut VecDeque<NodeAction>, now: MonoTime) {
        self.due = None;
        while !self.queues.is_empty() {
            if let Err(later) = self.room(now) {
                self.due = later;
                return;
            }
            if let Err(later) = self.upload.ready(now) {
                self.due = Some(later);
                return;
            }
            let Some((peer, ask)) = self.next_ask(now) else { return };
            self.note_spreading(peer, &ask, now);
            let size = u64::from(ask.block.size);
            self.upload.take(size);
            self.queued_bytes -= size;
            let ticket = Ticket(self.next_ticket);
            self.next_ticket += 1;
            self.active.insert(ticket, Active { peer, size, since: now, piece: ask.piece() });
            actions.push_back(NodeAction::Serve { ticket, peer, content: ask.content, block: ask.block });
        }
    }

    fn next_ask(&mut self, now: MonoTime) -> Option<(NodeId, Ask)> {
        let peer = self.next_turn(now)?;
        self.last_turn = Some(peer);
        let queue = self.queues.get_mut(&peer)?;
        let ask = queue.pop_front()?;
        if queue.is_empty() {
            self.queues.remove(&peer);
        }
        Some((peer, ask))
    }

    fn next_turn(&self, now: MonoTime) -> Option<NodeId> {
        let after = self.last_turn.iter().flat_map(|last| self.queues.keys_after(last));
        let mut in_turn = after.chain(self.queues.keys()).copied();
        let first_ask = |peer: &NodeId| self.queues.get(peer).and_then(VecDeque::front);
        let waits_long = |peer: &NodeId| first_ask(peer).is_some_and(|ask| now >= ask.since + QUEUE_TIME_MAX);
        let goes_first = |peer: &NodeId| {
            first_ask(peer)
                .is_some_and(|ask| now >= ask.since + PUT_BACK_MAX || !self.is_spreading(peer, ask, now))
        };
        let first = in_turn.clone().find(waits_long).or_else(|| in_turn.clone().find(goes_first));
        first.or_else(|| in_turn.next())
    }

    /// Whether the piece goes to somebody else, or did lately.
    fn is_spreading(&self, peer: &NodeId, ask: &Ask, now: MonoTime) -> bool {
        let lately = self.spreading.iter().filter(|(.., at)| now < *at + SPREADS_FOR);
        let going = self.active.values().map(|active| (active.piece, active.peer));
        let mut gone = lately.map(|(piece, to, _)| (*piece, *to)).chain(going);
        gone.any(|(piece, to)| piece == ask.piece() && to != *peer)
    }

    fn note_spreading(&mut self, peer: NodeId, ask: &Ask, now: MonoTime) {
        if ask.block.offset > 0 {
            return;
        }
        let is_over = |(.., at): &(_, _, MonoTime)| now >= *at + SPREADS_FOR;
        while self.spreading.len() >= SPREADING_MAX || self.spreading.front().is_some_and(is_over) {
            self.spreading.pop_front();
        }
        self.spreading.push_back((ask.piece(), peer, now));
        if self.spreading.len() * 4 <= self.spreading.capacity() {
            self.spreading.shrink_to(self.spreading.len() * 2);
        }
    }
}

/// Whether less goes out than would wait in a full queue.
fn is_slow(rate: Option<Rate>) -> bool {
    rate.is_some_and(|rate| rate.bytes_in(QUEUE_TIME_MAX) < QUEUE_BYTES_MAX)
}
