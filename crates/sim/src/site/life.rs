//! Hosts come, begin, finish, go and come back.

use swarmline_scheduler::{Config, Input, Node, NodeConfig, NodeInput, Policy};
use swarmline_types::MonoTime;
use swarmline_types::message::Message;

use super::{Event, Site};
use crate::cast::Kind;
use crate::chance::{Chance, Of};
use crate::host::{Driven, Held, Host, Presence};
use crate::link::{Inlet, Uplink};
use crate::outcome::FetchEnd;
use crate::scenario::{Behaviour, Ending};
use crate::strategy::Opening;

impl Site<'_> {
    pub(super) fn on_arrive(&mut self, number: u32) {
        let (now, config) = (self.now, self.node_config(number));
        let clock = self.frame.scenario.clock.0.after(now.since(MonoTime::ZERO));
        let seed = Chance::new(self.seed, Of::Machine(number)).word();
        let host = self.host(number);
        if host.presence != Presence::Away {
            return;
        }
        host.presence = Presence::Here;
        host.life += 1;
        let mut node = Box::new(Node::new(host.id, &config, seed ^ u64::from(host.life)));
        if config.origin_limits.in_hours.is_some() {
            node.handle(NodeInput::Clock(clock), now);
        }
        host.node = Some(node);
        let (life, is_liar, counts) = (host.life, !host.part.behaviour.is_honest(), host.part.counts());
        let ends = host.part.ends.filter(|_| !host.has_ended);
        self.present += u32::from(counts);
        if let Some(after) = ends {
            self.queue.push(now + after, Event::End { host: number, life });
        }
        if is_liar {
            self.queue.push(now, Event::Lie { host: number, life });
        }
        self.show_pieces(number, true);
        for content in 0..self.frame.contents.len() {
            let start = self.frame.contents[content].start;
            let kind = self.host(number).part.kind;
            if !self.host(number).contents[content].wants && kind == Kind::Peer {
                continue;
            }
            let content = u32::try_from(content).expect("no more than ENTRIES_MAX");
            match start.is_zero() || kind == Kind::Holder {
                true => self.on_open(number, life, content as usize),
                false => self.queue.push(now + start, Event::Open { host: number, life, content }),
            }
        }
        self.discover(number);
        self.settle(number);
    }

    fn node_config(&mut self, number: u32) -> NodeConfig {
        let part = &self.hosts[number as usize].part;
        NodeConfig {
            download_rate: part.download_limit,
            upload_rate: part.upload_limit,
            origin_limits: part.origin_limits,
            connections_max: self.bounds.connections,
            buffer_bytes_max: self.bounds.buffer_bytes,
            origin_requests_max: self.bounds.origin_requests,
            ..NodeConfig::default()
        }
    }

    #[allow(clippy::needless_update, reason = "what the scheduler adds has its own default")]
    fn content_config(&self, host: &Host, content: usize) -> Config {
        let plan = &self.frame.scenario.scheduler;
        let of = Config::default();
        let settle = plan.settle.map_or(of.settle, |it| it.0);
        let wait = host.node.as_ref().map_or(of.discovery_wait, |node| node.discovery_wait(settle, self.now));
        let part = &host.part;
        let fetches = matches!(part.behaviour, Behaviour::Honest | Behaviour::Hides);
        let policy = Policy {
            foreground_delay: part.foreground_delay,
            background_delay: part.background_delay,
            deadline: part.deadline.map(|after| self.now + after),
        };
        Config {
            class: part.class,
            policy,
            priority: self.frame.contents[content].priority,
            wanted: part.wanted(&self.frame.contents[content].layout),
            has_origin: self.frame.scenario.origin.exists && fetches,
            window: plan.window.map_or(of.window, |it| it as usize),
            discovery_wait: plan.discovery_wait.map_or(wait, |it| it.0),
            settle,
            full_mesh_max: plan.full_mesh_max.map_or(of.full_mesh_max, |it| it as usize),
            degree: plan.degree.map_or(of.degree, |it| it as usize),
            no_progress_timeout: plan.no_progress_timeout.map_or(of.no_progress_timeout, |it| it.0),
            orphan_grace: plan.orphan_grace.map_or(of.orphan_grace, |it| it.0),
            ..of
        }
    }

    /// A host begins to want a content, or to hold it.
    pub(super) fn on_open(&mut self, number: u32, life: u32, content: usize) {
        if !self.lives(number, life) {
            return;
        }
        let now = self.now;
        let facts = &self.frame.contents[content];
        let host = &self.hosts[number as usize];
        let mut chance = Chance::new(self.seed ^ u64::from(host.life), Of::Machine(number));
        let seed =
            chance.word().wrapping_add(facts.layout.content_len()) ^ u64::from_le_bytes(first(&facts.id));
        let opening = Opening {
            config: self.content_config(host, content),
            content: facts.id,
            layout: facts.layout,
            have: host.contents[content].truth.clone(),
            me: host.id,
            seed,
            now,
        };
        let machine = self.frame.strategy.open(opening);
        let is_satisfied = machine.stage().is_satisfied();
        let id = facts.id;
        let host = self.host(number);
        host.contents[content].machine = Some(machine);
        if let Some(node) = &mut host.node {
            node.open(id, now);
        }
        let peers: Vec<_> = host.conns.iter().map(|(peer, _)| *peer).collect();
        peers.into_iter().for_each(|peer| self.say(number, peer, Message::Join(id)));
        if is_satisfied {
            self.on_satisfied(number, content);
        }
        self.input(number, content, Input::Timer);
    }

    /// A host has all that it wants of a content.
    pub(super) fn on_satisfied(&mut self, number: u32, content: usize) {
        let now = self.now;
        if !self.check_finished(number, content) || self.host(number).contents[content].done.is_some() {
            return;
        }
        let host = self.host(number);
        host.contents[content].done = Some(now);
        if !host.has_all() {
            return;
        }
        host.done = Some(now);
        let (life, linger) = (host.life, host.part.linger);
        if !std::mem::replace(&mut host.is_settled, true) {
            self.open -= 1;
            self.done += 1;
        }
        if let Some(linger) = linger {
            self.queue.push(now + linger, Event::Leave { host: number, life });
        }
    }

    /// It has lingered long enough.
    pub(super) fn on_leave(&mut self, number: u32, life: u32) {
        if self.lives(number, life) {
            self.go(number, Ending::Leave, None);
        }
    }

    /// It goes as was foreseen, finished or not.
    pub(super) fn on_end(&mut self, number: u32, life: u32) {
        if self.lives(number, life) {
            let host = self.host(number);
            host.has_ended = true;
            let (ending, back) = (host.part.ending, host.part.back);
            self.go(number, ending, back.map(|after| self.now + after));
        }
    }

    fn go(&mut self, number: u32, ending: Ending, back: Option<MonoTime>) {
        let now = self.now;
        self.show_pieces(number, false);
        self.end_fetches(number, FetchEnd::Gone);
        let host = self.host(number);
        host.presence = if back.is_some() { Presence::Away } else { Presence::Gone };
        host.gone = back.is_none().then_some(now);
        host.node = None;
        host.wires.clear();
        host.dirty = 0;
        host.timer = MonoTime::NEVER;
        host.warm = 0;
        host.held_until = Held::default();
        host.uplink = Uplink::new(host.part.up);
        host.inlet = Inlet::new(host.part.down);
        host.disk = Inlet::new(host.part.disk);
        host.contents.iter_mut().for_each(Driven::end_life);
        let counts = host.part.counts();
        let is_lost = back.is_none() && !host.is_settled;
        host.is_settled |= is_lost;
        self.present -= u32::from(counts);
        self.open -= u32::from(is_lost);
        self.cut_off(number, ending);
        if let Some(back) = back {
            self.queue.push(back, Event::Arrive { host: number });
        }
    }

    /// Whoever counts shows its pieces in the map while it is there.
    fn show_pieces(&mut self, number: u32, is_gain: bool) {
        if self.number != 0 || !self.host(number).part.counts() {
            return;
        }
        for content in 0..self.frame.contents.len() {
            let truth = self.hosts[number as usize].contents[content].truth.clone();
            truth.pieces().for_each(|piece| self.recorder.on_held(content, piece, is_gain));
        }
    }

    /// A host leaves the process of life: the other ends find out in their own time.
    fn cut_off(&mut self, number: u32, ending: Ending) {
        let conns = std::mem::take(&mut self.host(number).conns);
        let (notice, latency) = (self.frame.scenario.network.notice.0, self.plan.lan_latency.0);
        for (_, conn) in conns {
            let is_second = self.conns[conn as usize].ends[1] == number;
            let link = &mut self.conns[conn as usize];
            link.is_up[usize::from(is_second)] = false;
            let (after, clean) = match ending {
                Ending::Crash => (latency, false),
                Ending::Leave => (latency, true),
                Ending::Vanish => (notice, false),
            };
            link.is_dead = true;
            let down = Event::Down { conn, is_second: !is_second, clean };
            self.queue.push(self.now + after, down);
        }
    }
}

fn first(id: &swarmline_types::ContentId) -> [u8; 8] {
    let mut first = [0; 8];
    first.copy_from_slice(&id.as_bytes()[..8]);
    first
}
