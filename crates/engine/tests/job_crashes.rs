//! Aim: what was accepted outlives SIGKILL at any moment, and nothing is half there.
//!
//! Way: this program runs itself as the owner of a state directory, makes calls from several threads over the socket, and
//! kills the owner at a random moment. The next owner must know every call that was accepted, and nothing else: a thread
//! writes down each call before it makes it, and only the one that was never answered may have happened or not, but not half.
//!
//! `SWARMLINE_CRASH_ROUNDS` says how often; default 20. `SWARMLINE_SEED` repeats a run.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that says what it has tried")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use swarmline_engine::Owner;
use swarmline_engine::jobs::JobClient;
use swarmline_ipc::jobs::connect_jobs;
use swarmline_jobs::{
    BackgroundCopyJob, BackgroundCopyManager, HResult, JobId, JobPriority, JobService, JobState, JobType,
    NewFile,
};
use swarmline_store::Store;
use swarmline_testkit::{Content, TestOrigin, pattern};

const OWNER: &str = "SWARMLINE_TEST_OWNER";
const PATIENCE: Duration = Duration::from_secs(120);
const THREADS: usize = 4;
/// Files of one call that adds some: all of them, or none.
const FILES: usize = 3;
const FILE: u64 = 20_000;
/// Calls of one life, at most.
const CALLS: u64 = 120;

fn main() -> ExitCode {
    if let Some(dir) = std::env::var_os(OWNER) {
        own(Path::new(&dir));
        return ExitCode::SUCCESS;
    }
    let test = || -> Result<(), Failed> {
        crashes();
        Ok(())
    };
    let name = "no_accepted_call_is_lost_and_nothing_is_half_there";
    libtest_mimic::run(&Arguments::from_args(), vec![Trial::test(name, test)]).exit_code()
}

/// Owns a state directory until it is killed.
fn own(dir: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = loop {
            match Store::open(dir) {
                Ok(store) => break store,
                // The kernel is still taking the one before to pieces.
                Err(swarmline_store::OpenError::Owned { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        };
        let _owner = Owner::start(store, support::alone()).await.unwrap();
        std::future::pending::<()>().await;
    });
}

/// A process that owns the directory, killed when this is dropped.
struct Life(Child);

impl Life {
    fn begin(dir: &Path) -> Self {
        Self(Command::new(std::env::current_exe().unwrap()).env(OWNER, dir).spawn().unwrap())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A client of whoever owns the directory.
fn attach(dir: &Path) -> Arc<dyn JobService> {
    let began = Instant::now();
    loop {
        match connect_jobs(&dir.join("ipc.sock")) {
            Ok((writer, reader)) => return Arc::new(JobClient::attached(writer, reader).unwrap()),
            Err(error) if began.elapsed() > PATIENCE => panic!("{error}"),
            Err(_) => std::thread::yield_now(),
        }
    }
}

/// What is known of a job.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Known {
    files: usize,
    priority: JobPriority,
    timeout_s: u32,
    name: String,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Suspended,
    Resumed,
    Cancelled,
    Completed,
}

impl Stage {
    fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Completed)
    }
}

/// What one thread knows of its jobs.
#[derive(Default)]
struct Book {
    /// The second is how the job would be if the call under way was accepted.
    jobs: BTreeMap<JobId, (Known, Option<Known>)>,
    /// The name of a job that was asked for, until there is an answer.
    asked_for: Option<String>,
}

impl Book {
    /// Jobs that are not over.
    fn open(&self) -> impl Iterator<Item = (JobId, Stage)> {
        self.jobs.iter().map(|(job, (known, _))| (*job, known.stage)).filter(|(_, stage)| !stage.is_final())
    }
}

impl Known {
    /// A job that was just made.
    fn born(name: String) -> Self {
        let (priority, timeout_s, stage) = (JobPriority::Normal, 86_400, Stage::Suspended);
        Self { files: 0, priority, timeout_s, name, stage }
    }
}

struct Dice(u64);

impl Dice {
    /// A number below `below`.
    fn roll(&mut self, below: u64) -> u64 {
        self.0 += 1;
        u64::from_le_bytes(pattern::bytes(self.0, 8).try_into().unwrap()) % below
    }
}

