//! When something is due. One point in time per key; setting it again moves it.

use std::collections::{BTreeMap, BTreeSet};

use swarmline_types::MonoTime;

use crate::face::JobId;

/// What is due.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Due {
    /// Look at the ages of all jobs.
    Ages,
    /// Save progress.
    Save(JobId),
    /// A file may be tried again.
    Retry(JobId),
    /// The timeout without progress.
    NoProgress(JobId),
    /// There may be something to tell.
    Notify(JobId),
}

/// All that is due. Bounded by four per job.
#[derive(Debug, Default)]
pub(super) struct Timers {
    at: BTreeMap<Due, MonoTime>,
    queue: BTreeSet<(MonoTime, Due)>,
}

impl Timers {
    /// Sets, moves or clears.
    pub(super) fn set(&mut self, due: Due, at: Option<MonoTime>) {
        let before = match at {
            Some(at) => self.at.insert(due, at),
            None => self.at.remove(&due),
        };
        if before != at {
            if let Some(before) = before {
                self.queue.remove(&(before, due));
            }
            self.queue.extend(at.map(|at| (at, due)));
        }
    }

    /// Whether it is set.
    pub(super) fn is_set(&self, due: Due) -> bool {
        self.at.contains_key(&due)
    }

    /// Forgets all of one job.
    pub(super) fn forget(&mut self, job: JobId) {
        for due in [Due::Save(job), Due::Retry(job), Due::NoProgress(job), Due::Notify(job)] {
            self.set(due, None);
        }
    }

    /// Takes the next one that is due.
    pub(super) fn pop(&mut self, now: MonoTime) -> Option<Due> {
        let (_, due) = *self.queue.first().filter(|(at, _)| *at <= now)?;
        self.set(due, None);
        Some(due)
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<MonoTime> {
        self.queue.first().map(|(at, _)| *at)
    }
}
