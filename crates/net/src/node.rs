//! The task that owns the libp2p swarm: routes what connections report, and keeps one session for each node.
//!
//! It never waits for the engine: what it has to say itself lies in a small outbox, and sessions speak for themselves.

mod behaviour;
mod probe;
mod redial;
mod strangers;

mod dialling;
mod listening;
mod sessions;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use futures::StreamExt;
use libp2p::swarm::{ConnectionId, Swarm, SwarmEvent};
use libp2p::{PeerId, mdns, ping};
use swarmline_proto::wire::AGENT_MAX;
use swarmline_types::NodeId;
use swarmline_types::message::Hello;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use self::behaviour::{Behaviour, BehaviourEvent};
use self::dialling::{Dial, Lookup};
use self::probe::Probe;
use self::redial::Redial;
use self::strangers::Strangers;
use crate::address::{is_believable, socket_addr};
use crate::buffers::Buffers;
use crate::config::{Discovery, NetConfig, PEERS_MAX};
use crate::directory::Directory;
use crate::error::{CloseReason, NetError, Violation};
use crate::event::NetEvent;
use crate::identity::node_id_of;
use crate::session::{Greeted, Session};
use crate::streams::{self, Report};
use crate::{Identity, transport};

/// What the handle asks of the task.
#[derive(Debug)]
pub(crate) enum Order {
    Dial { node: Option<NodeId>, addr: SocketAddr },
    SetActive(bool),
}

/// What handle and task share.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) directory: Directory,
    /// Where the node listens at the moment.
    pub(crate) listen: RwLock<Vec<SocketAddr>>,
}

/// See the head of the module.
pub(crate) struct Node {
    me: NodeId,
    /// Our hello, except for contents and port.
    hello: Hello,
    max_peers: usize,
    swarm: Swarm<Behaviour>,
    shared: Arc<Shared>,
    events: mpsc::Sender<NetEvent>,
    /// Events of our own, at most [`OUTBOX_MAX`].
    outbox: VecDeque<NetEvent>,
    /// Established connections. libp2p's limits bound them.
    links: BTreeMap<ConnectionId, Link>,
    dials: BTreeMap<ConnectionId, Dial>,
    lookups: JoinSet<Lookup>,
    /// Connections on which hellos are exchanged.
    greetings: JoinSet<(ConnectionId, Result<Greeted, CloseReason>)>,
    /// At most `max_peers`.
    sessions: BTreeMap<NodeId, Session>,
    ended: JoinSet<(NodeId, CloseReason)>,
    /// Connections that wait for the older session with the same node to end.
    parked: BTreeMap<NodeId, Greeted>,
    redial: Redial,
    strangers: Strangers,
    probe: Option<Probe>,
    stock: Buffers,
}

/// One established connection.
struct Link {
    peer: PeerId,
    node: NodeId,
    remote: SocketAddr,
    dialled: bool,
}

impl Node {
    /// Listens; returns when there is an address to tell others. Dropping it half-way stops listening.
    pub(crate) async fn start(
        config: NetConfig,
        shared: Arc<Shared>,
        events: mpsc::Sender<NetEvent>,
    ) -> Result<Self, NetError> {
        let now = Instant::now();
        let identity = Identity::from_seed(config.seed);
        let behaviour = Behaviour::new(&identity, &config);
        let probe = behaviour.has_mdns().then(|| Probe::new(now));
        let swarm_config = libp2p::swarm::Config::with_tokio_executor()
            .with_idle_connection_timeout(IDLE_MAX)
            .with_max_negotiating_inbound_streams(NEGOTIATING_MAX);
        let transport = transport::build(&identity, config.transport)?;
        let swarm = Swarm::new(transport, behaviour, identity.peer_id(), swarm_config);
        let static_peers = match config.discovery {
            Discovery::Off => Vec::new(),
            Discovery::Mdns | Discovery::Static => config.static_peers,
        };
        let mut node = Self {
            me: identity.node(),
            hello: Hello {
                agent: config.agent.chars().filter(|c| matches!(c, ' '..='~')).take(AGENT_MAX).collect(),
                class: config.class,
                listen_port: 0,
                contents: Vec::new(),
            },
            max_peers: config.max_peers.clamp(1, PEERS_MAX),
            swarm,
            shared,
            events,
            outbox: VecDeque::new(),
            links: BTreeMap::new(),
            dials: BTreeMap::new(),
            lookups: JoinSet::new(),
            greetings: JoinSet::new(),
            sessions: BTreeMap::new(),
            ended: JoinSet::new(),
            parked: BTreeMap::new(),
            redial: Redial::new(static_peers, config.seed, now),
            strangers: Strangers::default(),
            probe,
            stock: Buffers::of_process(),
        };
        node.listen(&config.listen).await?;
        Ok(node)
    }

