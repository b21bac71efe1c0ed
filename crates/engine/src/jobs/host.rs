//! The task that owns the machine, and the handle of those who own the task.

mod clients;
mod clock;

mod driver;

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use swarmline_ipc::jobs::JobSessions;
use swarmline_jobs::ClientId;
use swarmline_jobs::machine::Config;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::client::JobClient;
use super::door::{Heard, LocalDoor, admit};
use super::records::Records;
use super::transfers::clear_streams;
use crate::count::Count;
use crate::engine::Engine;
use clock::JobClock;
use driver::Driver;

/// Messages of sessions that wait for the task. Beyond that sessions wait.
const HEARD_MAX: usize = 256;

/// Why jobs cannot be taken up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobHostError {
    /// The records cannot be read.
    #[error("the records of jobs in {} cannot be read", path.display())]
    Records {
        /// The state directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Jobs that run on an engine. End it with [`shutdown`](Self::shutdown), before the engine.
pub struct JobHost {
    doors: LocalDoors,
    heard: mpsc::Sender<Heard>,
    sessions: Count,
    ahead: watch::Sender<Duration>,
    stop: DropGuard,
    running: JoinHandle<()>,
}

impl JobHost {
    /// Takes up the jobs of the state directory, and goes on with those that were running.
    ///
    /// # Errors
    /// When the records cannot be read at all. One that is damaged is left where it is, and said to the log.
    pub async fn start(engine: &Engine, config: Config) -> Result<Self, JobHostError> {
        let path = engine.state_dir().to_owned();
        let failed = |source| JobHostError::Records { path: path.clone(), source };
        let dir = path.clone();
        let loading = tokio::task::spawn_blocking(move || {
            clear_streams(&dir)?;
            let records = Records::open(&dir)?;
            let loaded = records.load()?;
            Ok((records, loaded, seed()?))
        });
        let (records, loaded, seed) =
            loading.await.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(failed)?;
        let (heard, sessions) = mpsc::channel(HEARD_MAX);
        let (local, locals) = mpsc::unbounded_channel();
        let (stop, (ahead, clock)) = (CancellationToken::new(), watch::channel(Duration::ZERO));
        let clock = JobClock::start(clock);
        let driver = Driver::new(engine.clone(), (config, seed), clock, records, loaded);
        let running = tokio::spawn(driver.run(sessions, locals, stop.clone()));
        let doors = LocalDoors { heard: local, last: Arc::default() };
        Ok(Self { doors, heard, sessions: Count::default(), ahead, stop: stop.drop_guard(), running })
    }

    /// Serves the sessions that clients open at a socket, until this or the server ends.
    pub fn serve(&self, sessions: JobSessions) {
        let doors = self.doors.clone();
        tokio::spawn(admit(sessions, move || doors.next_client(), self.heard.clone(), self.sessions.clone()));
    }

    /// A client of this process. It does not keep the host: when that ends, calls give `DO_E_NO_SERVICE`.
    pub fn client(&self) -> JobClient {
        self.doors.client(None)
    }

    /// Puts the clock of the jobs ahead: what would be due within that span is due now. For tests, which then need not wait
    /// for a pause or a timeout. Attempts that are under way and the time of day go on as they were.
    pub fn skip_time(&self, span: Duration) {
        self.ahead.send_modify(|ahead| *ahead = ahead.saturating_add(span));
    }

    /// Waits until no client has a session at a socket. Safe to drop half-way.
    pub(crate) async fn no_sessions(&self) {
        self.sessions.none().await;
    }

    pub(super) fn doors(&self) -> LocalDoors {
        self.doors.clone()
    }

    /// Ends it: clients are told nothing more, transfers stop where they are, and what was accepted is on disk.
    pub async fn shutdown(self) {
        drop(self.stop);
        let _ = self.running.await;
    }
}

/// Where clients of this process come in.
#[derive(Clone)]
pub(super) struct LocalDoors {
    heard: mpsc::UnboundedSender<Heard>,
    last: Arc<AtomicU64>,
}

impl LocalDoors {
    pub(super) fn client(&self, behind: Option<Box<dyn Send + Sync>>) -> JobClient {
        JobClient::local(LocalDoor::new(self.next_client(), self.heard.clone()), behind)
    }

    fn next_client(&self) -> ClientId {
        ClientId(self.last.fetch_add(1, Ordering::Relaxed))
    }
}

/// Different in every process: jobs must not be named alike.
fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(seed)
}
