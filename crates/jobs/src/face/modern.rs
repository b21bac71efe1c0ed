//! The modern face: manager, download, callback, stream.
//!
//! Every method of a download also fails with `E_ACCESSDENIED` for somebody else's, `E_NOT_SET` for one that is gone,
//! and `DO_E_NO_SERVICE` when nobody answers. A download is *final* after `finalize` and `abort`; handles that are held
//! still read a final one for a while.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::call::{Call, Category, DownloadCall, DownloadId, Reply};
use super::legacy::odd;
use super::service::{ClientObject, JobService};
use crate::words::{DownloadProperty, DownloadStatus, FileRange, HResult, SwarmStats, Value};

/// `IDOManager`: makes downloads and finds them again.
#[derive(Clone)]
pub struct DoManager {
    service: Arc<dyn JobService>,
}

impl DoManager {
    /// The manager of whoever answers.
    pub fn new(service: Arc<dyn JobService>) -> Self {
        Self { service }
    }

    /// Makes a download without address and destination, that belongs to the caller.
    ///
    /// # Errors
    /// `BG_E_TOO_MANY_JOBS_PER_USER`, `BG_E_TOO_MANY_JOBS_PER_MACHINE`, `DO_E_NO_SERVICE`.
    pub fn create_download(&self) -> Result<DoDownload, HResult> {
        match self.service.call(Call::CreateDownload)? {
            Reply::Download(id) => Ok(DoDownload::attach(Arc::clone(&self.service), id)),
            other => odd(other),
        }
    }

    /// The caller's downloads that are not final, in the order in which they were created; with a category those whose
    /// property is exactly this.
    ///
    /// # Errors
    /// `DO_E_NO_DOWNLOADS` when there is none; `E_INVALIDARG` for a property by which one cannot search.
    pub fn enum_downloads(&self, category: Option<Category>) -> Result<Vec<DoDownload>, HResult> {
        match self.service.call(Call::EnumDownloads { category })? {
            Reply::Downloads(ids) => {
                Ok(ids.into_iter().map(|id| DoDownload::attach(Arc::clone(&self.service), id)).collect())
            }
            other => odd(other),
        }
    }
}

/// `IDODownload`: one file.
#[derive(Clone)]
pub struct DoDownload {
    service: Arc<dyn JobService>,
    id: DownloadId,
}

impl fmt::Debug for DoDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DoDownload").field(&self.id).finish()
    }
}

impl DoDownload {
    /// A handle without asking whether there is such a download.
    pub fn attach(service: Arc<dyn JobService>, id: DownloadId) -> Self {
        Self { service, id }
    }

    /// Its id, as property `Id` tells it in text form.
    pub fn id(&self) -> DownloadId {
        self.id
    }

    /// Who answers for it.
    pub fn service(&self) -> &Arc<dyn JobService> {
        &self.service
    }

    fn ask(&self, call: DownloadCall) -> Result<Reply, HResult> {
        self.service.call(Call::Download { download: self.id, call })
    }

    fn tell(&self, call: DownloadCall) -> Result<(), HResult> {
        match self.ask(call)? {
            Reply::Done => Ok(()),
            other => odd(other),
        }
    }

    /// Starts it or goes on. `None` and an empty list mean the whole file the first time, and what was asked for before
    /// afterwards; a stream wants ranges, `{0, TO_END}` for the whole file. On a download of ranges that has arrived, more
    /// ranges fetch another part, which follows what is there. With `BlockingMode` it returns when all is here, or it
    /// failed, or somebody paused or aborted it.
    ///
    /// # Errors
    /// `DO_E_DOWNLOAD_NO_URI` without address and content id, `DO_E_FILE_DOWNLOADSINK_UNSPECIFIED` without destination,
    /// `DO_E_INTEGRITYCHECKINFO_UNSPECIFIED`, `DO_E_DOWNLOAD_RANGES_EXPECTED`, `DO_E_DOWNLOAD_RANGES_UNEXPECTED`,
    /// `DO_E_INVALID_RANGE`, `DO_E_OVERLAPPING_RANGES`, what creating the destination failed with, `DO_E_INVALID_STATE`
    /// when it is final. In blocking mode also the download's failure, and `E_ABORT`.
    pub fn start(&self, ranges: Option<&[FileRange]>) -> Result<(), HResult> {
        self.tell(DownloadCall::Start(ranges.map(<[_]>::to_vec)))
    }

