//! How clients come in, wherever they are, and how they are told something.

use swarmline_ipc::jobs::{FromClient, FromOwner, JobReceiver, JobSender, JobSession, JobSessions};
use swarmline_jobs::ClientId;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::client::Ear;
use crate::count::{Count, Counted};

/// What comes of one client.
pub(super) struct Heard {
    pub(super) client: ClientId,
    pub(super) what: What,
}

/// See [`Heard`].
pub(super) enum What {
    /// It is there; always the first.
    Opened { user: u32, outlet: Outlet },
    /// It says something.
    Said(FromClient),
    /// It is gone; always the last.
    Gone,
}

/// Where a client is told something. Neither way blocks.
pub(super) enum Outlet {
    /// A client of this process.
    Local(Ear),
    /// A client at the other end of a session.
    Session(JobSender),
}

impl Outlet {
    /// Whether anybody hears it.
    pub(super) fn tell(&self, message: FromOwner) -> bool {
        match self {
            Self::Local(ear) => ear.tell(message),
            Self::Session(sender) => sender.send(message).is_ok(),
        }
    }
}

impl Drop for Outlet {
    /// A session ends with its last sender; a client of this process has to be told.
    fn drop(&mut self) {
        if let Self::Local(ear) = self {
            ear.close();
        }
    }
}

/// The way in for a client of this process. Dropping it says that the client is gone.
pub(super) struct LocalDoor {
    client: ClientId,
    /// Without a bound of its own, since it must not block threads that run async tasks: a client has at most
    /// [`CALLS_MAX`](swarmline_ipc::jobs::CALLS_MAX) calls in it and one answer to each callback that is out.
    heard: mpsc::UnboundedSender<Heard>,
}

/// The host has ended.
pub(super) struct HostGone;

impl LocalDoor {
    pub(super) fn new(client: ClientId, heard: mpsc::UnboundedSender<Heard>) -> Self {
        Self { client, heard }
    }

    /// The client is there, and hears by this.
    pub(super) fn open(&self, user: u32, ear: Ear) -> Result<(), HostGone> {
        self.pass(What::Opened { user, outlet: Outlet::Local(ear) })
    }

    pub(super) fn say(&self, message: FromClient) -> Result<(), HostGone> {
        self.pass(What::Said(message))
    }

    fn pass(&self, what: What) -> Result<(), HostGone> {
        self.heard.send(Heard { client: self.client, what }).map_err(|_| HostGone)
    }
}

impl Drop for LocalDoor {
    fn drop(&mut self) {
        let _ = self.pass(What::Gone);
    }
}

/// Takes sessions as they come and passes on what their clients say, until nobody listens any more or the server ends.
pub(super) async fn admit(
    mut sessions: JobSessions,
    new_client: impl Fn() -> ClientId,
    heard: mpsc::Sender<Heard>,
    present: Count,
) {
    // At most JOB_SESSIONS_MAX, the server's bound.
    let mut passing = JoinSet::new();
    loop {
        tokio::select! {
            session = sessions.next() => {
                let Some(session) = session else { return };
                passing.spawn(pass_on(session, new_client(), heard.clone(), present.one_more()));
            }
            Some(_) = passing.join_next() => {}
            () = heard.closed() => return,
        }
    }
}

async fn pass_on(session: JobSession, client: ClientId, heard: mpsc::Sender<Heard>, present: Counted) {
    let JobSession { user, receiver, sender } = session;
    let opened = What::Opened { user, outlet: Outlet::Session(sender) };
    if heard.send(Heard { client, what: opened }).await.is_ok() {
        say_all(receiver, client, &heard).await;
        let _ = heard.send(Heard { client, what: What::Gone }).await;
    }
    drop(present);
}

async fn say_all(mut receiver: JobReceiver, client: ClientId, heard: &mpsc::Sender<Heard>) {
    while let Some(message) = receiver.next().await {
        if heard.send(Heard { client, what: What::Said(message) }).await.is_err() {
            return;
        }
    }
}
