//! Files of a job: adding them, their properties, their ranges and sizes.

use swarmline_jobs::machine::{Answered, Config, Fault, Sink, TransferEvent};
use swarmline_jobs::{
    Call, FileCall, FileId, FileProgress, FileProperty, FileRange, HResult, JobCall, JobId, JobProgress,
    NewFile, Reply, SIZE_UNKNOWN, TO_END, Traffic, Value,
};

use crate::rig::{ALICE, Rig, new_file, secs};

fn range(offset: u64, length: u64) -> FileRange {
    FileRange { offset, length }
}

fn add(rig: &mut Rig, job: JobId, file: NewFile) -> Result<Reply, HResult> {
    rig.job(job, JobCall::AddFiles(vec![file]))
}

fn set(rig: &mut Rig, job: JobId, property: FileProperty, value: Value) -> Result<Reply, HResult> {
    rig.file(job, 0, FileCall::SetOptimizationProperty(property as u32, value))
}

fn get(rig: &mut Rig, job: JobId, property: FileProperty) -> Result<Value, HResult> {
    match rig.file(job, 0, FileCall::GetOptimizationProperty(property as u32))? {
        Reply::Value(value) => Ok(value),
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn a_file_is_added_when_its_directory_was_looked_at() {
    let mut rig = Rig::new();
    let job = rig.create("j");
    rig.prompt = false;
    let first = rig.begin_call(ALICE, Call::Job { job, call: JobCall::AddFiles(vec![new_file("a")]) });
    let second = rig.begin_call(ALICE, Call::Job { job, call: JobCall::AddFiles(vec![new_file("b")]) });
    assert_eq!(rig.job(job, JobCall::EnumFiles), Ok(Reply::Count(0)), "reading waits for nothing");
    assert_eq!(rig.asked.len(), 1, "the second waits for the first");
    rig.answer(Err(HResult::E_ACCESSDENIED));
    assert_eq!(rig.replies[&first], Err(HResult::E_ACCESSDENIED));
    rig.answer(Ok(Answered::Done));
    assert_eq!(rig.replies[&second], Ok(Reply::File(FileId(0))));
}

#[test]
fn what_cannot_be_a_file_is_refused() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    let content = "bLR+YkW147Gf10YSrQ6lgW3AC9E1aDesK3TaSr0DHJA=";
    let cases: [(NewFile, HResult); 11] = [
        (NewFile { url: Some("ftp://o/x".into()), ..new_file("x") }, HResult::E_INVALIDARG),
        (NewFile { url: None, ..new_file("x") }, HResult::E_INVALIDARG),
        (NewFile { path: Some(String::new()), ..new_file("x") }, HResult::E_INVALIDARG),
        (NewFile { path: Some("relative".into()), ..new_file("x") }, HResult::E_INVALIDARG),
        (NewFile { id: Some(String::new()), ..new_file("x") }, HResult::E_INVALIDARG),
        (NewFile { id: Some("j-a".into()), ..new_file("x") }, HResult::E_INVALIDARG),
        (NewFile { path: Some("/d/j-a".into()), ..new_file("x") }, HResult::E_INVALIDARG),
        (NewFile { ranges: vec![range(0, 0)], ..new_file("x") }, HResult::DO_E_INVALID_RANGE),
        (
            NewFile { ranges: vec![range(0, 9), range(8, 1)], ..new_file("x") },
            HResult::DO_E_OVERLAPPING_RANGES,
        ),
        (NewFile { ranges: vec![range(5, 6)], size: Some(10), ..new_file("x") }, HResult::DO_E_INVALID_RANGE),
        (
            NewFile { ranges: (0..1001).map(|n| range(n, 1)).collect(), ..new_file("x") },
            HResult::BG_E_TOO_MANY_RANGES_IN_FILE,
        ),
    ];
    for (file, code) in cases {
        assert_eq!(add(&mut rig, job, file.clone()), Err(code), "{file:?}");
    }
    assert_eq!(
        rig.job(job, JobCall::AddFiles(vec![new_file("y"), new_file("y")])),
        Err(HResult::E_INVALIDARG)
    );
    assert_eq!(rig.job(job, JobCall::AddFiles(vec![])), Err(HResult::E_INVALIDARG));
    assert_eq!(rig.job(job, JobCall::EnumFiles), Ok(Reply::Count(1)));
    let by_id = NewFile { id: Some(content.into()), ..NewFile::default() };
    assert_eq!(add(&mut rig, job, by_id), Ok(Reply::File(FileId(1))), "a content id needs no address");
}

#[test]
fn a_job_has_no_more_files_than_it_may() {
    let mut rig = Rig::with(Config { files_per_job_max: 3, ..Config::default() });
    let job = rig.job_of("j", &["a", "b"]);
    let two = vec![new_file("c"), new_file("d")];
    assert_eq!(rig.job(job, JobCall::AddFiles(two)), Err(HResult::BG_E_TOO_MANY_FILES_IN_JOB));
    assert_eq!(rig.add(job, "c"), Ok(Reply::File(FileId(2))));
}

#[test]
fn a_job_has_no_more_text_than_it_may() {
    let mut rig = Rig::new();
    let job = rig.create("j");
    let ranges: Vec<FileRange> = (0..1000).map(|n| range(2 * n, 1)).collect();
    let mut many = |part: u32| {
        let file = |n: u32| NewFile { ranges: ranges.clone(), ..new_file(&format!("{part}-{n}")) };
        rig.job(job, JobCall::AddFiles((0..200).map(file).collect()))
    };
    assert_eq!(many(0), Ok(Reply::File(FileId(0))));
    assert_eq!(many(1), Ok(Reply::File(FileId(200))));
    assert_eq!(many(2), Err(HResult::E_OUTOFMEMORY));
    let job = rig.job_of("k", &["a"]);
    let json = |n: u32| text(&format!("{{\"{n}\":\"{}\"}}", "x".repeat(65_000)));
    for n in 0..150 {
        set(&mut rig, job, FileProperty::IntegrityCheckInfo, json(n)).expect("one replaces the other");
    }
}

#[test]
fn a_running_job_fetches_a_file_that_joins_it_and_one_that_arrived_waits_for_resume() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    rig.resume(job);
    rig.add(job, "b").unwrap();
    assert_eq!(rig.attempts.len(), 2);
    rig.arrived(job, 0);
    rig.arrived(job, 1);
    rig.add(job, "c").unwrap();
    assert_eq!((rig.state(job), rig.attempts.len()), ("TRANSFERRED", 2));
    rig.resume(job);
    assert_eq!((rig.state(job), rig.attempts.len()), ("QUEUED", 3));
}

