//! Whole nodes, measured on an office network of namespaces.
//!
//! Every host starts the same command at the same moment and wants the same file from one origin behind a slow line.
//! Decides what is run and what a good run is; [`netns`] builds the network.

mod program;
mod quantity;

mod plan;
mod report;

mod node;
mod office;

use std::process::ExitCode;

use anyhow::Result;

pub(crate) use plan::Options;

use crate::netns;
use plan::Plan;

/// The exit code that says: not measured, this machine cannot. Test programs show it as a skip.
const CANNOT: u8 = 77;

/// Runs one scenario and prints its report.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if let Some(obstacle) = netns::obstacle() {
        eprintln!("not measured: {obstacle}");
        return Ok(ExitCode::from(CANNOT));
    }
    let plan = Plan::new(options)?;
    let report = office::measure(&plan)?;
    if options.json() {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{report}");
    }
    let failures = report.failures(&plan, options.check());
    for failure in &failures {
        eprintln!("failed: {failure}");
    }
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
