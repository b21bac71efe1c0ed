//! Until when origin answers are not read: how the driver applies the node's download rate to a stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use swarmline_types::MonoTime;

use crate::clock::Clock;

/// Shared by the driver, which sets it, and every task that reads an origin's answer.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    clock: Clock,
    is_limited: bool,
    /// Microseconds of the clock.
    until: Arc<AtomicU64>,
}

impl Pace {
    /// `is_limited`: whether the node has a download rate at all.
    pub(crate) fn new(clock: Clock, is_limited: bool) -> Self {
        Self { clock, is_limited, until: Arc::new(AtomicU64::new(0)) }
    }

    /// Whether bytes must have been counted before more are read.
    pub(crate) fn is_limited(&self) -> bool {
        self.is_limited
    }

    pub(crate) fn hold_until(&self, at: MonoTime) {
        self.until.fetch_max(at.as_micros(), Ordering::Relaxed);
    }

    /// Returns when the next bytes may be read. Safe to drop half-way.
    pub(crate) async fn wait(&self) {
        loop {
            let until = MonoTime::from_micros(self.until.load(Ordering::Relaxed));
            if self.clock.now() >= until {
                return;
            }
            tokio::time::sleep_until(self.clock.instant(until)).await;
        }
    }
}
