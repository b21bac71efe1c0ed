//! Where blocking work runs: a few jobs at a time, so that hashing never starves the network.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use tokio::sync::oneshot;

/// Runs blocking work off the async tasks, one job per core and one more. Jobs beyond that wait in order; there are
/// never more than the node's budget of requests and answers.
///
/// Whoever works takes the next job until there is none: small pieces come by the thousand a second, and to wake a
/// thread for each costs more than to hash it.
#[derive(Clone)]
pub(crate) struct Disk {
    shared: Arc<Shared>,
}

struct Shared {
    workers_max: usize,
    state: Mutex<State>,
}

struct State {
    jobs: VecDeque<Job>,
    workers: usize,
}

type Job = Box<dyn FnOnce() + Send>;

impl Disk {
    pub(crate) fn new() -> Self {
        Self::of(available_parallelism().map_or(1, usize::from) + 1)
    }

    fn of(workers_max: usize) -> Self {
        let state = Mutex::new(State { jobs: VecDeque::new(), workers: 0 });
        Self { shared: Arc::new(Shared { workers_max, state }) }
    }

    /// The result of `work`; `None` if it panicked. Dropping it half-way does not stop the work.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = oneshot::channel();
        self.start(work, |result| _ = done.send(result));
        result.await.ok().flatten()
    }

    /// Has `work` done and its result, `None` if it panicked, given to `then`, which may wait for the driver.
    pub(crate) fn start<T>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(Option<T>) + Send + 'static,
    ) {
        // Whatever the work shares with others is theirs to keep whole, as with a thread that panics.
        let job = move || then(catch_unwind(AssertUnwindSafe(work)).ok());
        let mut state = self.shared.lock();
        state.jobs.push_back(Box::new(job));
        if state.workers < self.shared.workers_max {
            state.workers += 1;
            let shared = self.shared.clone();
            tokio::task::spawn_blocking(move || shared.work());
        }
    }
}

impl Shared {
    fn work(&self) {
        while let Some(job) = self.next() {
            // A worker that is lost would be missed for ever.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    }

    /// The next job; a worker that gets none ends.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        let job = state.jobs.pop_front();
        state.workers -= usize::from(job.is_none());
        job
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before the lock is released.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn so_many_jobs_run_at_a_time_and_no_more() {
        let disk = Disk::of(3);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        // Each round of three goes on only when all three are there.
        let together = Arc::new(Barrier::new(3));
        let job = || {
            let (running, most, together) = (running.clone(), most.clone(), together.clone());
            disk.run(move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                together.wait();
                running.fetch_sub(1, Ordering::SeqCst);
            })
        };
        let done = join_all((0..300).map(|_| job())).await;
        assert!(done.iter().all(Option::is_some));
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_job_that_panics_gives_nothing_and_takes_no_worker_along() {
        let disk = Disk::of(1);
        for _ in 0..5 {
            assert_eq!(disk.run(|| panic!("a test")).await, None::<()>);
            disk.start(|| (), |_| panic!("a test"));
        }
        assert_eq!(disk.run(|| 7).await, Some(7));
    }
}
