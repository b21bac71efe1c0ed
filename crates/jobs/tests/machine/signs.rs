//! What a download tells: each state once, and signs of life between.

use insta::assert_snapshot;
use swarmline_jobs::{DownloadCall, DownloadProperty, HResult, JobId, Value};
use swarmline_types::MonoTime;

use crate::rig::{PASSING, Rig, secs, told};

#[test]
fn a_download_tells_each_state_once_and_signs_of_life_between() {
    let mut rig = Rig::new();
    let id = rig.download_of("d");
    let token = rig.token();
    rig.set(id, DownloadProperty::TotalSizeBytes, Value::U64(200)).unwrap();
    rig.set(id, DownloadProperty::CallbackInterface, Value::Interface(token)).unwrap();
    let job = JobId(id.0);
    let step = |rig: &mut Rig| {
        while !rig.out.is_empty() {
            rig.return_callback(HResult::E_FAIL);
        }
    };
    rig.log();
    rig.start(id).unwrap();
    rig.started(job, 0);
    step(&mut rig);
    rig.bytes(job, 0, 50);
    rig.pass(secs(1));
    step(&mut rig);
    rig.failed(job, 0, PASSING);
    step(&mut rig);
    rig.pass(secs(1));
    step(&mut rig);
    rig.started(job, 0);
    rig.arrived(job, 0);
    step(&mut rig);
    rig.pass(secs(60));
    rig.download(id, DownloadCall::Finalize).unwrap();
    step(&mut rig);
    assert_snapshot!(told(&mut rig), @r"
    tell d Transferring 0 of 200 S_OK S_OK
    tell d Transferring 50 of 200 S_OK S_OK
    tell d Transferring 50 of 200 WININET_E_TIMEOUT S_OK
    tell d Transferring 50 of 200 S_OK S_OK
    tell d Transferred 200 of 200 S_OK S_OK
    tell d Finalized 200 of 200 S_OK S_OK
    ");
    assert!(rig.was_released(token));
}

#[test]
fn signs_of_life_come_by_time_or_by_percent_whichever_is_first() {
    let mut rig = Rig::new();
    let id = rig.download_of("d");
    let token = rig.token();
    rig.set(id, DownloadProperty::TotalSizeBytes, Value::U64(1000)).unwrap();
    rig.set(id, DownloadProperty::CallbackFreqSeconds, Value::U32(10)).unwrap();
    rig.set(id, DownloadProperty::CallbackFreqPercent, Value::U32(5)).unwrap();
    rig.set(id, DownloadProperty::CallbackInterface, Value::Interface(token)).unwrap();
    let job = JobId(id.0);
    rig.start(id).unwrap();
    rig.started(job, 0);
    rig.return_callback(HResult::S_OK);
    rig.log();
    for (second, transferred) in [(2, 40), (4, 50), (13, 60), (14, 61), (23, 62), (24, 200)] {
        rig.pass(secs(second).saturating_sub(rig.now.since(MonoTime::ZERO)));
        rig.bytes(job, 0, transferred);
        while !rig.out.is_empty() {
            rig.return_callback(HResult::S_OK);
        }
    }
    // 5 % after 4 s; then twice 10 s later, with what was known then; then by percent again.
    assert_snapshot!(told(&mut rig), @r"
    tell d Transferring 50 of 1000 S_OK S_OK
    tell d Transferring 60 of 1000 S_OK S_OK
    tell d Transferring 62 of 1000 S_OK S_OK
    tell d Transferring 200 of 1000 S_OK S_OK
    ");
}
