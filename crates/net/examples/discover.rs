//! Looks for nodes on the local networks for some seconds and tells when it met each.
//!
//! `discover SEED [SECONDS]`: a number from 0 to 255 that makes the node's key.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people, who see where it stops")]

use std::time::{Duration, Instant};

use swarmline_net::{Net, NetConfig, NetEvent};

#[tokio::main]
async fn main() {
    let start = Instant::now();
    let mut args = std::env::args().skip(1).map(|text| text.parse().unwrap());
    let seed = args.next().unwrap();
    let seconds = u64::from(args.next().unwrap_or(10));
    let (net, mut events) = Net::start(NetConfig::new([seed; 32])).await.unwrap();
    net.set_active(true);
    println!("{} listens on {:?}", net.node().short(), net.listen_addrs());
    let look = async {
        while let Some(event) = events.recv().await {
            let at = start.elapsed();
            match event {
                NetEvent::Found { node, addr } => {
                    println!("{at:?}: found {} at {addr}", node.unwrap().short());
                    net.dial(node, addr);
                }
                NetEvent::Up { node, addr, .. } => println!("{at:?}: met {} at {addr}", node.short()),
                NetEvent::Down { node, why, .. } => println!("{at:?}: lost {}: {why}", node.short()),
                other => println!("{at:?}: {other:?}"),
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(seconds), look).await;
    net.shutdown().await;
}
