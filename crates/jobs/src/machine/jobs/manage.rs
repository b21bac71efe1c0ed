//! Methods of both managers: making jobs, finding them again.

use rand::Rng;

use super::super::calls::check_name;
use super::super::job::{Job, Save};
use super::{Jobs, ROOT, may};
use crate::face::{Call, Caller, Category, DownloadId, JobId, Reply};
use crate::record::{FaceRecord, FileRecord, LegacyRecord, ModernRecord, Record, VERSION};
use crate::words::{DownloadProperty, FileTime, Guid, HResult, JobPriority, JobType, Phase, parse_guid};

impl Jobs {
    pub(super) fn manage(&mut self, caller: Caller, call: Call) -> Result<Reply, HResult> {
        match call {
            Call::CreateJob { name, kind } => self.create_job(caller, name, kind),
            Call::GetJob { job } => self.get_job(caller, job),
            Call::EnumJobs { all_users } => self.enum_jobs(caller, all_users),
            Call::CreateDownload => self.create_download(caller),
            Call::EnumDownloads { category } => self.enum_downloads(caller, category.as_ref()),
            Call::Job { .. } | Call::File { .. } | Call::Download { .. } => Err(HResult::E_UNEXPECTED),
        }
    }

    fn create_job(&mut self, caller: Caller, name: String, kind: JobType) -> Result<Reply, HResult> {
        check_name(&name)?;
        if kind != JobType::Download {
            return Err(HResult::E_NOTIMPL);
        }
        let face = FaceRecord::Legacy(LegacyRecord::default());
        self.create(caller, name, face, Vec::new()).map(Reply::Job)
    }

    fn create_download(&mut self, caller: Caller) -> Result<Reply, HResult> {
        let face = FaceRecord::Modern(ModernRecord::default());
        let id = self.create(caller, String::new(), face, vec![FileRecord::default()])?;
        Ok(Reply::Download(DownloadId(id.0)))
    }

    fn create(
        &mut self,
        caller: Caller,
        name: String,
        face: FaceRecord,
        files: Vec<FileRecord>,
    ) -> Result<JobId, HResult> {
        if self.order.len() >= self.desk.config.jobs_max {
            return Err(HResult::BG_E_TOO_MANY_JOBS_PER_MACHINE);
        }
        let own = self.users.get(&caller.user).copied().unwrap_or(0);
        if caller.user != ROOT && own >= self.desk.config.jobs_per_user_max {
            return Err(HResult::BG_E_TOO_MANY_JOBS_PER_USER);
        }
        let record = Record {
            version: VERSION,
            job: self.new_id(),
            user: caller.user,
            order: self.last_order + 1,
            name,
            phase: Phase::New,
            completing_for: None,
            priority: JobPriority::Normal,
            no_progress_timeout_s: None,
            created: self.desk.wall,
            modified: self.desk.wall,
            arrived: FileTime::ZERO,
            error: None,
            error_count: 0,
            face,
            files,
        };
        let id = record.job;
        let job = self.insert(record);
        job.save_at_least(Save::Now);
        self.desk.touched.insert(id);
        Ok(id)
    }

    fn new_id(&mut self) -> JobId {
        loop {
            let mut bytes = [0; 16];
            self.rng.fill_bytes(&mut bytes);
            let id = JobId(uuid::Builder::from_random_bytes(bytes).into_uuid());
            if !self.jobs.contains_key(&id) {
                return id;
            }
        }
    }

    /// A job is there from now on.
    pub(super) fn insert(&mut self, record: Record) -> &mut Job {
        let id = record.job;
        self.last_order = self.last_order.max(record.order);
        self.order.insert(record.order, id);
        *self.users.entry(record.user).or_default() += 1;
        let mut job = Job::new(record);
        job.weigh(&mut self.desk);
        self.jobs.entry(id).or_insert(job)
    }

    fn get_job(&self, caller: Caller, id: JobId) -> Result<Reply, HResult> {
        match self.jobs.get(&id).filter(|job| job.legacy().is_some() && !job.phase().is_final()) {
            Some(job) if may(caller, job.kept.user) => Ok(Reply::Job(id)),
            Some(_) => Err(HResult::E_ACCESSDENIED),
            None => Err(HResult::DO_E_JOB_NOT_FOUND),
        }
    }

    fn enum_jobs(&self, caller: Caller, all_users: bool) -> Result<Reply, HResult> {
        if all_users && caller.user != ROOT {
            return Err(HResult::E_ACCESSDENIED);
        }
        let wanted = |job: &&Job| job.legacy().is_some() && (all_users || job.kept.user == caller.user);
        Ok(Reply::Jobs(self.present().filter(wanted).map(Job::summary).collect()))
    }

    fn enum_downloads(&self, caller: Caller, category: Option<&Category>) -> Result<Reply, HResult> {
        let searchable = |category: &&Category| {
            use DownloadProperty::{ContentId, DisplayName, Id, LocalPath, Uri};
            matches!(category.property, Id | Uri | ContentId | DisplayName | LocalPath)
        };
        if category.is_some_and(|category| !searchable(&category)) {
            return Err(HResult::E_INVALIDARG);
        }
        let wanted = |job: &&Job| {
            let own = job.modern().is_some() && job.kept.user == caller.user;
            own && category.is_none_or(|category| matches(job, category))
        };
        let found: Vec<DownloadId> =
            self.present().filter(wanted).map(|job| DownloadId(job.id().0)).collect();
        if found.is_empty() { Err(HResult::DO_E_NO_DOWNLOADS) } else { Ok(Reply::Downloads(found)) }
    }

    /// Jobs that are not final, in the order of their creation.
    fn present(&self) -> impl Iterator<Item = &Job> {
        self.order.values().filter_map(|id| self.jobs.get(id)).filter(|job| !job.phase().is_final())
    }
}

/// Whether a download's property is exactly this.
fn matches(job: &Job, category: &Category) -> bool {
    let file = job.kept.files.first();
    let text = match category.property {
        DownloadProperty::Id => return parse_guid(&category.value) == Ok::<Guid, _>(job.id().0),
        DownloadProperty::Uri => file.and_then(|file| file.url.as_ref()),
        DownloadProperty::ContentId => file.and_then(|file| file.id.as_ref()),
        DownloadProperty::LocalPath => file.and_then(|file| file.path.as_ref()),
        DownloadProperty::DisplayName => {
            Some(&job.kept.name).filter(|_| job.modern().is_some_and(|m| m.named))
        }
        _ => None,
    };
    text == Some(&category.value)
}
