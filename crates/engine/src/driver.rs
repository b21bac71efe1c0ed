//! The task that owns the machines: carries what they order to store, origin and net, and what came of it back.
//!
//! It decides nothing. Everything reaches it as a message, so one input follows the other, as the machines want it.

mod hint;

mod command;

mod contents;
mod fetch;
mod manifest;
mod net;
mod serve;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use swarmline_ipc::message::{ContentStatus, NodeStatus};
use swarmline_net::{Net, NetEvent};
use swarmline_scheduler::{
    Action, Input, Node, NodeAction, NodeConfig, NodeInput, RequestId, Source, Ticket,
};
use swarmline_types::message::{ContentMessage, Message, WireRequest};
use swarmline_types::{CapacityClass, ContentId, MonoTime, NodeId, Priority};
use tokio::sync::mpsc;
use tracing::{debug, info};

use crate::clock::Clock;
use crate::content::{Driven, Opening};
use crate::disk::Disk;
use crate::pace::Pace;
use crate::trace::Trace;
use fetch::Fetched;
use hint::Lookouts;
use manifest::Assemblies;
use serve::Read;
use write::Written;

pub(crate) use command::{COMMANDS_MAX, Command, Open, Opened};
pub(crate) use hint::Held;

/// What work off this task has come to. Bounded by [`RESULTS_MAX`].
pub(crate) enum Outcome {
    Fetched { content: ContentId, opening: Opening, request: RequestId, what: Fetched },
    Written(Written),
    Read(Read),
    Rechecked { content: ContentId, opening: Opening },
}

/// Results that may wait; beyond it, those who bring them do.
const RESULTS_MAX: usize = 256;
/// Shortest time between two snapshots of one content.
const SNAPSHOT_EVERY: Duration = Duration::from_millis(100);

/// A connected node, as it is known beside what the machines know.
struct Peer {
    class: CapacityClass,
    contents: BTreeSet<ContentId>,
}

/// What the driver needs to know beforehand.
pub(crate) struct Settings {
    pub(crate) class: CapacityClass,
    pub(crate) node: NodeConfig,
    /// How long a node that met nobody waits for others to turn up.
    pub(crate) settle: Duration,
    pub(crate) no_progress_timeout: Duration,
    pub(crate) orphan_grace: Duration,
    pub(crate) seed: u64,
}

pub(crate) struct Driver {
    settings: Settings,
    clock: Clock,
    started: Instant,
    node: Node,
    net: Net,
    disk: Disk,
    pace: Pace,
    contents: BTreeMap<ContentId, Driven>,
    last_opening: Opening,
    /// Contents with orders that were not carried out yet.
    dirty: BTreeSet<ContentId>,
    /// Blocks under way from peers. Bounded by what may be in flight.
    wires: BTreeMap<(NodeId, WireRequest), (ContentId, RequestId, usize)>,
    next_wire: u32,
    /// Answers being read or sent. Bounded by the node's serving slots.
    tickets: BTreeMap<(NodeId, WireRequest), (Ticket, ContentId)>,
    assemblies: Assemblies,
    lookouts: Lookouts,
    peers: BTreeMap<NodeId, Peer>,
    snapshots_due: BTreeSet<ContentId>,
    last_snapshots: MonoTime,
    trace: Trace,
    results: mpsc::Sender<Outcome>,
}

impl Driver {
    pub(crate) fn new(
        settings: Settings,
        clock: Clock,
        net: Net,
        disk: Disk,
        pace: Pace,
        trace: Trace,
    ) -> (Self, mpsc::Receiver<Outcome>) {
        let (results, outcomes) = mpsc::channel(RESULTS_MAX);
        let node = Node::new(net.node(), &settings.node, settings.seed);
        let driver = Self {
            settings,
            clock,
            started: Instant::now(),
            node,
            net,
            disk,
            pace,
            contents: BTreeMap::new(),
            last_opening: Opening::default(),
            dirty: BTreeSet::new(),
            wires: BTreeMap::new(),
            next_wire: 0,
            tickets: BTreeMap::new(),
            assemblies: Assemblies::default(),
            lookouts: Lookouts::default(),
            peers: BTreeMap::new(),
            snapshots_due: BTreeSet::new(),
            last_snapshots: MonoTime::ZERO,
            trace,
            results,
        };
        (driver, outcomes)
    }

