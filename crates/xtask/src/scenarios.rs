//! All scenarios that come with the program, held against their targets: `cargo xtask scenarios`.
//!
//! Runs `swarmline sim run` on each file and reads what it says; decides which are run and how the result is shown. What
//! a target is, and whether it is met, is the program's business.

mod row;
mod table;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::workspace::{Workspace, output, shown};
use row::Row;

/// Where the scenarios lie, from the root.
const FOLDER: &str = "simulations/";
/// Where the report is written, from the root.
const REPORT: &str = "simulations/REPORT.md";

/// Options of `scenarios`.
#[derive(clap::Args)]
#[command(after_help = "\
Exit codes:
   0  all were run; with --check, and every target is met
   1  one could not be run; with --check, or a target is missed

Examples:
  cargo xtask scenarios --check
  cargo xtask scenarios --only s1 --only s2 --seeds 1
  cargo xtask scenarios --write          # the report that is committed")]
pub(crate) struct Options {
    /// Run this one alone (may be repeated): the name of its file, without `.toml`
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Leave this one out (may be repeated)
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,
    /// How many seeds [default: what each scenario asks for]
    #[arg(long, value_name = "N")]
    seeds: Option<u32>,
    /// The swarmline program [default: built now, in release mode]
    #[arg(long, value_name = "PATH")]
    bin: Option<PathBuf>,
    /// Keep what each run says in this folder, and take from there what an earlier call has run with this program:
    /// all take two hours
    #[arg(long, value_name = "FOLDER")]
    resume: Option<PathBuf>,
    /// Fail when a target is missed
    #[arg(long)]
    check: bool,
    /// Write the report to simulations/REPORT.md
    #[arg(long)]
    write: bool,
}

/// Runs them one after another; each uses all cores.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let files = chosen(&workspace.files()?, options)?;
    let program = match &options.bin {
        Some(path) => path.canonicalize().with_context(|| format!("--bin: no program {}", path.display()))?,
        None => build(workspace)?,
    };
    let mut rows = Vec::new();
    for file in &files {
        let row = match &options.resume {
            Some(folder) => Row::resumed(folder, &program, workspace, file, options.seeds)?,
            None => Row::measure(&program, workspace, file, options.seeds)?,
        };
        eprintln!("{}", row.line());
        rows.push(row);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let report = table::markdown(&rows, &command(options), cores);
    println!("{report}");
    if options.write {
        std::fs::write(workspace.root().join(REPORT), format!("{report}\n"))
            .with_context(|| format!("cannot write {REPORT}"))?;
    }
    let failed = rows.iter().any(Row::is_broken) || (options.check && rows.iter().any(Row::is_missed));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The files to run: users' questions first, then targets, each by name.
fn chosen(files: &[String], options: &Options) -> Result<Vec<String>> {
    let mut scenarios: Vec<String> =
        files.iter().filter(|path| path.starts_with(FOLDER) && path.ends_with(".toml")).cloned().collect();
    let known: Vec<&str> = scenarios.iter().map(|path| stem(path)).collect();
    for name in options.only.iter().chain(&options.without) {
        ensure!(known.contains(&name.as_str()), "no scenario {name}; there are {}", known.join(", "));
    }
    scenarios.retain(|path| {
        let name = stem(path).to_owned();
        (options.only.is_empty() || options.only.contains(&name)) && !options.without.contains(&name)
    });
    scenarios.sort_by_key(|path| (path.matches('/').count(), path.clone()));
    Ok(scenarios)
}

fn stem(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.trim_end_matches(".toml")
}

fn command(options: &Options) -> String {
    let mut out = String::from("cargo xtask scenarios");
    options.only.iter().for_each(|name| out += &format!(" --only {name}"));
    options.without.iter().for_each(|name| out += &format!(" --without {name}"));
    options.seeds.iter().for_each(|seeds| out += &format!(" --seeds {seeds}"));
    if options.write { out + " --write" } else { out }
}

/// Builds the program in release mode and gives its path.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--package", "swarmline-cli", "--bin", "swarmline"]);
    let status = cargo.status().with_context(|| format!("cannot start `{}`", shown(&cargo)))?;
    ensure!(status.success(), "repeat with: {}", shown(&cargo));
    let metadata = output(workspace.cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).context("cannot read cargo metadata")?;
    let target = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(target).join("release/swarmline"))
}

/// A run of the program on one scenario.
fn simulate(program: &std::path::Path, workspace: &Workspace, file: &str, seeds: Option<u32>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace.root()).args(["sim", "run", file, "--json"]);
    if let Some(seeds) = seeds {
        command.arg("--seeds").arg(seeds.to_string());
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(only: &[&str], without: &[&str]) -> Options {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Options {
            only: names(only),
            without: names(without),
            seeds: None,
            bin: None,
            resume: None,
            check: false,
            write: false,
        }
    }

    #[test]
    fn questions_come_before_targets() {
        let files: Vec<String> = [
            "simulations/REPORT.md",
            "simulations/targets/s1.toml",
            "simulations/office.toml",
            "Cargo.toml",
            "simulations/company.toml",
        ]
        .map(Into::into)
        .into();
        let names = |only: &[&str], without: &[&str]| {
            let chosen = chosen(&files, &options(only, without)).map_err(|error| error.to_string())?;
            Ok::<_, String>(chosen.iter().map(|path| stem(path)).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(names(&[], &[]).as_deref(), Ok("company office s1"));
        assert_eq!(names(&["s1", "office"], &["office"]).as_deref(), Ok("s1"));
        assert_eq!(names(&["s9"], &[]).unwrap_err(), "no scenario s9; there are s1, office, company");
    }
}
