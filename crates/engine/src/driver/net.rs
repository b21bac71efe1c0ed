//! What the network tells: peers come and go, speak, and send bytes.

use bytes::Bytes;
use swarmline_net::NetEvent;
use swarmline_proto::wire::{REQUEST_MAX, RawBody};
use swarmline_scheduler::{Input, NodeInput, RequestId};
use swarmline_types::message::{BlockRequest, ContentMessage, Hello, MemberInfo, Message, WireRequest};
use swarmline_types::{ContentId, NodeId, PieceIndex};
use tracing::debug;

use super::{Driver, Peer};
use crate::content::{Asked, Block};

/// Blocks of one piece under way at a time.
const BLOCKS_MAX: usize = 4;

impl Driver {
    pub(super) fn on_net(&mut self, event: NetEvent) {
        match event {
            NetEvent::Found { node: Some(node), addr } => self.node_input(NodeInput::Found { node, addr }),
            NetEvent::Found { node: None, addr } => self.net.dial(None, addr),
            NetEvent::Unreachable { node, addr } => debug!(?node, %addr, "not reachable"),
            NetEvent::Up { node, addr, hello } => self.on_up(node, addr, hello),
            NetEvent::Down { node, clean, why } => self.on_down(node, clean, &why.to_string()),
            NetEvent::Message { from, message } => self.on_message(from, message),
            NetEvent::Progress { from, request, received } => {
                self.on_block(from, request, Some(received), None)
            }
            NetEvent::Arrived { from, request, data } => self.on_block(from, request, None, Some(data)),
            NetEvent::Discarded { from, bytes, .. } => {
                debug!(peer = %from.short(), bytes, "discarded");
                self.node.on_discarded_bytes(u64::from(bytes), self.clock.now());
            }
            NetEvent::Served { to, request, bytes } => self.on_served(to, request, bytes),
        }
    }

    fn on_up(&mut self, peer: NodeId, addr: std::net::SocketAddr, hello: Hello) {
        debug!(peer = %peer.short(), %addr, agent = hello.agent, contents = hello.contents.len(), "peer up");
        let (class, contents) = (hello.class, hello.contents.iter().copied().collect());
        self.peers.insert(peer, Peer { class, contents });
        let addr = (addr.port() != 0).then_some(addr);
        self.node_input(NodeInput::Up { peer, addr, class: hello.class, contents: hello.contents });
        self.ask_newcomer(peer, class);
        self.ask_for_manifests();
        self.mark_all();
    }

    fn on_down(&mut self, peer: NodeId, clean: bool, why: &str) {
        debug!(peer = %peer.short(), clean, why, "peer down");
        self.peers.remove(&peer);
        self.node_input(NodeInput::Down { peer, clean });
        self.tickets.retain(|(to, _), _| *to != peer);
        // Whoever vanishes answers no more; the machines take back what they asked when they are told to part.
        self.assemblies.forget_peer(&peer);
        self.forget_hints_of(&peer);
        self.ask_for_manifests();
        self.mark_all();
    }

    /// Everybody's count of connected nodes has changed.
    fn mark_all(&mut self) {
        self.snapshots_due.extend(self.contents.keys().copied());
    }

    pub(super) fn part(&mut self, content: ContentId, peer: NodeId, clean: bool) {
        self.input(content, Input::PeerDown { peer, clean });
    }

    fn on_message(&mut self, from: NodeId, message: Message<RawBody>) {
        match message {
            Message::Hello(_) => {}
            Message::Join(content) => {
                self.peers.get_mut(&from).map(|peer| peer.contents.insert(content));
                self.node_input(NodeInput::Joined { peer: from, content });
                self.ask_for_manifests();
            }
            Message::Leave(content) => {
                self.peers.get_mut(&from).map(|peer| peer.contents.remove(&content));
                self.node_input(NodeInput::Left { peer: from, content });
            }
            Message::Members { content, members } => self.on_members(content, members),
            Message::ManifestAsk { content, first } => self.on_manifest_ask(from, content, first),
            Message::ManifestPart { content, part } => self.on_manifest_part(from, content, part),
            Message::HintAsk(url) => self.on_hint_ask(from, url),
            Message::HintAnswer { url, hint } => self.on_hint_answer(from, url, hint),
            Message::About { content, body } => self.on_about(from, content, body),
        }
    }

    fn on_members(&mut self, content: ContentId, members: Vec<MemberInfo>) {
        if !self.contents.contains_key(&content) {
            return;
        }
        for member in members {
            for addr in member.addrs {
                self.node_input(NodeInput::Found { node: member.node, addr });
            }
        }
    }

