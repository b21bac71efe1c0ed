//! The clock of the machine of jobs: the engine's, and what was skipped of it.

use std::time::Duration;

use swarmline_types::MonoTime;
use tokio::sync::watch;

use crate::clock::Clock;

/// See the module.
pub(super) struct JobClock {
    clock: Clock,
    /// What was skipped so far.
    ahead: watch::Receiver<Duration>,
}

impl JobClock {
    pub(super) fn start(ahead: watch::Receiver<Duration>) -> Self {
        Self { clock: Clock::start(), ahead }
    }

    pub(super) fn now(&self) -> MonoTime {
        self.clock.now() + *self.ahead.borrow()
    }

    /// Waits until it is that time; for ever without one. Safe to drop half-way.
    pub(super) async fn until(&mut self, at: Option<MonoTime>) {
        while let Some(at) = at {
            let left = at.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => return,
                Ok(()) = self.ahead.changed() => {}
            }
        }
        std::future::pending().await
    }
}
