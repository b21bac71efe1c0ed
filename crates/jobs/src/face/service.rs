//! Who answers calls, and the client's objects that it calls back.

use std::sync::Arc;

use super::call::{Call, Reply};
use super::legacy::BackgroundCopyCallback;
use super::modern::{DownloadStatusCallback, StreamSink};
use crate::words::{HResult, Token};

/// An object of this process that the service calls.
#[derive(Clone)]
pub enum ClientObject {
    /// Told about a job.
    Job(Arc<dyn BackgroundCopyCallback>),
    /// Told about a download.
    Download(Arc<dyn DownloadStatusCallback>),
    /// Takes the bytes of a file.
    Stream(Arc<dyn StreamSink>),
}

/// Answers the calls of one client: an engine in this process, or one behind a socket.
///
/// Tokens are made and resolved here, on the client's side of a socket; the model only ever sees tokens. A token lives
/// from [`register`](Self::register) until the model gives it back, which it does exactly once for each token that came
/// with a call, also when that call failed.
pub trait JobService: Send + Sync {
    /// Answers one call. Blocks until the answer is there, which for a download in blocking mode may take days.
    ///
    /// # Errors
    /// Whatever the method documents; `DO_E_NO_SERVICE` when nobody is there to answer.
    fn call(&self, call: Call) -> Result<Reply, HResult>;

    /// Keeps an object for callbacks and makes the token that stands for it. To be followed by the one call that carries
    /// the token.
    ///
    /// # Errors
    /// `E_OUTOFMEMORY` when the client has as many objects as it may have.
    fn register(&self, object: ClientObject) -> Result<Token, HResult>;

    /// The object behind a token; `None` when it was given back.
    fn object(&self, token: Token) -> Option<ClientObject>;
}

/// A service that is not there: answers `DO_E_NO_SERVICE` to everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct AbsentService;

impl JobService for AbsentService {
    fn call(&self, _: Call) -> Result<Reply, HResult> {
        Err(HResult::DO_E_NO_SERVICE)
    }

    fn register(&self, _: ClientObject) -> Result<Token, HResult> {
        Err(HResult::DO_E_NO_SERVICE)
    }

    fn object(&self, _: Token) -> Option<ClientObject> {
        None
    }
}
