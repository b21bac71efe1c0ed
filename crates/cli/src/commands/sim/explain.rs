//! `sim explain`: why a piece came from the origin, request by request.

use clap::Args;
use serde::Serialize;
use swarmline_sim::Scenario;
use swarmline_sim::outcome::FetchRecord;

use super::conduct::Conductor;
use super::source::Source;
use super::{Common, tables};
use crate::exit::{Exit, Failure};
use crate::screen;
use crate::show::{Line, Stopwatch};

/// Tell why a piece came from the origin: who asked for it when, for which reason, and what came of it
///
/// Runs one seed and lists every request to the origin that held the piece. A piece that was fetched twice shows both
/// requests: the second says what made it necessary.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline sim explain bad-day --piece 17
  swarmline sim explain company --piece 200 --site 2 --seed 4")]
pub(super) struct ExplainArgs {
    /// A file, or the name of a scenario that comes with the program
    #[arg(value_name = "SCENARIO")]
    scenario: String,

    /// The piece, counted from 0
    #[arg(long, value_name = "N")]
    piece: u32,

    /// The site, counted from 0
    #[arg(long, value_name = "S", default_value_t = 0)]
    site: u32,

    /// The content, counted from 0
    #[arg(long, value_name = "C", default_value_t = 0)]
    content: u32,

    #[command(flatten)]
    common: Common,

    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(args: &ExplainArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let source = Source::find(&args.scenario)?;
    let mut scenario = source.scenario(&args.common.overrides())?;
    check(args, &scenario)?;
    scenario.record.fetches_max = scenario.record.fetches_max.max(FETCHES_MAX);
    let common = Common { seeds: Some(1), ..args.common.clone() };
    let mut conductor = Conductor::new(&common, args.json, watch)?;
    let study = conductor.study(scenario).await?;
    let Some(outcome) = study.outcomes.first() else {
        return Err(Failure::new(Exit::Other, "the simulation ended without an outcome"));
    };
    if args.json {
        let holds = |fetch: &&FetchRecord| {
            let is_there = fetch.site == args.site && fetch.content == args.content;
            is_there && (fetch.piece..fetch.piece + fetch.count).contains(&args.piece)
        };
        let fetches = outcome.fetches.iter().filter(holds).collect();
        let told = Explained { site: args.site, content: args.content, piece: args.piece, fetches };
        Line::new("explain", watch.elapsed(), told).say();
    } else {
        screen::say(tables::explanation(outcome, args.site, args.content, args.piece).trim_end());
    }
    Ok(Exit::Success)
}

/// The place must be one that the scenario has.
fn check(args: &ExplainArgs, scenario: &Scenario) -> Result<(), Failure> {
    let refuse = |text: String| Err(Failure::new(Exit::Usage, text));
    let sites: u64 = scenario.site.iter().map(|site| u64::from(site.count)).sum();
    if u64::from(args.site) >= sites {
        return refuse(format!("--site {}: {} has {sites}, counted from 0", args.site, args.scenario));
    }
    let contents = scenario.content.len();
    let Some(content) = scenario.content.get(args.content as usize) else {
        return refuse(format!(
            "--content {}: {} has {contents}, counted from 0",
            args.content, args.scenario
        ));
    };
    let pieces = content.layout().map_or(0, |layout| layout.piece_count());
    if args.piece >= pieces {
        let name = &content.name;
        return refuse(format!("--piece {}: {name} has {pieces} pieces, counted from 0", args.piece));
    }
    Ok(())
}

#[derive(Serialize)]
struct Explained<'a> {
    site: u32,
    content: u32,
    piece: u32,
    fetches: Vec<&'a FetchRecord>,
}

/// Requests that are recorded, at least: all of a site of thousands.
const FETCHES_MAX: u32 = 1_000_000;
