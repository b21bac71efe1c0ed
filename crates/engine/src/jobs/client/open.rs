//! Finding whoever has a state directory, or becoming it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use swarmline_ipc::jobs::{JobConnectError, connect_jobs};
use swarmline_store::{OpenError, StateDir, Store};
use tokio::sync::oneshot;

use super::JobClient;
use crate::config::EngineConfig;
use crate::jobs::host::LocalDoors;
use crate::owner::{Owner, OwnerError};

/// Why there is no service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenServiceError {
    /// The state directory cannot be used.
    #[error(transparent)]
    StateDir(#[from] OpenError),
    /// The process that owns it cannot be reached, or refuses.
    #[error("the process that owns the state directory cannot be used")]
    Attach(#[from] JobConnectError),
    /// A process owns it and does not listen.
    #[error("the process that owns state directory {} does not answer", path.display())]
    Silent {
        /// The directory.
        path: PathBuf,
    },
    /// No engine could be started in this process.
    #[error("could not start an engine")]
    Start(#[from] OwnerError),
    /// The system gives no thread or runtime.
    #[error("could not start a thread")]
    Thread(#[source] io::Error),
}

/// The service of a state directory: the process that owns it, or, if there is none, an engine with default settings in
/// this process, which others then attach to. It ends with the last clone of the client, within 5 s.
///
/// Blocks until it is there, at most about 10 s.
///
/// # Errors
/// When the directory cannot be used, its owner does not answer, or no engine can be started.
pub fn open_service(dir: &Path) -> Result<JobClient, OpenServiceError> {
    open_service_with(dir, EngineConfig::default)
}

/// As [`open_service`], with settings of one's own for an engine in this process.
///
/// # Errors
/// As [`open_service`].
pub fn open_service_with(
    dir: &Path,
    config: impl FnOnce() -> EngineConfig,
) -> Result<JobClient, OpenServiceError> {
    let began = Instant::now();
    loop {
        match Store::open(dir) {
            Ok(store) => return own(store, config()),
            Err(OpenError::Owned { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        match connect_jobs(&StateDir::socket_path(dir)) {
            Ok((writer, reader)) => {
                return JobClient::attached(writer, reader).map_err(OpenServiceError::Thread);
            }
            // It is starting, or ending.
            Err(JobConnectError::Connect(error)) if error.is_absent() => {}
            Err(JobConnectError::Gone) => {}
            Err(error) => return Err(error.into()),
        }
        if began.elapsed() >= ANSWER_MAX {
            return Err(OpenServiceError::Silent { path: dir.to_owned() });
        }
        std::thread::sleep(RETRY);
    }
}

/// Runs an engine on threads of its own, for as long as the client lives.
fn own(store: Store, config: EngineConfig) -> Result<JobClient, OpenServiceError> {
    let (stop, stopped) = oneshot::channel();
    let (tell, hear) = sync_channel(1);
    let thread = std::thread::Builder::new()
        .name("swarmline-engine".into())
        .spawn(move || run(store, config, &tell, stopped))
        .map_err(OpenServiceError::Thread)?;
    // Joins the thread when it is dropped, also if there is no client.
    let behind = Behind { stop: Some(stop), thread: Some(thread) };
    match hear.recv() {
        Ok(Ok(doors)) => Ok(doors.client(Some(Box::new(behind)))),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(OpenServiceError::Thread(io::ErrorKind::Other.into())),
    }
}

fn run(
    store: Store,
    config: EngineConfig,
    tell: &SyncSender<Result<LocalDoors, OpenServiceError>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = tell.send(Err(OpenServiceError::Thread(error)));
            return;
        }
    };
    runtime.block_on(async {
        let owner = match Owner::start(store, config).await {
            Ok(owner) => owner,
            Err(error) => {
                let _ = tell.send(Err(error.into()));
                return;
            }
        };
        let _ = tell.send(Ok(owner.jobs().doors()));
        // An error says the same: nobody is there any more.
        let _ = stopped.await;
        owner.shutdown().await;
    });
    runtime.shutdown_timeout(LAST_WORK_MAX);
}

/// The engine of this process. Dropping it ends the engine and, outside of async tasks, waits for that.
struct Behind {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Behind {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The last clone may go in a task of that very engine, which must not wait for itself.
        let waits = tokio::runtime::Handle::try_current().is_err();
        if let Some(thread) = self.thread.take().filter(|_| waits) {
            let _ = thread.join();
        }
    }
}

/// How long a process that owns a state directory may take to answer: 10 s.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Between two looks at the lock.
const RETRY: Duration = Duration::from_millis(50);
/// How long disk work may go on after the engine has ended.
const LAST_WORK_MAX: Duration = Duration::from_secs(2);
