//! Network, cost, power; failures that pass; the timeout without progress.

use swarmline_jobs::machine::{Conditions, Fault, Input, TransferEvent};
use swarmline_jobs::{
    CostPolicyFlags, DownloadCall, DownloadProperty, ErrorContext, HResult, JobCall, JobId, JobPriority,
    JobProperty, LinkCost, Reply, Value,
};

use crate::rig::{LASTING, PASSING, Rig, secs};

fn running() -> (Rig, JobId) {
    let mut rig = Rig::new();
    let job = rig.job_of("j", &["a"]);
    rig.resume(job);
    rig.started(job, 0);
    (rig, job)
}

fn error(rig: &mut Rig, job: JobId) -> swarmline_jobs::ErrorInfo {
    match rig.job(job, JobCall::GetError) {
        Ok(Reply::Error(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_job_waits_for_what_its_policy_asks_for_and_says_why() {
    let (mut rig, job) = running();
    rig.input(Input::Conditions(Conditions { cost: LinkCost::ROAMING, ..Conditions::default() }));
    assert_eq!(rig.state(job), "TRANSFERRING", "the default policy is: always");
    let policy = Value::U32(CostPolicyFlags::NOT_ROAMING.bits());
    rig.job(job, JobCall::SetProperty(JobProperty::CostFlags as u32, policy)).unwrap();
    assert_eq!(rig.state(job), "TRANSIENT_ERROR", "at once, also while it runs");
    assert!(rig.attempts.is_empty());
    let shown = error(&mut rig, job);
    assert_eq!((shown.code, shown.file), (HResult::DO_E_BLOCKED_BY_COST_TRANSFER_POLICY, None));
    rig.input(Input::Conditions(Conditions { cost: LinkCost::BELOW_CAP, ..Conditions::default() }));
    assert_eq!(rig.state(job), "QUEUED");
    assert!(!rig.attempts.is_empty());
}

#[test]
fn each_condition_has_its_code_and_the_weightiest_is_shown() {
    let all = Conditions {
        network: false,
        cost: LinkCost::OVERCAP_CHARGED,
        cellular: true,
        battery_blocks: true,
        vpn_blocks: true,
        memory_blocks: true,
    };
    type Lift = fn(&mut Conditions);
    let lifted: [(Lift, HResult); 6] = [
        (|_| {}, HResult::DO_E_BLOCKED_BY_NO_NETWORK),
        (|c| c.network = true, HResult::DO_E_BLOCKED_BY_COST_TRANSFER_POLICY),
        (|c| c.cost = LinkCost::UNRESTRICTED, HResult::DO_E_BLOCKED_BY_CELLULAR_POLICY),
        (|c| c.cellular = false, HResult::DO_E_BLOCKED_BY_POWER_STATE),
        (|c| c.battery_blocks = false, HResult::DO_E_BLOCKED_BY_VPN_POLICY),
        (|c| c.vpn_blocks = false, HResult::DO_E_BLOCKED_BY_CRITICAL_MEMORY_USAGE),
    ];
    let mut rig = Rig::new();
    let id = rig.download_of("d");
    rig.set(id, DownloadProperty::DisallowOnCellular, Value::Bool(true)).unwrap();
    rig.start(id).unwrap();
    let mut conditions = all;
    for (lift, code) in lifted {
        lift(&mut conditions);
        rig.input(Input::Conditions(conditions));
        assert_eq!(rig.status(id), ("Paused", HResult::S_OK, code));
    }
    rig.input(Input::Conditions(Conditions::default()));
    assert_eq!(rig.status(id).0, "Transferring");
}

#[test]
fn a_download_in_the_foreground_runs_on_costly_links_and_one_behind_does_not() {
    let mut rig = Rig::new();
    rig.input(Input::Conditions(Conditions { cost: LinkCost::NEAR_CAP, ..Conditions::default() }));
    let id = rig.download_of("d");
    rig.start(id).unwrap();
    assert_eq!(rig.status(id).2, HResult::DO_E_BLOCKED_BY_COST_TRANSFER_POLICY);
    rig.set(id, DownloadProperty::ForegroundPriority, Value::Bool(true)).unwrap();
    assert_eq!(rig.status(id).0, "Transferring");
    rig.set(id, DownloadProperty::CostPolicy, Value::U32(1)).unwrap();
    assert_eq!(rig.status(id).2, HResult::DO_E_BLOCKED_BY_COST_TRANSFER_POLICY);
}

#[test]
fn what_has_arrived_waits_for_nothing() {
    let (mut rig, job) = running();
    rig.arrived(job, 0);
    rig.input(Input::Conditions(Conditions { network: false, ..Conditions::default() }));
    assert_eq!(rig.state(job), "TRANSFERRED");
}

#[test]
fn attempts_come_after_longer_and_longer_pauses_until_bytes_come() {
    let (mut rig, job) = running();
    let pause = |rig: &mut Rig| {
        rig.failed(job, 0, PASSING);
        rig.attempts.clear();
        let from = rig.now;
        while rig.attempts.is_empty() {
            rig.pass(secs(1));
        }
        rig.now.since(from).as_secs()
    };
    let pauses: Vec<u64> = (0..7).map(|_| pause(&mut rig)).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    rig.bytes(job, 0, 1);
    assert_eq!(pause(&mut rig), 1);
    assert_eq!(rig.job(job, JobCall::GetErrorCount), Ok(Reply::Count(8)));
}

#[test]
fn an_error_is_read_until_bytes_flow_again() {
    let (mut rig, job) = running();
    rig.failed(job, 0, LASTING);
    let shown = error(&mut rig, job);
    assert_eq!(
        (shown.code, shown.context, shown.file),
        (HResult::HTTP_E_STATUS_404, ErrorContext::None, Some(0))
    );
    rig.job(job, JobCall::Suspend).unwrap();
    assert_eq!(error(&mut rig, job), shown, "suspended");
    rig.resume(job);
    rig.started(job, 0);
    assert_eq!(error(&mut rig, job), shown, "asked, and no answer yet");
    rig.bytes(job, 0, 1);
    assert_eq!(rig.job(job, JobCall::GetError), Err(HResult::DO_E_ERROR_INFORMATION_UNAVAILABLE));
}

#[test]
fn only_a_403_says_where_it_happened() {
    let (mut rig, job) = running();
    rig.failed(job, 0, Fault::Http { status: 403 });
    assert_eq!(error(&mut rig, job).context, ErrorContext::RemoteFile);
    let Ok(Reply::Value(Value::Text(json))) = rig.job(job, JobCall::GetOptimizationProperty(0)) else {
        panic!()
    };
    assert_eq!(
        json,
        r#"{"code":"HTTP_E_STATUS_403 (0x80190193)","extended":"S_OK (0x00000000)","file":0,"httpStatus":403}"#
    );
}

#[test]
fn the_default_timeout_follows_the_priority_until_one_is_set() {
    let (mut rig, job) = running();
    let timeout = |rig: &mut Rig| rig.job(job, JobCall::GetNoProgressTimeout);
    assert_eq!(timeout(&mut rig), Ok(Reply::Count(86_400)));
    rig.job(job, JobCall::SetPriority(JobPriority::Foreground)).unwrap();
    assert_eq!(timeout(&mut rig), Ok(Reply::Count(3600)));
    rig.job(job, JobCall::SetNoProgressTimeout(50)).unwrap();
    rig.job(job, JobCall::SetPriority(JobPriority::Low)).unwrap();
    assert_eq!(timeout(&mut rig), Ok(Reply::Count(50)));
}

#[test]
fn progress_moves_the_timeout_and_the_wall_clock_does_not() {
    let (mut rig, job) = running();
    rig.job(job, JobCall::SetNoProgressTimeout(100)).unwrap();
    rig.pass(secs(99));
    rig.bytes(job, 0, 1);
    rig.wall = rig.wall.after(secs(86_400));
    rig.pass(secs(99));
    assert_eq!(rig.state(job), "TRANSFERRING");
    rig.bytes(job, 0, 1);
    rig.pass(secs(1));
    assert_eq!(rig.state(job), "ERROR", "the same count is no progress");
    assert_eq!(error(&mut rig, job).code, HResult::DO_E_DOWNLOAD_NO_PROGRESS);
}

#[test]
fn failures_that_pass_and_conditions_do_not_stop_the_clock() {
    let (mut rig, job) = running();
    rig.job(job, JobCall::SetNoProgressTimeout(100)).unwrap();
    rig.failed(job, 0, PASSING);
    rig.pass(secs(50));
    rig.input(Input::Conditions(Conditions { network: false, ..Conditions::default() }));
    rig.pass(secs(50));
    assert_eq!(rig.state(job), "ERROR");
    assert_eq!(error(&mut rig, job).extended, HResult::DO_E_BLOCKED_BY_NO_NETWORK, "what lay behind it");
}

#[test]
fn an_error_of_too_long_a_wait_names_the_file_and_the_status_that_lay_behind_it() {
    let (mut rig, job) = running();
    rig.job(job, JobCall::SetNoProgressTimeout(100)).unwrap();
    rig.failed(job, 0, Fault::Http { status: 503 });
    rig.pass(secs(100));
    let shown = error(&mut rig, job);
    assert_eq!((shown.code, shown.context), (HResult::DO_E_DOWNLOAD_NO_PROGRESS, ErrorContext::None));
    assert_eq!(
        (shown.extended, shown.file, shown.http_status),
        (HResult::HTTP_E_STATUS_500, Some(0), Some(503))
    );
}

#[test]
fn a_job_that_waits_for_a_place_is_not_stalled() {
    let config =
        swarmline_jobs::machine::Config { running_files_max: 2, foreground_reserve: 1, ..Default::default() };
    let mut rig = Rig::with(config);
    let (first, second) = (rig.job_of("first", &["a"]), rig.job_of("second", &["a"]));
    for job in [first, second] {
        rig.job(job, JobCall::SetNoProgressTimeout(100)).unwrap();
        rig.resume(job);
    }
    rig.pass(secs(150));
    assert_eq!((rig.state(first), rig.state(second)), ("ERROR", "QUEUED"));
    assert_eq!(rig.jobs.running(), 1, "its turn came when the first one failed");
    rig.pass(secs(50));
    assert_eq!(rig.state(second), "ERROR", "it had a place, and nothing came")
}

#[test]
fn without_patience_each_failure_is_for_good() {
    let (mut rig, job) = running();
    rig.job(job, JobCall::SetNoProgressTimeout(0)).unwrap();
    rig.failed(job, 0, PASSING);
    assert_eq!(rig.state(job), "ERROR");
    assert_eq!(error(&mut rig, job).code, HResult::WININET_E_TIMEOUT);
}

#[test]
fn without_patience_it_may_still_take_as_long_as_it_does_not_fail() {
    let (mut rig, job) = running();
    rig.job(job, JobCall::SetNoProgressTimeout(0)).unwrap();
    rig.pass(secs(90_000));
    assert_eq!(rig.state(job), "TRANSFERRING");
    rig.arrived(job, 0);
    assert_eq!(rig.state(job), "TRANSFERRED");
}

#[test]
fn a_size_that_is_not_the_given_one_is_a_failure() {
    let mut rig = Rig::new();
    let id = rig.download_of("d");
    rig.set(id, DownloadProperty::TotalSizeBytes, Value::U64(10)).unwrap();
    rig.start(id).unwrap();
    rig.event(JobId(id.0), 0, TransferEvent::Size(11));
    assert_eq!(rig.status(id), ("Paused", HResult::DO_E_HTTP_BLOCKSIZE_MISMATCH, HResult::S_OK));
    assert!(rig.attempts.is_empty(), "the attempt is stopped");
    rig.download(id, DownloadCall::Abort).unwrap();
}
