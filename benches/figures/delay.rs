//! How long a control message waits while bulk goes the same way on a slow link, beside libp2p's own transport.
//!
//! Two hosts of a network of our own: the program starts itself again in private namespaces, and all that is built
//! there ends with it. The traffic is that of the example `delay` of the crate `net`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::{is_installed, output};
use crate::table::{Table, skipped};
use crate::workshop::Workshop;

pub(crate) fn measure(shop: &Workshop) -> Result<()> {
    if let Some(reason) = obstacle() {
        skipped("delay", reason);
        return Ok(());
    }
    let seconds = if shop.options.smoke { 1 } else { 10 };
    let mut table = Table::beside("libp2p's stock transport");
    for queue_ms in QUEUES_MS {
        let (mut fast, mut stock) = (Vec::new(), Vec::new());
        for _ in 0..shop.options.pairs {
            fast.push(inside("fast", seconds, queue_ms)?);
            stock.push(inside("stock", seconds, queue_ms)?);
        }
        for (what, unit, field) in [
            ("control, median", "ms", "median_ms"),
            ("control, 99 %", "ms", "p99_ms"),
            ("a lone packet, median", "ms", "packet_median_ms"),
            ("bulk beside it", "Mbit/s", "bulk_mbit_per_s"),
        ] {
            let of = |runs: &[Value]| runs.iter().filter_map(|run| run[field].as_f64()).collect::<Vec<_>>();
            ensure!(of(&fast).len() == fast.len() && of(&stock).len() == stock.len(), "{fast:?} {stock:?}");
            table.line(format!("queue of {queue_ms} ms: {what}"), unit, &of(&fast), &of(&stock));
        }
    }
    table.print();
    Ok(())
}

/// Why it cannot be measured here.
fn obstacle() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("private namespaces need root".into());
    }
    if let Some(program) =
        ["ip", "tc"].into_iter().find(|program| Command::new(program).arg("-V").output().is_err())
    {
        return Some(format!("`{program}` is missing (iproute2)"));
    }
    if !is_installed("unshare") {
        return Some("`unshare` is missing (util-linux)".into());
    }
    if !example().exists() {
        let build = "cargo build --release -p swarmline-net --example delay";
        return Some(format!("its two ends are not built; do so with `{build}`"));
    }
    output(unshare().arg("true")).err().map(|error| format!("no private namespaces here: {error:#}"))
}

/// The program at both ends of the link, where cargo puts it.
fn example() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_swarmline")).with_file_name("examples").join("delay")
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--propagation", "private", "--"]);
    command
}

fn inside(transport: &str, seconds: u32, queue_ms: u32) -> Result<Value> {
    let own = std::env::current_exe()?;
    let said = output(unshare().arg(own).env(INSIDE, format!("{transport} {seconds} {queue_ms}")))?;
    serde_json::from_str(said.trim()).with_context(|| format!("delay said {said:?}"))
}

/// What this program does when it finds itself inside the private namespaces; `None` outside.
pub(crate) fn run_inside() -> Option<Result<()>> {
    let task = std::env::var(INSIDE).ok()?;
    let words: Vec<_> = task.split(' ').collect();
    let [transport, seconds, queue_ms] = words[..] else { return None };
    Some(build_and_measure(transport, seconds, queue_ms))
}

fn build_and_measure(transport: &str, seconds: &str, queue_ms: &str) -> Result<()> {
    // Names of namespaces are files there; these vanish with the mount.
    for line in [
        "mkdir -p /run/netns",
        "mount -t tmpfs none /run/netns",
        "ip netns add giver",
        "ip link add near type veth peer name far netns giver",
        "ip address add 10.98.0.1/24 dev near",
        "ip link set near up",
        "ip -n giver address add 10.98.0.2/24 dev far",
        "ip -n giver link set far up",
        "ip link set lo up",
    ] {
        call(line)?;
    }
    for end in ["-n giver qdisc add dev far", "qdisc add dev near"] {
        call(&format!("tc {end} root tbf {LINK} latency {queue_ms}ms"))?;
    }
    let mut giver = Command::new("ip")
        .args(["netns", "exec", "giver"])
        .arg(example())
        .args(["give", "10.98.0.2:7000", transport])
        .spawn()?;
    let taken = output(Command::new(example()).args(["take", "10.98.0.2:7000", transport, seconds]));
    giver.kill()?;
    giver.wait()?;
    println!("{}", taken?.trim());
    Ok(())
}

fn call(line: &str) -> Result<()> {
    let mut words = line.split_whitespace();
    let program = words.next().context("a command")?;
    output(Command::new(program).args(words)).map(|_| ())
}

/// The link in each direction: a bucket as the office of `cargo xtask lan` has them.
const LINK: &str = "rate 20mbit burst 16384";
/// How long a packet may wait in a router before it is dropped. What a lone packet beside the bulk does not explain is
/// the sender's.
const QUEUES_MS: [u32; 2] = [50, 10];
/// Says in the environment what to do inside.
const INSIDE: &str = "SWARMLINE_FIGURES_INSIDE";
