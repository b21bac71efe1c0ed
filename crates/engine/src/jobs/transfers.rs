//! Files on their way: carries out what the machine orders about transfers, and tells it what becomes of them.
//!
//! What is done with one file is done one after another, in the order in which it was ordered: its [`Slot`] is taken by
//! one task at a time. Attempts and everything else run as tasks of their own; none holds up the host.

mod attempt;
mod hand_over;
mod request;
mod stream;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use swarmline_jobs::machine::{Action, Answered, AskId, TransferEvent, TransferId};
use swarmline_jobs::{ClientId, FileId, HResult, JobId, Token};
use swarmline_types::Priority;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::destinations;
use super::records::Records;
use crate::download::Control;
use crate::engine::Engine;
use attempt::Attempt;

/// What a task has to say.
pub(super) enum Outcome {
    /// For the machine.
    Transfer { transfer: TransferId, event: TransferEvent },
    /// For the machine.
    Answered { ask: AskId, result: Result<Answered, HResult> },
    /// For a client's stream.
    Write { client: ClientId, token: Token, bytes: Vec<u8>, done: oneshot::Sender<HResult> },
}

/// Outcomes that wait for the host. Beyond that tasks wait.
const OUTCOMES_MAX: usize = 256;
/// Files that have arrived and whose download is kept in hand until they get their name. Others are taken up anew then.
const HELD_MAX: usize = 1024;
/// Slots from which on those are looked for that nobody needs.
const SLOTS_PRUNED_FROM: usize = 1024;

/// See the module.
pub(super) struct Transfers {
    tools: Tools,
    /// Attempts under way: at most as many as the machine lets run.
    under_way: BTreeMap<TransferId, UnderWay>,
    /// At most one per file of a job that runs or has arrived.
    slots: BTreeMap<(JobId, FileId), Arc<Slot>>,
    prune_at: usize,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// How an attempt is told something.
struct UnderWay {
    cancel: CancellationToken,
    priority: watch::Sender<Priority>,
}

/// What tasks need.
#[derive(Clone)]
pub(super) struct Tools {
    engine: Engine,
    records: Records,
    outcomes: mpsc::Sender<Outcome>,
    held: Arc<Semaphore>,
}

/// A file: whoever does something with it takes it first.
#[derive(Default)]
pub(super) struct Slot {
    turn: Mutex<Option<Held>>,
    /// Held by whoever writes to the file's stream. An attempt that is stopped does not wait for a write that is under
    /// way; the one that follows does.
    taken: Arc<Mutex<Taken>>,
}

/// What a stream has been given. The machine may not have heard of the last of it.
#[derive(Default)]
struct Taken {
    stream: Option<(ClientId, Token)>,
    bytes: u64,
}

/// A file that has arrived. Dropping it lets the download go; what is here stays.
struct Held {
    control: Control,
    _keeper: DropGuard,
}

impl Tools {
    /// Says something to the machine. It hears nothing any more when it has ended.
    async fn tell(&self, transfer: TransferId, event: TransferEvent) {
        let _ = self.outcomes.send(Outcome::Transfer { transfer, event }).await;
    }

    async fn answer(&self, ask: AskId, result: Result<Answered, HResult>) {
        let _ = self.outcomes.send(Outcome::Answered { ask, result }).await;
    }

