//! Numbers without a unit: which keys have one, and from what to what.
//!
//! They are asked for before a text becomes a scenario, so that an error knows the bound whatever stands there, and by
//! [`Scenario::check`] of what was made by hand.

use toml::{Table, Value};

use super::{Scenario, ScenarioError};

/// Table, key, least and most of every whole number.
const WHOLE: [(&str, &str, i64, i64); 19] = [
    ("", "seeds", 1, 1_000),
    ("site", "count", 1, 100_000),
    ("site", "peers", 1, 100_000),
    ("site", "holders", 0, 1_000),
    ("site", "caches", 0, 1_000),
    ("group", "count", 0, 100_000),
    ("network", "finds", 1, 1_024),
    ("network", "encode_every", 0, U32_MAX),
    ("scheduler", "window", 1, 24),
    ("scheduler", "full_mesh_max", 1, 1_000),
    ("scheduler", "degree", 1, 64),
    // The product's network holds 64. Baselines hear everything themselves, and need more.
    ("scheduler", "connections_max", 1, 1_024),
    ("record", "points", 10, 10_000),
    ("record", "rows", 1, 4_096),
    ("record", "peers_max", 0, 1_000_000),
    ("record", "fetches_max", 0, 10_000_000),
    ("check", "every", 0, U32_MAX),
    ("check", "events_max", 1, EVENTS_MAX),
    ("expect", "unfinished_max", 0, U32_MAX),
];
/// Most events that a site may be allowed: 2^40.
const EVENTS_MAX: i64 = 1 << 40;
/// Table and key of every target that is a number from 0 on.
const TARGETS: [(&str, &str); 9] = [
    ("content", "makespan_max"),
    ("expect", "makespan_max"),
    ("expect", "mean_max"),
    ("expect", "origin_max"),
    ("expect", "duplicate_max"),
    ("expect", "bad_max"),
    ("expect", "have_max"),
    ("expect", "requests_max"),
    ("expect", "upload_spread_max"),
];
const U32_MAX: i64 = 0xffff_ffff;

/// Asks for every number that a scenario's table says.
///
/// # Errors
/// The first that is out of its bounds, or none.
pub(crate) fn check(scenario: &Table) -> Result<(), ScenarioError> {
    for (section, key, least, most) in WHOLE {
        said(scenario, section, key).try_for_each(|value| whole(&name(section, key), value, least, most))?;
    }
    for (section, key) in TARGETS {
        said(scenario, section, key).try_for_each(|value| target(&name(section, key), value))?;
    }
    Ok(())
}

impl Scenario {
    /// Asks for every number of a scenario, however it was made.
    pub(super) fn check_numbers(&self) -> Result<(), ScenarioError> {
        // TOML has room for all of them but for one that is far too large.
        let too_large = |_| out_of_bounds("check.events_max", self.check.events_max, 1, EVENTS_MAX);
        check(&Table::try_from(self).map_err(too_large)?)
    }
}

/// A whole number within its bounds.
///
/// # Errors
/// When it is out of them, or no whole number.
pub(crate) fn whole(key: &str, value: &Value, least: i64, most: i64) -> Result<(), ScenarioError> {
    match value {
        Value::Integer(number) if (least..=most).contains(number) => Ok(()),
        Value::Integer(number) => Err(out_of_bounds(key, number, least, most)),
        other => {
            let way_out = format!("it must be a whole number from {least} to {most}");
            Err(ScenarioError::bound(key, other, way_out))
        }
    }
}

fn out_of_bounds(key: &str, value: impl std::fmt::Display, least: i64, most: i64) -> ScenarioError {
    ScenarioError::bound(key, value, format!("it must lie from {least} to {most}"))
}

fn target(key: &str, value: &Value) -> Result<(), ScenarioError> {
    let is_one = match value {
        Value::Integer(number) => *number >= 0,
        Value::Float(number) => *number >= 0.0 && number.is_finite(),
        _ => false,
    };
    let way_out = "it must be a number from 0 on; leave the key out for anything";
    if is_one { Ok(()) } else { Err(ScenarioError::bound(key, value, way_out)) }
}

