//! The client's objects: its callbacks and streams, wrapped as the Rust face wants them.
//!
//! The service holds them and calls them on its own threads, with no lock held; what it gives them is made for the call.

use core::ffi::c_void;
use std::any::Any;
use std::sync::Arc;

use swarmline_jobs::{
    BackgroundCopyCallback, BackgroundCopyError, BackgroundCopyFile, BackgroundCopyJob, ClientObject,
    DoDownload, DownloadStatus, DownloadStatusCallback, HResult, JobService, StreamSink, Token,
};

use crate::abi::{IUnknownVtbl, Interface, Pointer};
use crate::interfaces::{
    IBackgroundCopyCallback2Vtbl, IBackgroundCopyCallbackVtbl, IBackgroundCopyErrorVtbl,
    IBackgroundCopyFileVtbl, IBackgroundCopyJobVtbl, IDODownloadStatusCallbackVtbl, IDODownloadVtbl,
    ISequentialStreamVtbl, IStreamVtbl, RawDownloadStatus,
};
use crate::objects;

/// `IBackgroundCopyCallback`, and the second one if the object has it.
pub(crate) struct JobCallback {
    object: Pointer<IBackgroundCopyCallbackVtbl>,
    files: Option<Pointer<IBackgroundCopyCallback2Vtbl>>,
}

impl JobCallback {
    /// # Errors
    /// `E_NOINTERFACE` for an object of another kind.
    pub(crate) fn of(object: &Pointer<IUnknownVtbl>) -> Result<Self, HResult> {
        Ok(Self { object: object.query()?, files: object.query().ok() })
    }
}

/// `S_OK` and nothing else is success: everything else is repeated.
fn answered(code: i32) -> Result<(), HResult> {
    match HResult::from_i32(code) {
        HResult::S_OK => Ok(()),
        code => Err(code),
    }
}

fn shown<I: Interface>(object: &Pointer<IUnknownVtbl>) -> Result<Pointer<I>, HResult> {
    object.query()
}

impl BackgroundCopyCallback for JobCallback {
    fn job_transferred(&self, job: &BackgroundCopyJob) -> Result<(), HResult> {
        let job = shown::<IBackgroundCopyJobVtbl>(&objects::job(job.clone()))?;
        // SAFETY: the client's object and ours are alive during the call.
        answered(unsafe { (self.object.vtable().job_transferred)(self.object.as_raw(), job.as_raw()) })
    }

    fn job_error(&self, job: &BackgroundCopyJob, error: &BackgroundCopyError) -> Result<(), HResult> {
        let job = shown::<IBackgroundCopyJobVtbl>(&objects::job(job.clone()))?;
        let error = shown::<IBackgroundCopyErrorVtbl>(&objects::error(error.clone()))?;
        let table = self.object.vtable();
        // SAFETY: as above.
        answered(unsafe { (table.job_error)(self.object.as_raw(), job.as_raw(), error.as_raw()) })
    }

    fn job_modification(&self, job: &BackgroundCopyJob) -> Result<(), HResult> {
        let job = shown::<IBackgroundCopyJobVtbl>(&objects::job(job.clone()))?;
        // SAFETY: as above. The reserved number is 0.
        answered(unsafe { (self.object.vtable().job_modification)(self.object.as_raw(), job.as_raw(), 0) })
    }

    fn file_transferred(&self, job: &BackgroundCopyJob, file: &BackgroundCopyFile) -> Result<(), HResult> {
        let Some(object) = &self.files else { return Ok(()) };
        let job = shown::<IBackgroundCopyJobVtbl>(&objects::job(job.clone()))?;
        let file = shown::<IBackgroundCopyFileVtbl>(&objects::file(file.clone()))?;
        // SAFETY: as above.
        answered(unsafe { (object.vtable().file_transferred)(object.as_raw(), job.as_raw(), file.as_raw()) })
    }
}

/// `IDODownloadStatusCallback`.
pub(crate) struct DownloadCallback {
    object: Pointer<IDODownloadStatusCallbackVtbl>,
}

impl DownloadCallback {
    /// # Errors
    /// `E_NOINTERFACE` for an object of another kind.
    pub(crate) fn of(object: &Pointer<IUnknownVtbl>) -> Result<Self, HResult> {
        Ok(Self { object: object.query()? })
    }
}

impl DownloadStatusCallback for DownloadCallback {
    fn on_status_change(&self, download: &DoDownload, status: &DownloadStatus) -> Result<(), HResult> {
        let download = shown::<IDODownloadVtbl>(&objects::download(download.clone()))?;
        let status = RawDownloadStatus::from(*status);
        let table = self.object.vtable();
        // SAFETY: the client's object, ours, and the status are alive during the call.
        answered(unsafe {
            (table.on_status_change)(self.object.as_raw(), download.as_raw(), &raw const status)
        })
    }
}

/// A stream, of which only `Write` is called.
pub(crate) struct Stream {
    object: Pointer<ISequentialStreamVtbl>,
}

/// No more bytes are written at once, since the method counts them in 32 bits.
const WRITE_BYTES_MAX: usize = 1 << 30;

impl Stream {
    /// # Errors
    /// `E_NOINTERFACE` for an object of another kind.
    pub(crate) fn of(object: &Pointer<IUnknownVtbl>) -> Result<Self, HResult> {
        // Some objects answer to IStream and forget its base, whose slots come first in either.
        let object = match object.query::<IStreamVtbl>() {
            Ok(stream) => stream.into_base(),
            Err(_) => object.query::<ISequentialStreamVtbl>()?,
        };
        Ok(Self { object })
    }
}

impl StreamSink for Stream {
    fn write(&self, bytes: &[u8]) -> Result<(), HResult> {
        for part in bytes.chunks(WRITE_BYTES_MAX) {
            let count = u32::try_from(part.len()).expect("parts are bounded");
            // A stream that does not say how much it took, took all.
            let mut taken = count;
            let first = part.as_ptr().cast::<c_void>();
            let write = self.object.vtable().write;
            // SAFETY: the object is alive, and both pointers lead to locals.
            let code =
                HResult::from_i32(unsafe { write(self.object.as_raw(), first, count, &raw mut taken) });
            if code.is_failure() {
                return Err(code);
            }
            if taken != count {
                return Err(HResult::E_FAIL);
            }
        }
        Ok(())
    }
}

/// The client's object behind a callback that it registered here.
pub(crate) fn unknown_of_callback(
    callback: Arc<dyn BackgroundCopyCallback>,
) -> Option<Pointer<IUnknownVtbl>> {
    let callback = (callback as Arc<dyn Any + Send + Sync>).downcast::<JobCallback>().ok()?;
    callback.object.query().ok()
}

/// The client's object behind a token; `None` when it is gone, or was not registered here.
pub(crate) fn unknown_of_token(service: &Arc<dyn JobService>, token: Token) -> Option<Pointer<IUnknownVtbl>> {
    match service.object(token)? {
        ClientObject::Job(callback) => unknown_of_callback(callback),
        ClientObject::Download(callback) => {
            let callback = (callback as Arc<dyn Any + Send + Sync>).downcast::<DownloadCallback>().ok()?;
            callback.object.query().ok()
        }
        ClientObject::Stream(stream) => {
            let stream = (stream as Arc<dyn Any + Send + Sync>).downcast::<Stream>().ok()?;
            stream.object.query().ok()
        }
    }
}
