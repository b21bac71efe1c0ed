//! A job: `IBackgroundCopyJob` to `5`, `IDeliveryOptimizationJob` and `2`.

use std::sync::Arc;

use swarmline_jobs::{
    BackgroundCopyJob, FileRange, HResult, JOB_EXTENDED_ERROR_INFO, JobPriority, JobProperty, NewFile,
    NotifyFlags, SIZE_UNKNOWN,
};

use super::enumerate::Enumerator;
use super::file::File;
use crate::abi::{
    Answer, Class, IUnknownVtbl, InArray, InGuid, InObject, InText, InVariant, Out, OutAny, OutInterface,
    OutText, OutVariant, Pointer, RawGuid, Slot, Success, Variant, create,
};
use crate::client::{self, JobCallback};
use crate::interfaces::{
    IBackgroundCopyErrorVtbl, IBackgroundCopyJob, IBackgroundCopyJob2, IBackgroundCopyJob3,
    IBackgroundCopyJob4, IBackgroundCopyJob5, IBackgroundCopyJob5Vtbl, IDeliveryOptimizationJob,
    IDeliveryOptimizationJob2, IDeliveryOptimizationJob2Vtbl, IDeliveryOptimizationJobVtbl,
    IEnumBackgroundCopyFilesVtbl, RawFileInfo, RawJobProgress, RawJobTimes, RawJobValue, RawRange,
};

/// One call names no more files; the bounds of a job are closer.
const FILES_MAX: u32 = 1 << 16;

/// One call names no more ranges; the bounds of a file are closer.
const RANGES_MAX: u32 = 1 << 16;

struct Job(BackgroundCopyJob);

/// An object that shows this job.
pub(crate) fn job(job: BackgroundCopyJob) -> Pointer<IUnknownVtbl> {
    create(Job(job))
}

impl Class for Job {
    const INTERFACES: &'static [Slot] = &[
        Slot::new(&IBackgroundCopyJob5Vtbl::of::<Self, 0>()),
        Slot::new(&IDeliveryOptimizationJobVtbl::of::<Self, 1>()),
        Slot::new(&IDeliveryOptimizationJob2Vtbl::of::<Self, 2>()),
    ];
}

fn done(result: Result<(), HResult>) -> Answer {
    result.map(|()| Success::Full)
}

/// # Errors
/// `BG_E_TOO_MANY_RANGES_IN_FILE`, and `E_INVALIDARG` where there are fewer than were named.
pub(super) fn ranges(ranges: InArray<'_, RawRange>, count: u32) -> Result<Vec<FileRange>, HResult> {
    if count > RANGES_MAX {
        return Err(HResult::BG_E_TOO_MANY_RANGES_IN_FILE);
    }
    Ok(ranges.read(count as usize)?.into_iter().map(FileRange::from).collect())
}

impl IBackgroundCopyJob for Job {
    fn add_file_set(&self, count: u32, files: InArray<'_, RawFileInfo>) -> Answer {
        if count > FILES_MAX {
            return Err(HResult::BG_E_TOO_MANY_FILES_IN_JOB);
        }
        let new = |file: RawFileInfo| {
            let (url, path) = (Some(file.remote.required()?), Some(file.local.required()?));
            Ok(NewFile { url, path, ..NewFile::default() })
        };
        let files = files.read(count as usize)?.into_iter().map(new).collect::<Result<_, HResult>>()?;
        self.0.add_files(files)?;
        Ok(Success::Full)
    }

    fn add_file(&self, remote: InText<'_>, local: InText<'_>) -> Answer {
        self.0.add_file(&remote.required()?, &local.required()?)?;
        Ok(Success::Full)
    }

    fn enum_files(&self, files: OutInterface<'_, IEnumBackgroundCopyFilesVtbl>) -> Answer {
        files.put(&create(Enumerator::new(self.0.enum_files()?)))
    }

    fn suspend(&self) -> Answer {
        done(self.0.suspend())
    }

    fn resume(&self) -> Answer {
        done(self.0.resume())
    }

    fn cancel(&self) -> Answer {
        done(self.0.cancel())
    }

    fn complete(&self) -> Answer {
        done(self.0.complete())
    }

    fn get_id(&self, id: Out<'_, RawGuid>) -> Answer {
        id.put(self.0.get_id().0.into())
    }

    fn get_type(&self, kind: Out<'_, u32>) -> Answer {
        kind.put(self.0.get_type() as u32)
    }

    fn get_progress(&self, progress: Out<'_, RawJobProgress>) -> Answer {
        progress.put(self.0.get_progress()?.into())
    }

    fn get_times(&self, times: Out<'_, RawJobTimes>) -> Answer {
        times.put(self.0.get_times()?.into())
    }

    fn get_state(&self, state: Out<'_, u32>) -> Answer {
        state.put(self.0.get_state()? as u32)
    }

