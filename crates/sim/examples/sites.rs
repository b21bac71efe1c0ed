//! Runs a scenario from a file and prints its figures: `cargo run --release --example sites -- FILE [SEED]
//! [KEY=VALUE]...` Instead of a file `nasty` runs the nasty scenario of the seed. Without either it runs an office of
//! 32 that want 256 MiB over a line of 20 Mbit/s.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an example reads its arguments and a clock"
)]

use std::error::Error;
use std::time::Instant;

use swarmline_sim::scenario::nasty;
use swarmline_sim::{Scenario, Unwatched, run};

const OFFICE: &str = "
    name = 'office'
    site.peers = 32
    content.size = '256MiB'
";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let is_nasty = arguments.next_if(|first| first == "nasty").is_some();
    let text = match arguments.next_if(|first| first.ends_with(".toml")) {
        Some(file) => std::fs::read_to_string(file)?,
        None => OFFICE.into(),
    };
    let seed = arguments.next_if(|next| !next.contains('=')).map_or(Ok(1), |seed| seed.parse())?;
    let overrides: Vec<_> = arguments.collect();
    let scenario = if is_nasty { nasty(seed) } else { Scenario::parse_with(&text, &overrides)? };
    let begun = Instant::now();
    let outcome = run(&scenario, seed, &mut Unwatched)?;
    let took = begun.elapsed().as_secs_f64();
    let (total, messages) = (&outcome.total, &outcome.total.messages);
    let pieces = outcome.contents.iter().map(|content| u64::from(content.pieces)).sum();
    let each = |count| total.per_peer_and_piece(count, pieces);
    println!("{} seed {seed}: {:.3} s for {} events", scenario.name, took, outcome.events);
    println!(
        "  makespan {:.4} ({:.2} s), mean {:.4}, origin {:.4}",
        total.makespan, total.makespan_s, total.mean, total.origin
    );
    println!(
        "  finished {} of {}, unfinished {}, went {}",
        total.finished, total.peers, total.unfinished, total.went
    );
    println!(
        "  duplicate {:.5}, bad {:.5}, upload max/mean {:.2}",
        total.duplicate, total.bad, total.upload_spread
    );
    println!(
        "  per peer and piece: have {:.2}, requests {:.3}, rejects {:.3}, lane {:.2}, heartbeats {:.2}",
        each(messages.have),
        each(messages.requests),
        each(messages.rejects),
        each(messages.lane),
        each(messages.heartbeats)
    );
    println!(
        "  fetches: owner {}, take-over {}, second copy {}, alone {}; time-outs {}, bans {}",
        messages.fetches_owner,
        messages.fetches_take_over,
        messages.fetches_second_copy,
        messages.fetches_alone,
        messages.timeouts,
        messages.bans
    );
    for content in outcome.contents.iter().filter(|_| outcome.contents.len() > 1) {
        println!(
            "  {}: makespan {:.4}, origin {:.4}",
            content.name, content.figures.makespan, content.figures.origin
        );
    }
    Ok(())
}
