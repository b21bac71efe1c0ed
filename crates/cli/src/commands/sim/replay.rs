//! `sim replay`: an office as its nodes have traced it, run again, as it was and under another policy.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use swarmline_sim::outcome::Outcome;
use swarmline_sim::replay::{Happened, Office, TRACE_BYTES_MAX, UnderPolicy, with_policy};
use swarmline_sim::study::Study;
use swarmline_sim::{Scenario, html, words};
use swarmline_trace::again::{Again, again};

use super::conduct::{Conductor, aside};
use super::source::{Source, refused};
use super::{Common, Seeds, json, quoted, tables, write};
use crate::exit::{Exit, Failure, with_causes};
use crate::screen;
use crate::show::{Line, Stopwatch};
use crate::signals::Signals;

/// Run an office again that real nodes have traced, and see what another policy would have made of it
///
/// Takes traces that `get --trace` or `daemon --trace` wrote, of one node or of several of one office. With one trace, the
/// others are known from its view: when they came and went, what they had, how fast they sent, what they said they fetch.
/// Prints what really happened beside what the simulator makes of the same office. A policy is a file that says `strategy`,
/// `[scheduler]` or `[policy]`: delays, limits, hours and mode, in swarmline's words or in those of Windows Delivery
/// Optimization. What the simulator has no counterpart for is named on stderr.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline sim replay node.trace
  swarmline sim replay *.trace --policy narrow.toml --seeds 5 --html replay.html
  swarmline sim replay *.trace --write office.toml && swarmline sim run office.toml --set site.peers=100")]
pub(super) struct ReplayArgs {
    /// What nodes of one office have traced
    #[arg(value_name = "TRACE", required = true)]
    traces: Vec<PathBuf>,

    /// What would have happened under this policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    #[command(flatten)]
    seeds: Seeds,

    #[command(flatten)]
    common: Common,

    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,

    /// Write a report with figures of what was simulated, one file that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write the office as a scenario, for `sim run` and the others
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

pub(super) async fn run(args: &ReplayArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let inputs: Vec<_> = args.traces.iter().chain(&args.policy).map(PathBuf::as_path).collect();
    write::check(&inputs, [&args.html, &args.write])?;
    let paths = args.traces.clone();
    let (office, agains) = aside(&mut Signals::listen()?, move |_| read_all(&paths)).await??;
    let text = office.scenario.to_toml();
    let scenario = Scenario::parse_with(&text, &args.common.overrides())
        .map_err(|error| refused(&"the office", &text, &error))?;
    let other = args.policy.as_deref().map(|path| under_policy(&scenario, path)).transpose()?;
    for what in &office.left_out {
        screen::note(&format!("left out of the office: {what}"));
    }
    write::report(&args.write, || scenario.to_toml())?;
    let alone = command(args);
    let mut conductor = Conductor::new(&args.common, args.seeds, args.json, watch)?;
    let mut studies = vec![conductor.study(scenario, &alone).await?];
    if let Some(other) = other {
        studies.push(conductor.study(other, &alone).await?);
    }
    conductor.tell_speed();
    let command = alone + &args.seeds.as_written();
    if args.json {
        Line::of_any_time("replay", Replayed::of(&office.happened, &agains, &studies, &command)).say();
    } else {
        screen::say(table(&office, &agains, &studies, &command).trim_end());
    }
    write::report(&args.html, || page(&studies, &command))?;
    Ok(Exit::Success)
}

fn page(studies: &[Study], command: &str) -> String {
    match studies {
        [one] => html::study(one, command),
        several => html::comparison(&several.iter().collect::<Vec<_>>(), command),
    }
}

/// Reads all traces, and whether this program decides as theirs did. Blocks.
fn read_all(paths: &[PathBuf]) -> Result<(Office, Vec<Again>), Failure> {
    let mut traces = Vec::new();
    let mut agains = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let bytes = read(path, &name)?;
        let told = again(&bytes)
            .map_err(|error| Failure::new(Exit::Usage, format!("{name}: {}", with_causes(&error))))?;
        agains.push(told);
        traces.push((name, bytes));
    }
    let office = Office::read(&traces).map_err(|error| Failure::caused_by(Exit::Usage, &error))?;
    Ok((office, agains))
}

fn read(path: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Disk, format!("could not read {name}: {}", with_causes(&error)))
    };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(TRACE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > TRACE_BYTES_MAX {
        let why = format!("{name} is longer than {} MiB; no node writes such a trace", TRACE_BYTES_MAX >> 20);
        return Err(Failure::new(Exit::Usage, why));
    }
    Ok(bytes)
}

fn under_policy(scenario: &Scenario, path: &Path) -> Result<Scenario, Failure> {
    let name = path.display().to_string();
    let text = Source::read_file(path)?;
    let UnderPolicy { scenario: mut other, left_out } =
        with_policy(scenario, &text).map_err(|error| refused(&name, &text, &error))?;
    for what in &left_out {
        screen::note(&format!("left out of {name}: {what}"));
    }
    other.name = path.file_stem().map_or(name, |stem| stem.to_string_lossy().into_owned());
    Ok(other)
}