    fn get_error(&self, error: OutInterface<'_, IBackgroundCopyErrorVtbl>) -> Answer {
        error.put(&super::error(self.0.get_error()?))
    }

    fn get_display_name(&self, name: OutText<'_>) -> Answer {
        name.put(&self.0.get_display_name()?)
    }

    fn set_priority(&self, priority: u32) -> Answer {
        done(self.0.set_priority(JobPriority::try_from(priority)?))
    }

    fn get_priority(&self, priority: Out<'_, u32>) -> Answer {
        priority.put(self.0.get_priority()? as u32)
    }

    fn set_notify_flags(&self, flags: u32) -> Answer {
        done(self.0.set_notify_flags(NotifyFlags::from_bits(flags).map_err(|_| HResult::E_NOTIMPL)?))
    }

    fn get_notify_flags(&self, flags: Out<'_, u32>) -> Answer {
        flags.put(self.0.get_notify_flags()?.bits())
    }

    fn set_notify_interface(&self, callback: InObject<'_>) -> Answer {
        done(match callback.get()? {
            Some(object) => self.0.set_notify_interface(Some(Arc::new(JobCallback::of(&object)?))),
            None => self.0.set_notify_interface(None),
        })
    }

    /// NULL when there is none, or another process registered it.
    fn get_notify_interface(&self, callback: OutInterface<'_, IUnknownVtbl>) -> Answer {
        match self.0.get_notify_interface()?.and_then(client::unknown_of_callback) {
            Some(object) => callback.put(&object),
            None => Ok(Success::Full),
        }
    }

    fn set_no_progress_timeout(&self, seconds: u32) -> Answer {
        done(self.0.set_no_progress_timeout(seconds))
    }

    fn get_no_progress_timeout(&self, seconds: Out<'_, u32>) -> Answer {
        seconds.put(self.0.get_no_progress_timeout()?)
    }

    fn get_error_count(&self, count: Out<'_, u32>) -> Answer {
        count.put(self.0.get_error_count()?)
    }
}

impl IBackgroundCopyJob2 for Job {}

impl IBackgroundCopyJob3 for Job {}

impl IBackgroundCopyJob4 for Job {}

impl IBackgroundCopyJob5 for Job {
    fn set_property(&self, id: u32, value: RawJobValue) -> Answer {
        let property = JobProperty::of(id)?;
        let value = value.value(property.row().kind).ok_or(HResult::E_UNEXPECTED)?;
        done(self.0.set_property(property, value))
    }

    fn get_property(&self, id: u32, value: Out<'_, RawJobValue>) -> Answer {
        value.put(self.0.get_property(JobProperty::of(id)?)?.try_into()?)
    }
}

impl IDeliveryOptimizationJob for Job {
    fn add_file_with_ranges(
        &self,
        file_id: InText<'_>,
        remote: InText<'_>,
        local: InText<'_>,
        count: u32,
        wanted: InArray<'_, RawRange>,
        size: u64,
    ) -> Answer {
        let (file_id, remote, local) = (file_id.required()?, remote.required()?, local.required()?);
        let wanted = ranges(wanted, count)?;
        let size = (size != SIZE_UNKNOWN).then_some(size);
        self.0.add_file_with_ranges(&file_id, &remote, &local, &wanted, size)?;
        Ok(Success::Full)
    }
}

impl IDeliveryOptimizationJob2 for Job {
    /// The interface is looked at first: a file cannot be taken back.
    fn add_file(
        &self,
        file_id: InText<'_>,
        remote: InText<'_>,
        count: u32,
        wanted: InArray<'_, RawRange>,
        iid: InGuid<'_>,
        file: OutAny<'_>,
    ) -> Answer {
        let (file_id, remote, iid) = (file_id.required()?, remote.optional()?, iid.read()?);
        if !File::INTERFACES.iter().any(|slot| slot.answers(iid)) {
            return Err(HResult::E_NOINTERFACE);
        }
        let wanted = ranges(wanted, count)?;
        let added = self.0.add_file_by_id(&file_id, remote.as_deref(), &wanted)?;
        file.put(&super::file(added), iid)
    }

    fn get_property(&self, id: u32, value: OutVariant<'_>) -> Answer {
        match id {
            JOB_EXTENDED_ERROR_INFO => value.put(Variant::text(&self.0.get_extended_error_info()?)?),
            _ => Err(HResult::DO_E_UNKNOWN_PROPERTY_ID),
        }
    }

    fn set_property(&self, id: u32, _value: InVariant<'_>) -> Answer {
        Err(match id {
            JOB_EXTENDED_ERROR_INFO => HResult::DO_E_READ_ONLY_PROPERTY,
            _ => HResult::DO_E_UNKNOWN_PROPERTY_ID,
        })
    }
}
