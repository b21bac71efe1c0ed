//! Who is told what, when, and how often.

use insta::assert_snapshot;
use swarmline_jobs::machine::{Config, Fault, Input};
use swarmline_jobs::{CallbackRef, ClientId, HResult, JobCall, JobId, JobPriority, Reply};

use crate::rig::{ALICE, BOB, LASTING, PASSING, ROOT, Rig, secs, told};

const TRANSFERRED: u32 = 1;
const ERROR: u32 = 2;
const DISABLE: u32 = 4;
const MODIFICATION: u32 = 8;
const FILE: u32 = 0x10;

/// A job of one file that runs, with a listener for these calls; nothing is told yet.
fn running(flags: u32) -> (Rig, JobId) {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    rig.resume(job);
    rig.started(job, 0);
    rig.listen(job, flags);
    rig.pass(secs(1));
    rig.log();
    (rig, job)
}

#[test]
fn arrival_is_told_once_and_not_as_a_change() {
    let (mut rig, job) = running(TRANSFERRED | ERROR | MODIFICATION);
    rig.arrived(job, 0);
    assert_snapshot!(told(&mut rig), @"tell j transferred");
    rig.return_callback(HResult::S_OK);
    rig.pass(secs(3600));
    assert_snapshot!(told(&mut rig), @"");
}

#[test]
fn arrival_and_failure_are_repeated_until_they_are_taken() {
    for fails in [false, true] {
        let (mut rig, job) = running(TRANSFERRED | ERROR);
        if fails {
            rig.failed(job, 0, LASTING)
        } else {
            rig.arrived(job, 0)
        }
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let before = rig.now;
            rig.return_callback(HResult::E_FAIL);
            while rig.out.is_empty() {
                let next = rig.jobs.poll_timeout().expect("it is told again");
                rig.pass(next.since(rig.now));
            }
            pauses.push(rig.now.since(before).as_secs());
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        rig.return_callback(HResult::S_FALSE);
        rig.pass(secs(300));
        rig.return_callback(HResult::S_OK);
        rig.log();
        rig.pass(secs(3600));
        assert_eq!(told(&mut rig), "");
    }
}

#[test]
fn a_failure_is_not_repeated_when_the_job_goes_on() {
    let (mut rig, job) = running(ERROR);
    rig.failed(job, 0, LASTING);
    rig.return_callback(HResult::E_FAIL);
    rig.resume(job);
    told(&mut rig);
    rig.pass(secs(600));
    assert_snapshot!(told(&mut rig), @"");
}

#[test]
fn a_second_failure_while_the_first_is_being_told_is_told_too() {
    let (mut rig, job) = running(ERROR);
    rig.failed(job, 0, LASTING);
    rig.resume(job);
    rig.failed(job, 0, Fault::Http { status: 403 });
    assert_snapshot!(told(&mut rig), @"tell j error HTTP_E_STATUS_404");
    rig.return_callback(HResult::S_OK);
    assert_snapshot!(told(&mut rig), @"tell j error HTTP_E_STATUS_403");
}