fn crashes() {
    let rounds: u64 = std::env::var("SWARMLINE_CRASH_ROUNDS").map_or(20, |rounds| rounds.parse().unwrap());
    let seed: u64 = std::env::var("SWARMLINE_SEED")
        .map_or_else(|_| std::process::id().into(), |seed| seed.parse().unwrap());
    println!("{rounds} rounds, SWARMLINE_SEED={seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let content = Content::random(seed, FILE);
    let origin = runtime.block_on(TestOrigin::start(content.clone()));
    let site =
        Site { state: dir.path().join("state"), outs: dir.path().join("outs"), url: origin.url(), content };
    fs::create_dir(&site.outs).unwrap();

    let mut dice = Dice(seed << 32);
    let mut books: Vec<Book> = (0..THREADS).map(|_| Book::default()).collect();
    let (mut accepted, mut open, mut unanswered) = (0, 0, 0);
    for round in 0..rounds {
        let life = Life::begin(&site.state);
        let service = attach(&site.state);
        unanswered += site.compare(&service, &mut books);
        open += books.iter().flat_map(Book::open).count();
        let (calls, kill_at) = (AtomicU64::new(0), dice.roll(CALLS));
        let seeds: Vec<_> = (0..THREADS).map(|_| dice.roll(u64::MAX >> 1)).collect();
        std::thread::scope(|scope| {
            for ((number, book), seed) in (0..).zip(&mut books).zip(seeds) {
                let (service, site, calls) = (Arc::clone(&service), &site, &calls);
                scope.spawn(move || site.play(&service, book, calls, Dice(seed), (round, number)));
            }
            while calls.load(Ordering::Relaxed) < kill_at {
                std::thread::yield_now();
            }
            drop(life);
        });
        accepted += calls.into_inner();
    }

    // What is left comes to its end, and leaves nothing.
    let _life = Life::begin(&site.state);
    let service = attach(&site.state);
    unanswered += site.compare(&service, &mut books);
    for (job, stage) in books.iter().flat_map(Book::open) {
        let job = BackgroundCopyJob::attach(Arc::clone(&service), job);
        if stage == Stage::Resumed {
            await_state(&job, JobState::Transferred);
        }
        job.complete().unwrap();
    }
    assert_eq!(support::desk::names_in(&site.state.join("jobs")), [""; 0]);
    for name in support::desk::names_in(&site.outs) {
        assert!(!name.ends_with("swarmline-part"), "{name} is left");
        site.assert_whole(&site.outs.join(name));
    }
    println!("{accepted} calls accepted, {open} jobs found again by the process that followed");
    println!("{unanswered} jobs made by a call whose answer never came");
    assert!(accepted > rounds && open > 0, "{accepted} calls and {open} jobs show nothing");
}

/// Takes up the jobs whose creation was under way when the owner was killed: written down, and no answer came. Each has
/// the name that a thread was waiting to hear of; any other job that nobody knows is one too many. Once the books are
/// compared, nobody waits any more.
fn adopt_unanswered(service: &Arc<dyn JobService>, books: &mut [Book]) -> usize {
    let listed = BackgroundCopyManager::new(Arc::clone(service)).enum_jobs(false).unwrap();
    let strangers = listed.into_iter().filter(|it| !books.iter().any(|book| book.jobs.contains_key(&it.job)));
    let strangers: Vec<_> = strangers.collect();
    for stranger in &strangers {
        let asked = books.iter_mut().find(|book| book.asked_for.as_ref() == Some(&stranger.name));
        let book = asked.unwrap_or_else(|| panic!("a job that nobody was waiting for: {stranger:?}"));
        let name = book.asked_for.take().expect("just compared");
        book.jobs.insert(stranger.job, (Known::born(name), None));
    }
    books.iter_mut().for_each(|book| book.asked_for = None);
    strangers.len()
}

fn await_state(job: &BackgroundCopyJob, want: JobState) {
    let began = Instant::now();
    loop {
        let state = job.get_state().unwrap();
        if state == want {
            return;
        }
        assert!(began.elapsed() < PATIENCE && state != JobState::Error, "{:?} is {state:?}", job.get_id());
        std::thread::yield_now();
    }
}

struct Site {
    state: PathBuf,
    outs: PathBuf,
    url: String,
    content: Content,
}

impl Site {
    /// Makes calls until nobody answers.
    fn play(
        &self,
        service: &Arc<dyn JobService>,
        book: &mut Book,
        calls: &AtomicU64,
        mut dice: Dice,
        who: (u64, u64),
    ) {
        let manager = BackgroundCopyManager::new(Arc::clone(service));
        for turn in 0_u64.. {
            let open: Vec<_> = book.open().map(|(job, _)| job).collect();
            let roll = dice.roll(10);
            let done = if roll < 2 && open.len() < 20 || open.is_empty() {
                let name = format!("{}-{}-{turn}", who.0, who.1);
                book.asked_for = Some(name.clone());
                let made = manager.create_job(&name, JobType::Download);
                made.map(|job| {
                    book.asked_for = None;
                    book.jobs.insert(job.get_id(), (Known::born(name), None));
                })
            } else {
                let id = open[usize::try_from(dice.roll(open.len() as u64)).unwrap()];
                let job = BackgroundCopyJob::attach(Arc::clone(service), id);
                let entry = book.jobs.get_mut(&id).unwrap();
                self.call(&job, entry, roll, &mut dice)
            };
            match done {
                Ok(()) => _ = calls.fetch_add(1, Ordering::Relaxed),
                Err(HResult::DO_E_NO_SERVICE) => return,
                Err(code) => panic!("{code}"),
            }
        }
    }

    /// One call, with what it would make of the job written down before and what it made of it afterwards.
    fn call(
        &self,
        job: &BackgroundCopyJob,
        (known, perhaps): &mut (Known, Option<Known>),
        roll: u64,
        dice: &mut Dice,
    ) -> Result<(), HResult> {
        let mut next = known.clone();
        match roll {
            0..=3 => next.files += FILES,
            4 => {
                next.priority = [JobPriority::Foreground, JobPriority::High, JobPriority::Low]
                    [usize::try_from(dice.roll(3)).unwrap()]
            }
            5 => next.timeout_s = 1000 + u32::try_from(dice.roll(1000)).unwrap(),
            6 | 7 if known.files > 0 => next.stage = Stage::Resumed,
            8 => next.stage = if dice.roll(2) == 0 { Stage::Cancelled } else { Stage::Completed },
            _ => next.timeout_s = 5000 + u32::try_from(dice.roll(1000)).unwrap(),
        }
        *perhaps = Some(next.clone());
        if next.files != known.files {
            let new = |number| NewFile {
                url: Some(self.url.clone()),
                path: Some(self.out(job.get_id(), number).to_str().unwrap().into()),
                ..NewFile::default()
            };
            job.add_files((known.files..next.files).map(new).collect())?;
        } else if next.priority != known.priority {
            job.set_priority(next.priority)?;
        } else if next.stage != known.stage {
            match next.stage {
                Stage::Resumed => job.resume()?,
                Stage::Cancelled => job.cancel()?,
                Stage::Completed => job.complete()?,
                Stage::Suspended => {}
            }
        } else {
            job.set_no_progress_timeout(next.timeout_s)?;
        }
        (*known, *perhaps) = (next, None);
        Ok(())
    }

    /// Compares all that is known with what the owner says. Gives the jobs that nobody was told of.
    fn compare(&self, service: &Arc<dyn JobService>, books: &mut [Book]) -> usize {
        let unanswered = adopt_unanswered(service, books);
        books.iter_mut().for_each(|book| self.check(service, book));
        unanswered
    }

    /// Compares what one thread knows with what the owner says, and settles what was open.
    fn check(&self, service: &Arc<dyn JobService>, book: &mut Book) {
        let manager = BackgroundCopyManager::new(Arc::clone(service));
        for (id, (known, perhaps)) in &mut book.jobs {
            if perhaps.as_ref().is_some_and(|next| next.stage.is_final()) {
                self.finish(service, *id, perhaps.take().unwrap(), known);
            }
            let found = manager.get_job(*id).map(|job| self.look(&job, known));
            let is = |want: &Known| match &found {
                Ok(found) => found == want,
                Err(HResult::DO_E_JOB_NOT_FOUND) => want.stage.is_final(),
                Err(code) => panic!("{code}"),
            };
            if !is(known) {
                let next = perhaps
                    .take()
                    .unwrap_or_else(|| panic!("{id}: {known:?} was accepted, and it is {found:?}"));
                assert!(is(&next), "{id}: neither {known:?} nor {next:?}, but {found:?}");
                *known = next;
            }
            *perhaps = None;
            for number in 0..known.files {
                let out = self.out(*id, number);
                match known.stage {
                    Stage::Completed if out.exists() => self.assert_whole(&out),
                    Stage::Completed => {}
                    Stage::Suspended | Stage::Resumed | Stage::Cancelled => {
                        assert!(!out.exists(), "{} stands there, and the job is {known:?}", out.display());
                    }
                }
            }
        }
    }

    /// The end of a job may have been accepted, and may be on its way: it is ordered again.
    fn finish(&self, service: &Arc<dyn JobService>, id: JobId, next: Known, known: &mut Known) {
        let job = BackgroundCopyJob::attach(Arc::clone(service), id);
        let done = if next.stage == Stage::Cancelled { job.cancel() } else { job.complete() };
        // It is so already, or was found to be so by whoever was first.
        assert!(
            matches!(done, Ok(()) | Err(HResult::DO_E_JOB_NOT_FOUND | HResult::DO_E_INVALID_STATE)),
            "{id}: {done:?}"
        );
        let (manager, began) = (BackgroundCopyManager::new(Arc::clone(service)), Instant::now());
        while manager.get_job(id).is_ok() {
            assert!(began.elapsed() < PATIENCE, "{id} does not come to its end");
            std::thread::yield_now();
        }
        *known = next;
    }

    fn look(&self, job: &BackgroundCopyJob, known: &Known) -> Known {
        let stage = match job.get_state().unwrap() {
            JobState::Suspended => Stage::Suspended,
            JobState::Queued | JobState::Transferring | JobState::TransientError => Stage::Resumed,
            // A file that was added then waits to be resumed; the job does not.
            JobState::Transferred => Stage::Resumed,
            other => panic!("{other:?}, known as {known:?}"),
        };
        Known {
            files: job.enum_files().unwrap().len(),
            priority: job.get_priority().unwrap(),
            timeout_s: if known.timeout_s == 86_400 {
                86_400
            } else {
                job.get_no_progress_timeout().unwrap()
            },
            name: job.get_display_name().unwrap(),
            stage,
        }
    }

    fn out(&self, job: JobId, number: usize) -> PathBuf {
        self.outs.join(format!("{}-{number}", job.0))
    }

    fn assert_whole(&self, path: &Path) {
        support::assert_holds(path, &self.content);
    }
}
