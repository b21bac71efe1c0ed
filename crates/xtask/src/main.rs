//! The project's own commands: `cargo xtask <command>`.
//!
//! What a reviewer would otherwise check by eye, what CI runs, and the office in network namespaces in which whole
//! nodes are measured. Uses no crate of the product, so it builds in seconds and works while they do not.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program talks on its output")]

mod finding;
mod workspace;

mod com_api;
mod layers;
mod tidy;

mod ci;

mod netns;
mod origin;

mod summary;

mod lan;

mod scenarios;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use workspace::Workspace;

/// The project's own commands. docs/hacking.md tells when to use which.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run all that CI runs, in its order, and stop at the first failure
    Ci(ci::Options),
    /// Check which crate may use which: the floors, and that the pure crates stay pure
    Layers,
    /// Check the texts of the tree: white space, names, leftovers, links, dependency lists
    Tidy,
    /// Write the tables of docs/com-api.md anew from the code
    ComApi,
    /// Measure nodes on a small office network made of network namespaces (needs root)
    Lan(Box<lan::Options>),
    /// Simulate all scenarios of simulations/ and hold them against their targets
    Scenarios(scenarios::Options),
    /// Serve one folder over HTTP until standard input closes
    #[command(hide = true)]
    LanOrigin(origin::Options),
    /// Remove what a run left behind as soon as standard input closes
    #[command(hide = true)]
    LanReaper(netns::reaper::Options),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Ci(options) => ci::run(&Workspace::find()?, &options)?,
        Command::Layers => layers::run(&Workspace::find()?)?,
        Command::Tidy => tidy::run(&Workspace::find()?)?,
        Command::ComApi => com_api::run(&Workspace::find()?)?,
        Command::Lan(options) => return lan::run(&options),
        Command::Scenarios(options) => return scenarios::run(&Workspace::find()?, &options),
        Command::LanOrigin(options) => origin::run(&options)?,
        Command::LanReaper(options) => netns::reaper::run(&options)?,
    }
    Ok(ExitCode::SUCCESS)
}
