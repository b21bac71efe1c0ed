//! Every call of both faces as data, and every answer.
//!
//! Numbers that name something (`JobPriority`, `DownloadState`) are checked before they come here; property ids are not,
//! since an unknown one has a code of its own. Texts and lists come as the caller gave them: the machine bounds them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::words::{
    DownloadProperty, DownloadStatus, ErrorInfo, FileProgress, FileRange, Guid, JobPriority, JobProgress,
    JobState, JobTimes, JobType, SwarmStats, Token, Value, guid_text,
};

macro_rules! guid_name {
    ($(#[$outer:meta])* $name:ident) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub Guid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&guid_text(&self.0))
            }
        }
    };
}

guid_name! {
    /// Names a job of the legacy face.
    JobId
}

guid_name! {
    /// Names a download of the modern face.
    DownloadId
}

/// Names a file of a job by its place in it, counted from 0. Files are never taken out of a job.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct FileId(pub u32);

/// Names a client: one process that is connected, or the one in which the engine runs. Never used twice in the life of a
/// service.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct ClientId(pub u64);

/// Who calls. Told by the transport, never by the caller himself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Caller {
    /// The user id of the calling process.
    pub user: u32,
    /// The process; its callbacks and streams end with it.
    pub client: ClientId,
}

/// A callback object of a client, as the model sees it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallbackRef {
    /// Stands for the object.
    pub token: Token,
    /// The object also knows `FileTransferred`.
    pub knows_files: bool,
}

/// A file to be added to a job.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewFile {
    /// Its id, unique in the job: a content id, or any text. `None` where the method has none.
    pub id: Option<String>,
    /// Its address; `None` if the id alone names the content.
    pub url: Option<String>,
    /// Its destination; `None` if a property will name its sink.
    pub path: Option<String>,
    /// The ranges wanted, in the order in which they are delivered; empty for the whole file.
    pub ranges: Vec<FileRange>,
    /// Its size, if the caller knows it.
    pub size: Option<u64>,
}

/// Which downloads to list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Category {
    /// `Id`, `Uri`, `ContentId`, `DisplayName` or `LocalPath`.
    pub property: DownloadProperty,
    /// What it must be, exactly; a GUID in either form for `Id`.
    pub value: String,
}

/// A call of either face.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `IBackgroundCopyManager::CreateJob`. Answer: [`Reply::Job`].
    CreateJob {
        /// Name for people; need not be unique.
        name: String,
        /// What it does.
        kind: JobType,
    },
    /// `IBackgroundCopyManager::GetJob`. Answer: [`Reply::Job`].
    GetJob {
        /// Which.
        job: JobId,
    },
    /// `IBackgroundCopyManager::EnumJobs`. Answer: [`Reply::Jobs`].
    EnumJobs {
        /// Also those of other users; for root alone.
        all_users: bool,
    },
    /// A method of a job.
    Job {
        /// Whose.
        job: JobId,
        /// Which.
        call: JobCall,
    },
    /// A method of a file.
    File {
        /// Of which job.
        job: JobId,
        /// Whose.
        file: FileId,
        /// Which.
        call: FileCall,
    },
    /// `IDOManager::CreateDownload`. Answer: [`Reply::Download`].
    CreateDownload,
    /// `IDOManager::EnumDownloads`. Answer: [`Reply::Downloads`].
    EnumDownloads {
        /// Which; `None` for all of the caller.
        category: Option<Category>,
    },
    /// A method of a download.
    Download {
        /// Whose.
        download: DownloadId,
        /// Which.
        call: DownloadCall,
    },
}

/// A method of a job.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobCall {
    /// `AddFile`, `AddFileSet`, `AddFileWithRanges`: all of them or none. Answer: [`Reply::File`], the first.
    AddFiles(Vec<NewFile>),
    /// `EnumFiles`. Answer: [`Reply::Count`]; files are counted from 0 in the order in which they were added.
    EnumFiles,
    /// `Suspend`. Answer: [`Reply::Done`].
    Suspend,
    /// `Resume`. Answer: [`Reply::Done`].
    Resume,
    /// `Cancel`. Answer: [`Reply::Done`], when nothing of it is left on disk.
    Cancel,
    /// `Complete`. Answer: [`Reply::Done`], when the files have their names.
    Complete,
    /// `GetProgress`. Answer: [`Reply::Progress`].
    GetProgress,
    /// `GetTimes`. Answer: [`Reply::Times`].
    GetTimes,
    /// `GetState`. Answer: [`Reply::State`].
    GetState,
    /// `GetError`. Answer: [`Reply::Error`].
    GetError,
    /// `GetErrorCount`. Answer: [`Reply::Count`].
    GetErrorCount,
    /// `GetDisplayName`. Answer: [`Reply::Text`].
    GetDisplayName,
    /// `SetPriority`. Answer: [`Reply::Done`].
    SetPriority(JobPriority),
    /// `GetPriority`. Answer: [`Reply::Priority`].
    GetPriority,
    /// `SetNotifyFlags`. Answer: [`Reply::Done`].
    SetNotifyFlags(u32),
    /// `GetNotifyFlags`. Answer: [`Reply::Count`].
    GetNotifyFlags,
    /// `SetNotifyInterface`; `None` clears. Answer: [`Reply::Done`].
    SetNotifyInterface(Option<CallbackRef>),
    /// `GetNotifyInterface`. Answer: [`Reply::Interface`].
    GetNotifyInterface,
    /// `SetNoProgressTimeout`, in s. Answer: [`Reply::Done`].
    SetNoProgressTimeout(u32),
    /// `GetNoProgressTimeout`. Answer: [`Reply::Count`], in s.
    GetNoProgressTimeout,
    /// `IBackgroundCopyJob5::SetProperty`. Answer: [`Reply::Done`].
    SetProperty(u32, Value),
    /// `IBackgroundCopyJob5::GetProperty`. Answer: [`Reply::Value`].
    GetProperty(u32),
    /// `IDeliveryOptimizationJob2::SetProperty`. Answer: never but an error.
    SetOptimizationProperty(u32),
    /// `IDeliveryOptimizationJob2::GetProperty`. Answer: [`Reply::Value`].
    GetOptimizationProperty(u32),
}

