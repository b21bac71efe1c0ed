//! The engine's clock: the only place where it reads the time.

use std::time::Instant;

use swarmline_types::MonoTime;

/// Counts from the engine's start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(crate) fn now(&self) -> MonoTime {
        MonoTime::ZERO + self.start.elapsed()
    }

    /// The point as the runtime's timers want it.
    pub(crate) fn instant(&self, at: MonoTime) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.start + at.since(MonoTime::ZERO))
    }
}
