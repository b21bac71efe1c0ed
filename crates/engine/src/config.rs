//! What an engine is told before it starts.

use std::path::PathBuf;
use std::time::Duration;

use swarmline_net::NetConfig;
use swarmline_origin::OriginConfig;
use swarmline_scheduler::NodeConfig;

/// Settings of an engine; they hold until it is shut down. The default is that of a node which nobody configured: it
/// listens on every network and finds its neighbours.
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
    /// Where a [trace](swarmline_trace) of the node is written. Default nowhere.
    pub trace: Option<PathBuf>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            net: NetConfig::new([0; 32]),
            node: NodeConfig::default(),
            origin: OriginConfig::default(),
            no_progress_timeout: Duration::from_secs(300),
            orphan_grace: Duration::from_secs(10),
            trace: None,
        }
    }
}
