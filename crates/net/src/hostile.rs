//! Peers that break the protocol, and what becomes of them: nobody else notices, and nothing grows.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::swarm::{NetworkBehaviour, Swarm, SwarmEvent};
use libp2p::{Stream, ping};
use swarmline_proto::wire::{self, DATA_FRAME_MAX, FRAME_MAX};
use swarmline_types::message::{ContentMessage, Hello, Message};
use swarmline_types::{CapacityClass, ContentId};
use tokio::sync::{mpsc, oneshot};

use crate::address::multiaddr;
use crate::session::MESSAGES_MAX;
use crate::streams::{self, Report, Streams};
use crate::{
    CloseReason, Discovery, EVENTS_MAX, Identity, Net, NetConfig, NetEvent, Transport, Violation, transport,
};

/// The node under attack.
struct Victim {
    net: Net,
    events: mpsc::Receiver<NetEvent>,
}

impl Victim {
    async fn start() -> Self {
        let mut config = NetConfig::new([1; 32]);
        config.listen = vec![loopback()];
        config.discovery = Discovery::Off;
        let (net, events) = Net::start(config).await.unwrap();
        Self { net, events }
    }

    async fn next(&mut self) -> NetEvent {
        let next = tokio::time::timeout(Duration::from_secs(20), self.events.recv());
        next.await.expect("something happens").expect("the node runs")
    }

    async fn until_down(&mut self) -> CloseReason {
        loop {
            if let NetEvent::Down { why, .. } = self.next().await {
                return why;
            }
        }
    }

    /// An honest node still gets through.
    async fn must_be_well(&mut self) {
        let mut config = NetConfig::new([200; 32]);
        config.listen = vec![loopback()];
        config.discovery = Discovery::Off;
        let (honest, _events) = Net::start(config).await.unwrap();
        honest.dial(Some(self.net.node()), self.net.listen_addrs()[0]);
        while !matches!(self.next().await, NetEvent::Up { node, .. } if node == honest.node()) {}
    }
}

/// A libp2p peer of stock make that opens the two streams, twice if it likes, and leaves the rest to the test.
#[derive(NetworkBehaviour)]
struct Attack {
    streams: streams::Behaviour,
    more: Toggle<streams::Behaviour>,
    ping: ping::Behaviour,
}

struct Attacker {
    control: Stream,
    data: Stream,
    /// Closed with the connection.
    connected: mpsc::Receiver<()>,
}

impl Attacker {
    async fn connect(victim: &Victim) -> Self {
        let (streams, connected) = Self::open_streams(victim, false);
        let Streams { control, data } = streams.await.unwrap();
        Self { control, data, connected }
    }

    fn open_streams(victim: &Victim, twice: bool) -> (oneshot::Receiver<Streams>, mpsc::Receiver<()>) {
        let identity = Identity::from_seed([66; 32]);
        let behaviour = Attack {
            streams: streams::Behaviour::default(),
            more: twice.then(streams::Behaviour::default).into(),
            ping: ping::Behaviour::default(),
        };
        let mut swarm = swarm(&identity, behaviour);
        swarm.dial(multiaddr(victim.net.listen_addrs()[0])).unwrap();
        let (opened, streams) = oneshot::channel();
        let (alive, connected) = mpsc::channel(1);
        tokio::spawn(async move {
            let (mut opened, _alive) = (Some(opened), alive);
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::Behaviour(AttackEvent::Streams(streams::Event { report, .. })) => {
                        if let (Report::Opened(streams), Some(opened)) = (report, opened.take()) {
                            let _ = opened.send(*streams);
                        }
                    }
                    SwarmEvent::ConnectionClosed { .. } => return,
                    _ => {}
                }
            }
        });
        (streams, connected)
    }

    async fn greet(&mut self) {
        self.say(&hello()).await;
    }

    async fn say(&mut self, message: &Message<ContentMessage>) {
        self.write(&wire::encode(message)).await;
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.control.write_all(bytes).await.unwrap();
        self.control.flush().await.unwrap();
    }

    async fn until_closed(&mut self) {
        until_closed(&mut self.connected).await;
    }
}

async fn until_closed(connected: &mut mpsc::Receiver<()>) {
    let closed = tokio::time::timeout(Duration::from_secs(20), connected.recv());
    assert_eq!(closed.await.expect("it is closed"), None);
}

