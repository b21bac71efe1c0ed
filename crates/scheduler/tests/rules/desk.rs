//! One node on the test's desk: the test plays clock, peers, disk and origin, and reads what the node orders.

mod anything;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use swarmline_scheduler::{
    Action, Config, Content, Explain, Failure, Input, Policy, RequestId, Source, Stage, Surroundings,
};
use swarmline_types::message::{ContentMessage, LaneMessage, Rumour, Word};
use swarmline_types::{
    Bitfield, CapacityClass, ContentId, MonoTime, NodeId, PieceIndex, PieceLayout, PieceRange, Priority,
    Wanted,
};

pub(crate) use anything::steps;
use watch::{Generous, Watch};

/// Large enough that a content of one piece is not small.
const PIECE: u32 = 4 << 20;
const HOUR: Duration = Duration::from_secs(3600);
/// Times that it may want to be woken in a row, and as time passes.
const TURNS_MAX: u64 = 1000;
const TURNS_PER_S_MAX: u64 = 20;
/// Times that a node may want to be woken without time passing.
const TURNS_OF_MOMENT_MAX: u32 = 2;
const NAMES: [&str; 8] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];

pub(crate) struct Desk {
    content: Content,
    layout: PieceLayout,
    now: MonoTime,
    /// Every order, one a line.
    pub(crate) said: Vec<String>,
    taken: usize,
    /// Whole bitmaps that were sent.
    pub(crate) bitmaps: usize,
    last_bitmap: Option<Bitfield>,
    open: BTreeMap<RequestId, (Source, PieceRange)>,
    watch: Watch,
    /// Whether the node was last told to look for others.
    pub(crate) is_stranded: bool,
    /// What the node says of itself.
    pub(crate) surroundings: Surroundings,
}

impl Desk {
    pub(crate) fn of(pieces: u64) -> Self {
        Self::seeded(pieces, 1)
    }

    pub(crate) fn seeded(pieces: u64, seed: u64) -> Self {
        Self::with(pieces, seed, Config { settle: Duration::ZERO, ..Config::default() })
    }

    pub(crate) fn without_origin(pieces: u64) -> Self {
        Self::with(pieces, 1, Config { has_origin: false, settle: Duration::ZERO, ..Config::default() })
    }

    /// The same with pieces of 1 MiB.
    pub(crate) fn without_origin_of_mib(pieces: u64) -> Self {
        Self::without_origin_of(pieces, 1 << 20)
    }

    /// The same with pieces of so many bytes.
    pub(crate) fn without_origin_of(pieces: u64, size: u32) -> Self {
        let layout = PieceLayout::new(pieces * u64::from(size), size).unwrap();
        let config = Config { has_origin: false, settle: Duration::ZERO, ..Config::default() };
        Self::cut(layout, Bitfield::none(&layout), 1, config)
    }

    /// Pieces of 16 KiB, 64 of which make a run; those marked `x` are had.
    pub(crate) fn small_pieces(have: &str) -> Self {
        let layout = PieceLayout::new((have.len() as u64) << 14, 1 << 14).unwrap();
        Self::cut(layout, bitmap(&layout, have), 1, Config::default())
    }

    /// Wants the pieces that are marked `w`.
    pub(crate) fn wanting(picture: &str) -> Self {
        let layout = PieceLayout::new(picture.len() as u64 * u64::from(PIECE), PIECE).unwrap();
        let config = Config { wanted: Some(wanted(&layout, picture)), ..Config::default() };
        Self::cut(layout, Bitfield::none(&layout), 1, config)
    }

    pub(crate) fn wants(&mut self, picture: &str) {
        let wanted = wanted(&self.layout, picture);
        self.input(Input::Want { wanted });
    }

    pub(crate) fn peer_wants(&mut self, name: &str, picture: &str) {
        let wanted = wanted(&self.layout, picture);
        self.input(Input::PeerWants { peer: id(name), wanted });
    }

    pub(crate) fn reprioritise(&mut self, priority: Priority) {
        self.input(Input::Priority(priority));
    }

    pub(crate) fn is_needed(&self) -> bool {
        self.content.is_needed()
    }

