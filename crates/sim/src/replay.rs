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
mod scene;

pub use error::ReplayError;
pub use happened::Happened;

use toml::{Table, Value};

use crate::scenario::{Scenario, ScenarioError};
use merge::Merged;
use view::View;

/// Most bytes of one trace that is read: as many as a node writes.
pub const TRACE_BYTES_MAX: u64 = 256 << 20;
/// Keys that a policy may have.
const POLICY_KEYS: [&str; 3] = ["strategy", "scheduler", "policy"];

/// An office as traces tell of it.
#[derive(Clone, Debug)]
pub struct Office {
    /// What happened.
    pub happened: Happened,
    /// The same office for the simulator.
    pub scenario: Scenario,
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
        Ok(Self { happened, scenario })
    }
}

/// A scenario under another policy: `strategy`, `[scheduler]` and `[policy]` of a file laid over its own.
///
/// # Errors
/// When the file is no TOML, says something else, or what it says is no key or out of bounds.
pub fn with_policy(scenario: &Scenario, text: &str) -> Result<Scenario, ScenarioError> {
    let policy: Table = toml::from_str(text).map_err(|source| ScenarioError::Syntax { source })?;
    if let Some(key) = policy.keys().find(|key| !POLICY_KEYS.contains(&key.as_str())) {
        return Err(ScenarioError::Bound {
            key: key.clone(),
            value: "given".into(),
            way_out: "a policy says `strategy`, `[scheduler]` and `[policy]`; the office stays as it is"
                .into(),
        });
    }
    let mut table: Table =
        toml::from_str(&scenario.to_toml()).map_err(|source| ScenarioError::Syntax { source })?;
    lay_over(&mut table, policy);
    let text = toml::to_string(&table).expect("texts, numbers and tables are TOML");
    Scenario::parse(&text)
}

fn lay_over(table: &mut Table, over: Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(over)) => lay_over(inner, over),
            (_, value) => _ = table.insert(key, value),
        }
    }
}

#[cfg(test)]
mod tests;
