//! The side that answers: the process that owns the state directory.

mod connection;

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::jobs::{self, Door, JobSessions};
use crate::message::Request;
use crate::outbox::EventSender;
use crate::place::Place;

/// Most clients at one time: 32. One more is told so and closed.
pub const CLIENTS_MAX: usize = 32;

/// Why the owner cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Something that is no socket stands there; it is not removed.
    #[error("{} is in the way: it is no socket", path.display())]
    InTheWay {
        /// The path.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("could not listen on {}", path.display())]
    Listen {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What one client asks.
#[derive(Debug)]
pub struct Incoming {
    /// The request, checked by [`Request::check`].
    pub request: Request,
    /// Where its answers go. Dropping it closes the connection when all is delivered.
    pub events: EventSender,
}

/// Listens on the socket of a state directory. Dropping it closes every connection and removes the socket.
#[derive(Debug)]
pub struct Server {
    incoming: mpsc::Receiver<Incoming>,
    accepting: JoinHandle<()>,
    stop: watch::Sender<bool>,
    _socket: SocketFile,
}

impl Server {
    /// Listens at `path`, for this user and root alone.
    ///
    /// Whoever calls holds the lock of the state directory, so a socket that stands there is one that a dead process
    /// left: it is replaced.
    ///
    /// # Errors
    /// When something else stands there, or the system refuses.
    pub async fn bind(path: &Path) -> Result<Self, BindError> {
        Self::listen(path, None).await
    }

    /// As [`bind`](Self::bind), for a process that has jobs: [`Request::Jobs`] opens a session. Drop all that belongs to
    /// sessions before [`close`](Self::close), which otherwise waits for them in vain.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub async fn bind_with_jobs(path: &Path) -> Result<(Self, JobSessions), BindError> {
        let (door, sessions) = jobs::door();
        Ok((Self::listen(path, Some(door)).await?, sessions))
    }

    async fn listen(path: &Path, door: Option<Door>) -> Result<Self, BindError> {
        let owned = path.to_owned();
        let failed = |source| BindError::Listen { path: path.to_owned(), source };
        let (listener, socket) = tokio::task::spawn_blocking(move || listen(&owned))
            .await
            .map_err(|error| failed(io::Error::other(error)))??;
        let listener = UnixListener::from_std(listener).map_err(failed)?;
        let (sender, incoming) = mpsc::channel(CLIENTS_MAX);
        let (stop, stopping) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, sender, door, stopping));
        Ok(Self { incoming, accepting, stop, _socket: socket })
    }

    /// The next request. Safe to drop half-way.
    pub async fn next(&mut self) -> Incoming {
        match self.incoming.recv().await {
            Some(incoming) => incoming,
            // The accepting task holds the sender until it is stopped, which takes this value.
            None => std::future::pending().await,
        }
    }

    /// Takes no more clients and waits until those who are there have got what waits for them, at most 2 s.
    ///
    /// Drop all [`EventSender`]s before: a client whose request is still being answered is waited for in vain.
    pub async fn close(mut self) {
        self.incoming.close();
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(FLUSH_PATIENCE, &mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Accepts clients until told to stop, then waits for those that are left.
async fn accept(
    listener: UnixListener,
    incoming: mpsc::Sender<Incoming>,
    door: Option<Door>,
    mut stopping: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(CLIENTS_MAX));
    // At most CLIENTS_MAX, one a slot, and JOB_SESSIONS_MAX.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if !is_welcome(&stream) => connection::turn_away(&stream, connection::STRANGER),
                Ok((stream, _)) => match Arc::clone(&slots).try_acquire_owned() {
                    Ok(slot) => _ = connections.spawn(connection::run(stream, incoming.clone(), door.clone(), slot)),
                    Err(_) => connection::turn_away(&stream, connection::FULL),
                },
                Err(error) => {
                    tracing::warn!(%error, "could not accept a client");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stopping.changed() => break,
        }
    }
    drop(listener);
    drop(incoming);
    drop(door);
    while connections.join_next().await.is_some() {}
}

fn is_welcome(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| may_ask(peer.uid(), own))
}

/// The same user, or root. The mode of the socket says the same; this holds also where modes do not.
fn may_ask(user: u32, own: u32) -> bool {
    user == own || user == 0
}

/// Blocks: a few calls on the file system.
fn listen(path: &Path) -> Result<(StdListener, SocketFile), BindError> {
    let failed = |source| BindError::Listen { path: path.to_owned(), source };
    let place = Place::of(path).map_err(failed)?;
    match std::fs::symlink_metadata(place.name()) {
        Ok(meta) if meta.file_type().is_socket() => std::fs::remove_file(place.name()).map_err(failed)?,
        Ok(_) => return Err(BindError::InTheWay { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let listener = StdListener::bind(place.name()).map_err(failed)?;
    std::fs::set_permissions(place.name(), PermissionsExt::from_mode(0o600)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let meta = std::fs::symlink_metadata(place.name()).map_err(failed)?;
    Ok((listener, SocketFile { id: (meta.dev(), meta.ino()), place }))
}

/// The name in the file system; goes with the server, unless another has taken it over.
#[derive(Debug)]
struct SocketFile {
    id: (u64, u64),
    place: Place,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let name = self.place.name();
        if std::fs::symlink_metadata(name).is_ok_and(|meta| (meta.dev(), meta.ino()) == self.id) {
            let _ = std::fs::remove_file(name);
        }
    }
}

/// How long [`Server::close`] waits for clients to read what waits for them.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);
/// Wait after a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_user_and_root_may_ask_and_nobody_else() {
        assert!(may_ask(1000, 1000));
        assert!(may_ask(0, 1000));
        assert!(!may_ask(1001, 1000));
        assert!(!may_ask(1000, 0));
    }
}
