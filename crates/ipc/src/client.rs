//! The side that asks.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::lines::{LINE_BYTES_MAX, LineError, Lines, to_line};
use crate::message::{Event, Request};
use crate::place::Place;

/// Why the owner of a state directory cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("could not connect to {}", path.display())]
pub struct ConnectError {
    /// The socket.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl ConnectError {
    /// Whether nobody listens there: no socket, or one that a dead process has left.
    pub fn is_absent(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
    }
}

/// Why a request was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// It cannot be written as JSON: a path in it is not UTF-8.
    #[error("the request cannot be written down: only paths in UTF-8 can be passed on")]
    Encode(#[source] serde_json::Error),
    /// It is longer than a line may be.
    #[error("the request has {got} bytes, at most {LINE_BYTES_MAX} are allowed")]
    TooLong {
        /// Its length.
        got: usize,
    },
    /// The connection failed.
    #[error("could not send the request")]
    Send(#[source] io::Error),
}

/// Why an answer could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The line is not what this version understands.
    #[error("the answer is not understood; is the running process of another version?")]
    Decode(#[source] serde_json::Error),
    /// The line is longer than a line may be.
    #[error("the answer is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// The connection failed.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
}

/// A connection on which nothing has been asked yet.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
}

impl Client {
    /// Connects to the owner of a state directory. Safe to drop half-way.
    ///
    /// # Errors
    /// When nobody listens there, or this user may not.
    pub async fn connect(path: &Path) -> Result<Self, ConnectError> {
        let failed = |source| ConnectError { path: path.to_owned(), source };
        let owned = path.to_owned();
        let place = tokio::task::spawn_blocking(move || Place::of(&owned))
            .await
            .map_err(|error| failed(io::Error::other(error)))?
            .map_err(failed)?;
        let stream = UnixStream::connect(place.name()).await.map_err(failed)?;
        Ok(Self { stream })
    }

    /// Asks. Dropping the answers ends the connection, which cancels what was asked.
    ///
    /// # Errors
    /// When the request cannot be written down or sent.
    pub async fn request(self, request: &Request) -> Result<Answers, RequestError> {
        let line = to_line(request).map_err(RequestError::Encode)?;
        if line.len() > LINE_BYTES_MAX {
            return Err(RequestError::TooLong { got: line.len() });
        }
        let (read, mut write) = self.stream.into_split();
        match write.write_all(&line).await {
            // An owner that has too many clients answers and closes without reading.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(RequestError::Send(error)),
            _ => Ok(Answers { lines: Lines::new(read), _write: write }),
        }
    }
}

/// What the owner says to one request.
#[derive(Debug)]
pub struct Answers {
    lines: Lines<OwnedReadHalf>,
    /// Kept open: closing it means that nobody wants the answer.
    _write: OwnedWriteHalf,
}

impl Answers {
    /// The next event; `None` when the owner has closed. Safe to drop half-way.
    ///
    /// # Errors
    /// When what comes is no event, or the connection breaks.
    pub async fn next(&mut self) -> Result<Option<Event>, ReceiveError> {
        match self.lines.next().await {
            Ok(Some(line)) => serde_json::from_slice(&line).map(Some).map_err(ReceiveError::Decode),
            // A process that is killed may leave half a line.
            Ok(None) | Err(LineError::CutOff) => Ok(None),
            Err(LineError::TooLong) => Err(ReceiveError::TooLong),
            Err(LineError::Broken(error)) => Err(ReceiveError::Broken(error)),
        }
    }
}
