//! Whatever clients, transfers and disks do, in whatever order: no panic, no bound broken, nothing answered twice, and
//! after each step another process could go on from the records.

use proptest::prelude::*;
use swarmline_jobs::machine::{
    Answered, AskId, Conditions, Config, Fault, Input, Ticket, TransferEvent, TransferId,
};
use swarmline_jobs::{
    Call, CallbackRef, Caller, Category, ClientId, DownloadCall, DownloadId, DownloadProperty, FileCall,
    FileId, FileRange, Guid, HResult, JobCall, JobId, JobPriority, JobType, LinkCost, NewFile, Numbered,
    Phase, Reply, Traffic, Value,
};

use crate::rig::{ALICE, BOB, ROOT, Rig, secs};

/// One step: what it is, and four numbers that say which.
#[derive(Clone, Copy, Debug)]
struct Dice {
    kind: u8,
    a: u8,
    b: u8,
    c: u8,
    d: u8,
}

fn dice() -> impl Strategy<Value = Dice> {
    any::<(u8, u8, u8, u8, u8)>().prop_map(|(kind, a, b, c, d)| Dice { kind, a, b, c, d })
}

fn one_in(sides: u8, die: u8) -> bool {
    die.is_multiple_of(sides)
}

/// Everything that was ever named, so that late and wrong names are used as often as right ones.
#[derive(Default)]
struct Seen {
    jobs: Vec<JobId>,
    transfers: Vec<TransferId>,
    asks: Vec<AskId>,
    tickets: Vec<Ticket>,
}

fn pick<T: Copy>(from: &[T], which: u8) -> Option<T> {
    // The newest ones are the interesting ones.
    let back = usize::from(which % 6) + 1;
    from.len().checked_sub(back).or_else(|| from.len().checked_sub(1)).map(|index| from[index])
}

fn caller(which: u8) -> Caller {
    match which % 8 {
        0 => BOB,
        1 => ROOT,
        2 => Caller { client: ClientId(9), ..ALICE },
        _ => ALICE,
    }
}

fn text(d: Dice) -> String {
    match d.c % 8 {
        0 => String::new(),
        1 => "x".repeat(usize::from(d.d) * 300),
        2 => "{}".into(),
        3 => "/d/x".into(),
        4 => "bLR+YkW147Gf10YSrQ6lgW3AC9E1aDesK3TaSr0DHJA=".into(),
        5 => "a\0b".into(),
        _ => format!("http://o/{}", d.d),
    }
}

fn value(rig: &mut Rig, d: Dice) -> Value {
    match d.b % 8 {
        0 => Value::Empty,
        1 => Value::Bool(one_in(2, d.c)),
        2 => Value::U32(d.c.into()),
        3 => Value::U64(u64::from(d.c) << (d.d % 64)),
        4 => Value::Bytes(vec![d.c; usize::from(d.d)]),
        5 => Value::Interface(rig.token()),
        6 => Value::Guid(Guid::from_u128(d.c.into())),
        _ => Value::Text(text(d)),
    }
}

fn ranges(d: Dice) -> Vec<FileRange> {
    let range = |n: u8| FileRange { offset: u64::from(n) * u64::from(d.c), length: u64::from(d.d) };
    (0..d.c % 4).map(range).collect()
}

fn job_call(rig: &mut Rig, d: Dice) -> JobCall {
    match d.b % 24 {
        0..=2 => JobCall::AddFiles(
            (0..d.c % 3)
                .map(|n| NewFile {
                    id: (!one_in(5, d.d)).then(|| format!("{}{n}", d.d)),
                    url: Some(format!("http://o/{n}")),
                    path: (!one_in(4, d.d)).then(|| format!("/d/{}{n}", d.d)),
                    ranges: ranges(d),
                    size: (one_in(3, d.d)).then_some(1000),
                })
                .collect(),
        ),
        3..=6 => JobCall::Resume,
        7 => JobCall::Suspend,
        8 => JobCall::Cancel,
        9 => JobCall::Complete,
        10 => JobCall::SetPriority(JobPriority::ALL[usize::from(d.c % 4)]),
        11 => JobCall::SetNotifyFlags(u32::from(d.c % 80)),
        12 | 13 => {
            let token = rig.token();
            JobCall::SetNotifyInterface(
                (!one_in(5, d.c)).then_some(CallbackRef { token, knows_files: one_in(2, d.d) }),
            )
        }
        14 => JobCall::SetNoProgressTimeout(u32::from(d.c)),
        15 => JobCall::SetProperty(u32::from(d.c % 12), value(rig, d)),
        16 => JobCall::GetProperty(u32::from(d.c % 12)),
        17 => JobCall::GetError,
        18 => JobCall::GetOptimizationProperty(u32::from(d.c % 2)),
        19 => JobCall::SetOptimizationProperty(u32::from(d.c % 2)),
        20 => JobCall::GetNotifyInterface,
        21 => JobCall::GetProgress,
        22 => JobCall::EnumFiles,
        _ => JobCall::GetTimes,
    }
}

