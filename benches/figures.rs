//! The figures that swarmline is measured by, each beside what one would use otherwise, in the same run.
//!
//! `cargo bench -p swarmline-cli --bench figures [-- NAME… --smoke --dir DIR --pairs N]`
//!
//! Measures the program as its user runs it: processes, real files, loopback. Ours and the baseline take turns, medians
//! are shown, and CPU time comes before wall time, since it is less disturbed by what else the machine does. Whatever
//! cannot be measured here says so in a line that begins with `SKIPPED`. What the figures mean stands in `README.md`.

#![allow(clippy::print_stdout, reason = "a program for people")]

#[path = "figures/machine.rs"]
mod machine;
#[path = "figures/options.rs"]
mod options;
#[path = "figures/table.rs"]
mod table;

#[path = "figures/process.rs"]
mod process;
#[path = "figures/workshop.rs"]
mod workshop;

#[path = "figures/programs.rs"]
mod programs;

#[path = "figures/delay.rs"]
mod delay;
#[path = "figures/idle.rs"]
mod idle;
#[path = "figures/jobs.rs"]
mod jobs;
#[path = "figures/pair.rs"]
mod pair;
#[path = "figures/publish.rs"]
mod publish;
#[path = "figures/small.rs"]
mod small;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use libtest_mimic::{Arguments, Failed, Trial};

use machine::Used;
use options::{BENCH, Options};
use workshop::Workshop;

/// A name, what it measures, and how.
type Figure = (&'static str, &'static str, fn(&Workshop) -> Result<()>);

const FIGURES: [Figure; 6] = [
    ("pair", "one node to another over loopback: encrypted, verified, to disk", pair::measure),
    ("publish", "making a piece hash file of a file in the page cache", publish::measure),
    ("idle", "a daemon that has nothing to do", idle::measure),
    ("small", "`get` of a small file, the whole process", small::measure),
    ("jobs", "a queue of 10 000 jobs: start and list", jobs::measure),
    ("delay", "answers to questions beside bulk on a link of 20 Mbit/s", delay::measure),
];

fn main() -> Result<ExitCode> {
    if let Some(ended) = delay::run_inside() {
        return ended.map(|()| ExitCode::SUCCESS);
    }
    if !std::env::args().any(|arg| arg == BENCH) {
        return Ok(smoke());
    }
    let names = FIGURES.map(|(name, ..)| name);
    let Some(options) = Options::from_args(std::env::args().skip(1), &names)? else {
        return Ok(ExitCode::SUCCESS);
    };
    let workshop = Workshop::open(options)?;
    println!("{}\n", machine::description()?);
    for (name, what, measure) in FIGURES {
        if workshop.options.wants(name) {
            println!("== {name}: {what}");
            let (began, used) = (Instant::now(), Used::by_now()?);
            measure(&workshop).with_context(|| format!("figure {name}"))?;
            let (took, others) = (began.elapsed().as_secs_f64(), used.by_others_since_percent()?);
            println!("   {took:.0} s; others used {others:.0} % of the machine meanwhile\n");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What `cargo test` runs: each figure, tiny, to see that it can be made. The numbers mean nothing.
fn smoke() -> ExitCode {
    let trial = |(name, _, measure): Figure| {
        Trial::test(format!("{name}_can_be_measured"), move || {
            let measured = Workshop::open(Options::smoke()).and_then(|workshop| measure(&workshop));
            measured.map_err(|error| Failed::from(format!("{error:#}")))
        })
    };
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, FIGURES.map(trial).into()).exit_code()
}
