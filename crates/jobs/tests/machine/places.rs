//! How many files run at a time, and whose turn it is; how many jobs there may be, and whose they are.

use insta::assert_snapshot;
use swarmline_jobs::machine::Config;
use swarmline_jobs::{Call, Caller, ClientId, HResult, JobCall, JobId, JobPriority, JobType, Reply};

use crate::rig::{ALICE, BOB, PASSING, ROOT, Rig, secs};

fn small() -> Rig {
    Rig::with(Config { running_files_max: 3, foreground_reserve: 1, ..Config::default() })
}

fn starts(rig: &mut Rig) -> String {
    let log = rig.log();
    log.lines()
        .filter(|line| line.starts_with("start") || line.starts_with("repr"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn jobs_take_turns_and_the_background_leaves_a_place() {
    let mut rig = small();
    let (a, b) = (rig.job_of("a", &["0", "1", "2"]), rig.job_of("b", &["0"]));
    rig.resume(a);
    rig.resume(b);
    assert_snapshot!(starts(&mut rig), @r"
    start a/0 Background
    start a/1 Background
    ");
    assert_eq!(rig.state(b), "QUEUED");
    rig.arrived(a, 0);
    assert_snapshot!(starts(&mut rig), @"start a/2 Background");
    rig.arrived(a, 1);
    assert_snapshot!(starts(&mut rig), @"start b/0 Background");
    let urgent = rig.job_of("urgent", &["0"]);
    rig.job(urgent, JobCall::SetPriority(JobPriority::Foreground)).unwrap();
    rig.resume(urgent);
    assert_snapshot!(starts(&mut rig), @"start urgent/0 Foreground");
}

#[test]
fn a_job_of_many_files_lets_the_next_one_in_after_each() {
    let mut rig = Rig::with(Config { running_files_max: 2, foreground_reserve: 1, ..Config::default() });
    let (a, b) = (rig.job_of("a", &["0", "1", "2"]), rig.job_of("b", &["0"]));
    rig.resume(a);
    rig.resume(b);
    rig.arrived(a, 0);
    assert_snapshot!(starts(&mut rig), @r"
    start a/0 Background
    start a/1 Background
    ");
    rig.arrived(a, 1);
    assert_snapshot!(starts(&mut rig), @"start b/0 Background");
}

#[test]
fn a_change_of_priority_counts_at_once() {
    let mut rig = small();
    let jobs: Vec<JobId> = ["a", "b", "c", "d"].map(|name| rig.job_of(name, &["0"])).to_vec();
    for job in &jobs {
        rig.resume(*job);
    }
    starts(&mut rig);
    rig.job(jobs[3], JobCall::SetPriority(JobPriority::Foreground)).unwrap();
    assert_snapshot!(starts(&mut rig), @"start d/0 Foreground");
    rig.job(jobs[0], JobCall::SetPriority(JobPriority::Foreground)).unwrap();
    assert_snapshot!(starts(&mut rig), @"reprioritise Foreground");
    rig.arrived(jobs[3], 0);
    assert_snapshot!(starts(&mut rig), @"start c/0 Background");
}

#[test]
fn a_place_is_free_when_a_file_arrives_fails_or_stops() {
    for end in ["arrives", "fails", "stops", "goes"] {
        let mut rig = Rig::with(Config { running_files_max: 2, foreground_reserve: 1, ..Config::default() });
        let (a, b) = (rig.job_of("a", &["0"]), rig.job_of("b", &["0"]));
        rig.resume(a);
        rig.resume(b);
        match end {
            "arrives" => rig.arrived(a, 0),
            "fails" => rig.failed(a, 0, PASSING),
            "stops" => drop(rig.job(a, JobCall::Suspend)),
            _ => drop(rig.job(a, JobCall::Cancel)),
        }
        rig.started(b, 0);
        assert_eq!(rig.state(b), "TRANSFERRING", "{end}");
    }
}

#[test]
fn a_thousand_jobs_run_through_the_places_they_have() {
    let mut rig = Rig::new();
    let jobs: Vec<JobId> = (0..1000).map(|n| rig.job_of(&n.to_string(), &["a"])).collect();
    jobs.iter().for_each(|job| rig.resume(*job));
    assert_eq!(rig.jobs.running(), 56);
    let mut order = Vec::new();
    while let Some(((job, file), _)) = rig.attempts.iter().next().map(|(key, id)| (*key, *id)) {
        let _ = file;
        order.push(job);
        rig.arrived(job, 0);
        rig.attempts.remove(&(job, file));
    }
    assert_eq!(order.len(), 1000);
    assert!(jobs.iter().all(|job| rig.state(*job) == "TRANSFERRED"));
}

#[test]
fn there_are_no_more_jobs_than_there_may_be() {
    let mut rig = Rig::with(Config { jobs_max: 4, jobs_per_user_max: 2, ..Config::default() });
    let create = |rig: &mut Rig, caller| {
        rig.call(caller, Call::CreateJob { name: String::new(), kind: JobType::Download }).map(drop)
    };
    let first = rig.create("first");
    assert_eq!(create(&mut rig, ALICE), Ok(()));
    assert_eq!(create(&mut rig, ALICE), Err(HResult::BG_E_TOO_MANY_JOBS_PER_USER));
    rig.job(first, JobCall::Cancel).unwrap();
    assert_eq!(rig.call(ALICE, Call::CreateDownload).map(drop), Ok(()), "a final job counts no longer");
    for _ in 0..2 {
        assert_eq!(create(&mut rig, ROOT), Ok(()));
    }
    assert_eq!(create(&mut rig, BOB), Err(HResult::BG_E_TOO_MANY_JOBS_PER_MACHINE));
}

#[test]
fn a_job_is_its_creators_and_roots() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    let state = Call::Job { job, call: JobCall::GetState };
    let other_client = Caller { client: ClientId(77), ..ALICE };
    assert!(rig.call(other_client, state.clone()).is_ok(), "the user counts, not the process");
    assert!(rig.call(ROOT, state.clone()).is_ok());
    assert_eq!(rig.call(BOB, state), Err(HResult::E_ACCESSDENIED));
    let list = |all_users| Call::EnumJobs { all_users };
    assert_eq!(rig.call(BOB, list(false)), Ok(Reply::Jobs(vec![])));
    assert_eq!(rig.call(BOB, list(true)), Err(HResult::E_ACCESSDENIED));
    let Ok(Reply::Jobs(jobs)) = rig.call(ROOT, list(true)) else { panic!("a list") };
    assert_eq!((jobs[0].job, jobs[0].user, jobs[0].name.as_str()), (job, 1000, "j"));
}

#[test]
fn what_a_manager_refuses() {
    let mut rig = Rig::new();
    let create =
        |rig: &mut Rig, name: &str, kind| rig.call(ALICE, Call::CreateJob { name: name.into(), kind });
    assert_eq!(create(&mut rig, &"x".repeat(257), JobType::Download), Err(HResult::E_INVALIDARG));
    assert_eq!(create(&mut rig, "x", JobType::Upload), Err(HResult::E_NOTIMPL));
    assert!(create(&mut rig, &"x".repeat(256), JobType::Download).is_ok());
}

#[test]
fn the_same_seed_and_the_same_calls_give_the_same_jobs() {
    let ids = || {
        let mut rig = Rig::new();
        (rig.create("a"), rig.download_of("b"), rig.create("a"))
    };
    assert_eq!(ids(), ids());
    assert_ne!(ids().0, ids().2);
}

#[test]
fn progress_is_saved_after_a_while_and_calls_at_once() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    rig.resume(job);
    rig.started(job, 0);
    rig.pass(secs(5));
    rig.log();
    for step in 1..=4 {
        rig.bytes(job, 0, step);
        rig.pass(secs(1));
    }
    assert_snapshot!(rig.log(), @"");
    rig.pass(secs(1));
    assert_snapshot!(rig.log(), @"save j");
    rig.job(job, JobCall::SetNoProgressTimeout(7)).unwrap();
    assert_snapshot!(rig.log(), @r"
    save j
    reply
    ");
}
