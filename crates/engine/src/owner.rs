//! The process that owns a state directory: an engine, its jobs, and the socket at which others ask.

mod answer;

use swarmline_ipc::{BindError, Server};
use swarmline_jobs::machine::Config;
use swarmline_store::{StateDir, Store};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::config::EngineConfig;
use crate::count::Count;
use crate::engine::Engine;
use crate::error::StartError;
use crate::jobs::{JobHost, JobHostError};
use answer::answer;

/// Why a process could not take over a state directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnerError {
    /// The engine did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The jobs could not be taken up.
    #[error(transparent)]
    Jobs(#[from] JobHostError),
    /// The socket could not be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
}

/// A running engine with jobs, that others can ask. End it with [`shutdown`](Self::shutdown).
pub struct Owner {
    engine: Engine,
    jobs: JobHost,
    downloads: Count,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Owner {
    /// Starts the engine on the opened store, takes up its jobs, then listens for others.
    ///
    /// # Errors
    /// When one of these fails; then nothing of it runs.
    pub async fn start(store: Store, config: EngineConfig) -> Result<Self, OwnerError> {
        let socket = StateDir::socket_path(store.state().path());
        let engine = Engine::start(store, config).await?;
        let jobs = match JobHost::start(&engine, Config::default()).await {
            Ok(jobs) => jobs,
            Err(error) => {
                engine.shutdown().await;
                return Err(error.into());
            }
        };
        let (server, sessions) = match Server::bind_with_jobs(&socket).await {
            Ok(both) => both,
            Err(error) => {
                jobs.shutdown().await;
                engine.shutdown().await;
                return Err(error.into());
            }
        };
        let (downloads, stop) = (Count::default(), CancellationToken::new());
        jobs.serve(sessions);
        let serving = tokio::spawn(serve(server, engine.clone(), downloads.clone(), stop.clone()));
        Ok(Self { engine, jobs, downloads, stop, serving })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Its jobs.
    pub fn jobs(&self) -> &JobHost {
        &self.jobs
    }

    /// Waits until no client waits for a download, and none has a job session. Safe to drop half-way.
    pub async fn clients_served(&self) {
        loop {
            self.downloads.none().await;
            self.jobs.no_sessions().await;
            if self.downloads.is_none() {
                return;
            }
        }
    }

    /// Sends clients away, who then find another owner, and says goodbye to the peers. What was accepted of jobs is on
    /// disk. Takes 10 s at most.
    pub async fn shutdown(self) {
        self.stop.cancel();
        // Sessions first: the socket waits for them.
        self.jobs.shutdown().await;
        let _ = self.serving.await;
        self.engine.shutdown().await;
    }
}

/// Hands each client to a task of its own until told to stop.
async fn serve(mut server: Server, engine: Engine, downloads: Count, stop: CancellationToken) {
    // At most as many as the server takes clients.
    let mut answering = JoinSet::new();
    loop {
        tokio::select! {
            incoming = server.next() => {
                answering.spawn(answer(engine.clone(), incoming, downloads.clone()));
            }
            Some(_) = answering.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    answering.shutdown().await;
    server.close().await;
}
