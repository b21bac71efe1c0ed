//! Drives the job machine: carries out its orders at once, all of them with success, and keeps attempts at files for
//! whoever lets them succeed or fail.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use swarmline_jobs::machine::{
    Action, Answered, CallId, Config, Input, Jobs, Sink, Ticket, TransferEvent, TransferId,
};
use swarmline_jobs::{
    Call, Caller, ClientId, ClientObject, FileId, FileTime, Guid, HResult, Notice, Reply, Token,
};
use swarmline_types::MonoTime;

/// The one client there is, and it is not root.
const CALLER: Caller = Caller { user: 1000, client: ClientId(1) };

/// A callback to be made.
pub(crate) struct Due {
    pub(crate) token: Token,
    pub(crate) ticket: Ticket,
    pub(crate) notice: Notice,
}

/// An attempt at a file.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) id: TransferId,
    pub(crate) sink: Sink,
}

pub(crate) struct Driver {
    jobs: Jobs,
    now: MonoTime,
    made: u64,
    replies: BTreeMap<CallId, Result<Reply, HResult>>,
    objects: BTreeMap<Token, ClientObject>,
    given_back: Vec<ClientObject>,
    attempts: BTreeMap<(Guid, FileId), Attempt>,
    due: VecDeque<Due>,
}

impl Default for Driver {
    fn default() -> Self {
        Self {
            jobs: Jobs::new(Config::default(), [7; 32]),
            now: MonoTime::ZERO,
            made: 0,
            replies: BTreeMap::new(),
            objects: BTreeMap::new(),
            given_back: Vec::new(),
            attempts: BTreeMap::new(),
            due: VecDeque::new(),
        }
    }
}

impl Driver {
    fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    pub(crate) fn register(&mut self, object: ClientObject) -> Token {
        let token = Token(self.number());
        self.objects.insert(token, object);
        token
    }

    pub(crate) fn object(&self, token: Token) -> Option<ClientObject> {
        self.objects.get(&token).cloned()
    }

    pub(crate) fn objects(&self) -> usize {
        self.objects.len()
    }

    pub(crate) fn take_given_back(&mut self) -> Vec<ClientObject> {
        std::mem::take(&mut self.given_back)
    }

    pub(crate) fn take_reply(&mut self, call: CallId) -> Option<Result<Reply, HResult>> {
        self.replies.remove(&call)
    }

    pub(crate) fn next_due(&mut self) -> Option<Due> {
        self.due.pop_front()
    }

    pub(crate) fn attempt(&self, job: Guid, file: FileId) -> Option<Attempt> {
        self.attempts.get(&(job, file)).cloned()
    }

    pub(crate) fn call(&mut self, call: Call) -> CallId {
        let id = CallId(self.number());
        self.step(Input::Call { id, caller: CALLER, call });
        id
    }

    pub(crate) fn returned(&mut self, ticket: Ticket, result: HResult) {
        self.step(Input::CallbackReturned { ticket, result });
    }

    /// Lets time pass.
    pub(crate) fn later(&mut self, span: Duration) {
        self.now = self.now + span;
        self.step(Input::Timer);
    }

    /// Something happens to a file that is being fetched; the attempt ends with what ends it. `false` if it is not.
    pub(crate) fn transfer(&mut self, job: Guid, file: FileId, event: TransferEvent) -> bool {
        let Some(attempt) = self.attempt(job, file) else { return false };
        if matches!(event, TransferEvent::Arrived | TransferEvent::Failed(_)) {
            self.attempts.remove(&(job, file));
        }
        self.step(Input::Transfer { transfer: attempt.id, event });
        true
    }

    fn step(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let wall = FileTime::from_unix(Duration::from_secs(1_800_000_000));
            self.jobs.handle(input, self.now, wall);
            while let Some(action) = self.jobs.poll_action() {
                inputs.extend(self.carry_out(action));
            }
        }
    }

    fn carry_out(&mut self, action: Action) -> Option<Input> {
        let done = |ask| Some(Input::Answered { ask, result: Ok(Answered::Done) });
        match action {
            Action::Reply { call, result } => drop(self.replies.insert(call, result)),
            Action::Start { transfer, job, file, spec } => {
                self.attempts.insert((job.0, file), Attempt { id: transfer, sink: spec.sink });
            }
            Action::Stop { transfer } => self.attempts.retain(|_, attempt| attempt.id != transfer),
            Action::HandOver { ask, .. }
            | Action::CheckDestinations { ask, .. }
            | Action::CreateDestination { ask, .. }
            | Action::Discard { ask, .. } => return done(ask),
            Action::CallbackDue { token, ticket, notice, .. } => {
                self.due.push_back(Due { token, ticket, notice })
            }
            Action::ReleaseToken { token, .. } => self.given_back.extend(self.objects.remove(&token)),
            Action::Save { .. } | Action::Forget { .. } | Action::Reprioritise { .. } => {}
        }
        None
    }
}
