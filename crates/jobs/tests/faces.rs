//! Both faces over a service of this process: the machine behind a lock, a driver that fetches everything at once, and
//! callbacks that are delivered with no lock held.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use swarmline_jobs::machine::{
    Action, Answered, CallId, Config, Fault, Input, Jobs, Sink, Ticket, TransferEvent,
};
use swarmline_jobs::{
    BackgroundCopyCallback, BackgroundCopyError, BackgroundCopyFile, BackgroundCopyJob,
    BackgroundCopyManager, Call, Caller, ClientId, ClientObject, DoDownload, DoManager, DownloadProperty,
    DownloadState, DownloadStatus, DownloadStatusCallback, ErrorContext, FileProperty, FileRange, FileTime,
    HResult, JobPriority, JobService, JobState, JobType, Notice, NotifyFlags, Reply, StreamSink, TO_END,
    Token, Traffic, Value, deliver,
};
use swarmline_types::MonoTime;

/// A callback that is due, with the object it is for.
type Due = Vec<(Ticket, Token, Notice)>;

const ME: Caller = Caller { user: 1000, client: ClientId(1) };

/// A service of this process. Files of addresses that end in `missing` are not there; all others have ten bytes.
struct Local {
    inner: Mutex<Inner>,
}

struct Inner {
    jobs: Jobs,
    calls: u64,
    tokens: u64,
    objects: BTreeMap<Token, ClientObject>,
}

impl Local {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Carries out what one input causes. Returns the last reply, and the callbacks that are due.
    fn drive(&mut self, input: Input, due: &mut Due) -> Option<Result<Reply, HResult>> {
        let mut inputs = VecDeque::from([input]);
        let mut answer = None;
        while let Some(input) = inputs.pop_front() {
            self.jobs.handle(input, MonoTime::ZERO, FileTime::UNIX_EPOCH);
            while let Some(action) = self.jobs.poll_action() {
                self.carry_out(action, &mut inputs, &mut answer, due);
            }
        }
        answer
    }

    fn carry_out(
        &mut self,
        action: Action,
        inputs: &mut VecDeque<Input>,
        answer: &mut Option<Result<Reply, HResult>>,
        due: &mut Due,
    ) {
        match action {
            Action::Reply { result, .. } => *answer = Some(result),
            Action::CheckDestinations { ask, .. }
            | Action::CreateDestination { ask, .. }
            | Action::HandOver { ask, .. }
            | Action::Discard { ask, .. } => {
                inputs.push_back(Input::Answered { ask, result: Ok(Answered::Done) })
            }
            Action::Start { transfer, spec, .. } => {
                let mut tell = |event| inputs.push_back(Input::Transfer { transfer, event });
                if spec.url.as_ref().is_some_and(|url| url.ends_with("missing")) {
                    return tell(TransferEvent::Failed(Fault::Http { status: 403 }));
                }
                if let Sink::Stream { token, .. } = spec.sink
                    && let Some(ClientObject::Stream(stream)) = self.objects.get(&token)
                {
                    stream.write(b"ten bytes!").expect("the stream takes them");
                }
                let traffic = Traffic { from_lan_peers: 10, ..Traffic::default() };
                tell(TransferEvent::Started);
                tell(TransferEvent::Size(10));
                tell(TransferEvent::Progress { transferred: 10, traffic });
                tell(TransferEvent::Arrived);
            }
            Action::CallbackDue { token, ticket, notice, .. } => due.push((ticket, token, notice)),
            Action::ReleaseToken { token, .. } => drop(self.objects.remove(&token)),
            Action::Save { .. }
            | Action::Forget { .. }
            | Action::Stop { .. }
            | Action::Reprioritise { .. } => {}
        }
    }
}

/// The service as its client holds it: calls are answered under the lock, callbacks delivered without it.
struct Attached(Arc<Local>);