fn file_call(rig: &mut Rig, d: Dice) -> FileCall {
    match d.b % 8 {
        0 => FileCall::SetRemoteName(text(d)),
        1 | 2 => FileCall::SetOptimizationProperty(u32::from(d.c % 8), value(rig, Dice { b: d.d, ..d })),
        3 => FileCall::GetOptimizationProperty(u32::from(d.c % 8)),
        4 => FileCall::GetStats,
        5 => FileCall::GetProgress,
        6 => FileCall::GetProperty(u32::from(d.c % 3)),
        _ => FileCall::GetFileRanges,
    }
}

fn download_call(rig: &mut Rig, d: Dice) -> DownloadCall {
    match d.b % 12 {
        0..=2 => DownloadCall::Start((one_in(2, d.c)).then(|| ranges(d))),
        3 => DownloadCall::Pause,
        4 => DownloadCall::Abort,
        5 => DownloadCall::Finalize,
        6 => DownloadCall::GetProperty(u32::from(d.c % 28)),
        7 => DownloadCall::GetStats,
        8 => DownloadCall::GetStatus,
        _ => DownloadCall::SetProperty(u32::from(d.c % 28), value(rig, Dice { b: d.d, c: d.a, ..d })),
    }
}

fn call(rig: &mut Rig, seen: &Seen, d: Dice) -> Call {
    let job = pick(&seen.jobs, d.a).unwrap_or(JobId(Guid::from_u128(d.a.into())));
    match d.kind % 16 {
        0 => Call::CreateJob { name: text(d), kind: JobType::ALL[usize::from(d.a.is_multiple_of(16))] },
        1 => Call::CreateDownload,
        2 => Call::EnumJobs { all_users: one_in(2, d.b) },
        3 => Call::GetJob { job },
        4 => Call::EnumDownloads {
            category: (one_in(2, d.b))
                .then(|| Category { property: DownloadProperty::ALL[usize::from(d.c % 26)], value: text(d) }),
        },
        5..=6 => Call::File { job, file: FileId(u32::from(d.d % 4)), call: file_call(rig, d) },
        7..=11 => Call::Job { job, call: job_call(rig, d) },
        _ => Call::Download { download: DownloadId(job.0), call: download_call(rig, d) },
    }
}

fn event(d: Dice) -> TransferEvent {
    match d.b % 10 {
        0 | 1 => TransferEvent::Started,
        2 => TransferEvent::Size(u64::from(d.c) * 10),
        3 => TransferEvent::Headers("ü".repeat(usize::from(d.c) * 50)),
        4 | 5 => TransferEvent::Progress {
            transferred: u64::from(d.c) << (d.d % 60),
            traffic: Traffic { from_http: u64::from(d.c), ..Traffic::default() },
        },
        6 => TransferEvent::Failed(Fault::Timeout),
        7 => TransferEvent::Failed(Fault::Http { status: u16::from(d.c) + 300 }),
        _ => TransferEvent::Arrived,
    }
}

fn take_step(rig: &mut Rig, seen: &mut Seen, d: Dice) {
    match d.kind % 5 {
        0 | 1 => {
            let call = call(rig, seen, Dice { kind: d.kind / 5, ..d });
            let id = rig.begin_call(caller(d.d), call);
            match rig.replies.get(&id) {
                Some(Ok(Reply::Job(job))) => seen.jobs.push(*job),
                Some(Ok(Reply::Download(download))) => seen.jobs.push(JobId(download.0)),
                _ => {}
            }
        }
        2 => {
            if let Some(transfer) = pick(&seen.transfers, d.a) {
                rig.input(Input::Transfer { transfer, event: event(d) });
            }
        }
        3 => {
            let result = match d.b % 5 {
                0 => Err(HResult::E_ACCESSDENIED),
                1 => Ok(Answered::Existed),
                _ => Ok(Answered::Done),
            };
            if let Some(ask) = pick(&seen.asks, d.a) {
                rig.input(Input::Answered { ask, result });
            }
        }
        _ => match d.b % 8 {
            0 | 1 => {
                let codes = [HResult::S_OK, HResult::E_FAIL, HResult::RPC_E_DISCONNECTED];
                if let Some(ticket) = pick(&seen.tickets, d.a) {
                    rig.forget_ticket(ticket);
                    rig.input(Input::CallbackReturned { ticket, result: codes[usize::from(d.c % 3)] });
                }
            }
            2 => {
                let client = caller(d.a).client;
                rig.forget_client(client);
                rig.input(Input::ClientGone { client });
            }
            3 => rig.input(Input::Conditions(Conditions {
                network: !one_in(3, d.a),
                cost: LinkCost::from_bits(1 << (d.c % 8)),
                cellular: one_in(3, d.d),
                ..Conditions::default()
            })),
            4 => rig.wall = rig.wall.after(secs(u64::from(d.a) * 100_000)),
            _ => rig.pass(secs(u64::from(d.a) * u64::from(d.c))),
        },
    }
    seen.transfers
        .extend(rig.specs.keys().filter(|id| !seen.transfers.contains(id)).copied().collect::<Vec<_>>());
    seen.asks.extend(rig.asked.drain(..));
    seen.tickets.extend(rig.out.drain(..).map(|(ticket, _)| ticket));
}

