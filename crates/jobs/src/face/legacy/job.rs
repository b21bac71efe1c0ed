//! `IBackgroundCopyJob` with the job's other interfaces.

use std::fmt;
use std::sync::Arc;

use super::super::call::{Call, CallbackRef, FileCall, FileId, JobCall, JobId, NewFile, Reply};
use super::super::service::{ClientObject, JobService};
use super::{BackgroundCopyCallback, BackgroundCopyError, BackgroundCopyFile, odd};
use crate::words::{
    FileRange, HResult, JOB_EXTENDED_ERROR_INFO, JobPriority, JobProgress, JobProperty, JobState, JobTimes,
    JobType, NotifyFlags, Value,
};

/// A job: `IBackgroundCopyJob`, `IBackgroundCopyJob5`, `IDeliveryOptimizationJob` and `IDeliveryOptimizationJob2`.
///
/// Methods that only read are legal in every state and fail only as every method does, unless they say more.
#[derive(Clone)]
pub struct BackgroundCopyJob {
    service: Arc<dyn JobService>,
    id: JobId,
}

impl fmt::Debug for BackgroundCopyJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BackgroundCopyJob").field(&self.id).finish()
    }
}

/// Handles.
impl BackgroundCopyJob {
    /// A handle, without asking whether there is such a job.
    pub fn attach(service: Arc<dyn JobService>, id: JobId) -> Self {
        Self { service, id }
    }

    /// A file by its place, without asking whether it is there.
    pub fn file(&self, file: FileId) -> BackgroundCopyFile {
        BackgroundCopyFile::of(self.clone(), file)
    }

    /// Who answers for it.
    pub fn service(&self) -> &Arc<dyn JobService> {
        &self.service
    }

    pub(super) fn ask_file(&self, file: FileId, call: FileCall) -> Result<Reply, HResult> {
        self.service.call(Call::File { job: self.id, file, call })
    }

    fn ask(&self, call: JobCall) -> Result<Reply, HResult> {
        self.service.call(Call::Job { job: self.id, call })
    }

    fn tell(&self, call: JobCall) -> Result<(), HResult> {
        match self.ask(call)? {
            Reply::Done => Ok(()),
            other => odd(other),
        }
    }

    fn count(&self, call: JobCall) -> Result<u32, HResult> {
        match self.ask(call)? {
            Reply::Count(count) => Ok(count),
            other => odd(other),
        }
    }

    fn value(&self, call: JobCall) -> Result<Value, HResult> {
        match self.ask(call)? {
            Reply::Value(value) => Ok(value),
            other => odd(other),
        }
    }
}

/// Files.
impl BackgroundCopyJob {
    /// Adds a file to fetch whole (`IBackgroundCopyJob::AddFile`). Legal until the job is final; a job that runs fetches
    /// it as well, one that is transferred waits for `resume`.
    ///
    /// # Errors
    /// Those of [`add_file_with_ranges`](Self::add_file_with_ranges).
    pub fn add_file(&self, url: &str, path: &str) -> Result<BackgroundCopyFile, HResult> {
        self.add_files(vec![NewFile { url: Some(url.into()), path: Some(path.into()), ..NewFile::default() }])
    }

    /// Adds a file of which only some ranges may be wanted (`IDeliveryOptimizationJob::AddFileWithRanges`). No range: the
    /// whole file. The ranges are stored one behind the other, in the order given. Legal until the job is final.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a bad address, a path that is empty or not absolute, an id or path that the job has already;
    /// `E_ACCESSDENIED` when the caller may not write there; `DO_E_INVALID_RANGE`, `DO_E_OVERLAPPING_RANGES`;
    /// `BG_E_TOO_MANY_FILES_IN_JOB`, `BG_E_TOO_MANY_RANGES_IN_FILE`; `DO_E_INVALID_STATE` when the job is final.
    pub fn add_file_with_ranges(
        &self,
        file_id: &str,
        url: &str,
        path: &str,
        ranges: &[FileRange],
        size: Option<u64>,
    ) -> Result<BackgroundCopyFile, HResult> {
        self.add_files(vec![NewFile {
            id: Some(file_id.into()),
            url: Some(url.into()),
            path: Some(path.into()),
            ranges: ranges.to_vec(),
            size,
        }])
    }