impl JobService for Attached {
    fn call(&self, call: Call) -> Result<Reply, HResult> {
        let mut due = Vec::new();
        let answer = {
            let mut inner = self.0.lock();
            inner.calls += 1;
            let id = CallId(inner.calls);
            inner.drive(Input::Call { id, caller: ME, call }, &mut due)
        };
        while let Some((ticket, token, notice)) = due.pop() {
            let service: Arc<dyn JobService> = Arc::new(Self(Arc::clone(&self.0)));
            let result = match self.object(token) {
                Some(object) => deliver(&service, &object, notice),
                None => HResult::RPC_E_DISCONNECTED,
            };
            self.0.lock().drive(Input::CallbackReturned { ticket, result }, &mut due);
        }
        answer.expect("answered at once")
    }

    fn register(&self, object: ClientObject) -> Result<Token, HResult> {
        let mut inner = self.0.lock();
        inner.tokens += 1;
        let token = Token(inner.tokens);
        inner.objects.insert(token, object);
        Ok(token)
    }

    fn object(&self, token: Token) -> Option<ClientObject> {
        self.0.lock().objects.get(&token).cloned()
    }
}

fn attached() -> (Arc<Local>, Arc<dyn JobService>) {
    let jobs = Jobs::new(Config::default(), [3; 32]);
    let inner = Inner { jobs, calls: 0, tokens: 0, objects: BTreeMap::new() };
    let local = Arc::new(Local { inner: Mutex::new(inner) });
    (Arc::clone(&local), Arc::new(Attached(local)))
}

