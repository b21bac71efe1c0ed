//! A policy file: what an administrator says, laid over an office.
//!
//! Decides which keys mean something to the simulator, and what. Keys are those of a scenario's peers, those of the
//! daemon's configuration, and the names that Windows Delivery Optimization has for the same. What means nothing here
//! is [left out](UnderPolicy::left_out) by name and never in silence; what nobody knows is refused.

mod names;

use serde::Deserialize;
use swarmline_types::CapacityClass;
use toml::{Table, Value};

use crate::scenario::{
    Cap, Clock, DayPart, Line, PeerPlan, Scenario, ScenarioError, SchedulerPlan, Span, StrategyName,
    check_numbers, whole,
};

/// Keys that a policy file may have.
const FILE_KEYS: [&str; 3] = ["strategy", "scheduler", "policy"];
/// Most connections that the daemon's configuration allows: as many as the product's network holds.
const CONNECTIONS_MAX: i64 = 64;

/// An office under another policy.
#[derive(Clone, Debug)]
pub struct UnderPolicy {
    /// The office.
    pub scenario: Scenario,
    /// What the file says and the simulator cannot do: a sentence for each key, with its name.
    pub left_out: Vec<String>,
}

/// `[policy]` in our own words.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Policy {
    mode: Option<Mode>,
    class: Option<CapacityClass>,
    clock: Option<Clock>,
    #[serde(alias = "max_download_rate")]
    download_limit: Option<Line>,
    #[serde(alias = "max_upload_rate")]
    upload_limit: Option<Line>,
    max_connections: Option<u32>,
    foreground_limit: Option<Cap>,
    background_limit: Option<Cap>,
    hours: Option<DayPart>,
    foreground_limit_in_hours: Option<Cap>,
    background_limit_in_hours: Option<Cap>,
    foreground_delay: Option<Span>,
    background_delay: Option<Span>,
    deadline: Option<Span>,
}

/// Which sources beside the origin may be used.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// None.
    HttpOnly,
    /// Nodes on the same LAN.
    Lan,
    /// Nodes of the same group. An office is one.
    Group,
}

/// A scenario under another policy: `strategy`, `[scheduler]` and `[policy]` of a file laid over its own. What a policy
/// says holds for every peer of the office, whatever its group had.
///
/// # Errors
/// When the file is no TOML, says something else, or what it says is no key or out of bounds.
pub fn with_policy(scenario: &Scenario, text: &str) -> Result<UnderPolicy, ScenarioError> {
    let mut file: Table = toml::from_str(text).map_err(|source| ScenarioError::Syntax { source })?;
    if let Some(key) = file.keys().find(|key| !FILE_KEYS.contains(&key.as_str())) {
        let way_out = "a policy says `strategy`, `[scheduler]` and `[policy]`; the office stays as it is";
        return Err(ScenarioError::bound(key, &file[key], way_out));
    }
    let mut table = match file.remove("policy") {
        None => Table::new(),
        Some(Value::Table(table)) => table,
        Some(other) => return Err(ScenarioError::bound("policy", other, "write a table: [policy]")),
    };
    let mut left_out = Vec::new();
    names::translate(&mut table, &mut left_out)?;
    let most =
        table.get("max_connections").map(|most| whole("policy.max_connections", most, 1, CONNECTIONS_MAX));
    most.transpose()?;
    let policy: Policy = read(Value::Table(table))?;
    let mut scenario = scenario.clone();
    if let Some(parameters) = file.remove("scheduler") {
        lay_over_parameters(&mut scenario, parameters)?;
    }
    let strategy = file.remove("strategy").map(read::<StrategyName>).transpose()?;
    match (strategy, policy.mode) {
        (Some(strategy), mode) => {
            scenario.strategy = strategy;
            left_out.extend(mode.map(|_| "policy.mode: strategy says who takes part already".to_owned()));
        }
        (None, Some(Mode::HttpOnly)) => scenario.strategy = StrategyName::OriginOnly,
        // An office that was in such a mode already stays as it is.
        (None, Some(Mode::Lan | Mode::Group)) if scenario.strategy == StrategyName::OriginOnly => {
            scenario.strategy = StrategyName::LaneAndMesh;
        }
        (None, Some(Mode::Lan | Mode::Group) | None) => {}
    }
    policy.lay_over(&mut scenario);
    scenario.check()?;
    Ok(UnderPolicy { scenario, left_out })
}

impl Policy {
    fn lay_over(self, scenario: &mut Scenario) {
        if let Some(clock) = self.clock {
            scenario.clock = clock;
        }
        if let Some(most) = self.max_connections {
            scenario.scheduler.connections_max = Some(most);
        }
        macro_rules! everywhere {
            ($($key:ident)*) => {
                $(if self.$key.is_some() {
                    scenario.peer.$key = self.$key;
                    scenario.group.iter_mut().for_each(|group| group.peer.$key = None);
                })*
            };
        }
        everywhere!(class download_limit upload_limit foreground_limit background_limit hours);
        everywhere!(foreground_limit_in_hours background_limit_in_hours);
        everywhere!(foreground_delay background_delay deadline);
    }
}

fn lay_over_parameters(scenario: &mut Scenario, parameters: Value) -> Result<(), ScenarioError> {
    let Value::Table(over) = parameters else {
        return Err(ScenarioError::bound("scheduler", parameters, "write a table: [scheduler]"));
    };
    let mut own = Table::try_from(&scenario.scheduler).expect("a struct of numbers and texts");
    own.extend(over);
    check_numbers(&Table::from_iter([("scheduler".to_owned(), Value::Table(own.clone()))]))?;
    scenario.scheduler = read::<SchedulerPlan>(Value::Table(own))?;
    Ok(())
}

fn read<'de, T: Deserialize<'de>>(value: Value) -> Result<T, ScenarioError> {
    value.try_into().map_err(|source| ScenarioError::Schema { source })
}

/// What a node's own policy was, as a scenario says it.
pub(super) fn delays(of: &super::view::Delays) -> PeerPlan {
    let span = |span: std::time::Duration| (!span.is_zero()).then_some(Span(span));
    PeerPlan {
        foreground_delay: span(of.foreground),
        background_delay: span(of.background),
        deadline: of.deadline.map(Span),
        ..PeerPlan::default()
    }
}

#[cfg(test)]
mod tests;
