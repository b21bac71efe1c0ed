//! Moves memory from one node to another over loopback and says what it costs.
//!
//! `cargo run --release -p swarmline-net --example throughput -- [MIB] [IN_FLIGHT] [fast|stock]`

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people, who see where it stops")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use swarmline_net::{Discovery, Net, NetConfig, NetEvent, Transport};
use swarmline_types::message::{BlockRequest, ContentMessage, Message, WireRequest};
use swarmline_types::{ContentId, NodeId, PieceLayout};
use tokio::sync::mpsc::Receiver;

const MIB: u32 = 1 << 20;
const CONTENT: ContentId = ContentId::new([1; 32]);

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let mut number = |default: u32| args.next().map_or(default, |text| text.parse().unwrap());
    let (count, in_flight) = (number(4096), number(2));
    let transport = if args.next().as_deref() == Some("stock") { Transport::Stock } else { Transport::Fast };
    let (taker, mut taker_events) = start(1, transport).await;
    let (giver, giver_events) = start(2, transport).await;
    taker.dial(Some(giver.node()), giver.listen_addrs()[0]);
    while !matches!(taker_events.recv().await.unwrap(), NetEvent::Up { .. }) {}
    tokio::spawn(give(giver.clone(), giver_events));

    take(&taker, &mut taker_events, giver.node(), 256.min(count), in_flight).await;
    let (cpu, start) = (cpu_time(), Instant::now());
    take(&taker, &mut taker_events, giver.node(), count, in_flight).await;
    let (cpu, wall) = (cpu_time() - cpu, start.elapsed());
    let bytes = f64::from(count) * f64::from(MIB);
    println!(
        "{transport:?} {count} MiB, {in_flight} in flight: {:.2} GB/s, {:.3} CPU-s/GiB, peak {} MiB",
        bytes / wall.as_secs_f64() / 1e9,
        cpu.as_secs_f64() / (bytes / f64::from(1 << 30)),
        peak_mib(),
    );
}

async fn start(seed: u8, transport: Transport) -> (Net, Receiver<NetEvent>) {
    let mut config = NetConfig::new([seed; 32]);
    config.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    config.discovery = Discovery::Off;
    config.transport = transport;
    Net::start(config).await.unwrap()
}

fn layout() -> PieceLayout {
    PieceLayout::new(u64::from(MIB), MIB).unwrap()
}

async fn give(net: Net, mut events: Receiver<NetEvent>) {
    let piece = Bytes::from(vec![7; MIB as usize]);
    while let Some(event) = events.recv().await {
        if let NetEvent::Message { from, message: Message::About { body, .. } } = event
            && let ContentMessage::Request(block) = body.check(&layout()).unwrap()
        {
            net.serve(from, block.request, piece.clone());
        }
    }
}

async fn take(net: &Net, events: &mut Receiver<NetEvent>, from: NodeId, count: u32, in_flight: u32) {
    let piece = layout().piece(0).unwrap();
    let ask = |name| {
        let block = BlockRequest { request: WireRequest(name), piece, offset: 0, size: MIB };
        net.request(from, CONTENT, block);
    };
    (0..in_flight).for_each(ask);
    let mut next = in_flight;
    let mut arrived = 0;
    while arrived < count {
        match events.recv().await.unwrap() {
            NetEvent::Arrived { .. } => {
                arrived += 1;
                if next < count {
                    ask(next);
                    next += 1;
                }
            }
            NetEvent::Down { why, .. } => panic!("{why}"),
            _ => {}
        }
    }
}

/// User and system time of this process.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}
