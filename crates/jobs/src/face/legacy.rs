//! The legacy face: manager, job, file, error, callback.
//!
//! The published method names in Rust spelling. Where a method takes a number that names something, it takes our enum.
//! Handles are cheap to clone and hold nothing: dropping all of them does not end a job.
//!
//! Every method also fails with `E_ACCESSDENIED` for somebody else's job, `DO_E_JOB_NOT_FOUND` for a job that is gone,
//! and `DO_E_NO_SERVICE` when nobody answers. A job is *final* after `complete` and `cancel`; handles that are held
//! still read a final job for a while.

mod file;
mod job;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::call::{Call, FileId, JobId, JobSummary, Reply};
use super::service::JobService;
use crate::words::{ErrorContext, ErrorInfo, HResult, JobType};

pub use file::BackgroundCopyFile;
pub use job::BackgroundCopyJob;

/// An answer of another shape than the call has: a defect of the service.
pub(super) fn odd<T>(_: Reply) -> Result<T, HResult> {
    Err(HResult::E_UNEXPECTED)
}

/// `IBackgroundCopyManager`: makes jobs and finds them again.
#[derive(Clone)]
pub struct BackgroundCopyManager {
    service: Arc<dyn JobService>,
}

impl BackgroundCopyManager {
    /// The manager of whoever answers.
    pub fn new(service: Arc<dyn JobService>) -> Self {
        Self { service }
    }

    /// Makes an empty, suspended job that belongs to the caller. The name needs not be unique.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a name of more than 256 UTF-16 units, `E_NOTIMPL` for an upload, `BG_E_TOO_MANY_JOBS_PER_USER`
    /// and `BG_E_TOO_MANY_JOBS_PER_MACHINE` at the bounds.
    pub fn create_job(&self, name: &str, kind: JobType) -> Result<BackgroundCopyJob, HResult> {
        match self.service.call(Call::CreateJob { name: name.to_owned(), kind })? {
            Reply::Job(job) => Ok(BackgroundCopyJob::attach(Arc::clone(&self.service), job)),
            other => odd(other),
        }
    }

    /// Finds a job that is not final.
    ///
    /// # Errors
    /// `DO_E_JOB_NOT_FOUND`, also for a final job; `E_ACCESSDENIED` for somebody else's.
    pub fn get_job(&self, job: JobId) -> Result<BackgroundCopyJob, HResult> {
        match self.service.call(Call::GetJob { job })? {
            Reply::Job(job) => Ok(BackgroundCopyJob::attach(Arc::clone(&self.service), job)),
            other => odd(other),
        }
    }

    /// The caller's jobs that are not final, in the order in which they were created; with `all_users` everybody's.
    ///
    /// # Errors
    /// `E_ACCESSDENIED` for `all_users`, unless the caller is root.
    pub fn enum_jobs(&self, all_users: bool) -> Result<Vec<JobSummary>, HResult> {
        match self.service.call(Call::EnumJobs { all_users })? {
            Reply::Jobs(jobs) => Ok(jobs),
            other => odd(other),
        }
    }

    /// English text for a code.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a code that this API does not return.
    pub fn get_error_description(&self, code: HResult) -> Result<String, HResult> {
        let meaning = code.meaning().ok_or(HResult::E_INVALIDARG)?;
        Ok(format!("{meaning} [{code}]"))
    }
}

/// `IBackgroundCopyError`: the last failure of a job, as it was when it was asked for.
#[derive(Clone)]
pub struct BackgroundCopyError {
    job: BackgroundCopyJob,
    info: ErrorInfo,
}

impl BackgroundCopyError {
    pub(super) fn of(job: &BackgroundCopyJob, info: ErrorInfo) -> Self {
        Self { job: job.clone(), info }
    }

    /// Where it happened, and what.
    pub fn get_error(&self) -> (ErrorContext, HResult) {
        (self.info.context, self.info.code)
    }

    /// The file it belongs to.
    ///
    /// # Errors
    /// `DO_E_FILE_NOT_AVAILABLE` when it belongs to none.
    pub fn get_file(&self) -> Result<BackgroundCopyFile, HResult> {
        let file = self.info.file.ok_or(HResult::DO_E_FILE_NOT_AVAILABLE)?;
        Ok(self.job.file(FileId(file)))
    }

    /// English text for people.
    pub fn get_error_description(&self) -> String {
        self.info.description()
    }

    /// All that is known of it.
    pub fn info(&self) -> &ErrorInfo {
        &self.info
    }
}

impl fmt::Debug for BackgroundCopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BackgroundCopyError").field(&self.info).finish()
    }
}

/// `IBackgroundCopyCallback`, implemented by a client that wants to be told. Each method does nothing unless it is
/// implemented.
///
/// Called from any thread, one call of a job at a time, and never while the service holds a lock: calling back into the
/// job is what they are for. A slow method keeps nobody waiting but the next call of the same job. The job and the error
/// stay valid as long as they are kept. `Any`, so that whoever registered it recognises it.
pub trait BackgroundCopyCallback: Any + Send + Sync {
    /// All files of the job are here.
    ///
    /// # Errors
    /// Whatever is returned other than `Ok`, it is called again: after 5 s, 10 s, and so on up to 5 min, while it is true.
    fn job_transferred(&self, job: &BackgroundCopyJob) -> Result<(), HResult> {
        let _ = job;
        Ok(())
    }

    /// The job failed until the client does something about it. Not called for failures that are tried again.
    ///
    /// # Errors
    /// As [`job_transferred`](Self::job_transferred).
    fn job_error(&self, job: &BackgroundCopyJob, error: &BackgroundCopyError) -> Result<(), HResult> {
        let _ = (job, error);
        Ok(())
    }

    /// Something about the job changed: bytes, files, properties, state. At most twice a second; what comes between is
    /// merged.
    ///
    /// # Errors
    /// What is returned has no effect.
    fn job_modification(&self, job: &BackgroundCopyJob) -> Result<(), HResult> {
        let _ = job;
        Ok(())
    }

    /// A file of the job is here (`IBackgroundCopyCallback2`).
    ///
    /// # Errors
    /// What is returned has no effect.
    fn file_transferred(&self, job: &BackgroundCopyJob, file: &BackgroundCopyFile) -> Result<(), HResult> {
        let _ = (job, file);
        Ok(())
    }
}