    /// Where the bytes of a stream stand until it has taken them.
    fn stream_place(&self, job: JobId, file: FileId) -> PathBuf {
        streams(self.engine.state_dir()).join(format!("{}-{}", job.0, file.0))
    }
}

/// Where files stand that go to streams.
fn streams(state_dir: &Path) -> PathBuf {
    state_dir.join("streams")
}

/// Makes room for files that go to streams, and removes those of the process before: its streams are gone. Blocking.
pub(super) fn clear_streams(state_dir: &Path) -> std::io::Result<()> {
    let dir = streams(state_dir);
    match std::fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::create_dir(dir)
}

impl Transfers {
    pub(super) fn new(engine: Engine, records: Records) -> (Self, mpsc::Receiver<Outcome>) {
        let (outcomes, receiver) = mpsc::channel(OUTCOMES_MAX);
        let tools = Tools { engine, records, outcomes, held: Arc::new(Semaphore::new(HELD_MAX)) };
        let transfers = Self {
            tools,
            under_way: BTreeMap::new(),
            slots: BTreeMap::new(),
            prune_at: SLOTS_PRUNED_FROM,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        (transfers, receiver)
    }

    /// Carries out an order about files. All others are not its business.
    pub(super) fn carry_out(&mut self, order: Action) {
        let tools = self.tools.clone();
        match order {
            Action::Start { transfer, job, file, spec } => {
                let slot = self.slot(job, file);
                let (cancel, priority) = (self.stop.child_token(), watch::Sender::new(spec.priority));
                let attempt = Attempt {
                    tools,
                    transfer,
                    job,
                    file,
                    spec: *spec,
                    cancel: cancel.clone(),
                    priority: priority.subscribe(),
                    kept: None,
                };
                self.under_way.insert(transfer, UnderWay { cancel, priority });
                self.tasks.spawn(attempt.run(slot));
            }
            Action::Stop { transfer } => {
                if let Some(attempt) = self.under_way.remove(&transfer) {
                    attempt.cancel.cancel();
                }
            }
            Action::Reprioritise { transfer, priority } => {
                if let Some(attempt) = self.under_way.get(&transfer) {
                    attempt.priority.send_replace(priority);
                }
            }
            Action::CheckDestinations { ask, paths, .. } => {
                self.ask(ask, move || destinations::check(&paths))
            }
            Action::CreateDestination { ask, path, .. } => self.ask(ask, move || destinations::create(&path)),
            Action::HandOver { ask, job, file, path, .. } => {
                let slot = self.slot(job, file);
                let stop = self.stop.clone();
                self.tasks.spawn(async move {
                    tokio::select! {
                        result = hand_over::hand_over(&tools, slot, (job, file), &path) => {
                            tools.answer(ask, result).await;
                        }
                        () = stop.cancelled() => {}
                    }
                });
            }
            Action::Discard { ask, job, file, path, placeholder } => {
                let slot = self.slot(job, file);
                self.tasks.spawn(async move {
                    let result = hand_over::discard(&tools, slot, (job, file), path, placeholder).await;
                    tools.answer(ask, result).await;
                });
            }
            Action::Save { .. }
            | Action::Forget { .. }
            | Action::Reply { .. }
            | Action::CallbackDue { .. }
            | Action::ReleaseToken { .. } => {}
        }
    }

    /// An attempt has told its end.
    pub(super) fn ended(&mut self, transfer: TransferId) {
        self.under_way.remove(&transfer);
    }

    /// Stops everything and waits until it has. What is here stays.
    pub(super) async fn stop_all(&mut self) {
        self.stop.cancel();
        self.under_way.clear();
        self.slots.clear();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn ask(&self, ask: AskId, work: impl FnOnce() -> Result<Answered, HResult> + Send + 'static) {
        let tools = self.tools.clone();
        self.tasks.spawn(async move {
            let result = tokio::task::spawn_blocking(work).await;
            tools.answer(ask, result.unwrap_or(Err(HResult::DO_E_FATAL_CORE_ERROR))).await;
        });
    }

    fn slot(&mut self, job: JobId, file: FileId) -> Arc<Slot> {
        if self.slots.len() >= self.prune_at {
            self.slots.retain(|_, slot| {
                let is_held = || slot.turn.try_lock().is_ok_and(|held| held.is_some());
                let has_given = || !slot.taken.try_lock().is_ok_and(|taken| taken.stream.is_none());
                Arc::strong_count(slot) > 1 || is_held() || has_given()
            });
            self.prune_at = SLOTS_PRUNED_FROM.max(2 * self.slots.len());
        }
        Arc::clone(self.slots.entry((job, file)).or_default())
    }
}
