//! What others ask of the driver, and what they get.

use std::path::PathBuf;
use std::sync::Arc;

use swarmline_ipc::message::NodeStatus;
use swarmline_origin::LastAnswer;
use swarmline_proto::Manifest;
use swarmline_types::{ContentId, Priority, UrlHash, Wanted};
use tokio::sync::{oneshot, watch};

use super::hint::{Held, Holding};
use crate::content::{Opening, OriginAt, Snapshot, TransferId};

/// What others ask of the driver. Bounded by [`COMMANDS_MAX`].
pub(crate) enum Command {
    /// Drive a content, or join in if it is driven already.
    Open {
        open: Box<Open>,
        reply: oneshot::Sender<Opened>,
    },
    /// The transfer that opened it no longer cares.
    Close {
        content: ContentId,
        by: TransferId,
    },
    /// The file that is to stand there is taken away: drive it no longer, whoever else cares. Answered once nothing
    /// reads or writes it any more.
    Abandon {
        content: ContentId,
        by: TransferId,
        destination: PathBuf,
        reply: oneshot::Sender<()>,
    },
    /// A transfer wants these pieces of its content too.
    Want {
        content: ContentId,
        wanted: Wanted,
    },
    /// A transfer waits in another class from now on.
    Reprioritise {
        by: TransferId,
        priority: Priority,
    },
    /// The file took its final place.
    Finished {
        content: ContentId,
    },
    /// Get a manifest from peers. No answer until one of them has it; dropping the receiver ends the search.
    FindManifest {
        content: ContentId,
        reply: oneshot::Sender<Manifest>,
    },
    /// Ask peers about a URL for as long as the other end is held.
    LookFor {
        url: UrlHash,
        looking: Holding,
    },
    /// The content of a URL that is looked for has a name. The answer comes when its manifest, of so many bytes, is to be
    /// read at the origin, and is to be held while it is read.
    AwaitTurn {
        url: UrlHash,
        content: ContentId,
        bytes: u64,
        turn: oneshot::Sender<Held>,
    },
    /// Bytes of a plain download came: they count towards the rate too.
    PlainBytes {
        bytes: u64,
        reply: oneshot::Sender<()>,
    },
    Status {
        reply: oneshot::Sender<NodeStatus>,
    },
    /// Say goodbye and end.
    Shutdown {
        reply: oneshot::Sender<()>,
    },
}

/// A content to be driven.
pub(crate) struct Open {
    pub(crate) manifest: Manifest,
    pub(crate) file: swarmline_store::Content,
    pub(crate) origin: Option<OriginAt>,
    pub(crate) priority: Priority,
    /// Which pieces; `None` for all.
    pub(crate) wanted: Option<Wanted>,
    /// Who waits for it, until [`Command::Close`]; `None` if it is only served.
    pub(crate) wanted_by: Option<TransferId>,
    /// The opening that turned out to have lost pieces: somebody took them from its file.
    pub(crate) instead_of: Option<Opening>,
}

/// A content that is driven.
pub(crate) struct Opened {
    pub(crate) opening: Opening,
    /// The file that is driven: the one that was to be opened, or one at another place.
    pub(crate) file: swarmline_store::Content,
    pub(crate) snapshot: watch::Receiver<Snapshot>,
    /// What the origin said last, by whomever it was asked.
    pub(crate) answer: Arc<LastAnswer>,
}

/// Commands that may wait.
pub(crate) const COMMANDS_MAX: usize = 64;
