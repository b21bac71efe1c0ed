//! `sim nasty`: scenarios drawn to break something, one after another.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use swarmline_sim::trial::{Trial, Tried};

use super::conduct::{View, aside, go_on, speed, threads_of};
use crate::exit::{Exit, Failure};
use crate::show::{Line, Stopwatch};
use crate::signals::Signals;
use crate::{screen, words};

/// Try to break the scheduler: scenarios drawn at random, with all troubles at once
///
/// Each seed draws a small site with its own mix of crashes, liars, slow machines, outages, loss and cuts, in which every
/// honest peer that stays can finish. Ends with exit code 1 at the first seed that breaks an invariant or leaves somebody
/// without the file, and names the command that shows it again.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline sim nasty --seeds 10000
  swarmline sim run nasty-25 --seed 25
  swarmline sim explain nasty-25 --seed 25 --piece 3")]
pub(super) struct NastyArgs {
    /// The first seed; further ones follow it
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// How many seeds: 1 to 1000000000
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    seeds: u64,

    /// Threads to simulate with: 1 to 256 [default: the machine's cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Serialize)]
struct Held {
    first_seed: u64,
    scenarios: u64,
    peers: u64,
    events: u64,
}

pub(super) async fn run(args: &NastyArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let trial = Trial { first: args.seed, seeds: args.seeds, threads: threads_of(args.threads) };
    let view = Arc::new(View::new("nasty", args.json, watch));
    let seen = Arc::clone(&view);
    let work = move |stopped: &AtomicBool| {
        trial.conduct(&|tried: &Tried| {
            let message = || message(tried, &trial);
            seen.show(tried.scenarios as f64 / trial.seeds as f64, message, message);
            go_on(stopped)
        })
    };
    let begun = Instant::now();
    let ended = aside(&mut Signals::listen()?, work).await;
    view.finish();
    let tried = ended?.map_err(|fault| Failure::caused_by(Exit::Other, &fault))?;
    screen::note(&speed(tried.events, begun.elapsed(), trial.threads));
    if args.json {
        let Tried { scenarios, peers, events } = tried;
        Line::new("nasty", watch.elapsed(), Held { first_seed: args.seed, scenarios, peers, events }).say();
    } else {
        screen::say(&told(args.seed, &tried));
    }
    Ok(Exit::Success)
}

fn message(tried: &Tried, trial: &Trial) -> String {
    let peers = words::count(tried.peers, "peer", "peers");
    format!("{} of {} scenarios, {peers}, from seed {}", tried.scenarios, trial.seeds, trial.first)
}

fn told(first: u64, tried: &Tried) -> String {
    let scenarios = words::count(tried.scenarios, "nasty scenario", "nasty scenarios");
    let peers = words::count(tried.peers, "peer", "peers");
    format!(
        "{scenarios} from seed {first} on, with {peers}: everybody finished who stayed, and no rule was broken"
    )
}