    /// Adds a file whose sink is set afterwards by its properties (`IDeliveryOptimizationJob2::AddFile`). The id may name
    /// the content, and then the address may be absent. Legal until the job is final.
    ///
    /// # Errors
    /// Those of [`add_file_with_ranges`](Self::add_file_with_ranges).
    pub fn add_file_by_id(
        &self,
        file_id: &str,
        url: Option<&str>,
        ranges: &[FileRange],
    ) -> Result<BackgroundCopyFile, HResult> {
        self.add_files(vec![NewFile {
            id: Some(file_id.into()),
            url: url.map(Into::into),
            ranges: ranges.to_vec(),
            ..NewFile::default()
        }])
    }

    /// Adds several files, or none if one of them is refused (`AddFileSet`); returns the first.
    ///
    /// # Errors
    /// Those of [`add_file_with_ranges`](Self::add_file_with_ranges); `E_INVALIDARG` for an empty list.
    pub fn add_files(&self, files: Vec<NewFile>) -> Result<BackgroundCopyFile, HResult> {
        match self.ask(JobCall::AddFiles(files))? {
            Reply::File(file) => Ok(self.file(file)),
            other => odd(other),
        }
    }

    /// The files it has now, in the order in which they were added.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn enum_files(&self) -> Result<Vec<BackgroundCopyFile>, HResult> {
        let count = self.count(JobCall::EnumFiles)?;
        Ok((0..count).map(|index| self.file(FileId(index))).collect())
    }
}

/// Starting, pausing, ending.
impl BackgroundCopyJob {
    /// Pauses it. A job that is suspended or transferred stays as it is; one in error keeps its error for reading.
    ///
    /// # Errors
    /// `DO_E_INVALID_STATE` when it is final.
    pub fn suspend(&self) -> Result<(), HResult> {
        self.tell(JobCall::Suspend)
    }

    /// Starts it, or goes on: a new or suspended job, one in error, one transferred that got more files. A job that runs
    /// already stays as it is.
    ///
    /// # Errors
    /// `DO_E_JOB_EMPTY` without a file, `DO_E_FILE_DOWNLOADSINK_UNSPECIFIED` when a file has no destination,
    /// `DO_E_INTEGRITYCHECKINFO_UNSPECIFIED` when a check is mandatory and nothing says against what, `E_NOTIMPL` when
    /// decryption is asked for, `DO_E_INVALID_STATE` when it is final.
    pub fn resume(&self) -> Result<(), HResult> {
        self.tell(JobCall::Resume)
    }

    /// Discards the job and all that it received. Cannot be taken back.
    ///
    /// # Errors
    /// `DO_E_INVALID_STATE` when it is final.
    pub fn cancel(&self) -> Result<(), HResult> {
        self.tell(JobCall::Cancel)
    }

    /// Hands over the files that are here under their final names, drops the rest, and ends the job. Legal until it is
    /// final. When a file cannot be renamed, those before it have their names, and the job stays for another try.
    ///
    /// # Errors
    /// What the rename failed with; `DO_E_INVALID_STATE` when it is final.
    pub fn complete(&self) -> Result<(), HResult> {
        self.tell(JobCall::Complete)
    }
}

/// What it is and how it is doing.
impl BackgroundCopyJob {
    /// Its id.
    pub fn get_id(&self) -> JobId {
        self.id
    }

    /// What it does: always a download.
    pub fn get_type(&self) -> JobType {
        JobType::Download
    }

    /// How far it is.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_progress(&self) -> Result<JobProgress, HResult> {
        match self.ask(JobCall::GetProgress)? {
            Reply::Progress(progress) => Ok(progress),
            other => odd(other),
        }
    }

    /// When it was created, changed, and transferred.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_times(&self) -> Result<JobTimes, HResult> {
        match self.ask(JobCall::GetTimes)? {
            Reply::Times(times) => Ok(times),
            other => odd(other),
        }
    }

    /// Where it stands.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_state(&self) -> Result<JobState, HResult> {
        match self.ask(JobCall::GetState)? {
            Reply::State(state) => Ok(state),
            other => odd(other),
        }
    }

    /// The last failure: in `Error` and `TransientError`, and after them until bytes flow again.
    ///
    /// # Errors
    /// `DO_E_ERROR_INFORMATION_UNAVAILABLE`.
    pub fn get_error(&self) -> Result<BackgroundCopyError, HResult> {
        match self.ask(JobCall::GetError)? {
            Reply::Error(info) => Ok(BackgroundCopyError::of(self, info)),
            other => odd(other),
        }
    }

    /// How often it has failed, for now or for good.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_error_count(&self) -> Result<u32, HResult> {
        self.count(JobCall::GetErrorCount)
    }

    /// The name under which it was created.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_display_name(&self) -> Result<String, HResult> {
        match self.ask(JobCall::GetDisplayName)? {
            Reply::Text(name) => Ok(name),
            other => odd(other),
        }
    }
}

