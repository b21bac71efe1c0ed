//! The order to end, with its reason.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::error::CloseReason;

/// The first reason counts.
#[derive(Debug, Default)]
pub(super) struct Stop {
    reason: Mutex<Option<CloseReason>>,
    given: Notify,
}

impl Stop {
    pub(super) fn give(&self, reason: CloseReason) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        self.given.notify_one();
    }

    /// Waits for the order. For one task only; dropping it half-way loses nothing.
    pub(super) async fn wait(&self) -> CloseReason {
        loop {
            if let Some(reason) = self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone() {
                return reason;
            }
            self.given.notified().await;
        }
    }
}
