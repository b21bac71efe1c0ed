//! What holds for every order, whatever happens: checked order by order, and when all are taken.

use std::collections::{BTreeMap, BTreeSet};

use swarmline_scheduler::{
    Account, Action, Allowance, Content, Input, RequestId, Source, Stage, Surroundings,
};
use swarmline_types::message::{ContentMessage, LaneMessage, Rumour, Word};
use swarmline_types::{MonoTime, NodeId, PieceIndex, PieceLayout, PieceRange};

/// Lane: the widest window; and that of before the line is measured, which takes so many runs that somebody finishes.
const WINDOW_MAX: usize = 24;
const WINDOW: usize = 6;
const RUNS_MEASURED: u32 = 12;
/// Mesh: requests at one peer and at all, for pieces of 1 MiB and more; small ones multiply both by up to 16.
const PER_PEER_MAX: usize = 2;
const IN_FLIGHT_MAX: usize = 6;
/// Mesh: pieces from peers after which it is known what the line carries, and requests in flight whatever that is.
const MEASURED: u32 = 16;
const IN_FLIGHT_MOST: usize = 256;
/// As the wire allows.
const HAVE_MAX: usize = 4096;
const RUMOURS_MAX: usize = 32;
const CLAIMS_TOLD_MAX: usize = 64;

/// What the driver of a content knows of it.
pub(super) struct Watch {
    layout: PieceLayout,
    /// Who is there, and what they said to have.
    peers: BTreeMap<NodeId, BTreeSet<PieceIndex>>,
    under_way: BTreeMap<RequestId, UnderWay>,
    /// What the node was charged for requests that are not over.
    pub(super) charged: Vec<(Source, u64)>,
    last: Option<RequestId>,
    /// Pieces that came from peers.
    arrivals: u32,
    /// Runs that somebody finished, or said so.
    finished: u32,
    /// Orders since the last input.
    orders: usize,
    is_given_up: bool,
}

/// A request that is not over.
struct UnderWay {
    from: Source,
    pieces: PieceRange,
    size: u64,
    received: u64,
    judged: u64,
    unjudged: u32,
}

impl Watch {
    pub(super) fn of(layout: PieceLayout) -> Self {
        Self {
            layout,
            peers: BTreeMap::new(),
            under_way: BTreeMap::new(),
            charged: Vec::new(),
            last: None,
            arrivals: 0,
            finished: 0,
            orders: 0,
            is_given_up: false,
        }
    }

    /// The last request that was made.
    pub(super) fn last(&self) -> u64 {
        self.last.map_or(0, RequestId::get)
    }

    /// The next piece of a request whose hash was not checked.
    pub(super) fn next_unjudged(&self, request: RequestId) -> PieceIndex {
        let it = &self.under_way[&request];
        it.pieces.pieces().nth_back(it.unjudged as usize - 1).expect("one is left")
    }

    /// The content was abandoned.
    pub(super) fn assert_nothing_is_left(&self, content: &Content) {
        assert!(self.under_way.is_empty(), "{:?}", self.under_way.keys());
        self.check_ends(content);
        self.check_ledger(content);
    }

    /// The content is told this next.
    pub(super) fn on_input(&mut self, input: &Input) {
        self.orders = 0;
        match input {
            Input::PeerUp { peer, .. } => _ = self.peers.entry(*peer).or_default(),
            Input::PeerDown { peer, .. } => _ = self.peers.remove(peer),
            Input::Bitmap { peer, has } => {
                self.peers.entry(*peer).and_modify(|known| *known = has.pieces().collect());
            }
            Input::Have { peer, pieces } => _ = self.peers.get_mut(peer).map(|known| known.extend(pieces)),
            Input::Lane { from, message } => self.on_lane(from, message),
            Input::Rumours { rumours, .. } => {
                let lane = |rumour: &Rumour| match &rumour.word {
                    Word::Lane(message) => Some((rumour.member, message.clone())),
                    _ => None,
                };
                rumours.iter().filter_map(lane).for_each(|(member, message)| self.on_lane(&member, &message));
            }
            Input::Progress { request, received } => self.on_bytes(*request, *received),
            Input::Verified { request, piece, ok } => self.on_verified(*request, *piece, *ok),
            Input::Failed { request, .. } | Input::Rejected { request } => {
                self.under_way.remove(request);
            }
            _ => {}
        }
    }

    fn on_lane(&mut self, from: &NodeId, message: &LaneMessage) {
        if let LaneMessage::Done(pieces) = message {
            self.finished += 1;
            self.peers.entry(*from).and_modify(|known| known.extend(pieces.pieces()));
        }
    }

