//! Who answers the calls: one service for the whole process.
//!
//! It is opened by whoever asks for the first manager, from any thread, and stays until the process ends. When the
//! process that owns the state directory dies, all that came from it answers `DO_E_NO_SERVICE`, and the next who asks for
//! a manager opens the service anew, in whichever process it then is. At the end of this process it is ended, too.

mod activation;
mod log;
mod open;

use std::sync::{Arc, OnceLock};

use swarmline_engine::jobs::JobClient;
use swarmline_jobs::{HResult, JobService};

use crate::abi::{Success, at_exit, guarded, without_signals};
use activation::Activation;

static SERVICE: Activation<Service> = Activation::new();

/// Who answers.
#[derive(Clone)]
struct Service {
    answers: Arc<dyn JobService>,
    /// What has to be ended, if it was opened here.
    client: Option<JobClient>,
    /// Threads do not follow into a child, so what was opened before a fork is none of the child's.
    process: u32,
}

impl Service {
    fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }

    fn lives(&self) -> bool {
        self.client.as_ref().is_none_or(|client| !client.is_closed())
    }
}

/// Lets this service answer instead of the one that would be opened, from the first manager on until the process ends.
/// `false` if one answers already; then nothing changes.
pub fn provide(service: Arc<dyn JobService>) -> bool {
    SERVICE.put(Service { answers: service, client: None, process: std::process::id() })
}

/// Who answers now; opened if nobody does. Blocks as long as that takes, with no lock held.
///
/// # Errors
/// `DO_E_NO_SERVICE` when it cannot be opened, see [`failure`], and when the process is ending.
pub(crate) fn current() -> Result<Arc<dyn JobService>, HResult> {
    disown();
    let service = SERVICE.get(Service::lives, open).map_err(|_| HResult::DO_E_NO_SERVICE)?;
    Ok(service.answers)
}

/// Why it could not be opened, for people; `None` if nobody tried in vain.
pub(crate) fn failure() -> Option<String> {
    SERVICE.failure()
}

/// Whether threads may be at work behind the interfaces.
pub(crate) fn is_running() -> bool {
    SERVICE.has_begun()
}

fn open() -> Result<Service, String> {
    static ENDS_IN_ORDER: OnceLock<bool> = OnceLock::new();
    log::start();
    if !*ENDS_IN_ORDER.get_or_init(|| at_exit(end)) {
        tracing::warn!("at its end the process will leave the service as if it were killed");
    }
    // Threads take over the signals of the thread that starts them.
    let client = without_signals(open::open).map_err(|error| {
        let text = chain(&error);
        tracing::warn!(error = text, "there is no service");
        text
    })?;
    Ok(Service { answers: Arc::new(client.clone()), client: Some(client), process: std::process::id() })
}

/// Ends the service with its process, before what the process was made of goes.
extern "C" fn end() {
    guarded(|| {
        disown();
        if let Some(client) = SERVICE.end().and_then(|service| service.client) {
            client.end();
        }
        Ok(Success::Full)
    });
}

/// Lets lie what a parent opened: nothing of it runs here, and ending it would wait for ever.
fn disown() {
    std::mem::forget(SERVICE.take_if(|service| !service.is_ours()));
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
