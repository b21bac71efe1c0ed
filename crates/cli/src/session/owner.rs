//! The process that owns a state directory: an engine, and the socket at which others ask.

use swarmline_engine::Engine;
use swarmline_ipc::Server;
use swarmline_store::{StateDir, Store};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::answer::{Downloads, answer};
use crate::exit::{Exit, Failure};
use crate::settings::Settings;

/// A running engine that others can ask. End it with [`shutdown`](Self::shutdown).
pub(crate) struct Owner {
    engine: Engine,
    downloads: Downloads,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Owner {
    /// Starts the engine on the opened store, then listens for others.
    pub(crate) async fn start(store: Store, settings: &Settings) -> Result<Self, Failure> {
        let socket = StateDir::socket_path(store.state().path());
        let engine = Engine::start(store, settings.engine())
            .await
            .map_err(|error| Failure::caused_by(Exit::Other, &error))?;
        let server = match Server::bind(&socket).await {
            Ok(server) => server,
            Err(error) => {
                engine.shutdown().await;
                return Err(Failure::caused_by(Exit::Disk, &error));
            }
        };
        let (downloads, stop) = (Downloads::default(), CancellationToken::new());
        let serving = tokio::spawn(serve(server, engine.clone(), downloads.clone(), stop.clone()));
        Ok(Self { engine, downloads, stop, serving })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Waits until no client waits for a download. Safe to drop half-way.
    pub(crate) async fn clients_served(&self) {
        self.downloads.none().await;
    }

    /// Sends clients away, who then find another owner, and says goodbye to the peers. Takes 5 s at most.
    pub(crate) async fn shutdown(self) {
        self.stop.cancel();
        let _ = self.serving.await;
        self.engine.shutdown().await;
    }
}

/// Hands each client to a task of its own until told to stop.
async fn serve(mut server: Server, engine: Engine, downloads: Downloads, stop: CancellationToken) {
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
