//! The owner's side of a job session.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::message::{FromClient, FromOwner, lines_of};
use crate::lines::Lines;
use crate::outbox::Gone;

/// Most job sessions at one time: 64. One more is told so and closed.
pub const JOB_SESSIONS_MAX: usize = 64;
/// Most calls of one session that wait for their answer: 1024. A client that makes one more is closed.
pub const CALLS_MAX: usize = 1024;
/// Most messages that wait for one client: 65536. A client for which more wait does not read, and is closed.
pub const OUTBOX_MAX: usize = 1 << 16;

/// Messages of a client that wait for the owner. Beyond that the client's socket waits.
const INBOX_MAX: usize = 64;
/// Bytes that are written at once, if there are as many.
const BATCH_BYTES: usize = 64 << 10;
/// How long a client may leave a batch unread before it is let go.
const WRITE_PATIENCE: Duration = Duration::from_secs(60);

/// Text for a client that finds every place taken.
pub(crate) const SESSIONS_FULL: &str = "the running process already serves as many job sessions as it may";

/// Sessions as clients open them.
#[derive(Debug)]
pub struct JobSessions {
    incoming: mpsc::Receiver<JobSession>,
}

impl JobSessions {
    /// The next session; `None` when the server has ended. Safe to drop half-way.
    pub async fn next(&mut self) -> Option<JobSession> {
        self.incoming.recv().await
    }
}

/// A session that has just been opened.
#[derive(Debug)]
pub struct JobSession {
    /// The user id of the client's process, as the kernel knows it.
    pub user: u32,
    /// What the client says.
    pub receiver: JobReceiver,
    /// Where to answer. The session ends when every clone is dropped and the last message is written.
    pub sender: JobSender,
}

/// What the client of one session says.
#[derive(Debug)]
pub struct JobReceiver {
    said: mpsc::Receiver<FromClient>,
}

impl JobReceiver {
    /// The next message; `None` when the session has ended. Safe to drop half-way.
    pub async fn next(&mut self) -> Option<FromClient> {
        self.said.recv().await
    }
}

/// Where messages for the client of one session go.
#[derive(Clone, Debug)]
pub struct JobSender {
    outbox: mpsc::Sender<FromOwner>,
    /// Told when the client is let go because too much waits for it.
    overflow: Arc<Notify>,
}

impl JobSender {
    /// Puts a message on its way; never waits. Messages arrive in the order in which they are sent.
    ///
    /// # Errors
    /// When nobody will read it.
    pub fn send(&self, message: FromOwner) -> Result<(), Gone> {
        self.outbox.try_send(message).map_err(|error| {
            if matches!(error, mpsc::error::TrySendError::Full(_)) {
                self.overflow.notify_one();
            }
            Gone
        })
    }
}

/// Where the server hands sessions in.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    sessions: mpsc::Sender<JobSession>,
    places: Arc<Semaphore>,
}

impl Door {
    /// A place for one more session, as long as it is kept.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }
}

/// A door and what comes in by it.
pub(crate) fn door() -> (Door, JobSessions) {
    let (sessions, incoming) = mpsc::channel(JOB_SESSIONS_MAX);
    (Door { sessions, places: Arc::new(Semaphore::new(JOB_SESSIONS_MAX)) }, JobSessions { incoming })
}

/// Serves one session until the client leaves, or says what it may not, or the owner has said all.
pub(crate) async fn run(
    lines: Lines<OwnedReadHalf>,
    write: OwnedWriteHalf,
    user: u32,
    door: &Door,
    place: OwnedSemaphorePermit,
) {
    let (inbox, said) = mpsc::channel(INBOX_MAX);
    let (outbox, messages) = mpsc::channel(OUTBOX_MAX);
    let overflow = Arc::new(Notify::new());
    let sender = JobSender { outbox, overflow: Arc::clone(&overflow) };
    if sender.send(FromOwner::Welcome).is_err() {
        return;
    }
    let session = JobSession { user, receiver: JobReceiver { said }, sender };
    if door.sessions.send(session).await.is_ok() {
        Wire { lines, write, inbox, messages, overflow, waiting: BTreeSet::new() }.run().await;
    }
    drop(place);
}

