//! The machine of one node: what all its contents share.
//!
//! Decides whom to connect to, which peers meet which content, what is served when, and what the contents may start.
//! Drive it like a [`Content`](crate::Content): one input, drain, wait. Each part has its own bounds, named there.

mod action;
mod addrs;
mod classes;

mod budget;
mod contacts;
mod input;
mod one_content;
mod serving;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use swarmline_types::message::{BlockRequest, MemberInfo};
use swarmline_types::{CapacityClass, ContentId, FlatMap, MonoTime, NodeId, Priority, Rate};

use crate::allowance::{Allowance, Surroundings};
use crate::config::{DISCARDS_SHOW, DISCOVERY_WAIT, DISCOVERY_WAIT_SETTLED};
use crate::limits::OriginLimits;
pub use action::NodeAction;
use budget::Budget;
pub use budget::Hold;
use contacts::{Contacts, LOOK_AROUND};
pub use input::NodeInput;
use one_content::OneContent;
pub use serving::Ticket;
use serving::{Asked, Serving};

/// Most members of a content named to a newcomer at once.
pub const MEMBERS_MAX: usize = 64;
/// How long a peer that sent a bad piece is kept from that content: 24 h.
pub const BAN: Duration = Duration::from_secs(24 * 3600);
/// Most bans remembered; beyond it the oldest is forgotten.
pub const BANS_MAX: usize = 1024;

/// Bounds of one node.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Connections at a time. Where more nodes are known than three quarters of these, not all of them are connected: the
    /// rest is kept for newcomers. Default 64.
    pub connections_max: usize,
    /// Limit on what all contents receive. Default none.
    pub download_rate: Option<Rate>,
    /// Limit on what is served to peers. Default none.
    pub upload_rate: Option<Rate>,
    /// Limits on what comes from the origin, by class of content and hour of the day; [`NodeInput::Clock`] tells the
    /// hour. Default none.
    pub origin_limits: OriginLimits,
    /// Bytes of pieces in flight, which are in memory. Default 48 MiB. One request always fits.
    pub buffer_bytes_max: u64,
    /// Origin requests at a time, of all contents. Default 24.
    pub origin_requests_max: usize,
    /// Time per rank before a node that waits for a manifest reads it at the origin itself. Default 1 s.
    pub manifest_step: Duration,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            connections_max: 64,
            download_rate: None,
            upload_rate: None,
            origin_limits: OriginLimits::default(),
            buffer_bytes_max: 48 << 20,
            origin_requests_max: 24,
            manifest_step: Duration::from_secs(1),
        }
    }
}

/// What all contents of one node share.
#[derive(Debug)]
pub struct Node {
    me: NodeId,
    contacts: Contacts,
    serving: Serving,
    budget: Budget,
    /// Open contents.
    contents: FlatMap<ContentId, OpenContent>,
    /// When it is looked next whether a content has peers enough.
    looks_at: Option<MonoTime>,
    peers: FlatMap<NodeId, PeerState>,
    /// Until when; bounded by [`BANS_MAX`].
    bans: BTreeMap<(NodeId, ContentId), MonoTime>,
    /// Until then what was taken back counts as arriving.
    discards_until: MonoTime,
    /// Bounded by what one input can cause.
    actions: VecDeque<NodeAction>,
}

/// What the node knows of a content that is open.
#[derive(Debug)]
struct OpenContent {
    /// How many peers share it.
    sharing: usize,
    /// Bytes of it that went to peers.
    given: u64,
    /// None of them has what it lacks, nor has an origin.
    is_stranded: bool,
    /// Until then it is not sought more peers: whoever is connected may just be opening it, too.
    waits_until: MonoTime,
}

#[derive(Debug)]
struct PeerState {
    addr: Option<SocketAddr>,
    class: CapacityClass,
    /// Ascending. At most [`CONTENTS_PER_PEER_MAX`].
    contents: Vec<ContentId>,
}

/// Contents that one peer may say it shares.
const CONTENTS_PER_PEER_MAX: usize = 1024;

impl Node {
    /// A node that knows nobody yet.
    pub fn new(me: NodeId, config: &NodeConfig, seed: u64) -> Self {
        Self {
            me,
            contacts: Contacts::new(me, config.connections_max, seed),
            serving: Serving::new(config.upload_rate),
            budget: Budget::new(config),
            contents: FlatMap::new(),
            looks_at: None,
            peers: FlatMap::new(),
            bans: BTreeMap::new(),
            discards_until: MonoTime::ZERO,
            actions: VecDeque::new(),
        }
    }

