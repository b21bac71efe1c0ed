//! `sim run`: one scenario, several seeds, a table beside its targets.

use std::path::{Path, PathBuf};

use clap::Args;
use swarmline_sim::html;

use super::conduct::Conductor;
use super::source::Source;
use super::{Common, Seeds, json, quoted, run_of, tables, write};
use crate::exit::{Exit, Failure};
use crate::screen;
use crate::show::{Line, Stopwatch};

/// Run a scenario and compare what comes out with its targets
///
/// Prints mean and worst of all seeds. Ends with exit code 0 when every target of the scenario is met, and 12 when one is
/// missed; targets are held against the mean of the seeds.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline sim run office
  swarmline sim run office --set site.wan=50mbit --seeds 3 --html office.html
  swarmline sim run my.toml --strategy rarest-first --json")]
pub(super) struct RunArgs {
    /// A file, or the name of a scenario that comes with the program
    #[arg(value_name = "SCENARIO")]
    scenario: String,

    #[command(flatten)]
    seeds: Seeds,

    #[command(flatten)]
    common: Common,

    /// Print JSON: a line at the start, one for each seed, and the summary as the last one
    #[arg(long)]
    pub(super) json: bool,

    /// Write a report with figures, one file that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write everything that was recorded as JSON, one outcome a line
    #[arg(long, value_name = "FILE")]
    outcomes: Option<PathBuf>,
}

pub(super) async fn run(args: &RunArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let source = Source::find(&args.scenario)?;
    let overrides = args.common.overrides();
    let scenario = source.scenario(&overrides)?;
    write::check(&[Path::new(&args.scenario)], [&args.html, &args.outcomes])?;
    let mut conductor = Conductor::new(&args.common, args.seeds, args.json, watch)?;
    if args.json {
        Line::of_any_time("started", json::Started::of(&scenario, args.seeds.count)).say();
    }
    let study = conductor.study(scenario, &run_of(&args.scenario, &overrides)).await?;
    conductor.tell_speed();
    let command = command(args);
    if args.json {
        for outcome in &study.outcomes {
            Line::of_any_time("run", json::Run::of(outcome)).say();
        }
        Line::of_any_time("sim", json::Summary::of(&study, &command)).say();
    } else {
        screen::say(tables::study(&study, &command).trim_end());
    }
    write::all([
        write::report(&args.html, || html::study(&study, &command)),
        write::report(&args.outcomes, || json::outcomes(&study)),
    ])?;
    Ok(if study.is_met() { Exit::Success } else { Exit::Missed })
}

fn command(args: &RunArgs) -> String {
    let (common, seeds) = (args.common.as_written(), args.seeds.as_written());
    format!("swarmline sim run {}{common}{seeds}", quoted(&args.scenario))
}