/// A method of a file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileCall {
    /// `GetRemoteName`. Answer: [`Reply::Text`].
    GetRemoteName,
    /// `SetRemoteName`. Answer: [`Reply::Done`].
    SetRemoteName(String),
    /// `GetLocalName`. Answer: [`Reply::Text`].
    GetLocalName,
    /// `GetProgress`. Answer: [`Reply::FileProgress`].
    GetProgress,
    /// `GetFileRanges`. Answer: [`Reply::Ranges`].
    GetFileRanges,
    /// `IBackgroundCopyFile5::SetProperty`. Answer: never but an error.
    SetProperty(u32),
    /// `IBackgroundCopyFile5::GetProperty`. Answer: [`Reply::Value`].
    GetProperty(u32),
    /// `IDeliveryOptimizationFile2::SetProperty`. Answer: [`Reply::Done`].
    SetOptimizationProperty(u32, Value),
    /// `IDeliveryOptimizationFile2::GetProperty`. Answer: [`Reply::Value`].
    GetOptimizationProperty(u32),
    /// `IDeliveryOptimizationFile::GetStats`. Answer: [`Reply::Stats`].
    GetStats,
}

/// A method of a download.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DownloadCall {
    /// `Start`. `None`: the whole file, or what the first `Start` asked for. Answer: [`Reply::Done`].
    Start(Option<Vec<FileRange>>),
    /// `Pause`. Answer: [`Reply::Done`].
    Pause,
    /// `Abort`. Answer: [`Reply::Done`].
    Abort,
    /// `Finalize`. Answer: [`Reply::Done`].
    Finalize,
    /// `GetStatus`. Answer: [`Reply::Status`].
    GetStatus,
    /// `SetProperty`. Answer: [`Reply::Done`].
    SetProperty(u32, Value),
    /// `GetProperty`. Answer: [`Reply::Value`].
    GetProperty(u32),
    /// What `GetStats` is on the legacy face; the modern one has no published method for it. Answer: [`Reply::Stats`].
    GetStats,
}

/// A job in a list.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct JobSummary {
    /// Its id.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// The user it belongs to.
    pub user: u32,
    /// Where it stands.
    pub state: JobState,
    /// How urgent it is.
    pub priority: JobPriority,
    /// How far it is.
    pub progress: JobProgress,
}

/// An answer. Which call gets which stands at the call.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Success, and nothing to return.
    Done,
    /// A job.
    Job(JobId),
    /// Jobs, in the order in which they were created.
    Jobs(Vec<JobSummary>),
    /// Progress of a job.
    Progress(JobProgress),
    /// Times of a job.
    Times(JobTimes),
    /// State of a job.
    State(JobState),
    /// The last failure of a job.
    Error(ErrorInfo),
    /// A text.
    Text(String),
    /// Priority of a job.
    Priority(JobPriority),
    /// A number: files, errors, flags, seconds.
    Count(u32),
    /// The callback object, if there is one and it is the caller's own.
    Interface(Option<Token>),
    /// Value of a property.
    Value(Value),
    /// A file that was added.
    File(FileId),
    /// Progress of a file.
    FileProgress(FileProgress),
    /// Ranges of a file; `None` when it is wanted whole, which the binary interface tells by `S_FALSE`.
    Ranges(Option<Vec<FileRange>>),
    /// Statistics of a file.
    Stats(SwarmStats),
    /// A download.
    Download(DownloadId),
    /// Downloads, in the order in which they were created; never empty.
    Downloads(Vec<DownloadId>),
    /// Status of a download.
    Status(DownloadStatus),
}
