//! How long a control message takes while bulk goes the same way.
//!
//! On one host `delay give 10.0.0.1:7000 [fast|stock]`, on the other `delay take 10.0.0.1:7000 [fast|stock] [SECONDS]`:
//! it keeps four requests of 1 MiB in flight, asks a question every 50 ms, and prints as JSON how long the answers took,
//! which travel with the bulk. Beside it lone UDP packets go to and fro: how long they take is what the queues of the
//! way cost everybody, and no sender can help.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people, who see where it stops")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use swarmline_net::{Discovery, Net, NetConfig, NetEvent, Transport};
use swarmline_types::message::{BlockRequest, ContentMessage, Message, WireRequest};
use swarmline_types::{ContentId, NodeId, PieceLayout};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

const MIB: u32 = 1 << 20;
const CONTENT: ContentId = ContentId::new([1; 32]);

#[tokio::main]
async fn main() {
    let args: Vec<_> = std::env::args().collect();
    let addr: SocketAddr = args[2].parse().unwrap();
    let mut config = NetConfig::new([u8::from(args[1] == "give"); 32]);
    config.discovery = Discovery::Off;
    if args.get(3).is_some_and(|text| text == "stock") {
        config.transport = Transport::Stock;
    }
    if args[1] == "give" {
        config.listen = vec![addr];
    }
    let (net, mut events) = Net::start(config).await.unwrap();
    if args[1] == "give" {
        tokio::spawn(echo(addr));
        return give(&net, &mut events).await;
    }
    net.dial(None, addr);
    let giver = loop {
        match events.recv().await.unwrap() {
            NetEvent::Up { node, .. } => break node,
            // It may not listen yet.
            NetEvent::Unreachable { .. } => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                net.dial(None, addr);
            }
            _ => {}
        }
    };
    let seconds = args.get(4).map_or(10, |text| text.parse().unwrap());
    let span = Duration::from_secs(seconds);
    let packets = tokio::spawn(probe(addr, span));
    let (answers, bulk_mbit_per_s) = take(&net, &mut events, giver, span).await;
    let packets = packets.await.unwrap();
    println!(
        r#"{{"bulk_mbit_per_s":{bulk_mbit_per_s:.2},"answers":{},"median_ms":{:.2},"p99_ms":{:.2},"packet_median_ms":{:.2}}}"#,
        answers.len(),
        at_ms(&answers, 50),
        at_ms(&answers, 99),
        at_ms(&packets, 50),
    );
}

/// Sends every UDP packet back.
async fn echo(addr: SocketAddr) {
    let socket = UdpSocket::bind(addr).await.unwrap();
    let mut packet = [0; 64];
    loop {
        let (size, from) = socket.recv_from(&mut packet).await.unwrap();
        socket.send_to(&packet[..size], from).await.unwrap();
    }
}

/// How long lone packets take, ascending. Lost ones do not count.
async fn probe(addr: SocketAddr, span: Duration) -> Vec<Duration> {
    let socket = UdpSocket::bind("0.0.0.0:0").await.unwrap();
    socket.connect(addr).await.unwrap();
    let (start, mut every) = (Instant::now(), tokio::time::interval(Duration::from_millis(50)));
    let mut delays = Vec::new();
    for number in 0u32.. {
        every.tick().await;
        if start.elapsed() > span {
            break;
        }
        let sent = Instant::now();
        socket.send(&number.to_be_bytes()).await.unwrap();
        let mut back = [0; 4];
        while let Ok(received) = timeout(Duration::from_millis(500), socket.recv(&mut back)).await {
            received.unwrap();
            if back == number.to_be_bytes() {
                delays.push(sent.elapsed());
                break;
            }
        }
    }
    delays.sort();
    delays
}

fn at_ms(delays: &[Duration], percent: usize) -> f64 {
    delays[(delays.len() - 1) * percent / 100].as_secs_f64() * 1e3
}

fn layout() -> PieceLayout {
    PieceLayout::new(u64::from(MIB), MIB).unwrap()
}

async fn give(net: &Net, events: &mut Receiver<NetEvent>) {
    let piece = Bytes::from(vec![7; MIB as usize]);
    while let Some(event) = events.recv().await {
        let NetEvent::Message { from, message } = event else { continue };
        match message {
            Message::ManifestAsk { first, .. } => {
                let mut content = [0; 32];
                content[..4].copy_from_slice(&first.to_be_bytes());
                net.send(from, Message::Join(ContentId::new(content)));
            }
            Message::About { body, .. } => {
                if let ContentMessage::Request(block) = body.check(&layout()).unwrap() {
                    net.serve(from, block.request, piece.clone());
                }
            }
            _ => {}
        }
    }
}

/// How long answers took, ascending, and Mbit/s of the bulk beside them.
async fn take(
    net: &Net,
    events: &mut Receiver<NetEvent>,
    from: NodeId,
    span: Duration,
) -> (Vec<Duration>, f64) {
    let ask = |name| {
        let piece = layout().piece(0).unwrap();
        net.request(from, CONTENT, BlockRequest { request: WireRequest(name), piece, offset: 0, size: MIB });
    };
    (0..4).for_each(ask);
    let start = Instant::now();
    let mut every = tokio::time::interval(Duration::from_millis(50));
    let (mut pieces, mut question) = (4, 0);
    let mut asked = BTreeMap::new();
    let mut delays = Vec::new();
    while start.elapsed() < span {
        tokio::select! {
            _ = every.tick() => {
                question += 1;
                asked.insert(question, Instant::now());
                net.send(from, Message::ManifestAsk { content: CONTENT, first: question });
            }
            event = events.recv() => match event.unwrap() {
                NetEvent::Arrived { .. } => {
                    ask(pieces);
                    pieces += 1;
                }
                NetEvent::Message { message: Message::Join(content), .. } => {
                    let name = u32::from_be_bytes(*content.as_bytes().first_chunk().unwrap());
                    delays.push(asked.remove(&name).unwrap().elapsed());
                }
                NetEvent::Down { why, .. } => panic!("{why}"),
                _ => {}
            }
        }
    }
    delays.sort();
    (delays, f64::from(pieces - 4) * f64::from(MIB) * 8e-6 / start.elapsed().as_secs_f64())
}
