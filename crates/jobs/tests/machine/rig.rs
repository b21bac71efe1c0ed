//! A driver that does what the machine orders at once, or leaves it lying, and checks what must always hold.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use swarmline_jobs::machine::{
    Action, Answered, AskId, CallId, Config, Fault, Input, Jobs, Ticket, TransferId, TransferSpec,
};
use swarmline_jobs::{
    Call, Caller, ClientId, FileId, FileTime, HResult, JobId, NewFile, Notice, Numbered, Record, Reply, Token,
};
use swarmline_types::MonoTime;

pub(crate) const ALICE: Caller = Caller { user: 1000, client: ClientId(1) };
pub(crate) const BOB: Caller = Caller { user: 1001, client: ClientId(2) };
pub(crate) const ROOT: Caller = Caller { user: 0, client: ClientId(3) };

pub(crate) struct Rig {
    pub(crate) jobs: Jobs,
    pub(crate) now: MonoTime,
    pub(crate) wall: FileTime,
    calls: u64,
    tokens: u64,
    pub(crate) replies: BTreeMap<CallId, Result<Reply, HResult>>,
    /// Attempts that were started and not stopped, by file; they may have arrived or failed.
    pub(crate) attempts: BTreeMap<(JobId, FileId), TransferId>,
    pub(crate) specs: BTreeMap<TransferId, TransferSpec>,
    /// Orders left lying; empty while `prompt`.
    pub(crate) asked: VecDeque<AskId>,
    /// The driver answers what is asked at once, with success.
    pub(crate) prompt: bool,
    /// Callbacks that are out.
    pub(crate) out: VecDeque<(Ticket, Notice)>,
    pub(crate) records: BTreeMap<JobId, Record>,
    /// What was ordered since [`log`](Self::log) was last read.
    lines: Vec<String>,
    pub(crate) names: BTreeMap<JobId, String>,
    released: BTreeSet<Token>,
    given: BTreeSet<Token>,
    running_max: usize,
    tickets_out: BTreeMap<Ticket, (Token, JobId)>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self {
            running_max: config.running_files_max,
            jobs: Jobs::new(config, [7; 32]),
            now: MonoTime::ZERO,
            wall: FileTime::from_unix(Duration::from_secs(1_800_000_000)),
            calls: 0,
            tokens: 0,
            replies: BTreeMap::new(),
            attempts: BTreeMap::new(),
            specs: BTreeMap::new(),
            asked: VecDeque::new(),
            prompt: true,
            out: VecDeque::new(),
            records: BTreeMap::new(),
            lines: Vec::new(),
            names: BTreeMap::new(),
            released: BTreeSet::new(),
            given: BTreeSet::new(),
            tickets_out: BTreeMap::new(),
        }
    }

    /// What was ordered since the last time, one line each.
    pub(crate) fn log(&mut self) -> String {
        std::mem::take(&mut self.lines).join("\n")
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.jobs.handle(input, self.now, self.wall);
        let mut drained = Vec::new();
        while let Some(action) = self.jobs.poll_action() {
            drained.push(action);
        }
        check_order(&drained);
        let mut answers = Vec::new();
        for action in drained {
            self.carry_out(action, &mut answers);
        }
        assert!(self.jobs.running() <= self.running_max, "more files run than may");
        for ask in answers {
            self.input(Input::Answered { ask, result: Ok(Answered::Done) });
        }
    }

    fn ask(&mut self, ask: AskId, what: String, answers: &mut Vec<AskId>) {
        self.lines.push(what);
        if self.prompt {
            answers.push(ask);
        } else {
            self.asked.push_back(ask);
        }
    }

    fn carry_out(&mut self, action: Action, answers: &mut Vec<AskId>) {
        match action {
            Action::Save { job, record } => {
                let bytes = record.to_json();
                let read = Record::from_json(&bytes).expect("what is saved can be read");
                assert_eq!(read, *record);
                self.records.insert(job, read);
                self.lines.push(format!("save {}", self.name(job)));
            }
            Action::Forget { job } => {
                self.records.remove(&job);
                self.lines.push(format!("forget {}", self.name(job)));
            }
            Action::Reply { call, result } => {
                assert!(self.replies.insert(call, result.clone()).is_none(), "one reply per call");
                self.lines.push(match result {
                    Ok(_) => "reply".into(),
                    Err(code) => format!("refuse {}", code.name().unwrap_or("?")),
                });
            }
            Action::Start { transfer, job, file, spec } => {
                self.lines.push(format!("start {}/{} {:?}", self.name(job), file.0, spec.priority));
                self.attempts.insert((job, file), transfer);
                self.specs.insert(transfer, *spec);
            }
            Action::Stop { transfer } => {
                let (job, file) =
                    *self.attempts.iter().find(|(_, own)| **own == transfer).expect("it was started").0;
                self.attempts.remove(&(job, file));
                self.lines.push(format!("stop {}/{}", self.name(job), file.0));
            }
            Action::Reprioritise { priority, .. } => self.lines.push(format!("reprioritise {priority:?}")),
            Action::CheckDestinations { ask, paths, .. } => {
                self.ask(ask, format!("check {}", paths.join(" ")), answers);
            }
            Action::CreateDestination { ask, path, .. } => self.ask(ask, format!("create {path}"), answers),
            Action::HandOver { ask, path, user, .. } => {
                self.ask(ask, format!("hand over {path} to {user}"), answers);
            }
            Action::Discard { ask, job, file, placeholder, .. } => {
                let also = if placeholder { " and its destination" } else { "" };
                self.ask(ask, format!("discard {}/{}{also}", self.name(job), file.0), answers);
            }
            Action::CallbackDue { token, ticket, notice, .. } => {
                assert!(!self.released.contains(&token), "a token that was given back is called");
                let job = notice_job(&notice);
                let twice = self.tickets_out.values().any(|out| *out == (token, job));
                assert!(!twice, "one callback of a job at a time");
                self.tickets_out.insert(ticket, (token, job));
                self.lines.push(self.notice(&notice));
                self.out.push_back((ticket, notice));
            }
            Action::ReleaseToken { token, .. } => {
                assert!(self.given.contains(&token), "a token that nobody gave");
                assert!(self.released.insert(token), "a token is given back once");
                self.lines.push("release".into());
            }
        }
    }

    fn notice(&self, notice: &Notice) -> String {
        match notice {
            Notice::JobTransferred { job } => format!("tell {} transferred", self.name(*job)),
            Notice::JobError { job, error } => {
                format!("tell {} error {}", self.name(*job), error.code.name().unwrap_or("?"))
            }
            Notice::JobModification { job } => format!("tell {} modified", self.name(*job)),
            Notice::FileTransferred { job, file } => {
                format!("tell {}/{} transferred", self.name(*job), file.0)
            }
            Notice::StatusChange { download, status } => format!(
                "tell {} {} {} of {} {} {}",
                self.name(JobId(download.0)),
                status.state.label(),
                status.bytes_transferred,
                if status.bytes_total == u64::MAX { "?".into() } else { status.bytes_total.to_string() },
                status.error.name().unwrap_or("?"),
                status.extended_error.name().unwrap_or("?"),
            ),
        }
    }

    pub(crate) fn name(&self, job: JobId) -> String {
        self.names.get(&job).cloned().unwrap_or_else(|| "?".into())
    }

    /// Calls without waiting for the answer.
    pub(crate) fn begin_call(&mut self, caller: Caller, call: Call) -> CallId {
        self.calls += 1;
        let id = CallId(self.calls);
        self.input(Input::Call { id, caller, call });
        id
    }

    /// Calls; the answer has come when this returns.
    pub(crate) fn call(&mut self, caller: Caller, call: Call) -> Result<Reply, HResult> {
        let id = self.begin_call(caller, call);
        self.replies.get(&id).cloned().expect("answered at once")
    }

    pub(crate) fn token(&mut self) -> Token {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.given.insert(token);
        token
    }

    pub(crate) fn was_released(&self, token: Token) -> bool {
        self.released.contains(&token)
    }

    /// Lets time pass, waking the machine whenever it wants to be woken.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.jobs.poll_timeout().filter(|at| *at <= end) {
            self.move_to(at);
            self.input(Input::Timer);
        }
        self.move_to(end);
        self.input(Input::Timer);
    }

    fn move_to(&mut self, at: MonoTime) {
        self.wall = self.wall.after(at.since(self.now));
        self.now = at;
    }

    /// Answers the oldest order that was left lying.
    pub(crate) fn answer(&mut self, result: Result<Answered, HResult>) {
        let ask = self.asked.pop_front().expect("something was asked");
        self.input(Input::Answered { ask, result });
    }

    /// Answers the oldest callback.
    pub(crate) fn return_callback(&mut self, result: HResult) {
        let (ticket, _) = self.out.pop_front().expect("a callback is out");
        self.tickets_out.remove(&ticket);
        self.input(Input::CallbackReturned { ticket, result });
    }

    /// The driver forgets a callback that came back or whose client is gone.
    pub(crate) fn forget_ticket(&mut self, ticket: Ticket) {
        self.tickets_out.remove(&ticket);
    }

    /// A client is gone with all that it had.
    pub(crate) fn forget_client(&mut self, _: ClientId) {
        self.tickets_out.clear();
    }

    /// Calls without a reply.
    pub(crate) fn unanswered(&self) -> usize {
        usize::try_from(self.calls).expect("few calls") - self.replies.len()
    }

    /// The process dies, and another one reads what it saved.
    pub(crate) fn restart(self, config: Config) -> Self {
        let mut next = Self::with(config);
        next.wall = self.wall;
        next.names = self.names;
        next.calls = self.calls;
        next.replies = self.replies;
        next.tokens = self.tokens;
        next.records = self.records.clone();
        next.input(Input::Restored { records: self.records.into_values().collect() });
        next
    }
}