/// The command without its seeds.
fn command(args: &ReplayArgs) -> String {
    let mut out = "swarmline sim replay".to_owned();
    args.traces.iter().for_each(|path| out += &format!(" {}", quoted(&path.display().to_string())));
    args.policy.iter().for_each(|path| out += &format!(" --policy {}", quoted(&path.display().to_string())));
    out + &args.common.as_written()
}

/// Everything for programs.
#[derive(Serialize)]
struct Replayed<'a> {
    happened: &'a Happened,
    /// Whether the same facts gave the same orders, for each trace.
    same: Vec<bool>,
    simulated: Option<json::Summary<'a>>,
    policy: Option<json::Summary<'a>>,
    command: &'a str,
}

impl<'a> Replayed<'a> {
    fn of(happened: &'a Happened, agains: &[Again], studies: &'a [Study], command: &'a str) -> Self {
        let summary = |at: usize| studies.get(at).map(|study| json::Summary::of(study, command));
        let same = agains.iter().map(Again::is_same).collect();
        Self { happened, same, simulated: summary(0), policy: summary(1), command }
    }
}

fn table(office: &Office, agains: &[Again], studies: &[Study], command: &str) -> String {
    let happened = &office.happened;
    let traces = words::count(happened.traces.into(), "trace", "traces");
    let mut out = format!("{traces}; {}\n{}\n", studies[0].setting(), decided(agains));
    if happened.dropped > 0 {
        let records = words::count(happened.dropped, "record is", "records are");
        out += &format!("{records} missing: a disk was slower than its node\n");
    }
    let mut heads = vec!["", "really", "simulated"];
    heads.extend(studies.iter().skip(1).map(|study| study.scenario.name.as_str()));
    out + "\n" + &tables::laid_out(&heads, &rows(happened, studies)) + &format!("\nagain with: {command}\n")
}

fn decided(agains: &[Again]) -> String {
    let inputs: u64 = agains.iter().map(|told| told.inputs).sum();
    let orders: u64 = agains.iter().map(|told| told.orders).sum();
    match agains.iter().find_map(|told| told.difference.as_ref()) {
        None => format!(
            "this program decides as theirs did: {} gave the same {}",
            words::count(inputs, "fact", "facts"),
            words::count(orders, "order", "orders")
        ),
        Some(difference) => format!(
            "this program decides otherwise than theirs did, first at {:?}: {:?} instead of {:?}",
            difference.at, difference.now, difference.then
        ),
    }
}

/// A line for each figure: what it was, and what it is in each study, on average.
fn rows(happened: &Happened, studies: &[Study]) -> Vec<Vec<String>> {
    let none = || "–".to_owned();
    let bytes = |bytes: u64| words::bytes(bytes as f64);
    let row = |label: &str, really: String, of: &dyn Fn(&Outcome) -> f64, show: &dyn Fn(f64) -> String| {
        let mean =
            |study: &Study| study.outcomes.iter().map(of).sum::<f64>() / study.outcomes.len().max(1) as f64;
        let simulated = studies.iter().map(|study| show(mean(study)));
        [label.to_owned(), really].into_iter().chain(simulated).collect::<Vec<_>>()
    };
    let count = |number: f64| words::number(number);
    let is_all_traced = happened.traces >= happened.peers;
    let of_all = |really: String| if is_all_traced { really } else { none() };
    let makespan = happened.makespan_s.map_or_else(none, words::seconds);
    let mut rows = vec![
        row("peers", happened.peers.to_string(), &|it| it.total.peers.into(), &count),
        row(
            "of these, known to be done",
            happened.finished.to_string(),
            &|it| it.total.finished.into(),
            &count,
        ),
        row(
            "last peer done after",
            makespan,
            &|it| it.total.time_of_all(it.total.makespan_s),
            &words::seconds,
        ),
        row(
            "bytes from the origin",
            bytes(happened.origin_bytes),
            &|it| it.total.traffic.origin as f64,
            &words::bytes,
        ),
        row(
            "  for owners",
            bytes(happened.owner_bytes),
            &|it| it.total.traffic.origin_owner as f64,
            &words::bytes,
        ),
        row(
            "  taken over",
            bytes(happened.take_over_bytes),
            &|it| it.total.traffic.origin_take_over as f64,
            &words::bytes,
        ),
        row(
            "  second copies",
            bytes(happened.second_copy_bytes),
            &|it| it.total.traffic.origin_second_copy as f64,
            &words::bytes,
        ),
        row(
            "  alone",
            bytes(happened.alone_bytes),
            &|it| it.total.traffic.origin_alone as f64,
            &words::bytes,
        ),
    ];
    if !is_all_traced {
        let mut others = vec!["  by nodes without a trace".to_owned(), bytes(happened.others_bytes)];
        others.extend(studies.iter().map(|_| none()));
        rows.push(others);
    }
    let peers = of_all(bytes(happened.peer_bytes));
    rows.push(row("bytes from peers", peers, &|it| it.total.traffic.peers as f64, &words::bytes));
    rows
}
