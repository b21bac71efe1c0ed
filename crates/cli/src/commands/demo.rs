//! `demo`: an office in one process, with a real origin behind a slow line.

mod link;
mod office;
mod origin;
mod range;
mod report;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use swarmline_types::Rate;

use crate::exit::{Exit, Failure, with_causes};
use crate::show::{Line, Stopwatch};
use crate::signals::Signals;
use crate::values::Limit;
use crate::{paths, screen, words};
use office::{Office, Setting};
use origin::Origin;
use report::Report;
use view::View;

/// Watch an office of nodes share one file, all in this process and on loopback
///
/// A real HTTP origin sends at the WAN rate and no faster, however many ask. Every node is complete: its own
/// identity, state directory and libp2p. All want the file at the same moment; the table at the end compares the
/// time with the lower bound (the file over the WAN once) and with everyone loading from the origin. Every copy is
/// compared with the original by SHA-256. Ends with exit code 0 only if all are complete and equal.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline demo
  swarmline demo disk.iso --nodes 20 --wan 100mbit
  swarmline demo --nodes 8 --wan 20mbit --lan 50mbit --json")]
pub(crate) struct DemoArgs {
    /// The file that everybody wants [default: this program]
    file: Option<PathBuf>,

    /// How many nodes: 1 to 64
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    nodes: u8,

    /// How fast the origin's line is
    #[arg(long, value_name = "RATE", default_value = "20mbit")]
    wan: Rate,

    /// How fast each node sends to others
    #[arg(long, value_name = "RATE", default_value = "unlimited")]
    lan: Limit,

    /// Print JSON: progress lines, and the result as the last one
    #[arg(long)]
    pub(crate) json: bool,

    /// Keep the directory with everything in it, and say where it is
    #[arg(long)]
    keep: bool,
}

pub(crate) async fn run(args: &DemoArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let dir =
        tempfile::Builder::new().prefix("swarmline-demo-").disable_cleanup(args.keep).tempdir().map_err(
            |error| Failure::new(Exit::Disk, format!("could not make a directory: {}", with_causes(&error))),
        )?;
    if args.keep {
        screen::note(&format!("everything is kept in {}", dir.path().display()));
    }
    let keep = args.keep;
    let (stopped, stopping) = tokio::sync::watch::channel(false);
    let working = work(args, watch, dir.path().to_owned(), stopping);
    tokio::pin!(working);
    let ended = tokio::select! {
        ended = &mut working => ended,
        signal = signals.first() => {
            // The nodes let go of their files before the directory goes.
            let _ = stopped.send(true);
            let _ = working.await;
            Err(Failure::new(signal.exit(), "stopped"))
        }
    };
    let put_away = move || if keep { Ok(_ = dir.keep()) } else { dir.close() };
    if let Ok(Err(error)) = tokio::task::spawn_blocking(put_away).await {
        screen::note(&format!("could not remove the directory of the demo: {error}"));
    }
    ended
}

/// The whole demonstration. `stopping` turning true ends it early.
async fn work(
    args: &DemoArgs,
    watch: Stopwatch,
    dir: PathBuf,
    mut stopping: tokio::sync::watch::Receiver<bool>,
) -> Result<Exit, Failure> {
    let file = match &args.file {
        Some(file) => paths::absolute(file)?,
        None => std::env::current_exe()
            .map_err(|error| Failure::new(Exit::Disk, format!("could not find this program: {error}")))?,
    };
    let origin = Arc::new(Origin::start(&file, args.wan).await?);
    let setting = Setting { dir, nodes: args.nodes.into(), upload: args.lan };
    let office = tokio::select! {
        office = Office::open(&setting, &origin) => office?,
        _ = stopping.changed() => return Err(Failure::new(Exit::Interrupted, "stopped")),
    };
    if !args.json {
        screen::note(&opening(args, &origin));
    }
    let mut view = View::new(args.json, &office.names(), origin.file_bytes());
    let outcome = tokio::select! {
        outcome = office.fetch(|nodes| view.show(watch.elapsed(), nodes, origin.sent_bytes())) => Some(outcome),
        _ = stopping.changed() => None,
    };
    view.finish();
    let served = office.served().await;
    office.close().await;
    let Some(nodes) = outcome else { return Err(Failure::new(Exit::Interrupted, "stopped")) };
    let report = Report::of(&origin, args.wan, nodes, &served).await?;
    if args.json {
        Line::new("demo", watch.elapsed(), report.json()).say();
    } else {
        screen::say(report.text().trim_end());
    }
    Ok(report.exit())
}

fn opening(args: &DemoArgs, origin: &Origin) -> String {
    let bound = args.wan.time_for(origin.file_bytes());
    format!(
        "{} want {} ({}) from an origin at {}; nobody can have it before {}",
        words::count(args.nodes.into(), "node", "nodes"),
        origin.file_name(),
        words::bytes(origin.file_bytes()),
        args.wan,
        words::span(bound),
    )
}

/// How often the view is refreshed: 200 ms.
const TICK: Duration = Duration::from_millis(200);
