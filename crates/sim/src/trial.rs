//! Nasty scenarios, one after another, until one shows a fault.
//!
//! Each [nasty scenario](crate::scenario::nasty) can be finished by every honest peer that stays. So three things are
//! faults: a rule that does not hold, somebody who is left without what he wants, and code that panics.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::outcome::Outcome;
use crate::run::{Broken, Progress, Watch, run};
use crate::scenario::nasty;
use crate::words;

/// Which scenarios are tried.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// The first seed; the others follow it.
    pub first: u64,
    /// How many seeds.
    pub seeds: u64,
    /// Threads, each with a scenario of its own: at least 1. What comes out does not depend on it.
    pub threads: usize,
}

/// What was run so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tried {
    /// Scenarios that are over.
    pub scenarios: u64,
    /// Honest peers in them.
    pub peers: u64,
    /// Events of them.
    pub events: u64,
}

/// Why a trial ended before its last seed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A rule does not hold.
    #[error("seed {seed} of the nasty scenarios: {broken}; {}", again(*seed))]
    Broken {
        /// The seed of scenario and run.
        seed: u64,
        /// Which rule. It stands in the text, so it is no source of it.
        broken: Broken,
    },
    /// Honest peers stayed and are left without what they want.
    #[error(
        "seed {seed} of the nasty scenarios: {unfinished} of {} stayed and lacked something after {ended_s:.3} s; {}",
        words::count((*peers).into(), "peer", "peers"),
        again(*seed)
    )]
    Unfinished {
        /// The seed of scenario and run.
        seed: u64,
        /// How many they are.
        unfinished: u32,
        /// Honest peers in all.
        peers: u32,
        /// Virtual time at the end.
        ended_s: f64,
    },
    /// The code panicked; what it said went the way of all panics.
    #[error("seed {seed} of the nasty scenarios: it panicked; {}", again(*seed))]
    Panicked {
        /// The seed of scenario and run.
        seed: u64,
    },
    /// The watcher had enough.
    #[error("stopped after {}", words::count(.0.scenarios, "scenario", "scenarios"))]
    Stopped(Tried),
}

fn again(seed: u64) -> String {
    format!("again with: swarmline sim run nasty-{seed} --seed {seed}")
}

impl Trial {
    /// Runs the scenarios. `watch` is told now and then, and may stop it.
    ///
    /// # Errors
    /// The fault of the smallest seed that has one, on any number of threads.
    pub fn conduct(&self, watch: &(dyn Fn(&Tried) -> ControlFlow<()> + Sync)) -> Result<Tried, Fault> {
        let desk = Desk {
            trial: self,
            watch,
            next: AtomicU64::new(0),
            least_faulty: AtomicU64::new(u64::MAX),
            found: Mutex::new((Tried::default(), None)),
        };
        std::thread::scope(|scope| {
            for _ in 1..self.threads {
                scope.spawn(|| desk.work());
            }
            desk.work();
        });
        match desk.found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            (_, Some((_, fault))) => Err(fault),
            (tried, None) => Ok(tried),
        }
    }
}

/// What the threads of a trial share.
struct Desk<'a> {
    trial: &'a Trial,
    watch: &'a (dyn Fn(&Tried) -> ControlFlow<()> + Sync),
    next: AtomicU64,
    /// Nobody goes on behind it.
    least_faulty: AtomicU64,
    found: Mutex<(Tried, Option<(u64, Fault)>)>,
}

impl Desk<'_> {
    fn work(&self) {
        loop {
            let nth = self.next.fetch_add(1, Ordering::Relaxed);
            if nth >= self.trial.seeds || nth > self.least_faulty.load(Ordering::Relaxed) {
                return;
            }
            let seed = self.trial.first.wrapping_add(nth);
            let mut watcher = Watcher { desk: self, nth };
            let run = || run(&nasty(seed), seed, &mut watcher);
            // Nothing of the run is looked at again.
            let ended = catch_unwind(AssertUnwindSafe(run)).map_err(|_| Fault::Panicked { seed });
            match ended.and_then(|ended| judge(seed, ended)) {
                Ok(Some(tried)) => self.count(tried),
                Ok(None) => {}
                Err(fault) => self.end_at(nth, fault),
            }
        }
    }

    fn count(&self, tried: Tried) {
        let (sum, _) = &mut *self.found.lock().unwrap_or_else(PoisonError::into_inner);
        sum.scenarios += tried.scenarios;
        sum.peers += tried.peers;
        sum.events += tried.events;
    }

    /// A fault before the one that is known takes its place; others say nothing new.
    fn end_at(&self, nth: u64, fault: Fault) {
        let (_, known) = &mut *self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|(known, _)| nth < *known) {
            *known = Some((nth, fault));
            self.least_faulty.fetch_min(nth, Ordering::Relaxed);
        }
    }
}

