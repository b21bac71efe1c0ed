//! One content as the driver holds it: its machine, its file, and what is under way for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use swarmline_origin::{FetchError, LastAnswer, Origin};
use swarmline_proto::Manifest;
use swarmline_scheduler::{Content as Machine, GiveUp, RequestId, Source, Stage};
use swarmline_types::message::WireRequest;
use swarmline_types::{ContentId, NodeId, PieceIndex, Priority, UrlHash};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use url::Url;

use crate::driver::Open;
use crate::error::Trouble;

/// URLs that are remembered of one content.
const URLS_MAX: usize = 16;

/// What is known of a content from outside the driver; the latest, not every step.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) stage: Stage,
    pub(crate) bytes_have: u64,
    pub(crate) bytes_resumed: u64,
    pub(crate) from_origin: u64,
    pub(crate) from_peers: u64,
    pub(crate) duplicate: u64,
    pub(crate) failed_hash: u64,
    pub(crate) cancelled: u64,
    /// Bytes given to peers.
    pub(crate) served: u64,
    pub(crate) connected: u32,
    pub(crate) sharing: u32,
    /// Requests to the origin that are being answered.
    pub(crate) at_origin: u32,
    /// Peers that something is asked of.
    pub(crate) at_peers: u32,
    pub(crate) needed: bool,
    /// What the origin said last, if it was not what was asked for.
    pub(crate) trouble: Option<Trouble>,
    /// The disk failed; nothing more will come.
    pub(crate) disk_error: Option<Trouble>,
}

/// Where the origin has a content, and the client that asks it.
#[derive(Clone)]
pub(crate) struct OriginAt {
    pub(crate) url: Url,
    pub(crate) client: Origin,
}

/// One opening of a content. What was under way for an earlier one is no business of a later one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Opening(u64);

impl Opening {
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One download of one caller.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct TransferId(pub(crate) u64);

/// A content that is open.
pub(crate) struct Driven {
    pub(crate) opening: Opening,
    pub(crate) machine: Machine,
    pub(crate) file: swarmline_store::Content,
    pub(crate) manifest: Manifest,
    pub(crate) origin: Option<OriginAt>,
    /// URLs under which it was asked for: what peers are told that ask about one. At most [`URLS_MAX`].
    pub(crate) urls: BTreeSet<UrlHash>,
    pub(crate) priority: Priority,
    pub(crate) bytes_resumed: u64,
    pub(crate) served: u64,
    /// What the origin said last.
    pub(crate) answer: Arc<LastAnswer>,
    /// Origin answers being read. Bounded by the lane's window.
    pub(crate) fetches: BTreeMap<RequestId, AbortHandle>,
    /// Pieces asked of peers. Bounded by the mesh's limit on requests in flight.
    pub(crate) asked: BTreeMap<RequestId, Asked>,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) disk_error: Option<Trouble>,
    /// The file is being compared with its hashes, since somebody changed it.
    pub(crate) is_rechecked: bool,
    /// Transfers that wait for it, each in its class; nobody waits for a content that is only served.
    pub(crate) wanted_by: BTreeMap<TransferId, Priority>,
    pub(crate) snapshot: watch::Sender<Snapshot>,
}

/// A piece asked of a peer, in blocks of at most 1 MiB.
pub(crate) struct Asked {
    pub(crate) peer: NodeId,
    pub(crate) piece: PieceIndex,
    /// One per block: its name while it is under way, then its bytes.
    pub(crate) blocks: Vec<Block>,
    pub(crate) next_block: usize,
}

pub(crate) enum Block {
    Waiting,
    UnderWay { wire: WireRequest, received: u32 },
    Here(Bytes),
}

impl Asked {
    pub(crate) fn received(&self) -> u64 {
        let received = |block: &Block| match block {
            Block::Waiting => 0,
            Block::UnderWay { received, .. } => u64::from(*received),
            Block::Here(bytes) => bytes.len() as u64,
        };
        self.blocks.iter().map(received).sum()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.blocks.iter().all(|block| matches!(block, Block::Here(_)))
    }

    /// Names of what is under way.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = WireRequest> + '_ {
        self.blocks.iter().filter_map(|block| match block {
            Block::UnderWay { wire, .. } => Some(*wire),
            _ => None,
        })
    }

    /// The bytes of all blocks, in order.
    pub(crate) fn into_parts(self) -> Vec<Bytes> {
        let bytes = |block| match block {
            Block::Here(bytes) => Some(bytes),
            _ => None,
        };
        self.blocks.into_iter().filter_map(bytes).collect()
    }
}