fn swarm<B: NetworkBehaviour>(identity: &Identity, behaviour: B) -> Swarm<B> {
    let transport = transport::build(identity, Transport::Stock).unwrap();
    let config =
        libp2p::swarm::Config::with_tokio_executor().with_idle_connection_timeout(Duration::from_secs(60));
    Swarm::new(transport, behaviour, identity.peer_id(), config)
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn hello() -> Message<ContentMessage> {
    let agent = "attacker/1".into();
    Message::Hello(Hello { agent, class: CapacityClass::Wired, listen_port: 0, contents: Vec::new() })
}

fn join(name: u32) -> Message<ContentMessage> {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&name.to_be_bytes());
    Message::Join(ContentId::new(id))
}

fn prefixed(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat()
}

#[tokio::test]
async fn who_begins_with_anything_but_hello_is_closed_and_never_up() {
    let mut victim = Victim::start().await;
    for first in [prefixed(&[0xff; 40]), wire::encode(&join(1)), vec![0xff; 100], vec![0; 4]] {
        let mut attacker = Attacker::connect(&victim).await;
        attacker.write(&first).await;
        attacker.until_closed().await;
    }
    assert!(victim.events.try_recv().is_err(), "the engine hears nothing of it");
    victim.must_be_well().await;
}

#[tokio::test]
async fn who_says_nothing_is_closed_after_five_seconds() {
    let victim = Victim::start().await;
    let mut attacker = Attacker::connect(&victim).await;
    let start = Instant::now();
    attacker.until_closed().await;
    assert!(start.elapsed() > Duration::from_secs(4) && start.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn what_breaks_the_protocol_later_ends_the_session_with_its_reason() {
    let too_large = u32::try_from(FRAME_MAX + 1).unwrap().to_be_bytes().to_vec();
    for (wrong, want) in [
        (wire::encode(&hello()), Some(Violation::SecondHello)),
        (too_large, None),
        (prefixed(&[0xff; 40]), None),
    ] {
        let mut victim = Victim::start().await;
        let mut attacker = Attacker::connect(&victim).await;
        attacker.greet().await;
        attacker.write(&wrong).await;
        let CloseReason::Violation(got) = victim.until_down().await else { panic!("a violation") };
        assert_eq!(got, want.unwrap_or(got.clone()));
        attacker.until_closed().await;
    }
}

#[tokio::test]
async fn a_data_frame_that_is_too_large_ends_the_session() {
    let mut victim = Victim::start().await;
    let mut attacker = Attacker::connect(&victim).await;
    attacker.greet().await;
    let header = [7u32.to_be_bytes(), (DATA_FRAME_MAX + 1).to_be_bytes()].concat();
    attacker.data.write_all(&header).await.unwrap();
    assert!(victim.until_down().await.is_violation());
}

#[tokio::test]
async fn more_streams_than_two_end_the_connection() {
    let mut victim = Victim::start().await;
    let (streams, mut connected) = Attacker::open_streams(&victim, true);
    // Whether the session begins before the third stream comes is a race; closed it is in either case.
    if let Ok(mut streams) = streams.await {
        let _ = streams.control.write_all(&wire::encode(&hello())).await;
    }
    until_closed(&mut connected).await;
    while let Ok(event) = victim.events.try_recv() {
        if let NetEvent::Down { why, .. } = event {
            assert_eq!(why, Violation::ExtraStream.into());
        }
    }
    victim.must_be_well().await;
}

#[tokio::test]
async fn who_opens_no_stream_is_closed_after_five_seconds() {
    let victim = Victim::start().await;
    let mut silent = swarm(&Identity::from_seed([77; 32]), ping::Behaviour::default());
    silent.dial(multiaddr(victim.net.listen_addrs()[0])).unwrap();
    let start = Instant::now();
    while !matches!(silent.select_next_some().await, SwarmEvent::ConnectionClosed { .. }) {
        assert!(start.elapsed() < Duration::from_secs(8));
    }
}

#[tokio::test]
async fn bytes_that_are_not_libp2p_harm_nobody() {
    let mut victim = Victim::start().await;
    let addr = victim.net.listen_addrs()[0];
    let mut open = Vec::new();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 1000], &[0xff; 1000], b""] {
        let mut socket = tokio::net::TcpStream::connect(addr).await.unwrap();
        let _ = tokio::io::AsyncWriteExt::write_all(&mut socket, garbage).await;
        open.push(socket);
    }
    victim.must_be_well().await;
}

