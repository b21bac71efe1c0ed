//! The handle that the engine holds.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use swarmline_types::message::{BlockRequest, ContentMessage, Message, WireRequest};
use swarmline_types::{ContentId, NodeId};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Identity;
use crate::config::NetConfig;
use crate::error::{CloseReason, NetError};
use crate::event::{EVENTS_MAX, NetEvent};
use crate::node::{Node, Order, Shared};
use crate::session::Session;

/// A running network. Cheap to clone; when the last clone is gone, or the receiver of its events, it shuts down.
///
/// No method but [`shutdown`](Self::shutdown) waits. What is said to a node that is not connected is lost, like
/// anything that was on its way when a connection ended: [`NetEvent::Down`] tells. A peer that does not keep up with
/// what it is sent is disconnected.
#[derive(Clone)]
pub struct Net(Arc<Inner>);

struct Inner {
    node: NodeId,
    shared: Arc<Shared>,
    orders: mpsc::Sender<Order>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Net {
    /// Starts a network in the current tokio runtime; returns when it listens. Events have to be taken from the
    /// receiver: while [`EVENTS_MAX`] wait, peers are not read. Dropping it half-way stops everything.
    ///
    /// # Errors
    /// When it cannot listen, or encryption cannot be set up.
    pub async fn start(config: NetConfig) -> Result<(Self, mpsc::Receiver<NetEvent>), NetError> {
        let (events, receiver) = mpsc::channel(EVENTS_MAX);
        let (orders, queue) = mpsc::channel(ORDERS_MAX);
        let shared = Arc::new(Shared::default());
        let node = Identity::from_seed(config.seed).node();
        let task = Node::start(config, shared.clone(), events).await?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(task.run(queue, stop.clone()));
        tasks.close();
        Ok((Self(Arc::new(Inner { node, shared, orders, stop, tasks })), receiver))
    }

    /// Who we are.
    pub fn node(&self) -> NodeId {
        self.0.node
    }

    /// Where we listen now, one for each network the host is on.
    pub fn listen_addrs(&self) -> Vec<SocketAddr> {
        self.0.shared.listen.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connects to a node; the key must be the one named, if one is. Does nothing while it is connected or being
    /// dialled. [`NetEvent::Up`] or [`NetEvent::Unreachable`] tells what came of it; beyond 1,024 orders that were
    /// not looked at yet, neither does.
    pub fn dial(&self, node: Option<NodeId>, addr: SocketAddr) {
        self.order(Order::Dial { node, addr });
    }

    /// Says something to a peer. Beyond 1,024 messages that it has not taken it is disconnected.
    pub fn send(&self, to: NodeId, message: Message<ContentMessage>) {
        self.with(to, |session| session.send(message));
    }

    /// Asks a peer for bytes and waits for them in the background, as [`NetEvent::Arrived`]. The name must not be one
    /// of an open request to this peer; at most 1,024 are open. Otherwise the peer is disconnected.
    pub fn request(&self, from: NodeId, content: ContentId, block: BlockRequest) {
        self.with(from, |session| session.request(content, block));
    }

    /// No longer wants what was requested, and tells the peer. Returns how many of its bytes had come and are thrown
    /// away; what is still on its way is told as [`NetEvent::Discarded`]. Does nothing when all had come.
    pub fn cancel(&self, from: NodeId, content: ContentId, request: WireRequest) -> u32 {
        self.with(from, |session| session.cancel(content, request)).unwrap_or(0)
    }

    /// Forgets a request that the peer rejected. Returns how many of its bytes had come and are thrown away.
    pub fn rejected(&self, from: NodeId, request: WireRequest) -> u32 {
        self.with(from, |session| session.release(request)).unwrap_or(0)
    }

    /// Sends the bytes that a peer requested, after those that were queued before. Beyond 64 answers that it has not
    /// taken the peer is disconnected.
    pub fn serve(&self, to: NodeId, request: WireRequest, data: Bytes) {
        self.with(to, |session| session.serve(request, data));
    }

    /// Sends no more of an answer than is already on its way: the peer cancelled its request. [`NetEvent::Served`]
    /// still tells its end.
    pub fn withdraw(&self, to: NodeId, request: WireRequest) {
        self.with(to, |session| session.withdraw(request));
    }

    /// Says goodbye to a peer and closes the connection.
    pub fn disconnect(&self, node: NodeId, reason: impl Into<String>) {
        self.with(node, |session| session.stop(CloseReason::Disconnected(reason.into())));
    }

    /// The contents that we hold or want, at most 1,024: new peers hear of them in the hello, the others of what is
    /// new or gone, so nobody else has to send join and leave.
    pub fn set_contents(&self, contents: Vec<ContentId>) {
        self.0.shared.directory.set_contents(contents);
    }

    /// Whether somebody waits for a download, so that nodes are looked for every five seconds.
    pub fn set_active(&self, active: bool) {
        self.order(Order::SetActive(active));
    }

    /// Says goodbye to all peers and stops; takes at most a few seconds. Events have to be taken meanwhile, or some
    /// are lost. Dropping it half-way does not take the shutdown back.
    pub async fn shutdown(&self) {
        self.0.stop.cancel();
        self.0.tasks.wait().await;
    }

    fn with<T>(&self, node: NodeId, then: impl FnOnce(&Session) -> T) -> Option<T> {
        self.0.shared.directory.get(node).map(|session| then(&session))
    }

    fn order(&self, order: Order) {
        if let Err(mpsc::error::TrySendError::Full(order)) = self.0.orders.try_send(order) {
            tracing::debug!(?order, "an order is lost: too many wait");
        }
    }
}

/// Most orders that wait to be carried out.
const ORDERS_MAX: usize = 1024;
