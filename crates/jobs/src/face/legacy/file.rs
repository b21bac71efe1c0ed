//! `IBackgroundCopyFile` with the file's other interfaces.

use std::fmt;
use std::sync::Arc;

use super::super::call::{FileCall, FileId, Reply};
use super::super::modern::StreamSink;
use super::super::service::ClientObject;
use super::{BackgroundCopyJob, odd};
use crate::words::{
    FileProgress, FileProperty, FileRange, HResult, HTTP_RESPONSE_HEADERS, SwarmStats, Value,
};

/// A file of a job: `IBackgroundCopyFile`, `2` and `5`, `IDeliveryOptimizationFile` and `2`.
///
/// Methods that only read are legal in every state and fail only as every method does, unless they say more.
#[derive(Clone)]
pub struct BackgroundCopyFile {
    job: BackgroundCopyJob,
    id: FileId,
}

impl fmt::Debug for BackgroundCopyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BackgroundCopyFile").field(&self.job.get_id()).field(&self.id).finish()
    }
}

impl BackgroundCopyFile {
    pub(super) fn of(job: BackgroundCopyJob, id: FileId) -> Self {
        Self { job, id }
    }

    fn ask(&self, call: FileCall) -> Result<Reply, HResult> {
        self.job.ask_file(self.id, call)
    }

    fn tell(&self, call: FileCall) -> Result<(), HResult> {
        match self.ask(call)? {
            Reply::Done => Ok(()),
            other => odd(other),
        }
    }

    fn text(&self, call: FileCall) -> Result<String, HResult> {
        match self.ask(call)? {
            Reply::Text(text) => Ok(text),
            other => odd(other),
        }
    }

    /// Its place in the job.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// The job it belongs to.
    pub fn job(&self) -> &BackgroundCopyJob {
        &self.job
    }

    /// Its address; empty if its content id alone is known.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_remote_name(&self) -> Result<String, HResult> {
        self.text(FileCall::GetRemoteName)
    }

    /// Its destination; empty while it has none, or a stream.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_local_name(&self) -> Result<String, HResult> {
        self.text(FileCall::GetLocalName)
    }

    /// How far it is.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_progress(&self) -> Result<FileProgress, HResult> {
        match self.ask(FileCall::GetProgress)? {
            Reply::FileProgress(progress) => Ok(progress),
            other => odd(other),
        }
    }

    /// The ranges that are wanted, in the order given; `None` for the whole file.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_file_ranges(&self) -> Result<Option<Vec<FileRange>>, HResult> {
        match self.ask(FileCall::GetFileRanges)? {
            Reply::Ranges(ranges) => Ok(ranges),
            other => odd(other),
        }
    }

    /// Gives it another address, at once also while it is fetched. It goes on where it is if the new address serves the
    /// same file, else it starts again; a file that is here stays.
    ///
    /// # Errors
    /// `E_INVALIDARG` for an address that is bad or longer than 2200 UTF-16 units, `DO_E_INVALID_STATE` when the job is
    /// final.
    pub fn set_remote_name(&self, url: &str) -> Result<(), HResult> {
        self.tell(FileCall::SetRemoteName(url.into()))
    }

    /// The headers of the origin's last answer (`IBackgroundCopyFile5::GetProperty`).
    ///
    /// # Errors
    /// `E_NOT_SET` before the first answer.
    pub fn get_response_headers(&self) -> Result<String, HResult> {
        match self.ask(FileCall::GetProperty(HTTP_RESPONSE_HEADERS))? {
            Reply::Value(Value::Text(text)) => Ok(text),
            other => odd(other),
        }
    }

    /// Sets a property (`IDeliveryOptimizationFile2::SetProperty`). Legal while the job is suspended. For the stream there
    /// is [`set_stream`](Self::set_stream).
    ///
    /// # Errors
    /// `E_INVALIDARG` for a bad value, `DO_E_FILE_DOWNLOADSINK_ALREADY_SET` for a second kind of sink, `E_ACCESSDENIED`
    /// when the caller may not write to the path, `DO_E_MEMORYSTREAM_DOWNLOAD_NOT_SUPPORTED`, `DO_E_INVALID_STATE`.
    pub fn set_property(&self, property: FileProperty, value: Value) -> Result<(), HResult> {
        self.tell(FileCall::SetOptimizationProperty(property as u32, value))
    }

    /// Lets the bytes go to a stream, in order, while the rest is still arriving. Legal while the job is suspended.
    ///
    /// # Errors
    /// Those of [`set_property`](Self::set_property).
    pub fn set_stream(&self, stream: Arc<dyn StreamSink>) -> Result<(), HResult> {
        let token = self.job.service().register(ClientObject::Stream(stream))?;
        self.set_property(FileProperty::DownloadSinkInterface, Value::Interface(token))
    }

    /// Reads a property (`IDeliveryOptimizationFile2::GetProperty`).
    ///
    /// # Errors
    /// `E_NOT_SET`, `DO_E_WRITE_ONLY_PROPERTY`, `DO_E_MEMORYSTREAM_DOWNLOAD_NOT_SUPPORTED`.
    pub fn get_property(&self, property: FileProperty) -> Result<Value, HResult> {
        match self.ask(FileCall::GetOptimizationProperty(property as u32))? {
            Reply::Value(value) => Ok(value),
            other => odd(other),
        }
    }

    /// Where its bytes came from, and more (`IDeliveryOptimizationFile::GetStats`).
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_stats(&self) -> Result<SwarmStats, HResult> {
        match self.ask(FileCall::GetStats)? {
            Reply::Stats(stats) => Ok(stats),
            other => odd(other),
        }
    }
}