#[test]
fn a_file_without_a_sink_joins_a_suspended_job_only_and_keeps_it_from_starting() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    let bare = |name: &str| NewFile { path: None, ..new_file(name) };
    add(&mut rig, job, bare("b")).unwrap();
    assert_eq!(rig.job(job, JobCall::Resume), Err(HResult::DO_E_FILE_DOWNLOADSINK_UNSPECIFIED));
    let path = FileCall::SetOptimizationProperty(FileProperty::DownloadSinkFilePath as u32, text("/d/b"));
    rig.file(job, 1, path).unwrap();
    rig.resume(job);
    assert_eq!(add(&mut rig, job, bare("c")), Err(HResult::DO_E_FILE_DOWNLOADSINK_UNSPECIFIED));
}

#[test]
fn a_file_has_one_kind_of_sink() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    let token = rig.token();
    let stream = FileProperty::DownloadSinkInterface;
    assert_eq!(
        set(&mut rig, job, stream, Value::Interface(token)),
        Err(HResult::DO_E_FILE_DOWNLOADSINK_ALREADY_SET)
    );
    assert!(rig.was_released(token));

    let job = rig.create("k");
    add(&mut rig, job, NewFile { path: None, ..new_file("a") }).unwrap();
    let token = rig.token();
    set(&mut rig, job, stream, Value::Interface(token)).unwrap();
    assert_eq!(get(&mut rig, job, stream), Ok(Value::Interface(token)));
    let path = FileProperty::DownloadSinkFilePath;
    assert_eq!(set(&mut rig, job, path, text("/d/a")), Err(HResult::DO_E_FILE_DOWNLOADSINK_ALREADY_SET));
    rig.resume(job);
    let spec = &rig.specs[&rig.attempt(job, 0)];
    assert_eq!(spec.sink, Sink::Stream { client: ALICE.client, token, taken: 0 });
    rig.bytes(job, 0, 7);
    rig.job(job, JobCall::Suspend).unwrap();
    rig.resume(job);
    let spec = &rig.specs[&rig.attempt(job, 0)];
    assert_eq!(spec.sink, Sink::Stream { client: ALICE.client, token, taken: 7 }, "it gets what follows");
    rig.arrived(job, 0);
    rig.job(job, JobCall::Complete).unwrap();
    assert!(rig.was_released(token));
}

