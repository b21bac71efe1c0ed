//! Whole nodes, measured on office networks of namespaces.
//!
//! Every host starts the same command at its moment and wants the same files from one origin behind slow lines; some
//! misbehave. Which of them, when, and what a good run is, [`scenario`] and [`script`] decide without any network;
//! [`office`] carries it out, on a network that [`netns`] builds.

mod chance;
mod heard;
mod quantity;
mod targets;

mod scenario;
mod script;

mod bound;
mod program;

mod plan;

mod folder;
mod machine;

mod premises;
mod service;

mod node;
mod twin;

mod office;
mod report;

mod table;

use std::process::ExitCode;

use anyhow::{Context, Result};

pub(crate) use plan::Options;

use crate::netns;
use plan::Plan;
use report::Report;

/// The exit code that says: not measured, this machine cannot. Test programs show it as a skip.
const CANNOT: u8 = 77;

/// Runs what is asked for, one after the other, and prints the reports.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if let Some(obstacle) = netns::obstacle() {
        eprintln!("not measured: {obstacle}");
        return Ok(ExitCode::from(CANNOT));
    }
    let plans = options.plans()?;
    let mut reports = Vec::new();
    let mut is_good = true;
    for plan in &plans {
        let report = office::measure(plan)?;
        let failures = failures(plan, &report, options.check());
        print(&report, options.json())?;
        failures.iter().for_each(|failure| eprintln!("failed: {failure}"));
        is_good &= failures.is_empty();
        reports.push(report);
        if let Some(path) = options.table() {
            let table = table::markdown(&reports);
            std::fs::write(path, table).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    if reports.len() > 1 && !options.json() {
        println!("\n{}", table::markdown(&reports).trim_end());
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn failures(plan: &Plan, report: &Report, check: bool) -> Vec<String> {
    let mut failures = report.failures();
    if check {
        failures.extend(report.broken(plan.program.tells()));
    }
    failures
}

fn print(report: &Report, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(report)?);
    } else {
        println!("{report}");
    }
    Ok(())
}
