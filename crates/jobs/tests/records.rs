//! Records from disk are bytes from outside: damaged, hostile, of another version.

use proptest::prelude::*;
use swarmline_jobs::machine::{Action, CallId, Config, Input, Jobs};
use swarmline_jobs::record::{RECORD_BYTES_MAX, VERSION};
use swarmline_jobs::{
    Call, Caller, ClientId, FileTime, JobCall, JobType, NewFile, Record, RecordError, Reply,
};
use swarmline_types::MonoTime;

/// Records as a machine writes them: of a job that is new, one with a file that is fetched, and a download.
fn written() -> Vec<Vec<u8>> {
    let mut jobs = Jobs::new(Config::default(), [1; 32]);
    let caller = Caller { user: 1000, client: ClientId(1) };
    let mut records = Vec::new();
    let mut last = 0;
    let mut made = None;
    let mut call = |call| {
        last += 1;
        jobs.handle(Input::Call { id: CallId(last), caller, call }, MonoTime::ZERO, FileTime::UNIX_EPOCH);
        while let Some(action) = jobs.poll_action() {
            match action {
                Action::Save { record, .. } => records.push(record.to_json()),
                Action::Reply { result: Ok(Reply::Job(job)), .. } => made = Some(job),
                Action::CheckDestinations { ask, .. } => {
                    let result = Ok(swarmline_jobs::machine::Answered::Done);
                    jobs.handle(Input::Answered { ask, result }, MonoTime::ZERO, FileTime::UNIX_EPOCH);
                }
                _ => {}
            }
        }
        made
    };
    let job = call(Call::CreateJob { name: "näme\u{1F41D}".into(), kind: JobType::Download }).expect("a job");
    let file = NewFile { url: Some("http://o/a".into()), path: Some("/d/a".into()), ..NewFile::default() };
    call(Call::Job { job, call: JobCall::AddFiles(vec![file]) });
    call(Call::Job { job, call: JobCall::Resume });
    call(Call::CreateDownload);
    assert!(records.len() >= 4, "{}", records.len());
    records
}

fn edited(edit: impl FnOnce(&mut serde_json::Value)) -> Result<Record, RecordError> {
    let records = written();
    let mut json: serde_json::Value = serde_json::from_slice(&records[2]).expect("it is JSON");
    edit(&mut json);
    Record::from_json(json.to_string().as_bytes())
}

#[test]
fn a_record_is_read_as_it_was_written() {
    for bytes in written() {
        let record = Record::from_json(&bytes).expect("it is one");
        assert_eq!(record.to_json(), bytes);
    }
}

#[test]
fn what_no_job_can_be_is_refused_by_name() {
    type Edit = fn(&mut serde_json::Value);
    let cases: [(Edit, &str); 9] = [
        (
            |json| json["version"] = (VERSION + 1).into(),
            "the record has version 2, this program reads version 1",
        ),
        (|json| json["colour"] = "red".into(), "the record is damaged"),
        (|json| json["phase"] = "flying".into(), "the record is damaged"),
        (
            |json| json["files"] = serde_json::json!([]),
            "the record is inconsistent: a job runs without a file",
        ),
        (
            |json| json["files"][0]["here"] = true.into(),
            "the record is inconsistent: a job runs whose files are all here",
        ),
        (
            |json| json["files"][0]["path"] = "a".into(),
            "the record is inconsistent: a destination is not absolute",
        ),
        (
            |json| json["files"][0]["stream"] = true.into(),
            "the record is inconsistent: a file has a path and a stream",
        ),
        (
            |json| json["files"][0]["ranges"] = serde_json::json!([{"offset": 0, "length": 0}]),
            "the record is inconsistent: ranges that are empty or overlap",
        ),
        (
            |json| json["error"] = serde_json::json!({"context": "none", "code": 1, "file": 1, "extended": 0, "http_status": null}),
            "the record is inconsistent: an error of a file that is not there",
        ),
    ];
    assert!(edited(|_| {}).is_ok());
    for (edit, text) in cases {
        assert_eq!(edited(edit).expect_err(text).to_string(), text);
    }
}

#[test]
fn a_record_that_is_too_long_is_not_read() {
    let long = vec![b' '; RECORD_BYTES_MAX + 1];
    assert!(
        matches!(Record::from_json(&long), Err(RecordError::TooLong { got }) if got == RECORD_BYTES_MAX + 1)
    );
}

proptest! {
    #[test]
    fn a_damaged_record_is_an_error_or_a_job_that_works(
        which in 0usize..4,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = written().swap_remove(which);
        for (index, byte) in edits {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(record) = Record::from_json(&bytes) {
            prop_assert_eq!(Record::from_json(&record.to_json()).expect("it is one"), record.clone());
            let mut jobs = Jobs::new(Config::default(), [1; 32]);
            jobs.handle(Input::Restored { records: vec![record] }, MonoTime::ZERO, FileTime::UNIX_EPOCH);
            while jobs.poll_action().is_some() {}
            for hour in 1..100 {
                jobs.handle(Input::Timer, MonoTime::from_millis(hour * 3_600_000), FileTime::UNIX_EPOCH);
            }
        }
    }
}