    pub(crate) fn with(pieces: u64, seed: u64, config: Config) -> Self {
        let layout = PieceLayout::new(pieces * u64::from(PIECE), PIECE).unwrap();
        Self::cut(layout, Bitfield::none(&layout), seed, config)
    }

    fn cut(layout: PieceLayout, have: Bitfield, seed: u64, config: Config) -> Self {
        let config = Config { settle: Duration::ZERO, ..config };
        // Content and node differ with the seed, so that rankings do.
        let content = ContentId::new([seed as u8; 32]);
        let me = NodeId::new([77; 32]);
        let content = Content::new(config, content, layout, have, me, seed, MonoTime::ZERO);
        Self {
            content,
            layout,
            now: MonoTime::ZERO,
            said: Vec::new(),
            taken: 0,
            bitmaps: 0,
            last_bitmap: None,
            open: BTreeMap::new(),
            watch: Watch::of(layout),
            is_stranded: false,
            surroundings: Surroundings::default(),
        }
    }

    /// One line per peer: its name, and a character per piece, `x` where it has it.
    pub(crate) fn peers(mut self, picture: &str) -> Self {
        for line in picture.lines() {
            let (name, has) = line.trim().split_once(' ').unwrap();
            self.input(Input::PeerUp { peer: id(name), class: CapacityClass::Wired });
            self.has(name, has.trim());
        }
        self
    }

    pub(crate) fn has(&mut self, name: &str, picture: &str) {
        let has = bitmap(&self.layout, picture);
        self.input(Input::Bitmap { peer: id(name), has });
    }

    /// A peer sends the bitmap that the node of another desk sent last.
    pub(crate) fn hears_bitmap_of(&mut self, name: &str, other: &Self) {
        let has = other.last_bitmap.clone().unwrap();
        self.input(Input::Bitmap { peer: id(name), has });
    }

    /// A peer says that it has got a piece.
    pub(crate) fn gets(&mut self, name: &str, piece: u32) {
        let pieces = vec![self.piece(piece)];
        self.input(Input::Have { peer: id(name), pieces });
    }

    /// A peer passes on what a member said.
    pub(crate) fn hears(&mut self, via: &str, member: &str, number: u64, word: Word) {
        let class = CapacityClass::Wired;
        let rumours = [Rumour { member: id(member), class, number, has_all: false, word }].into();
        self.input(Input::Rumours { from: id(via), rumours });
    }

    /// A peer passes on that a member is here, under several numbers at once.
    pub(crate) fn hears_in_its_name(&mut self, via: &str, member: &str, numbers: &[u64]) {
        let (class, word) = (CapacityClass::Wired, self.here());
        let rumour = |number: &u64| Rumour {
            member: id(member),
            class,
            number: *number,
            has_all: false,
            word: word.clone(),
        };
        let rumours = numbers.iter().map(rumour).collect();
        self.input(Input::Rumours { from: id(via), rumours });
    }

    /// A peer passes on that a member has everything.
    pub(crate) fn hears_of_holder(&mut self, via: &str, member: &str, number: u64) {
        let (class, word) = (CapacityClass::Wired, self.here());
        let rumours = [Rumour { member: id(member), class, number, has_all: true, word }].into();
        self.input(Input::Rumours { from: id(via), rumours });
    }

    /// So many members that nobody stands behind are heard of.
    pub(crate) fn hears_of_names(&mut self, via: &str, names: u64) {
        for name in 0..names {
            let mut member = [0xee; 32];
            member[..8].copy_from_slice(&name.to_le_bytes());
            let (class, word) = (CapacityClass::Wired, Word::Here(Wanted::all(&self.layout)));
            let rumours =
                [Rumour { member: NodeId::new(member), class, number: 1, has_all: false, word }].into();
            self.input(Input::Rumours { from: id(via), rumours });
        }
    }

    pub(crate) fn claim(&self, piece: u32) -> Word {
        Word::Lane(LaneMessage::Claim(self.run(piece)))
    }

    pub(crate) fn done(&self, piece: u32) -> Word {
        Word::Lane(LaneMessage::Done(self.run(piece)))
    }

