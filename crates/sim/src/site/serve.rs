//! Pieces between hosts: asked for in blocks, answered in slices over the uplink, put together, written.

use swarmline_proto::wire::REQUEST_MAX;
use swarmline_scheduler::{Input, NodeInput, RequestId, Ticket};
use swarmline_types::message::{BlockRequest, ContentMessage, WireRequest};
use swarmline_types::{ContentId, MonoTime, PieceIndex};

use super::{Event, Hop, Site, Slice, Write};
use crate::host::{Asked, Wire};
use crate::link::{Answer, acknowledgement_of, slice_size};
use crate::scenario::Behaviour;

/// Blocks of one piece under way at a time, as in the engine.
const BLOCKS_MAX: usize = 4;
/// What buffers on the way hide from the sender of a slice that is held up.
const UNNOTICED: std::time::Duration = std::time::Duration::from_millis(20);

impl Site<'_> {
    /// Asks a peer for a piece: the first blocks now, each further one as one comes.
    pub(super) fn ask(
        &mut self,
        host: u32,
        content: usize,
        request: RequestId,
        peer: u32,
        piece: PieceIndex,
    ) {
        if self.host(host).part.counts() {
            self.tallies[content].messages.requests += 1;
        }
        let size = self.frame.contents[content].layout.size_of(piece);
        let asked = Asked { peer, piece, size, next_block: 0, received: 0, is_bad: false };
        self.host(host).contents[content].asked.insert(request, asked);
        (0..BLOCKS_MAX).for_each(|_| self.ask_next_block(host, content, request));
    }

    fn ask_next_block(&mut self, number: u32, content: usize, request: RequestId) {
        let host = self.host(number);
        let Some(asked) = host.contents[content].asked.get_mut(&request) else { return };
        let offset = asked.next_block * REQUEST_MAX;
        if offset >= asked.size {
            return;
        }
        asked.next_block += 1;
        let (peer, piece, size) = (asked.peer, asked.piece, (asked.size - offset).min(REQUEST_MAX));
        let name = host.next_wire;
        host.next_wire = name.wrapping_add(1);
        host.wires.insert(name, Wire { content, request, size, received: 0 });
        let block = BlockRequest { request: WireRequest(name), piece, offset, size };
        self.tell(number, peer, content, ContentMessage::Request(block));
    }

    /// Forgets a piece that was asked for; the peer is told if it may still be at it.
    pub(super) fn forget_asked(
        &mut self,
        number: u32,
        content: usize,
        request: RequestId,
        is_taken_back: bool,
    ) {
        let host = self.host(number);
        let Some(asked) = host.contents[content].asked.remove(&request) else { return };
        let is_of = |(_, wire): &(&u32, &Wire)| wire.request == request && wire.content == content;
        let names: Vec<_> = host.wires.iter().filter(is_of).map(|(name, _)| *name).collect();
        names.iter().for_each(|name| _ = host.wires.remove(name));
        let was_in_vain = is_taken_back && !host.contents[content].truth.has(asked.piece);
        if was_in_vain && host.part.counts() && host.conn_with(asked.peer).is_some() {
            self.tallies[content].messages.timeouts += 1;
        }
        for name in names {
            self.tell(number, asked.peer, content, ContentMessage::Cancel(WireRequest(name)));
        }
    }

    /// A peer asks for bytes.
    pub(super) fn on_request(&mut self, host: u32, from: u32, content: usize, block: BlockRequest) {
        let (peer, id) = (self.hosts[from as usize].id, self.frame.contents[content].id);
        let driven = &self.hosts[host as usize].contents[content];
        let has = match self.hosts[host as usize].part.behaviour {
            Behaviour::Stalls | Behaviour::Claims | Behaviour::Heartbeats => return,
            Behaviour::Corrupts => true,
            Behaviour::Rejects | Behaviour::Leeches => false,
            Behaviour::Honest | Behaviour::Hides | Behaviour::Invents => {
                driven.machine.as_ref().is_some_and(|machine| machine.have().has(block.piece))
            }
        };
        self.node_input(host, NodeInput::Asked { peer, content: id, block, has });
    }

    /// The node says that it is a request's turn.
    pub(super) fn serve(
        &mut self,
        host: u32,
        ticket: Ticket,
        to: u32,
        content: ContentId,
        block: BlockRequest,
    ) {
        let content = self.content_of(content);
        self.check_served(host, content, &block);
        let Some(conn) = self.host(host).conn_with(to) else { return };
        let (wire, size) = (block.request.0, u64::from(block.size));
        let down = self.hosts[to as usize].inlet.pipe();
        let own = &mut self.hosts[host as usize];
        let slice = slice_size(own.uplink.pipe(), down);
        own.uplink.push(Answer { ticket, conn, wire, size, sent: 0, slice, is_withdrawn: false });
        self.send_next(host);
    }

    /// Puts the next slice on the line, if it is free.
    pub(super) fn send_next(&mut self, number: u32) {
        let now = self.now;
        let host = self.host(number);
        let life = host.life;
        let Some(bytes) = host.uplink.begin() else { return };
        if host.part.is_in_cell {
            self.cell.push(Hop::Up { host: number, life }, bytes);
            self.pump_cell();
        } else {
            let takes = host.uplink.pipe().time_for(bytes);
            self.queue.push(now + takes, Event::Sent { host: number, life });
        }
    }

    pub(super) fn pump_cell(&mut self) {
        if let Some(takes) = self.cell.begin() {
            self.queue.push(self.now + takes, Event::OnAir);
        }
    }

    pub(super) fn on_air(&mut self) {
        let Some(hop) = self.cell.end() else { return };
        self.pump_cell();
        match hop {
            Hop::Up { host, life } => self.on_sent(host, life),
            Hop::Down(slice) => self.on_slice(slice),
            Hop::Origin { fetch, received } => self.on_fetch_bytes(fetch, received),
        }
    }

    /// A slice has left its host.
    pub(super) fn on_sent(&mut self, number: u32, life: u32) {
        if !self.lives(number, life) {
            return;
        }
        let now = self.now;
        let host = self.host(number);
        let Some((answer, bytes)) = host.uplink.end() else { return };
        let begun = now - host.uplink.pipe().time_for(bytes);
        let is_over = answer.is_withdrawn || answer.sent == answer.size;
        let mut is_taken_in = true;
        if !answer.is_withdrawn {
            host.sent += bytes;
            is_taken_in = self.carry(number, &answer, bytes, begun);
        }
        let uplink = &mut self.host(number).uplink;
        match (is_over, is_taken_in) {
            (true, _) => {}
            (false, true) => uplink.go_on(answer),
            (false, false) => uplink.park(answer),
        }
        self.send_next(number);
        if is_over {
            self.node_input(number, NodeInput::Served { ticket: answer.ticket });
        }
    }

    /// Takes a slice to the other end of its connection. `false` if that is held up, so that the sender waits.
    fn carry(&mut self, from: u32, answer: &Answer, bytes: u64, begun: MonoTime) -> bool {
        let link = self.conns[answer.conn as usize];
        if link.is_dead {
            return false;
        }
        let to = link.ends[usize::from(link.ends[0] == from)];
        let is_bad = self.host(from).part.behaviour == Behaviour::Corrupts;
        let slice = Slice { conn: answer.conn, to, wire: answer.wire, received: answer.sent, bytes, is_bad };
        let slice = self.slices.insert(slice);
        let latency = self.plan.lan_latency.0;
        let (sender_in_cell, now) = (self.host(from).part.is_in_cell, self.now);
        let receiver = self.host(to);
        if receiver.part.is_in_cell && !sender_in_cell {
            self.cell.push(Hop::Down(slice), bytes);
            self.pump_cell();
            return false;
        }
        let at = match receiver.part.is_in_cell {
            true => now + latency,
            false => receiver.inlet.pass(bytes, begun + latency, now + latency),
        };
        let at = at.max(link.held_until);
        self.queue.push(at, Event::Slice(slice));
        at.since(now + latency) <= UNNOTICED
    }

    /// Bytes of a block came.
    pub(super) fn on_slice(&mut self, slice: u32) {
        let Slice { conn, to, wire: name, received, bytes, is_bad } = self.slices.take(slice);
        let link = self.conns[conn as usize];
        let is_second = link.ends[1] == to;
        if !link.is_up[usize::from(is_second)] {
            return;
        }
        let from = link.ends[usize::from(!is_second)];
        self.acknowledge(to, Some(from), bytes);
        if self.host(from).uplink.resume(conn, name) {
            self.send_next(from);
        }
        let now = self.now;
        let host = self.host(to);
        let Some(wire) = host.wires.get_mut(&name) else {
            host.node.iter_mut().for_each(|node| node.on_discarded_bytes(bytes, now));
            return;
        };
        let (content, request) = (wire.content, wire.request);
        let Some(asked) = host.contents[content].asked.get_mut(&request).filter(|it| it.peer == from) else {
            return;
        };
        asked.received += received.saturating_sub(wire.received);
        asked.is_bad |= is_bad;
        wire.received = received;
        let is_whole = received >= u64::from(wire.size);
        let (received, is_complete) = (asked.received, asked.received >= u64::from(asked.size));
        let complete = is_complete.then(|| host.contents[content].asked.remove(&request)).flatten();
        if is_whole {
            host.wires.remove(&name);
        }
        host.contents[content].from_peers += bytes;
        if host.part.counts() {
            self.recorder.on_exchanged(now, bytes);
        }
        self.host(to).contents[content].book(request, received);
        self.input(to, content, Input::Progress { request, received });
        if is_whole {
            self.ask_next_block(to, content, request);
        }
        if let Some(asked) = complete {
            self.write(to, content, request, asked.piece, !asked.is_bad);
        }
    }

    /// Where packets count, those count that go back: beside what the receiver sends, and before what the sender receives.
    pub(super) fn acknowledge(&mut self, by: u32, of: Option<u32>, bytes: u64) {
        if !self.frame.scenario.network.headers {
            return;
        }
        let (now, back) = (self.now, acknowledgement_of(bytes));
        self.host(by).uplink.squeeze_in(back);
        if let Some(sender) = of {
            self.host(sender).inlet.pass(back, now, now);
        }
    }

    /// A piece came whole: its hash is checked and it goes to the disk.
    pub(super) fn write(
        &mut self,
        number: u32,
        content: usize,
        request: RequestId,
        piece: PieceIndex,
        ok: bool,
    ) {
        let now = self.now;
        let size = u64::from(self.frame.contents[content].layout.size_of(piece));
        let host = self.host(number);
        let at = if ok { host.disk.pass(size, now, now) } else { now };
        let write = Write { host: number, life: host.life, content, request, piece, ok };
        if at == now {
            return self.on_verified(write);
        }
        let write = self.writes.insert(write);
        self.queue.push(at, Event::Written(write));
    }

    pub(super) fn on_written(&mut self, write: u32) {
        let write = self.writes.take(write);
        if self.lives(write.host, write.life) {
            self.on_verified(write);
        }
    }

    fn on_verified(&mut self, write: Write) {
        let Write { host: number, content, request, piece, ok, .. } = write;
        let size = u64::from(self.frame.contents[content].layout.size_of(piece));
        let is_shown = self.number == 0 && self.host(number).part.counts();
        let driven = &mut self.host(number).contents[content];
        let is_new = ok && driven.truth.insert(piece);
        driven.is_moved = true;
        if let Some(book) = driven.books.get_mut(&request) {
            book.judged += size;
            let account = &mut driven.account;
            *match (ok, is_new) {
                (false, _) => &mut account.failed_hash,
                (true, true) => &mut account.kept,
                (true, false) => &mut account.duplicate,
            } += size;
        }
        if is_new && is_shown {
            self.recorder.on_held(content, piece, true);
        }
        self.input(number, content, Input::Verified { request, piece, ok });
        let driven = &mut self.host(number).contents[content];
        if driven.machine.as_ref().is_some_and(|machine| !machine.is_in_flight(request)) {
            driven.close_book(request);
            driven.fetches.remove(&request);
        }
    }
}
