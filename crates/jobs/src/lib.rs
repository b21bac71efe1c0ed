//! The COM-shaped job API: a program makes a job, adds files, resumes it, and is told what becomes of it.
//!
//! Two faces stand on one model. The legacy face has jobs of many files (`IBackgroundCopyManager` and its like), the
//! modern face has downloads of one file (`IDOManager`, `IDODownload`). Names, states, result codes and slots are the
//! published ones; the Rust face reads like Rust.
//!
//! Pure: no clock, socket, file, thread or ambient randomness, and no word about how bytes travel. Whoever drives the
//! machine does the I/O, delivers callbacks, and stores records.
//!
//! - [`words`]: codes, names, numbers, shapes. Data alone.
//! - [`face`]: every call as data, and both faces over whoever answers calls.
//! - [`record`]: what of a job outlives its process.
//! - [`machine`]: which call is legal, what follows from it, what the client is told and when.

pub mod words;

pub mod face;

pub mod record;

pub mod machine;

pub use face::{
    AbsentService, BackgroundCopyCallback, BackgroundCopyError, BackgroundCopyFile, BackgroundCopyJob,
    BackgroundCopyManager, Call, CallbackRef, Caller, Category, ClientId, ClientObject, DoDownload,
    DoManager, DownloadCall, DownloadId, DownloadStatusCallback, FileCall, FileId, JobCall, JobId,
    JobService, JobSummary, NewFile, Notice, Reply, StreamSink, deliver,
};
pub use record::{Record, RecordError};
pub use words::*;
