//! Complete and Cancel: what happens on disk, in which order, and what is left when it goes wrong.

use insta::assert_snapshot;
use swarmline_jobs::machine::{Answered, Config};
use swarmline_jobs::{Call, FileCall, HResult, JobCall, JobId, Reply};

use crate::rig::{ALICE, LASTING, ROOT, Rig, secs};

/// A job of three files, of which two have arrived.
fn two_of_three() -> (Rig, JobId) {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a", "b", "c"]);
    rig.resume(job);
    rig.started(job, 1);
    rig.arrived(job, 0);
    rig.arrived(job, 2);
    rig.log();
    (rig, job)
}

fn completed(rig: &mut Rig, job: JobId) -> String {
    let one = |file| match rig.file(job, file, FileCall::GetProgress) {
        Ok(Reply::FileProgress(progress)) => {
            if progress.completed {
                'x'
            } else {
                '.'
            }
        }
        other => panic!("{other:?}"),
    };
    (0..3).map(one).collect()
}

#[test]
fn complete_in_the_middle_keeps_what_is_here_and_drops_the_rest() {
    let (mut rig, job) = two_of_three();
    assert_eq!(rig.job(job, JobCall::Complete), Ok(Reply::Done));
    assert_snapshot!(rig.log(), @r"
    save j
    stop j/1
    hand over /d/j-a to 1000
    hand over /d/j-c to 1000
    save j
    discard j/1
    forget j
    reply
    ");
    assert_eq!((rig.state(job), completed(&mut rig, job).as_str()), ("ACKNOWLEDGED", "x.x"));
}

#[test]
fn files_belong_to_whoever_completes() {
    let (mut rig, job) = two_of_three();
    rig.call(ROOT, Call::Job { job, call: JobCall::Complete }).unwrap();
    assert!(rig.log().contains("hand over /d/j-a to 0"));
}

#[test]
fn a_rename_that_fails_leaves_the_job_for_another_try() {
    let (mut rig, job) = two_of_three();
    rig.arrived(job, 1);
    rig.prompt = false;
    let call = rig.begin_call(ALICE, Call::Job { job, call: JobCall::Complete });
    rig.answer(Ok(Answered::Done));
    rig.answer(Err(HResult::from_errno(28)));
    assert_eq!(rig.replies[&call], Err(HResult::from_errno(28)));
    assert_eq!((rig.state(job), completed(&mut rig, job).as_str()), ("TRANSFERRED", "x.."));
    rig.prompt = true;
    rig.log();
    rig.job(job, JobCall::Complete).unwrap();
    assert!(!rig.log().contains("hand over /d/j-a"), "what has its name is not touched again");
    assert_eq!(completed(&mut rig, job), "xxx");
}

#[test]
fn a_rename_that_fails_in_the_middle_leaves_the_job_suspended() {
    let (mut rig, job) = two_of_three();
    rig.prompt = false;
    rig.begin_call(ALICE, Call::Job { job, call: JobCall::Complete });
    rig.answer(Err(HResult::E_ACCESSDENIED));
    assert_eq!(rig.state(job), "SUSPENDED");
    rig.resume(job);
    rig.arrived(job, 1);
    assert_eq!(rig.state(job), "TRANSFERRED");
}

#[test]
fn calls_wait_for_an_end_that_is_under_way_and_reading_does_not() {
    let (mut rig, job) = two_of_three();
    rig.prompt = false;
    let complete = rig.begin_call(ALICE, Call::Job { job, call: JobCall::Complete });
    let cancel = rig.begin_call(ALICE, Call::Job { job, call: JobCall::Cancel });
    assert_eq!(rig.state(job), "SUSPENDED");
    rig.prompt = true;
    rig.answer(Ok(Answered::Done));
    assert_eq!(rig.replies[&complete], Ok(Reply::Done));
    assert_eq!(rig.replies[&cancel], Err(HResult::DO_E_INVALID_STATE));
    assert_eq!(rig.state(job), "ACKNOWLEDGED");
}

#[test]
fn calls_that_wait_are_bounded() {
    let mut rig = Rig::with(Config { waiting_calls_max: 2, ..Config::default() });
    let job = rig.job_of("j", &["a"]);
    rig.prompt = false;
    let call = |rig: &mut Rig| rig.begin_call(ALICE, Call::Job { job, call: JobCall::Complete });
    rig.resume(job);
    rig.arrived(job, 0);
    let calls: Vec<_> = (0..4).map(|_| call(&mut rig)).collect();
    assert_eq!(rig.replies.get(&calls[3]), Some(&Err(HResult::E_OUTOFMEMORY)));
    rig.answer(Ok(Answered::Done));
    assert_eq!(rig.replies[&calls[0]], Ok(Reply::Done));
    assert_eq!(rig.replies[&calls[2]], Err(HResult::DO_E_INVALID_STATE));
}

#[test]
fn an_empty_job_completes_without_a_trace() {
    let mut rig = Rig::new();
    let job = rig.create("j");
    rig.log();
    rig.job(job, JobCall::Complete).unwrap();
    assert_snapshot!(rig.log(), @r"
    forget j
    reply
    ");
}

#[test]
fn cancel_removes_what_came_and_is_answered_when_it_is_gone() {
    let (mut rig, job) = two_of_three();
    rig.prompt = false;
    let call = rig.begin_call(ALICE, Call::Job { job, call: JobCall::Cancel });
    assert_eq!(rig.state(job), "CANCELLED");
    for _ in 0..3 {
        assert!(!rig.replies.contains_key(&call));
        rig.answer(Err(HResult::E_FAIL));
    }
    assert_eq!(rig.replies[&call], Ok(Reply::Done), "what cannot be removed is nobody's failure");
    assert_snapshot!(rig.log(), @r"
    save j
    stop j/1
    discard j/0
    discard j/1
    discard j/2
    reply
    forget j
    reply
    ");
}

#[test]
fn after_thirty_days_a_job_is_removed_counted_from_its_arrival_if_it_arrived() {
    let mut rig = Rig::new();
    let (young, old) = (rig.job_of("young", &["a"]), rig.job_of("old", &["a"]));
    let day = secs(86_400);
    rig.job(young, JobCall::Resume).unwrap();
    rig.started(young, 0);
    rig.pass(20 * day);
    // Without a byte for so long it failed; then it was repaired.
    rig.job(young, JobCall::Resume).unwrap();
    rig.arrived(young, 0);
    rig.pass(11 * day);
    assert_eq!((rig.state(young), rig.state(old)), ("TRANSFERRED", "CANCELLED"));
    rig.pass(20 * day);
    assert_eq!(rig.state(young), "CANCELLED");
    assert!(rig.records.is_empty());
}

#[test]
fn a_clock_that_was_not_set_tells_no_age() {
    let mut rig = Rig::new();
    let today = std::mem::replace(&mut rig.wall, swarmline_jobs::FileTime::UNIX_EPOCH);
    let job = rig.job_of("j", &["a"]);
    rig.wall = today;
    rig.pass(secs(3600));
    assert_eq!(rig.state(job), "SUSPENDED");
}

#[test]
fn final_jobs_are_kept_for_a_while_and_bounded() {
    let mut rig = Rig::with(Config { final_jobs_kept: 2, ..Config::default() });
    let jobs: Vec<JobId> = (0..4).map(|n| rig.create(&n.to_string())).collect();
    let token = rig.listen(jobs[0], 1);
    for job in &jobs {
        rig.job(*job, JobCall::Cancel).unwrap();
    }
    assert_eq!(rig.job(jobs[1], JobCall::GetState), Err(HResult::DO_E_JOB_NOT_FOUND));
    assert_eq!(rig.state(jobs[2]), "CANCELLED");
    assert_eq!(rig.jobs.count(), 0);
    assert!(rig.was_released(token));
}

#[test]
fn completing_a_job_in_error_keeps_what_is_here() {
    let (mut rig, job) = two_of_three();
    rig.failed(job, 1, LASTING);
    assert_eq!(rig.state(job), "ERROR");
    rig.job(job, JobCall::Complete).unwrap();
    assert_eq!(completed(&mut rig, job), "x.x");
}
