//! A daemon that has nothing to do: its memory, and the CPU time that its timers and its peers' cost.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::process::Running;
use crate::programs::{add, connected, daemon, nginx, nginx_is_missing};
use crate::table::{Table, skipped};
use crate::workshop::Workshop;

pub(crate) fn measure(shop: &Workshop) -> Result<()> {
    let span = Duration::from_secs(if shop.options.smoke { 1 } else { 10 });
    let state = sharing(shop, "idle")?;
    let (node, addr) = daemon(shop, &state, &[])?;
    let alone = observe(&node, span)?;
    let others = ["other-1", "other-2"];
    let others: Vec<_> = others
        .into_iter()
        .map(|name| Ok(daemon(shop, &sharing(shop, name)?, &[addr])?.0))
        .collect::<Result<_>>()?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while connected(&state)? < others.len() {
        ensure!(Instant::now() < deadline, "the other daemons do not connect");
        std::thread::sleep(Duration::from_millis(50));
    }
    let in_company = observe(&node, span)?;
    let beside = match nginx_is_missing() {
        None => Some(observe(&nginx(shop, &state)?.0, span)?),
        Some(reason) => {
            skipped("idle beside nginx", reason);
            None
        }
    };
    let mut table = Table::beside("nginx, one process");
    for (what, ours) in [("alone", &alone), ("with 2 peers", &in_company)] {
        let number = |of: fn(&Idle) -> f64| beside.as_ref().map(of).into_iter().collect::<Vec<_>>();
        table.line(format!("memory {what}"), "MiB", &[ours.resident_mib], &number(|idle| idle.resident_mib));
        table.line(format!("CPU time {what}"), "ms per s", &[ours.cpu_ms_per_s], &[]);
    }
    table.print();
    Ok(())
}

struct Idle {
    resident_mib: f64,
    cpu_ms_per_s: f64,
}

/// Looks at a process for a while, a moment after whatever woke it last.
fn observe(process: &Running, span: Duration) -> Result<Idle> {
    std::thread::sleep(SETTLE);
    let before = process.cpu_of_threads_s()?;
    std::thread::sleep(span);
    // A thread that ends takes its count with it; those that idle processes end have done nothing for long.
    let since = |(thread, cpu_s)| cpu_s - before.get(&thread).unwrap_or(&0.0);
    let cpu_s: f64 = process.cpu_of_threads_s()?.into_iter().map(since).sum();
    Ok(Idle { resident_mib: process.resident_mib()?, cpu_ms_per_s: cpu_s * 1e3 / span.as_secs_f64() })
}

/// A state directory with one small file to offer, the same in all: something to talk about.
fn sharing(shop: &Workshop, name: &str) -> Result<PathBuf> {
    let (state, file) = (shop.empty_dir(name)?, shop.path(&format!("file-of-{name}")));
    std::fs::write(&file, vec![1; 3 << 20])?;
    crate::programs::publish(&file)?;
    add(&file, &state)?;
    Ok(state)
}

/// How long a process is left alone before it is looked at.
const SETTLE: Duration = Duration::from_secs(1);