/// The connection of one session.
struct Wire {
    lines: Lines<OwnedReadHalf>,
    write: OwnedWriteHalf,
    inbox: mpsc::Sender<FromClient>,
    messages: mpsc::Receiver<FromOwner>,
    overflow: Arc<Notify>,
    /// Calls that wait for their answer, at most [`CALLS_MAX`].
    waiting: BTreeSet<u64>,
}

/// What there is to do.
enum Turn {
    ToClient(FromOwner),
    Heard,
}

/// Why a session ends.
enum End {
    /// One side has said all, or is gone.
    Over,
    /// The client said what it may not.
    Fault(String),
}

impl Wire {
    async fn run(mut self) {
        let end = self.carry().await;
        // The owner is to know at once, however long the last word takes.
        let Self { mut write, inbox, .. } = self;
        drop(inbox);
        if let Err(End::Fault(reason)) = end {
            tracing::info!(reason, "a job session is closed");
            if let Ok(lines) = lines_of(FromOwner::Closed { reason }) {
                let _ = timeout(WRITE_PATIENCE, write.write_all(&lines.concat())).await;
            }
        }
    }

    async fn carry(&mut self) -> Result<(), End> {
        loop {
            match self.next().await? {
                Turn::ToClient(message) => self.pass_on(message).await?,
                Turn::Heard => {}
            }
        }
    }

    /// Hears the client, until there is something to tell it.
    async fn next(&mut self) -> Result<Turn, End> {
        tokio::select! {
            () = self.overflow.notified() => Err(unread()),
            message = self.messages.recv() => message.map(Turn::ToClient).ok_or(End::Over),
            heard = hear(&self.inbox, &mut self.lines) => {
                let (permit, line) = heard?;
                let said = parse(&line)?;
                admit(&mut self.waiting, &said)?;
                permit.send(said);
                Ok(Turn::Heard)
            }
        }
    }

    /// Writes a message, and those that wait behind it as far as they make one batch.
    async fn pass_on(&mut self, first: FromOwner) -> Result<(), End> {
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next.take() {
            if let FromOwner::Answer { id, .. } = &message {
                self.waiting.remove(id);
            }
            for line in lines_of(message).map_err(|_| End::Over)? {
                batch.extend(line);
                if batch.len() >= BATCH_BYTES {
                    self.deliver(&std::mem::take(&mut batch)).await?;
                }
            }
            next = self.messages.try_recv().ok();
        }
        self.deliver(&batch).await
    }

    async fn deliver(&mut self, bytes: &[u8]) -> Result<(), End> {
        tokio::select! {
            biased;
            () = self.overflow.notified() => Err(unread()),
            written = timeout(WRITE_PATIENCE, self.write.write_all(bytes)) => match written {
                Ok(Ok(())) => Ok(()),
                _ => Err(End::Over),
            }
        }
    }
}

/// The end of a client that does not read, so that nothing need be said.
fn unread() -> End {
    tracing::info!("a job session is closed: more than {OUTBOX_MAX} messages wait to be read");
    End::Over
}

/// The next line, once there is room for what it says. Safe to drop half-way.
async fn hear<'a>(
    inbox: &'a mpsc::Sender<FromClient>,
    lines: &mut Lines<OwnedReadHalf>,
) -> Result<(mpsc::Permit<'a, FromClient>, Vec<u8>), End> {
    let permit = inbox.reserve().await.map_err(|_| End::Over)?;
    match lines.next().await {
        Ok(Some(line)) => Ok((permit, line)),
        Ok(None) => Err(End::Over),
        Err(error) => Err(End::Fault(error.to_string())),
    }
}

fn parse(line: &[u8]) -> Result<FromClient, End> {
    serde_json::from_slice(line).map_err(|error| End::Fault(format!("not understood: {error}")))
}

/// Counts a call as waiting for its answer.
fn admit(waiting: &mut BTreeSet<u64>, said: &FromClient) -> Result<(), End> {
    let FromClient::Call { id, .. } = said else { return Ok(()) };
    if waiting.len() == CALLS_MAX {
        return Err(End::Fault(format!("more than {CALLS_MAX} calls wait for their answer")));
    }
    if !waiting.insert(*id) {
        return Err(End::Fault(format!("call {id} waits for its answer already")));
    }
    Ok(())
}
