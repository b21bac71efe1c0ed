//! Who does the work: this process, if it gets hold of the state directory, or else the process that has it.
//!
//! The owner runs an engine and answers others over the socket in the state directory; everybody else asks there.
//! Between commands and engine there is only this module.

mod events;

use std::path::{Path, PathBuf};
use std::time::Duration;

use swarmline_engine::{Owner, OwnerError, Settings, StartError};
use swarmline_ipc::Client;
use swarmline_store::{OpenError, StateDir, Store};
use tokio::time::Instant;

use crate::exit::{Exit, Failure};

pub(crate) use events::{Events, ask};

/// The state directory, or a connection to the process that owns it, on which nothing has been asked yet.
pub(crate) enum Claim {
    Ours(Store),
    Theirs(Client),
}

/// How long to wait for a process that owns the state directory and does not answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Patience {
    /// At most [`ANSWER_MAX`].
    Limited,
    /// As long as it takes.
    Endless,
}

/// Takes the state directory, or reaches the process that has it. Safe to drop half-way.
///
/// `waiting` is called once if that process does not answer soon: it is starting, or ending, or is verifying a file.
pub(crate) async fn claim(
    dir: &Path,
    patience: Patience,
    mut waiting: impl FnMut(),
) -> Result<Claim, Failure> {
    let began = Instant::now();
    let mut told = false;
    loop {
        if let Some(store) = open_store(dir).await? {
            return Ok(Claim::Ours(store));
        }
        match Client::connect(&StateDir::socket_path(dir)).await {
            Ok(client) => return Ok(Claim::Theirs(client)),
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(Failure::caused_by(Exit::Busy, &error)),
        }
        if began.elapsed() >= ANSWER_MAX && patience == Patience::Limited {
            let text = format!("the process that owns state directory {} does not answer", dir.display());
            return Err(Failure::new(Exit::Busy, text));
        }
        if began.elapsed() >= QUIET_WAIT && !std::mem::replace(&mut told, true) {
            waiting();
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Becomes the process that others ask.
pub(crate) async fn own(store: Store, settings: &Settings) -> Result<Owner, Failure> {
    Owner::start(store, settings.engine()).await.map_err(|error| {
        let is_disk = matches!(error, OwnerError::Bind(_) | OwnerError::Start(StartError::Trace { .. }));
        let exit = if is_disk { Exit::Disk } else { Exit::Other };
        Failure::caused_by(exit, &error)
    })
}

/// Opens the store in a state directory; `None` if another process has it.
pub(crate) async fn open_store(dir: &Path) -> Result<Option<Store>, Failure> {
    let dir: PathBuf = dir.to_owned();
    let opened = tokio::task::spawn_blocking(move || Store::open(&dir)).await;
    match opened.map_err(|error| Failure::caused_by(Exit::Other, &error))? {
        Ok(store) => Ok(Some(store)),
        Err(OpenError::Owned { .. }) => Ok(None),
        Err(error) => Err(Failure::caused_by(Exit::Disk, &error)),
    }
}

/// How long a process that owns a state directory may take to answer: 10 s.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How long nothing is said about waiting: 2 s.
const QUIET_WAIT: Duration = Duration::from_secs(2);
/// Between two looks at the lock: waiting inside the system call would hang a thread that nobody can call back.
const RETRY: Duration = Duration::from_millis(100);
