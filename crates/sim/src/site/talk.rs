//! Messages between hosts: counted, sometimes lost or late, sometimes encoded and read again.

use swarmline_proto::wire;
use swarmline_scheduler::{Input, NodeInput};
use swarmline_types::message::{ContentMessage, LaneMessage, Message, WireRequest};

use super::{Event, Mail, Site};
use crate::outcome::Messages;

impl Site<'_> {
    /// Says something about a content; liars say something else.
    pub(super) fn tell(&mut self, from: u32, to: u32, content: usize, body: ContentMessage) {
        let behaviour = self.hosts[from as usize].part.behaviour;
        let id = self.frame.contents[content].id;
        if behaviour.is_honest() {
            count(&mut self.tallies[content].messages, &body);
            return self.say(from, to, Message::About { content: id, body });
        }
        for body in super::lie::instead_of(behaviour, body, &self.frame.contents[content].layout) {
            self.say(from, to, Message::About { content: id, body });
        }
    }

    /// Sends a message over the connection with a host; without one it is lost.
    pub(super) fn say(&mut self, from: u32, to: u32, message: Message<ContentMessage>) {
        let Some(conn) = self.host(from).conn_with(to) else { return };
        let network = &self.frame.scenario.network;
        let is_lane = matches!(
            &message,
            Message::About { body: ContentMessage::Lane(_) | ContentMessage::Rumours(_), .. }
        );
        if matches!(message, Message::Members { .. }) {
            self.tallies[0].messages.introductions += 1;
        }
        self.encode_now_and_then(from, &message);
        if self.conns[conn as usize].is_dead || (is_lane && self.network.hits(network.lane_loss.get())) {
            return;
        }
        let delay = self.drawn(network.delay);
        let link = &mut self.conns[conn as usize];
        let is_to_second = link.ends[1] == to;
        let last = &mut link.last_mail[usize::from(is_to_second)];
        *last = (self.now + self.plan.lan_latency.0 + delay).max(*last).max(link.held_until);
        let at = *last;
        let mail = self.mails.insert(Box::new(Mail { conn, is_to_second, message }));
        self.queue.push(at, Event::Mail(mail));
    }

    /// Whether a message would survive the real wire is tried on some of them.
    fn encode_now_and_then(&mut self, from: u32, message: &Message<ContentMessage>) {
        if self.frame.scenario.network.encode_every == 0 {
            return;
        }
        self.messages_until_encoded -= 1;
        if self.messages_until_encoded > 0 {
            return;
        }
        self.messages_until_encoded = self.frame.scenario.network.encode_every;
        self.tallies[0].messages.encoded += 1;
        if let Err(what) = self.survives_the_wire(message) {
            self.break_off("a message survives the wire", what, Some(from));
        }
    }

    fn survives_the_wire(&self, message: &Message<ContentMessage>) -> Result<(), String> {
        let frame = wire::encode(message);
        let body = frame.get(wire::PREFIX_SIZE..).unwrap_or_default();
        let read = wire::decode(body).map_err(|error| error.to_string())?;
        let same = match (read, message) {
            (Some(Message::About { content, body }), Message::About { content: id, body: said }) => {
                let layout = &self.frame.contents[self.content_of(content)].layout;
                let heard = body.check(layout).map_err(|error| error.to_string())?;
                content == *id && heard == *said
            }
            (
                Some(Message::Members { content, members }),
                Message::Members { content: id, members: said },
            ) => content == *id && members == *said,
            (Some(Message::Join(content)), Message::Join(id)) => content == *id,
            _ => false,
        };
        if same { Ok(()) } else { Err(format!("{message:?} was read as another")) }
    }

    pub(super) fn on_mail(&mut self, mail: u32) {
        let Mail { conn, is_to_second, message } = *self.mails.take(mail);
        let link = self.conns[conn as usize];
        if !link.is_up[usize::from(is_to_second)] {
            return;
        }
        let (to, from) = (link.ends[usize::from(is_to_second)], link.ends[usize::from(!is_to_second)]);
        let peer = self.hosts[from as usize].id;
        match message {
            Message::About { content, body } => self.hear(to, from, self.content_of(content), body),
            Message::Join(content) => self.node_input(to, NodeInput::Joined { peer, content }),
            Message::Members { content, members } => {
                let content = self.content_of(content);
                if self.host(to).contents[content].machine.is_none() {
                    return;
                }
                for member in members {
                    for addr in member.addrs {
                        self.node_input(to, NodeInput::Found { node: member.node, addr });
                    }
                }
            }
            _ => {}
        }
    }

    fn hear(&mut self, to: u32, from: u32, content: usize, body: ContentMessage) {
        let peer = self.hosts[from as usize].id;
        if self.host(to).contents[content].machine.is_none() {
            return;
        }
        match body {
            ContentMessage::Bitmap(has) => self.hear_of(to, content, Input::Bitmap { peer, has }),
            ContentMessage::Have(pieces) => self.hear_of(to, content, Input::Have { peer, pieces }),
            ContentMessage::Lane(message) => self.hear_of(to, content, Input::Lane { from: peer, message }),
            ContentMessage::Rumours(rumours) => {
                self.hear_of(to, content, Input::Rumours { from: peer, rumours });
            }
            ContentMessage::Wanted(wanted) => self.hear_of(to, content, Input::PeerWants { peer, wanted }),
            ContentMessage::Request(block) => self.on_request(to, from, content, block),
            ContentMessage::Cancel(request) => self.on_cancel(to, from, request),
            ContentMessage::Reject(request) => self.on_reject(to, from, request),
        }
    }

    fn on_cancel(&mut self, host: u32, from: u32, request: WireRequest) {
        let peer = self.hosts[from as usize].id;
        self.node_input(host, NodeInput::Revoked { peer, request });
        let Some(conn) = self.host(host).conn_with(from) else { return };
        let asked = |answer: &crate::link::Answer| answer.conn == conn && answer.wire == request.0;
        for answer in self.host(host).uplink.withdraw(asked) {
            self.node_input(host, NodeInput::Served { ticket: answer.ticket });
        }
        self.send_next(host);
    }

    fn on_reject(&mut self, host: u32, from: u32, request: WireRequest) {
        let Some(wire) = self.host(host).wires.get(&request.0).copied() else { return };
        let asked = self.host(host).contents[wire.content].asked.get(&wire.request);
        if asked.is_none_or(|asked| asked.peer != from) {
            return;
        }
        self.host(host).wires.remove(&request.0);
        self.forget_asked(host, wire.content, wire.request, false);
        self.host(host).contents[wire.content].close_book(wire.request);
        self.input(host, wire.content, Input::Rejected { request: wire.request });
    }
}

fn count(messages: &mut Messages, body: &ContentMessage) {
    match body {
        ContentMessage::Bitmap(_) => messages.bitmaps += 1,
        ContentMessage::Have(pieces) => {
            messages.have += 1;
            messages.have_pieces += u64::try_from(pieces.len()).unwrap_or(u64::MAX);
        }
        ContentMessage::Request(_) => messages.blocks += 1,
        ContentMessage::Cancel(_) => messages.cancels += 1,
        ContentMessage::Reject(_) => messages.rejects += 1,
        ContentMessage::Lane(LaneMessage::Progress(_)) => messages.heartbeats += 1,
        ContentMessage::Lane(_) => messages.lane += 1,
        ContentMessage::Rumours(_) => messages.lane += 1,
        ContentMessage::Wanted(_) => {}
    }
}