/// What is said of a key: once for each entry of a list that says it.
fn said<'a>(scenario: &'a Table, section: &str, key: &'a str) -> impl Iterator<Item = &'a Value> {
    let own = section.is_empty().then_some(scenario);
    let (one, list) = match scenario.get(section) {
        Some(Value::Table(one)) => (Some(one), None),
        Some(Value::Array(list)) => (None, Some(list)),
        _ => (None, None),
    };
    let entries = list.into_iter().flatten().filter_map(Value::as_table);
    own.into_iter().chain(one).chain(entries).filter_map(move |table| table.get(key))
}

fn name(section: &str, key: &str) -> String {
    if section.is_empty() { key.into() } else { format!("{section}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{CheckPlan, Expect};
    use crate::words;

    #[test]
    fn what_is_made_by_hand_is_held_against_the_same_bounds() {
        let refused = |scenario: Scenario| scenario.check().unwrap_err().to_string();
        let endless = CheckPlan { events_max: u64::MAX, ..CheckPlan::default() };
        let expect = Expect { mean_max: Some(f64::NAN), ..Expect::default() };
        assert_eq!(
            [
                refused(Scenario { seeds: 1_001, ..Scenario::default() }),
                refused(Scenario { check: endless, ..Scenario::default() }),
                refused(Scenario { expect, ..Scenario::default() }),
            ],
            [
                "seeds = 1001 cannot be; it must lie from 1 to 1000",
                "check.events_max = 18446744073709551615 cannot be; it must lie from 1 to 1099511627776",
                "expect.mean_max = nan cannot be; it must be a number from 0 on; leave the key out for anything",
            ]
        );
    }

    #[test]
    fn the_manual_tells_of_the_most_of_each() {
        let manual = include_str!("../../../../docs/simulations.md");
        for (section, key, _, most) in WHOLE.into_iter().filter(|it| it.3 != U32_MAX) {
            let key = name(section, key);
            let row =
                manual.lines().find(|line| line.starts_with(&format!("| `{key}` |"))).unwrap_or_default();
            let most = if most == EVENTS_MAX { "2^40".into() } else { words::number(most as f64) };
            assert!(row.contains(&most), "{key}, {most}: {row}");
        }
    }

    /// A number that is in no list would be told of as `expected u32`.
    #[test]
    fn every_number_of_a_scenario_has_a_bound() {
        let full = "seeds = 1\n[content]\nmakespan_max = 1\n[site]\n[group]\ncount = 1\n[scheduler]\nwindow = 1\n\
                    full_mesh_max = 1\ndegree = 1\nconnections_max = 1\n[expect]\nmakespan_max = 1\nmean_max = 1\n\
                    origin_max = 1\nduplicate_max = 1\nbad_max = 1\nhave_max = 1\nrequests_max = 1\nupload_spread_max = 1";
        let table = Table::try_from(Scenario::parse(full).unwrap()).unwrap();
        let keys_of = |(section, value): (&String, &Value)| -> Vec<(String, String)> {
            let entry = value.as_array().and_then(|list| list.first()).unwrap_or(value).clone();
            let (section, entry) = match entry {
                Value::Table(entry) => (section.clone(), entry),
                alone => (String::new(), Table::from_iter([(section.clone(), alone)])),
            };
            let is_number = |value: &Value| value.is_integer() || value.is_float();
            entry.into_iter().filter(|(_, it)| is_number(it)).map(|(key, _)| (section.clone(), key)).collect()
        };
        let is_share = |key: &str| ["share", "unknown", "lane_loss"].contains(&key);
        let numbers = table.iter().flat_map(keys_of).filter(|(_, key)| !is_share(key));
        let listed = |section: &str, key: &str| {
            WHOLE.iter().any(|it| (it.0, it.1) == (section, key)) || TARGETS.contains(&(section, key))
        };
        let unbound: Vec<_> = numbers.filter(|(section, key)| !listed(section, key)).collect();
        assert!(unbound.is_empty(), "{unbound:?}");
    }
}
