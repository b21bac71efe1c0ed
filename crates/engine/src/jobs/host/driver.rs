//! Feeds the machine and carries its orders out. One task, the only one that touches the machine.
//!
//! It never waits for a disk, a transfer or a client: those answer by message.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use swarmline_ipc::jobs::FromClient;
use swarmline_jobs::machine::{Action, Config, Input, Jobs, TransferEvent};
use swarmline_jobs::record::Record;
use swarmline_jobs::{Caller, FileTime, HResult, JobId};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::super::commit::{Commit, Failures};
use super::super::door::{Heard, What};
use super::super::fault::code_of;
use super::super::records::{Change, Records};
use super::super::transfers::{Outcome, Transfers};
use super::clients::Clients;
use super::clock::JobClock;
use crate::engine::Engine;

/// Pause before changes are written again that could not be.
const RETRY: Duration = Duration::from_secs(1);
/// How long the last changes may take when the host ends.
const LAST_CHANGES_MAX: Duration = Duration::from_secs(5);

/// See the module.
pub(super) struct Driver {
    machine: Jobs,
    clock: JobClock,
    records: Records,
    commit: Commit<io::Error>,
    clients: Clients,
    transfers: Transfers,
    /// What is to be told the machine of orders that were carried out at once.
    inputs: VecDeque<Input>,
    outcomes: mpsc::Receiver<Outcome>,
    written: mpsc::Receiver<Written>,
    write: mpsc::Sender<Written>,
    /// When changes that could not be written are tried again.
    retry_at: Option<Instant>,
}

/// Changes that were written, and those of them that were not.
struct Written {
    changes: BTreeMap<JobId, Change>,
    failures: BTreeMap<JobId, io::Error>,
}

/// What happened.
enum Event {
    Heard(Heard),
    Outcome(Outcome),
    Written(Written),
    Timer,
    Retry,
    Stop,
}

impl Driver {
    /// The driver of a machine that has taken up these records.
    pub(super) fn new(
        engine: Engine,
        (config, seed): (Config, [u8; 32]),
        clock: JobClock,
        records: Records,
        loaded: Vec<Record>,
    ) -> Self {
        let (transfers, outcomes) = Transfers::new(engine, records.clone());
        // One write at a time.
        let (write, written) = mpsc::channel(1);
        Self {
            machine: Jobs::new(config, seed),
            clock,
            records,
            commit: Commit::default(),
            clients: Clients::default(),
            transfers,
            inputs: VecDeque::from([Input::Restored { records: loaded }]),
            outcomes,
            written,
            write,
            retry_at: None,
        }
    }

    pub(super) async fn run(
        mut self,
        mut sessions: mpsc::Receiver<Heard>,
        mut locals: mpsc::UnboundedReceiver<Heard>,
        stop: CancellationToken,
    ) {
        loop {
            self.settle();
            let timer = self.machine.poll_timeout();
            let event = tokio::select! {
                Some(heard) = sessions.recv() => Event::Heard(heard),
                Some(heard) = locals.recv() => Event::Heard(heard),
                Some(outcome) = self.outcomes.recv() => Event::Outcome(outcome),
                Some(written) = self.written.recv() => Event::Written(written),
                () = self.clock.until(timer) => Event::Timer,
                () = sleep_until(self.retry_at) => Event::Retry,
                () = stop.cancelled() => Event::Stop,
            };
            match event {
                Event::Heard(heard) => self.hear(heard),
                Event::Outcome(outcome) => self.note(outcome),
                Event::Written(written) => self.written(written),
                Event::Timer => self.inputs.push_back(Input::Timer),
                Event::Retry => {
                    self.retry_at = None;
                    self.commit.retry();
                }
                Event::Stop => break,
            }
        }
        // Nobody is there any more who could ask or be told.
        sessions.close();
        locals.close();
        let _ = tokio::time::timeout(LAST_CHANGES_MAX, self.finish()).await;
    }

