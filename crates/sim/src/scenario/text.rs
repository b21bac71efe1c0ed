//! From scenario to text: what it says beyond the defaults, so that a person can read it and go on from there.

use serde::Serialize;
use toml::{Table, Value};

use super::{ContentPlan, GroupPlan, Outage, Partition, Scenario, SitePlan};

impl Scenario {
    /// The scenario as a file: every key that differs from its default. [`parse`](Self::parse) reads the same again.
    pub fn to_toml(&self) -> String {
        let mut table = table_of(self);
        for (key, default) in [
            ("content", table_of(&ContentPlan::default())),
            ("site", table_of(&SitePlan::default())),
            ("group", table_of(&GroupPlan::default())),
            ("outage", table_of(&Outage::default())),
            ("partition", table_of(&Partition::default())),
        ] {
            shorten_list(&mut table, key, &default);
        }
        // A list of one default entry is what stands there without any.
        let mut default = table_of(&Self::default());
        ["content", "site"].into_iter().for_each(|key| shorten_list(&mut default, key, &Table::new()));
        without(&mut table, &default);
        toml::to_string(&table).expect("texts, numbers and tables are TOML")
    }
}

fn table_of(plan: &impl Serialize) -> Table {
    Table::try_from(plan).expect("plans are structs of texts, numbers and lists")
}

/// Leaves out of each entry what is its default, writes what a group is into the group itself, and one entry as a table.
fn shorten_list(table: &mut Table, key: &str, default: &Table) {
    let Some(Value::Array(entries)) = table.get_mut(key) else { return };
    for entry in entries.iter_mut().filter_map(Value::as_table_mut) {
        without(entry, default);
        if let Some(Value::Table(peer)) = entry.remove("peer") {
            entry.extend(peer);
        }
    }
    if let [one] = entries.as_slice() {
        let one = one.clone();
        table.insert(key.into(), one);
    }
}

/// Takes out of a table what another says as well, at any depth.
fn without(table: &mut Table, default: &Table) {
    for (key, default) in default {
        match (table.get_mut(key), default) {
            (Some(Value::Table(inner)), Value::Table(default)) => {
                without(inner, default);
                if inner.is_empty() {
                    table.remove(key);
                }
            }
            (Some(value), default) if value == default => _ = table.remove(key),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_written() {
        let text = "name = \"mine\"\n\n[content]\nname = \"file\"\nsize = \"4MiB\"\n\n\
                    [group]\ncount = 2\nends = \"10%..90%\"\nname = \"short\"\n\n[[site]]\npeers = 3\n\n[[site]]\nwan = \"5mbit\"\n";
        let scenario = Scenario::parse(text).unwrap();
        assert_eq!(scenario.to_toml(), text);
        assert_eq!(Scenario::default().to_toml(), "");
    }

    #[test]
    fn what_comes_with_the_program_is_read_as_it_was() {
        for entry in crate::library::ENTRIES {
            let scenario = Scenario::parse(entry.text).unwrap();
            assert_eq!(Scenario::parse(&scenario.to_toml()).unwrap(), scenario, "{}", entry.name);
        }
    }
}
