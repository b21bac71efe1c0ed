//! All that CI runs, in its order: cheap checks first, so most failures show within a minute.
//!
//! Each step is a command that one can repeat by hand; a failure prints it. Decides the order and what counts as a
//! failure, not what the checks look for.

mod test_log;

use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use crate::workspace::{Workspace, shown};
use crate::{layers, tidy};
use test_log::TestLog;

/// Set to `1` where a test that cannot run is a failure: CI installs all that tests need.
const NO_SKIP: &str = "SWARMLINE_NO_SKIP";

/// Options of `ci`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run this step alone (may be repeated)
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
}

/// The steps in their order.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Step {
    /// The format is what rustfmt makes of it
    Fmt,
    /// Clippy has nothing to say
    Clippy,
    /// Crates use lower floors, pure crates are pure
    Layers,
    /// The texts of the tree are in order
    Tidy,
    /// All tests pass, and with SWARMLINE_NO_SKIP=1 none was skipped
    Tests,
    /// The documentation builds without a warning
    Docs,
    /// Licences, bans and sources of all dependencies (when cargo-deny is installed)
    Deny,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().expect("no step is hidden").get_name())
    }
}

/// How a step went that did not fail.
enum Outcome {
    Passed,
    /// Not run, and why.
    Skipped(&'static str),
    /// The tests passed; what they counted.
    Tested(TestLog),
}

/// Runs the steps and prints each with its time.
///
/// # Errors
/// The first step that fails, with the command to repeat.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut summary = Vec::new();
    let mut log = None;
    for step in Step::value_variants() {
        if !options.only.is_empty() && !options.only.contains(step) {
            continue;
        }
        println!("== {step}");
        let start = Instant::now();
        let outcome = step.run(workspace);
        let took = start.elapsed();
        let outcome = outcome.with_context(|| format!("step {step} failed after {}", seconds(took)))?;
        let line = match outcome {
            Outcome::Passed => "passed".into(),
            Outcome::Skipped(why) => format!("skipped: {why}"),
            Outcome::Tested(counted) => {
                let line = counted.to_string();
                log = Some(counted);
                line
            }
        };
        println!("== {step}: {line} ({})\n", seconds(took));
        summary.push(format!("{:<8}{:>9}  {line}", step.to_string(), seconds(took)));
    }
    println!("{}", summary.join("\n"));
    if let Some(log) = log {
        log.print_skipped();
    }
    Ok(())
}

impl Step {
    fn run(self, workspace: &Workspace) -> Result<Outcome> {
        let mut cargo = workspace.cargo();
        match self {
            Self::Fmt => cargo.args(["fmt", "--all", "--check"]),
            Self::Clippy => cargo.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
            Self::Docs => cargo.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--workspace", "--no-deps"]),
            Self::Layers => return repeat_with("layers", layers::run(workspace)),
            Self::Tidy => return repeat_with("tidy", tidy::run(workspace)),
            Self::Tests => return tests(cargo.args(["test", "--workspace"])),
            Self::Deny => return deny(workspace),
        };
        call(&mut cargo)
    }
}

fn call(command: &mut Command) -> Result<Outcome> {
    let status = command.status().with_context(|| format!("cannot start `{}`", shown(command)))?;
    ensure!(status.success(), "repeat with: {}", shown(command));
    Ok(Outcome::Passed)
}

fn repeat_with(name: &str, checked: Result<()>) -> Result<Outcome> {
    checked.with_context(|| format!("repeat with: cargo xtask {name}"))?;
    Ok(Outcome::Passed)
}

fn tests(command: &mut Command) -> Result<Outcome> {
    let (status, log) = test_log::stream(command, std::io::stdout(), std::io::stderr())?;
    ensure!(status.success(), "{log}; repeat with: {}", shown(command));
    ensure!(log.programs() > 0, "no test program said how it went");
    if std::env::var_os(NO_SKIP).is_some_and(|value| value == "1") && log.skips() > 0 {
        log.print_skipped();
        bail!("{log}; {NO_SKIP}=1 forbids skips; repeat with: {}", shown(command));
    }
    Ok(Outcome::Tested(log))
}

/// Compiling cargo-deny takes minutes, so a machine without it does without this step, visibly. Advisories need the
/// network and change without a commit, so they are not part of it.
fn deny(workspace: &Workspace) -> Result<Outcome> {
    let installed =
        workspace.cargo().args(["deny", "--version"]).output().is_ok_and(|done| done.status.success());
    if !installed {
        return Ok(Outcome::Skipped("cargo-deny is not installed"));
    }
    call(workspace.cargo().args(["deny", "check", "bans", "licenses", "sources"]))
}

fn seconds(span: Duration) -> String {
    format!("{:.1} s", span.as_secs_f64())
}
