//! What holds whatever peers and contents do, in whatever order.

use proptest::prelude::*;

use super::*;

/// What happens, to whom, and a number for the rest.
type Step = (u8, u8, u32);

/// Those that connect; more are found.
const PEERS: u8 = 6;
const CONTENTS: [ContentId; 3] = [CONTENT, OTHER, ContentId::new([3; 32])];
/// As in the modules that keep them.
const ACTIVE_MAX: usize = 4;
const QUEUE_PER_PEER_MAX: usize = 64;
const QUEUE_BYTES_MAX: u64 = 8 << 20;
const CONTINUED_MAX: u64 = 4;
/// Times that a node may want to be woken without time passing, as when it gives up one after another of those whom it cannot
/// reach; and without anything to order.
const TURNS_MAX: u32 = 100;
const IDLE_TURNS_MAX: u32 = 2;

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0u8..32, 1..=PEERS, 0u32..4000), 1..most)
}

/// A node and what its driver knows.
struct Desk {
    node: Node,
    config: NodeConfig,
    now: MonoTime,
    /// Every order, as it is shown.
    said: Vec<String>,
    /// Who is connected, and what they share.
    peers: BTreeMap<NodeId, BTreeSet<ContentId>>,
    open: BTreeSet<ContentId>,
    found: BTreeSet<NodeId>,
    /// What peers asked for and was not answered, with whether it can be.
    waiting: Vec<(NodeId, ContentId, BlockRequest, bool)>,
    /// Answers in the making, to whom and how many bytes.
    active: BTreeMap<Ticket, (NodeId, u64)>,
    next_ticket: Option<Ticket>,
    /// What contents started.
    started: Vec<(ContentId, Source, u64)>,
    /// Contents that were refused and not woken.
    refused: BTreeSet<ContentId>,
    bans: BTreeMap<(NodeId, ContentId), MonoTime>,
    asked: u32,
}

impl Desk {
    fn new(number: u64) -> Self {
        let limit = |at: u64| (number.is_multiple_of(at)).then(|| Rate::bytes_per_s(1 << 20)).flatten();
        let config = NodeConfig {
            connections_max: if number.is_multiple_of(5) { 8 } else { 64 },
            upload_rate: limit(3),
            download_rate: limit(4),
            origin_requests_max: if number.is_multiple_of(2) { 3 } else { 24 },
            ..NodeConfig::default()
        };
        Self {
            node: Node::new(id(200), &config, number),
            config,
            now: MonoTime::ZERO,
            said: Vec::new(),
            peers: BTreeMap::new(),
            open: BTreeSet::new(),
            found: BTreeSet::new(),
            waiting: Vec::new(),
            active: BTreeMap::new(),
            next_ticket: None,
            started: Vec::new(),
            refused: BTreeSet::new(),
            bans: BTreeMap::new(),
            asked: 0,
        }
    }

    fn anything(&mut self, (what, who, number): Step) {
        let (peer, content) = (id(who), CONTENTS[number as usize % CONTENTS.len()]);
        match what {
            0 => self.input(NodeInput::Found { node: peer, addr: addr(who) }),
            1 => (0..number % 60).for_each(|nth| self.is_found(number / 60 + nth)),
            2..=4 => self.is_up(peer, number),
            5 => self.input(NodeInput::Down { peer, clean: number.is_multiple_of(2) }),
            6 => self.input(NodeInput::Joined { peer, content }),
            7 => self.input(NodeInput::Left { peer, content }),
            8..=14 => self.asks(peer, content, number),
            15 => self.revokes(peer, number),
            16..=19 => self.is_served(number as usize),
            20 => self.input(NodeInput::Banned { peer, content }),
            21 if number.is_multiple_of(8) => self.bans_many(number),
            21 => self.input(NodeInput::Timer),
            22 => self.input(NodeInput::Clock(format!("{}:{}", number % 24, number % 60).parse().unwrap())),
            23 | 24 => self.is_opened(content),
            25 if number.is_multiple_of(3) => self.is_closed(content),
            25 => _ = self.node.on_origin_bytes(priority(number), (number * 1000).into(), self.now),
            26 => self.starts(content, number),
            27 => self.ends(number),
            28 => self.keeps_line(content, number),
            29 => self.sleeps_until(self.now + Duration::from_secs(number.into())),
            _ => self.sleeps_until(self.now + Duration::from_millis(number.into())),
        }
    }