    /// Lets transfers stop and writes what is still to be written.
    async fn finish(&mut self) {
        self.outcomes.close();
        self.transfers.stop_all().await;
        self.commit.retry();
        loop {
            self.settle();
            if self.commit.is_idle() {
                return;
            }
            let Some(written) = self.written.recv().await else { return };
            self.written(written);
        }
    }

    /// Brings machine and orders to rest.
    fn settle(&mut self) {
        loop {
            while let Some(input) = self.inputs.pop_front() {
                self.machine.handle(input, self.clock.now(), wall_time());
                while let Some(action) = self.machine.poll_action() {
                    self.commit.push(action);
                }
            }
            while let Some((action, failures)) = self.commit.next_ready() {
                self.carry_out(action, &failures);
            }
            if let Some(changes) = self.commit.next_changes() {
                self.begin_write(changes);
            }
            if self.inputs.is_empty() {
                return;
            }
        }
    }

    fn begin_write(&self, changes: BTreeMap<JobId, Change>) {
        let (records, write) = (self.records.clone(), self.write.clone());
        tokio::task::spawn_blocking(move || {
            let failures = records.change(&changes);
            // There is room: the next write begins when this one was heard of.
            let _ = write.try_send(Written { changes, failures });
        });
    }

    fn written(&mut self, written: Written) {
        let Written { changes, failures } = written;
        if let Some((job, error)) = failures.first_key_value() {
            warn!(%job, %error, failed = failures.len(), "records of jobs could not be written");
        }
        self.commit.written(changes, failures);
        if self.commit.has_failed() {
            self.retry_at.get_or_insert_with(|| Instant::now() + RETRY);
        }
    }

    fn hear(&mut self, heard: Heard) {
        let Heard { client, what } = heard;
        match what {
            What::Opened { user, outlet } => self.clients.open(client, user, outlet),
            What::Gone => {
                self.clients.close(client);
                self.inputs.push_back(Input::ClientGone { client });
            }
            What::Said(FromClient::Call { id, call }) => {
                let Some(user) = self.clients.user(client) else { return };
                let name = self.clients.begin_call(client, id, &call);
                self.inputs.push_back(Input::Call { id: name, caller: Caller { user, client }, call });
            }
            What::Said(FromClient::Returned { ticket, code }) => {
                if let Some(ticket) = self.clients.returned(client, ticket, code) {
                    self.inputs.push_back(Input::CallbackReturned { ticket, result: code });
                }
            }
        }
    }

    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Transfer { transfer, event } => {
                if matches!(event, TransferEvent::Arrived | TransferEvent::Failed(_)) {
                    self.transfers.ended(transfer);
                }
                self.inputs.push_back(Input::Transfer { transfer, event });
            }
            Outcome::Answered { ask, result } => self.inputs.push_back(Input::Answered { ask, result }),
            Outcome::Write { client, token, bytes, done } => self.clients.write(client, token, bytes, done),
        }
    }

    fn carry_out(&mut self, action: Action, failures: &Failures<io::Error>) {
        match action {
            Action::Reply { call, result } => {
                let unsaved = |job| failures.as_ref()?.get(&job).map(code_of);
                self.clients.answer(call, result, unsaved);
            }
            Action::CallbackDue { client, token, ticket, notice } => {
                if self.clients.call_back(client, token, ticket, notice).is_err() {
                    let result = HResult::RPC_E_DISCONNECTED;
                    self.inputs.push_back(Input::CallbackReturned { ticket, result });
                }
            }
            Action::ReleaseToken { client, token } => self.clients.release(client, token),
            // Kept back until they are on disk, and done with there.
            Action::Save { .. } | Action::Forget { .. } => {}
            order => self.transfers.carry_out(order),
        }
    }
}

/// The time as people know it.
fn wall_time() -> FileTime {
    FileTime::from_unix(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Never, without a time.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
