//! Runs the client's code: callbacks, writes to its streams, and letting go of its objects.
//!
//! Work of one lane (a job, a stream) runs in order and one at a time; lanes take turns. Nothing here is locked while the
//! client's code runs. Code that panics ends its piece of work; code that hangs keeps its thread, and when no other
//! thread is free for a while one more is started, up to a bound. Beyond that, a client that hangs everywhere hurts itself.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use swarmline_jobs::{Guid, Token};

/// What runs in order, one at a time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Lane {
    /// Callbacks of one job or download.
    Job(Guid),
    /// Writes to one stream.
    Stream(Token),
    /// Small work of our own, that blocks on the socket at most.
    Own,
}

/// How many threads, and when there are more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threads {
    /// Threads that are started when there is work for them. Default 4.
    pub(super) usual: usize,
    /// Threads at most, when code of the client hangs. Default 32.
    pub(super) most: usize,
    /// How long work waits while nothing comes to its end, until it counts as hanging. Default 1 s.
    pub(super) patience: Duration,
}

impl Default for Threads {
    fn default() -> Self {
        Self { usual: 4, most: 32, patience: Duration::from_secs(1) }
    }
}

type Task = Box<dyn FnOnce() + Send>;

/// Most pieces of work that wait, apart from those that always find a place: 65536.
pub(super) const TASKS_MAX: usize = 1 << 16;

/// Too much waits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Full;

/// The threads of one client. Dropping it lets them end after what they are doing; it waits for none.
pub(super) struct Executor {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    threads: Threads,
    /// There is work, or the end has come.
    work: Condvar,
    /// All threads are busy while work waits, or the end has come.
    stuck: Condvar,
    /// Something came to its end after the end.
    ended: Condvar,
}

thread_local! {
    /// Whose work this thread runs, by address.
    static RUNS: Cell<Option<usize>> = const { Cell::new(None) };
}

#[derive(Default)]
struct State {
    /// Lanes that have work and run none. Each once.
    ready: VecDeque<Lane>,
    /// Lanes that have work or run some.
    lanes: BTreeMap<Lane, Queue>,
    waiting: usize,
    /// Pieces of work that run now.
    running: usize,
    threads: usize,
    idle: usize,
    /// Pieces of work that came to their end, ever.
    finished: u64,
    is_watched: bool,
    closed: bool,
}

#[derive(Default)]
struct Queue {
    tasks: VecDeque<Task>,
    runs: bool,
}

impl Executor {
    pub(super) fn new(threads: Threads) -> Self {
        let (work, stuck, ended) = (Condvar::new(), Condvar::new(), Condvar::new());
        Self { shared: Arc::new(Shared { state: Mutex::default(), threads, work, stuck, ended }) }
    }

    /// Has work done behind what its lane has already. Never waits.
    pub(super) fn submit(&self, lane: Lane, task: Task) -> Result<(), Full> {
        if self.shared.lock().waiting >= TASKS_MAX {
            return Err(Full);
        }
        self.submit_always(lane, task);
        Ok(())
    }

    /// As [`submit`](Self::submit), for work that is bounded elsewhere and must not be lost.
    pub(super) fn submit_always(&self, lane: Lane, task: Task) {
        let mut state = self.shared.lock();
        if state.closed {
            return;
        }
        let queue = state.lanes.entry(lane).or_default();
        queue.tasks.push_back(task);
        if queue.tasks.len() == 1 && !queue.runs {
            state.ready.push_back(lane);
        }
        state.waiting += 1;
        if state.idle > 0 {
            self.shared.work.notify_one();
        } else if state.threads < self.shared.threads.usual {
            self.shared.hire(&mut state);
        } else {
            self.shared.watch(&mut state);
            self.shared.stuck.notify_one();
        }
    }

    /// Begins nothing any more, and keeps what waits as it is, so that no code of the client runs from now on but what runs
    /// already. For that it waits, at most so long; not for work that calls this.
    pub(super) fn abandon(&self, patience: Duration) {
        let shared = &self.shared;
        let mut state = shared.lock();
        state.closed = true;
        state.ready.clear();
        shared.work.notify_all();
        shared.stuck.notify_all();
        let own = usize::from(RUNS.get() == Some(shared.address()));
        let others_run = |state: &mut State| state.running > own;
        drop(shared.ended.wait_timeout_while(state, patience, others_run));
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let left = {
            let mut state = self.shared.lock();
            state.closed = true;
            state.ready.clear();
            std::mem::take(&mut state.lanes)
        };
        self.shared.work.notify_all();
        self.shared.stuck.notify_all();
        // Work that never runs holds the client's objects.
        drop(left);
    }
}

impl Shared {
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of a client runs under it, so no panic does.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One thread more. If the system refuses, those that are there go on.
    fn hire(self: &Arc<Self>, state: &mut State) {
        let shared = Arc::clone(self);
        let thread = std::thread::Builder::new().name("swarmline-callback".into());
        match thread.spawn(move || shared.work()) {
            Ok(_) => state.threads += 1,
            Err(error) => tracing::warn!(%error, threads = state.threads, "no thread for callbacks"),
        }
    }

    /// Starts the thread that looks for work that waits in vain.
    fn watch(self: &Arc<Self>, state: &mut State) {
        if state.is_watched {
            return;
        }
        let shared = Arc::clone(self);
        let thread = std::thread::Builder::new().name("swarmline-callback-watch".into());
        state.is_watched = thread.spawn(move || shared.rescue()).is_ok();
    }

    fn work(&self) {
        RUNS.set(Some(self.address()));
        let mut state = self.lock();
        while !state.closed {
            let Some(lane) = state.ready.pop_front() else {
                state.idle += 1;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            let Some(task) = state.lanes.get_mut(&lane).and_then(Queue::begin) else { continue };
            state.waiting -= 1;
            state.running += 1;
            drop(state);
            if catch_unwind(AssertUnwindSafe(task)).is_err() {
                tracing::warn!(?lane, "code of the client panicked");
            }
            state = self.lock();
            state.finish(lane);
        }
        self.ended.notify_all();
    }

    /// Waits until work waits and no thread is free; if then nothing comes to its end for a while, starts one thread more.
    fn rescue(self: &Arc<Self>) {
        let mut state = self.lock();
        while !state.closed {
            if !state.is_stuck() {
                state = self.stuck.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let before = state.finished;
            (state, _) =
                self.stuck.wait_timeout(state, self.threads.patience).unwrap_or_else(PoisonError::into_inner);
            if state.finished == before && state.is_stuck() && !state.closed {
                if state.threads < self.threads.most {
                    tracing::info!(threads = state.threads + 1, "callbacks hang: one thread more");
                    self.hire(&mut state);
                } else {
                    // Until one of them comes back there is nothing to be done.
                    state = self.stuck.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

impl State {
    fn is_stuck(&self) -> bool {
        self.idle == 0 && !self.ready.is_empty()
    }

    fn finish(&mut self, lane: Lane) {
        self.finished += 1;
        self.running -= 1;
        let Some(queue) = self.lanes.get_mut(&lane) else { return };
        queue.runs = false;
        if queue.tasks.is_empty() {
            self.lanes.remove(&lane);
        } else {
            self.ready.push_back(lane);
        }
    }
}

impl Queue {
    fn begin(&mut self) -> Option<Task> {
        let task = self.tasks.pop_front()?;
        self.runs = true;
        Some(task)
    }
}

#[cfg(test)]
mod tests;
