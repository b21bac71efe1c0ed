//! The table of the scheduler's targets, for whoever changes the scheduler: builds in seconds, one line a scenario.
//!
//! `cargo run --release -p swarmline-sim --example targets -- [--seeds N] [--seed N] [--verbose] [NAME]... [KEY=VALUE]...`
//! Without names those targets that take a second or two. A name with `/` is a file. `swarmline sim run` says more.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an example reads its arguments, files and a clock"
)]

use std::error::Error;
use std::ops::ControlFlow;
use std::time::Instant;

use swarmline_sim::study::{Metric, Plan, Study};
use swarmline_sim::{Scenario, library};

/// Targets with a hundred peers at most: a run of each takes a second or two.
const QUICK: &[&str] = &[
    "s1", "s2", "x1", "x2", "x3", "x4", "x5-100", "x5-300", "x6", "x7", "a1-60", "a1-600", "p1", "h1",
    "f1-64m", "f1-256m",
];

/// Shown also where nothing is expected of them.
const SHOWN: &[&str] = &["makespan", "origin", "upload_spread", "have", "requests", "lane"];

struct Arguments {
    seed: u64,
    seeds: u32,
    is_verbose: bool,
    names: Vec<String>,
    overrides: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let given = arguments()?;
    for name in &given.names {
        let text = match library::find(name) {
            Some(entry) => entry.text.to_owned(),
            None => std::fs::read_to_string(name).map_err(|error| format!("no scenario {name}: {error}"))?,
        };
        let scenario = Scenario::parse_with(&text, &given.overrides)?;
        let threads = std::thread::available_parallelism()?.get();
        let plan = Plan { seed: given.seed, seeds: given.seeds, threads };
        let begun = Instant::now();
        let study = Study::conduct(&scenario, &plan, &|_| ControlFlow::Continue(()))?;
        let took = begun.elapsed().as_secs_f64();
        let events: u64 = study.outcomes.iter().map(|outcome| outcome.events).sum();
        println!("{name:8} {took:6.1} s {:6.1} M events", events as f64 / 1e6);
        for metric in study.metrics().iter().filter(|metric| given.is_verbose || is_shown(metric)) {
            println!("    {}", line(metric));
        }
    }
    Ok(())
}

fn is_shown(metric: &Metric) -> bool {
    metric.is_met() == Some(false) || SHOWN.contains(&metric.key.as_str())
}

fn line(metric: &Metric) -> String {
    let verdict = match (metric.target, metric.is_met()) {
        (Some(most), Some(true)) => format!("<= {most}"),
        (Some(most), _) => format!("MISSED: {most}"),
        (None, _) => String::new(),
    };
    format!("{:14} {:9.4} (worst {:9.4}) {verdict}", metric.key, metric.mean(), metric.worst())
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut given =
        Arguments { seed: 1, seeds: 2, is_verbose: false, names: Vec::new(), overrides: Vec::new() };
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{argument} wants a number"));
        match argument.as_str() {
            "--seed" => given.seed = value()?.parse()?,
            "--seeds" => given.seeds = value()?.parse()?,
            "--verbose" => given.is_verbose = true,
            _ if argument.contains('=') => given.overrides.push(argument),
            _ => given.names.push(argument),
        }
    }
    if given.names.is_empty() {
        given.names = QUICK.iter().map(|&name| name.into()).collect();
    }
    Ok(given)
}