    fn on_about(&mut self, from: NodeId, content: ContentId, body: RawBody) {
        // Peers may not know yet that we left.
        let Some(driven) = self.contents.get(&content) else { return };
        match body.check(&driven.manifest.layout()) {
            Ok(message) => self.on_content_message(from, content, message),
            Err(error) => {
                debug!(peer = %from.short(), %error, "message breaks the protocol");
                self.net.disconnect(from, error.to_string());
            }
        }
    }

    fn on_content_message(&mut self, from: NodeId, content: ContentId, message: ContentMessage) {
        match message {
            ContentMessage::Bitmap(has) => self.input(content, Input::Bitmap { peer: from, has }),
            ContentMessage::Have(pieces) => self.input(content, Input::Have { peer: from, pieces }),
            ContentMessage::Lane(message) => self.input(content, Input::Lane { from, message }),
            ContentMessage::Rumours(rumours) => self.input(content, Input::Rumours { from, rumours }),
            ContentMessage::Wanted(wanted) => self.input(content, Input::PeerWants { peer: from, wanted }),
            ContentMessage::Request(block) => {
                let has =
                    self.contents.get(&content).is_some_and(|driven| driven.machine.have().has(block.piece));
                self.node_input(NodeInput::Asked { peer: from, content, block, has });
            }
            ContentMessage::Cancel(request) => {
                self.node_input(NodeInput::Revoked { peer: from, request });
                self.net.withdraw(from, request);
            }
            ContentMessage::Reject(request) => {
                self.net.rejected(from, request);
                if let Some((content, request, _)) = self.wires.remove(&(from, request)) {
                    self.forget_asked(content, request);
                    self.input(content, Input::Rejected { request });
                }
            }
        }
    }

    /// Asks a peer for a piece: the first blocks now, each further one as one comes.
    pub(super) fn ask(&mut self, content: ContentId, request: RequestId, peer: NodeId, piece: PieceIndex) {
        let Some(driven) = self.contents.get_mut(&content) else { return };
        let count = driven.manifest.layout().size_of(piece).div_ceil(REQUEST_MAX);
        let blocks = (0..count).map(|_| Block::Waiting).collect();
        driven.asked.insert(request, Asked { peer, piece, blocks, next_block: 0 });
        (0..BLOCKS_MAX).for_each(|_| self.ask_next_block(content, request));
    }

    fn ask_next_block(&mut self, content: ContentId, request: RequestId) {
        let Some(driven) = self.contents.get_mut(&content) else { return };
        let size = driven.manifest.layout();
        let Some(asked) = driven.asked.get_mut(&request) else { return };
        let index = asked.next_block;
        let Some(block) = asked.blocks.get_mut(index) else { return };
        asked.next_block += 1;
        let wire = WireRequest(self.next_wire);
        self.next_wire = self.next_wire.wrapping_add(1);
        *block = Block::UnderWay { wire, received: 0 };
        let offset = u32::try_from(index).expect("at most 16 blocks") * REQUEST_MAX;
        let size = (size.size_of(asked.piece) - offset).min(REQUEST_MAX);
        let (peer, piece) = (asked.peer, asked.piece);
        self.wires.insert((peer, wire), (content, request, index));
        self.net.request(peer, content, BlockRequest { request: wire, piece, offset, size });
    }

    /// Bytes of a block came, or all of it.
    fn on_block(&mut self, from: NodeId, wire: WireRequest, received: Option<u32>, data: Option<Bytes>) {
        let Some((content, request, index)) = self.wires.get(&(from, wire)).copied() else { return };
        let Some(driven) = self.contents.get_mut(&content) else { return };
        let Some(asked) = driven.asked.get_mut(&request) else { return };
        let is_whole = data.is_some();
        match (received, data) {
            (_, Some(data)) => asked.blocks[index] = Block::Here(data),
            (Some(received), None) => asked.blocks[index] = Block::UnderWay { wire, received },
            (None, None) => return,
        }
        let received = asked.received();
        let complete = asked.is_complete().then(|| driven.asked.remove(&request)).flatten();
        self.input(content, Input::Progress { request, received });
        if is_whole {
            self.wires.remove(&(from, wire));
            self.ask_next_block(content, request);
        }
        if let Some(asked) = complete {
            self.write(content, request, asked.piece, asked.into_parts());
        }
    }

    /// Stops a request, of whatever kind.
    pub(super) fn cancel(&mut self, content: ContentId, request: RequestId) {
        if let Some(driven) = self.contents.get_mut(&content)
            && let Some(task) = driven.fetches.remove(&request)
        {
            task.abort();
        }
        self.forget_asked(content, request);
    }

    fn forget_asked(&mut self, content: ContentId, request: RequestId) {
        let Some(driven) = self.contents.get_mut(&content) else { return };
        let Some(asked) = driven.asked.remove(&request) else { return };
        for wire in asked.under_way() {
            self.wires.remove(&(asked.peer, wire));
            self.net.cancel(asked.peer, content, wire);
        }
    }
}
