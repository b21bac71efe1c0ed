//! The client's side of the job API: calls go to whoever has the state directory, callbacks come back.
//!
//! A [`JobClient`] answers for both faces. Behind it is the engine of this process, or a socket: nothing but the way that
//! messages take differs. Each client has an identity of its own; its callbacks and streams end with it.
//!
//! When the owner of the state directory ends, a client that is attached to it comes to its end, too: every call gives
//! `DO_E_NO_SERVICE`, and no callback comes any more. It does not look for another owner by itself, since it could not
//! bring its callbacks along unseen: [open](open_service) again, find the jobs by their ids, register again. Whether a
//! call was accepted that was under way then is not known; ask for its effect.

mod calls;
mod executor;
mod objects;

mod open;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use swarmline_ipc::jobs::{FromClient, FromOwner, JobReader, JobSendError, JobWriter};
use swarmline_jobs::{
    Call, ClientObject, Guid, HResult, JobService, Notice, Reply, StreamSink, Token, deliver,
};

use super::door::LocalDoor;
use calls::Calls;
use executor::{Executor, Lane, Threads};
use objects::Objects;

pub use objects::OBJECTS_MAX;
pub use open::{OpenServiceError, open_service, open_service_with};

/// A client of the job API. Cheap to clone; when the last clone is dropped the client is gone, and with it its callbacks
/// and streams; its jobs stay. An object that was registered and holds a handle of a job keeps its client.
#[derive(Clone)]
pub struct JobClient {
    core: Arc<Core>,
}

struct Core {
    calls: Calls,
    objects: Objects,
    executor: Executor,
    link: Link,
    /// Whatever has to end with the client, last.
    behind: Mutex<Option<Behind>>,
}

/// What ends when it is dropped.
type Behind = Box<dyn Send + Sync>;

/// The way to the owner.
enum Link {
    Local(LocalDoor),
    Attached(Mutex<JobWriter>),
}

impl JobClient {
    /// A client of a host in this process. `behind` is dropped when the client is gone.
    pub(super) fn local(door: LocalDoor, behind: Option<Behind>) -> Self {
        let client = Self::new(Link::Local(door), behind);
        let user = rustix::process::geteuid().as_raw();
        if let Link::Local(door) = &client.core.link
            && door.open(user, Ear(Arc::downgrade(&client.core))).is_err()
        {
            client.core.close();
        }
        client
    }

    /// A client of the process at the other end of a session.
    pub fn attached(writer: JobWriter, reader: JobReader) -> std::io::Result<Self> {
        let client = Self::new(Link::Attached(Mutex::new(writer)), None);
        let core = Arc::downgrade(&client.core);
        std::thread::Builder::new().name("swarmline-jobs".into()).spawn(move || listen(reader, &core))?;
        Ok(client)
    }

    fn new(link: Link, behind: Option<Behind>) -> Self {
        let (calls, objects) = (Calls::default(), Objects::default());
        let executor = Executor::new(Threads::default());
        Self { core: Arc::new(Core { calls, objects, executor, link, behind: Mutex::new(behind) }) }
    }

    /// Whether nobody answers any more.
    pub fn is_closed(&self) -> bool {
        self.core.calls.is_closed()
    }

    /// Ends the client because the process ends, whoever still has clones of it.
    ///
    /// From now on no code of the program is called, not even to let go of the objects that it registered: what they are
    /// made of may be gone. Callbacks that are running have 1 s to come to their end; one that calls this is not waited
    /// for. Then calls give `DO_E_NO_SERVICE`, and an engine that ran in this process for this client ends, which takes
    /// 12 s at most.
    pub fn end(&self) {
        let core = &self.core;
        // So that nothing in it is ever let go.
        ENDED.lock().unwrap_or_else(PoisonError::into_inner).push(self.clone());
        core.objects.abandon();
        core.executor.abandon(LAST_CALLBACKS_MAX);
        core.calls.close();
        let behind = core.behind.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(behind);
    }
}

/// Clients that ended with the process, which has at most as many as it opened.
static ENDED: Mutex<Vec<JobClient>> = Mutex::new(Vec::new());
/// How long callbacks that are running are waited for when the process ends.
const LAST_CALLBACKS_MAX: Duration = Duration::from_secs(1);

/// Where a host in this process talks to a client.
pub(super) struct Ear(Weak<Core>);

impl Ear {
    /// Does not block. False when the client is gone.
    pub(super) fn tell(&self, message: FromOwner) -> bool {
        match self.0.upgrade() {
            Some(core) => {
                core.hear(message);
                true
            }
            None => false,
        }
    }

    /// The host ends.
    pub(super) fn close(&self) {
        if let Some(core) = self.0.upgrade() {
            core.close();
        }
    }
}

