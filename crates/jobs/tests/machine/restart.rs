//! The process dies at any point, and another one reads the records.

use swarmline_jobs::machine::{Answered, Config, Input};
use swarmline_jobs::{
    Call, DownloadCall, DownloadProperty as P, FileCall, FileProperty, FileRange, HResult, JobCall, JobId,
    JobPriority, JobProperty, NewFile, Reply, TO_END, Value,
};

use crate::rig::{ALICE, LASTING, PASSING, Rig, new_file, secs};

/// What a client can read of a job.
fn all_of(rig: &mut Rig, job: JobId) -> Vec<Result<Reply, HResult>> {
    let calls = [
        JobCall::GetDisplayName,
        JobCall::GetPriority,
        JobCall::GetNotifyFlags,
        JobCall::GetNoProgressTimeout,
        JobCall::GetProgress,
        JobCall::GetTimes,
        JobCall::GetError,
        JobCall::GetErrorCount,
        JobCall::GetProperty(JobProperty::CostFlags as u32),
        JobCall::GetOptimizationProperty(0),
    ];
    let mut all: Vec<_> = calls.into_iter().map(|call| rig.job(job, call)).collect();
    for call in
        [FileCall::GetRemoteName, FileCall::GetLocalName, FileCall::GetProgress, FileCall::GetFileRanges]
    {
        all.push(rig.file(job, 0, call));
    }
    all
}

#[test]
fn a_job_is_after_a_restart_what_it_was_and_what_ran_is_queued() {
    type Step = fn(&mut Rig, JobId);
    let steps: [(&str, Step); 6] = [
        ("SUSPENDED", |_, _| {}),
        ("QUEUED", |rig, job| {
            rig.resume(job);
            rig.started(job, 0);
        }),
        ("TRANSIENT_ERROR", |rig, job| {
            rig.resume(job);
            rig.failed(job, 0, PASSING);
        }),
        ("ERROR", |rig, job| {
            rig.resume(job);
            rig.bytes(job, 0, 7);
            rig.failed(job, 0, LASTING);
        }),
        ("TRANSFERRED", |rig, job| {
            rig.resume(job);
            rig.arrived(job, 0);
        }),
        ("SUSPENDED", |rig, job| {
            rig.resume(job);
            rig.bytes(job, 0, 7);
            rig.job(job, JobCall::Suspend).unwrap();
        }),
    ];
    for (state, step) in steps {
        let mut rig = Rig::new();
        let job = rig.create("j");
        let ranges = vec![FileRange { offset: 5, length: 100 }];
        rig.job(job, JobCall::AddFiles(vec![NewFile { ranges, ..new_file("a") }])).unwrap();
        rig.job(job, JobCall::SetPriority(JobPriority::Foreground)).unwrap();
        rig.job(job, JobCall::SetNotifyFlags(0x1B)).unwrap();
        rig.job(job, JobCall::SetNoProgressTimeout(1234)).unwrap();
        rig.job(job, JobCall::SetProperty(JobProperty::CostFlags as u32, Value::U32(0x8000_00FF))).unwrap();
        step(&mut rig, job);
        rig.pass(secs(0));
        let before = all_of(&mut rig, job);
        let mut rig = rig.restart(Config::default());
        assert_eq!(rig.state(job), state);
        assert_eq!(all_of(&mut rig, job), before, "{state}");
    }
}

#[test]
fn what_ran_goes_on_where_it_was_and_what_was_tried_is_tried() {
    let mut rig = Rig::new();
    let jobs = ["a", "b"].map(|name| rig.job_of(name, &["0"]));
    for job in jobs {
        rig.resume(job);
    }
    rig.started(jobs[0], 0);
    rig.failed(jobs[1], 0, PASSING);
    let mut rig = rig.restart(Config::default());
    assert!(rig.attempts.contains_key(&(jobs[0], swarmline_jobs::FileId(0))));
    rig.pass(secs(0));
    assert_eq!(rig.attempts.len(), 2);
}

#[test]
fn an_end_that_had_begun_is_finished() {
    for (call, line, answers) in [(JobCall::Complete, "hand over", 1), (JobCall::Cancel, "discard", 0)] {
        let mut rig = Rig::new();
        let job = rig.job_of("j", &["a", "b"]);
        rig.resume(job);
        rig.arrived(job, 0);
        rig.arrived(job, 1);
        rig.prompt = false;
        rig.begin_call(ALICE, Call::Job { job, call });
        for _ in 0..answers {
            rig.answer(Ok(Answered::Done));
        }
        let mut next = rig.restart(Config::default());
        assert!(next.log().starts_with(line), "{line}");
        assert!(next.records.is_empty());
        assert_eq!(next.jobs.count(), 0);
    }
}

