//! What a node is doing.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use swarmline_types::{ContentId, NodeId};

/// What a node is doing.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NodeStatus {
    /// Who it is.
    pub node: NodeId,
    /// Where it accepts connections.
    pub listen: Vec<std::net::SocketAddr>,
    /// Peers that it is connected to.
    pub connected: Vec<NodeId>,
    /// What it holds or fetches.
    pub contents: Vec<ContentStatus>,
    /// How long it has been running.
    pub uptime: Duration,
}

/// One content of a node.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ContentStatus {
    /// Its `HashOfHashes`.
    pub content: ContentId,
    /// Where it stands.
    pub path: PathBuf,
    /// Bytes of it.
    pub bytes_total: u64,
    /// Bytes that are here.
    pub bytes_have: u64,
    /// Peers that share it.
    pub sharing: u32,
    /// Bytes served to peers since the node started.
    pub served: u64,
}
