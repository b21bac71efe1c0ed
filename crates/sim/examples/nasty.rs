//! Nasty scenarios, on past those that show a fault: lists all of these, and the slowest of the others.
//!
//! How slow one is: seconds from the last trouble (arrivals, crashes and returns, outages, cuts, policy) to the last
//! completion, over what the whole of the contents takes on the slowest line of the scenario, and five seconds.
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

use swarmline_scheduler::{Limit, TimeOfDay};
use swarmline_sim::scenario::{Cap, PeerPlan, When, nasty};
use swarmline_sim::{Outcome, Scenario, Unwatched, run};

#[derive(Default)]
struct Seen {
    faults: Vec<(u64, String)>,
    /// How slow, the seed, when the last trouble was over, and when all were done.
    times: Vec<(f64, u64, f64, f64)>,
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
    for (slow, seed, calm_s, done_s) in seen.times.iter().take(slowest) {
        println!("{seed}: {slow:.2}, quiet from {calm_s:.1} s on, done after {done_s:.1} s");
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
    let scenario = nasty(seed);
    let ended = catch_unwind(|| run(&scenario, seed, &mut Unwatched));
    let mut seen = seen.lock().expect("nothing panics while it is held");
    match ended {
        Err(_) => seen.faults.push((seed, "it panicked".into())),
        Ok(Err(broken)) => seen.faults.push((seed, broken.to_string())),
        Ok(Ok(outcome)) => {
            let total = &outcome.total;
            seen.events += outcome.events;
            let counts = outcome.completions.peers.iter().filter(|peer| peer.behaviour.is_honest());
            let done_s = counts.filter_map(|peer| peer.done_s).fold(0.0, f64::max);
            let calm_s = calm_s(&scenario, &outcome);
            let slow = (done_s - calm_s) / (slowest_line_s(&scenario) + 5.0);
            seen.times.push((slow, seed, calm_s, done_s));
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

/// When the last trouble is over, and nobody is to wait any longer.
fn calm_s(scenario: &Scenario, outcome: &Outcome) -> f64 {
    let latest = |when: Option<When>| match when {
        Some(When::Spans(_, to)) => to.0.as_secs_f64(),
        _ => 0.0,
    };
    let arrived = outcome.completions.peers.iter().map(|peer| peer.arrived_s).fold(0.0, f64::max);
    let started = scenario.content.iter().map(|content| content.start.0.as_secs_f64()).fold(0.0, f64::max);
    let ended = |peer: &PeerPlan| latest(peer.ends) + latest(peer.back) + waits_s(peer, scenario.clock.0);
    let peers = plans(scenario).map(ended).fold(0.0, f64::max);
    let retry =
        |outage: &swarmline_sim::scenario::Outage| outage.retry_after.map_or(0.0, |it| it.0.as_secs_f64());
    let outages = scenario.outage.iter().map(|outage| outage.until.0.as_secs_f64() + retry(outage));
    let cuts = scenario.partition.iter().map(|cut| cut.until.0.as_secs_f64());
    let network = &scenario.network;
    let unknown = if network.unknown.get() > 0.0 { network.unknown_for.0.as_secs_f64() } else { 0.0 };
    outages.chain(cuts).fold((arrived + started + peers).max(unknown), f64::max)
}

fn plans(scenario: &Scenario) -> impl Iterator<Item = &PeerPlan> {
    std::iter::once(&scenario.peer).chain(scenario.group.iter().map(|group| &group.peer))
}

/// How long policy may keep a peer from the origin.
fn waits_s(peer: &PeerPlan, clock: TimeOfDay) -> f64 {
    let delays = [peer.foreground_delay, peer.background_delay].into_iter().flatten();
    let delay_s = delays.map(|delay| delay.0.as_secs_f64()).fold(0.0, f64::max);
    let forbids =
        [peer.foreground_limit_in_hours, peer.background_limit_in_hours].contains(&Some(Cap(Limit::Nothing)));
    let hours = peer.hours.filter(|hours| forbids && hours.0.contains(clock));
    delay_s + hours.map_or(0.0, |hours| hours.0.lasts(clock).as_secs_f64())
}

/// What all contents take on the slowest line that anybody has.
fn slowest_line_s(scenario: &Scenario) -> f64 {
    let site = &scenario.site[0];
    let bytes: u64 = scenario.content.iter().map(|content| content.size.0).sum();
    let of_peers = plans(scenario).flat_map(|peer| [peer.down, peer.disk, peer.download_limit]).flatten();
    let lines = of_peers.chain([site.wan, site.lan, site.connection]).filter_map(|line| line.bytes_per_s());
    let caps = plans(scenario).flat_map(|peer| {
        let in_hours = [peer.foreground_limit_in_hours, peer.background_limit_in_hours];
        [peer.foreground_limit, peer.background_limit].into_iter().chain(in_hours).flatten()
    });
    let wan = site.wan.bytes_per_s().unwrap_or(u64::MAX);
    let caps = caps.filter_map(|cap| match cap.0 {
        Limit::Rate(rate) => Some(rate.as_bytes_per_s()),
        Limit::Percent(percent) => Some(wan / 100 * u64::from(percent)),
        _ => None,
    });
    let egress = scenario.origin.egress.bytes_per_s().map(|rate| rate / u64::from(site.count));
    let slowest = lines.chain(caps).chain(egress).min().unwrap_or(u64::MAX);
    let in_cell = scenario.group.iter().any(|group| group.peer.wifi == Some(true));
    let cell = site.cell.bytes_per_s().filter(|_| in_cell).unwrap_or(u64::MAX) / u64::from(site.peers);
    bytes as f64 / slowest.min(cell) as f64
}