    fn is_found(&mut self, number: u32) {
        let mut name = [0xee; 32];
        name[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_be_bytes());
        self.input(NodeInput::Found { node: NodeId::new(name), addr: addr((number % 250) as u8) });
    }

    fn is_up(&mut self, peer: NodeId, number: u32) {
        if self.peers.len() >= self.config.connections_max {
            return;
        }
        let contents = CONTENTS.into_iter().take(number as usize % 4).collect();
        let addr = (!number.is_multiple_of(5)).then(|| addr(peer.as_bytes()[0]));
        self.input(NodeInput::Up { peer, addr, class: CapacityClass::Wired, contents });
    }

    /// A block, small or large, of the beginning of a piece or not, here or not.
    fn asks(&mut self, peer: NodeId, content: ContentId, number: u32) {
        self.asked += 1;
        let offset = if number.is_multiple_of(6) { 1 << 20 } else { 0 };
        let size = if number.is_multiple_of(7) { 1 } else { 1 << 20 };
        let block = BlockRequest { offset, size, ..block(number % 8, 0) };
        let block = BlockRequest { request: WireRequest(self.asked), ..block };
        self.input(NodeInput::Asked { peer, content, block, has: !number.is_multiple_of(9) });
    }

    fn revokes(&mut self, peer: NodeId, number: u32) {
        let of_peer = self.waiting.iter().filter(|(asker, ..)| *asker == peer);
        let request = of_peer.map(|(_, _, block, _)| block.request).nth(number as usize % 4);
        self.input(NodeInput::Revoked { peer, request: request.unwrap_or(WireRequest(number)) });
    }

    fn is_served(&mut self, number: usize) {
        let ticket = self.active.keys().nth(number % self.active.len().max(1)).copied();
        self.input(NodeInput::Served { ticket: ticket.unwrap_or(Ticket::new(number as u64)) });
    }

    fn bans_many(&mut self, number: u32) {
        for nth in 0..512 {
            let mut name = [0xbb; 32];
            name[..4].copy_from_slice(&(number + nth).to_be_bytes());
            self.input(NodeInput::Banned { peer: NodeId::new(name), content: CONTENT });
        }
    }

    fn is_opened(&mut self, content: ContentId) {
        self.open.insert(content);
        self.node.open(content, self.now);
        self.drain();
    }

    fn is_closed(&mut self, content: ContentId) {
        self.open.remove(&content);
        self.refused.remove(&content);
        self.waiting.retain(|(_, of, ..)| *of != content);
        self.node.close(&content);
        self.drain();
    }

    fn starts(&mut self, content: ContentId, number: u32) {
        let from = if number.is_multiple_of(2) { Source::Origin } else { Source::Peer(id(1)) };
        let bytes = if number.is_multiple_of(5) { 32 << 20 } else { 1 << 20 };
        if !self.open.contains(&content) {
            return;
        }
        let may = self.node.allowance(content, priority(number / 2)).try_start(from, bytes, self.now);
        if may {
            self.started.push((content, from, bytes));
        } else {
            self.refused.insert(content);
        }
        let at_origin = self.started.iter().filter(|(_, from, _)| *from == Source::Origin).count();
        assert!(at_origin <= self.config.origin_requests_max, "{at_origin} origin requests");
        let buffered: u64 = self.started.iter().map(|(.., bytes)| (*bytes).min(16 << 20)).sum();
        assert!(buffered <= self.config.buffer_bytes_max, "{buffered} bytes in memory");
    }

    fn ends(&mut self, number: u32) {
        if !self.started.is_empty() {
            let (content, from, bytes) = self.started.swap_remove(number as usize % self.started.len());
            self.node.allowance(content, priority(number)).end(from, bytes, bytes / 2);
        }
    }

    fn keeps_line(&mut self, content: ContentId, number: u32) {
        let until =
            if number.is_multiple_of(3) { MonoTime::ZERO } else { self.now + Duration::from_secs(10) };
        if self.open.contains(&content) {
            self.node.allowance(content, priority(number)).keep_line(until);
        }
    }

