//! Why traces make no scenario.

use swarmline_trace::ReadError;

use crate::scenario::ScenarioError;

/// Why traces cannot be run again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// One cannot be read.
    #[error("{name}")]
    Read {
        /// Which.
        name: String,
        /// Why not, and where in it.
        source: ReadError,
    },
    /// Two are of the same node and the same time.
    #[error("{name} and another are traces of one node; give one of a node, or those of other nodes")]
    Twice {
        /// The later one.
        name: String,
    },
    /// More than can be laid over each other.
    #[error("{got} traces were given, and at most {max} are merged")]
    Traces {
        /// How many were given.
        got: usize,
        /// How many may be.
        max: usize,
    },
    /// Nothing was fetched.
    #[error("nobody fetched anything in the time of the traces, so there is nothing to run again")]
    Nothing,
    /// What they tell of makes no scenario.
    #[error("what the traces tell of cannot be simulated")]
    Scenario(#[from] ScenarioError),
}
