//! What an engine is told before it starts.

use std::time::Duration;

use swarmline_net::NetConfig;
use swarmline_origin::OriginConfig;
use swarmline_scheduler::NodeConfig;

/// Settings of an engine; they hold until it is shut down.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The network. Its seed is replaced by the identity of the state directory.
    pub net: NetConfig,
    /// Rates and bounds.
    pub node: NodeConfig,
    /// The HTTP client.
    pub origin: OriginConfig,
    /// Without a byte from anybody for this long a download fails. Default 5 min.
    pub no_progress_timeout: Duration,
    /// How long a download that no origin serves waits for a peer that offers what is missing. Default 10 s.
    pub orphan_grace: Duration,
}