    /// Lets time pass to this point, and wakes the node when it wants to be woken.
    fn sleeps_until(&mut self, end: MonoTime) {
        let (mut turns, mut idle_turns) = (0, 0);
        while let Some(due) = self.node.poll_timeout().filter(|due| *due <= end) {
            turns = if due > self.now { 0 } else { turns + 1 };
            idle_turns = if due > self.now || self.has_ordered() { 0 } else { idle_turns + 1 };
            assert!(turns <= TURNS_MAX && idle_turns <= IDLE_TURNS_MAX, "woken at {due:?} again and again");
            self.now = self.now.max(due);
            self.input(NodeInput::Timer);
        }
        self.now = self.now.max(end);
    }

    /// Whether the last input led to anything.
    fn has_ordered(&self) -> bool {
        self.said.last().is_some_and(|orders| !orders.is_empty())
    }

    fn input(&mut self, input: NodeInput) {
        self.note(&input);
        self.node.handle(input, self.now);
        self.drain();
    }

    fn note(&mut self, input: &NodeInput) {
        match input {
            NodeInput::Found { node, .. } => _ = self.found.insert(*node),
            NodeInput::Up { peer, contents, .. } => {
                self.found.insert(*peer);
                self.peers.insert(*peer, contents.iter().copied().collect());
            }
            NodeInput::Down { peer, .. } => {
                self.peers.remove(peer);
                self.waiting.retain(|(asker, ..)| asker != peer);
                self.active.retain(|_, (to, _)| to != peer);
            }
            NodeInput::Joined { peer, content } => {
                self.peers.entry(*peer).and_modify(|shared| _ = shared.insert(*content));
            }
            NodeInput::Left { peer, content } => {
                self.peers.entry(*peer).and_modify(|shared| _ = shared.remove(content));
            }
            NodeInput::Asked { peer, content, block, has } => {
                let shares = self.peers.get(peer).is_some_and(|shared| shared.contains(content));
                self.waiting.push((*peer, *content, *block, *has && shares));
            }
            NodeInput::Revoked { peer, request } => {
                self.waiting.retain(|(asker, _, block, _)| (asker, block.request) != (peer, *request));
            }
            NodeInput::Served { ticket } => _ = self.active.remove(ticket),
            NodeInput::Banned { peer, content } => {
                // The oldest are forgotten then; which, is not looked at.
                if self.bans.len() >= BANS_MAX {
                    self.bans.clear();
                }
                self.bans.insert((*peer, *content), self.now + BAN);
            }
            NodeInput::Clock(_) | NodeInput::Timer => {}
        }
    }

    fn drain(&mut self) {
        let orders = drain(&mut self.node);
        self.said.push(words(&orders));
        let most = self.config.connections_max + 4 * CONTENTS.len() * (self.peers.len() + 1) + ACTIVE_MAX;
        assert!(orders.len() <= most, "{} orders for one input", orders.len());
        let dials = orders.iter().filter(|order| matches!(order, NodeAction::Dial { .. })).count();
        assert!(
            dials + self.peers.len() <= self.config.connections_max.max(self.peers.len()),
            "{dials} dials"
        );
        let cut: Vec<_> = orders.into_iter().filter_map(|order| self.take(order)).collect();
        if cut.is_empty() {
            self.check();
        }
        cut.into_iter().for_each(|peer| self.input(NodeInput::Down { peer, clean: true }));
    }

    /// Looks whether an order is right. Returns who is to be cut off.
    fn take(&mut self, order: NodeAction) -> Option<NodeId> {
        match order {
            NodeAction::Dial { node, .. } => {
                assert!(self.found.contains(&node) && node != id(200), "nobody has named {node:?}");
                assert!(!self.peers.contains_key(&node), "{node:?} is connected");
            }
            NodeAction::Disconnect { peer } => return Some(peer),
            NodeAction::Meet { content, peer, .. } => {
                assert!(self.open.contains(&content) && self.peers[&peer].contains(&content));
                let ban = self.bans.get(&(peer, content));
                assert!(ban.is_none_or(|until| *until <= self.now), "it is banned");
            }
            NodeAction::Part { content, .. } => assert!(self.open.contains(&content)),
            NodeAction::Introduce { to, content, members } => {
                assert!((1..=MEMBERS_MAX).contains(&members.len()), "{} members", members.len());
                let shares = |node: &NodeId| *node != to && self.peers[node].contains(&content);
                assert!(members.iter().all(|member| shares(&member.node)), "{members:?}");
            }
            NodeAction::Serve { ticket, peer, content, block } => self.serves(ticket, peer, content, block),
            NodeAction::Reject { peer, content, request } => {
                let same = |(asker, of, block, _): &(NodeId, ContentId, BlockRequest, bool)| {
                    (*asker, *of, block.request) == (peer, content, request)
                };
                let at = self.waiting.iter().position(same);
                self.waiting.remove(at.expect("nobody waits for that answer"));
            }
            NodeAction::Wake { content } => _ = self.refused.remove(&content),
        }
        None
    }

