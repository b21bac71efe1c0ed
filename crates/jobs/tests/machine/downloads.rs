//! The modern face: starting, ranges, sinks, blocking, properties, lists.

use swarmline_jobs::machine::{Answered, Input, Sink};
use swarmline_jobs::{
    Access, Call, Category, DOWNLOAD_PROPERTIES, DownloadCall, DownloadId, DownloadProperty as P, FileRange,
    HResult, JobId, Reply, SettableIn, TO_END, Value, ValueKind, guid_text,
};

use crate::rig::{ALICE, BOB, LASTING, ROOT, Rig};

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn range(offset: u64, length: u64) -> FileRange {
    FileRange { offset, length }
}

fn start_with(rig: &mut Rig, id: DownloadId, ranges: &[FileRange]) -> Result<Reply, HResult> {
    rig.download(id, DownloadCall::Start(Some(ranges.to_vec())))
}

fn begin_start(rig: &mut Rig, id: DownloadId) -> swarmline_jobs::machine::CallId {
    rig.begin_call(ALICE, Call::Download { download: id, call: DownloadCall::Start(None) })
}

#[test]
fn start_says_what_is_missing() {
    let mut rig = Rig::new();
    let id = rig.bare_download("d");
    assert_eq!(rig.start(id), Err(HResult::DO_E_DOWNLOAD_NO_URI));
    rig.set(id, P::Uri, text("http://o/d")).unwrap();
    assert_eq!(rig.start(id), Err(HResult::DO_E_FILE_DOWNLOADSINK_UNSPECIFIED));
    rig.set(id, P::LocalPath, text("/d/d")).unwrap();
    rig.set(id, P::IntegrityCheckMandatory, Value::Bool(true)).unwrap();
    assert_eq!(rig.start(id), Err(HResult::DO_E_INTEGRITYCHECKINFO_UNSPECIFIED));
    rig.set(id, P::IntegrityCheckInfo, text("{}")).unwrap();
    assert_eq!(start_with(&mut rig, id, &[range(0, 0)]), Err(HResult::DO_E_INVALID_RANGE));
    let overlapping = [range(0, 2), range(1, 2)];
    assert_eq!(start_with(&mut rig, id, &overlapping), Err(HResult::DO_E_OVERLAPPING_RANGES));
    assert_eq!(rig.status(id).0, "Created");
    assert_eq!(rig.start(id), Ok(Reply::Done));
}

#[test]
fn a_destination_that_cannot_be_made_leaves_it_created() {
    let mut rig = Rig::new();
    let id = rig.download_of("d");
    rig.prompt = false;
    let call = begin_start(&mut rig, id);
    rig.answer(Err(HResult::E_ACCESSDENIED));
    assert_eq!(rig.replies[&call], Err(HResult::E_ACCESSDENIED));
    assert_eq!(rig.status(id).0, "Created");
    assert!(rig.attempts.is_empty());
}

#[test]
fn it_has_arrived_when_it_has_its_name() {
    let mut rig = Rig::new();
    let id = rig.download_of("d");
    rig.start(id).unwrap();
    rig.prompt = false;
    rig.arrived(JobId(id.0), 0);
    assert_eq!(rig.status(id).0, "Transferring");
    let pause = rig.begin_call(ALICE, Call::Download { download: id, call: DownloadCall::Pause });
    rig.answer(Ok(Answered::Done));
    assert_eq!(rig.status(id).0, "Transferred");
    assert_eq!(rig.replies[&pause], Ok(Reply::Done), "nothing is left to pause");
}

#[test]
fn a_name_that_cannot_be_had_pauses_it_and_start_tries_again() {
    let mut rig = Rig::new();
    let id = rig.download_of("d");
    let job = JobId(id.0);
    rig.start(id).unwrap();
    rig.prompt = false;
    rig.arrived(job, 0);
    let full = HResult::from_errno(28);
    rig.answer(Err(full));
    assert_eq!(rig.status(id), ("Paused", full, HResult::S_OK));
    rig.prompt = true;
    rig.start(id).unwrap();
    rig.arrived(job, 0);
    assert_eq!(rig.status(id).0, "Transferred");
}

