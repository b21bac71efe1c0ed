//! Every call in every state and every event in every state, on both faces, against tables in the words of the API.
//!
//! A cell is the state afterwards; `!` and a word the failure. The states are reached by calls and events alone.

use swarmline_jobs::machine::{Conditions, Input, TransferEvent};
use swarmline_jobs::{
    Call, CallbackRef, DownloadCall, DownloadId, DownloadProperty, FileCall, FileProperty, HResult, JobCall,
    JobId, JobPriority, JobProperty, LinkCost, Reply, Value,
};

use crate::rig::{ALICE, LASTING, PASSING, Rig, secs};

const OFFLINE: Conditions = {
    let mut conditions = ONLINE;
    conditions.network = false;
    conditions
};
const ONLINE: Conditions = Conditions {
    network: true,
    cost: LinkCost::UNRESTRICTED,
    cellular: false,
    battery_blocks: false,
    vpn_blocks: false,
    memory_blocks: false,
};

/// Brings a job with a file into a column's state. The last attempt at its file is known to the rig, if there was one.
fn job_in(column: &str) -> (Rig, JobId) {
    let mut rig = Rig::new();
    let job = if column == "S0" { rig.create("j") } else { rig.job_of("j", &["a"]) };
    match column {
        "S0" | "S1" => {}
        "Q" => rig.resume(job),
        "N" => rig.job(job, JobCall::Cancel).map(drop).expect("it is cancelled"),
        _ => {
            rig.resume(job);
            rig.started(job, 0);
        }
    }
    match column {
        "S" => rig.job(job, JobCall::Suspend).map(drop).expect("it pauses"),
        "TEr" => rig.failed(job, 0, PASSING),
        "TEb" => rig.input(Input::Conditions(OFFLINE)),
        "E" => rig.failed(job, 0, LASTING),
        "X" | "A" => rig.arrived(job, 0),
        _ => {}
    }
    if column == "A" {
        rig.job(job, JobCall::Complete).expect("it is handed over");
    }
    (rig, job)
}

/// Brings a download into a column's state.
fn download_in(column: &str) -> (Rig, DownloadId) {
    let mut rig = Rig::new();
    let download = rig.download_of("d");
    let job = JobId(download.0);
    if !matches!(column, "Created" | "Aborted") {
        rig.start(download).expect("it starts");
        if column != "Queued" {
            rig.started(job, 0);
        }
    }
    match column {
        "Paused" => rig.download(download, DownloadCall::Pause).map(drop).expect("it pauses"),
        "Retry" => rig.failed(job, 0, PASSING),
        "Blocked" => rig.input(Input::Conditions(OFFLINE)),
        "Failed" => rig.failed(job, 0, LASTING),
        "Arrived" | "Final" => rig.arrived(job, 0),
        "Aborted" => rig.download(download, DownloadCall::Abort).map(drop).expect("it is aborted"),
        _ => {}
    }
    if column == "Final" {
        rig.download(download, DownloadCall::Finalize).expect("it is finalized");
    }
    (rig, download)
}

fn short_state(rig: &mut Rig, job: JobId) -> &'static str {
    match rig.state(job) {
        "SUSPENDED" => "S",
        "QUEUED" => "Q",
        "TRANSFERRING" => "T",
        "TRANSIENT_ERROR" => "TE",
        "ERROR" => "E",
        "TRANSFERRED" => "X",
        "ACKNOWLEDGED" => "A",
        "CANCELLED" => "N",
        other => panic!("{other} is never reported"),
    }
}

/// State with what the errors make of it: `Paused!` for a failure, `Paused~` for a condition, `Trans~` for a retry.
fn short_status(rig: &mut Rig, download: DownloadId) -> String {
    match rig.status(download) {
        (state, HResult::S_OK, HResult::S_OK) => state.replace("Transferring", "Trans"),
        ("Transferring", _, HResult::S_OK) => "Trans~".into(),
        ("Paused", HResult::S_OK, _) => "Paused~".into(),
        ("Paused", _, _) => "Paused!".into(),
        other => panic!("{other:?}"),
    }
}

