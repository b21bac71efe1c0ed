//! `sim explain`: why a piece came from the origin, request by request.

use clap::Args;
use serde::Serialize;
use swarmline_sim::outcome::{FetchRecord, Why};
use swarmline_sim::{Scenario, words};

use super::conduct::Conductor;
use super::source::Source;
use super::{Common, Seeds, run_of, tables};
use crate::exit::{Exit, Failure};
use crate::screen;
use crate::show::{Line, Stopwatch};

/// Tell why a piece came from the origin: who asked for it when, for which reason, and what came of it
///
/// Runs one seed and lists every request to the origin that held the piece. A piece that was fetched twice shows both
/// requests: the second says what made it necessary. Without a piece it lists what was not to be expected: the requests
/// of those who do not rank first for what they fetch.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline sim explain bad-day
  swarmline sim explain bad-day --piece 17
  swarmline sim explain company --piece 200 --site 2 --seed 4")]
pub(super) struct ExplainArgs {
    /// A file, or the name of a scenario that comes with the program
    #[arg(value_name = "SCENARIO")]
    scenario: String,

    #[command(flatten)]
    about: About,

    /// The seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    common: Common,

    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// Which requests are to be told of.
#[derive(Args, Clone, Copy, Debug, Serialize)]
pub(super) struct About {
    /// The site, counted from 0
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(super) site: u32,

    /// The content, counted from 0
    #[arg(long, value_name = "C", default_value_t = 0)]
    pub(super) content: u32,

    /// The piece, counted from 0 [default: all that was fetched by those who do not rank first for it]
    #[arg(long, value_name = "N")]
    pub(super) piece: Option<u32>,
}

impl About {
    /// Whether the request was for this content from this site.
    pub(super) fn is_there(&self, fetch: &FetchRecord) -> bool {
        fetch.site == self.site && fetch.content == self.content
    }

    pub(super) fn tells_of(&self, fetch: &FetchRecord) -> bool {
        let is_meant = match self.piece {
            Some(piece) => (fetch.piece..fetch.piece + fetch.count).contains(&piece),
            None => fetch.why != Why::Owner,
        };
        is_meant && self.is_there(fetch)
    }
}

pub(super) async fn run(args: &ExplainArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let source = Source::find(&args.scenario)?;
    let overrides = args.common.overrides();
    let mut scenario = source.scenario(&overrides)?;
    check(args, &scenario)?;
    scenario.record.fetches_max = scenario.record.fetches_max.max(FETCHES_MAX);
    let mut conductor = Conductor::new(&args.common, Seeds::one(args.seed), args.json, watch)?;
    // What breaks in a run breaks whatever is asked about it.
    let study = conductor.study(scenario, &run_of(&args.scenario, &overrides)).await?;
    let Some(outcome) = study.outcomes.first() else {
        return Err(Failure::new(Exit::Other, "the simulation ended without an outcome"));
    };
    if args.json {
        let fetches = outcome.fetches.iter().filter(|fetch| args.about.tells_of(fetch)).collect();
        let told = Explained { about: args.about, fetches };
        Line::of_any_time("explain", told).say();
    } else {
        screen::say(tables::explanation(outcome, args.about).trim_end());
    }
    Ok(Exit::Success)
}

/// The place must be one that the scenario has.
fn check(args: &ExplainArgs, scenario: &Scenario) -> Result<(), Failure> {
    let refuse = |text: String| Err(Failure::new(Exit::Usage, text));
    let sites: u64 = scenario.site.iter().map(|site| u64::from(site.count)).sum();
    let About { site, content: number, piece } = args.about;
    if u64::from(site) >= sites {
        return refuse(format!("--site {site}: {} has {sites}, counted from 0", args.scenario));
    }
    let contents = scenario.content.len();
    let Some(content) = scenario.content.get(number as usize) else {
        return refuse(format!("--content {number}: {} has {contents}, counted from 0", args.scenario));
    };
    let pieces = content.layout().map_or(0, |layout| layout.piece_count());
    if let Some(piece) = piece.filter(|piece| *piece >= pieces) {
        let name = &content.name;
        let pieces = words::count(pieces.into(), "piece", "pieces");
        return refuse(format!("--piece {piece}: {name} has {pieces}, counted from 0"));
    }
    Ok(())
}

#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    about: About,
    fetches: Vec<&'a FetchRecord>,
}

/// Requests that are recorded, at least: all of a site of thousands.
const FETCHES_MAX: u32 = 1_000_000;
