//! Where blocking work runs: a few jobs at a time, so that hashing never starves the network.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;

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
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let permit = self.permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        let job = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        job.await.ok()
    }
}