#[test]
fn a_stream_wants_ranges_and_gets_them_in_order() {
    let mut rig = Rig::new();
    let id = rig.bare_download("d");
    rig.set(id, P::Uri, text("http://o/d")).unwrap();
    let token = rig.token();
    rig.set(id, P::StreamInterface, Value::Interface(token)).unwrap();
    assert_eq!(rig.set(id, P::LocalPath, text("/d/d")), Err(HResult::DO_E_FILE_DOWNLOADSINK_ALREADY_SET));
    assert_eq!(rig.start(id), Err(HResult::DO_E_DOWNLOAD_RANGES_EXPECTED));
    let ranges = [range(90, TO_END), range(0, 10)];
    start_with(&mut rig, id, &ranges).unwrap();
    let spec = &rig.specs[&rig.attempt(JobId(id.0), 0)];
    assert_eq!(
        (spec.ranges.as_slice(), &spec.sink),
        (&ranges[..], &Sink::Stream { client: ALICE.client, token, taken: 0 })
    );
    rig.arrived(JobId(id.0), 0);
    assert_eq!(rig.status(id).0, "Transferred", "a stream has no name to get");
    rig.download(id, DownloadCall::Finalize).unwrap();
    assert!(rig.was_released(token));
}

#[test]
fn more_ranges_follow_those_that_are_here() {
    let mut rig = Rig::new();
    let id = rig.download_of("d");
    let job = JobId(id.0);
    start_with(&mut rig, id, &[range(0, 10)]).unwrap();
    assert_eq!(start_with(&mut rig, id, &[range(0, 10)]), Ok(Reply::Done), "it runs: nothing happens");
    rig.arrived(job, 0);
    assert_eq!(rig.start(id), Ok(Reply::Done));
    assert_eq!(rig.status(id).0, "Transferred", "nothing new was asked for");
    start_with(&mut rig, id, &[range(50, 5)]).unwrap();
    assert_eq!(rig.specs[&rig.attempt(job, 0)].ranges, [range(0, 10), range(50, 5)]);
    rig.arrived(job, 0);
    let Ok(Reply::Status(status)) = rig.download(id, DownloadCall::GetStatus) else { panic!("a status") };
    assert_eq!((status.bytes_total, status.bytes_transferred), (15, 15));
}

#[test]
fn a_whole_file_has_no_other_part() {
    let mut rig = Rig::new();
    let id = rig.download_of("d");
    rig.start(id).unwrap();
    rig.download(id, DownloadCall::Pause).unwrap();
    let other = start_with(&mut rig, id, &[range(0, 1)]);
    assert_eq!(other, Err(HResult::DO_E_DOWNLOAD_RANGES_UNEXPECTED), "going on keeps what was asked for");
    rig.start(id).unwrap();
    rig.arrived(JobId(id.0), 0);
    assert_eq!(start_with(&mut rig, id, &[range(0, 1)]), Err(HResult::DO_E_DOWNLOAD_RANGES_UNEXPECTED));
}

#[test]
fn a_blocking_start_is_answered_at_the_end() {
    type End = fn(&mut Rig, DownloadId);
    let ends: [(End, Result<Reply, HResult>); 4] = [
        (|rig, id| rig.arrived(JobId(id.0), 0), Ok(Reply::Done)),
        (|rig, id| rig.failed(JobId(id.0), 0, LASTING), Err(HResult::HTTP_E_STATUS_404)),
        (|rig, id| drop(rig.download(id, DownloadCall::Pause)), Ok(Reply::Done)),
        (|rig, id| drop(rig.download(id, DownloadCall::Abort)), Err(HResult::E_ABORT)),
    ];
    for (end, result) in ends {
        let mut rig = Rig::new();
        let id = rig.download_of("d");
        rig.set(id, P::BlockingMode, Value::Bool(true)).unwrap();
        let (first, second) = (begin_start(&mut rig, id), begin_start(&mut rig, id));
        rig.started(JobId(id.0), 0);
        assert!(!rig.replies.contains_key(&first));
        end(&mut rig, id);
        assert_eq!((&rig.replies[&first], &rig.replies[&second]), (&result, &result));
    }
}

#[test]
fn abort_removes_the_destination_only_if_it_made_it() {
    for (answered, line) in
        [(Answered::Done, "discard d/0 and its destination"), (Answered::Existed, "discard d/0")]
    {
        let mut rig = Rig::new();
        let id = rig.download_of("d");
        rig.prompt = false;
        begin_start(&mut rig, id);
        rig.answer(Ok(answered));
        rig.prompt = true;
        rig.log();
        rig.download(id, DownloadCall::Abort).unwrap();
        assert!(rig.log().lines().any(|ordered| ordered == line));
        assert!(rig.records.is_empty());
    }
}

