//! What a client is told, and telling it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::call::{DownloadId, FileId, JobId};
use super::legacy::{BackgroundCopyError, BackgroundCopyJob};
use super::modern::DoDownload;
use super::service::{ClientObject, JobService};
use crate::words::{DownloadStatus, ErrorInfo, HResult};

/// One callback, with what the client is shown: a snapshot of the moment in which it became due.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// `JobTransferred`. Repeated until it is answered with `S_OK`.
    JobTransferred {
        /// Which.
        job: JobId,
    },
    /// `JobError`. Repeated until it is answered with `S_OK`.
    JobError {
        /// Which.
        job: JobId,
        /// What happened.
        error: ErrorInfo,
    },
    /// `JobModification`. Never repeated.
    JobModification {
        /// Which.
        job: JobId,
    },
    /// `FileTransferred`. Never repeated.
    FileTransferred {
        /// Which job.
        job: JobId,
        /// Which file.
        file: FileId,
    },
    /// `OnStatusChange`. Never repeated.
    StatusChange {
        /// Which.
        download: DownloadId,
        /// Where it stands.
        status: DownloadStatus,
    },
}

/// Calls the object and returns its answer: `S_OK`, or the code it returned. An object of the wrong kind answers
/// `RPC_E_DISCONNECTED`, as one that is gone.
///
/// Runs the client's code: call it with no lock held, on a thread that may be kept waiting. A panic in it passes through.
pub fn deliver(service: &Arc<dyn JobService>, object: &ClientObject, notice: Notice) -> HResult {
    let handle = |job| BackgroundCopyJob::attach(Arc::clone(service), job);
    let answer = match (object, notice) {
        (ClientObject::Job(object), Notice::JobTransferred { job }) => object.job_transferred(&handle(job)),
        (ClientObject::Job(object), Notice::JobError { job, error }) => {
            let job = handle(job);
            let error = BackgroundCopyError::of(&job, error);
            object.job_error(&job, &error)
        }
        (ClientObject::Job(object), Notice::JobModification { job }) => object.job_modification(&handle(job)),
        (ClientObject::Job(object), Notice::FileTransferred { job, file }) => {
            let job = handle(job);
            let file = job.file(file);
            object.file_transferred(&job, &file)
        }
        (ClientObject::Download(object), Notice::StatusChange { download, status }) => {
            object.on_status_change(&DoDownload::attach(Arc::clone(service), download), &status)
        }
        _ => Err(HResult::RPC_E_DISCONNECTED),
    };
    match answer {
        Ok(()) => HResult::S_OK,
        Err(code) => code,
    }
}
