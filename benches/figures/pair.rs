//! One node gives a file to another: how many CPU-seconds each GiB costs, how fast, with how much memory.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::process::{Cost, Running};
use crate::programs::{add, curl, curl_is_missing, daemon, dead_url, nginx, nginx_is_missing, swarmline};
use crate::table::{Table, skipped};
use crate::workshop::{Input, Workshop};

pub(crate) fn measure(shop: &Workshop) -> Result<()> {
    let input = shop.input()?;
    shop.ensure_room(2 * input.bytes)?;
    let sender_state = shop.empty_dir("sender")?;
    add(&input.path, &sender_state)?;
    let missing = nginx_is_missing().or_else(curl_is_missing);
    if let Some(reason) = missing {
        skipped("pair beside curl from nginx", reason);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..shop.options.pairs {
        ours.push(node_to_node(shop, &input, &sender_state)?);
        if missing.is_none() {
            theirs.push(nginx_to_curl(shop, &input)?);
        }
    }
    report(&input, &ours, &theirs);
    Ok(())
}

/// What both ends of a transfer took. The sender's wall time is not looked at.
struct Both {
    sender: Cost,
    receiver: Cost,
}

fn node_to_node(shop: &Workshop, input: &Input, sender_state: &Path) -> Result<Both> {
    let (sender, addr) = daemon(shop, sender_state, &[])?;
    let out = shop.path("received");
    let mut get = swarmline();
    get.args(["get", &dead_url(input.name())?, "--json", "--hash-of-hashes", &input.hash_of_hashes]);
    get.args(["--serve-for", "0", "--listen", "127.0.0.1:0", "--discovery", "static"]);
    get.arg("--peer").arg(addr.to_string()).arg("-o").arg(&out);
    get.arg("--state-dir").arg(shop.empty_dir("receiver")?);
    let mut memory = shop.warm_memory(input.bytes)?;
    let sender = Watched::from(sender)?;
    let mut receiver = Running::start(&mut get, shop.path("get.log"))?;
    let cost = receiver.end_seen_by(|written| memory.follow(written))?;
    let last = receiver.lines()?.pop().context("get says what it did")?;
    ensure!(last["from_peers"] == input.bytes, "not all bytes came from the peer: {last}");
    let sender = sender.so_far()?;
    std::fs::remove_file(&out)?;
    Ok(Both { sender, receiver: cost })
}

fn nginx_to_curl(shop: &Workshop, input: &Input) -> Result<Both> {
    let root = input.path.parent().context("the input lies in a directory")?;
    let (server, addr) = nginx(shop, root)?;
    let out = shop.path("received");
    let mut command = curl(&format!("http://{addr}/{}", input.name()), &out);
    let mut memory = shop.warm_memory(input.bytes)?;
    let server = Watched::from(server)?;
    let mut receiver = Running::start(&mut command, shop.path("curl.log"))?;
    let receiver = receiver.end_seen_by(|written| memory.follow(written))?;
    ensure!(std::fs::metadata(&out)?.len() == input.bytes, "curl did not fetch all of it");
    let sender = server.so_far()?;
    std::fs::remove_file(&out)?;
    Ok(Both { sender, receiver })
}

/// A server whose CPU time is counted from here on.
struct Watched {
    server: Running,
    cpu_before_s: f64,
}

impl Watched {
    fn from(server: Running) -> Result<Self> {
        Ok(Self { cpu_before_s: server.cpu_s()?, server })
    }

    fn so_far(self) -> Result<Cost> {
        let (cpu_s, peak_mib) = (self.server.cpu_s()? - self.cpu_before_s, self.server.peak_mib()?);
        self.server.stop()?;
        Ok(Cost { wall_s: 0.0, cpu_s, peak_mib })
    }
}

fn report(input: &Input, ours: &[Both], theirs: &[Both]) {
    let mut table = Table::beside("nginx to curl");
    let mut line = |what, unit, number: &dyn Fn(&Both) -> f64| {
        let of = |runs: &[Both]| runs.iter().map(number).collect::<Vec<_>>();
        table.line(what, unit, &of(ours), &of(theirs));
    };
    let gib = input.gib();
    line("sender and receiver", "CPU-s/GiB", &|both| (both.sender.cpu_s + both.receiver.cpu_s) / gib);
    line("sender", "CPU-s/GiB", &|both| both.sender.cpu_s / gib);
    line("receiver", "CPU-s/GiB", &|both| both.receiver.cpu_s / gib);
    line("throughput", "GB/s", &|both| input.bytes as f64 / 1e9 / both.receiver.wall_s);
    line("peak memory of the sender", "MiB", &|both| both.sender.peak_mib);
    line("peak memory of the receiver", "MiB", &|both| both.receiver.peak_mib);
    table.print();
}