#[test]
fn a_change_is_told_at_most_twice_a_second_and_never_again() {
    let (mut rig, job) = running(MODIFICATION);
    for step in 1..=100 {
        rig.bytes(job, 0, step);
        rig.pass(secs(1) / 100);
        while !rig.out.is_empty() {
            rig.return_callback(HResult::E_FAIL);
        }
    }
    rig.pass(secs(60));
    assert_snapshot!(told(&mut rig), @r"
    tell j modified
    tell j modified
    tell j modified
    ");
}

#[test]
fn news_overtakes_a_change_that_waits() {
    let (mut rig, job) = running(MODIFICATION | ERROR);
    rig.bytes(job, 0, 1);
    rig.bytes(job, 0, 2);
    rig.failed(job, 0, LASTING);
    assert_snapshot!(told(&mut rig), @"tell j modified");
    rig.return_callback(HResult::S_OK);
    rig.pass(secs(5));
    assert_snapshot!(told(&mut rig), @"tell j error HTTP_E_STATUS_404");
}

#[test]
fn a_failure_that_passes_is_a_change_only() {
    let (mut rig, job) = running(ERROR | MODIFICATION);
    rig.failed(job, 0, PASSING);
    assert_snapshot!(told(&mut rig), @"tell j modified");
}

#[test]
fn the_flags_count_when_it_is_told_and_not_when_it_happened() {
    let (mut rig, job) = running(TRANSFERRED | MODIFICATION);
    rig.bytes(job, 0, 1);
    rig.bytes(job, 0, 2);
    rig.job(job, JobCall::SetNotifyFlags(TRANSFERRED)).unwrap();
    told(&mut rig);
    rig.return_callback(HResult::S_OK);
    rig.pass(secs(5));
    assert_snapshot!(told(&mut rig), @"");
    rig.job(job, JobCall::SetNotifyFlags(ERROR)).unwrap();
    rig.arrived(job, 0);
    assert_snapshot!(told(&mut rig), @"");
    rig.job(job, JobCall::SetNotifyFlags(TRANSFERRED)).unwrap();
    assert_snapshot!(told(&mut rig), @"tell j transferred");
}

#[test]
fn disabled_means_nothing_until_it_is_lifted() {
    let (mut rig, job) = running(TRANSFERRED | MODIFICATION | DISABLE);
    assert_eq!(rig.job(job, JobCall::GetNotifyFlags), Ok(Reply::Count(13)), "the bits are kept");
    rig.bytes(job, 0, 1);
    rig.arrived(job, 0);
    rig.pass(secs(60));
    assert_snapshot!(told(&mut rig), @"");
    rig.job(job, JobCall::SetNotifyFlags(TRANSFERRED)).unwrap();
    assert_snapshot!(told(&mut rig), @"tell j transferred");
}

#[test]
fn unknown_flags_are_refused_and_the_unsupported_one_has_no_effect() {
    let (mut rig, job) = running(0x20);
    rig.arrived(job, 0);
    assert_snapshot!(told(&mut rig), @"");
    assert_eq!(rig.job(job, JobCall::SetNotifyFlags(0x41)), Err(HResult::E_NOTIMPL));
    assert_eq!(rig.job(job, JobCall::GetNotifyFlags), Ok(Reply::Count(0x20)));
}

#[test]
fn whoever_comes_late_is_told_what_is_true() {
    let mut rig = Rig::new();
    for (name, fails) in [("good", false), ("bad", true)] {
        let job = rig.job_of(name, &["a"]);
        rig.resume(job);
        if fails {
            rig.failed(job, 0, LASTING)
        } else {
            rig.arrived(job, 0)
        }
        rig.pass(secs(60));
        rig.log();
        rig.listen(job, TRANSFERRED | ERROR);
    }
    assert_snapshot!(told(&mut rig), @"tell bad error HTTP_E_STATUS_404");
    assert_eq!(rig.out.len(), 2, "the other was told before the log was read");
}

#[test]
fn whoever_follows_a_listener_that_died_is_told_again_and_whoever_replaces_it_is_not() {
    let (mut rig, job) = running(TRANSFERRED);
    rig.arrived(job, 0);
    rig.return_callback(HResult::S_OK);
    told(&mut rig);
    rig.listen(job, TRANSFERRED);
    assert_snapshot!(told(&mut rig), @"");
    rig.input(Input::ClientGone { client: ALICE.client });
    rig.listen(job, TRANSFERRED);
    assert_snapshot!(told(&mut rig), @"tell j transferred");
}

#[test]
fn a_dead_pointer_is_dropped_and_not_called_again() {
    for code in [HResult::RPC_E_DISCONNECTED, HResult::CO_E_OBJNOTCONNECTED] {
        let (mut rig, job) = running(TRANSFERRED);
        rig.arrived(job, 0);
        rig.log();
        rig.return_callback(code);
        assert_eq!(rig.log(), "release");
        rig.pass(secs(3600));
        assert_eq!(told(&mut rig), "");
        assert_eq!(rig.job(job, JobCall::GetNotifyInterface), Ok(Reply::Interface(None)));
        rig.listen(job, TRANSFERRED);
        assert_eq!(told(&mut rig), "tell j transferred");
    }
}

#[test]
fn the_last_listener_wins_and_the_one_before_is_given_back() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    let first = rig.listen(job, MODIFICATION);
    let second = rig.listen(job, MODIFICATION);
    assert!(rig.was_released(first) && !rig.was_released(second));
    assert_eq!(rig.job(job, JobCall::GetNotifyInterface), Ok(Reply::Interface(Some(second))));
    rig.job(job, JobCall::SetNotifyInterface(None)).unwrap();
    assert!(rig.was_released(second));
    rig.log();
    rig.job(job, JobCall::SetPriority(JobPriority::Low)).unwrap();
    rig.pass(secs(5));
    assert_snapshot!(told(&mut rig), @"");
}

