//! A node that misbehaves on purpose, for measuring what that costs the others.
//!
//! ```text
//! cargo run --release -p swarmline-engine --example hostile -- corrupt FILE.phf [NUMBER]
//! cargo run --release -p swarmline-engine --example hostile -- stall FILE.phf [NUMBER]
//! ```
//!
//! It finds others by mDNS, tells everybody that it has the whole content, and then sends wrong bytes (`corrupt`) or
//! nothing at all (`stall`). NUMBER tells several of them apart. It prints a line of JSON when it can be reached, and
//! goes on until it is ended. The tests of the engine meet the same strangers over loopback.

#![allow(clippy::unwrap_used, reason = "a program for people, who see where it stops")]
#![allow(clippy::print_stdout, reason = "it says when it is ready")]

#[path = "../tests/support/mod.rs"]
mod support;

use swarmline_net::NetConfig;
use swarmline_proto::Manifest;

use support::{Stranger, boaster, send_noise, stay_silent};

/// The first byte of the seeds of all of them; nodes that behave have random ones.
const SEED: u8 = 0x68;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (how, phf, number) = match arguments[..] {
        [how @ ("corrupt" | "stall"), phf] => (how, phf, 0),
        [how @ ("corrupt" | "stall"), phf, number] => (how, phf, number.parse().unwrap()),
        _ => panic!("arguments: corrupt|stall FILE.phf [NUMBER]"),
    };
    let manifest = Manifest::parse_phf(&std::fs::read(phf).unwrap()).unwrap();
    let stranger = start(how, &manifest, number).await;
    println!(r#"{{"event":"ready","node":"{}"}}"#, stranger.net.node());
    std::future::pending().await
}

/// Reachable on every network of this host.
async fn start(how: &str, manifest: &Manifest, number: u8) -> Stranger {
    let mut seed = [number; 32];
    seed[0] = SEED;
    let config = NetConfig::new(seed);
    match how {
        "corrupt" => boaster(config, manifest, send_noise).await,
        _ => boaster(config, manifest, stay_silent).await,
    }
}
