//! The machine against models that know nothing of its tables: a few lines of what a job is, in plain steps.

use proptest::prelude::*;
use swarmline_jobs::machine::{Conditions, Input};
use swarmline_jobs::{
    DownloadCall, DownloadId, DownloadProperty, FileId, HResult, JobCall, JobId, Notice, Value,
};

use crate::rig::{LASTING, PASSING, Rig, secs};

const INVALID: Result<(), HResult> = Err(HResult::DO_E_INVALID_STATE);
const FILES_MAX: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Step {
    Add,
    Resume,
    Suspend,
    Complete,
    Cancel,
    Begins(usize),
    Arrives(usize),
    Stumbles(usize),
    Fails(usize),
    Wait,
    Offline,
    Online,
}

fn step() -> impl Strategy<Value = Step> {
    let file = || 0..FILES_MAX;
    prop_oneof![
        3 => Just(Step::Add),
        6 => Just(Step::Resume),
        2 => Just(Step::Suspend),
        1 => Just(Step::Complete),
        1 => Just(Step::Cancel),
        6 => file().prop_map(Step::Begins),
        6 => file().prop_map(Step::Arrives),
        3 => file().prop_map(Step::Stumbles),
        2 => file().prop_map(Step::Fails),
        2 => Just(Step::Wait),
        1 => Just(Step::Offline),
        2 => Just(Step::Online),
    ]
}