#[test]
fn a_stream_that_dies_with_its_client_fails_the_job() {
    let mut rig = Rig::new();
    let job = rig.create("j");
    add(&mut rig, job, NewFile { path: None, ..new_file("a") }).unwrap();
    let token = rig.token();
    set(&mut rig, job, FileProperty::DownloadSinkInterface, Value::Interface(token)).unwrap();
    rig.resume(job);
    rig.input(swarmline_jobs::machine::Input::ClientGone { client: ALICE.client });
    assert_eq!(rig.state(job), "ERROR");
    assert_eq!(rig.job(job, JobCall::Resume), Err(HResult::DO_E_FILE_DOWNLOADSINK_UNSPECIFIED));
}

#[test]
fn properties_of_a_file_obey_their_table() {
    use FileProperty as P;
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    assert_eq!(get(&mut rig, job, P::IntegrityCheckMandatory), Ok(Value::Bool(false)), "the default");
    assert_eq!(get(&mut rig, job, P::TotalSizeBytes), Err(HResult::E_NOT_SET));
    assert_eq!(get(&mut rig, job, P::IntegrityCheckInfo), Err(HResult::DO_E_WRITE_ONLY_PROPERTY));
    let memory = HResult::DO_E_MEMORYSTREAM_DOWNLOAD_NOT_SUPPORTED;
    assert_eq!(get(&mut rig, job, P::DownloadSinkMemoryStream), Err(memory));
    assert_eq!(set(&mut rig, job, P::DownloadSinkMemoryStream, Value::Empty), Err(memory));
    assert_eq!(set(&mut rig, job, P::IntegrityCheckInfo, text("no json")), Err(HResult::E_INVALIDARG));
    assert_eq!(set(&mut rig, job, P::TotalSizeBytes, text("10")), Err(HResult::E_INVALIDARG));
    let unknown = rig.file(job, 0, FileCall::SetOptimizationProperty(7, Value::Empty));
    assert_eq!(unknown, Err(HResult::DO_E_UNKNOWN_PROPERTY_ID));
    set(&mut rig, job, P::TotalSizeBytes, Value::U32(10)).unwrap();
    assert_eq!(get(&mut rig, job, P::TotalSizeBytes), Ok(Value::U64(10)));
    set(&mut rig, job, P::IntegrityCheckMandatory, Value::Bool(true)).unwrap();
    assert_eq!(rig.job(job, JobCall::Resume), Err(HResult::DO_E_INTEGRITYCHECKINFO_UNSPECIFIED));
    set(&mut rig, job, P::IntegrityCheckInfo, text("{}")).unwrap();
    set(&mut rig, job, P::DecryptionInfo, text("{}")).unwrap();
    assert_eq!(rig.job(job, JobCall::Resume), Err(HResult::E_NOTIMPL));
    for (call, code) in [
        (FileCall::SetProperty(1), HResult::DO_E_READ_ONLY_PROPERTY),
        (FileCall::SetProperty(2), HResult::DO_E_UNKNOWN_PROPERTY_ID),
        (FileCall::GetProperty(1), HResult::E_NOT_SET),
        (FileCall::GetProperty(2), HResult::DO_E_UNKNOWN_PROPERTY_ID),
    ] {
        assert_eq!(rig.file(job, 0, call), Err(code));
    }
}

