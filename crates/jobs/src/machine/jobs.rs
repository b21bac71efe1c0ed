//! All jobs of one state directory: takes in facts, gives out orders, and knows who may do what.

mod manage;
mod restore;

use std::collections::{BTreeMap, VecDeque};

use rand::SeedableRng;
use rand_pcg::Pcg64;
use swarmline_types::MonoTime;

use super::action::{Action, AskId, CallId, Ticket};
use super::calls::{refuse, token_of};
use super::config::Config;
use super::desk::Desk;
use super::input::{Answered, Input, TransferEvent};
use super::job::{Job, Method, Save, Waiting};
use super::table::{Event, after};
use super::timers::Due;
use super::{Conditions, TransferId};
use crate::face::{Call, Caller, ClientId, JobId};
use crate::words::{FileTime, HResult, Phase};

/// The user who may do everything.
const ROOT: u32 = 0;

/// A job that was created while the clock stood before this point (2020) tells no age: the clock was not set.
const CLOCK_PLAUSIBLE: FileTime = FileTime::from_ticks(132_223_104_000_000_000);

/// All jobs and downloads of one state directory.
///
/// Drive it in one order, always: [`handle`](Self::handle) one input, then [`poll_action`](Self::poll_action) until
/// `None`, then wait until [`poll_timeout`](Self::poll_timeout) (then [`Input::Timer`]) or the next input.
#[derive(Debug)]
pub struct Jobs {
    desk: Desk,
    rng: Pcg64,
    /// Bounded by the configuration: those that are not over, and the final ones that are kept.
    jobs: BTreeMap<JobId, Job>,
    /// The jobs that are not over, in the order of their creation.
    order: BTreeMap<u64, JobId>,
    last_order: u64,
    /// How many of them each user has.
    users: BTreeMap<u32, usize>,
    /// Jobs that are over, the oldest first; bounded by the configuration.
    finals: VecDeque<JobId>,
}

