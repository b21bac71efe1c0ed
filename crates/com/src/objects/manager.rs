//! The manager: one object for both faces, `IBackgroundCopyManager` and `IDOManager`.

use std::sync::Arc;

use swarmline_jobs::{
    BackgroundCopyJob, BackgroundCopyManager, Category, DoManager, DownloadProperty, HResult, JobId,
    JobService, JobType,
};

use super::enumerate::Enumerator;
use crate::abi::{
    Answer, Class, IUnknownVtbl, In, InGuid, InText, Out, OutInterface, OutText, Pointer, RawGuid, Slot,
    create,
};
use crate::interfaces::{
    IBackgroundCopyJobVtbl, IBackgroundCopyManager, IBackgroundCopyManagerVtbl, IDODownloadVtbl, IDOManager,
    IDOManagerVtbl, IEnumBackgroundCopyJobsVtbl, IEnumUnknownVtbl, RawCategory,
};

/// `BG_JOB_ENUM_ALL_USERS`.
const ALL_USERS: u32 = 1;

struct Manager {
    service: Arc<dyn JobService>,
    jobs: BackgroundCopyManager,
    downloads: DoManager,
}

/// The manager of whoever answers.
pub(crate) fn manager(service: Arc<dyn JobService>) -> Pointer<IUnknownVtbl> {
    let jobs = BackgroundCopyManager::new(Arc::clone(&service));
    let downloads = DoManager::new(Arc::clone(&service));
    create(Manager { service, jobs, downloads })
}

impl Class for Manager {
    const INTERFACES: &'static [Slot] = &[
        Slot::new(&IBackgroundCopyManagerVtbl::of::<Self, 0>()),
        Slot::new(&IDOManagerVtbl::of::<Self, 1>()),
    ];
}

impl IBackgroundCopyManager for Manager {
    fn create_job(
        &self,
        name: InText<'_>,
        kind: u32,
        id: Out<'_, RawGuid>,
        job: OutInterface<'_, IBackgroundCopyJobVtbl>,
    ) -> Answer {
        let made = self.jobs.create_job(&name.required()?, JobType::try_from(kind)?)?;
        id.put(made.get_id().0.into())?;
        job.put(&super::job(made))
    }

    fn get_job(&self, id: InGuid<'_>, job: OutInterface<'_, IBackgroundCopyJobVtbl>) -> Answer {
        job.put(&super::job(self.jobs.get_job(JobId(id.read()?))?))
    }

    fn enum_jobs(&self, flags: u32, jobs: OutInterface<'_, IEnumBackgroundCopyJobsVtbl>) -> Answer {
        if flags & !ALL_USERS != 0 {
            return Err(HResult::E_INVALIDARG);
        }
        let found = self.jobs.enum_jobs(flags == ALL_USERS)?;
        let handle = |job| BackgroundCopyJob::attach(Arc::clone(&self.service), job);
        let found = found.into_iter().map(|summary| handle(summary.job)).collect();
        jobs.put(&create(Enumerator::new(found)))
    }

    fn get_error_description(&self, code: i32, _language: u32, text: OutText<'_>) -> Answer {
        text.put(&self.jobs.get_error_description(HResult::from_i32(code))?)
    }
}

impl IDOManager for Manager {
    fn create_download(&self, download: OutInterface<'_, IDODownloadVtbl>) -> Answer {
        download.put(&super::download(self.downloads.create_download()?))
    }

    fn enum_downloads(
        &self,
        category: In<'_, RawCategory>,
        downloads: OutInterface<'_, IEnumUnknownVtbl>,
    ) -> Answer {
        let wanted = |raw: RawCategory| {
            let property = DownloadProperty::try_from(raw.property)?;
            Ok(Category { property, value: raw.value.required()? })
        };
        let category = category.read()?.map(wanted).transpose()?;
        downloads.put(&create(Enumerator::new(self.downloads.enum_downloads(category)?)))
    }
}
