//! The client's side of a job session. Blocking, since those who call are threads of programs of any kind.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use swarmline_jobs::Reply;

use super::message::{FromClient, FromOwner, Line, joined};
use super::session::CALLS_MAX;
use crate::client::ConnectError;
use crate::lines::{LINE_BYTES_MAX, to_line};
use crate::message::{Event, Request, TransferError};
use crate::place::Place;

/// Why no job session was opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobConnectError {
    /// Nobody can be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The owner refuses, because it has no place left above all.
    #[error("the process that owns the state directory refuses")]
    Refused(#[source] TransferError),
    /// The owner ended before it answered: its end closes what was waiting to be accepted.
    #[error("the process that owns the state directory is ending")]
    Gone,
    /// The connection broke, or what came is nothing that this version understands.
    #[error("the process that owns the state directory did not answer as expected")]
    Broken(#[source] io::Error),
}

/// Why something was not said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobSendError {
    /// It is longer than a line may be, or cannot be written down.
    #[error("a message of {got} bytes is too long, at most {LINE_BYTES_MAX} are allowed")]
    TooLong {
        /// Its length.
        got: usize,
    },
    /// The session has ended.
    #[error("the session has ended")]
    Gone(#[source] io::Error),
}

/// Opens a job session with the owner of a state directory. Blocks until the owner has answered.
///
/// # Errors
/// When nobody is there, or the owner refuses or ends meanwhile.
pub fn connect_jobs(socket: &Path) -> Result<(JobWriter, JobReader), JobConnectError> {
    let failed = |source| ConnectError { path: socket.to_owned(), source };
    let place = Place::of(socket).map_err(failed)?;
    let mut stream = UnixStream::connect(place.name()).map_err(failed)?;
    let request = to_line(&Request::Jobs).map_err(|error| JobConnectError::Broken(error.into()))?;
    match stream.write_all(&request) {
        // An owner that has too many clients answers and closes without reading, one that ends closes alone: what can
        // be read tells them apart.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(JobConnectError::Broken(error));
        }
        _ => {}
    }
    let read = stream.try_clone().map_err(JobConnectError::Broken)?;
    let mut reader = JobReader { from: BufReader::new(read), lists: BTreeMap::new() };
    match reader.next() {
        Ok(Some(FromOwner::Welcome)) => Ok((JobWriter { to: stream }, reader)),
        Ok(None) => Err(JobConnectError::Gone),
        Ok(Some(_)) => Err(JobConnectError::Broken(io::ErrorKind::InvalidData.into())),
        Err(JobReadError::Refused(error)) => Err(JobConnectError::Refused(error)),
        Err(JobReadError::Broken(error)) => Err(JobConnectError::Broken(error)),
    }
}

/// Says things to the owner.
#[derive(Debug)]
pub struct JobWriter {
    to: UnixStream,
}

impl JobWriter {
    /// Says one thing. Blocks while the owner is behind.
    ///
    /// # Errors
    /// When it is too long, and nothing was said; or the session has ended.
    pub fn send(&mut self, message: &FromClient) -> Result<(), JobSendError> {
        let line = to_line(message).map_err(|error| JobSendError::Gone(error.into()))?;
        if line.len() > LINE_BYTES_MAX {
            return Err(JobSendError::TooLong { got: line.len() });
        }
        self.to.write_all(&line).map_err(JobSendError::Gone)
    }

    /// Ends the session; the reader then comes to its end, too.
    pub fn close(&self) {
        let _ = self.to.shutdown(Shutdown::Both);
    }
}

impl Drop for JobWriter {
    fn drop(&mut self) {
        self.close();
    }
}

/// Hears what the owner says.
#[derive(Debug)]
pub struct JobReader {
    from: BufReader<UnixStream>,
    /// Lists of which more follows, by call. At most [`CALLS_MAX`].
    lists: BTreeMap<u64, Reply>,
}

/// Why nothing more is heard.
#[derive(Debug, thiserror::Error)]
pub(super) enum JobReadError {
    #[error(transparent)]
    Refused(TransferError),
    #[error("the session broke")]
    Broken(#[source] io::Error),
}

impl JobReader {
    /// The next message; `None` when the session has ended, however it did. Blocks until there is one.
    pub fn hear(&mut self) -> Option<FromOwner> {
        match self.next() {
            Ok(Some(FromOwner::Closed { reason })) => {
                tracing::warn!(reason, "the job session was closed");
                None
            }
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(%error, "the job session broke");
                None
            }
        }
    }

    fn next(&mut self) -> Result<Option<FromOwner>, JobReadError> {
        loop {
            let Some(line) = self.line().map_err(JobReadError::Broken)? else { return Ok(None) };
            match decode(&line)? {
                Line::Part { part: FromOwner::Answer { id, reply: Ok(reply) } } => {
                    if self.lists.len() == CALLS_MAX {
                        return Err(JobReadError::Broken(io::ErrorKind::InvalidData.into()));
                    }
                    if let Ok(list) = joined(self.lists.remove(&id), Ok(reply)) {
                        self.lists.insert(id, list);
                    }
                }
                Line::Part { .. } => return Err(JobReadError::Broken(io::ErrorKind::InvalidData.into())),
                Line::Whole(FromOwner::Answer { id, reply }) => {
                    let reply = joined(self.lists.remove(&id), reply);
                    return Ok(Some(FromOwner::Answer { id, reply }));
                }
                Line::Whole(message) => return Ok(Some(message)),
            }
        }
    }

    /// The next line; `None` at the end, also when that comes inside a line: a process that is killed leaves half a one.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        // One byte more than a line and its newline may have.
        let most = LINE_BYTES_MAX as u64 + 2;
        let read = self.from.by_ref().take(most).read_until(b'\n', &mut line);
        match read {
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            other => other?,
        };
        if line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(line));
        }
        if line.len() as u64 == most {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"));
        }
        Ok(None)
    }
}

fn decode(line: &[u8]) -> Result<Line, JobReadError> {
    match serde_json::from_slice(line) {
        Ok(line) => Ok(line),
        Err(error) => match serde_json::from_slice(line) {
            Ok(Event::Failed(refusal)) => Err(JobReadError::Refused(refusal)),
            _ => Err(JobReadError::Broken(error.into())),
        },
    }
}
