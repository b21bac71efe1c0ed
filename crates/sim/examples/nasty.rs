//! Nasty scenarios, on past those that show a fault: lists all of these, and the slowest of the others.
//!
//! `cargo run --release -p swarmline-sim --example nasty -- [--seed N] [--seeds N] [--threads N] [--slowest N]`
//! `swarmline sim nasty` stops at the first fault and says more of it.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an example reads its arguments and a clock"
)]

use std::error::Error;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use swarmline_sim::scenario::nasty;
use swarmline_sim::{Unwatched, run};

#[derive(Default)]
struct Seen {
    faults: Vec<(u64, String)>,
    /// Time over the bound, the seed, and the time in seconds.
    times: Vec<(f64, u64, f64)>,
    events: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut first, mut seeds, mut threads, mut slowest) = (0, 1_000, 2, 10);
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        let number: u64 = rest.next().ok_or_else(|| format!("{argument} wants a number"))?.parse()?;
        match argument.as_str() {
            "--seed" => first = number,
            "--seeds" => seeds = number,
            "--threads" => threads = number,
            "--slowest" => slowest = usize::try_from(number)?,
            _ => return Err(format!("{argument}?").into()),
        }
    }
    let (begun, next) = (Instant::now(), AtomicU64::new(first));
    let seen = Mutex::new(Seen::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + seeds {
                return;
            }
            look_at(seed, &seen);
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
    let mut seen = seen.into_inner()?;
    seen.faults.sort();
    seen.times.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (seed, fault) in &seen.faults {
        println!("{seed}: {fault}");
    }
    for (ratio, seed, time_s) in seen.times.iter().take(slowest) {
        println!("{seed}: {ratio:.2} times the bound, {time_s:.1} s");
    }
    println!(
        "{} of {seeds} seeds from {first} on are faulty; {:.1} M events, {:.1} s",
        seen.faults.len(),
        seen.events as f64 / 1e6,
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

fn look_at(seed: u64, seen: &Mutex<Seen>) {
    let ended = catch_unwind(|| run(&nasty(seed), seed, &mut Unwatched));
    let mut seen = seen.lock().expect("nothing panics while it is held");
    match ended {
        Err(_) => seen.faults.push((seed, "it panicked".into())),
        Ok(Err(broken)) => seen.faults.push((seed, broken.to_string())),
        Ok(Ok(outcome)) => {
            let total = &outcome.total;
            seen.events += outcome.events;
            seen.times.push((total.makespan, seed, total.makespan_s));
            if total.unfinished > 0 {
                let fault = format!(
                    "{} of {} stayed unfinished until {:.3} s, {} gave up",
                    total.unfinished, total.peers, outcome.ended_s, total.gave_up
                );
                seen.faults.push((seed, fault));
            }
        }
    }
}