#[test]
fn progress_counts_what_is_wanted() {
    let mut rig = Rig::new();
    let job = rig.create("j");
    let ranges = vec![range(100, TO_END), range(0, 10)];
    add(&mut rig, job, NewFile { ranges: ranges.clone(), ..new_file("a") }).unwrap();
    add(&mut rig, job, NewFile { size: Some(50), ..new_file("b") }).unwrap();
    assert_eq!(rig.file(job, 0, FileCall::GetFileRanges), Ok(Reply::Ranges(Some(ranges))));
    assert_eq!(rig.file(job, 1, FileCall::GetFileRanges), Ok(Reply::Ranges(None)));
    rig.resume(job);
    let progress = |bytes_total, bytes_transferred, files_transferred| {
        Ok(Reply::Progress(JobProgress { bytes_total, bytes_transferred, files_total: 2, files_transferred }))
    };
    assert_eq!(rig.job(job, JobCall::GetProgress), progress(SIZE_UNKNOWN, 0, 0));
    rig.event(job, 0, TransferEvent::Size(150));
    assert_eq!(rig.job(job, JobCall::GetProgress), progress(110, 0, 0));
    rig.bytes(job, 0, 30);
    rig.arrived(job, 1);
    assert_eq!(rig.job(job, JobCall::GetProgress), progress(110, 80, 1));
    let file = FileProgress { bytes_total: 60, bytes_transferred: 30, completed: false };
    assert_eq!(rig.file(job, 0, FileCall::GetProgress), Ok(Reply::FileProgress(file)));
}

#[test]
fn a_range_past_the_end_fails_as_soon_as_the_size_is_known() {
    let mut rig = Rig::new();
    let job = rig.create("j");
    add(&mut rig, job, NewFile { ranges: vec![range(0, 10)], ..new_file("a") }).unwrap();
    rig.resume(job);
    rig.event(job, 0, TransferEvent::Size(9));
    let Ok(Reply::Error(error)) = rig.job(job, JobCall::GetError) else { panic!("an error") };
    assert_eq!((error.code, error.file), (HResult::DO_E_INVALID_RANGE, Some(0)));
}

#[test]
fn statistics_add_up_over_all_attempts_and_go_on_after_arrival() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    let tell = |rig: &mut Rig, transferred, traffic| {
        rig.event(job, 0, TransferEvent::Progress { transferred, traffic });
    };
    rig.resume(job);
    rig.started(job, 0);
    tell(&mut rig, 10, Traffic { from_http: 10, http_connections: 1, ..Traffic::default() });
    rig.pass(secs(2));
    rig.failed(job, 0, Fault::Timeout);
    rig.pass(secs(1));
    rig.started(job, 0);
    tell(&mut rig, 25, Traffic { from_lan_peers: 15, ..Traffic::default() });
    rig.pass(secs(3));
    rig.arrived(job, 0);
    tell(&mut rig, 25, Traffic { from_lan_peers: 15, to_lan_peers: 99, ..Traffic::default() });
    let Ok(Reply::Stats(stats)) = rig.file(job, 0, FileCall::GetStats) else { panic!("statistics") };
    assert_eq!(
        (stats.traffic.from_http, stats.traffic.from_lan_peers, stats.traffic.to_lan_peers),
        (10, 15, 99)
    );
    assert_eq!((stats.total_bytes_downloaded, stats.download_duration_ms), (25, 5000));
    assert_eq!((stats.file_id.as_str(), stats.source_url.as_str()), ("j-a", "http://o/j-a"));
    assert!(stats.is_background);
}

#[test]
fn a_new_address_is_asked_at_once_and_a_file_that_is_here_stays() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a", "b"]);
    rig.resume(job);
    rig.arrived(job, 1);
    let before = rig.attempt(job, 0);
    for file in [0, 1] {
        rig.file(job, file, FileCall::SetRemoteName("https://p/x".into())).unwrap();
    }
    let after = rig.attempt(job, 0);
    assert_ne!(before, after);
    assert_eq!(rig.specs[&after].url.as_deref(), Some("https://p/x"));
    assert_eq!(rig.file(job, 1, FileCall::SetRemoteName("x".into())), Err(HResult::E_INVALIDARG));
    rig.arrived(job, 0);
    assert_eq!(rig.state(job), "TRANSFERRED");
}

#[test]
fn the_last_answers_headers_are_read_and_bounded() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    rig.resume(job);
    rig.event(job, 0, TransferEvent::Headers("é".repeat(10_000)));
    let Ok(Reply::Value(Value::Text(headers))) = rig.file(job, 0, FileCall::GetProperty(1)) else {
        panic!("headers")
    };
    assert_eq!(headers.len(), 8 << 10);
}