    pub(crate) fn here(&self) -> Word {
        Word::Here(Wanted::all(&self.layout))
    }

    pub(crate) fn policy(&mut self, policy: Policy) {
        self.input(Input::Policy(policy));
    }

    pub(crate) fn gone(&mut self, name: &str, clean: bool) {
        self.input(Input::PeerDown { peer: id(name), clean });
    }

    pub(crate) fn claims(&mut self, name: &str, piece: u32) {
        let message = LaneMessage::Claim(self.run(piece));
        self.input(Input::Lane { from: id(name), message });
    }

    pub(crate) fn is_half_through(&mut self, name: &str, piece: u32) {
        let message = LaneMessage::Almost(self.run(piece));
        self.input(Input::Lane { from: id(name), message });
    }

    pub(crate) fn finishes(&mut self, name: &str, piece: u32) {
        let message = LaneMessage::Done(self.run(piece));
        self.input(Input::Lane { from: id(name), message });
    }

    /// As one says who found that the origin serves no ranges.
    pub(crate) fn claims_all(&mut self, name: &str) {
        let message = LaneMessage::Claim(self.layout.whole().unwrap());
        self.input(Input::Lane { from: id(name), message });
    }

    pub(crate) fn heartbeat_of_all(&mut self, name: &str, bytes: u64) {
        let message = LaneMessage::Progress(vec![(self.layout.whole().unwrap(), bytes)]);
        self.input(Input::Lane { from: id(name), message });
    }

    pub(crate) fn heartbeat(&mut self, name: &str, piece: u32, bytes: u64) {
        let message = LaneMessage::Progress(vec![(self.run(piece), bytes)]);
        self.input(Input::Lane { from: id(name), message });
    }

    /// Lets time pass to this point, with every timer on the way, and one there.
    pub(crate) fn at_ms(&mut self, millis: u64) {
        self.sleeps_until(MonoTime::from_millis(millis));
        self.input(Input::Timer);
    }

    /// Lets time pass to this point, and wakes the node when it wants to be woken.
    pub(crate) fn sleeps_until(&mut self, end: MonoTime) {
        let turns_max = TURNS_MAX + TURNS_PER_S_MAX * end.since(self.now).as_secs();
        let (mut turns, mut turns_of_moment) = (0, 0);
        while let Some(due) = self.content.poll_timeout().filter(|due| *due <= end) {
            turns_of_moment = if due > self.now { 0 } else { turns_of_moment + 1 };
            self.now = self.now.max(due);
            self.input(Input::Timer);
            turns += 1;
            assert!(turns < turns_max, "timers that never end");
            assert!(turns_of_moment <= TURNS_OF_MOMENT_MAX, "woken at {:?} again and again", self.now);
        }
        self.now = self.now.max(end);
    }

    /// Comes back a second before the node wants to be woken, in an hour at most. What it orders then it could have ordered
    /// before; unless it waits for an answer, which wakes it.
    pub(crate) fn has_waited_for_nothing(&mut self) -> bool {
        if self.open.values().any(|(source, _)| *source != Source::Origin) {
            return false;
        }
        let due = self.content.poll_timeout().unwrap_or(MonoTime::NEVER).min(self.now + HOUR);
        let before = MonoTime::from_micros(due.as_micros().saturating_sub(1_000_000));
        if before <= self.now {
            return false;
        }
        self.now = before;
        let said = self.said.len();
        self.input(Input::Timer);
        self.said.len() > said
    }

    pub(crate) fn receives(&mut self, piece: u32, received: u64) {
        let request = self.origin_request(piece);
        self.input(Input::Progress { request, received });
    }

    pub(crate) fn verifies(&mut self, piece: u32, ok: bool) {
        let request = self.origin_request(piece);
        let piece = self.piece(piece);
        self.input(Input::Verified { request, piece, ok });
    }

    pub(crate) fn has_origin_request(&self) -> bool {
        self.open.values().any(|(source, _)| *source == Source::Origin)
    }

