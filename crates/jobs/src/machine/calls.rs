//! What each method of a job, file or download does.

mod check;
mod download;
mod download_property;
mod file;
mod legacy;

use super::action::{Action, AskId, CallId};
use super::desk::Desk;
use super::input::Answered;
use super::job::{Busy, Job, Method, Stage, Waiting};
use super::notifier::Listener;
use crate::face::{Caller, ClientId, DownloadCall, FileCall, JobCall, Reply};
use crate::record::FileRecord;
use crate::words::{HResult, Token, Value};

pub(super) use check::name as check_name;

/// How a method went: an answer, or `None` when it will come later.
type Outcome = Result<Option<Reply>, HResult>;

const DONE: Outcome = Ok(Some(Reply::Done));

/// Bytes of texts and ranges in one job: 8 MiB. Its record is a few times larger at most.
const JOB_WEIGHT_MAX: usize = 8 << 20;

/// The same in all jobs: 1 GiB.
const WEIGHT_MAX: usize = 1 << 30;

/// The object that comes with a call, if one does.
pub(super) fn token_of(method: &Method) -> Option<Token> {
    match method {
        Method::Job(JobCall::SetNotifyInterface(callback)) => callback.map(|callback| callback.token),
        Method::Job(JobCall::SetProperty(_, Value::Interface(token)))
        | Method::File(_, FileCall::SetOptimizationProperty(_, Value::Interface(token)))
        | Method::Download(DownloadCall::SetProperty(_, Value::Interface(token))) => Some(*token),
        _ => None,
    }
}

impl Job {
    /// Takes a call that this caller may make: answers it, or lets it wait.
    pub(super) fn take_call(&mut self, desk: &mut Desk, call: Waiting) {
        if !self.is_busy() || call.method.only_reads() {
            self.carry_out(desk, call);
        } else if self.has_room(desk) {
            self.waiting.push_back(call);
        } else {
            self.refuse(desk, &call, HResult::E_OUTOFMEMORY);
        }
    }

    fn has_room(&self, desk: &Desk) -> bool {
        self.waiting.len() + self.starts.len() < desk.config.waiting_calls_max
    }

    fn refuse(&self, desk: &mut Desk, call: &Waiting, code: HResult) {
        refuse(desk, call.id, call.caller, token_of(&call.method), code);
    }

    fn carry_out(&mut self, desk: &mut Desk, call: Waiting) {
        let Waiting { id, caller, method } = call;
        let token = token_of(&method);
        let outcome = match (method, self.legacy().is_some()) {
            (Method::Job(call), true) => self.job_call(desk, id, caller, call),
            (Method::File(file, call), true) => self.file_call(desk, id, caller, file, call),
            (Method::Download(call), false) => self.download_call(desk, id, caller, call),
            _ => Err(HResult::DO_E_JOB_NOT_FOUND),
        };
        match outcome {
            Ok(Some(reply)) => desk.reply(id, Ok(reply)),
            Ok(None) => {}
            Err(code) => refuse(desk, id, caller, token, code),
        }
    }

    /// What was asked of the driver is over, and with it a call; those that waited for it follow.
    pub(super) fn on_answered(&mut self, desk: &mut Desk, ask: AskId, result: Result<Answered, HResult>) {
        match self.live.iter().position(|live| live.stage == Stage::Placing { ask }) {
            Some(file) => self.on_placed(desk, file, result.map(drop)),
            None => self.on_busy_answered(desk, ask, result),
        }
        while !self.is_busy()
            && let Some(call) = self.waiting.pop_front()
        {
            self.carry_out(desk, call);
        }
    }