    /// From now on this node holds or wants the content; peers that share it meet it.
    pub fn open(&mut self, content: ContentId, now: MonoTime) {
        if self.contents.contains_key(&content) {
            return;
        }
        let sharing: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, p)| p.contents.binary_search(&content).is_ok())
            .map(|(id, _)| *id)
            .collect();
        let open = OpenContent {
            sharing: sharing.len(),
            given: 0,
            is_stranded: false,
            waits_until: now + LOOK_AROUND,
        };
        self.contents.insert(content, open);
        sharing.into_iter().for_each(|peer| self.meet(peer, content, now));
    }

    /// This node no longer holds or wants the content.
    pub fn close(&mut self, content: &ContentId) {
        self.contents.remove(content);
        self.serving.forget_content(content);
        self.budget.forget(content);
    }

    /// Takes in one fact. Never fails: a fact that came too late is ignored.
    pub fn handle(&mut self, input: NodeInput, now: MonoTime) {
        match input {
            NodeInput::Found { node, addr } => self.contacts.on_found(node, addr, now),
            NodeInput::Up { peer, addr, class, contents } => self.on_up(peer, addr, class, contents, now),
            NodeInput::Down { peer, clean } => self.on_down(peer, clean, now),
            NodeInput::Joined { peer, content } => self.on_joined(peer, content, now),
            NodeInput::Left { peer, content } => self.on_left(peer, content),
            NodeInput::Asked { peer, content, block, has } => self.on_asked(peer, content, block, has, now),
            NodeInput::Revoked { peer, request } => self.serving.revoke(&peer, request),
            NodeInput::Served { ticket } => self.on_served(ticket, now),
            NodeInput::Banned { peer, content } => self.ban(peer, content, now),
            NodeInput::Clock(time) => self.budget.set_clock(time, now),
            NodeInput::Timer => {}
        }
        self.look_again(now);
        self.contacts.dial_due(self.fewest_sharing(now), &mut self.actions, now);
        self.serving.start_due(&mut self.actions, now);
        self.budget.wake_due(&mut self.actions, now);
    }

    /// Next order; `None` means drained.
    pub fn poll_action(&mut self) -> Option<NodeAction> {
        self.actions.pop_front()
    }

    /// When to come back with [`NodeInput::Timer`] if nothing happens first.
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        [self.looks_at, self.contacts.due(), self.serving.due(), self.budget.due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What one content may start now.
    pub fn allowance(&mut self, content: ContentId, priority: Priority) -> impl Allowance + '_ {
        let open = self.contents.get_mut(&content);
        OneContent {
            surroundings: Surroundings {
                needs_rumours: self.contacts.needs_rumours(),
                given_mib: open.as_ref().map_or(0, |open| open.given >> 20),
                owed_mib: self.serving.owed_bytes().div_ceil(1 << 20),
                gets_discards: false,
            },
            discards_until: self.discards_until,
            open,
            contacts: &mut self.contacts,
            budget: &mut self.budget,
            content,
            priority,
        }
    }

    /// Where peers are chosen, it is looked whether they are enough for a content a moment after that was opened.
    fn look_again(&mut self, now: MonoTime) {
        let young = self.contents.values().map(|open| open.waits_until).filter(|until| now < *until);
        let looks_at = young.min().filter(|_| self.contacts.is_crowded());
        if std::mem::replace(&mut self.looks_at, looks_at) != looks_at {
            self.contacts.reconsider();
        }
    }

    /// How many peers share that of my contents which the fewest share.
    fn fewest_sharing(&self, now: MonoTime) -> usize {
        let contents = self.contents.values().filter(|open| now >= open.waits_until);
        let of_use = |open: &OpenContent| if open.is_stranded { open.sharing / 2 } else { open.sharing };
        contents.map(of_use).min().unwrap_or(self.peers.len())
    }

    /// Bytes of an origin's answer arrived, for a content of that class. Says until when to read no more.
    pub fn on_origin_bytes(&mut self, priority: Priority, bytes: u64, now: MonoTime) -> Hold {
        self.budget.on_origin_bytes(priority, bytes, now)
    }

    /// Bytes of a peer's answer arrived that had been taken back: nobody has use for them, but the line carried them.
    pub fn on_discarded_bytes(&mut self, bytes: u64, now: MonoTime) {
        self.budget.on_discarded_bytes(bytes);
        self.discards_until = now + DISCARDS_SHOW;
    }

    /// How long a content that is opened now should wait before the first claim ([`Config::discovery_wait`]): a node that
    /// knows its site has to hear only who has the content, and not first who is there; and where no discovery is running,
    /// as a [`Config::settle`] of zero says, who is connected with nobody waits for nobody.
    ///
    /// [`Config::discovery_wait`]: crate::Config::discovery_wait
    /// [`Config::settle`]: crate::Config::settle
    pub fn discovery_wait(&self, settle: Duration, now: MonoTime) -> Duration {
        match self.contacts.is_settled(now) {
            _ if settle.is_zero() && self.peers.is_empty() => Duration::ZERO,
            true => DISCOVERY_WAIT_SETTLED,
            false => DISCOVERY_WAIT,
        }
    }

    /// How many peers are connected.
    pub fn connected(&self) -> usize {
        self.peers.len()
    }

    /// How many bans are remembered: at most [`BANS_MAX`].
    pub fn ban_count(&self) -> usize {
        self.bans.len()
    }

    /// Bytes that peers asked for and were not sent: in the serving queue, or in an answer in the making.
    pub fn owed_bytes(&self) -> u64 {
        self.serving.owed_bytes()
    }

    fn on_up(
        &mut self,
        peer: NodeId,
        addr: Option<SocketAddr>,
        class: CapacityClass,
        contents: Vec<ContentId>,
        now: MonoTime,
    ) {
        self.contacts.on_up(peer, addr, now);
        let contents = contents.into_iter().take(CONTENTS_PER_PEER_MAX).collect::<BTreeSet<_>>();
        let contents: Vec<_> = contents.into_iter().collect::<Box<[_]>>().into();
        let shared: Vec<_> = contents.iter().filter(|id| self.contents.contains_key(id)).copied().collect();
        let before = self.peers.insert(peer, PeerState { addr, class, contents });
        before.into_iter().for_each(|state| self.count_out(&state));
        for content in shared {
            self.count(content, true);
            self.meet(peer, content, now);
        }
    }

    fn on_down(&mut self, peer: NodeId, clean: bool, now: MonoTime) {
        let Some(state) = self.peers.remove(&peer) else { return };
        self.contacts.on_down(&peer, clean, now);
        self.serving.forget_peer(&peer);
        self.actions.retain(|action| !matches!(action, NodeAction::Serve { peer: to, .. } if *to == peer));
        self.count_out(&state);
        let shared = state.contents.iter().filter(|id| self.contents.contains_key(id));
        self.actions.extend(shared.map(|content| NodeAction::Part { content: *content, peer, clean }));
    }

    fn count_out(&mut self, state: &PeerState) {
        state.contents.iter().for_each(|content| self.count(*content, false));
    }

    /// One peer more, or one fewer, shares the content.
    fn count(&mut self, content: ContentId, more: bool) {
        if let Some(open) = self.contents.get_mut(&content) {
            open.sharing = if more { open.sharing + 1 } else { open.sharing.saturating_sub(1) };
            self.contacts.reconsider();
        }
    }

    fn on_joined(&mut self, peer: NodeId, content: ContentId, now: MonoTime) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        let Err(at) = state.contents.binary_search(&content) else { return };
        if state.contents.len() >= CONTENTS_PER_PEER_MAX {
            return;
        }
        state.contents.insert(at, content);
        if self.contents.contains_key(&content) {
            self.count(content, true);
            self.meet(peer, content, now);
        }
    }

    fn on_left(&mut self, peer: NodeId, content: ContentId) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        let Ok(at) = state.contents.binary_search(&content) else { return };
        state.contents.remove(at);
        if self.contents.contains_key(&content) {
            self.count(content, false);
            self.actions.push_back(NodeAction::Part { content, peer, clean: true });
        }
    }

    /// Brings a peer and a content together, and tells the peer who else is there.
    fn meet(&mut self, peer: NodeId, content: ContentId, now: MonoTime) {
        if self.bans.get(&(peer, content)).is_some_and(|until| now < *until) {
            return;
        }
        let Some(state) = self.peers.get(&peer) else { return };
        let class = state.class;
        let info = |(node, state): (&NodeId, &PeerState)| {
            let others = *node != peer && state.contents.binary_search(&content).is_ok();
            let addrs = state.addr.into_iter().collect::<Vec<_>>();
            (others && !addrs.is_empty()).then_some(MemberInfo { node: *node, class: state.class, addrs })
        };
        let members: Vec<_> = self.peers.iter().filter_map(info).take(MEMBERS_MAX).collect();
        self.actions.push_back(NodeAction::Meet { content, peer, class });
        if !members.is_empty() {
            self.actions.push_back(NodeAction::Introduce { to: peer, content, members });
        }
    }

    fn on_asked(&mut self, peer: NodeId, content: ContentId, block: BlockRequest, has: bool, now: MonoTime) {
        let known = self.peers.get(&peer).is_some_and(|state| state.contents.binary_search(&content).is_ok());
        let accepted =
            if known && has { self.serving.take(peer, content, block, now) } else { Asked::Rejected };
        let refuse = NodeAction::Reject { peer, content, request: block.request };
        match accepted {
            Asked::Queued => {}
            Asked::Instead(peer, content, request) => {
                self.actions.push_back(NodeAction::Reject { peer, content, request });
            }
            Asked::Rejected if self.serving.may_reject(&peer, now) => self.actions.push_back(refuse),
            Asked::Rejected => self.actions.push_back(NodeAction::Disconnect { peer }),
        }
    }

    fn on_served(&mut self, ticket: Ticket, now: MonoTime) {
        let Some((content, bytes)) = self.serving.on_served(ticket, now) else { return };
        if let Some(open) = self.contents.get_mut(&content) {
            open.given += bytes;
        }
    }

    fn ban(&mut self, peer: NodeId, content: ContentId, now: MonoTime) {
        self.bans.retain(|_, until| now < *until);
        if self.bans.len() >= BANS_MAX
            && let Some(oldest) = self.bans.iter().min_by_key(|(_, until)| **until).map(|(key, _)| *key)
        {
            self.bans.remove(&oldest);
        }
        self.bans.insert((peer, content), now + BAN);
        self.actions.push_back(NodeAction::Disconnect { peer });
    }

    /// This node's own id.
    pub fn me(&self) -> NodeId {
        self.me
    }
}

#[cfg(test)]
mod tests;
