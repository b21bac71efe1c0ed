//! `sim compare`: two scenarios beside each other, or one with several strategies.

use std::path::{Path, PathBuf};

use clap::Args;
use swarmline_sim::study::Study;
use swarmline_sim::{Scenario, html};

use super::conduct::Conductor;
use super::source::Source;
use super::{Common, Seeds, json, quoted, run_of, tables, write};
use crate::exit::{Exit, Failure};
use crate::screen;
use crate::show::{Line, Stopwatch};

/// Run scenarios and show what comes out beside each other
///
/// Name two scenarios, or one and with --with what it is compared with. Ratios are those to the first column.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline sim compare office my-office.toml
  swarmline sim compare office --with site.wan=50mbit
  swarmline sim compare s2 --with strategy=rarest-first --with strategy=origin-only --html s2.html")]
pub(super) struct CompareArgs {
    /// A file, or the name of a scenario that comes with the program
    #[arg(value_name = "A")]
    first: String,

    /// What it is compared with
    #[arg(value_name = "B", required_unless_present = "with")]
    second: Option<String>,

    /// Compare A with itself but for this value (may be repeated, up to 5): one more column each
    #[arg(long = "with", value_name = "KEY=VALUE", conflicts_with = "second")]
    with: Vec<String>,

    #[command(flatten)]
    seeds: Seeds,

    #[command(flatten)]
    common: Common,

    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,

    /// Write a report with figures, one file that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) async fn run(args: &CompareArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    if args.with.len() > WITH_MAX {
        let why = format!("--with was given {} times, and a table has room for {WITH_MAX}", args.with.len());
        return Err(Failure::new(Exit::Usage, why));
    }
    let scenarios = scenarios(args)?;
    let inputs: Vec<_> = std::iter::once(&args.first).chain(&args.second).map(Path::new).collect();
    write::check(&inputs, [&args.html])?;
    let mut conductor = Conductor::new(&args.common, args.seeds, args.json, watch)?;
    let mut studies = Vec::new();
    for (scenario, alone) in scenarios {
        studies.push(conductor.study(scenario, &alone).await?);
    }
    conductor.tell_speed();
    let studies: Vec<&Study> = studies.iter().collect();
    let command = command(args);
    if args.json {
        Line::of_any_time("compare", json::Comparison::of(&studies, &command)).say();
    } else {
        screen::say(tables::comparison(&studies, &command).trim_end());
    }
    write::report(&args.html, || html::comparison(&studies, &command))?;
    Ok(Exit::Success)
}

/// What is compared, a column each, and the command that runs it alone.
fn scenarios(args: &CompareArgs) -> Result<Vec<(Scenario, String)>, Failure> {
    let first = Source::find(&args.first)?;
    let overrides = args.common.overrides();
    let mut scenarios = vec![(first.scenario(&overrides)?, run_of(&args.first, &overrides))];
    if let Some(second) = &args.second {
        scenarios.push((Source::find(second)?.scenario(&overrides)?, run_of(second, &overrides)));
    }
    for with in &args.with {
        let overrides = [overrides.as_slice(), std::slice::from_ref(with)].concat();
        let mut scenario = first.scenario(&overrides)?;
        if !with.trim_start().starts_with("strategy=") {
            scenario.name = format!("{} with {with}", scenario.name);
        }
        scenarios.push((scenario, run_of(&args.first, &overrides)));
    }
    Ok(scenarios)
}

fn command(args: &CompareArgs) -> String {
    let mut out = format!("swarmline sim compare {}", quoted(&args.first));
    args.second.iter().for_each(|second| out += &format!(" {}", quoted(second)));
    args.with.iter().for_each(|with| out += &format!(" --with {}", quoted(with)));
    out + &args.common.as_written() + &args.seeds.as_written()
}

/// Most columns beside the first.
const WITH_MAX: usize = 5;