/// A legal value of each property.
fn example(rig: &mut Rig, property: P) -> Value {
    match (property, property.row().kind) {
        (P::Uri, _) => text("http://o/other"),
        (P::ContentId, _) => text("bLR+YkW147Gf10YSrQ6lgW3AC9E1aDesK3TaSr0DHJA="),
        (P::LocalPath, _) => text("/d/other"),
        (P::HttpCustomHeaders | P::HttpCustomAuthHeaders, _) => text("A: b\r\n"),
        (P::DecryptionInfo | P::IntegrityCheckInfo, _) => text("{}"),
        (P::NoProgressTimeoutSeconds, _) => Value::U32(61),
        (P::CostPolicy, _) => Value::U32(3),
        (P::SecurityFlags, _) => Value::U32(0x3300),
        (_, ValueKind::Text) => text("some text"),
        (_, ValueKind::Bool) => Value::Bool(true),
        (_, ValueKind::U32) => Value::U32(7),
        (_, ValueKind::U64) => Value::U64(1 << 40),
        (_, ValueKind::Bytes) => Value::Bytes(vec![1]),
        (_, ValueKind::Guid) => panic!("no download has one"),
        (_, ValueKind::Interface) => Value::Interface(rig.token()),
    }
}

#[test]
fn every_property_is_written_and_read_as_its_row_says() {
    for row in DOWNLOAD_PROPERTIES {
        let property = P::of(row.id).unwrap();
        let mut rig = Rig::new();
        let id = rig.bare_download("d");
        let unset = rig.get(id, property);
        match (row.access, row.default) {
            (Access::Write, _) => assert_eq!(unset, Err(HResult::DO_E_WRITE_ONLY_PROPERTY), "{}", row.name),
            (_, None) => assert_eq!(unset, Err(HResult::E_NOT_SET), "{}", row.name),
            (_, Some(_)) => assert!(unset.is_ok(), "{}", row.name),
        }
        let value = example(&mut rig, property);
        let wrong = if row.kind == ValueKind::Bool { Value::U32(1) } else { Value::Bool(true) };
        let set = rig.set(id, property, value.clone());
        match (property, row.access) {
            (P::SecurityContext, _) => assert_eq!(set, Err(HResult::E_NOTIMPL)),
            (_, Access::Read) => assert_eq!(set, Err(HResult::DO_E_READ_ONLY_PROPERTY)),
            _ => {
                assert_eq!(set, Ok(Reply::Done), "{}", row.name);
                assert_eq!(rig.set(id, property, wrong), Err(HResult::E_INVALIDARG), "{}", row.name);
            }
        }
        if row.access == Access::ReadWrite {
            assert_eq!(rig.get(id, property), Ok(value), "{}", row.name);
        }
    }
}

#[test]
fn every_property_is_settable_in_the_states_of_its_row() {
    for row in DOWNLOAD_PROPERTIES.iter().filter(|row| row.settable != SettableIn::Never) {
        let property = P::of(row.id).unwrap();
        if property == P::SecurityContext {
            continue;
        }
        let mut rig = Rig::new();
        let running = rig.download_of("running");
        rig.start(running).unwrap();
        let paused = rig.download_of("paused");
        rig.start(paused).unwrap();
        rig.download(paused, DownloadCall::Pause).unwrap();
        let over = rig.download_of("over");
        rig.download(over, DownloadCall::Abort).unwrap();
        let found: String = [running, paused, over]
            .into_iter()
            .map(|id| {
                let value = example(&mut rig, property);
                match rig.set(id, property, value) {
                    Ok(_) => '+',
                    Err(HResult::DO_E_INVALID_STATE) => '-',
                    Err(code) => panic!("{}: {code}", row.name),
                }
            })
            .collect();
        let expected = match row.settable {
            SettableIn::New => "---",
            SettableIn::NewOrPaused => "-+-",
            SettableIn::NonFinal => "++-",
            SettableIn::Always => "+++",
            SettableIn::Never | SettableIn::Suspended => panic!("not here"),
        };
        assert_eq!(found, expected, "{}", row.name);
    }
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let mut rig = Rig::new();
    let id = rig.bare_download("d");
    for (property, value, code) in [
        (P::Uri, text(""), HResult::E_INVALIDARG),
        (P::Uri, text("ftp://x/y"), HResult::INET_E_INVALID_URL),
        (P::ContentId, text("short"), HResult::DO_E_INVALID_CONTENT_ID),
        (P::LocalPath, text(""), HResult::E_INVALIDARG),
        (P::DisplayName, text(&"x".repeat(257)), HResult::E_INVALIDARG),
        (P::HttpCustomHeaders, text("x"), HResult::E_INVALIDARG),
        (P::CostPolicy, Value::U32(6), HResult::E_INVALIDARG),
        (P::CallbackFreqPercent, Value::U32(101), HResult::E_INVALIDARG),
        (P::NoProgressTimeoutSeconds, Value::U32(59), HResult::E_INVALIDARG),
        (P::SecurityContext, Value::Bytes(vec![]), HResult::E_INVALIDARG),
        (P::SecurityFlags, Value::U32(0x101), HResult::E_NOTIMPL),
        (P::IntegrityCheckInfo, text("[]"), HResult::E_INVALIDARG),
    ] {
        assert_eq!(rig.set(id, property, value), Err(code), "{property}");
    }
    let unknown = rig.download(id, DownloadCall::SetProperty(26, Value::Empty));
    assert_eq!(unknown, Err(HResult::DO_E_UNKNOWN_PROPERTY_ID));
}

