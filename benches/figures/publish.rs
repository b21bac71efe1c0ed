//! `publish` beside SHA-256 alone: what reading, threads and writing the piece hash file add.

use std::process::Command;
use std::time::Instant;

use anyhow::Result;
use sha2::{Digest, Sha256};

use crate::machine::cores;
use crate::process::{Cost, Running, is_installed};
use crate::programs::swarmline;
use crate::table::{Table, skipped};
use crate::workshop::{Input, Workshop};

pub(crate) fn measure(shop: &Workshop) -> Result<()> {
    let input = shop.input()?;
    let coreutils = is_installed("sha256sum");
    if !coreutils {
        skipped("publish beside sha256sum", "sha256sum is not installed");
    }
    let (mut ours, mut raw, mut sum) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..shop.options.pairs {
        let mut publish = swarmline();
        publish.args(["publish", "--json"]).arg(&input.path);
        ours.push(run(shop, &mut publish)?);
        raw.push(hash_memory(input.bytes));
        if coreutils {
            sum.push(run(shop, Command::new("sha256sum").arg(&input.path))?);
        }
    }
    compare(&input, "SHA-256 alone, all cores", &ours, &raw);
    if coreutils {
        compare(&input, "sha256sum", &ours, &sum);
    }
    Ok(())
}

fn run(shop: &Workshop, command: &mut Command) -> Result<Cost> {
    Running::start(command, shop.path("publish.log"))?.end()
}

/// Hashes so many bytes on all cores, each out of its cache.
fn hash_memory(bytes: u64) -> Cost {
    let cores = cores();
    let blocks = (bytes >> 20) / cores as u64;
    let hash = || {
        let (block, began) = (vec![7; 1 << 20], Instant::now());
        for _ in 0..blocks {
            std::hint::black_box(Sha256::digest(std::hint::black_box(&block)));
        }
        began.elapsed().as_secs_f64()
    };
    let took: Vec<f64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(hash)).collect();
        threads.into_iter().map(|thread| thread.join().expect("hashing does not panic")).collect()
    });
    Cost { wall_s: took.iter().copied().fold(0.0, f64::max), cpu_s: took.iter().sum(), peak_mib: 0.0 }
}

fn compare(input: &Input, what: &str, ours: &[Cost], theirs: &[Cost]) {
    let mut table = Table::beside(what);
    let mut line = |what, unit, number: &dyn Fn(&Cost) -> f64| {
        let of = |runs: &[Cost]| runs.iter().map(number).collect::<Vec<_>>();
        table.line(what, unit, &of(ours), &of(theirs));
    };
    line("CPU time", "CPU-s/GiB", &|cost| cost.cpu_s / input.gib());
    line("throughput", "GB/s", &|cost| input.bytes as f64 / 1e9 / cost.wall_s);
    table.print();
}