impl Snapshot {
    /// Of a content that has just been opened.
    pub(crate) fn first(stage: Stage, bytes_resumed: u64) -> Self {
        Self {
            stage,
            bytes_have: bytes_resumed,
            bytes_resumed,
            from_origin: 0,
            from_peers: 0,
            duplicate: 0,
            failed_hash: 0,
            cancelled: 0,
            served: 0,
            connected: 0,
            sharing: 0,
            at_origin: 0,
            at_peers: 0,
            needed: false,
            trouble: None,
            disk_error: None,
        }
    }
}

impl Driven {
    /// Whether another file of the same content is driven from now on: this one has lost pieces, or failed, or only
    /// peers are asked for it and an origin is known now, or the other one is complete already.
    pub(crate) fn yields_to(&self, open: &Open) -> bool {
        let has_failed = matches!(self.machine.stage(), Stage::Failed(_));
        let is_better = open.file.have().is_all() && !self.file.have().is_all();
        let has_found_origin = self.origin.is_none() && open.origin.is_some() && !self.file.have().is_all();
        has_failed
            || has_found_origin
            || is_better
            || self.file.is_closed()
            || open.instead_of == Some(self.opening)
    }

    /// The class of whoever waits most; as before if nobody does.
    pub(crate) fn class_wanted(&self) -> Priority {
        match self.wanted_by.values().find(|priority| **priority == Priority::Foreground) {
            Some(foreground) => *foreground,
            None if self.wanted_by.is_empty() => self.priority,
            None => Priority::Background,
        }
    }

    /// Remembers a URL of it; beyond [`URLS_MAX`] nothing more.
    pub(crate) fn know_as(&mut self, url: Option<UrlHash>) {
        if self.urls.len() < URLS_MAX {
            self.urls.extend(url);
        }
    }

    pub(crate) fn id(&self) -> ContentId {
        self.manifest.content()
    }

    pub(crate) fn bytes_have(&self) -> u64 {
        bytes_of(&self.manifest, self.machine.have())
    }

    pub(crate) fn snapshot(&self, connected: usize) -> Snapshot {
        let (origin, peers) = (self.machine.ledger().of(Source::Origin), self.machine.ledger().peers());
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Snapshot {
            stage: self.machine.stage(),
            bytes_have: self.bytes_have(),
            bytes_resumed: self.bytes_resumed,
            from_origin: origin.received,
            from_peers: peers.received,
            duplicate: origin.duplicate + peers.duplicate,
            failed_hash: origin.failed_hash + peers.failed_hash,
            cancelled: origin.cancelled + peers.cancelled,
            served: self.served,
            connected: count(connected),
            sharing: count(self.machine.peer_count()),
            at_origin: count(self.fetches.len()),
            at_peers: count(self.asked.values().map(|asked| asked.peer).collect::<BTreeSet<_>>().len()),
            needed: self.machine.is_needed(),
            trouble: self.trouble.clone(),
            disk_error: self.disk_error.clone(),
        }
    }

    /// What the origin's failure means to the scheduler is its own business; people want to read it.
    pub(crate) fn note(&mut self, error: &FetchError) {
        self.trouble = Some(Trouble::of(error));
    }
}

/// Bytes of the pieces that are set.
pub(crate) fn bytes_of(manifest: &Manifest, have: &swarmline_types::Bitfield) -> u64 {
    let layout = manifest.layout();
    let full = u64::from(have.count()) * u64::from(layout.piece_size());
    let last = layout.pieces().next_back().filter(|piece| have.has(*piece));
    full - last.map_or(0, |piece| u64::from(layout.piece_size() - layout.size_of(piece)))
}

/// An error with what caused it, in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Why the scheduler gave up, for people.
pub(crate) fn give_up_text(why: GiveUp, trouble: Option<&str>) -> String {
    let because = trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default();
    match why {
        GiveUp::NoSource => {
            format!("no peer offers what is missing, and the origin does not serve it{because}")
        }
        GiveUp::Mismatch { piece } => {
            format!(
                "the origin serves other bytes than the manifest says (piece {piece}), and no peer has the right ones"
            )
        }
        GiveUp::NoProgress => format!("no byte came for too long{because}"),
    }
}
