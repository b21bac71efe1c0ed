//! Where blocking work runs: a few jobs at a time, so that hashing never starves the network.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Runs blocking work off the async tasks, one job per core and one more. Jobs beyond that wait in order; there are
/// never more than the node's budget of requests and answers.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    permits: Arc<Semaphore>,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self { permits: Arc::new(Semaphore::new(cores + 1)) }
    }

    /// The result of `work`; `None` if it panicked. Dropping it half-way does not stop the work.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let permit = self.permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        let job = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        job.await.ok()
    }

    /// Has `work` done and its result, `None` if it panicked, given to `then`, which may block too. For work that comes
    /// a thousand times a second: no task is woken in between.
    pub(crate) fn start<T>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(Option<T>) + Send + 'static,
    ) {
        let begin = |permit: OwnedSemaphorePermit| {
            tokio::task::spawn_blocking(move || {
                // Whatever the work shares with others is theirs to keep whole, as with a thread that panics.
                let result = catch_unwind(AssertUnwindSafe(work)).ok();
                drop(permit);
                then(result);
            });
        };
        match self.permits.clone().try_acquire_owned() {
            Ok(permit) => begin(permit),
            Err(_) => {
                let permits = self.permits.clone();
                tokio::spawn(async move {
                    begin(permits.acquire_owned().await.expect("the semaphore is never closed"));
                });
            }
        }
    }
}