#[tokio::test]
async fn a_libp2p_program_of_another_kind_is_left_alone() {
    let mut victim = Victim::start().await;
    let identity = Identity::from_seed([77; 32]);
    let mut other = swarm(&identity, ping::Behaviour::default());
    other.listen_on(multiaddr(loopback())).unwrap();
    let (told, addr) = oneshot::channel();
    let (dialled, mut dials) = mpsc::channel(16);
    tokio::spawn(async move {
        let mut told = Some(told);
        loop {
            match other.select_next_some().await {
                SwarmEvent::NewListenAddr { address, .. } => {
                    let _ = told.take().unwrap().send(crate::address::socket_addr(&address).unwrap());
                }
                SwarmEvent::ConnectionEstablished { .. } => dialled.send("up").await.unwrap(),
                SwarmEvent::ConnectionClosed { .. } => dialled.send("down").await.unwrap(),
                _ => {}
            }
        }
    });
    let addr = addr.await.unwrap();
    victim.net.dial(Some(identity.node()), addr);
    assert_eq!((dials.recv().await, dials.recv().await), (Some("up"), Some("down")));
    victim.net.dial(Some(identity.node()), addr);
    assert!(matches!(victim.next().await, NetEvent::Unreachable { .. }));
    assert!(dials.try_recv().is_err(), "it is not dialled again");
}

#[tokio::test]
async fn a_flood_of_messages_is_read_no_faster_than_the_bound_and_others_are_heard() {
    let mut victim = Victim::start().await;
    let mut attacker = Attacker::connect(&victim).await;
    attacker.greet().await;
    let start = Instant::now();
    let flood = tokio::spawn(async move {
        let batch: Vec<u8> = (0..100).flat_map(|name| wire::encode(&join(name))).collect();
        while attacker.control.write_all(&batch).await.is_ok() {}
    });
    let mut heard = 0;
    while start.elapsed() < Duration::from_millis(1500) {
        heard += u128::from(matches!(victim.next().await, NetEvent::Message { .. }));
    }
    let most = 4_000 + 2 * start.elapsed().as_millis();
    assert!(heard <= most + 10 && heard > 4_000, "{heard} of at most {most}");
    victim.must_be_well().await;
    flood.abort();
}

/// The engine takes no events at all: what a peer can send before it is stopped does not depend on the peer.
#[tokio::test]
async fn a_busy_engine_stops_its_peers() {
    let victim = Victim::start().await;
    let mut attacker = Attacker::connect(&victim).await;
    attacker.greet().await;
    let batch: Vec<u8> = (0..1000).flat_map(|name| wire::encode(&join(name))).collect();
    let mut sent = 0;
    while tokio::time::timeout(Duration::from_millis(500), attacker.control.write_all(&batch)).await.is_ok() {
        sent += batch.len();
        assert!(sent < 4 << 20, "it goes on and on");
    }
    assert_eq!(victim.events.len(), EVENTS_MAX);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_disconnected_and_nobody_waits_for_it() {
    let mut victim = Victim::start().await;
    let mut attacker = Attacker::connect(&victim).await;
    attacker.greet().await;
    while !matches!(victim.next().await, NetEvent::Up { .. }) {}
    let lazy = Identity::from_seed([66; 32]).node();
    // Far more than all windows and buffers on the way hold.
    let ask = |first| Message::ManifestAsk { content: ContentId::new([1; 32]), first };
    let start = Instant::now();
    for batch in 0..200 {
        (0..500).for_each(|first| victim.net.send(lazy, ask(first + batch)));
        tokio::task::yield_now().await;
    }
    assert!(start.elapsed() < Duration::from_secs(2), "sending does not wait");
    assert_eq!(victim.until_down().await, CloseReason::Overflow { queue: MESSAGES_MAX });
    victim.must_be_well().await;
}

/// The key proves who it is, and nothing that it says about itself.
#[tokio::test]
async fn a_peer_is_known_by_its_key_and_dialled_where_it_was_seen() {
    let mut victim = Victim::start().await;
    let mut attacker = Attacker::connect(&victim).await;
    attacker.greet().await;
    let NetEvent::Up { node, addr, .. } = victim.next().await else { panic!("up first") };
    assert_eq!(node, Identity::from_seed([66; 32]).node());
    assert_eq!((addr.ip(), addr.port()), (loopback().ip(), 0), "it said that it takes no connections");
    // The victim answers on the stream that the attacker opened.
    let mut prefix = [0; wire::PREFIX_SIZE];
    attacker.control.read_exact(&mut prefix).await.unwrap();
    assert!(wire::body_len(prefix).unwrap() > 0);
}
