//! Calls that wait for their answer.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use swarmline_ipc::jobs::CALLS_MAX;
use swarmline_jobs::{HResult, Reply};

type Outcome = Result<Reply, HResult>;

/// The calls of one client that wait. As many as a session may have; one more waits for a place.
#[derive(Default)]
pub(super) struct Calls {
    state: Mutex<State>,
    room: Condvar,
}

#[derive(Default)]
struct State {
    last: u64,
    /// At most [`CALLS_MAX`].
    waiting: BTreeMap<u64, SyncSender<Outcome>>,
    closed: bool,
}

/// A call that is being made.
pub(super) struct Pending {
    pub(super) id: u64,
    answer: Receiver<Outcome>,
}

impl Pending {
    /// Blocks until the answer is there, or nobody is who could give it.
    pub(super) fn wait(self) -> Outcome {
        self.answer.recv().unwrap_or(Err(HResult::DO_E_NO_SERVICE))
    }
}

impl Calls {
    /// A name for one call more; blocks while there are as many as there may be.
    pub(super) fn begin(&self) -> Result<Pending, HResult> {
        let full = |state: &mut State| !state.closed && state.waiting.len() == CALLS_MAX;
        let mut state = self.room.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Err(HResult::DO_E_NO_SERVICE);
        }
        state.last += 1;
        let (id, (sender, answer)) = (state.last, sync_channel(1));
        state.waiting.insert(id, sender);
        Ok(Pending { id, answer })
    }

    /// The answer is there. One to no call is nobody's.
    pub(super) fn finish(&self, id: u64, outcome: Outcome) {
        let waiting = self.lock().waiting.remove(&id);
        if let Some(waiting) = waiting {
            self.room.notify_one();
            // There is room for the one answer; a caller that is gone wants none.
            let _ = waiting.try_send(outcome);
        }
    }

    /// Nobody will answer any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
        drop(state);
        self.room.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before the lock is released.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_gets_its_own_answer_in_any_order() {
        let calls = Calls::default();
        let (first, second) = (calls.begin().unwrap(), calls.begin().unwrap());
        calls.finish(second.id, Ok(Reply::Count(2)));
        calls.finish(77, Ok(Reply::Count(77)));
        calls.finish(first.id, Ok(Reply::Count(1)));
        assert_eq!((first.wait(), second.wait()), (Ok(Reply::Count(1)), Ok(Reply::Count(2))));
    }

    #[test]
    fn when_nobody_answers_any_more_everybody_learns_it() {
        let calls = Calls::default();
        let pending = calls.begin().unwrap();
        calls.close();
        assert_eq!(pending.wait(), Err(HResult::DO_E_NO_SERVICE));
        assert_eq!(calls.begin().err(), Some(HResult::DO_E_NO_SERVICE));
    }

    #[test]
    fn one_call_too_many_waits_for_a_place() {
        let calls = Calls::default();
        let all: Vec<_> = (0..CALLS_MAX).map(|_| calls.begin().unwrap()).collect();
        std::thread::scope(|scope| {
            let more = scope.spawn(|| calls.begin().unwrap().id);
            calls.finish(all[5].id, Ok(Reply::Done));
            assert_eq!(more.join().unwrap(), CALLS_MAX as u64 + 1);
        });
    }
}
