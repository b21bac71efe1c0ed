//! Both faces, and what travels between a face and the model: calls, replies, notices.
//!
//! A face turns a method into a [`Call`] and a [`Reply`] into what the method returns. Who answers is a [`JobService`]:
//! an engine in this process, or one behind a socket. Nothing here decides; which call is legal when stands in the
//! machine.

mod call;

mod service;

mod legacy;
mod modern;

mod notice;

pub use call::{
    Call, CallbackRef, Caller, Category, ClientId, DownloadCall, DownloadId, FileCall, FileId, JobCall,
    JobId, JobSummary, NewFile, Reply,
};
pub use legacy::{
    BackgroundCopyCallback, BackgroundCopyError, BackgroundCopyFile, BackgroundCopyJob, BackgroundCopyManager,
};
pub use modern::{DoDownload, DoManager, DownloadStatusCallback, StreamSink};
pub use notice::{Notice, deliver};
pub use service::{AbsentService, ClientObject, JobService};