impl Jobs {
    /// No jobs yet. The seed names those that come; two runs of one seed give the same names.
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        Self {
            desk: Desk::new(config.in_range()),
            rng: Pcg64::from_seed(seed),
            jobs: BTreeMap::new(),
            order: BTreeMap::new(),
            last_order: 0,
            users: BTreeMap::new(),
            finals: VecDeque::new(),
        }
    }

    /// Takes in one fact. Never fails: a fact that came too late is ignored. `wall` is only shown and used for ages.
    pub fn handle(&mut self, input: Input, now: MonoTime, wall: FileTime) {
        self.desk.now = now;
        self.desk.wall = wall;
        if !self.desk.timers.is_set(Due::Ages) {
            let next = now + self.desk.config.retention_check;
            self.desk.timers.set(Due::Ages, Some(next));
        }
        match input {
            Input::Call { id, caller, call } => self.on_call(id, caller, call),
            Input::Transfer { transfer, event } => self.on_transfer(transfer, event),
            Input::Answered { ask, result } => self.on_answered(ask, result),
            Input::Conditions(conditions) => self.on_conditions(conditions),
            Input::CallbackReturned { ticket, result } => self.on_callback_returned(ticket, result),
            Input::ClientGone { client } => self.on_client_gone(client),
            Input::Restored { records } => self.restore(records),
            Input::Timer => {}
        }
        self.on_due();
        self.fill_places();
        self.flush();
    }

    /// Next order; `None` means drained.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.desk.actions.pop_front()
    }

    /// When to come back with [`Input::Timer`] if nothing happens first.
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        self.desk.timers.next()
    }

    /// Jobs and downloads that are not over.
    pub fn count(&self) -> usize {
        self.order.len()
    }

    /// Files that are being fetched.
    pub fn running(&self) -> usize {
        self.desk.slots.running()
    }

    fn on_call(&mut self, id: CallId, caller: Caller, call: Call) {
        let (job, method, unknown) = match call {
            Call::Job { job, call } => (job, Method::Job(call), HResult::DO_E_JOB_NOT_FOUND),
            Call::File { job, file, call } => (job, Method::File(file, call), HResult::DO_E_JOB_NOT_FOUND),
            Call::Download { download, call } => {
                (JobId(download.0), Method::Download(call), HResult::E_NOT_SET)
            }
            other => {
                let result = self.manage(caller, other);
                return self.desk.reply(id, result);
            }
        };
        let legacy = !matches!(method, Method::Download(_));
        let found = self.jobs.get_mut(&job).filter(|job| job.legacy().is_some() == legacy);
        match found {
            Some(job) if may(caller, job.kept.user) => {
                job.take_call(&mut self.desk, Waiting { id, caller, method })
            }
            found => {
                let code = if found.is_some() { HResult::E_ACCESSDENIED } else { unknown };
                refuse(&mut self.desk, id, caller, token_of(&method), code);
            }
        }
    }

    fn on_transfer(&mut self, transfer: TransferId, event: TransferEvent) {
        let Some(route) = self.desk.transfers.get(&transfer).copied() else { return };
        if let Some(job) = self.jobs.get_mut(&route.job) {
            job.on_transfer(&mut self.desk, route.file, transfer, event);
        }
    }

    fn on_answered(&mut self, ask: AskId, result: Result<Answered, HResult>) {
        let Some(job) = self.desk.asks.remove(&ask) else { return };
        if let Some(job) = self.jobs.get_mut(&job) {
            job.on_answered(&mut self.desk, ask, result);
        }
    }

    /// A change of conditions is also a reason to try again at once.
    fn on_conditions(&mut self, conditions: Conditions) {
        if std::mem::replace(&mut self.desk.conditions, conditions) == conditions {
            return;
        }
        for job in self.jobs.values_mut() {
            job.judge_conditions(&mut self.desk);
            if job.phase() == Phase::Retrying {
                job.go_on(&mut self.desk);
            }
        }
    }

    fn on_callback_returned(&mut self, ticket: Ticket, result: HResult) {
        let Some(id) = self.desk.tickets.remove(&ticket) else { return };
        if let Some(job) = self.jobs.get_mut(&id) {
            let gone = job.notifier.returned(ticket, result, self.desk.now, &self.desk.config);
            self.desk.release(gone);
            self.desk.touched.insert(id);
        }
    }

    fn on_client_gone(&mut self, client: ClientId) {
        for job in self.jobs.values_mut() {
            job.on_client_gone(&mut self.desk, client);
        }
    }

    fn on_due(&mut self) {
        while let Some(due) = self.desk.timers.pop(self.desk.now) {
            match due {
                Due::Ages => self.on_ages(),
                Due::Save(id) | Due::Retry(id) | Due::NoProgress(id) | Due::Notify(id) => {
                    let Some(job) = self.jobs.get_mut(&id) else { continue };
                    self.desk.touched.insert(id);
                    match due {
                        Due::Save(_) => job.save_at_least(Save::Now),
                        Due::Retry(_) => job.on_retry(&mut self.desk),
                        Due::NoProgress(_) => job.on_no_progress(&mut self.desk),
                        Due::Notify(_) | Due::Ages => {}
                    }
                }
            }
        }
    }

    fn on_ages(&mut self) {
        let next = self.desk.now + self.desk.config.retention_check;
        self.desk.timers.set(Due::Ages, Some(next));
        for id in self.order.values() {
            let Some(job) = self.jobs.get_mut(id) else { continue };
            let since = if job.phase() == Phase::Arrived { job.kept.arrived } else { job.kept.created };
            let old = since > CLOCK_PLAUSIBLE && self.desk.wall.since(since) >= self.desk.config.retention;
            if old && !job.is_busy() && after(Event::Ages, job.phase()).is_some() {
                job.age(&mut self.desk);
            }
        }
    }

    /// Starts files while there are places.
    fn fill_places(&mut self) {
        while let Some(id) = self.desk.slots.next() {
            if let Some(job) = self.jobs.get_mut(&id) {
                job.start_next(&mut self.desk);
            }
        }
    }

    /// Records first, then what was ordered, then what the client is told of it.
    fn flush(&mut self) {
        let touched = std::mem::take(&mut self.desk.touched);
        for id in &touched {
            let Some(job) = self.jobs.get_mut(id) else { continue };
            let save = job.take_save(&mut self.desk);
            self.desk.actions.extend(save);
            if job.save == Save::Soon && !job.over && !self.desk.timers.is_set(Due::Save(*id)) {
                let at = self.desk.now + self.desk.config.save_interval;
                self.desk.timers.set(Due::Save(*id), Some(at));
            }
            job.arm(&mut self.desk);
            if job.over && self.order.get(&job.kept.order) == Some(id) {
                self.retire(*id);
            }
        }
        let orders = std::mem::take(&mut self.desk.orders);
        self.desk.actions.extend(orders);
        for id in touched {
            if let Some(job) = self.jobs.get_mut(&id) {
                job.tell(&mut self.desk);
            }
        }
    }

    /// A job is over: it counts no longer, and stays only for whoever still holds it.
    fn retire(&mut self, id: JobId) {
        let Some(job) = self.jobs.get(&id) else { return };
        self.order.remove(&job.kept.order);
        if let Some(count) = self.users.get_mut(&job.kept.user) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.users.remove(&job.kept.user);
            }
        }
        self.finals.push_back(id);
        if self.finals.len() > self.desk.config.final_jobs_kept
            && let Some(oldest) = self.finals.pop_front()
        {
            self.evict(oldest);
        }
    }

    fn evict(&mut self, id: JobId) {
        let Some(mut job) = self.jobs.remove(&id) else { return };
        let listener = job.notifier.lose();
        self.desk.release(listener);
        self.desk.timers.forget(id);
        self.desk.weight -= job.weight;
        self.desk.tickets.retain(|_, owner| *owner != id);
    }
}

/// Whether this caller may touch what belongs to that user.
fn may(caller: Caller, user: u32) -> bool {
    caller.user == user || caller.user == ROOT
}