/// Priority, timeout, properties.
impl BackgroundCopyJob {
    /// Sets how urgent it is, at once also while it runs. Default `Normal`.
    ///
    /// # Errors
    /// `DO_E_INVALID_STATE` when it is final.
    pub fn set_priority(&self, priority: JobPriority) -> Result<(), HResult> {
        self.tell(JobCall::SetPriority(priority))
    }

    /// How urgent it is.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_priority(&self) -> Result<JobPriority, HResult> {
        match self.ask(JobCall::GetPriority)? {
            Reply::Priority(priority) => Ok(priority),
            other => odd(other),
        }
    }

    /// After how many seconds without a byte a failure becomes final. 0: at once. Default 3600 in the foreground, 86400
    /// behind; it follows the priority until it is set.
    ///
    /// # Errors
    /// `DO_E_INVALID_STATE` when it is final.
    pub fn set_no_progress_timeout(&self, seconds: u32) -> Result<(), HResult> {
        self.tell(JobCall::SetNoProgressTimeout(seconds))
    }

    /// That timeout, in s.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_no_progress_timeout(&self) -> Result<u32, HResult> {
        self.count(JobCall::GetNoProgressTimeout)
    }

    /// Sets a property (`IBackgroundCopyJob5::SetProperty`), at once also while it runs.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a value of the wrong type, `E_NOTIMPL` for a property that is not supported,
    /// `DO_E_INVALID_STATE` when the job is final.
    pub fn set_property(&self, property: JobProperty, value: Value) -> Result<(), HResult> {
        self.tell(JobCall::SetProperty(property as u32, value))
    }

    /// Reads a property (`IBackgroundCopyJob5::GetProperty`).
    ///
    /// # Errors
    /// `E_NOTIMPL` for a property that is not supported.
    pub fn get_property(&self, property: JobProperty) -> Result<Value, HResult> {
        self.value(JobCall::GetProperty(property as u32))
    }

    /// JSON about the last failure (`IDeliveryOptimizationJob2::GetProperty`, `ExtendedErrorInfo`).
    ///
    /// # Errors
    /// `E_NOT_SET` before the first failure.
    pub fn get_extended_error_info(&self) -> Result<String, HResult> {
        match self.value(JobCall::GetOptimizationProperty(JOB_EXTENDED_ERROR_INFO))? {
            Value::Text(text) => Ok(text),
            _ => Err(HResult::E_UNEXPECTED),
        }
    }
}

/// Being told.
impl BackgroundCopyJob {
    /// Chooses the callbacks. Default: transferred and error.
    ///
    /// # Errors
    /// `DO_E_INVALID_STATE` when it is final. (Bits without a name, which only the binary interface can give, are
    /// `E_NOTIMPL`.)
    pub fn set_notify_flags(&self, flags: NotifyFlags) -> Result<(), HResult> {
        self.tell(JobCall::SetNotifyFlags(flags.bits()))
    }

    /// The callbacks that are chosen.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_notify_flags(&self) -> Result<NotifyFlags, HResult> {
        let bits = self.count(JobCall::GetNotifyFlags)?;
        NotifyFlags::from_bits(bits).map_err(|_| HResult::E_UNEXPECTED)
    }

    /// Registers the object that is told, in place of the one before; `None` ends it. What happened before, and nobody
    /// was told of, is told at once. Not kept over a restart of either side.
    ///
    /// # Errors
    /// `DO_E_INVALID_STATE` when it is final.
    pub fn set_notify_interface(
        &self,
        object: Option<Arc<dyn BackgroundCopyCallback>>,
    ) -> Result<(), HResult> {
        let callback = match object {
            Some(object) => {
                let token = self.service.register(ClientObject::Job(object))?;
                Some(CallbackRef { token, knows_files: true })
            }
            None => None,
        };
        self.tell(JobCall::SetNotifyInterface(callback))
    }

    /// The object that is told, if there is one and it lives in this process.
    ///
    /// # Errors
    /// Only those of every method.
    pub fn get_notify_interface(&self) -> Result<Option<Arc<dyn BackgroundCopyCallback>>, HResult> {
        match self.ask(JobCall::GetNotifyInterface)? {
            Reply::Interface(token) => Ok(token.and_then(|token| match self.service.object(token) {
                Some(ClientObject::Job(object)) => Some(object),
                _ => None,
            })),
            other => odd(other),
        }
    }
}