    /// Pauses it. One that does not run stays as it is.
    ///
    /// # Errors
    /// `DO_E_INVALID_STATE` when it is final.
    pub fn pause(&self) -> Result<(), HResult> {
        self.tell(DownloadCall::Pause)
    }

    /// Discards it, with the destination if this download made it. One that is aborted stays so.
    ///
    /// # Errors
    /// `DO_E_INVALID_STATE` when it is finalized.
    pub fn abort(&self) -> Result<(), HResult> {
        self.tell(DownloadCall::Abort)
    }

    /// Makes the result permanent and ends the download. One that is finalized stays so.
    ///
    /// # Errors
    /// `DO_E_INVALID_STATE` unless it is transferred.
    pub fn finalize(&self) -> Result<(), HResult> {
        self.tell(DownloadCall::Finalize)
    }

    /// Where it stands. Legal always.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_status(&self) -> Result<DownloadStatus, HResult> {
        match self.ask(DownloadCall::GetStatus)? {
            Reply::Status(status) => Ok(status),
            other => odd(other),
        }
    }

    /// Sets a property. When each may be set stands in its [row](DownloadProperty::row). For objects there are
    /// [`set_callback`](Self::set_callback) and [`set_stream`](Self::set_stream).
    ///
    /// # Errors
    /// `DO_E_READ_ONLY_PROPERTY`, `E_INVALIDARG` for a bad value, `INET_E_INVALID_URL` for a bad address,
    /// `DO_E_INVALID_CONTENT_ID`, `DO_E_FILE_DOWNLOADSINK_ALREADY_SET` for a second kind of sink, `E_NOTIMPL` for
    /// `SecurityContext`, `DO_E_INVALID_STATE`.
    pub fn set_property(&self, property: DownloadProperty, value: Value) -> Result<(), HResult> {
        self.tell(DownloadCall::SetProperty(property as u32, value))
    }

    /// Reads a property. Legal always.
    ///
    /// # Errors
    /// `E_NOT_SET`, `DO_E_WRITE_ONLY_PROPERTY`.
    pub fn get_property(&self, property: DownloadProperty) -> Result<Value, HResult> {
        match self.ask(DownloadCall::GetProperty(property as u32))? {
            Reply::Value(value) => Ok(value),
            other => odd(other),
        }
    }

    /// Registers the object that is told of each change (`CallbackInterface`), in place of the one before; `None` ends it.
    ///
    /// # Errors
    /// `DO_E_INVALID_STATE` when it is final.
    pub fn set_callback(&self, object: Option<Arc<dyn DownloadStatusCallback>>) -> Result<(), HResult> {
        let value = match object {
            Some(object) => Value::Interface(self.service.register(ClientObject::Download(object))?),
            None => Value::Empty,
        };
        self.set_property(DownloadProperty::CallbackInterface, value)
    }

    /// Lets the bytes go to a stream (`StreamInterface`), in order, while the rest is still arriving. Legal before the
    /// first start.
    ///
    /// # Errors
    /// `DO_E_FILE_DOWNLOADSINK_ALREADY_SET` when it has a path, `DO_E_INVALID_STATE`.
    pub fn set_stream(&self, stream: Arc<dyn StreamSink>) -> Result<(), HResult> {
        let token = self.service.register(ClientObject::Stream(stream))?;
        self.set_property(DownloadProperty::StreamInterface, Value::Interface(token))
    }

    /// Where its bytes came from, and more. Legal always.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_stats(&self) -> Result<SwarmStats, HResult> {
        match self.ask(DownloadCall::GetStats)? {
            Reply::Stats(stats) => Ok(stats),
            other => odd(other),
        }
    }
}

/// `IDODownloadStatusCallback`, implemented by a client that wants to be told.
///
/// Called from any thread, one call of a download at a time, never while the service holds a lock.
pub trait DownloadStatusCallback: Any + Send + Sync {
    /// The state changed, or it is time for news of a download that runs.
    ///
    /// # Errors
    /// What is returned has no effect.
    fn on_status_change(&self, download: &DoDownload, status: &DownloadStatus) -> Result<(), HResult> {
        let _ = (download, status);
        Ok(())
    }
}

/// Where the bytes of a file go that has no destination on disk: `IStream`, of which only `Write` is called.
pub trait StreamSink: Any + Send + Sync {
    /// Takes the bytes that follow those it was given before. Ranges come one after another, in the order asked for.
    ///
    /// # Errors
    /// A failure ends the download with this code until the client starts it again.
    fn write(&self, bytes: &[u8]) -> Result<(), HResult>;
}
