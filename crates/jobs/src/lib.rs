//! The COM-shaped job API: a program makes a job, adds files, resumes it, and is told what becomes of it.
//!
//! Two faces stand on one model. The legacy face has jobs of many files (`IBackgroundCopyManager` and its like), the
//! modern face has downloads of one file (`IDOManager`, `IDODownload`). Names, states, result codes and slots are the
//! published ones; the Rust face reads like Rust.
//!
//! Pure: no clock, socket, file, thread or ambient randomness, and no word about how bytes travel. Whoever drives the
//! machine does the I/O, delivers callbacks, and stores records.
//!
//! - [`words`]: codes, names, numbers, shapes. Data alone.
//! - [`face`]: every call as data, and both faces over whoever answers calls.
//! - [`record`]: what of a job outlives its process.
//! - [`machine`]: which call is legal, what follows from it, what the client is told and when.
//!
//! What the API promises, and where it had to choose, stands in `docs/com-api.md`; [`tables`] prints its lists.
//!
//! # A job's life, seen by the driver
//!
//! ```
//! use swarmline_jobs::machine::{Action, Answered, CallId, Config, Input, Jobs, TransferEvent};
//! use swarmline_jobs::{Call, Caller, ClientId, FileTime, JobCall, JobType, NewFile, Reply};
//! use swarmline_types::MonoTime;
//!
//! let mut jobs = Jobs::new(Config::default(), [7; 32]);
//! let (now, wall) = (MonoTime::ZERO, FileTime::UNIX_EPOCH);
//! let me = Caller { user: 1000, client: ClientId(1) };
//! let mut last = 0;
//!
//! // Carries out what is ordered, until nothing is; returns the last reply.
//! let mut drive = |jobs: &mut Jobs, input: Input| {
//!     let (mut inputs, mut answer) = (vec![input], None);
//!     while let Some(input) = inputs.pop() {
//!         jobs.handle(input, now, wall);
//!         while let Some(action) = jobs.poll_action() {
//!             let done = |ask| Input::Answered { ask, result: Ok(Answered::Done) };
//!             match action {
//!                 Action::Reply { result, .. } => answer = Some(result),
//!                 // A driver writes the record, and only then goes on to the reply.
//!                 Action::Save { .. } | Action::Forget { .. } => {}
//!                 Action::CheckDestinations { ask, .. } | Action::HandOver { ask, .. } => inputs.push(done(ask)),
//!                 // A driver fetches. Here everything has arrived already.
//!                 Action::Start { transfer, .. } => {
//!                     inputs.push(Input::Transfer { transfer, event: TransferEvent::Arrived });
//!                 }
//!                 other => panic!("{other:?}"),
//!             }
//!         }
//!     }
//!     answer
//! };
//! let mut call = |jobs: &mut Jobs, call| {
//!     last += 1;
//!     drive(jobs, Input::Call { id: CallId(last), caller: me, call }).expect("answered at once")
//! };
//!
//! let create = Call::CreateJob { name: "update".into(), kind: JobType::Download };
//! let Reply::Job(job) = call(&mut jobs, create)? else { panic!("a job") };
//! let file = NewFile {
//!     url: Some("http://server/update.bin".into()),
//!     path: Some("/var/tmp/update.bin".into()),
//!     ..NewFile::default()
//! };
//! call(&mut jobs, Call::Job { job, call: JobCall::AddFiles(vec![file]) })?;
//! call(&mut jobs, Call::Job { job, call: JobCall::Resume })?;
//! let state = call(&mut jobs, Call::Job { job, call: JobCall::GetState })?;
//! assert_eq!(state, Reply::State(swarmline_jobs::JobState::Transferred));
//! call(&mut jobs, Call::Job { job, call: JobCall::Complete })?;
//! assert_eq!(jobs.count(), 0);
//! # Ok::<(), swarmline_jobs::HResult>(())
//! ```
//!
//! # What it is not
//!
//! No queue of transfers between machines, no rates, no HTTP: that is the scheduler's, the engine's and the origin's
//! work. No vtables: the binary interface is a crate of its own. No users and groups beyond a number: the transport
//! says who calls.

pub mod words;

pub mod face;

pub mod record;

pub mod machine;

mod tables;

pub use face::{
    AbsentService, BackgroundCopyCallback, BackgroundCopyError, BackgroundCopyFile, BackgroundCopyJob,
    BackgroundCopyManager, Call, CallbackRef, Caller, Category, ClientId, ClientObject, DoDownload,
    DoManager, DownloadCall, DownloadId, DownloadStatusCallback, FileCall, FileId, JobCall, JobId,
    JobService, JobSummary, NewFile, Notice, Reply, StreamSink, deliver,
};
pub use record::{Record, RecordError};
pub use tables::tables;
pub use words::*;
