//! What the machine orders.

use std::time::Duration;

use swarmline_types::{ContentId, Priority};

use crate::face::{ClientId, FileId, JobId, Notice, Reply};
use crate::record::Record;
use crate::words::{FileRange, HResult, SecurityFlags, Token};

/// The driver's name for a call.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CallId(pub u64);

/// The machine's name for one attempt at one file.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TransferId(pub(crate) u64);

/// The machine's name for something it asked of the driver.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AskId(pub(crate) u64);

/// The machine's name for one callback.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ticket(pub(crate) u64);

impl TransferId {
    /// Its number, for traces.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl Ticket {
    /// Its number, for a socket.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The ticket with this number. One that was never given out is ignored by the machine.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// An order that only the driver can carry out. Orders of one drain are to be carried out in their order as far as
/// stated: a `Save` or `Forget` is durable before the `Reply` behind it is sent.
///
/// `job` is a job of the legacy face or, by the same GUID, a download of the modern one.
#[derive(Clone, Debug)]
pub enum Action {
    /// Write the job's record, in place of the one before. It may hold secrets: headers, keys.
    Save {
        /// Which.
        job: JobId,
        /// All that is to be known after a restart.
        record: Box<Record>,
    },
    /// Remove the job's record.
    Forget {
        /// Which.
        job: JobId,
    },
    /// Answer a call.
    Reply {
        /// Which.
        call: CallId,
        /// What.
        result: Result<Reply, HResult>,
    },
    /// Fetch a file, from where its last attempt stands. Answer with [`TransferEvent`](super::TransferEvent)s, the last
    /// of them `Arrived` or `Failed`.
    Start {
        /// The attempt.
        transfer: TransferId,
        /// Of which job.
        job: JobId,
        /// Which file.
        file: FileId,
        /// What to fetch, and where to.
        spec: Box<TransferSpec>,
    },
    /// Stop an attempt that has neither arrived nor failed. What is here stays.
    Stop {
        /// Which.
        transfer: TransferId,
    },
    /// The attempt goes on in another class.
    Reprioritise {
        /// Which.
        transfer: TransferId,
        /// The class.
        priority: Priority,
    },
    /// Look whether this user may create files at these paths. Answer with `Done` or the reason why not.
    CheckDestinations {
        /// Its name.
        ask: AskId,
        /// As whom.
        user: u32,
        /// Absolute paths; not empty.
        paths: Vec<String>,
    },
    /// Create an empty file, exclusively. Answer with `Done`, with `Existed` when one stands there that the user may
    /// write, or the reason why not.
    CreateDestination {
        /// Its name.
        ask: AskId,
        /// As whom.
        user: u32,
        /// Absolute path.
        path: String,
    },
    /// Give a file that arrived its final name, in place of what stands there. If that happened already, because a
    /// process died before it could say so, it is a success. Answer with `Done` or the reason why not.
    HandOver {
        /// Its name.
        ask: AskId,
        /// Of which job.
        job: JobId,
        /// Which file.
        file: FileId,
        /// To whom the file will belong.
        user: u32,
        /// Absolute path.
        path: String,
    },
    /// Stop whatever is under way for a file and remove what it left: part file, records, and if `placeholder` is set
    /// the destination that `CreateDestination` made. Answer with `Done`, also when there is nothing to remove.
    Discard {
        /// Its name.
        ask: AskId,
        /// Of which job.
        job: JobId,
        /// Which file.
        file: FileId,
        /// Its destination; `None` if it has none, or a stream.
        path: Option<String>,
        /// Remove the destination as well.
        placeholder: bool,
    },
    /// Call a client's object, outside of everything, and answer with
    /// [`CallbackReturned`](super::Input::CallbackReturned). At most one per registration is out at a time.
    CallbackDue {
        /// Whose object.
        client: ClientId,
        /// Which.
        token: Token,
        /// Its name.
        ticket: Ticket,
        /// What to tell.
        notice: Notice,
    },
    /// The machine names this token never again. A call on it may still be under way.
    ReleaseToken {
        /// Whose.
        client: ClientId,
        /// Which.
        token: Token,
    },
}

/// What to fetch, how, and where to.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferSpec {
    /// As whom: paths and files are this user's.
    pub user: u32,
    /// In which class.
    pub priority: Priority,
    /// The address; `None` if the content id alone is known.
    pub url: Option<String>,
    /// The content, if the caller named it.
    pub content: Option<ContentId>,
    /// Where to.
    pub sink: Sink,
    /// What of it: these ranges, one behind the other, in this order. Empty for the whole file. A later attempt may have
    /// more of them, behind those it had.
    pub ranges: Vec<FileRange>,
    /// Bytes of the whole file, if known.
    pub size: Option<u64>,
    /// Header lines for requests of the file, each ended by CR LF.
    pub headers: Option<String>,
    /// Header lines for a server that asks who it is.
    pub auth_headers: Option<String>,
    /// How lenient TLS is.
    pub security: SecurityFlags,
    /// Redirects from https to http are followed.
    pub allow_insecure_redirect: bool,
    /// Text of the property `IntegrityCheckInfo`: a JSON object.
    pub integrity: Option<String>,
    /// It fails without a valid piece hash file.
    pub integrity_mandatory: bool,
    /// Without a byte for this long the attempt has failed: by what keeps bytes from coming, as far as that passes by
    /// itself, and otherwise as [`Timeout`](super::Fault::Timeout).
    pub stall_after: Duration,
}

/// Where the bytes of a transfer go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sink {
    /// Into a part file beside this path. The name itself comes by `HandOver`.
    File {
        /// Absolute path.
        path: String,
    },
    /// To a client's stream, in order.
    Stream {
        /// Whose.
        client: ClientId,
        /// Which.
        token: Token,
        /// Bytes it has taken already: it gets what follows.
        taken: u64,
    },
}