    /// The first origin request that is open fails.
    pub(crate) fn fails(&mut self, why: Failure) {
        let open = self.open.iter().find(|(_, (source, _))| *source == Source::Origin).map(|(id, _)| *id);
        self.input(Input::Failed { request: open.unwrap(), why });
    }

    pub(crate) fn rejects_all(&mut self, name: &str) {
        for request in self.requests_at(name) {
            self.open.remove(&request);
            self.input(Input::Rejected { request });
        }
    }

    pub(crate) fn delivers_bad(&mut self, name: &str) {
        let request = self.requests_at(name)[0];
        let piece = self.open[&request].1.first();
        self.input(Input::Verified { request, piece, ok: false });
    }

    /// A peer delivers what was asked of it first; `false` if nothing is.
    pub(crate) fn delivers_next(&mut self, name: &str) -> bool {
        let Some(request) = self.requests_at(name).first().copied() else { return false };
        let piece = self.open[&request].1.first();
        self.input(Input::Verified { request, piece, ok: true });
        true
    }

    pub(crate) fn delivers_from_anybody(&mut self, piece: u32) {
        let piece = self.piece(piece);
        let of_piece =
            |(id, (_, pieces)): (&RequestId, &(Source, PieceRange))| (pieces.first() == piece).then_some(*id);
        let request = self.open.iter().find_map(of_piece).unwrap();
        self.input(Input::Verified { request, piece, ok: true });
        self.open.remove(&request);
    }

    /// Pieces fetched from the origin so far, ascending.
    pub(crate) fn fetches(&self) -> Vec<u32> {
        let mut fetched: Vec<_> = self
            .said
            .iter()
            .filter_map(|line| line.strip_prefix("fetch #"))
            .filter_map(|rest| rest.parse().ok())
            .collect();
        fetched.sort_unstable();
        fetched
    }

    /// How many requests this peer got so far.
    pub(crate) fn asks(&self, name: &str) -> usize {
        let asked = |line: &&String| line.starts_with("ask ") && line.ends_with(name);
        self.said.iter().filter(asked).count()
    }

    /// Whether something is asked of this peer now.
    pub(crate) fn waits_for(&self, name: &str) -> bool {
        !self.requests_at(name).is_empty()
    }

    /// What was ordered since the last time, without heartbeats and bitmaps.
    pub(crate) fn take(&mut self) -> String {
        let new = self.said[self.taken..].iter().filter(|line| !line.starts_with("progress"));
        let text = new.cloned().collect::<Vec<_>>().join("\n");
        self.taken = self.said.len();
        text
    }

    pub(crate) fn stage(&self) -> Stage {
        self.content.stage()
    }

    /// Gives everything back, as a driver does that closes the content.
    pub(crate) fn abandon(&mut self) {
        let Watch { charged, .. } = &mut self.watch;
        let is_stranded = &mut self.is_stranded;
        self.content.abandon(&mut Generous { surroundings: self.surroundings, is_stranded, charged });
        while let Some(action) = self.content.poll_action() {
            self.note(action);
        }
        self.watch.assert_nothing_is_left(&self.content);
    }

    fn input(&mut self, input: Input) {
        self.watch.on_input(&input);
        let Watch { charged, .. } = &mut self.watch;
        let is_stranded = &mut self.is_stranded;
        let mut node = Generous { surroundings: self.surroundings, is_stranded, charged };
        self.content.handle(input, &mut node, self.now);
        while let Some(action) = self.content.poll_action() {
            self.note(action);
        }
        self.open.retain(|request, _| self.content.is_in_flight(*request));
        self.watch.on_drained(&self.content);
    }

    fn note(&mut self, action: Action) {
        self.watch.on_order(&action, &self.content);
        let line = match action {
            Action::Send { message: ContentMessage::Bitmap(has), .. } => {
                self.bitmaps += 1;
                self.last_bitmap = Some(has);
                return;
            }
            Action::Explain(Explain::Fetch { .. }) => return,
            Action::Send { to, message } => format!("{} to {}", words(&message), name(to)),
            Action::Request { request, from, pieces } => {
                self.open.insert(request, (from, pieces));
                match from {
                    Source::Origin => format!("fetch {pieces:?}"),
                    Source::Peer(peer) => format!("ask {pieces:?} of {}", name(peer)),
                }
            }
            Action::Cancel { request } => format!("cancel {}", request.get()),
            Action::Ban { peer, .. } => format!("ban {}", name(peer)),
            Action::Completed => "completed".into(),
            Action::Satisfied => "satisfied".into(),
            Action::GiveUp(why) => format!("give up: {why:?}"),
        };
        self.said.push(line);
    }

