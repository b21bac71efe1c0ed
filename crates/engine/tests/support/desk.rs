//! Jobs in tests: a host with a client, and callbacks that say what they heard.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use swarmline_engine::jobs::JobHost;
use swarmline_engine::{Engine, EngineConfig};
use swarmline_jobs::machine::Config;
use swarmline_jobs::{
    BackgroundCopyCallback, BackgroundCopyError, BackgroundCopyFile, BackgroundCopyJob,
    BackgroundCopyManager, DoDownload, DoManager, DownloadProperty, DownloadStatus, DownloadStatusCallback,
    ErrorContext, HResult, JobService, JobState, JobType, NotifyFlags, StreamSink, Value,
};

use super::start;

/// How long a test waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// An engine with jobs, and one client of them.
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    pub(crate) host: JobHost,
}

impl Desk {
    /// With its state in `dir`.
    pub(crate) async fn open(dir: &Path, config: EngineConfig, jobs: Config) -> Self {
        let engine = start(dir, config).await;
        let host = JobHost::start(&engine, jobs).await.unwrap();
        Self { engine, host }
    }

    /// A program that makes calls, on a thread of its own.
    pub(crate) async fn program<T: Send + 'static>(
        &self,
        program: impl FnOnce(Arc<dyn JobService>) -> T + Send + 'static,
    ) -> T {
        let service: Arc<dyn JobService> = Arc::new(self.host.client());
        tokio::task::spawn_blocking(move || program(service)).await.unwrap()
    }

    /// Ends in order, so that another may take the directory.
    pub(crate) async fn close(self) {
        self.host.shutdown().await;
        self.engine.shutdown().await;
    }
}

/// Bounds as usual, and no pause in which a test would wait.
pub(crate) fn hasty() -> Config {
    Config {
        retry_min: Duration::from_millis(10),
        retry_max: Duration::from_millis(50),
        modification_interval: Duration::ZERO,
        callback_retry_min: Duration::from_millis(10),
        callback_retry_max: Duration::from_millis(10),
        ..Config::default()
    }
}

/// What a client heard of its job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Transferred,
    Error { code: HResult, context: ErrorContext, file: Option<u32> },
    Changed { state: JobState, bytes: u64 },
    File(u32),
}

/// Says what it heard.
pub(crate) struct Listener(Mutex<Sender<Told>>);

impl Listener {
    /// Registers one with a job, for everything.
    pub(crate) fn of(job: &BackgroundCopyJob) -> Receiver<Told> {
        let (sender, told) = channel();
        let all = NotifyFlags::JOB_TRANSFERRED
            .with(NotifyFlags::JOB_ERROR)
            .with(NotifyFlags::JOB_MODIFICATION)
            .with(NotifyFlags::FILE_TRANSFERRED);
        job.set_notify_flags(all).unwrap();
        job.set_notify_interface(Some(Arc::new(Self(Mutex::new(sender))))).unwrap();
        told
    }

    fn say(&self, told: Told) -> Result<(), HResult> {
        // A test that has heard enough hears no more.
        let _ = self.0.lock().unwrap().send(told);
        Ok(())
    }
}

impl BackgroundCopyCallback for Listener {
    fn job_transferred(&self, _: &BackgroundCopyJob) -> Result<(), HResult> {
        self.say(Told::Transferred)
    }

    fn job_error(&self, _: &BackgroundCopyJob, error: &BackgroundCopyError) -> Result<(), HResult> {
        let (context, code) = error.get_error();
        self.say(Told::Error { code, context, file: error.info().file })
    }

    fn job_modification(&self, job: &BackgroundCopyJob) -> Result<(), HResult> {
        // Calls back into the job, as clients do.
        let (state, progress) = (job.get_state()?, job.get_progress()?);
        self.say(Told::Changed { state, bytes: progress.bytes_transferred })
    }

    fn file_transferred(&self, _: &BackgroundCopyJob, file: &BackgroundCopyFile) -> Result<(), HResult> {
        self.say(Told::File(file.id().0))
    }
}

/// Everything that is told up to what is wished, which is the last.
pub(crate) fn until_told(told: &Receiver<Told>, wish: impl Fn(&Told) -> bool) -> Vec<Told> {
    let mut all = Vec::new();
    loop {
        match told.recv_timeout(PATIENCE) {
            Ok(heard) => {
                let is_last = wish(&heard);
                all.push(heard);
                if is_last {
                    return all;
                }
            }
            Err(_) => {
                panic!("not told within {PATIENCE:?}; so far {:?}", &all[all.len().saturating_sub(20)..])
            }
        }
    }
}

/// A job with files to fetch.
pub(crate) fn job_of(service: &Arc<dyn JobService>, files: &[(String, &Path)]) -> BackgroundCopyJob {
    let job = BackgroundCopyManager::new(Arc::clone(service)).create_job("job", JobType::Download).unwrap();
    for (url, path) in files {
        job.add_file(url, path.to_str().unwrap()).unwrap();
    }
    job
}

/// A download of an address.
pub(crate) fn download_of(service: &Arc<dyn JobService>, url: &str) -> DoDownload {
    let download = DoManager::new(Arc::clone(service)).create_download().unwrap();
    download.set_property(DownloadProperty::Uri, Value::Text(url.into())).unwrap();
    download
}

/// Says each status that it is told.
pub(crate) struct Watcher(Mutex<Sender<DownloadStatus>>);

impl Watcher {
    pub(crate) fn of(download: &DoDownload) -> Receiver<DownloadStatus> {
        let (sender, told) = channel();
        download.set_callback(Some(Arc::new(Self(Mutex::new(sender))))).unwrap();
        told
    }
}

impl DownloadStatusCallback for Watcher {
    fn on_status_change(&self, _: &DoDownload, status: &DownloadStatus) -> Result<(), HResult> {
        let _ = self.0.lock().unwrap().send(*status);
        Ok(())
    }
}

/// The first status that is as wished.
pub(crate) fn until_status(
    told: &Receiver<DownloadStatus>,
    wish: impl Fn(&DownloadStatus) -> bool,
) -> DownloadStatus {
    loop {
        let status = told.recv_timeout(PATIENCE).expect("a status within a minute");
        if wish(&status) {
            return status;
        }
    }
}

/// A stream that keeps what it is given.
#[derive(Default)]
pub(crate) struct Bucket {
    pub(crate) bytes: Mutex<Vec<u8>>,
    /// Fails once it has so many bytes.
    pub(crate) breaks_at: Option<usize>,
}

impl StreamSink for Bucket {
    fn write(&self, bytes: &[u8]) -> Result<(), HResult> {
        let mut kept = self.bytes.lock().unwrap();
        if self.breaks_at.is_some_and(|at| kept.len() >= at) {
            return Err(HResult::E_FAIL);
        }
        kept.extend_from_slice(bytes);
        Ok(())
    }
}

/// Waits for something that is not told by a callback.
pub(crate) fn wait_for(what: &str, wish: impl Fn() -> bool) {
    let began = Instant::now();
    while !wish() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::yield_now();
    }
}

/// What stands in a directory, by name.
pub(crate) fn names_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}
