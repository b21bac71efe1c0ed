//! Carries what the machines order, and gives them what came of it: one input, then all orders, as the engine does.

use swarmline_scheduler::{Action, GiveUp, Input, NodeAction, NodeInput, RequestId, Source};
use swarmline_types::message::{ContentMessage, Message};
use swarmline_types::{MonoTime, NodeId};

use super::{Event, Site};
use crate::host::host_of;

impl Site<'_> {
    /// Gives a content an input and carries out all orders.
    pub(super) fn input(&mut self, host: u32, content: usize, input: Input) {
        self.feed(host, content, input);
        self.settle(host);
    }

    /// Gives a content what a peer said of it. Most of that orders nothing, and then there is nothing to carry out.
    pub(super) fn hear_of(&mut self, host: u32, content: usize, input: Input) {
        self.feed(host, content, input);
        match self.is_quiet(host, content) {
            true => self.host(host).dirty = 0,
            false => self.settle(host),
        }
    }

    /// Whether a content that was given an input wants nothing before its host's timer goes off, nor does the node.
    fn is_quiet(&self, host: u32, content: usize) -> bool {
        let host = &self.hosts[host as usize];
        let later = |due: Option<MonoTime>| due.is_none_or(|due| due >= host.timer && due > self.now);
        let machine = host.contents[content].machine.as_ref();
        host.dirty == 1 << content
            && machine.is_none_or(|machine| machine.is_drained() && later(machine.poll_timeout()))
            && host.node.as_ref().is_none_or(|node| later(node.poll_timeout()))
    }

    /// Gives a node an input and carries out all orders.
    pub(super) fn node_input(&mut self, host: u32, input: NodeInput) {
        let now = self.now;
        self.touch(host);
        if let Some(node) = &mut self.host(host).node {
            node.handle(input, now);
            self.settle(host);
        }
    }

    /// Gives a content an input; its orders wait for [`settle`](Self::settle).
    fn feed(&mut self, host: u32, content: usize, input: Input) {
        self.touch(host);
        let (now, facts) = (self.now, &self.frame.contents[content]);
        let host = &mut self.hosts[host as usize];
        if let (Some(node), Some(machine)) = (&mut host.node, &mut host.contents[content].machine) {
            machine.handle(input, &mut node.allowance(facts.id, facts.priority), now);
            host.dirty |= 1 << content;
        }
    }

    /// Carries out orders until there are none.
    pub(super) fn settle(&mut self, host: u32) {
        let now = self.now;
        loop {
            let Some(node) = &mut self.host(host).node else { return };
            node.handle(NodeInput::Timer, now);
            while let Some(action) = self.host(host).node.as_mut().and_then(|node| node.poll_action()) {
                self.on_node_action(host, action);
            }
            let dirty = self.host(host).dirty;
            if dirty == 0 {
                break;
            }
            let content = dirty.trailing_zeros() as usize;
            self.host(host).dirty &= !(1 << content);
            while let Some(action) = self.next_action(host, content) {
                self.on_action(host, content, action);
            }
        }
        self.set_timer(host);
    }

    fn next_action(&mut self, host: u32, content: usize) -> Option<Action> {
        self.host(host).contents[content].machine.as_mut()?.poll_action()
    }

    fn on_node_action(&mut self, host: u32, action: NodeAction) {
        match action {
            NodeAction::Dial { node, .. } => self.dial(host, host_of(&node)),
            NodeAction::Disconnect { peer } => self.disconnect(host, host_of(&peer)),
            NodeAction::Meet { content, peer, class } => {
                self.feed_about(host, content, Input::PeerUp { peer, class })
            }
            NodeAction::Part { content, peer, clean } => {
                self.feed_about(host, content, Input::PeerDown { peer, clean })
            }
            NodeAction::Introduce { to, content, members } => {
                self.say(host, host_of(&to), Message::Members { content, members });
            }
            NodeAction::Serve { ticket, peer, content, block } => {
                self.serve(host, ticket, host_of(&peer), content, block)
            }
            NodeAction::Reject { peer, content, request } => {
                let content = self.content_of(content);
                self.tell(host, host_of(&peer), content, ContentMessage::Reject(request));
            }
            NodeAction::Wake { content } => self.feed_about(host, content, Input::Timer),
        }
    }

    fn feed_about(&mut self, host: u32, content: swarmline_types::ContentId, input: Input) {
        let content = self.content_of(content);
        self.feed(host, content, input);
    }

    /// Contents are few, so they are looked for.
    pub(super) fn content_of(&self, id: swarmline_types::ContentId) -> usize {
        let contents = &self.frame.contents;
        contents.iter().position(|content| content.id == id).expect("nobody knows another content")
    }

    fn on_action(&mut self, host: u32, content: usize, action: Action) {
        match action {
            Action::Send { to, message } => self.tell(host, host_of(&to), content, message),
            Action::Request { request, from, pieces } => {
                let size = self.frame.contents[content].layout.span(pieces).size();
                self.host(host).contents[content].open_book(request, size);
                match from {
                    Source::Origin => self.fetch(host, content, request, pieces),
                    Source::Peer(peer) => self.ask(host, content, request, host_of(&peer), pieces.first()),
                }
            }
            Action::Cancel { request } => self.cancel(host, content, request),
            Action::Ban { peer, .. } => self.ban(host, content, peer),
            Action::Completed | Action::Satisfied => self.on_satisfied(host, content),
            Action::GiveUp(why) => self.on_give_up(host, why),
            Action::Explain(swarmline_scheduler::Explain::Fetch { request, why, .. }) => {
                self.host(host).contents[content].why = Some((request, why));
            }
        }
    }

    fn cancel(&mut self, host: u32, content: usize, request: RequestId) {
        self.host(host).contents[content].close_book(request);
        self.cancel_fetch(host, content, request);
        self.forget_asked(host, content, request, true);
    }

    fn ban(&mut self, host: u32, content: usize, peer: NodeId) {
        if self.host(host).part.counts() {
            self.tallies[content].messages.bans += 1;
        }
        let (id, now) = (self.frame.contents[content].id, self.now);
        if let Some(node) = &mut self.host(host).node {
            node.handle(NodeInput::Banned { peer, content: id }, now);
        }
    }

    fn on_give_up(&mut self, host: u32, _why: GiveUp) {
        let host = self.host(host);
        host.gave_up = true;
        if !std::mem::replace(&mut host.is_settled, true) {
            self.open -= 1;
        }
    }

    /// Has the host come back when its machines want to.
    fn set_timer(&mut self, host: u32) {
        let now = self.now;
        let (life, number) = (self.hosts[host as usize].life, host);
        let host = &mut self.hosts[host as usize];
        let machines = host.contents.iter().filter_map(|content| content.machine.as_ref()?.poll_timeout());
        let node = host.node.as_ref().and_then(|node| node.poll_timeout());
        let Some(due) = machines.chain(node).min() else { return };
        // What is due already was just looked at; it is looked at again, and time passes.
        let due = due.max(MonoTime::from_micros(now.as_micros() + 1));
        if due < host.timer {
            host.timer = due;
            self.queue.push(due, Event::Timer { host: number, life });
        }
    }

    pub(super) fn on_timer(&mut self, host: u32, life: u32) {
        let now = self.now;
        if !self.lives(host, life) || self.host(host).timer != now {
            return;
        }
        self.host(host).timer = MonoTime::NEVER;
        for content in 0..self.frame.contents.len() {
            let machine = self.host(host).contents[content].machine.as_ref();
            if machine.and_then(|machine| machine.poll_timeout()).is_some_and(|due| due <= now) {
                self.feed(host, content, Input::Timer);
            }
        }
        self.settle(host);
    }
}