#[test]
fn a_rename_that_fails_after_a_restart_leaves_the_job() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    rig.resume(job);
    rig.arrived(job, 0);
    rig.prompt = false;
    rig.begin_call(ALICE, Call::Job { job, call: JobCall::Complete });
    let records: Vec<_> = rig.records.values().cloned().collect();
    let mut next = Rig::new();
    next.prompt = false;
    next.input(Input::Restored { records });
    next.answer(Err(HResult::E_ACCESSDENIED));
    assert_eq!(next.state(job), "TRANSFERRED");
    assert!(next.records[&job].completing_for.is_none());
}

#[test]
fn a_download_survives_if_it_was_to_and_else_its_leftovers_go() {
    for lasting in [false, true] {
        let mut rig = Rig::new();
        let id = rig.download_of("d");
        rig.set(id, P::NonVolatile, Value::Bool(lasting)).unwrap();
        rig.set(id, P::DisplayName, Value::Text("name".into())).unwrap();
        rig.start(id).unwrap();
        rig.started(JobId(id.0), 0);
        let mut rig = rig.restart(Config::default());
        if lasting {
            assert_eq!(rig.status(id).0, "Transferring");
            assert_eq!(rig.get(id, P::DisplayName), Ok(Value::Text("name".into())));
        } else {
            assert_eq!(rig.log(), "discard d/0 and its destination\nforget d");
            assert_eq!(
                rig.call(ALICE, Call::EnumDownloads { category: None }),
                Err(HResult::DO_E_NO_DOWNLOADS)
            );
        }
    }
}

#[test]
fn a_file_that_has_its_name_is_not_taken_away_by_a_restart() {
    let mut rig = Rig::new();
    let id = rig.download_of("d");
    rig.start(id).unwrap();
    rig.arrived(JobId(id.0), 0);
    let mut rig = rig.restart(Config::default());
    assert_eq!(rig.log(), "forget d");
}

#[test]
fn a_stream_has_to_be_given_again_and_gets_everything_again() {
    let mut rig = Rig::new();
    let job = rig.create("j");
    rig.job(job, JobCall::AddFiles(vec![NewFile { path: None, ..new_file("a") }])).unwrap();
    let property = FileProperty::DownloadSinkInterface as u32;
    let token = rig.token();
    rig.file(job, 0, FileCall::SetOptimizationProperty(property, Value::Interface(token))).unwrap();
    rig.resume(job);
    rig.bytes(job, 0, 7);

    let id = rig.bare_download("d");
    rig.set(id, P::NonVolatile, Value::Bool(true)).unwrap();
    rig.set(id, P::Uri, Value::Text("http://o/d".into())).unwrap();
    let token = rig.token();
    rig.set(id, P::StreamInterface, Value::Interface(token)).unwrap();
    rig.download(id, DownloadCall::Start(Some(vec![FileRange { offset: 0, length: TO_END }]))).unwrap();
    rig.bytes(JobId(id.0), 0, 7);
    rig.download(id, DownloadCall::Pause).unwrap();

    let mut rig = rig.restart(Config::default());
    assert_eq!((rig.state(job), rig.status(id).0), ("SUSPENDED", "Created"));
    assert!(rig.attempts.is_empty());
    let token = rig.token();
    rig.file(job, 0, FileCall::SetOptimizationProperty(property, Value::Interface(token))).unwrap();
    rig.resume(job);
    let sink = &rig.specs[&rig.attempt(job, 0)].sink;
    assert_eq!(*sink, swarmline_jobs::machine::Sink::Stream { client: ALICE.client, token, taken: 0 });
}

#[test]
fn the_order_of_creation_survives() {
    let mut rig = Rig::new();
    let jobs: Vec<JobId> = (0..20).map(|n| rig.create(&n.to_string())).collect();
    let mut rig = rig.restart(Config::default());
    let last = rig.create("last");
    let Ok(Reply::Jobs(listed)) = rig.call(ALICE, Call::EnumJobs { all_users: false }) else {
        panic!("a list")
    };
    let listed: Vec<JobId> = listed.into_iter().map(|job| job.job).collect();
    assert_eq!(listed, [jobs, vec![last]].concat());
}

#[test]
fn a_condition_that_was_lifted_meanwhile_holds_nobody() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    rig.resume(job);
    let offline = swarmline_jobs::machine::Conditions { network: false, ..Default::default() };
    rig.input(Input::Conditions(offline));
    assert_eq!(rig.state(job), "TRANSIENT_ERROR");
    let mut rig = rig.restart(Config::default());
    assert_eq!(rig.state(job), "QUEUED");
    assert_eq!(rig.attempts.len(), 1);
}
