//! The order in which the machine's orders are carried out: nothing before the records that were changed before it are
//! written.
//!
//! Changes are gathered while others are being written and then written together, so a thousand calls at once cost a few
//! rounds and not a thousand. A change that cannot be written is tried again with those that follow, and whoever waits
//! for it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use swarmline_jobs::JobId;
use swarmline_jobs::machine::Action;

use super::records::Change;

/// Orders between the machine and those who carry them out. Bounded by the machine: it orders nothing more for a job
/// that waits for an answer, and answers each call once.
pub(super) struct Commit<F> {
    /// To be carried out now. Orders with the failures of the changes before them.
    ready: VecDeque<(Action, Failures<F>)>,
    /// Waits for the changes that are being written.
    written_next: Option<Vec<Action>>,
    /// The next changes, one per job at most.
    changes: BTreeMap<JobId, Change>,
    /// Waits for these.
    behind: Vec<Action>,
    /// What could not be written, to be tried again.
    failed: BTreeMap<JobId, Change>,
}

/// Changes that could not be written. Shared by the orders behind them.
pub(super) type Failures<F> = Option<Arc<BTreeMap<JobId, F>>>;

impl<F> Default for Commit<F> {
    fn default() -> Self {
        Self {
            ready: VecDeque::new(),
            written_next: None,
            changes: BTreeMap::new(),
            behind: Vec::new(),
            failed: BTreeMap::new(),
        }
    }
}

impl<F> Commit<F> {
    /// Takes one order, in the order in which the machine gives them.
    pub(super) fn push(&mut self, action: Action) {
        match action {
            Action::Save { job, record } => _ = self.changes.insert(job, Change::Save(record)),
            Action::Forget { job } => _ = self.changes.insert(job, Change::Forget),
            action if self.changes.is_empty() && self.written_next.is_none() => {
                self.ready.push_back((action, None));
            }
            action => self.behind.push(action),
        }
    }

    /// The next order to carry out now.
    pub(super) fn next_ready(&mut self) -> Option<(Action, Failures<F>)> {
        self.ready.pop_front()
    }

    /// The changes to write now: none while others are being written. To be answered by [`written`](Self::written).
    pub(super) fn next_changes(&mut self) -> Option<BTreeMap<JobId, Change>> {
        if self.changes.is_empty() || self.written_next.is_some() {
            return None;
        }
        self.written_next = Some(std::mem::take(&mut self.behind));
        // What failed before goes first; a newer change of the same job takes its place.
        let mut changes = std::mem::take(&mut self.failed);
        changes.append(&mut self.changes);
        Some(changes)
    }

    /// The changes are written, but for these.
    pub(super) fn written(&mut self, changes: BTreeMap<JobId, Change>, failures: BTreeMap<JobId, F>) {
        for (job, change) in changes {
            if failures.contains_key(&job) {
                self.failed.insert(job, change);
            }
        }
        let failures = (!failures.is_empty()).then(|| Arc::new(failures));
        let released = self.written_next.take().into_iter().flatten();
        self.ready.extend(released.map(|action| (action, failures.clone())));
        if self.changes.is_empty() {
            // What came meanwhile changed nothing.
            self.ready.extend(std::mem::take(&mut self.behind).into_iter().map(|action| (action, None)));
        }
    }

    /// Whether something could not be written, and waits for the next attempt.
    pub(super) fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// Tries again now what could not be written.
    pub(super) fn retry(&mut self) {
        for (job, change) in std::mem::take(&mut self.failed) {
            self.changes.entry(job).or_insert(change);
        }
    }

    /// Whether nothing waits to be written or carried out.
    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.changes.is_empty() && self.written_next.is_none()
    }
}

#[cfg(test)]
mod tests {
    use swarmline_jobs::machine::CallId;
    use swarmline_jobs::{Guid, Reply};

    use super::*;

    fn job(number: u128) -> JobId {
        JobId(Guid::from_u128(number))
    }

    fn reply(call: u64) -> Action {
        Action::Reply { call: CallId(call), result: Ok(Reply::Done) }
    }

    fn forget(number: u128) -> Action {
        Action::Forget { job: job(number) }
    }

    fn ready(commit: &mut Commit<&'static str>) -> Vec<String> {
        let mut all = Vec::new();
        while let Some((action, failures)) = commit.next_ready() {
            let Action::Reply { call, .. } = action else { panic!("{action:?}") };
            let failed = failures.map_or(String::new(), |failures| format!(" {:?}", failures.values()));
            all.push(format!("{}{failed}", call.0));
        }
        all
    }

    fn write(commit: &mut Commit<&'static str>, failures: &[(u128, &'static str)]) -> usize {
        let changes = commit.next_changes().expect("something is to be written");
        let count = changes.len();
        commit.written(changes, failures.iter().map(|(number, why)| (job(*number), *why)).collect());
        count
    }

    #[test]
    fn an_answer_waits_for_the_changes_before_it_and_only_for_those() {
        let mut commit = Commit::default();
        commit.push(reply(1));
        assert_eq!(ready(&mut commit), ["1"]);
        commit.push(forget(1));
        commit.push(reply(2));
        assert!(ready(&mut commit).is_empty());
        assert_eq!(write(&mut commit, &[]), 1);
        assert_eq!(ready(&mut commit), ["2"]);
        assert!(commit.is_idle());
    }

    #[test]
    fn what_comes_while_others_are_written_is_written_together() {
        let mut commit = Commit::default();
        commit.push(forget(1));
        commit.push(reply(1));
        let first = commit.next_changes().unwrap();
        for number in 2..100 {
            commit.push(forget(number));
            commit.push(reply(u64::try_from(number).unwrap()));
        }
        assert!(commit.next_changes().is_none());
        commit.written(first, BTreeMap::new());
        assert_eq!(ready(&mut commit), ["1"]);
        assert_eq!(write(&mut commit, &[]), 98);
        assert_eq!(ready(&mut commit).len(), 98);
    }

    #[test]
    fn an_answer_that_changes_nothing_keeps_its_place_behind_those_that_do() {
        let mut commit = Commit::default();
        commit.push(forget(1));
        commit.push(reply(1));
        let first = commit.next_changes().unwrap();
        commit.push(reply(2));
        assert!(ready(&mut commit).is_empty());
        commit.written(first, BTreeMap::new());
        assert_eq!(ready(&mut commit), ["1", "2"]);
        assert!(commit.is_idle());
    }

    #[test]
    fn what_could_not_be_written_is_told_and_tried_again() {
        let mut commit = Commit::default();
        commit.push(forget(1));
        commit.push(forget(2));
        commit.push(reply(1));
        assert_eq!(write(&mut commit, &[(2, "disk full")]), 2);
        assert_eq!(ready(&mut commit), [r#"1 ["disk full"]"#]);
        assert!(commit.has_failed() && commit.next_changes().is_none());
        commit.retry();
        assert_eq!(write(&mut commit, &[]), 1);
        assert!(!commit.has_failed());
        commit.push(forget(3));
        commit.push(reply(2));
        write(&mut commit, &[]);
        assert_eq!(ready(&mut commit), ["2"]);
    }
}
