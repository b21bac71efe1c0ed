//! A small driver in memory: virtual time in fixed steps, one WAN shared by all, one uplink per node.

mod report;

mod flows;
mod mail;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use swarmline_scheduler::{
    Action, Config, Content, Input, Node, NodeAction, NodeConfig, NodeInput, RequestId, Source, Stage, Ticket,
};
use swarmline_types::message::{BlockRequest, ContentMessage, WireRequest};
use swarmline_types::{
    Bitfield, CapacityClass, ContentId, MonoTime, NodeId, PieceIndex, PieceLayout, PieceRange, Priority,
    Wanted,
};

use report::HostReport;
pub(crate) use report::Report;

pub(crate) const MIB: u64 = 1 << 20;
const STEP: Duration = Duration::from_millis(5);
const CONTENT: ContentId = ContentId::new([0xc0; 32]);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Behaviour {
    Honest,
    Corrupts,
    ClaimsToHaveAll,
    NeverAnswers,
    ClaimsTheLane { heartbeats: bool },
    SaysItWantsNothing,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OriginBehaviour {
    Good,
    NoRanges,
    Overloaded { until_ms: u64 },
    Missing,
    WrongBytes,
}

/// An office and what happens in it.
#[derive(Clone, Debug)]
pub(crate) struct Office {
    pub(crate) nodes: u8,
    pub(crate) content_len: u64,
    pub(crate) piece_size: u32,
    pub(crate) wan_bytes_per_s: u64,
    pub(crate) lan_bytes_per_s: u64,
    /// Nodes meet each other at a random time in this span.
    pub(crate) meet_after_ms: (u64, u64),
    /// Instead of being brought together, nodes find each other then, and connect with whom they choose.
    pub(crate) dials: bool,
    pub(crate) settle: Duration,
    pub(crate) seed: u64,
    pub(crate) crashes: Vec<(usize, u64)>,
    /// From when until when in ms those of even and of odd numbers cannot reach each other.
    pub(crate) cut: Option<(u64, u64)>,
    pub(crate) behaviours: Vec<(usize, Behaviour)>,
    pub(crate) origin: OriginBehaviour,
    /// One in so many origin requests, drawn by lot, gets a twentieth of its share, as connections in a full queue do.
    pub(crate) starving: Option<u64>,
    /// So many nodes hold everything at the start.
    pub(crate) seeds: usize,
    /// Every node holds a part at the start, all together everything.
    pub(crate) spread: bool,
    /// Nodes that want only so many pieces from a first one on, at first and from a later time in ms on too.
    pub(crate) wants: Vec<(usize, u32, u32, u64)>,
}

impl Default for Office {
    fn default() -> Self {
        Self {
            nodes: 2,
            content_len: 8 * MIB,
            piece_size: 1 << 20,
            wan_bytes_per_s: 2_500_000,
            lan_bytes_per_s: 25_000_000,
            meet_after_ms: (0, 200),
            dials: false,
            settle: Duration::ZERO,
            seed: 1,
            crashes: Vec::new(),
            cut: None,
            behaviours: Vec::new(),
            origin: OriginBehaviour::Good,
            starving: None,
            seeds: 0,
            spread: false,
            wants: Vec::new(),
        }
    }
}

struct Host {
    id: NodeId,
    behaviour: Behaviour,
    is_alive: bool,
    content: Content,
    node: Node,
    fetches: BTreeMap<RequestId, Fetch>,
    /// What this host asked of others, by name on the wire.
    asked: BTreeMap<WireRequest, RequestId>,
    sending: VecDeque<Sending>,
    finished: Option<MonoTime>,
    banned_by: usize,
    next_lie: MonoTime,
}

struct Fetch {
    pieces: PieceRange,
    received: u64,
    verified: u32,
    starts_at: MonoTime,
}

struct Sending {
    ticket: Ticket,
    to: usize,
    block: BlockRequest,
    left: u64,
}

enum Mail {
    Message(usize, ContentMessage),
    Bytes { from: usize, request: WireRequest, piece: PieceIndex, received: u64, is_last: bool },
}

struct World {
    office: Office,
    layout: PieceLayout,
    now: MonoTime,
    hosts: Vec<Host>,
    numbers: BTreeMap<NodeId, usize>,
    /// Pairs that are connected.
    connected: BTreeSet<(usize, usize)>,
    /// In order of arrival: one step after sending.
    mail: VecDeque<(MonoTime, usize, Mail)>,
    /// By honest nodes.
    origin_bytes: u64,
    origin_requests: u64,
    /// How often each piece was read at the origin, by anybody.
    reads: Vec<u32>,
    trace: DefaultHasher,
}

impl Office {
    pub(crate) fn run(self) -> Report {
        let layout = PieceLayout::new(self.content_len, self.piece_size).unwrap();
        let hosts: Vec<_> = (0..usize::from(self.nodes)).map(|number| self.host(number, &layout)).collect();
        let mut world = World {
            layout,
            now: MonoTime::ZERO,
            numbers: hosts.iter().enumerate().map(|(number, host)| (host.id, number)).collect(),
            connected: BTreeSet::new(),
            hosts,
            mail: VecDeque::new(),
            origin_bytes: 0,
            origin_requests: 0,
            reads: vec![0; layout.piece_count() as usize],
            trace: DefaultHasher::new(),
            office: self,
        };
        let mut meetings = world.meetings();
        (0..world.hosts.len()).for_each(|host| world.input(host, Input::Timer));
        while world.now < MonoTime::from_millis(900_000) && !world.is_over() {
            world.now = world.now + STEP;
            while meetings.front().is_some_and(|(at, ..)| *at <= world.now) {
                let (_, a, b) = meetings.pop_front().unwrap();
                match world.office.dials {
                    true => world.find(a, b),
                    false => world.meet(a, b),
                }
            }
            world.crash();
            world.cut();
            world.want_more();
            world.deliver();
            world.flow_wan();
            world.flow_lan();
            world.lie();
            world.wake();
        }
        world.report()
    }

    fn host(&self, number: usize, layout: &PieceLayout) -> Host {
        let id = NodeId::new(*blake3::hash(&[number as u8]).as_bytes());
        let behaviour =
            self.behaviours.iter().find(|(n, _)| *n == number).map_or(Behaviour::Honest, |(_, b)| *b);
        let mut have = if number < self.seeds { Bitfield::all(layout) } else { Bitfield::none(layout) };
        if self.spread {
            let every = usize::from(self.nodes).max(2);
            layout.pieces().skip(number).step_by(every).for_each(|piece| {
                have.insert(piece);
            });
        }
        let config = Config {
            wanted: self.wanted_by(number, layout, 0),
            settle: self.settle,
            has_origin: behaviour == Behaviour::Honest || behaviour == Behaviour::Corrupts,
            no_progress_timeout: Duration::from_secs(300),
            ..Config::default()
        };
        let seed = self.seed * 1000 + number as u64;
        let content = Content::new(config, CONTENT, *layout, have, id, seed, MonoTime::ZERO);
        let mut node = Node::new(id, &NodeConfig::default(), seed);
        node.open(CONTENT, MonoTime::ZERO);
        let is_done = content.stage().is_satisfied();
        Host {
            id,
            behaviour,
            is_alive: true,
            content,
            node,
            fetches: BTreeMap::new(),
            asked: BTreeMap::new(),
            sending: VecDeque::new(),
            finished: is_done.then_some(MonoTime::ZERO),
            banned_by: 0,
            next_lie: MonoTime::ZERO,
        }
    }

    /// What a node begins to want at a time; nothing new for `None`.
    fn wanted_by(&self, number: usize, layout: &PieceLayout, at_ms: u64) -> Option<Wanted> {
        let of_node = self.wants.iter().filter(|(node, .., at)| (*node, *at) == (number, at_ms));
        let ranges: Vec<_> =
            of_node.map(|(_, first, count, _)| layout.piece_range(*first, *count).unwrap()).collect();
        (!ranges.is_empty()).then(|| Wanted::of(ranges))
    }
}

impl World {
    fn meetings(&self) -> VecDeque<(MonoTime, usize, usize)> {
        let (from, to) = self.office.meet_after_ms;
        let mut meetings = Vec::new();
        for a in 0..self.hosts.len() {
            for b in 0..a {
                let mut hasher = DefaultHasher::new();
                (self.office.seed, a, b).hash(&mut hasher);
                meetings.push((MonoTime::from_millis(from + hasher.finish() % (to - from + 1)), a, b));
            }
        }
        meetings.sort();
        meetings.into()
    }

    fn is_over(&self) -> bool {
        let busy = |host: &&Host| host.is_alive && host.behaviour == Behaviour::Honest;
        if self.office.wants.iter().any(|(.., at_ms)| self.now <= MonoTime::from_millis(*at_ms)) {
            return false;
        }
        self.hosts.iter().filter(busy).all(|host| host.content.stage() != Stage::Fetching)
    }

    fn number(&self, id: NodeId) -> usize {
        self.numbers[&id]
    }

    /// Two nodes hear of each other.
    fn find(&mut self, a: usize, b: usize) {
        for (me, other) in [(a, b), (b, a)] {
            let node = self.hosts[other].id;
            self.node_input(me, NodeInput::Found { node, addr: addr(other) });
        }
    }

    fn meet(&mut self, a: usize, b: usize) {
        let can = self.hosts[a].is_alive && self.hosts[b].is_alive && !self.is_cut(a, b);
        if !can || !self.connected.insert((a.min(b), a.max(b))) {
            return;
        }
        for (me, other) in [(a, b), (b, a)] {
            let up = NodeInput::Up {
                peer: self.hosts[other].id,
                addr: self.office.dials.then(|| addr(other)),
                class: CapacityClass::Wired,
                contents: vec![CONTENT],
            };
            self.node_input(me, up);
        }
    }

    fn crash(&mut self) {
        for (number, at_ms) in self.office.crashes.clone() {
            if self.now >= MonoTime::from_millis(at_ms) && self.hosts[number].is_alive {
                self.hosts[number].is_alive = false;
                self.hosts[number].fetches.clear();
                let peer = self.hosts[number].id;
                for other in 0..self.hosts.len() {
                    if self.connected.remove(&(number.min(other), number.max(other))) {
                        self.node_input(other, NodeInput::Down { peer, clean: false });
                    }
                }
            }
        }
    }

    fn is_cut(&self, a: usize, b: usize) -> bool {
        let now_ms = self.now.as_micros() / 1000;
        self.office.cut.is_some_and(|(from, until)| a % 2 != b % 2 && (from..until).contains(&now_ms))
    }

    /// The two halves lose each other, and meet again.
    fn cut(&mut self) {
        let Some((from, until)) = self.office.cut else { return };
        let pairs = (0..self.hosts.len()).flat_map(|a| (0..a).map(move |b| (b, a)));
        let apart: Vec<_> = pairs.filter(|(a, b)| a % 2 != b % 2).collect();
        if self.now == MonoTime::from_millis(from) {
            let lost: Vec<_> = apart.iter().copied().filter(|pair| self.connected.remove(pair)).collect();
            for (a, b) in lost {
                for (me, other) in [(a, b), (b, a)] {
                    let peer = self.hosts[other].id;
                    self.node_input(me, NodeInput::Down { peer, clean: false });
                }
            }
        }
        if self.now == MonoTime::from_millis(until) {
            apart.into_iter().for_each(|(a, b)| self.meet(a, b));
        }
    }

    fn want_more(&mut self) {
        let now_ms = self.now.as_micros() / 1000;
        for number in 0..self.hosts.len() {
            if let Some(wanted) = self.office.wanted_by(number, &self.layout, now_ms) {
                self.hosts[number].finished = None;
                self.input(number, Input::Want { wanted });
            }
        }
    }

    fn input(&mut self, number: usize, input: Input) {
        if !self.hosts[number].is_alive {
            return;
        }
        let host = &mut self.hosts[number];
        host.content.handle(input, &mut host.node.allowance(CONTENT, Priority::Foreground), self.now);
        self.drain(number);
        self.node_input(number, NodeInput::Timer);
    }

    fn node_input(&mut self, number: usize, input: NodeInput) {
        if !self.hosts[number].is_alive {
            return;
        }
        self.hosts[number].node.handle(input, self.now);
        while let Some(action) = self.hosts[number].node.poll_action() {
            format!("{number} {action:?}").hash(&mut self.trace);
            match action {
                NodeAction::Meet { peer, class, .. } => self.input(number, Input::PeerUp { peer, class }),
                NodeAction::Part { peer, clean, .. } => self.input(number, Input::PeerDown { peer, clean }),
                NodeAction::Wake { .. } => self.input(number, Input::Timer),
                NodeAction::Serve { ticket, peer, block, .. } => {
                    let to = self.number(peer);
                    let left = u64::from(block.size);
                    self.hosts[number].sending.push_back(Sending { ticket, to, block, left });
                }
                NodeAction::Reject { peer, request, .. } => {
                    self.post(number, peer, ContentMessage::Reject(request))
                }
                NodeAction::Disconnect { peer } => self.part(number, peer),
                NodeAction::Dial { node, .. } => {
                    let other = self.number(node);
                    self.meet(number, other);
                }
                NodeAction::Introduce { to, members, .. } => {
                    let to = self.number(to);
                    for member in members {
                        self.node_input(to, NodeInput::Found { node: member.node, addr: member.addrs[0] });
                    }
                }
            }
        }
    }

    fn part(&mut self, number: usize, peer: NodeId) {
        let (me, other) = (self.hosts[number].id, self.number(peer));
        self.connected.remove(&(number.min(other), number.max(other)));
        self.node_input(number, NodeInput::Down { peer, clean: true });
        self.node_input(other, NodeInput::Down { peer: me, clean: true });
    }

    fn drain(&mut self, number: usize) {
        while let Some(action) = self.hosts[number].content.poll_action() {
            format!("{number} {action:?}").hash(&mut self.trace);
            match action {
                Action::Send { to, message } => self.send(number, to, message),
                Action::Request { request, from: Source::Origin, pieces } => {
                    self.origin_requests += 1;
                    let starts_at = self.now + Duration::from_millis(20);
                    let fetch = Fetch { pieces, received: 0, verified: 0, starts_at };
                    self.hosts[number].fetches.insert(request, fetch);
                }
                Action::Request { request, from: Source::Peer(peer), pieces } => {
                    let wire = WireRequest(request.get() as u32);
                    self.hosts[number].asked.insert(wire, request);
                    let piece = pieces.first();
                    let size = self.layout.size_of(piece);
                    let block = BlockRequest { request: wire, piece, offset: 0, size };
                    self.post(number, peer, ContentMessage::Request(block));
                }
                Action::Cancel { request } => {
                    let host = &mut self.hosts[number];
                    host.fetches.remove(&request);
                    let wire = WireRequest(request.get() as u32);
                    host.asked.remove(&wire);
                    let others: Vec<_> = self.hosts.iter().map(|host| host.id).collect();
                    others.into_iter().for_each(|id| self.post(number, id, ContentMessage::Cancel(wire)));
                }
                Action::Ban { peer, .. } => {
                    let liar = self.number(peer);
                    self.hosts[liar].banned_by += 1;
                    self.node_input(number, NodeInput::Banned { peer, content: CONTENT });
                }
                Action::Completed | Action::Satisfied => self.hosts[number].finished = Some(self.now),
                Action::GiveUp(_) | Action::Explain(_) => {}
            }
        }
    }

    fn wake(&mut self) {
        for number in 0..self.hosts.len() {
            if self.hosts[number].content.poll_timeout().is_some_and(|at| at <= self.now) {
                self.input(number, Input::Timer);
            }
            if self.hosts[number].node.poll_timeout().is_some_and(|at| at <= self.now) {
                self.node_input(number, NodeInput::Timer);
            }
        }
    }

    fn report(self) -> Report {
        let report = |host: Host| {
            let accounts: Vec<_> = host.content.ledger().accounts().map(|(_, account)| account).collect();
            HostReport {
                behaviour: host.behaviour,
                is_alive: host.is_alive,
                stage: host.content.stage(),
                have: host.content.have().clone(),
                is_needed: host.content.is_needed(),
                finished_s: host.finished.map(|at| at.as_micros() as f64 / 1e6),
                failed_hash: accounts.iter().map(|account| account.failed_hash).sum(),
                banned_by: host.banned_by,
                received: accounts.iter().map(|a| a.received).sum(),
                booked: accounts.iter().map(|a| a.kept + a.duplicate + a.failed_hash + a.cancelled).sum(),
            }
        };
        let slowest = self.office.wan_bytes_per_s.min(self.office.lan_bytes_per_s);
        Report {
            hosts: self.hosts.into_iter().map(report).collect(),
            origin_bytes: self.origin_bytes,
            origin_requests: self.origin_requests,
            reads_max: self.reads.into_iter().max().unwrap_or(0),
            content_len: self.office.content_len,
            bound_s: self.office.content_len as f64 / slowest as f64,
            trace: self.trace.finish(),
        }
    }
}

fn addr(number: usize) -> SocketAddr {
    (Ipv4Addr::new(10, 0, 0, number as u8), 4001).into()
}
