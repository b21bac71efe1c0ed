//! Traces of real nodes, run again: an office as it was, and what would have become of it under another policy.
//!
//! [`Office::read`] lays traces of one office over each other. With one trace, the other nodes are known from its view:
//! when they came and went, what they had, how fast they sent, and what they said they fetch. With all traces nothing is
//! guessed but the lines: they are what they were measured to carry. [`Office::scenario`] is a scenario like any other.

mod error;
mod flow;

mod view;

mod merge;

mod happened;
mod policy;

mod scene;

pub use error::ReplayError;
pub use happened::Happened;
pub use policy::{UnderPolicy, with_policy};

use crate::scenario::Scenario;
use merge::Merged;
use view::View;

/// Most bytes of one trace that is read: as many as a node writes.
pub const TRACE_BYTES_MAX: u64 = 256 << 20;

/// An office as traces tell of it.
#[derive(Clone, Debug)]
pub struct Office {
    /// What happened.
    pub happened: Happened,
    /// The same office for the simulator.
    pub scenario: Scenario,
    /// What the nodes ran with and the simulator cannot do: a sentence for each, with its name.
    pub left_out: Vec<String>,
}

impl Office {
    /// Reads traces, each with the name it has for people.
    ///
    /// # Errors
    /// When one cannot be read, two are of one node, nothing was fetched, or no scenario can be made of it.
    pub fn read(traces: &[(String, Vec<u8>)]) -> Result<Self, ReplayError> {
        let view = |(name, bytes): &(String, Vec<u8>)| {
            let view =
                View::read(bytes).map_err(|source| ReplayError::Read { name: name.clone(), source })?;
            Ok((name.clone(), view))
        };
        let views: Result<Vec<_>, ReplayError> = traces.iter().map(view).collect();
        let merged = Merged::of(views?)?;
        let happened = Happened::of(&merged);
        let scenario = scene::scenario(&merged, &happened);
        scenario.check()?;
        Ok(Self { happened, scenario, left_out: scene::left_out(&merged) })
    }
}

#[cfg(test)]
mod tests;