    fn on_bytes(&mut self, request: RequestId, received: u64) {
        if let Some(it) = self.under_way.get_mut(&request) {
            it.received = it.received.max(received.min(it.size));
        }
    }

    fn on_verified(&mut self, request: RequestId, piece: PieceIndex, ok: bool) {
        let Some(it) = self.under_way.get_mut(&request) else { return };
        it.judged += u64::from(self.layout.size_of(piece));
        it.received = it.received.max(it.judged);
        it.unjudged -= 1;
        let (is_last, from) = (it.unjudged == 0, it.from);
        match from {
            Source::Origin => self.finished += u32::from(is_last),
            Source::Peer(_) => self.arrivals += u32::from(ok),
        }
        match from {
            // It is banned, and what it was asked for is taken back, this too.
            Source::Peer(liar) if !ok => _ = self.peers.remove(&liar),
            _ if is_last => _ = self.under_way.remove(&request),
            _ => {}
        }
    }

    pub(super) fn on_order(&mut self, action: &Action, content: &Content) {
        self.orders += 1;
        match action {
            Action::Send { to, message } => {
                assert!(self.peers.contains_key(to), "a word to somebody who is not there");
                check_message(message, content);
            }
            Action::Request { request, from, pieces } => self.on_request(*request, *from, *pieces, content),
            Action::Cancel { request } => {
                assert!(self.under_way.remove(request).is_some(), "{request:?} is over already");
            }
            Action::Completed => assert!(content.have().is_all()),
            Action::Satisfied => assert!(content.wanted().pieces().all(|piece| content.have().has(piece))),
            Action::GiveUp(_) => {
                assert!(!self.is_given_up, "for the second time");
                self.is_given_up = true;
            }
            Action::Ban { .. } | Action::Explain(_) => {}
        }
    }

    fn on_request(&mut self, request: RequestId, from: Source, pieces: PieceRange, content: &Content) {
        assert!(self.last < Some(request), "{request:?} is a name that was used before");
        assert!(!self.is_given_up, "nothing is asked for any more");
        self.last = Some(request);
        let (first, count) = (pieces.first(), pieces.count());
        assert_eq!(self.layout.piece_range(first.get(), count), Some(pieces), "beyond the content");
        if let Source::Peer(peer) = from {
            assert_eq!(count, 1, "of a peer one at a time");
            let has = self.peers.get(&peer).expect("somebody is asked who is not there");
            assert!(has.contains(&first), "{first} is asked of one who has not said to have it");
            assert!(content.wanted().has(first), "{first} is not wanted");
            assert!(!content.have().has(first), "{first} is here");
            let same = |it: &UnderWay| it.from == from && it.pieces == pieces;
            assert!(!self.under_way.values().any(same), "{first} is asked of the same peer twice");
        }
        let size = self.layout.span(pieces).size();
        let it = UnderWay { from, pieces, size, received: 0, judged: 0, unjudged: count };
        self.under_way.insert(request, it);
    }

    /// All orders are taken.
    pub(super) fn on_drained(&self, content: &Content) {
        self.check_ends(content);
        self.check_ledger(content);
        self.check_in_flight();
        assert!(self.orders <= self.orders_max(), "{} orders for one input", self.orders);
        if content.stage() != Stage::Fetching {
            assert!(self.under_way.is_empty(), "{:?}: nothing is lacking", content.stage());
        }
    }

    /// What is over for the driver is over for the content, and for the node, which is told so once.
    fn check_ends(&self, content: &Content) {
        for request in self.under_way.keys() {
            assert!(content.is_in_flight(*request), "{request:?} ended without a word");
        }
        let mut known: Vec<_> = self.under_way.values().map(|it| (it.from, it.size)).collect();
        let mut charged = self.charged.clone();
        known.sort_unstable();
        charged.sort_unstable();
        assert_eq!(known, charged, "what is under way, and what the node was charged for");
    }

    /// What came is kept, a duplicate, bad, in vain, or of a request that is not over.
    fn check_ledger(&self, content: &Content) {
        let mut open: BTreeMap<Source, u64> = BTreeMap::new();
        for it in self.under_way.values() {
            *open.entry(it.from).or_default() += it.received - it.judged;
        }
        for (source, account) in content.ledger().accounts() {
            let Account { received, kept, duplicate, failed_hash, cancelled } = account;
            let of_open = open.remove(&source).unwrap_or(0);
            assert_eq!(received, kept + duplicate + failed_hash + cancelled + of_open, "{source:?}");
        }
        assert!(open.values().all(|bytes| *bytes == 0), "bytes without an account: {open:?}");
    }

