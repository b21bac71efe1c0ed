//! One scenario, run with several seeds: what came out on average and at worst, beside what was expected.
//!
//! One run says what can happen, several what to expect. Targets are held against the mean; nobody may be left
//! unfinished in any run.

mod answer;
mod metric;
mod setting;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

pub use metric::{Metric, Unit};

use crate::outcome::Outcome;
use crate::run::{Broken, Options, Progress, Watch, run_with};
use crate::scenario::Scenario;

/// A scenario and what its runs came to.
#[derive(Clone, Debug)]
pub struct Study {
    /// What was run.
    pub scenario: Scenario,
    /// One outcome a seed, in their order; never empty.
    pub outcomes: Vec<Outcome>,
}

/// How a scenario is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The first seed; the others follow it.
    pub seed: u64,
    /// How many seeds: at least 1.
    pub seeds: u32,
    /// Threads for all runs together: at least 1. What comes out does not depend on it.
    pub threads: usize,
}

/// How far a study is.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The seed of the run that has something to tell.
    pub seed: u64,
    /// Runs that are over.
    pub runs_over: u32,
    /// How far all runs are together, from 0 to 1.
    pub part: f64,
    /// How far that run is.
    pub run: Progress,
}

impl Study {
    /// Runs a scenario with each seed, some beside each other.
    ///
    /// # Errors
    /// Those of the runs; of several, that of the first seed that has one.
    pub fn conduct(
        scenario: &Scenario,
        plan: &Plan,
        watch: &(dyn Fn(&Step) -> ControlFlow<()> + Sync),
    ) -> Result<Self, Broken> {
        let seeds = plan.seeds.max(1);
        let beside = plan.threads.clamp(1, seeds as usize);
        let desk = Desk {
            scenario,
            plan,
            watch,
            threads: (plan.threads / beside).max(1),
            next: AtomicU32::new(0),
            is_over: AtomicBool::new(false),
            parts: Mutex::new(vec![0.0; seeds as usize]),
            ended: Mutex::new(Vec::new()),
        };
        std::thread::scope(|scope| {
            for _ in 1..beside {
                scope.spawn(|| desk.work());
            }
            desk.work();
        });
        let mut ended = desk.ended.into_inner().unwrap_or_else(PoisonError::into_inner);
        ended.sort_unstable_by_key(|(nth, _)| *nth);
        // What was stopped because another broke says nothing.
        let is_aside = |it: &Result<Outcome, Broken>| matches!(it, Err(Broken::Stopped { .. }));
        if let Some(at) = ended.iter().position(|(_, it)| it.is_err() && !is_aside(it)) {
            ended.swap(0, at);
        }
        let outcomes: Result<Vec<_>, _> = ended.into_iter().map(|(_, outcome)| outcome).collect();
        Ok(Self { scenario: scenario.clone(), outcomes: outcomes? })
    }

    /// The seeds.
    pub fn seeds(&self) -> impl Iterator<Item = u64> + '_ {
        self.outcomes.iter().map(|outcome| outcome.seed)
    }

    /// Which scheduler ran.
    pub fn strategy(&self) -> &str {
        self.outcomes.first().map_or("", |outcome| outcome.strategy.as_str())
    }

    /// Everything that was measured, in the order of the table.
    pub fn metrics(&self) -> Vec<Metric> {
        metric::all(self)
    }

    /// Whether every target is met.
    pub fn is_met(&self) -> bool {
        self.metrics().iter().all(|metric| metric.is_met() != Some(false))
    }

    /// What was simulated, in one sentence.
    pub fn setting(&self) -> String {
        setting::of(&self.scenario)
    }

    /// The outcome in a few sentences.
    pub fn answer(&self) -> String {
        answer::of(self)
    }

    /// Mean of a figure over the seeds.
    pub(crate) fn mean(&self, of: impl Fn(&Outcome) -> f64) -> f64 {
        self.outcomes.iter().map(of).sum::<f64>() / self.outcomes.len().max(1) as f64
    }
}

/// What the threads of a study share.
struct Desk<'a> {
    scenario: &'a Scenario,
    plan: &'a Plan,
    watch: &'a (dyn Fn(&Step) -> ControlFlow<()> + Sync),
    /// For each run.
    threads: usize,
    next: AtomicU32,
    is_over: AtomicBool,
    parts: Mutex<Vec<f64>>,
    ended: Mutex<Vec<(u32, Result<Outcome, Broken>)>>,
}

impl Desk<'_> {
    fn work(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            let nth = self.next.fetch_add(1, Ordering::Relaxed);
            if nth >= self.plan.seeds.max(1) {
                return;
            }
            let seed = self.plan.seed.wrapping_add(nth.into());
            let options = Options { seed, threads: self.threads, strategy: &self.scenario.strategy };
            let outcome = run_with(self.scenario, options, &mut Watcher { desk: self, nth, seed });
            if outcome.is_err() {
                self.is_over.store(true, Ordering::Relaxed);
            }
            self.ended.lock().unwrap_or_else(PoisonError::into_inner).push((nth, outcome));
        }
    }

    /// How far a run is: the part of the peers that are done, or of the bytes that the origin has to send at least.
    fn part(&self, run: &Progress) -> f64 {
        let sites: u64 = self.scenario.site.iter().map(|site| u64::from(site.count)).sum();
        let copy: u64 = self.scenario.content.iter().map(|content| content.size.0).sum();
        let of = |part: f64, whole: f64| if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 };
        let done = of(run.finished.into(), run.peers.into());
        // Who is done was served; the line alone never makes it more than almost all.
        done.max(0.99 * of(run.origin_bytes as f64, sites as f64 * copy as f64))
    }
}

/// Looks at one run.
struct Watcher<'a> {
    desk: &'a Desk<'a>,
    nth: u32,
    seed: u64,
}

impl Watch for Watcher<'_> {
    fn progress(&mut self, progress: &Progress) -> ControlFlow<()> {
        let step = {
            let mut parts = self.desk.parts.lock().unwrap_or_else(PoisonError::into_inner);
            parts[self.nth as usize] = self.desk.part(progress);
            let sum: f64 = parts.iter().sum();
            let ended = self.desk.ended.lock().unwrap_or_else(PoisonError::into_inner).len();
            let runs_over = u32::try_from(ended).unwrap_or(u32::MAX);
            Step { seed: self.seed, runs_over, part: sum / parts.len() as f64, run: *progress }
        };
        if self.desk.is_over.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        (self.desk.watch)(&step)
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