impl JobService for JobClient {
    /// Blocks the calling thread, which may be any: one that runs async tasks runs none meanwhile.
    fn call(&self, call: Call) -> Result<Reply, HResult> {
        let pending = self.core.calls.begin()?;
        match self.core.send(FromClient::Call { id: pending.id, call }) {
            Ok(()) => {}
            Err(Unsent::TooLong) => self.core.calls.finish(pending.id, Err(HResult::E_INVALIDARG)),
            Err(Unsent::Gone) => self.core.close(),
        }
        pending.wait()
    }

    fn register(&self, object: ClientObject) -> Result<Token, HResult> {
        self.core.objects.register(object)
    }

    fn object(&self, token: Token) -> Option<ClientObject> {
        self.core.objects.get(token)
    }
}

/// Why something was not said.
enum Unsent {
    TooLong,
    Gone,
}

impl Core {
    fn send(&self, message: FromClient) -> Result<(), Unsent> {
        match &self.link {
            Link::Local(door) => door.say(message).map_err(|_| Unsent::Gone),
            Link::Attached(writer) => {
                // A panic while it was held left at most half a line, which ends the session.
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                writer.send(&message).map_err(|error| match error {
                    JobSendError::TooLong { .. } => Unsent::TooLong,
                    _ => Unsent::Gone,
                })
            }
        }
    }

    /// Takes one message of the owner. Runs no code of the client, and does not block: the owner may be waiting.
    fn hear(self: &Arc<Self>, message: FromOwner) {
        match message {
            FromOwner::Answer { id, reply } => self.calls.finish(id, reply),
            FromOwner::Notice { ticket, token, notice } => {
                let lane = Lane::Job(job_of(&notice));
                self.run(lane, ticket, token, move |core, object| {
                    let service: Arc<dyn JobService> = Arc::new(JobClient { core: Arc::clone(core) });
                    deliver(&service, &object, notice)
                });
            }
            FromOwner::Write { ticket, token, bytes } => {
                self.run(Lane::Stream(token), ticket, token, move |_, object| match object {
                    ClientObject::Stream(stream) => written(&*stream, &bytes),
                    _ => HResult::E_NOINTERFACE,
                });
            }
            FromOwner::Release { token } => {
                if let Some(object) = self.objects.release(token) {
                    // Behind what is still to be written to it, or to be told.
                    self.executor.submit_always(Lane::Stream(token), Box::new(move || drop(object)));
                }
            }
            FromOwner::Welcome | FromOwner::Closed { .. } => {}
        }
    }

    /// Has the client's object called and its answer sent.
    fn run(
        self: &Arc<Self>,
        lane: Lane,
        ticket: u64,
        token: Token,
        work: impl FnOnce(&Arc<Self>, ClientObject) -> HResult + Send + 'static,
    ) {
        // The object as it is now: when it is given back meanwhile, this call still reaches it.
        let Some(object) = self.objects.get(token) else {
            return self.answer(ticket, HResult::RPC_E_DISCONNECTED);
        };
        // A client that is gone is told nothing more.
        let core = Arc::downgrade(self);
        let task = move || {
            let Some(core) = core.upgrade() else { return };
            let code = catch_unwind(AssertUnwindSafe(|| work(&core, object)));
            let code = code.unwrap_or_else(|_| {
                tracing::warn!(ticket, "a callback panicked");
                HResult::E_UNEXPECTED
            });
            core.returned(ticket, code);
        };
        if self.executor.submit(lane, Box::new(task)).is_err() {
            // What has to be told is told again later.
            self.answer(ticket, HResult::E_OUTOFMEMORY);
        }
    }

    /// Answers in the name of an object. Elsewhere: whoever hears must not wait for an owner that may wait for him.
    fn answer(self: &Arc<Self>, ticket: u64, code: HResult) {
        let core = Arc::clone(self);
        self.executor.submit_always(Lane::Own, Box::new(move || core.returned(ticket, code)));
    }

    fn returned(&self, ticket: u64, code: HResult) {
        // An owner that is gone waits for no answer.
        let _ = self.send(FromClient::Returned { ticket, code });
    }

    /// Nobody is there any more.
    fn close(&self) {
        self.calls.close();
        for object in self.objects.close() {
            self.executor.submit_always(Lane::Own, Box::new(move || drop(object)));
        }
    }
}

/// Hears the owner until it ends, or the client is gone.
fn listen(mut reader: JobReader, core: &Weak<Core>) {
    while let Some(message) = reader.hear() {
        match core.upgrade() {
            Some(core) => core.hear(message),
            None => return,
        }
    }
    if let Some(core) = core.upgrade() {
        core.close();
    }
}

fn job_of(notice: &Notice) -> Guid {
    match notice {
        Notice::JobTransferred { job }
        | Notice::JobError { job, .. }
        | Notice::JobModification { job }
        | Notice::FileTransferred { job, .. } => job.0,
        Notice::StatusChange { download, .. } => download.0,
    }
}

fn written(stream: &dyn StreamSink, bytes: &[u8]) -> HResult {
    match stream.write(bytes) {
        Ok(()) => HResult::S_OK,
        Err(code) => code,
    }
}