/// Writes down what it is told.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn note(&self, line: String) -> Result<(), HResult> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        Ok(())
    }

    fn read(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl BackgroundCopyCallback for Diary {
    fn job_transferred(&self, job: &BackgroundCopyJob) -> Result<(), HResult> {
        // What callbacks are for: calling back into the job.
        self.note(format!("transferred {}", job.get_display_name()?))?;
        job.complete()
    }

    fn job_error(&self, job: &BackgroundCopyJob, error: &BackgroundCopyError) -> Result<(), HResult> {
        let url = error.get_file()?.get_remote_name()?;
        self.note(format!("error {} {} {url}", job.get_display_name()?, error.get_error_description()))
    }

    fn file_transferred(&self, _: &BackgroundCopyJob, file: &BackgroundCopyFile) -> Result<(), HResult> {
        self.note(format!("file {}", file.get_local_name()?))
    }
}

impl DownloadStatusCallback for Diary {
    fn on_status_change(&self, download: &DoDownload, status: &DownloadStatus) -> Result<(), HResult> {
        assert_eq!(download.get_property(DownloadProperty::Uri)?, Value::Text("http://o/a".into()));
        self.note(format!("{} {}", status.state, status.bytes_transferred))
    }
}

impl StreamSink for Diary {
    fn write(&self, bytes: &[u8]) -> Result<(), HResult> {
        self.note(String::from_utf8_lossy(bytes).into_owned())
    }
}

#[test]
fn a_job_is_told_of_and_completed_from_its_callback() -> Result<(), HResult> {
    let (local, service) = attached();
    let manager = BackgroundCopyManager::new(service);
    let job = manager.create_job("update", JobType::Download)?;
    job.add_file("http://o/a", "/d/a")?;
    job.add_file_with_ranges(
        "b",
        "http://o/b",
        "/d/b",
        &[FileRange { offset: 5, length: TO_END }],
        Some(10),
    )?;
    job.set_priority(JobPriority::Foreground)?;
    job.set_notify_flags(NotifyFlags::default().with(NotifyFlags::FILE_TRANSFERRED))?;
    let diary = Arc::new(Diary::default());
    job.set_notify_interface(Some(diary.clone()))?;
    assert!(job.get_notify_interface()?.is_some());
    assert_eq!(manager.enum_jobs(false)?.len(), 1);
    job.resume()?;
    assert_eq!(diary.read(), ["file /d/a", "transferred update"], "news goes before the file that waits");
    assert_eq!(job.get_state()?, JobState::Acknowledged);
    let files = job.enum_files()?;
    assert!(files.iter().all(|file| file.get_progress().is_ok_and(|progress| progress.completed)));
    assert_eq!(files[1].get_stats()?.traffic.from_lan_peers, 10);
    assert_eq!(manager.get_job(job.get_id()).err(), Some(HResult::DO_E_JOB_NOT_FOUND));
    assert!(local.lock().objects.is_empty(), "all objects are given back");
    Ok(())
}

#[test]
fn an_error_names_its_file_and_a_new_address_mends_it() -> Result<(), HResult> {
    let (_, service) = attached();
    let job = BackgroundCopyManager::new(service).create_job("update", JobType::Download)?;
    let file = job.add_file("http://o/missing", "/d/a")?;
    let diary = Arc::new(Diary::default());
    job.set_notify_interface(Some(diary.clone()))?;
    job.resume()?;
    assert_eq!(job.get_state()?, JobState::Error);
    let error = job.get_error()?;
    assert_eq!(error.get_error(), (ErrorContext::RemoteFile, HResult::HTTP_E_STATUS_403));
    assert_eq!(error.get_file()?.id(), file.id());
    file.set_remote_name("http://o/found")?;
    job.resume()?;
    assert_eq!(job.get_state()?, JobState::Acknowledged);
    let told = [
        "error update HTTP 403: HTTP status 403 [HTTP_E_STATUS_403 (0x80190193)] http://o/missing",
        "transferred update",
    ];
    assert_eq!(diary.read(), told);
    Ok(())
}

#[test]
fn a_download_tells_its_states_and_a_stream_takes_its_bytes() -> Result<(), HResult> {
    let (local, service) = attached();
    let manager = DoManager::new(service);
    let download = manager.create_download()?;
    download.set_property(DownloadProperty::Uri, Value::Text("http://o/a".into()))?;
    let (diary, stream) = (Arc::new(Diary::default()), Arc::new(Diary::default()));
    download.set_callback(Some(diary.clone()))?;
    download.set_stream(stream.clone())?;
    download.start(Some(&[FileRange { offset: 0, length: TO_END }]))?;
    assert_eq!(download.get_status()?.state, DownloadState::Transferred);
    assert_eq!(manager.enum_downloads(None)?.len(), 1);
    download.finalize()?;
    assert_eq!(manager.enum_downloads(None).err(), Some(HResult::DO_E_NO_DOWNLOADS));
    assert_eq!(stream.read(), ["ten bytes!"]);
    assert_eq!(diary.read(), ["Transferring 0", "Transferred 10", "Finalized 10"]);
    assert!(local.lock().objects.is_empty(), "all objects are given back");
    Ok(())
}

#[test]
fn a_stream_of_a_job_completes_with_it() -> Result<(), HResult> {
    let (_, service) = attached();
    let job = BackgroundCopyManager::new(service).create_job("stream", JobType::Download)?;
    let file = job.add_file_by_id("any text", Some("http://o/a"), &[])?;
    let stream = Arc::new(Diary::default());
    file.set_stream(stream.clone())?;
    file.set_property(FileProperty::TotalSizeBytes, Value::U64(10))?;
    job.resume()?;
    assert_eq!(job.get_progress()?.files_transferred, 1);
    job.complete()?;
    assert!(file.get_progress()?.completed);
    assert_eq!(stream.read(), ["ten bytes!"]);
    Ok(())
}

#[test]
fn an_absent_service_says_so() {
    let manager = BackgroundCopyManager::new(Arc::new(swarmline_jobs::AbsentService));
    assert_eq!(manager.create_job("x", JobType::Download).err(), Some(HResult::DO_E_NO_SERVICE));
    let text = manager.get_error_description(HResult::DO_E_JOB_EMPTY);
    assert_eq!(text.as_deref(), Ok("the job has no file [DO_E_JOB_EMPTY (0x80D02004)]"));
}
