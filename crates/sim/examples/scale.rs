//! What the simulator carries: one line a run with peers, pieces, time, memory and events a second.
//!
//! `cargo run --release -p swarmline-sim --example scale -- [--seed N] [--threads N] NAME [KEY=VALUE]...`
//! A name with `/` is a file. The digest is that of the outcome's JSON: what is faster or smaller must not change it. The
//! peak is that of the whole process, so run one scenario at a time. Peers alive are those whose sites are in memory at
//! once: all of them where sites meet at the origin, otherwise those of as many sites as there are threads.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an example reads its arguments, files and a clock"
)]

use std::error::Error;
use std::io::{self, Write};
use std::time::Instant;

use swarmline_sim::{Options, Outcome, Scenario, Unwatched, library, run_with};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut seed, mut threads) = (1, std::thread::available_parallelism()?.get());
    let (mut name, mut overrides) = (None, Vec::new());
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{argument} wants a number"));
        match argument.as_str() {
            "--seed" => seed = value()?.parse()?,
            "--threads" => threads = value()?.parse()?,
            _ if argument.contains('=') => overrides.push(argument),
            _ => name = Some(argument),
        }
    }
    let name = name.ok_or("which scenario?")?;
    let text = match library::find(&name) {
        Some(entry) => entry.text.to_owned(),
        None => std::fs::read_to_string(&name)?,
    };
    let scenario = Scenario::parse_with(&text, &overrides)?;
    let begun = Instant::now();
    let outcome = run_with(&scenario, Options { threads, ..Options::seeded(seed) }, &mut Unwatched)?;
    let took = begun.elapsed().as_secs_f64();
    let (peak_kib, cpu_s) = (peak_kib()?, cpu_s()?);
    println!("{}; {cpu_s:.1} CPU s", line(&scenario, &outcome, threads, took, peak_kib)?);
    Ok(())
}

fn line(
    scenario: &Scenario,
    outcome: &Outcome,
    threads: usize,
    took_s: f64,
    peak_kib: f64,
) -> Result<String, Box<dyn Error>> {
    let pieces: u64 = outcome.contents.iter().map(|content| u64::from(content.pieces)).sum();
    let mut of_sites: Vec<u64> =
        scenario.site.iter().flat_map(|site| (0..site.count).map(|_| site.hosts())).collect();
    of_sites.sort_unstable_by(|a, b| b.cmp(a));
    let at_once = if scenario.origin.egress.bytes_per_s().is_some() { of_sites.len() } else { threads };
    let alive: u64 = of_sites.iter().take(at_once).sum();
    Ok(format!(
        "{} seed {}: {} peers, {pieces} pieces; {took_s:.1} s on {threads} threads, {:.2} M events, {:.0} k events/s; \
         peak {:.0} MiB, {:.1} KiB for each of {alive} peers alive; makespan {:.4}, origin {:.4}, unfinished {}; \
         digest {:016x}",
        scenario.name,
        outcome.seed,
        of_sites.iter().sum::<u64>(),
        outcome.events as f64 / 1e6,
        outcome.events as f64 / 1e3 / took_s,
        peak_kib / 1024.0,
        peak_kib / alive.max(1) as f64,
        outcome.total.makespan,
        outcome.total.origin,
        outcome.total.unfinished,
        digest(outcome)?,
    ))
}

/// Most memory that the process had at once.
fn peak_kib() -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number =
        peak.and_then(|peak| peak.split_whitespace().next()).ok_or("the kernel does not tell the peak")?;
    Ok(number.parse()?)
}

/// Processor time of all threads, of the program and in the kernel for it.
fn cpu_s() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may hold anything, the 12th and 13th field, in hundredths of a second.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}

fn digest(outcome: &Outcome) -> Result<u64, serde_json::Error> {
    let mut digest = Fnv(0xcbf2_9ce4_8422_2325);
    serde_json::to_writer(&mut digest, outcome)?;
    Ok(digest.0)
}

/// FNV-1a of all that is written: enough to see whether two outcomes are the same.
struct Fnv(u64);

impl Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