#[test]
fn a_token_that_came_with_a_refused_call_is_given_back() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    let token = rig.token();
    let call = JobCall::SetNotifyInterface(Some(CallbackRef { token, knows_files: true }));
    assert_eq!(rig.call(BOB, swarmline_jobs::Call::Job { job, call }), Err(HResult::E_ACCESSDENIED));
    assert!(rig.was_released(token));
    rig.job(job, JobCall::Cancel).unwrap();
    let token = rig.token();
    let call = JobCall::SetNotifyInterface(Some(CallbackRef { token, knows_files: true }));
    assert_eq!(rig.job(job, call), Err(HResult::DO_E_INVALID_STATE));
    assert!(rig.was_released(token));
}

#[test]
fn the_object_is_shown_to_the_client_that_has_it() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    rig.listen(job, MODIFICATION);
    let get = swarmline_jobs::Call::Job { job, call: JobCall::GetNotifyInterface };
    assert_eq!(rig.call(ROOT, get), Ok(Reply::Interface(None)));
}

#[test]
fn files_are_told_of_where_the_object_knows_that_call() {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a", "b"]);
    rig.listen(job, FILE);
    rig.resume(job);
    rig.arrived(job, 1);
    rig.arrived(job, 0);
    assert_snapshot!(told(&mut rig), @"tell j/1 transferred");
    rig.return_callback(HResult::E_FAIL);
    assert_snapshot!(told(&mut rig), @"tell j/0 transferred");

    let job = rig.job_of("k", &["a"]);
    rig.job(job, JobCall::SetNotifyFlags(FILE)).unwrap();
    let token = rig.token();
    rig.job(job, JobCall::SetNotifyInterface(Some(CallbackRef { token, knows_files: false }))).unwrap();
    rig.resume(job);
    rig.arrived(job, 0);
    assert_snapshot!(told(&mut rig), @"");
}

#[test]
fn the_end_is_told_as_a_change_and_then_the_object_is_given_back() {
    let (mut rig, job) = running(MODIFICATION);
    rig.job(job, JobCall::Cancel).unwrap();
    assert_snapshot!(rig.log(), @r"
    save j
    stop j/0
    discard j/0
    tell j modified
    forget j
    reply
    ");
    rig.return_callback(HResult::S_OK);
    assert_snapshot!(rig.log(), @"release");
}

#[test]
fn completing_from_inside_the_callback_works() {
    let (mut rig, job) = running(TRANSFERRED);
    rig.arrived(job, 0);
    rig.log();
    assert_eq!(rig.job(job, JobCall::Complete), Ok(Reply::Done));
    rig.return_callback(HResult::S_OK);
    assert!(rig.log().ends_with("release"));
}

#[test]
fn one_registration_has_one_callback_out_and_a_client_that_hangs_keeps_no_other_waiting() {
    let (mut rig, job) = running(MODIFICATION);
    let other = rig.job_of("k", &["a"]);
    rig.bytes(job, 0, 1);
    rig.bytes(job, 0, 2);
    rig.pass(secs(60));
    rig.bytes(job, 0, 3);
    assert_snapshot!(told(&mut rig), @"tell j modified");
    rig.listen(other, MODIFICATION);
    rig.job(other, JobCall::SetPriority(JobPriority::Low)).unwrap();
    assert_snapshot!(told(&mut rig), @"tell k modified");
    rig.input(Input::ClientGone { client: ClientId(1) });
    rig.pass(secs(60));
    assert_snapshot!(told(&mut rig), @"");
}

#[test]
fn callbacks_are_not_kept_over_a_restart_and_news_waits_for_the_next_listener() {
    let (mut rig, job) = running(TRANSFERRED);
    rig.arrived(job, 0);
    rig.return_callback(HResult::S_OK);
    let mut rig = rig.restart(Config::default());
    assert_eq!(rig.state(job), "TRANSFERRED");
    assert_eq!(rig.job(job, JobCall::GetNotifyFlags), Ok(Reply::Count(TRANSFERRED)), "flags are");
    let token = rig.token();
    let call = JobCall::SetNotifyInterface(Some(CallbackRef { token, knows_files: true }));
    rig.job(job, call).unwrap();
    assert_snapshot!(told(&mut rig), @"tell j transferred");
}