#[test]
fn downloads_are_listed_for_their_owner_alone() {
    let mut rig = Rig::new();
    let list = |rig: &mut Rig, caller, category| rig.call(caller, Call::EnumDownloads { category });
    let by = |property, value: &str| Some(Category { property, value: value.into() });
    assert_eq!(list(&mut rig, ALICE, None), Err(HResult::DO_E_NO_DOWNLOADS));
    let (a, b) = (rig.download_of("a"), rig.download_of("b"));
    assert_eq!(list(&mut rig, ALICE, None), Ok(Reply::Downloads(vec![a, b])));
    assert_eq!(list(&mut rig, ROOT, None), Err(HResult::DO_E_NO_DOWNLOADS));
    assert_eq!(list(&mut rig, ALICE, by(P::Uri, "http://o/b")), Ok(Reply::Downloads(vec![b])));
    assert_eq!(list(&mut rig, ALICE, by(P::Uri, "http://O/b")), Err(HResult::DO_E_NO_DOWNLOADS), "exactly");
    let id = guid_text(&a.0);
    assert_eq!(list(&mut rig, ALICE, by(P::Id, &id)), Ok(Reply::Downloads(vec![a])));
    let bare = id.trim_matches(['{', '}']).to_lowercase();
    assert_eq!(list(&mut rig, ALICE, by(P::Id, &bare)), Ok(Reply::Downloads(vec![a])));
    assert_eq!(list(&mut rig, ALICE, by(P::CostPolicy, "0")), Err(HResult::E_INVALIDARG));
    rig.download(a, DownloadCall::Abort).unwrap();
    assert_eq!(list(&mut rig, ALICE, None), Ok(Reply::Downloads(vec![b])));
}

#[test]
fn each_face_knows_its_own_and_each_user_too() {
    let mut rig = Rig::new();
    let id = rig.download_of("d");
    let job = JobId(id.0);
    assert_eq!(rig.call(ALICE, Call::GetJob { job }), Err(HResult::DO_E_JOB_NOT_FOUND));
    let status = |download| Call::Download { download, call: DownloadCall::GetStatus };
    assert_eq!(rig.call(BOB, status(id)), Err(HResult::E_ACCESSDENIED));
    assert!(rig.call(ROOT, status(id)).is_ok());
    let job = rig.create("j");
    assert_eq!(rig.call(ALICE, status(DownloadId(job.0))), Err(HResult::E_NOT_SET));
    assert_eq!(rig.call(BOB, Call::GetJob { job }), Err(HResult::E_ACCESSDENIED));
}

#[test]
fn a_stream_that_dies_pauses_its_download() {
    let mut rig = Rig::new();
    let id = rig.bare_download("d");
    rig.set(id, P::Uri, text("http://o/d")).unwrap();
    let token = rig.token();
    rig.set(id, P::StreamInterface, Value::Interface(token)).unwrap();
    start_with(&mut rig, id, &[range(0, TO_END)]).unwrap();
    rig.input(Input::ClientGone { client: ALICE.client });
    assert_eq!(rig.status(id), ("Paused", HResult::RPC_E_DISCONNECTED, HResult::S_OK));
    assert_eq!(rig.start(id), Err(HResult::DO_E_FILE_DOWNLOADSINK_UNSPECIFIED));
}
