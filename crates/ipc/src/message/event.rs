//! What a client is told of what it asked for.

use serde::{Deserialize, Serialize};
use swarmline_types::ContentId;

use super::cause::Cause;
use super::failure::TransferError;
use super::status::NodeStatus;

/// What a client is told.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// How far a download is; several a second at most.
    Progress(Progress),
    /// The destination holds the complete content.
    Completed(Progress),
    /// All that was asked for is here and verified, and waits to be handed over. Comes again when something about it
    /// changes.
    Held(Progress),
    /// The file is offered.
    Added {
        /// Its `HashOfHashes`.
        content: ContentId,
        /// Bytes of it.
        bytes: u64,
    },
    /// What the node is doing.
    Node(NodeStatus),
    /// It did not work; nothing more follows.
    Failed(TransferError),
}

/// How far a download is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// The swarm, once known.
    pub content: Option<ContentId>,
    /// Why the bytes are believed, and whether they are shared.
    pub trust: Trust,
    /// Bytes of the file, once known.
    pub bytes_total: Option<u64>,
    /// Bytes that are verified and written (or only written, without a manifest).
    pub bytes_have: u64,
    /// Of these, bytes that were here when the download began.
    pub bytes_resumed: u64,
    /// Content bytes received since the download began, useful or not: the sum of the next two.
    #[serde(default)]
    pub received: u64,
    /// Of these, from the origin.
    pub from_origin: u64,
    /// Of these, from peers, which are all on the LAN.
    pub from_peers: u64,
    /// Content bytes given to peers since the download began.
    #[serde(default)]
    pub to_peers: u64,
    /// Requests to the origin that are being answered.
    #[serde(default)]
    pub origin_connections: u32,
    /// Peers that something is asked of.
    #[serde(default)]
    pub peer_connections: u32,
    /// Bytes received in vain: the sum of the next three.
    pub wasted: u64,
    /// Of these, bytes of pieces that somebody else had brought before.
    #[serde(default)]
    pub duplicate: u64,
    /// Of these, bytes of pieces with a wrong hash.
    #[serde(default)]
    pub failed_hash: u64,
    /// Of these, bytes of requests that were cancelled or broke off.
    #[serde(default)]
    pub cancelled: u64,
    /// Nodes that this node is connected to.
    pub connected: u32,
    /// Of these, nodes that share this content.
    pub sharing: u32,
    /// Whether one of them still lacks something that is here.
    pub needed: bool,
    /// What went wrong last, while it is tried again.
    pub trouble: Option<String>,
    /// What is known of that trouble.
    #[serde(default)]
    pub trouble_cause: Option<Cause>,
}

/// What a download is doing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Looking for the manifest.
    #[default]
    Manifest,
    /// Waiting for another process that writes the same destination.
    Waiting,
    /// Checking what is here already.
    Checking,
    /// Fetching pieces.
    Fetching,
    /// Putting the file in its place.
    Finishing,
    /// Waiting to be handed over.
    Held,
    /// The destination holds the complete content.
    Complete,
}

/// Why the bytes of a download are believed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "trust", rename_all = "snake_case")]
pub enum Trust {
    /// Not known yet.
    #[default]
    Unknown,
    /// The caller named the manifest or its hash: shared.
    Pinned,
    /// The origin gave the manifest over https: shared.
    Origin,
    /// The origin gave the manifest over plain http: shared; integrity against the origin's answer only.
    OriginUnauthenticated,
    /// No manifest: plain HTTP, never shared.
    None {
        /// Why there is none.
        reason: String,
    },
}