/// What is being done for a file that is not here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Effort {
    None,
    Asked,
    Moving,
    Resting,
    Here,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mode {
    Still,
    On,
    Broken,
    Ready,
    Over(&'static str),
}

/// A job as its documentation describes it.
struct Model {
    mode: Mode,
    files: Vec<Effort>,
    offline: bool,
    /// How often it became ready, and broke.
    news: (usize, usize),
}

impl Model {
    fn state(&self) -> &'static str {
        match self.mode {
            Mode::Still => "SUSPENDED",
            Mode::Broken => "ERROR",
            Mode::Ready => "TRANSFERRED",
            Mode::Over(state) => state,
            Mode::On if self.files.contains(&Effort::Moving) => "TRANSFERRING",
            Mode::On if self.files.contains(&Effort::Asked) => "QUEUED",
            Mode::On => "TRANSIENT_ERROR",
        }
    }

    fn set_missing(&mut self, effort: Effort) {
        self.files.iter_mut().filter(|file| **file != Effort::Here).for_each(|file| *file = effort);
    }

    fn push(&mut self) {
        self.mode = Mode::On;
        self.set_missing(if self.offline { Effort::None } else { Effort::Asked });
    }

    fn stop(&mut self, mode: Mode) {
        self.mode = mode;
        self.set_missing(Effort::None);
    }

    fn attempted(&self, file: usize) -> bool {
        matches!(self.files.get(file), Some(Effort::Asked | Effort::Moving))
    }

    /// What a call answers; an event that concerns nobody changes nothing.
    fn take(&mut self, step: Step) -> Result<(), HResult> {
        let over = matches!(self.mode, Mode::Over(_));
        match step {
            Step::Add | Step::Resume | Step::Suspend | Step::Complete | Step::Cancel if over => {
                return INVALID;
            }
            Step::Add => {
                let joins = matches!(self.state(), "QUEUED" | "TRANSFERRING");
                self.files.push(if joins { Effort::Asked } else { Effort::None });
            }
            Step::Resume if self.files.is_empty() => return Err(HResult::DO_E_JOB_EMPTY),
            Step::Resume => {
                let missing = self.files.iter().any(|file| *file != Effort::Here);
                let runs = matches!(self.state(), "QUEUED" | "TRANSFERRING");
                if missing && !runs {
                    self.push();
                }
            }
            Step::Suspend if matches!(self.mode, Mode::On | Mode::Broken) => self.stop(Mode::Still),
            Step::Suspend => {}
            Step::Complete => self.stop(Mode::Over("ACKNOWLEDGED")),
            Step::Cancel => self.stop(Mode::Over("CANCELLED")),
            Step::Begins(file) if self.attempted(file) => self.files[file] = Effort::Moving,
            Step::Stumbles(file) if self.attempted(file) => self.files[file] = Effort::Resting,
            Step::Fails(file) if self.attempted(file) => {
                self.stop(Mode::Broken);
                self.news.1 += 1;
            }
            Step::Arrives(file) if self.attempted(file) => {
                self.files[file] = Effort::Here;
                if self.files.iter().all(|file| *file == Effort::Here) {
                    self.mode = Mode::Ready;
                    self.news.0 += 1;
                }
            }
            Step::Wait if self.mode == Mode::On && self.files.contains(&Effort::Resting) => {
                let rests = |file: &&mut Effort| matches!(file, Effort::Resting | Effort::None);
                self.files.iter_mut().filter(rests).for_each(|file| *file = Effort::Asked);
            }
            Step::Offline if !self.offline => {
                self.offline = true;
                if self.mode == Mode::On {
                    self.set_missing(Effort::None);
                }
            }
            Step::Online if self.offline => {
                self.offline = false;
                if self.mode == Mode::On {
                    self.push();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Does the step with the machine. Events go to the last attempt at the file, if there was one.
fn run(rig: &mut Rig, job: JobId, step: Step) -> Result<(), HResult> {
    use swarmline_jobs::machine::TransferEvent as E;
    let call = match step {
        Step::Add => {
            let name = rig.attempts.len() * 100 + rig.replies.len();
            return rig.add(job, &name.to_string()).map(drop);
        }
        Step::Resume => JobCall::Resume,
        Step::Suspend => JobCall::Suspend,
        Step::Complete => JobCall::Complete,
        Step::Cancel => JobCall::Cancel,
        Step::Begins(file) => return event(rig, job, file, E::Started),
        Step::Arrives(file) => return event(rig, job, file, E::Arrived),
        Step::Stumbles(file) => return event(rig, job, file, E::Failed(PASSING)),
        Step::Fails(file) => return event(rig, job, file, E::Failed(LASTING)),
        Step::Wait => {
            rig.pass(secs(30));
            return Ok(());
        }
        Step::Offline | Step::Online => {
            let network = matches!(step, Step::Online);
            rig.input(Input::Conditions(Conditions { network, ..Conditions::default() }));
            return Ok(());
        }
    };
    rig.job(job, call).map(drop)
}

fn event(
    rig: &mut Rig,
    job: JobId,
    file: usize,
    event: swarmline_jobs::machine::TransferEvent,
) -> Result<(), HResult> {
    let file = FileId(u32::try_from(file).expect("few files"));
    if let Some(transfer) = rig.attempts.get(&(job, file)).copied() {
        rig.input(Input::Transfer { transfer, event });
    }
    Ok(())
}

/// Takes all news that are out, and counts them.
fn take_news(rig: &mut Rig, news: &mut (usize, usize)) {
    while let Some((_, notice)) = rig.out.front() {
        match notice {
            Notice::JobTransferred { .. } => news.0 += 1,
            Notice::JobError { .. } => news.1 += 1,
            other => panic!("{other:?}"),
        }
        rig.return_callback(HResult::S_OK);
    }
}

proptest! {
    #[test]
    fn a_job_is_what_its_documentation_says(steps in prop::collection::vec(step(), 0..60)) {
        let mut rig = Rig::new();
        let job = rig.create("j");
        rig.listen(job, 3);
        let mut model = Model { mode: Mode::Still, files: Vec::new(), offline: false, news: (0, 0) };
        let mut news = (0, 0);
        for (index, step) in steps.iter().enumerate() {
            if matches!(step, Step::Add) && model.files.len() == FILES_MAX {
                continue;
            }
            let expected = model.take(*step);
            prop_assert_eq!(run(&mut rig, job, *step), expected, "answer to step {}: {:?}", index, step);
            prop_assert_eq!(rig.state(job), model.state(), "after step {}: {:?}", index, step);
            take_news(&mut rig, &mut news);
            prop_assert_eq!(news, model.news, "news after step {}", index);
        }
    }

    #[test]
    fn a_download_is_what_its_documentation_says(steps in prop::collection::vec(step(), 0..40)) {
        let mut rig = Rig::new();
        let id = rig.download_of("d");
        let token = rig.token();
        rig.set(id, DownloadProperty::CallbackInterface, Value::Interface(token)).expect("a callback");
        let mut model = Modern { word: "Created", reason: ' ', offline: false, moving: false };
        let mut told = (model.word, model.reason);
        for (index, step) in steps.iter().enumerate() {
            let expected = model.take(*step);
            prop_assert_eq!(run_modern(&mut rig, id, *step), expected, "answer to step {}: {:?}", index, step);
            prop_assert_eq!(shown(&mut rig, id), (model.word, model.reason), "after step {}: {:?}", index, step);
            while let Some((_, notice)) = rig.out.front() {
                let Notice::StatusChange { status, .. } = notice else { panic!("{notice:?}") };
                told = reason(swarmline_jobs::Numbered::label(status.state), status.error, status.extended_error);
                rig.return_callback(HResult::E_FAIL);
            }
            prop_assert_eq!(told, (model.word, model.reason), "what was told last, step {}", index);
        }
    }
}

/// A download as its documentation describes it. The reason is `!` for a failure, `~` for a condition or a retry.
struct Modern {
    word: &'static str,
    reason: char,
    offline: bool,
    moving: bool,
}

impl Modern {
    fn become_(&mut self, word: &'static str, reason: char) {
        (self.word, self.reason) = (word, reason);
        self.moving = word == "Transferring" && reason == ' ';
    }

    fn go(&mut self) {
        if self.offline { self.become_("Paused", '~') } else { self.become_("Transferring", ' ') }
    }

    /// `Resume` stands for Start, `Suspend` for Pause, `Complete` for Finalize, `Cancel` for Abort, `Add` for a change of
    /// the address.
    fn take(&mut self, step: Step) -> Result<(), HResult> {
        match (step, self.word, self.reason) {
            (Step::Add, "Created" | "Paused", _) => {}
            (Step::Add, ..) => return INVALID,
            (Step::Resume | Step::Suspend, "Finalized" | "Aborted", _) => return INVALID,
            (Step::Resume, "Created" | "Paused", _) => self.go(),
            (Step::Suspend, "Transferring", _) | (Step::Suspend, "Paused", '~') => {
                self.become_("Paused", ' ')
            }
            (Step::Complete, "Transferred" | "Finalized", _) => self.become_("Finalized", ' '),
            (Step::Complete, ..) | (Step::Cancel, "Finalized", _) => return INVALID,
            (Step::Cancel, ..) => self.become_("Aborted", ' '),
            (Step::Arrives(_), ..) if self.moving => self.become_("Transferred", ' '),
            (Step::Stumbles(_), ..) if self.moving => self.become_("Transferring", '~'),
            (Step::Fails(_), ..) if self.moving => self.become_("Paused", '!'),
            (Step::Wait, "Transferring", '~') => self.go(),
            (Step::Offline, word, _) => {
                self.offline = true;
                if word == "Transferring" {
                    self.become_("Paused", '~');
                }
            }
            (Step::Online, word, reason) => {
                self.offline = false;
                if (word, reason) == ("Paused", '~') {
                    self.go();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn run_modern(rig: &mut Rig, id: DownloadId, step: Step) -> Result<(), HResult> {
    let job = JobId(id.0);
    match step {
        Step::Add => rig.set(id, DownloadProperty::Uri, Value::Text("http://p/d".into())).map(drop),
        Step::Resume => rig.start(id).map(drop),
        Step::Suspend => rig.download(id, DownloadCall::Pause).map(drop),
        Step::Complete => rig.download(id, DownloadCall::Finalize).map(drop),
        Step::Cancel => rig.download(id, DownloadCall::Abort).map(drop),
        Step::Begins(_) => run(rig, job, Step::Begins(0)),
        Step::Arrives(_) => run(rig, job, Step::Arrives(0)),
        Step::Stumbles(_) => run(rig, job, Step::Stumbles(0)),
        Step::Fails(_) => run(rig, job, Step::Fails(0)),
        Step::Wait | Step::Offline | Step::Online => run(rig, job, step),
    }
}

fn shown(rig: &mut Rig, id: DownloadId) -> (&'static str, char) {
    let (state, error, extended) = rig.status(id);
    reason(state, error, extended)
}

fn reason(state: &'static str, error: HResult, extended: HResult) -> (&'static str, char) {
    let mark = match (state, error, extended) {
        (_, HResult::S_OK, HResult::S_OK) => ' ',
        ("Transferring", _, _) | (_, HResult::S_OK, _) => '~',
        _ => '!',
    };
    (state, mark)
}
