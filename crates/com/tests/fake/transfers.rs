//! Transfers that succeed by themselves, for examples that wait for them. With `SWARMLINE_FAKE=transfers` the fake
//! installs itself, and whatever is started is here a moment later: a text that names the address. What has `missing` in
//! its address is answered with 404.

use std::sync::OnceLock;

use swarmline_jobs::machine::{Fault, Sink, TransferEvent};
use swarmline_jobs::{ClientObject, FileId, Guid, HResult, JobService, Traffic};

use crate::controls::fake;

fn are_wanted() -> bool {
    static WANTED: OnceLock<bool> = OnceLock::new();
    *WANTED.get_or_init(|| std::env::var_os("SWARMLINE_FAKE").is_some_and(|value| value == "transfers"))
}

extern "C" fn install_when_loaded() {
    if are_wanted() {
        swarmline_do::service::provide(fake().clone());
    }
}

// SAFETY: the loader calls what stands here once, after the libraries that this one needs.
#[used]
#[unsafe(link_section = ".init_array")]
static ON_LOAD: extern "C" fn() = install_when_loaded;

/// Lets happen what a call may have led to, on another thread.
pub(crate) fn after_a_call() {
    if are_wanted() && !fake().driver().attempts().is_empty() {
        std::thread::spawn(|| {
            let attempts = fake().driver().attempts();
            attempts.into_iter().for_each(|(job, file)| fetch(job, file));
        });
    }
}

fn fetch(job: Guid, file: FileId) {
    let Some(attempt) = fake().driver().attempt(job, file) else { return };
    let content = format!("content of {}\n", attempt.url);
    let outcome = match attempt.sink {
        _ if attempt.url.contains("missing") => TransferEvent::Failed(Fault::Http { status: 404 }),
        Sink::File { .. } => TransferEvent::Arrived,
        Sink::Stream { token, .. } => {
            let code = match fake().object(token) {
                Some(ClientObject::Stream(stream)) => stream.write(content.as_bytes()).err(),
                _ => Some(HResult::RPC_E_DISCONNECTED),
            };
            code.map_or(TransferEvent::Arrived, |code| TransferEvent::Failed(Fault::Stream { code }))
        }
    };
    let size = content.len() as u64;
    fake().happen(|driver| driver.contents.insert((job, file), content));
    let progress = TransferEvent::Progress { transferred: size, traffic: Traffic::default() };
    for event in [TransferEvent::Started, TransferEvent::Size(size), progress, outcome] {
        fake().happen(|driver| driver.transfer(job, file, event));
        fake().deliver();
    }
}
