//! The way in: a scenario, a seed, and who watches.

mod crew;
mod meter;
mod together;

use std::ops::ControlFlow;

use swarmline_types::MonoTime;

use crate::frame::Frame;
use crate::outcome::Outcome;
use crate::report::outcome_of;
use crate::scenario::{Scenario, ScenarioError};
use crate::strategy::{Production, Strategy};
use crew::Crew;
use meter::Meter;

/// Why a run has no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// The scenario was made by hand and is out of bounds.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Something that must always hold does not: a fault of the scheduler, or of the simulator.
    #[error(
        "{rule}: {what} (site {site}, peer {peer:?}, at {at:?} after {events} events); again with: {command}"
    )]
    Invariant {
        /// The rule, in a few words.
        rule: &'static str,
        /// What was found instead.
        what: String,
        /// On which site.
        site: u32,
        /// At which peer, if it is one peer's fault.
        peer: Option<u32>,
        /// When.
        at: MonoTime,
        /// After so many events of the site.
        events: u64,
        /// The command that shows it again.
        command: String,
    },
    /// The watcher had enough.
    #[error("stopped after {events} events, at {at:?} of virtual time")]
    Stopped {
        /// How far it was.
        at: MonoTime,
        /// Events that were simulated.
        events: u64,
    },
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Virtual time: of the sites that are under way, the earliest.
    pub now: MonoTime,
    /// Events that were simulated.
    pub events: u64,
    /// Honest peers that are done.
    pub finished: u32,
    /// Honest peers of the scenario.
    pub peers: u32,
    /// Bytes that the origin sent.
    pub origin_bytes: u64,
}

/// Somebody who watches a run. Watching changes nothing of what comes out.
pub trait Watch {
    /// Called from time to time, and at the end. `Break` stops the run.
    fn progress(&mut self, progress: &Progress) -> ControlFlow<()>;
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&mut self, _: &Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Everything beside the scenario that a run is made of. What comes out does not depend on `threads`.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Chance.
    pub seed: u64,
    /// Sites that are simulated beside each other: at least 1.
    pub threads: usize,
    /// Which scheduler runs in each host.
    pub strategy: &'a dyn Strategy,
}

impl Options<'_> {
    /// This seed, one thread, the production scheduler.
    pub fn seeded(seed: u64) -> Self {
        Options { seed, threads: 1, strategy: &Production }
    }
}

/// Runs a scenario once, on one thread, with the production scheduler.
///
/// # Errors
/// As [`run_with`].
pub fn run(scenario: &Scenario, seed: u64, watch: &mut dyn Watch) -> Result<Outcome, Broken> {
    run_with(scenario, Options::seeded(seed), watch)
}

/// Runs a scenario once.
///
/// # Errors
/// When the scenario is out of bounds, an invariant does not hold, or the watcher stops it.
pub fn run_with(scenario: &Scenario, options: Options<'_>, watch: &mut dyn Watch) -> Result<Outcome, Broken> {
    scenario.check()?;
    let frame = Frame::new(scenario, options.strategy, options.seed);
    let plans: Vec<_> =
        scenario.site.iter().flat_map(|plan| std::iter::repeat_n(plan, plan.count as usize)).collect();
    let hosts: u64 = plans.iter().map(|plan| plan.hosts()).sum();
    let crew = Crew {
        frame: &frame,
        plans: &plans,
        expected: frame.expected(),
        threads: options.threads.max(1),
        lists_peers: hosts <= u64::from(scenario.record.peers_max),
    };
    let mut meter = Meter::new(scenario, &plans, watch);
    let sites = match scenario.origin.egress.bytes_per_s() {
        Some(egress) => together::run(&crew, egress as f64, &mut meter)?,
        None => crew.run_apart(&mut meter)?,
    };
    meter.end();
    Ok(outcome_of(&frame, sites))
}