    fn piece(&self, index: u32) -> PieceIndex {
        self.layout.piece(index).unwrap()
    }

    /// The run of a piece: as many as make 1 MiB.
    fn run(&self, piece: u32) -> PieceRange {
        let most = ((1 << 20) / self.layout.piece_size()).max(1);
        let first = piece / most * most;
        self.layout.piece_range(first, most.min(self.layout.piece_count() - first)).unwrap()
    }

    fn origin_request(&self, piece: u32) -> RequestId {
        let piece = self.piece(piece);
        let of_piece = |(id, (source, pieces)): (&RequestId, &(Source, PieceRange))| {
            (*source == Source::Origin && pieces.contains(piece)).then_some(*id)
        };
        self.open.iter().find_map(of_piece).unwrap()
    }

    fn requests_at(&self, name: &str) -> Vec<RequestId> {
        let at = Source::Peer(id(name));
        self.open.iter().filter(|(_, (source, _))| *source == at).map(|(id, _)| *id).collect()
    }
}

/// A character per piece, `x` where it is had.
fn bitmap(layout: &PieceLayout, picture: &str) -> Bitfield {
    let mut has = Bitfield::none(layout);
    for (index, _) in picture.chars().enumerate().filter(|(_, c)| *c == 'x') {
        has.insert(layout.piece(index as u32).unwrap());
    }
    has
}

/// A character per piece, `w` where it is wanted.
fn wanted(layout: &PieceLayout, picture: &str) -> Wanted {
    let marked = picture.chars().enumerate().filter(|(_, c)| *c == 'w');
    Wanted::of(marked.map(|(index, _)| layout.piece_range(index as u32, 1).unwrap()))
}

fn id(name: &str) -> NodeId {
    if name == "me" {
        return NodeId::new([77; 32]);
    }
    let number = NAMES.iter().position(|known| *known == name).unwrap();
    NodeId::new([number as u8 + 1; 32])
}

fn name(id: NodeId) -> &'static str {
    match usize::from(id.as_bytes()[0]) {
        77 => "me",
        number => NAMES.get(number.wrapping_sub(1)).copied().unwrap_or("somebody"),
    }
}

fn words(message: &ContentMessage) -> String {
    match message {
        ContentMessage::Have(pieces) => {
            let list: Vec<_> = pieces.iter().map(ToString::to_string).collect();
            format!("have {}", list.join(" "))
        }
        ContentMessage::Wanted(wanted) => format!("wants {wanted:?}"),
        ContentMessage::Lane(message) => lane_words(message),
        ContentMessage::Rumours(rumours) => {
            let list: Vec<_> = rumours.iter().map(rumour_words).collect();
            list.join(", ")
        }
        other => format!("{other:?}"),
    }
}

fn lane_words(message: &LaneMessage) -> String {
    match message {
        LaneMessage::Claim(pieces) => format!("claim {pieces:?}"),
        LaneMessage::Progress(_) => "progress".into(),
        LaneMessage::Almost(pieces) => format!("almost {pieces:?}"),
        LaneMessage::Done(pieces) => format!("done {pieces:?}"),
        LaneMessage::Release { pieces, .. } => format!("release {pieces:?}"),
    }
}

fn rumour_words(rumour: &Rumour) -> String {
    let word = match &rumour.word {
        Word::Here(_) => "here".into(),
        Word::Known(_) => "known".into(),
        Word::Gone => "gone".into(),
        Word::Lane(message) => lane_words(message),
    };
    let has_all = if rumour.has_all { " and has all" } else { "" };
    format!("{} {}: {word}{has_all}", name(rumour.member), rumour.number)
}
