//! What the driver tells the machine.

use super::action::{AskId, CallId, Ticket, TransferId};
use super::conditions::Conditions;
use super::fault::Fault;
use crate::face::{Call, Caller, ClientId};
use crate::record::Record;
use crate::words::{DownloadMode, HResult, Traffic};

/// A fact that has already happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A client calls. Exactly one [`Reply`](super::Action::Reply) with this id follows, now or later.
    Call {
        /// The driver's name for it; not used before.
        id: CallId,
        /// Who calls.
        caller: Caller,
        /// What.
        call: Call,
    },
    /// Something happened to a transfer. What comes after `Arrived` and `Failed`, or after `Stop`, is ignored, except
    /// `Progress` of one that arrived: it tells what was given to peers.
    Transfer {
        /// Which.
        transfer: TransferId,
        /// What.
        event: TransferEvent,
    },
    /// What was asked of the driver is over.
    Answered {
        /// Which.
        ask: AskId,
        /// How it went; the code is what the client is told.
        result: Result<Answered, HResult>,
    },
    /// The conditions are these now.
    Conditions(Conditions),
    /// A callback was answered. Say `RPC_E_DISCONNECTED` when it could not be delivered because the client or its object
    /// is gone.
    CallbackReturned {
        /// Which.
        ticket: Ticket,
        /// What the object returned.
        result: HResult,
    },
    /// A client is gone: its callbacks and streams are, too.
    ClientGone {
        /// Which.
        client: ClientId,
    },
    /// What stood on disk when the service started; given once, before everything else.
    Restored {
        /// All records that could be read.
        records: Vec<Record>,
    },
    /// [`Jobs::poll_timeout`](super::Jobs::poll_timeout) has come.
    Timer,
}

/// What happened to a transfer.
#[derive(Clone, Debug)]
pub enum TransferEvent {
    /// The first request is out: it is being fetched.
    Started,
    /// The size of the whole file is known, in bytes. To be told before bytes are.
    Size(u64),
    /// Header block of the origin's last answer; at most 8 KiB of it are kept.
    Headers(String),
    /// Whom it shares with.
    Mode(DownloadMode),
    /// Bytes moved.
    Progress {
        /// Bytes of what is wanted that are here and verified; for a stream, that it has taken. Counted over all
        /// attempts, smaller than before if the file had to start again.
        transferred: u64,
        /// Where bytes came from and went to, counted from this transfer's start.
        traffic: Traffic,
    },
    /// All that is wanted is here and verified, or the stream has taken it.
    Arrived,
    /// It ended without its file. What is here stays for the next attempt.
    Failed(Fault),
}

/// How something went that was asked of the driver and succeeded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answered {
    /// It is so now.
    Done,
    /// For `CreateDestination`: a file stood there already. It is not the download's to delete.
    Existed,
}
