//! `sim sweep`: one scenario at several values of a key.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use swarmline_sim::html::{self, Sweep};

use super::conduct::Conductor;
use super::source::Source;
use super::{Common, Seeds, json, quoted, run_of, tables, write};
use crate::exit::{Exit, Failure};
use crate::screen;
use crate::show::{Line, Stopwatch};

/// Run a scenario at several values of one key
///
/// Values are named (site.peers=10,32,100) or counted (scheduler.degree=4..24, both ends, in up to 16 steps;
/// site.peers=100..1000/300 says the step). Any key of the scenario can be swept;
/// k and w are short for scheduler.degree and scheduler.window.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline sim sweep s2 --over k=4..24
  swarmline sim sweep s2 --over scheduler.window=3..12
  swarmline sim sweep office --over site.wan=20mbit,50mbit,100mbit,200mbit --html wan.html
  swarmline sim sweep s2 --over strategy=lane-and-mesh,rarest-first,rendezvous --csv s2.csv")]
pub(super) struct SweepArgs {
    /// A file, or the name of a scenario that comes with the program
    #[arg(value_name = "SCENARIO")]
    scenario: String,

    /// The key and its values: KEY=A,B,C or KEY=FROM..TO or KEY=FROM..TO/STEP
    #[arg(long, value_name = "KEY=VALUES")]
    over: Over,

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

    /// Write the table for a spreadsheet; a field is empty where there is no such number, as for a time that never comes
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

/// A key and the values that it takes.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Over {
    written: String,
    key: String,
    values: Vec<String>,
}

impl FromStr for Over {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, values) = text.split_once('=').ok_or("write it like scheduler.degree=4..24")?;
        let values = match counted(values)? {
            Some(values) => values,
            None => values.split(',').map(|value| value.trim().to_owned()).collect(),
        };
        if key.trim().is_empty() || values.iter().any(String::is_empty) {
            return Err("a key and its values are needed; write it like site.peers=10,32,100".into());
        }
        if values.len() > VALUES_MAX {
            return Err(format!("{} values; at most {VALUES_MAX} can be swept at once", values.len()));
        }
        Ok(Self { written: text.to_owned(), key: key.trim().to_owned(), values })
    }
}

/// The numbers of `4..24` or `4..24/2`; `None` for what is no such range, as `10s..20s` is one value.
fn counted(text: &str) -> Result<Option<Vec<String>>, String> {
    let (range, step) = text.split_once('/').map_or((text, None), |(range, step)| (range, Some(step)));
    let Some((from, to)) = range.split_once("..") else { return Ok(None) };
    let (Ok(from), Ok(to)) = (from.trim().parse::<u64>(), to.trim().parse::<u64>()) else { return Ok(None) };
    let Some(span) = to.checked_sub(from) else {
        return Err(format!("{from}..{to} ends before it begins; the smaller end comes first"));
    };
    let step = match step.map(|step| step.trim().parse::<u64>()) {
        Some(Ok(step)) if step > 0 => step,
        Some(_) => return Err("the step behind / is a whole number from 1 on".into()),
        None => span.div_ceil(STEPS).max(1),
    };
    if span / step >= VALUES_MAX as u64 {
        return Err(format!(
            "that makes {} values; at most {VALUES_MAX} can be swept at once",
            span / step + 1
        ));
    }
    let mut values: Vec<_> = (0..=span / step).map(|nth| from + nth * step).collect();
    if values.last().is_some_and(|last| *last < to) {
        values.push(to);
    }
    Ok(Some(values.iter().map(u64::to_string).collect()))
}

pub(super) async fn run(args: &SweepArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let source = Source::find(&args.scenario)?;
    let mut scenarios = Vec::new();
    // All are read before the first is run: a wrong value is told at once.
    for value in &args.over.values {
        let overrides = [args.common.overrides(), vec![format!("{}={value}", args.over.key)]].concat();
        scenarios.push((value.clone(), source.scenario(&overrides)?, run_of(&args.scenario, &overrides)));
    }
    write::check(&[Path::new(&args.scenario)], [&args.html, &args.csv])?;
    let mut conductor = Conductor::new(&args.common, args.seeds, args.json, watch)?;
    let mut studies = Vec::new();
    for (value, mut scenario, alone) in scenarios {
        let name = scenario.name.clone();
        scenario.name = format!("{name} at {value}");
        let mut study = conductor.study(scenario, &alone).await?;
        study.scenario.name = name;
        studies.push((value, study));
    }
    conductor.tell_speed();
    let sweep = Sweep { key: args.over.key.clone(), studies };
    let command = command(args);
    if args.json {
        Line::of_any_time("sweep", json::Swept::of(&sweep, &command)).say();
    } else {
        screen::say(tables::sweep(&sweep, &command).trim_end());
    }
    write::all([
        write::report(&args.html, || html::sweep(&sweep, &command)),
        write::report(&args.csv, || json::csv(&sweep)),
    ])?;
    Ok(Exit::Success)
}

fn command(args: &SweepArgs) -> String {
    let (common, seeds) = (args.common.as_written(), args.seeds.as_written());
    let (scenario, over) = (quoted(&args.scenario), quoted(&args.over.written));
    format!("swarmline sim sweep {scenario} --over {over}{common}{seeds}")
}

/// Steps of a range that does not say how large they are.
const STEPS: u64 = 15;
/// Most values of one sweep.
const VALUES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> String {
        text.parse::<Over>().map_or_else(|error| error, |over| over.values.join(" "))
    }

    #[test]
    fn values_are_named_or_counted() {
        assert_eq!(values("k=4..8"), "4 5 6 7 8");
        assert_eq!(values("k=4..24"), "4 6 8 10 12 14 16 18 20 22 24");
        assert_eq!(values("k=4..24/8"), "4 12 20 24");
        assert_eq!(values("k=10,32 , 100"), "10 32 100");
        assert_eq!(values("site.wan=20mbit"), "20mbit");
        assert_eq!(values("network.delay=0s..1s,0s..2s"), "0s..1s 0s..2s");
    }

    #[test]
    fn what_cannot_be_swept_says_why() {
        for (text, why) in [
            ("k", "write it like"),
            ("=1,2", "a key and its values"),
            ("k=1,,2", "a key and its values"),
            ("k=9..4", "the smaller end comes first"),
            ("k=1..9/0", "from 1 on"),
            ("k=1..1000/1", "at most 64"),
        ] {
            assert!(values(text).contains(why), "{text}: {}", values(text));
        }
    }
}