    /// Runs until told to shut down, or until everybody who could tell it is gone.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut events: mpsc::Receiver<NetEvent>,
        mut outcomes: mpsc::Receiver<Outcome>,
    ) {
        let goodbye = loop {
            let timer = tokio::time::sleep_until(self.next_due());
            // What is under way is finished before new work is taken in.
            tokio::select! {
                biased;
                Some(outcome) = outcomes.recv() => self.on_outcome(outcome),
                Some(event) = events.recv() => self.on_net(event),
                command = commands.recv() => match command {
                    Some(Command::Shutdown { reply }) => break Some(reply),
                    Some(command) => self.on_command(command),
                    None => break None,
                },
                () = timer => self.on_timer(),
            }
            self.settle();
        };
        self.shut_down().await;
        if let Some(reply) = goodbye {
            let _ = reply.send(());
        }
    }

    async fn shut_down(mut self) {
        let contents: Vec<_> = self.contents.keys().copied().collect();
        for driven in contents.into_iter().filter_map(|content| self.stop(content)) {
            driven.fetches.into_values().for_each(|task| task.abort());
        }
        self.trace.scribe.end(self.clock.now());
        tokio::join!(self.net.shutdown(), self.trace.written());
    }

    fn next_due(&self) -> tokio::time::Instant {
        let contents = self.contents.values().filter_map(|driven| driven.machine.poll_timeout());
        let snapshots = (!self.snapshots_due.is_empty()).then(|| self.last_snapshots + SNAPSHOT_EVERY);
        let manifests = self.assemblies.due().into_iter().chain(self.turns_due());
        match contents.chain(self.node.poll_timeout()).chain(snapshots).chain(manifests).min() {
            Some(due) => self.clock.instant(due),
            None => tokio::time::Instant::now() + Duration::from_secs(3600),
        }
    }

    fn on_timer(&mut self) {
        let now = self.clock.now();
        let due = |driven: &Driven| driven.machine.poll_timeout().is_some_and(|at| at <= now);
        let contents: Vec<_> = self.contents.iter().filter(|(_, d)| due(d)).map(|(id, _)| *id).collect();
        contents.into_iter().for_each(|content| self.input(content, Input::Timer));
        self.node.handle(NodeInput::Timer, now);
        self.expire_manifest_asks();
        self.give_turns();
    }

    fn on_outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Fetched { content, opening, request, what } => {
                self.on_fetched(content, opening, request, what)
            }
            Outcome::Written(written) => self.on_written(written),
            Outcome::Read(read) => self.on_read(read),
            Outcome::Rechecked { content, opening } => self.on_rechecked(content, opening),
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Open { open, reply } => {
                let _ = reply.send(self.open(*open));
            }
            Command::Close { content, by } => self.close(content, by),
            Command::Abandon { content, by, destination, reply } => {
                self.abandon(content, by, &destination);
                let _ = reply.send(());
            }
            Command::Want { content, wanted } => self.input(content, Input::Want { wanted }),
            Command::Reprioritise { by, priority } => self.reprioritise(by, priority),
            Command::Finished { content } => self.refresh(content),
            Command::FindManifest { content, reply } => self.find_manifest(content, reply),
            Command::LookFor { url, looking } => self.look_for(url, looking),
            Command::AwaitTurn { url, content, bytes, turn } => self.await_turn(url, content, bytes, turn),
            Command::PlainBytes { bytes, reply } => {
                self.on_origin_bytes(Priority::Foreground, bytes);
                let _ = reply.send(());
            }
            Command::Status { reply } => {
                let _ = reply.send(self.status());
            }
            Command::Shutdown { .. } => unreachable!("taken out before"),
        }
    }

    /// Gives a content an input; what it orders is carried out by [`settle`](Self::settle).
    fn input(&mut self, content: ContentId, input: Input) {
        let Some(driven) = self.contents.get_mut(&content) else { return };
        let now = self.clock.now();
        let mut allowance = self.node.allowance(content, driven.priority);
        self.trace.scribe.handle(&content, input, &mut allowance, now, |input, allowance| {
            driven.machine.handle(input, allowance, now);
        });
        self.dirty.insert(content);
    }

    fn node_input(&mut self, input: NodeInput) {
        self.node.handle(input, self.clock.now());
    }

    /// Carries out orders until there are none. Ends, since every order is carried out once and inputs given here
    /// are bounded by orders.
    fn settle(&mut self) {
        loop {
            self.node_input(NodeInput::Timer);
            while let Some(action) = self.node.poll_action() {
                self.on_node_action(action);
            }
            let Some(content) = self.dirty.pop_first() else { break };
            while let Some(action) =
                self.contents.get_mut(&content).and_then(|driven| driven.machine.poll_action())
            {
                self.on_action(content, action);
            }
            self.snapshots_due.insert(content);
        }
        self.publish_snapshots(false);
    }

    fn publish_snapshots(&mut self, now_at_once: bool) {
        let now = self.clock.now();
        if now < self.last_snapshots + SNAPSHOT_EVERY && !now_at_once {
            return;
        }
        self.last_snapshots = now;
        for content in std::mem::take(&mut self.snapshots_due) {
            self.publish(content);
        }
    }

    fn publish(&self, content: ContentId) {
        if let Some(driven) = self.contents.get(&content) {
            driven.snapshot.send_replace(driven.snapshot(self.node.connected()));
        }
    }

    fn refresh(&mut self, content: ContentId) {
        self.snapshots_due.remove(&content);
        self.publish(content);
    }

    fn on_action(&mut self, content: ContentId, action: Action) {
        if self.trace.scribe.is_on() {
            self.trace.scribe.order(&content, &action, self.clock.now());
        }
        match action {
            Action::Send { to, message } => self.say(to, content, message),
            Action::Request { request, from: Source::Origin, pieces } => self.fetch(content, request, pieces),
            Action::Request { request, from: Source::Peer(peer), pieces } => {
                self.ask(content, request, peer, pieces.first());
            }
            Action::Cancel { request } => self.cancel(content, request),
            Action::Ban { peer, piece } => {
                info!(%content, peer = %peer.short(), %piece, "peer sent a bad piece and is banned");
                self.node_input(NodeInput::Banned { peer, content });
            }
            Action::Completed | Action::Satisfied => {
                info!(%content, all = matches!(action, Action::Completed), "all that is wanted is here");
                self.tell_contents();
                self.refresh(content);
            }
            Action::GiveUp(why) => {
                info!(%content, ?why, "content given up");
                self.refresh(content);
            }
            Action::Explain(why) => debug!(%content, ?why, "explained"),
        }
    }

    fn say(&self, to: NodeId, content: ContentId, body: ContentMessage) {
        self.net.send(to, Message::About { content, body });
    }

    fn on_node_action(&mut self, action: NodeAction) {
        match action {
            NodeAction::Dial { node, addr } => self.net.dial(Some(node), addr),
            NodeAction::Disconnect { peer } => self.net.disconnect(peer, "not wanted any more"),
            NodeAction::Meet { content, peer, class } => self.input(content, Input::PeerUp { peer, class }),
            NodeAction::Part { content, peer, clean } => self.part(content, peer, clean),
            NodeAction::Introduce { to, content, members } => {
                self.net.send(to, Message::Members { content, members });
            }
            NodeAction::Serve { ticket, peer, content, block } => self.serve(ticket, peer, content, block),
            NodeAction::Reject { peer, content, request } => {
                self.say(peer, content, ContentMessage::Reject(request))
            }
            NodeAction::Wake { content } => self.input(content, Input::Timer),
        }
    }

    fn status(&self) -> NodeStatus {
        let content = |driven: &Driven| ContentStatus {
            content: driven.id(),
            path: driven.file.destination().to_owned(),
            bytes_total: driven.manifest.layout().content_len(),
            bytes_have: driven.bytes_have(),
            sharing: u32::try_from(driven.machine.peer_count()).unwrap_or(u32::MAX),
            served: driven.served,
        };
        NodeStatus {
            node: self.net.node(),
            listen: self.net.listen_addrs(),
            connected: self.peers.keys().copied().collect(),
            contents: self.contents.values().map(content).collect(),
            uptime: self.started.elapsed(),
        }
    }
}