fn short_code(code: HResult) -> &'static str {
    match code {
        HResult::DO_E_INVALID_STATE => "!inv",
        HResult::DO_E_JOB_EMPTY => "!empty",
        HResult::E_INVALIDARG => "!arg",
        HResult::DO_E_ERROR_INFORMATION_UNAVAILABLE => "!none",
        other => panic!("{other}"),
    }
}

fn job_operation(rig: &mut Rig, job: JobId, row: &str) -> Result<(), HResult> {
    let call = match row {
        "AddFile" => return rig.add(job, "other").map(drop),
        "SetRemoteName" => {
            return rig.file(job, 0, FileCall::SetRemoteName("http://p/a".into())).map(drop);
        }
        "File2.Set" => {
            let (size, value) = (FileProperty::TotalSizeBytes as u32, Value::U64(9));
            return rig.file(job, 0, FileCall::SetOptimizationProperty(size, value)).map(drop);
        }
        "Resume" => JobCall::Resume,
        "Suspend" => JobCall::Suspend,
        "Cancel" => JobCall::Cancel,
        "Complete" => JobCall::Complete,
        "SetPriority" => JobCall::SetPriority(JobPriority::Foreground),
        "SetFlags" => JobCall::SetNotifyFlags(9),
        "SetTimeout" => JobCall::SetNoProgressTimeout(60),
        "SetInterface" => {
            let token = rig.token();
            JobCall::SetNotifyInterface(Some(CallbackRef { token, knows_files: false }))
        }
        "Job5.Set" => JobCall::SetProperty(JobProperty::CostFlags as u32, Value::U32(0x21)),
        "GetError" => JobCall::GetError,
        "GetProgress" => JobCall::GetProgress,
        "GetTimes" => JobCall::GetTimes,
        "EnumFiles" => JobCall::EnumFiles,
        other => panic!("{other}"),
    };
    rig.job(job, call).map(drop)
}

fn download_operation(rig: &mut Rig, id: DownloadId, row: &str) -> Result<(), HResult> {
    use DownloadProperty as P;
    let text = |text: &str| Value::Text(text.into());
    let result = match row {
        "Start" => rig.start(id),
        "Pause" => rig.download(id, DownloadCall::Pause),
        "Finalize" => rig.download(id, DownloadCall::Finalize),
        "Abort" => rig.download(id, DownloadCall::Abort),
        "Uri" => rig.set(id, P::Uri, text("http://p/a")),
        "LocalPath" => rig.set(id, P::LocalPath, text("/d/other")),
        "CostPolicy" => rig.set(id, P::CostPolicy, Value::U32(0)),
        "Timeout" => rig.set(id, P::NoProgressTimeoutSeconds, Value::U32(60)),
        "NonVolatile" => rig.set(id, P::NonVolatile, Value::Bool(true)),
        "GetStatus" => rig.download(id, DownloadCall::GetStatus),
        "GetProperty" => return rig.get(id, P::Uri).map(drop),
        other => panic!("{other}"),
    };
    result.map(drop)
}

/// What happens, to whatever attempt there was last.
fn event(rig: &mut Rig, job: JobId, row: &str) {
    let attempt = rig.attempts.values().next().copied();
    let mut tell = |event| {
        if let Some(transfer) = attempt {
            rig.input(Input::Transfer { transfer, event });
        }
    };
    match row {
        "Started" => tell(TransferEvent::Started),
        "Arrived" => tell(TransferEvent::Arrived),
        "FailsForNow" => tell(TransferEvent::Failed(PASSING)),
        "Fails" => tell(TransferEvent::Failed(LASTING)),
        "Offline" => rig.input(Input::Conditions(OFFLINE)),
        "Online" => {
            // From another kind of link, since nothing changes where all is as it was.
            rig.input(Input::Conditions(Conditions { cellular: true, ..ONLINE }));
            rig.input(Input::Conditions(ONLINE));
        }
        "Retry" => rig.pass(secs(1)),
        "NoProgress" => rig.pass(secs(86_400)),
        "Age" => {
            rig.wall = rig.wall.after(secs(31 * 86_400));
            rig.pass(secs(600));
        }
        other => panic!("{other}"),
    }
    let _ = job;
}

