//! Who is there, and what is between each of them and the machine.

use std::collections::BTreeMap;

use swarmline_ipc::jobs::FromOwner;
use swarmline_jobs::machine::{CallId, Ticket};
use swarmline_jobs::{Call, ClientId, HResult, JobId, Notice, Reply, Token};
use tokio::sync::oneshot;

use super::super::door::Outlet;

/// The clients of a host.
#[derive(Default)]
pub(super) struct Clients {
    /// At most the sessions of the server and the clients of this process.
    open: BTreeMap<ClientId, Client>,
    /// Calls that wait for their answer. Bounded by the clients' own bounds.
    calls: BTreeMap<CallId, Waiting>,
    /// Callbacks that are out: one per registration at most.
    callbacks: BTreeMap<u64, ClientId>,
    /// Writes to streams that are out: one per transfer at most.
    writes: BTreeMap<u64, (ClientId, oneshot::Sender<HResult>)>,
    last_call: u64,
    last_write: u64,
}

struct Client {
    user: u32,
    outlet: Outlet,
}

struct Waiting {
    client: ClientId,
    /// The client's own name for the call.
    id: u64,
    /// Whose record has to be written before the answer is a success.
    job: Option<JobId>,
}

/// Tickets from here on are writes; those of the machine count from 0.
const FIRST_WRITE: u64 = 1 << 63;

/// The client or its object is gone.
pub(super) struct Disconnected;

impl Clients {
    pub(super) fn open(&mut self, client: ClientId, user: u32, outlet: Outlet) {
        self.open.insert(client, Client { user, outlet });
    }

    /// It is gone with all that was out to it; the machine knows its callbacks itself.
    pub(super) fn close(&mut self, client: ClientId) {
        self.open.remove(&client);
        self.callbacks.retain(|_, whose| *whose != client);
        self.writes.retain(|_, (whose, _)| *whose != client);
    }

    /// The user of a client that is there.
    pub(super) fn user(&self, client: ClientId) -> Option<u32> {
        self.open.get(&client).map(|client| client.user)
    }

    /// A name for a call.
    pub(super) fn begin_call(&mut self, client: ClientId, id: u64, call: &Call) -> CallId {
        self.last_call += 1;
        let name = CallId(self.last_call);
        self.calls.insert(name, Waiting { client, id, job: subject(call) });
        name
    }

    /// Answers a call, unless the record of its job could not be written.
    pub(super) fn answer(
        &mut self,
        call: CallId,
        reply: Result<Reply, HResult>,
        unsaved: impl FnOnce(JobId) -> Option<HResult>,
    ) {
        let Some(Waiting { client, id, job }) = self.calls.remove(&call) else { return };
        let job = match &reply {
            Ok(Reply::Job(job)) => Some(*job),
            Ok(Reply::Download(download)) => Some(JobId(download.0)),
            _ => job,
        };
        let reply = reply.and_then(|reply| job.and_then(unsaved).map_or(Ok(reply), Err));
        // One who does not hear it is gone, which his session will tell.
        let _ = self.tell(client, FromOwner::Answer { id, reply });
    }

    pub(super) fn call_back(
        &mut self,
        client: ClientId,
        token: Token,
        ticket: Ticket,
        notice: Notice,
    ) -> Result<(), Disconnected> {
        let ticket = ticket.number();
        self.tell(client, FromOwner::Notice { ticket, token, notice })?;
        self.callbacks.insert(ticket, client);
        Ok(())
    }

    /// Gives a stream its next bytes. Dropping `done` without an answer means that the stream is gone.
    pub(super) fn write(
        &mut self,
        client: ClientId,
        token: Token,
        bytes: Vec<u8>,
        done: oneshot::Sender<HResult>,
    ) {
        let ticket = FIRST_WRITE + self.last_write;
        if self.tell(client, FromOwner::Write { ticket, token, bytes }).is_ok() {
            self.last_write += 1;
            self.writes.insert(ticket, (client, done));
        }
    }

    pub(super) fn release(&mut self, client: ClientId, token: Token) {
        let _ = self.tell(client, FromOwner::Release { token });
    }

    /// A client answers for one of its objects. Gives the callback's ticket, if it was one, and this client's.
    pub(super) fn returned(&mut self, client: ClientId, ticket: u64, code: HResult) -> Option<Ticket> {
        if self.writes.get(&ticket).is_some_and(|(whose, _)| *whose == client)
            && let Some((_, done)) = self.writes.remove(&ticket)
        {
            let _ = done.send(code);
        }
        if self.callbacks.get(&ticket) != Some(&client) {
            return None;
        }
        self.callbacks.remove(&ticket);
        Some(Ticket::from_number(ticket))
    }

    fn tell(&self, client: ClientId, message: FromOwner) -> Result<(), Disconnected> {
        match self.open.get(&client) {
            Some(client) if client.outlet.tell(message) => Ok(()),
            _ => Err(Disconnected),
        }
    }
}

/// The job or download that a call is about.
fn subject(call: &Call) -> Option<JobId> {
    match call {
        Call::GetJob { job } | Call::Job { job, .. } | Call::File { job, .. } => Some(*job),
        Call::Download { download, .. } => Some(JobId(download.0)),
        Call::CreateJob { .. }
        | Call::EnumJobs { .. }
        | Call::CreateDownload
        | Call::EnumDownloads { .. } => None,
    }
}