    /// Runs until `stop`, or until nobody listens any more; then says goodbye to everybody.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>, stop: CancellationToken) {
        let events = self.events.clone();
        loop {
            self.do_what_is_due();
            let wake_at =
                [self.redial.next(), self.probe.as_ref().and_then(Probe::next)].into_iter().flatten().min();
            let asleep = sleep_until(wake_at);
            tokio::select! {
                () = stop.cancelled() => break,
                () = events.closed() => break,
                order = orders.recv() => match order {
                    Some(order) => self.on_order(order),
                    None => break,
                },
                event = self.swarm.select_next_some() => self.on_swarm(event),
                Some(greeted) = self.greetings.join_next() => self.on_greeting(finished(greeted)),
                Some(ended) = self.ended.join_next() => self.on_ended(finished(ended)),
                Some(found) = self.lookups.join_next() => self.on_lookup(finished(found)),
                permit = events.reserve(), if !self.outbox.is_empty() => {
                    if let (Ok(permit), Some(event)) = (permit, self.outbox.pop_front()) {
                        permit.send(event);
                    }
                }
                () = asleep => {}
            }
        }
        self.say_goodbye().await;
    }

    fn do_what_is_due(&mut self) {
        let now = Instant::now();
        if let Some(probe) = &mut self.probe
            && probe.is_due(now)
        {
            probe::ask(self.swarm.listeners().filter_map(socket_addr).map(|addr| addr.ip()));
        }
        self.redial_due(now);
    }

    fn on_order(&mut self, order: Order) {
        match order {
            Order::Dial { node, addr } => self.dial(node, addr, None),
            Order::SetActive(active) => {
                if let Some(probe) = &mut self.probe {
                    probe.set_active(active, Instant::now());
                }
            }
        }
    }

    fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Streams(event)) => self.on_report(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_ping(event),
            SwarmEvent::Behaviour(BehaviourEvent::Mdns(mdns::Event::Discovered(found))) => {
                self.on_found(found)
            }
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.on_connected(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed { connection_id, .. } => self.on_closed(connection_id),
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                self.on_dial_failed(connection_id, &error);
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(from = %send_back_addr, %error, "a connection came to nothing");
            }
            SwarmEvent::NewListenAddr { .. } | SwarmEvent::ExpiredListenAddr { .. } => self.on_listening(),
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "the listener has trouble"),
            _ => {}
        }
    }

    fn on_found(&mut self, found: Vec<(PeerId, libp2p::Multiaddr)>) {
        let now = Instant::now();
        for (peer, addr) in found {
            let (Some(node), Some(addr)) = (node_id_of(&peer), socket_addr(&addr)) else { continue };
            // What comes by multicast comes over a network, never over loopback.
            if is_believable(addr, false) && !self.strangers.contains(&peer, now) && node != self.me {
                self.post(NetEvent::Found { node: Some(node), addr });
            }
        }
    }

    fn on_report(&mut self, event: streams::Event) {
        let streams::Event { peer, connection, report } = event;
        match report {
            Report::Opened(streams) => self.greet(connection, *streams),
            Report::Foreign => {
                tracing::info!(%peer, "a libp2p program that is no node of ours; left alone for a while");
                self.strangers.add(peer, Instant::now());
                self.swarm.close_connection(connection);
            }
            Report::Failed(reason) => {
                tracing::debug!(%peer, reason, "a connection is of no use");
                self.swarm.close_connection(connection);
            }
            Report::ExtraStream => self.end(connection, Violation::ExtraStream.into()),
        }
    }

    fn on_ping(&mut self, event: ping::Event) {
        // Other failures come with the end of the connection, which tells its own story.
        if matches!(event.result, Err(ping::Failure::Timeout)) {
            self.end(event.connection, CloseReason::Silent);
        }
    }

    /// Ends a connection, and the session on it if there is one.
    fn end(&mut self, connection: ConnectionId, why: CloseReason) {
        match self.sessions.values().find(|session| session.connection() == connection) {
            Some(session) => session.stop(why),
            None => {
                tracing::debug!(%connection, %why, "connection closed");
                self.swarm.close_connection(connection);
            }
        }
    }

    /// Tells the engine when it has time. What discovery says is a hint, so the oldest of too many is lost.
    fn post(&mut self, event: NetEvent) {
        if self.outbox.len() == OUTBOX_MAX {
            self.outbox.pop_front();
        }
        self.outbox.push_back(event);
    }

    /// Ends every session and waits until the peers know, for a limited time.
    async fn say_goodbye(mut self) {
        self.sessions.values().for_each(|session| session.stop(CloseReason::Shutdown));
        self.greetings.abort_all();
        self.parked.clear();
        let over = async {
            while !self.sessions.is_empty() {
                tokio::select! {
                    event = self.swarm.select_next_some() => {
                        if let SwarmEvent::ConnectionClosed { connection_id, .. } = event {
                            self.links.remove(&connection_id);
                        }
                    }
                    Some(ended) = self.ended.join_next() => {
                        let (node, _) = finished(ended);
                        if let Some(session) = self.sessions.remove(&node) {
                            self.swarm.close_connection(session.connection());
                        }
                    }
                }
            }
            self.links.keys().for_each(|connection| _ = self.swarm.close_connection(*connection));
            while !self.links.is_empty() {
                if let SwarmEvent::ConnectionClosed { connection_id, .. } =
                    self.swarm.select_next_some().await
                {
                    self.links.remove(&connection_id);
                }
            }
        };
        if tokio::time::timeout(SHUTDOWN_MAX, over).await.is_err() {
            tracing::debug!(sessions = self.sessions.len(), "shut down before every peer was told");
        }
    }
}

/// A panic in one of our tasks is ours to fail with.
fn finished<T>(result: Result<T, JoinError>) -> T {
    result.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Most events of discovery and dialling that wait for the engine.
const OUTBOX_MAX: usize = 256;
/// A connection without streams is closed.
const IDLE_MAX: Duration = Duration::from_secs(5);
/// Streams of one connection whose protocol is being agreed upon.
const NEGOTIATING_MAX: usize = 8;
/// How long a shutdown may take.
const SHUTDOWN_MAX: Duration = Duration::from_secs(3);