/// The job that a notice is about.
fn notice_job(notice: &Notice) -> JobId {
    match notice {
        Notice::JobTransferred { job }
        | Notice::JobError { job, .. }
        | Notice::JobModification { job }
        | Notice::FileTransferred { job, .. } => *job,
        Notice::StatusChange { download, .. } => JobId(download.0),
    }
}

/// In one drain no record follows a reply: what is answered is saved.
fn check_order(drained: &[Action]) {
    let first_reply = drained.iter().position(|action| matches!(action, Action::Reply { .. }));
    let last_save = drained.iter().rposition(|action| matches!(action, Action::Save { .. }));
    if let (Some(reply), Some(save)) = (first_reply, last_save) {
        assert!(save < reply, "a record is written after a reply: {drained:?}");
    }
}

/// `http://o/NAME` to `/d/NAME`, under the id NAME.
pub(crate) fn new_file(name: &str) -> NewFile {
    NewFile {
        id: Some(name.into()),
        url: Some(format!("http://o/{name}")),
        path: Some(format!("/d/{name}")),
        ..NewFile::default()
    }
}

/// Only what was told since the log was last read.
pub(crate) fn told(rig: &mut Rig) -> String {
    rig.log().lines().filter(|line| line.starts_with("tell")).collect::<Vec<_>>().join("\n")
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A failure that passes, and one that does not.
pub(crate) const PASSING: Fault = Fault::Timeout;
pub(crate) const LASTING: Fault = Fault::Http { status: 404 };
