//! Who answers the calls: one service for the whole process.

use std::sync::{Arc, OnceLock};

use swarmline_jobs::{HResult, JobService};

static SERVICE: OnceLock<Arc<dyn JobService>> = OnceLock::new();

/// Lets this service answer, from the first manager on until the process ends. `false` if there was one already; then
/// nothing changes.
pub fn provide(service: Arc<dyn JobService>) -> bool {
    SERVICE.set(service).is_ok()
}

/// # Errors
/// `DO_E_NO_SERVICE` when nobody answers.
pub(crate) fn current() -> Result<Arc<dyn JobService>, HResult> {
    SERVICE.get().cloned().ok_or(HResult::DO_E_NO_SERVICE)
}

/// Whether somebody answers, so that threads may be at work behind the interfaces.
pub(crate) fn is_running() -> bool {
    SERVICE.get().is_some()
}