    fn serves(&mut self, ticket: Ticket, peer: NodeId, content: ContentId, block: BlockRequest) {
        assert!(self.next_ticket < Some(ticket), "{ticket:?} was used before");
        self.next_ticket = Some(ticket);
        let at = self.waiting.iter().position(|ask| *ask == (peer, content, block, true));
        self.waiting.remove(at.expect("nobody who may have it waits for that"));
        self.active.insert(ticket, (peer, block.size.into()));
    }

    /// All orders are taken.
    fn check(&self) {
        assert_eq!(self.node.connected(), self.peers.len());
        for (content, open) in self.node.contents.iter() {
            let sharing = self.peers.values().filter(|shared| shared.contains(content)).count();
            assert_eq!(open.sharing, sharing, "peers that share {content:?}");
        }
        assert!(self.node.bans.len() <= BANS_MAX, "{} bans", self.node.bans.len());
        assert!(self.active.len() <= ACTIVE_MAX, "{} answers in the making", self.active.len());
        let size = |(_, _, block, _): &(NodeId, ContentId, BlockRequest, bool)| u64::from(block.size);
        let queued: u64 = self.waiting.iter().map(size).sum();
        let continued = (CONTINUED_MAX << 20) * self.peers.len() as u64;
        assert!(queued <= QUEUE_BYTES_MAX + continued, "{queued} bytes wait");
        for peer in self.peers.keys() {
            let of_peer = self.waiting.iter().filter(|(asker, ..)| asker == peer).count();
            assert!(of_peer <= QUEUE_PER_PEER_MAX, "{of_peer} requests of one peer");
        }
        let active: u64 = self.active.values().map(|(_, size)| size).sum();
        let owed = self.node.serving.owed_bytes();
        assert_eq!(owed, queued + active, "what waits, and what the node knows of");
        assert!(self.waiting.iter().all(|(.., can)| *can), "what is not here is refused at once");
        assert!(
            self.waiting.is_empty() || !self.active.is_empty() || self.node.poll_timeout().is_some(),
            "nothing wakes a node that peers wait for"
        );
    }

    /// All answers come to their end, and all that was started: nobody waits for ever.
    fn comes_to_an_end(&mut self) {
        let end = self.now + Duration::from_secs(3600);
        while self.now < end && !(self.waiting.is_empty() && self.active.is_empty()) {
            self.sleeps_until(self.now + Duration::from_secs(1));
            self.is_served(0);
        }
        assert!(self.waiting.is_empty(), "not answered: {:?}", self.waiting);
        while !self.started.is_empty() {
            self.ends(0);
        }
        self.sleeps_until(self.now + Duration::from_secs(3600));
        assert!(self.refused.is_empty(), "not woken: {:?}", self.refused);
    }
}

fn priority(number: u32) -> Priority {
    if number.is_multiple_of(2) { Priority::Foreground } else { Priority::Background }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Each bound is kept after each step, and whoever asked is served or refused, once.
    #[test]
    fn no_sequence_of_inputs_breaks_a_bound(steps in steps(200), number in 0u64..60) {
        let mut desk = Desk::new(number);
        steps.into_iter().for_each(|step| desk.anything(step));
        desk.comes_to_an_end();
    }

    /// Same seed, same inputs, same actions.
    #[test]
    fn a_seed_is_a_run(steps in steps(60), number in 0u64..60) {
        let run = || {
            let mut desk = Desk::new(number);
            steps.iter().for_each(|step| desk.anything(*step));
            desk.said
        };
        prop_assert_eq!(run(), run());
    }
}
