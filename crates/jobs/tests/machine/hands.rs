//! Short words for what clients and transfers do.

use swarmline_jobs::machine::{Fault, Input, TransferEvent, TransferId};
use swarmline_jobs::{
    Call, CallbackRef, DownloadCall, DownloadId, DownloadProperty, FileCall, FileId, HResult, JobCall, JobId,
    JobType, Numbered, Reply, Token, Traffic, Value,
};

use crate::rig::{ALICE, Rig, new_file};

/// The legacy face, as Alice.
impl Rig {
    pub(crate) fn create(&mut self, name: &str) -> JobId {
        let call = Call::CreateJob { name: name.into(), kind: JobType::Download };
        let Ok(Reply::Job(job)) = self.call(ALICE, call) else { panic!("a job is made") };
        self.names.insert(job, name.into());
        job
    }

    pub(crate) fn job(&mut self, job: JobId, call: JobCall) -> Result<Reply, HResult> {
        self.call(ALICE, Call::Job { job, call })
    }

    pub(crate) fn resume(&mut self, job: JobId) {
        self.job(job, JobCall::Resume).map(drop).expect("it starts");
    }

    pub(crate) fn file(&mut self, job: JobId, file: u32, call: FileCall) -> Result<Reply, HResult> {
        self.call(ALICE, Call::File { job, file: FileId(file), call })
    }

    pub(crate) fn add(&mut self, job: JobId, name: &str) -> Result<Reply, HResult> {
        self.job(job, JobCall::AddFiles(vec![new_file(name)]))
    }

    /// A job with these files, suspended.
    pub(crate) fn job_of(&mut self, name: &str, files: &[&str]) -> JobId {
        let job = self.create(name);
        for file in files {
            self.add(job, &format!("{name}-{file}")).expect("a file is added");
        }
        job
    }

    pub(crate) fn state(&mut self, job: JobId) -> &'static str {
        match self.job(job, JobCall::GetState) {
            Ok(Reply::State(state)) => state.label(),
            other => panic!("{other:?}"),
        }
    }

    /// Alice listens to a job, to all that can be told.
    pub(crate) fn listen(&mut self, job: JobId, flags: u32) -> Token {
        let token = self.token();
        self.job(job, JobCall::SetNotifyFlags(flags)).expect("flags");
        let callback = Some(CallbackRef { token, knows_files: true });
        self.job(job, JobCall::SetNotifyInterface(callback)).expect("a callback");
        token
    }
}

/// The modern face, as Alice.
impl Rig {
    /// A download of `http://o/NAME` to `/d/NAME`, never started.
    pub(crate) fn download_of(&mut self, name: &str) -> DownloadId {
        let download = self.bare_download(name);
        self.set(download, DownloadProperty::Uri, Value::Text(format!("http://o/{name}")))
            .expect("an address");
        self.set(download, DownloadProperty::LocalPath, Value::Text(format!("/d/{name}"))).expect("a path");
        download
    }

    pub(crate) fn bare_download(&mut self, name: &str) -> DownloadId {
        let Ok(Reply::Download(download)) = self.call(ALICE, Call::CreateDownload) else {
            panic!("a download is made")
        };
        self.names.insert(JobId(download.0), name.into());
        download
    }

    pub(crate) fn download(&mut self, download: DownloadId, call: DownloadCall) -> Result<Reply, HResult> {
        self.call(ALICE, Call::Download { download, call })
    }

    pub(crate) fn set(
        &mut self,
        id: DownloadId,
        property: DownloadProperty,
        value: Value,
    ) -> Result<Reply, HResult> {
        self.download(id, DownloadCall::SetProperty(property as u32, value))
    }

    pub(crate) fn get(&mut self, id: DownloadId, property: DownloadProperty) -> Result<Value, HResult> {
        match self.download(id, DownloadCall::GetProperty(property as u32))? {
            Reply::Value(value) => Ok(value),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn start(&mut self, download: DownloadId) -> Result<Reply, HResult> {
        self.download(download, DownloadCall::Start(None))
    }

    /// State, error, extended error.
    pub(crate) fn status(&mut self, download: DownloadId) -> (&'static str, HResult, HResult) {
        match self.download(download, DownloadCall::GetStatus) {
            Ok(Reply::Status(status)) => (status.state.label(), status.error, status.extended_error),
            other => panic!("{other:?}"),
        }
    }
}

/// What transfers tell.
impl Rig {
    pub(crate) fn attempt(&self, job: JobId, file: u32) -> TransferId {
        *self.attempts.get(&(job, FileId(file))).expect("it is being fetched")
    }

    pub(crate) fn event(&mut self, job: JobId, file: u32, event: TransferEvent) {
        let transfer = self.attempt(job, file);
        self.input(Input::Transfer { transfer, event });
    }

    pub(crate) fn started(&mut self, job: JobId, file: u32) {
        self.event(job, file, TransferEvent::Started);
    }

    pub(crate) fn bytes(&mut self, job: JobId, file: u32, transferred: u64) {
        let traffic = Traffic { from_http: transferred, ..Traffic::default() };
        self.event(job, file, TransferEvent::Progress { transferred, traffic });
    }

    pub(crate) fn arrived(&mut self, job: JobId, file: u32) {
        self.event(job, file, TransferEvent::Arrived);
    }

    pub(crate) fn failed(&mut self, job: JobId, file: u32, fault: Fault) {
        self.event(job, file, TransferEvent::Failed(fault));
    }
}