/// Runs every row in every column; the picture that comes out has the form of the one that is expected.
fn picture(table: &str, mut cell: impl FnMut(&str, &str) -> String) -> (String, String) {
    let mut lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    let header: Vec<&str> = lines.next().expect("a header").split_whitespace().collect();
    let tidy = |words: &[String]| words.iter().map(|word| format!("{word:13}")).collect::<String>();
    let (mut expected, mut found) = (String::new(), String::new());
    for line in lines {
        let words: Vec<String> = line.split_whitespace().map(Into::into).collect();
        assert_eq!(words.len(), header.len() + 1, "{line}");
        let row = &words[0];
        let cells = header.iter().map(|column| cell(row, column));
        let got: Vec<String> = std::iter::once(row.clone()).chain(cells).collect();
        expected += &(tidy(&words) + "\n");
        found += &(tidy(&got) + "\n");
    }
    (expected, found)
}

#[test]
fn every_call_of_a_job_in_every_state() {
    let (expected, found) = picture(
        "
                       S0      S1     S      Q      T      TEr    TEb    E      X      A      N
        AddFile        S       S      S      Q      T      TE     TE     E      X      !inv   !inv
        Resume         !empty  Q      Q      Q      T      Q      TE     Q      X      !inv   !inv
        Suspend        S       S      S      S      S      S      S      S      X      !inv   !inv
        Cancel         N       N      N      N      N      N      N      N      N      !inv   !inv
        Complete       A       A      A      A      A      A      A      A      A      !inv   !inv
        SetPriority    S       S      S      Q      T      TE     TE     E      X      !inv   !inv
        SetFlags       S       S      S      Q      T      TE     TE     E      X      !inv   !inv
        SetTimeout     S       S      S      Q      T      TE     TE     E      X      !inv   !inv
        SetInterface   S       S      S      Q      T      TE     TE     E      X      !inv   !inv
        Job5.Set       S       S      S      Q      T      TE     TE     E      X      !inv   !inv
        SetRemoteName  !arg    S      S      Q      Q      TE     TE     E      X      !inv   !inv
        File2.Set      !arg    S      S      !inv   !inv   !inv   !inv   !inv   !inv   !inv   !inv
        GetError       !none   !none  !none  !none  !none  TE     TE     E      !none  !none  !none
        GetProgress    S       S      S      Q      T      TE     TE     E      X      A      N
        GetTimes       S       S      S      Q      T      TE     TE     E      X      A      N
        EnumFiles      S       S      S      Q      T      TE     TE     E      X      A      N
        ",
        |row, column| {
            let (mut rig, job) = job_in(column);
            let before = rig.state(job);
            match job_operation(&mut rig, job, row) {
                Ok(()) => short_state(&mut rig, job).into(),
                Err(code) => {
                    assert_eq!(rig.state(job), before, "what is refused changes nothing: {row} in {column}");
                    short_code(code).into()
                }
            }
        },
    );
    assert_eq!(found, expected);
}

#[test]
fn every_event_in_every_state_of_a_job() {
    let (expected, found) = picture(
        "
                     S0   S1   S    Q    T    TEr  TEb  E    X    A    N
        Started      S    S    S    T    T    TE   TE   E    X    A    N
        Arrived      S    S    S    X    X    TE   TE   E    X    A    N
        FailsForNow  S    S    S    TE   TE   TE   TE   E    X    A    N
        Fails        S    S    S    E    E    TE   TE   E    X    A    N
        Offline      S    S    S    TE   TE   TE   TE   E    X    A    N
        Online       S    S    S    Q    T    Q    Q    E    X    A    N
        Retry        S    S    S    Q    T    Q    TE   E    X    A    N
        NoProgress   S    S    S    E    E    E    E    E    X    A    N
        Age          N    N    N    N    N    N    N    N    N    A    N
        ",
        |row, column| {
            let (mut rig, job) = job_in(column);
            event(&mut rig, job, row);
            short_state(&mut rig, job).into()
        },
    );
    assert_eq!(found, expected);
}

