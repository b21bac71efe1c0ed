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
use crate::tally::seconds;
use crate::words;
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
    #[error("{rule}: {what} (seed {seed}, {}, {})", place(*site, *peer), moment(*at, *events))]
    Invariant {
        /// The rule, in a few words.
        rule: &'static str,
        /// What was found instead.
        what: String,
        /// The seed that shows it again, with the same scenario.
        seed: u64,
        /// On which site.
        site: u32,
        /// At which peer, if it is one peer's fault.
        peer: Option<u32>,
        /// When.
        at: MonoTime,
        /// After so many events of the site.
        events: u64,
    },
    /// The watcher had enough.
    #[error("stopped {} of virtual time", moment(*at, *events))]
    Stopped {
        /// How far it was.
        at: MonoTime,
        /// Events that were simulated.
        events: u64,
    },
}

fn place(site: u32, peer: Option<u32>) -> String {
    peer.map_or_else(|| format!("site {site}"), |peer| format!("site {site}, peer {peer}"))
}

fn moment(at: MonoTime, events: u64) -> String {
    format!("after {} at {:.6} s", words::count(events, "event", "events"), seconds(at))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> String {
        let scenario = Scenario::parse(text).unwrap();
        run(&scenario, 7, &mut Unwatched).map(|outcome| outcome.events).unwrap_err().to_string()
    }

    #[test]
    fn a_run_has_no_more_events_than_it_may_however_seldom_it_is_checked() {
        for every in [0, 1, 64, 1_000_000] {
            let told = broken(&format!("check = {{ every = {every}, events_max = 100 }}"));
            let should = "a run ends: check.events_max allows 100 of a site; raise it if the run is only long \
                          (seed 7, site 0, after 101 events at ";
            assert!(told.starts_with(should), "{every}: {told}");
        }
    }

    #[test]
    fn as_many_events_as_a_run_needs_are_enough() {
        let text = "content.size = '2MiB'\nsite.peers = 2\ncheck.every = 0\n";
        let needed = run(&Scenario::parse(text).unwrap(), 7, &mut Unwatched).unwrap().events;
        let with = |most: u64| format!("{text}check.events_max = {most}");
        assert!(run(&Scenario::parse(&with(needed)).unwrap(), 7, &mut Unwatched).is_ok());
        assert!(broken(&with(needed - 1)).contains(&format!("after {needed} events")));
    }

    #[test]
    fn what_broke_is_told_in_words() {
        let at = MonoTime::from_millis(1_500);
        let rule = "everything has a bound";
        let told = |peer, events| {
            Broken::Invariant { rule, what: "it has none".into(), seed: 3, site: 2, peer, at, events }
                .to_string()
        };
        assert_eq!(
            told(None, 1),
            format!("{rule}: it has none (seed 3, site 2, after 1 event at 1.500000 s)")
        );
        assert_eq!(
            told(Some(4), 1_000),
            format!("{rule}: it has none (seed 3, site 2, peer 4, after 1,000 events at 1.500000 s)")
        );
        let stopped = Broken::Stopped { at, events: 9 }.to_string();
        assert_eq!(stopped, "stopped after 9 events at 1.500000 s of virtual time");
    }
}