    fn on_busy_answered(&mut self, desk: &mut Desk, ask: AskId, result: Result<Answered, HResult>) {
        match self.busy.take() {
            Some(Busy::Adding { ask: own, call, files }) if own == ask => {
                let reply = result.map(|_| Reply::File(self.append_files(desk, files)));
                desk.reply(call, reply);
            }
            Some(Busy::Pathing { ask: own, call, file, path }) if own == ask => {
                let reply = result.map(|_| self.set_path(desk, file, path)).map(|()| Reply::Done);
                desk.reply(call, reply);
            }
            Some(Busy::Creating { ask: own, call, ranges }) if own == ask => match result {
                Ok(answered) => {
                    self.kept.files[0].placeholder = answered == Answered::Done;
                    if let Some(reply) = self.start_accepted(desk, call, ranges) {
                        desk.reply(call, Ok(reply));
                    }
                }
                Err(code) => desk.reply(call, Err(code)),
            },
            Some(Busy::HandingOver { ask: own, call, file, user }) if own == ask => {
                self.on_handed_over(desk, (file, user), call, result.map(drop));
            }
            Some(Busy::Discarding { mut asks, call }) => {
                // What could not be removed stays; nothing more can be done about it.
                asks.remove(&ask);
                self.busy = Some(Busy::Discarding { asks, call });
                self.removed(desk);
            }
            other => self.busy = other,
        }
    }

    /// Whether its texts and ranges may grow by so much.
    fn admit(&self, desk: &Desk, more: usize) -> Result<(), HResult> {
        let fits = self.weight.saturating_add(more) <= JOB_WEIGHT_MAX
            && desk.weight.saturating_add(more) <= WEIGHT_MAX;
        if fits { Ok(()) } else { Err(HResult::E_OUTOFMEMORY) }
    }

    /// A call changed it: it is weighed, saved and told.
    fn accept(&mut self, desk: &mut Desk) -> Outcome {
        self.weigh(desk);
        self.changed_by_call(desk);
        DONE
    }

    pub(super) fn weigh(&mut self, desk: &mut Desk) {
        let weight = self.measure();
        desk.weight = desk.weight - self.weight + weight;
        self.weight = weight;
    }

    /// Another listener by the client's wish.
    fn set_listener(&mut self, desk: &mut Desk, listener: Option<Listener>) {
        let before = self.notifier.replace(listener, desk.now);
        desk.release(before);
    }

    /// A stream in place of another, or none.
    fn set_stream(&mut self, desk: &mut Desk, file: usize, stream: Option<(ClientId, Token)>) {
        let (record, live) = self.file_mut(file).expect("the caller found the file");
        record.stream = stream.is_some();
        if let Some((client, token)) = std::mem::replace(&mut live.stream, stream) {
            desk.order(Action::ReleaseToken { client, token });
        }
    }

    /// Whether a file can be fetched at all.
    fn check_startable(&self, file: usize) -> Result<(), HResult> {
        let record = &self.kept.files[file];
        if record.path.is_none() && self.live[file].stream.is_none() {
            return Err(HResult::DO_E_FILE_DOWNLOADSINK_UNSPECIFIED);
        }
        if record.options.decryption.is_some() {
            return Err(HResult::E_NOTIMPL);
        }
        if record.options.integrity_mandatory && record.options.integrity.is_none() {
            return Err(HResult::DO_E_INTEGRITYCHECKINFO_UNSPECIFIED);
        }
        Ok(())
    }
}

/// Answers a call with a failure, and gives back the object that came with it.
pub(super) fn refuse(desk: &mut Desk, id: CallId, caller: Caller, token: Option<Token>, code: HResult) {
    if let Some(token) = token {
        desk.order(Action::ReleaseToken { client: caller.client, token });
    }
    desk.reply(id, Err(code));
}

/// Reads a file's property of the kind that both faces have.
fn optional_text(text: Option<&String>) -> Result<Value, HResult> {
    text.cloned().map(Value::Text).ok_or(HResult::E_NOT_SET)
}

/// Reads a stream: its owner gets it back, others learn that it is set.
fn stream_value(stream: Option<(ClientId, Token)>, caller: Caller) -> Result<Value, HResult> {
    match stream {
        Some((client, token)) if client == caller.client => Ok(Value::Interface(token)),
        Some(_) => Ok(Value::Empty),
        None => Err(HResult::E_NOT_SET),
    }
}

/// The size that a client reads: the true one, else the one it gave.
fn size_value(record: &FileRecord) -> Result<Value, HResult> {
    record.size.or(record.size_given).map(Value::U64).ok_or(HResult::E_NOT_SET)
}
