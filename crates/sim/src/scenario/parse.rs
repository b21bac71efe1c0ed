//! From text to scenario: short forms are written out, overrides laid over, values checked.

use toml::{Table, Value};

use super::{Scenario, ScenarioError, numbers};
use crate::words;

/// Keys that may hold one table instead of several.
const LISTS: [&str; 5] = ["content", "site", "group", "outage", "partition"];
/// Keys of a group that say who is in it; all others say what they are.
const OF_GROUP: [&str; 4] = ["name", "share", "count", "peer"];

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// When the text is no TOML, a key or value is not one of the schema, or a value is out of bounds. The error names
    /// the key and what would be right.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        Self::parse_with::<&str>(text, &[])
    }

    /// Reads a scenario and lays overrides over it, each `key=value`: the key is a dotted path (`network.lane_loss`,
    /// `site.0.wan`), the value TOML or a bare text (`20mbit`). A path that leaves out the number of a list's entry is
    /// about all of them: `site.peers=100`. `k` and `w` are short for `scheduler.degree` and `scheduler.window`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and when an override is no `key=value` or leads nowhere.
    pub fn parse_with<S: AsRef<str>>(text: &str, overrides: &[S]) -> Result<Self, ScenarioError> {
        let mut table: Table = toml::from_str(text).map_err(|source| ScenarioError::Syntax { source })?;
        write_out(&mut table)?;
        for given in overrides {
            let given = given.as_ref();
            let error =
                |problem: &str| ScenarioError::Override { given: given.into(), problem: problem.into() };
            let (path, value) = given.split_once('=').ok_or_else(|| error("there is no ="))?;
            let path: Vec<_> = long_name(path.trim()).split('.').collect();
            if path.iter().any(|step| step.is_empty()) {
                return Err(error("a step of the path is empty"));
            }
            lay_over(&mut table, &path, &value_of(value.trim())).map_err(|problem| error(&problem))?;
        }
        write_out(&mut table)?;
        numbers::check(&table)?;
        let mut scenario: Self =
            Value::Table(table).try_into().map_err(|source| ScenarioError::Schema { source })?;
        scenario.name_all();
        scenario.check()?;
        Ok(scenario)
    }

    fn name_all(&mut self) {
        for (at, content) in self.content.iter_mut().enumerate().filter(|(_, it)| it.name.is_empty()) {
            content.name = if at == 0 { "file".into() } else { format!("file-{}", at + 1) };
        }
        for (at, group) in self.group.iter_mut().enumerate().filter(|(_, it)| it.name.is_empty()) {
            group.name = format!("group-{}", at + 1);
        }
    }
}

/// One table becomes a list of one, and what a group is moves into its `peer`.
fn write_out(table: &mut Table) -> Result<(), ScenarioError> {
    for list in LISTS {
        if let Some(value) = table.get_mut(list)
            && value.is_table()
        {
            *value = Value::Array(vec![value.clone()]);
        }
    }
    let Some(Value::Array(groups)) = table.get_mut("group") else { return Ok(()) };
    for group in groups.iter_mut().filter_map(Value::as_table_mut) {
        let (own, of_peer): (Table, Table) =
            std::mem::take(group).into_iter().partition(|(key, _)| OF_GROUP.contains(&key.as_str()));
        *group = own;
        if of_peer.is_empty() {
            continue;
        }
        let peer = group.entry("peer").or_insert_with(|| Value::Table(Table::new()));
        let Some(peer) = peer.as_table_mut() else {
            let name = group.get("name").and_then(Value::as_str).unwrap_or_default();
            let way_out = "write its keys into the group itself";
            return Err(ScenarioError::bound(&format!("group {name:?}.peer"), "no table", way_out));
        };
        peer.extend(of_peer);
    }
    Ok(())
}

/// The letters by which the algorithm is written of, as keys.
fn long_name(path: &str) -> &str {
    match path {
        "k" => "scheduler.degree",
        "w" | "W" => "scheduler.window",
        path => path,
    }
}

/// A value as TOML reads it; what TOML does not read is a text.
fn value_of(text: &str) -> Value {
    let read = toml::from_str::<Table>(&format!("value = {text}")).ok();
    read.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.into()))
}

fn lay_over(table: &mut Table, path: &[&str], value: &Value) -> Result<(), String> {
    let (step, rest) = path.split_first().ok_or("there is no path")?;
    if rest.is_empty() {
        table.insert((*step).into(), value.clone());
        return Ok(());
    }
    let empty = if LISTS.contains(step) {
        Value::Array(vec![Value::Table(Table::new())])
    } else {
        Value::Table(Table::new())
    };
    match table.entry(*step).or_insert(empty) {
        Value::Table(inner) => lay_over(inner, rest, value),
        Value::Array(list) => lay_over_list(list, step, rest, value),
        other => Err(format!("{step} is a {}, which has nothing inside", other.type_str())),
    }
}

fn lay_over_list(list: &mut [Value], name: &str, path: &[&str], value: &Value) -> Result<(), String> {
    let count = list.len();
    let (chosen, path) = match path.split_first() {
        Some((number, rest)) if number.bytes().all(|digit| digit.is_ascii_digit()) => {
            let entry = number.parse::<usize>().ok().and_then(|at| list.get_mut(at..=at));
            let entries = words::count(count as u64, "entry", "entries");
            let beyond = || format!("{name} has {entries}, counted from 0; there is no {number}");
            (entry.ok_or_else(beyond)?, rest)
        }
        _ => (list, path),
    };
    for entry in chosen {
        let Value::Table(entry) = entry else { return Err(format!("{name} is not a list of tables")) };
        lay_over(entry, path, value)?;
    }
    Ok(())
}