/// What a call can set and read back.
fn set_by_calls(rig: &mut Rig, job: JobId) -> Vec<Result<Reply, HResult>> {
    let legacy = [
        JobCall::GetDisplayName,
        JobCall::EnumFiles,
        JobCall::GetPriority,
        JobCall::GetNotifyFlags,
        JobCall::GetNoProgressTimeout,
        JobCall::GetProperty(1),
        JobCall::GetProperty(2),
    ];
    let file = [FileCall::GetRemoteName, FileCall::GetFileRanges, FileCall::GetOptimizationProperty(2)];
    let legacy = legacy.into_iter().map(|call| Call::Job { job, call });
    let file = file.into_iter().map(|call| Call::File { job, file: FileId(0), call });
    legacy.chain(file).map(|call| rig.call(ROOT, call)).collect()
}

/// Another process that starts from the records of this moment knows what this one answered.
fn check_records(rig: &mut Rig, seen: &Seen) {
    let mut next = Rig::new();
    next.prompt = false;
    next.input(Input::Restored { records: rig.records.values().cloned().collect() });
    for job in &seen.jobs {
        let state = rig.call(ROOT, Call::GetJob { job: *job });
        if state.is_err() || next.call(ROOT, Call::GetJob { job: *job }).is_err() {
            assert_eq!(state, next.call(ROOT, Call::GetJob { job: *job }), "a job is lost or comes back");
            continue;
        }
        assert_eq!(set_by_calls(rig, *job), set_by_calls(&mut next, *job));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_inputs_breaks_it(steps in prop::collection::vec(dice(), 0..150), prompt: bool) {
        let config = Config {
            jobs_max: 8,
            files_per_job_max: 4,
            running_files_max: 3,
            final_jobs_kept: 2,
            waiting_calls_max: 3,
            ..Config::default()
        };
        // Something runs from the start, so that few steps lead far.
        let mut rig = Rig::with(config);
        let (job, idle, download) = (rig.job_of("j", &["a", "b"]), rig.job_of("k", &["a"]), rig.download_of("d"));
        rig.resume(job);
        rig.start(download).expect("it starts");
        rig.prompt = prompt;
        let mut seen = Seen { jobs: vec![idle, JobId(download.0), job], ..Seen::default() };
        seen.transfers.extend(rig.specs.keys());
        for (index, step) in steps.into_iter().enumerate() {
            take_step(&mut rig, &mut seen, step);
            prop_assert!(rig.jobs.count() <= 8);
            for record in rig.records.values() {
                prop_assert!(record.files.len() <= 4);
                prop_assert!(Phase::ALL.contains(&record.phase));
            }
            if index % 8 == 0 {
                check_records(&mut rig, &seen);
            }
        }
        // Whoever waited is answered in the end: nothing is left lying.
        for _ in 0..100 {
            for ask in std::mem::take(&mut seen.asks) {
                rig.input(Input::Answered { ask, result: Ok(Answered::Done) });
            }
            seen.asks.extend(rig.asked.drain(..));
        }
        for job in seen.jobs {
            let _ = rig.begin_call(ROOT, Call::Job { job, call: JobCall::Cancel });
            let _ = rig.begin_call(ROOT, Call::Download { download: DownloadId(job.0), call: DownloadCall::Abort });
            while let Some(ask) = rig.asked.pop_front() {
                rig.input(Input::Answered { ask, result: Ok(Answered::Done) });
            }
        }
        prop_assert_eq!(rig.unanswered(), 0);
        prop_assert_eq!((rig.jobs.running(), rig.jobs.count(), rig.records.len()), (0, 0, 0), "nothing is left");
    }
}