    fn check_in_flight(&self) {
        let factor = self.factor();
        let count = |wish: &dyn Fn(&UnderWay) -> bool| self.under_way.values().filter(|it| wish(it)).count();
        let at_origin = count(&|it| it.from == Source::Origin);
        let window = if self.finished < RUNS_MEASURED { WINDOW } else { WINDOW_MAX };
        assert!(at_origin <= window, "{at_origin} origin requests");
        for peer in self.peers.keys() {
            let at_peer = count(&|it| it.from == Source::Peer(*peer));
            assert!(at_peer <= PER_PEER_MAX * factor, "{at_peer} requests at one peer");
        }
        let at_peers = self.under_way.len() - at_origin;
        // One of each whose word has yet to be proven may come on top.
        let usual = if self.arrivals <= MEASURED { IN_FLIGHT_MAX * factor } else { IN_FLIGHT_MOST };
        assert!(at_peers <= usual + self.peers.len(), "{at_peers} requests at peers");
    }

    /// To each peer a word for each run of a window that is given back and each that begins, and some more; each request
    /// that may be in flight taken back, and made anew with its reason.
    fn orders_max(&self) -> usize {
        let peers = self.peers.len();
        let requests = WINDOW_MAX + PER_PEER_MAX * self.factor() * peers;
        peers * (2 * WINDOW_MAX + 16) + 3 * requests + 16
    }

    /// How much more is asked for of small pieces.
    fn factor(&self) -> usize {
        ((1 << 20) / self.layout.piece_size() as usize).clamp(1, 16)
    }
}

fn check_message(message: &ContentMessage, content: &Content) {
    match message {
        ContentMessage::Bitmap(has) => assert_eq!(has, content.have(), "a bitmap that is not true"),
        ContentMessage::Have(pieces) => {
            assert!((1..=HAVE_MAX).contains(&pieces.len()), "{} pieces", pieces.len());
            assert!(pieces.iter().all(|piece| content.have().has(*piece)), "{pieces:?} are not here");
        }
        ContentMessage::Wanted(wanted) => assert_eq!(wanted, content.wanted()),
        ContentMessage::Lane(message) => check_lane(message, content),
        ContentMessage::Rumours(rumours) => {
            assert!((1..=RUMOURS_MAX).contains(&rumours.len()), "{} rumours", rumours.len());
            rumours.iter().for_each(|rumour| check_rumour(rumour, content));
        }
        ContentMessage::Request(_) | ContentMessage::Cancel(_) | ContentMessage::Reject(_) => {
            panic!("the driver's business: {message:?}")
        }
    }
}

/// What others say is passed on as it came.
fn check_rumour(rumour: &Rumour, content: &Content) {
    if rumour.member != super::id("me") {
        return;
    }
    match &rumour.word {
        Word::Lane(message) => check_lane(message, content),
        Word::Here(wanted) | Word::Known(wanted) => assert_eq!(wanted, content.wanted()),
        Word::Gone => {}
    }
}

fn check_lane(message: &LaneMessage, content: &Content) {
    match message {
        LaneMessage::Progress(list) => assert!((1..=CLAIMS_TOLD_MAX).contains(&list.len())),
        LaneMessage::Done(pieces) => {
            assert!(pieces.pieces().all(|piece| content.have().has(piece)), "{pieces:?} is not done");
        }
        LaneMessage::Claim(_) | LaneMessage::Almost(_) | LaneMessage::Release { .. } => {}
    }
}

/// A node that lets everything start, and knows what is not over.
pub(super) struct Generous<'a> {
    pub(super) surroundings: Surroundings,
    pub(super) is_stranded: &'a mut bool,
    pub(super) charged: &'a mut Vec<(Source, u64)>,
}

impl Allowance for Generous<'_> {
    fn try_start(&mut self, from: Source, bytes: u64, _: MonoTime) -> bool {
        self.charged.push((from, bytes));
        true
    }

    fn end(&mut self, from: Source, bytes: u64, received: u64) {
        let at = self.charged.iter().position(|charge| *charge == (from, bytes));
        self.charged.swap_remove(at.expect("an end of what never began, or for the second time"));
        assert!(received <= bytes, "{received} bytes of {bytes}");
    }

    fn seek_others(&mut self, is_stranded: bool) {
        *self.is_stranded = is_stranded;
    }

    fn surroundings(&self, _now: MonoTime) -> Surroundings {
        self.surroundings
    }
}