/// `None` for a run that was stopped because it no longer matters.
fn judge(seed: u64, ended: Result<Outcome, Broken>) -> Result<Option<Tried>, Fault> {
    match ended {
        Ok(outcome) if outcome.total.unfinished > 0 => Err(Fault::Unfinished {
            seed,
            unfinished: outcome.total.unfinished,
            peers: outcome.total.peers,
            ended_s: outcome.ended_s,
        }),
        Ok(outcome) => {
            Ok(Some(Tried { scenarios: 1, peers: outcome.total.peers.into(), events: outcome.events }))
        }
        Err(Broken::Stopped { .. }) => Ok(None),
        Err(broken) => Err(Fault::Broken { seed, broken }),
    }
}

/// Looks at one run.
struct Watcher<'a> {
    desk: &'a Desk<'a>,
    nth: u64,
}

impl Watch for Watcher<'_> {
    fn progress(&mut self, _: &Progress) -> ControlFlow<()> {
        if self.nth > self.desk.least_faulty.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        let tried = self.desk.found.lock().unwrap_or_else(PoisonError::into_inner).0;
        if (self.desk.watch)(&tried).is_continue() {
            return ControlFlow::Continue(());
        }
        // Before every seed: whatever the others find is no longer asked for.
        let (_, known) = &mut *self.desk.found.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((0, Fault::Stopped(tried)));
        self.desk.least_faulty.store(0, Ordering::Relaxed);
        ControlFlow::Break(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(threads: usize) -> Trial {
        Trial { first: 3, seeds: 4, threads }
    }

    #[test]
    fn all_are_tried_on_any_number_of_threads() {
        let on = |threads| trial(threads).conduct(&|_| ControlFlow::Continue(())).unwrap();
        assert_eq!(on(1).scenarios, 4);
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn whoever_watches_may_end_it() {
        let stopped = trial(2).conduct(&|_| ControlFlow::Break(())).unwrap_err();
        assert!(matches!(stopped, Fault::Stopped(_)), "{stopped}");
    }

    #[test]
    fn the_smallest_faulty_seed_is_told() {
        let trial = trial(1);
        let watch = |_: &Tried| ControlFlow::Continue(());
        let desk = Desk {
            trial: &trial,
            watch: &watch,
            next: AtomicU64::new(0),
            least_faulty: AtomicU64::new(u64::MAX),
            found: Mutex::new((Tried::default(), None)),
        };
        desk.end_at(2, Fault::Panicked { seed: 5 });
        desk.end_at(1, Fault::Panicked { seed: 4 });
        desk.end_at(3, Fault::Panicked { seed: 6 });
        let (_, known) = desk.found.into_inner().unwrap();
        assert_eq!(known.unwrap().1.to_string().split(" of").next(), Some("seed 4"));
        assert_eq!(desk.least_faulty.into_inner(), 1);
    }

    #[test]
    fn who_is_left_unfinished_is_a_fault_with_its_command() {
        let scenario =
            crate::Scenario::parse("site.peers = 2\ncontent.size = '1MiB'\noutage.answer = 'missing'");
        let outcome = run(&scenario.unwrap(), 7, &mut crate::Unwatched);
        let fault = judge(7, outcome).unwrap_err().to_string();
        assert!(fault.contains("2 of 2 peers stayed"), "{fault}");
        assert!(fault.ends_with("; again with: swarmline sim run nasty-7 --seed 7"), "{fault}");
    }

    #[test]
    fn a_rule_that_does_not_hold_is_told_once_and_with_its_command() {
        let scenario = crate::Scenario::parse("check.events_max = 1").unwrap();
        let fault = judge(7, run(&scenario, 7, &mut crate::Unwatched)).unwrap_err();
        let told = fault.to_string();
        assert!(told.starts_with("seed 7 of the nasty scenarios: a run ends: "), "{told}");
        assert!(told.ends_with("; again with: swarmline sim run nasty-7 --seed 7"), "{told}");
        assert!(std::error::Error::source(&fault).is_none(), "it would be told twice");
    }
}
