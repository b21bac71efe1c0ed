//! Whole swarms: the model against what can be computed, runs against themselves, and everybody against all troubles.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests of small numbers")]

mod alone;
mod arrivals;
mod checkers;
mod failures;
mod lines;
mod parts;
mod policies;
mod same;
mod troubles;

use swarmline_sim::{Outcome, Scenario, Unwatched, run};

/// Runs a scenario and shows what broke.
fn outcome(text: &str, seed: u64) -> Outcome {
    let scenario = Scenario::parse(text).unwrap();
    run(&scenario, seed, &mut Unwatched).unwrap_or_else(|broken| panic!("{broken}"))
}

fn assert_all_finish(outcome: &Outcome) {
    let total = &outcome.total;
    assert_eq!(total.unfinished, 0, "{} seed {}: {total:?}", outcome.scenario, outcome.seed);
    assert_eq!(total.finished + total.went, total.peers, "{} seed {}", outcome.scenario, outcome.seed);
}