#[test]
fn every_call_of_a_download_in_every_state() {
    let (expected, found) = picture(
        "
                     Created      Queued       Running      Paused       Retry        Blocked      Failed       Arrived      Final        Aborted
        Start        Trans        Trans        Trans        Trans        Trans~       Paused~      Trans        Transferred  !inv         !inv
        Pause        Created      Paused       Paused       Paused       Paused       Paused       Paused!      Transferred  !inv         !inv
        Finalize     !inv         !inv         !inv         !inv         !inv         !inv         !inv         Finalized    Finalized    !inv
        Abort        Aborted      Aborted      Aborted      Aborted      Aborted      Aborted      Aborted      Aborted      !inv         Aborted
        Uri          Created      !inv         !inv         Paused       !inv         Paused~      Paused!      !inv         !inv         !inv
        LocalPath    Created      !inv         !inv         !inv         !inv         !inv         !inv         !inv         !inv         !inv
        CostPolicy   Created      Trans        Trans        Paused       Trans~       Paused~      Paused!      Transferred  !inv         !inv
        Timeout      Created      Trans        Trans        Paused       Trans~       Paused~      Paused!      Transferred  Finalized    Aborted
        NonVolatile  Created      !inv         !inv         !inv         !inv         !inv         !inv         !inv         !inv         !inv
        GetStatus    Created      Trans        Trans        Paused       Trans~       Paused~      Paused!      Transferred  Finalized    Aborted
        GetProperty  Created      Trans        Trans        Paused       Trans~       Paused~      Paused!      Transferred  Finalized    Aborted
        ",
        |row, column| {
            let (mut rig, download) = download_in(column);
            match download_operation(&mut rig, download, row) {
                Ok(()) => short_status(&mut rig, download),
                Err(code) => short_code(code).into(),
            }
        },
    );
    assert_eq!(found, expected);
}

#[test]
fn every_event_in_every_state_of_a_download() {
    let (expected, found) = picture(
        "
                     Created  Queued       Running      Paused  Retry    Blocked  Failed   Arrived      Final      Aborted
        Started      Created  Trans        Trans        Paused  Trans~   Paused~  Paused!  Transferred  Finalized  Aborted
        Arrived      Created  Transferred  Transferred  Paused  Trans~   Paused~  Paused!  Transferred  Finalized  Aborted
        FailsForNow  Created  Trans~       Trans~       Paused  Trans~   Paused~  Paused!  Transferred  Finalized  Aborted
        Fails        Created  Paused!      Paused!      Paused  Trans~   Paused~  Paused!  Transferred  Finalized  Aborted
        Offline      Created  Paused~      Paused~      Paused  Paused~  Paused~  Paused!  Transferred  Finalized  Aborted
        Online       Created  Trans        Trans        Paused  Trans    Trans    Paused!  Transferred  Finalized  Aborted
        Retry        Created  Trans        Trans        Paused  Trans    Paused~  Paused!  Transferred  Finalized  Aborted
        NoProgress   Created  Paused!      Paused!      Paused  Paused!  Paused!  Paused!  Transferred  Finalized  Aborted
        ",
        |row, column| {
            let (mut rig, download) = download_in(column);
            event(&mut rig, JobId(download.0), row);
            short_status(&mut rig, download)
        },
    );
    assert_eq!(found, expected);
}

#[test]
fn a_job_of_the_greatest_age_takes_its_download_with_it() {
    for column in ["Created", "Queued", "Running", "Paused", "Retry", "Blocked", "Failed", "Arrived"] {
        let (mut rig, download) = download_in(column);
        event(&mut rig, JobId(download.0), "Age");
        let aborted = ("Aborted", HResult::DO_E_JOB_TOO_OLD, HResult::S_OK);
        assert_eq!(rig.status(download), aborted, "{column}");
        assert!(rig.records.is_empty());
    }
}

#[test]
fn a_final_job_is_read_by_who_holds_it_and_found_by_nobody() {
    for column in ["A", "N"] {
        let (mut rig, job) = job_in(column);
        let found = rig.call(ALICE, Call::GetJob { job });
        assert_eq!(found, Err(HResult::DO_E_JOB_NOT_FOUND));
        assert_eq!(rig.call(ALICE, Call::EnumJobs { all_users: false }), Ok(Reply::Jobs(vec![])));
    }
}
