//! Nodes on loopback, and waiting for what they tell.

#![allow(dead_code, unreachable_pub, reason = "each test program uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test stops where something is missing")]

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use swarmline_net::{Discovery, Net, NetConfig, NetEvent, Transport};
use swarmline_types::message::{BlockRequest, ContentMessage, Message, WireRequest};
use swarmline_types::{ContentId, NodeId, PieceLayout};
use tokio::sync::mpsc;

pub const MIB: u32 = 1 << 20;
pub const CONTENT: ContentId = ContentId::new([5; 32]);

pub struct TestNode {
    pub net: Net,
    events: mpsc::Receiver<NetEvent>,
    seen: Vec<NetEvent>,
    /// Places in `seen` that nobody picked yet.
    unpicked: Vec<usize>,
}

pub fn config(seed: u8) -> NetConfig {
    let mut config = NetConfig::new([seed; 32]);
    config.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    config.discovery = Discovery::Off;
    config
}

pub async fn start(config: NetConfig) -> TestNode {
    let (net, events) = Net::start(config).await.unwrap();
    TestNode { net, events, seen: Vec::new(), unpicked: Vec::new() }
}

/// Two connected nodes; the first one dialled.
pub async fn pair_over(first: Transport, second: Transport) -> (TestNode, TestNode) {
    let mut near = start(NetConfig { transport: first, ..config(1) }).await;
    let mut far = start(NetConfig { transport: second, ..config(2) }).await;
    near.net.dial(Some(far.id()), far.addr());
    near.until_up(far.id()).await;
    far.until_up(near.id()).await;
    (near, far)
}

pub async fn pair() -> (TestNode, TestNode) {
    pair_over(Transport::Fast, Transport::Fast).await
}

impl TestNode {
    pub fn id(&self) -> NodeId {
        self.net.node()
    }

    pub fn addr(&self) -> SocketAddr {
        self.net.listen_addrs()[0]
    }

    /// The first event that `pick` takes and nobody picked before; the others stay for later.
    pub async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(&NetEvent) -> Option<T>) -> T {
        let mut next = 0;
        loop {
            while let Some(place) = self.unpicked.get(next) {
                if let Some(picked) = pick(&self.seen[*place]) {
                    self.unpicked.remove(next);
                    return picked;
                }
                next += 1;
            }
            match tokio::time::timeout(Duration::from_secs(20), self.events.recv()).await {
                Ok(event) => self.take(event.expect("the node runs")),
                Err(_) => panic!("no {what}; seen: {:#?}", self.seen),
            }
        }
    }

    fn take(&mut self, event: NetEvent) {
        self.unpicked.push(self.seen.len());
        self.seen.push(event);
    }

    pub async fn until_up(&mut self, who: NodeId) {
        self.until("Up", |event| matches!(event, NetEvent::Up { node, .. } if *node == who).then_some(()))
            .await;
    }

    /// Whether it ended cleanly, and why.
    pub async fn until_down(&mut self, who: NodeId) -> (bool, swarmline_net::CloseReason) {
        self.until("Down", |event| match event {
            NetEvent::Down { node, clean, why } if *node == who => Some((*clean, why.clone())),
            _ => None,
        })
        .await
    }

    pub async fn until_arrived(&mut self, name: u32) -> Bytes {
        self.until("Arrived", |event| match event {
            NetEvent::Arrived { request, data, .. } if request.0 == name => Some(data.clone()),
            _ => None,
        })
        .await
    }

    /// Bytes handed to the transport.
    pub async fn until_served(&mut self, name: u32) -> u32 {
        self.until("Served", |event| match event {
            NetEvent::Served { request, bytes, .. } if request.0 == name => Some(*bytes),
            _ => None,
        })
        .await
    }

    /// The next request of a peer.
    pub async fn until_requested(&mut self) -> BlockRequest {
        self.until_body("request", |body| match body {
            ContentMessage::Request(block) => Some(*block),
            _ => None,
        })
        .await
    }

    pub async fn until_body<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(&ContentMessage) -> Option<T>,
    ) -> T {
        self.until(what, |event| match event {
            NetEvent::Message { message: Message::About { body, .. }, .. } => {
                pick(&body.clone().check(&layout()).expect("made with this layout"))
            }
            _ => None,
        })
        .await
    }

    /// All events so far, and those that wait.
    pub fn seen(&mut self) -> &[NetEvent] {
        while let Ok(event) = self.events.try_recv() {
            self.take(event);
        }
        &self.seen
    }
}

/// 64 pieces of 1 MiB.
pub fn layout() -> PieceLayout {
    PieceLayout::new(64 << 20, MIB).unwrap()
}

pub fn block(name: u32, size: u32) -> BlockRequest {
    let piece = layout().piece(name % 64).unwrap();
    BlockRequest { request: WireRequest(name), piece, offset: 0, size }
}

/// Bytes that are nobody else's.
pub fn bytes(salt: u32, size: u32) -> Bytes {
    (0..size).map(|at| at.wrapping_add(salt).wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
}
