//! Whether docs/simulations.md tells of every key that a scenario may have, with its default, and of no other; and
//! whether the scenarios that come with the program are those of the folder.

#![expect(clippy::disallowed_methods, reason = "the tests look at the folder that the library is made of")]

use std::collections::BTreeSet;
use std::error::Error;

use swarmline_sim::Scenario;
use swarmline_sim::library::{self, ENTRIES};

const MANUAL: &str = include_str!("../../../docs/simulations.md");

/// Tables of a scenario. `group` takes the keys of `peer` too.
const SECTIONS: [&str; 12] = [
    "content",
    "site",
    "peer",
    "group",
    "origin",
    "outage",
    "arrive",
    "network",
    "partition",
    "scheduler",
    "record",
    "check",
];

/// The keys of a table: what the error says that it would have taken.
fn keys_of(section: &str) -> BTreeSet<String> {
    let text = if section.is_empty() { "zzz = 1".into() } else { format!("[{section}]\nzzz = 1") };
    let error = Scenario::parse(&text).expect_err("there is no such key");
    let told = error.source().expect("the cause says what was expected").to_string();
    let listed = told.split_once("expected").expect("an unknown key").1;
    // The next line says in which table.
    let listed = listed.lines().next().unwrap_or_default();
    let names = listed.split('`').skip(1).step_by(2);
    let prefix = if section.is_empty() { String::new() } else { format!("{section}.") };
    names.map(|name| format!("{prefix}{name}")).collect()
}

/// Key and default of each row of the tables of keys.
fn rows() -> Vec<(String, String)> {
    let keys = MANUAL.split_once("## Keys").expect("the chapter of keys").1;
    let keys = keys.split_once("What a peer does").expect("the end of the tables").0;
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = keys.lines().filter(|line| line.starts_with("| `")).map(cells);
    rows.map(|cells| (cells[1].trim_matches('`').to_owned(), cells[2].clone())).collect()
}

#[test]
fn the_manual_tells_of_every_key_and_of_no_other() {
    let tables: BTreeSet<String> = SECTIONS.iter().copied().chain(["expect"]).map(String::from).collect();
    let mut keys: BTreeSet<String> = keys_of("").difference(&tables).cloned().collect();
    SECTIONS.iter().chain(&["expect"]).filter(|it| **it != "group").for_each(|it| keys.extend(keys_of(it)));
    // Those of a group are said to be its own and those of a peer.
    keys.extend(["group.name", "group.share", "group.count"].map(String::from));
    let told: Vec<String> = rows().into_iter().map(|(key, _)| key).collect();
    assert_eq!(told.iter().cloned().collect::<BTreeSet<_>>(), keys);
    assert_eq!(told.len(), keys.len(), "a key stands twice");
}

#[test]
fn the_manual_s_defaults_are_those_of_the_code() {
    let full = "[content]\n[site]\n[group]\ncount = 1\n[outage]\n[partition]";
    let written = toml::Value::try_from(Scenario::parse(full).unwrap()).unwrap();
    let mut compared = 0;
    for (key, told) in rows() {
        let step = |value: toml::Value, step: &str| match value {
            toml::Value::Table(mut table) => table.remove(step),
            toml::Value::Array(list) => list.into_iter().next()?.as_table()?.get(step).cloned(),
            _ => None,
        };
        // What is absent unless it is said has no default in the file.
        let Some(value) = key.split('.').try_fold(written.clone(), step) else { continue };
        let shown = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            toml::Value::Boolean(is_so) => is_so.to_string(),
            other => panic!("{key} is {other:?}"),
        };
        let is_told = match key.as_str() {
            "question" => told == "(empty)",
            "group.name" | "group.count" => true,
            _ => told.trim_matches('`') == shown,
        };
        assert!(is_told, "{key}: the manual says {told}, the code {shown}");
        compared += 1;
    }
    assert!(compared > 40, "{compared}");
}

#[test]
fn the_example_of_the_manual_is_a_scenario() {
    let example =
        MANUAL.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let scenario = Scenario::parse(example).unwrap();
    assert_eq!((scenario.site[0].peers, scenario.expect.origin_max), (40, Some(1.02)));
}

#[test]
fn the_library_is_the_folder() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    let in_folder = |folder: &str| {
        let entries = std::fs::read_dir(format!("{root}{folder}")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".toml")).map(|name| format!("{folder}{name}")).collect::<Vec<_>>()
    };
    let files: BTreeSet<_> =
        [in_folder("simulations/"), in_folder("simulations/targets/")].concat().into_iter().collect();
    assert_eq!(ENTRIES.iter().map(|entry| entry.path.to_owned()).collect::<BTreeSet<_>>(), files);
}

#[test]
fn every_scenario_of_the_library_reads_and_asks_a_question() {
    for entry in ENTRIES {
        let scenario = Scenario::parse(entry.text).unwrap_or_else(|error| {
            panic!("{}: {error}: {:?}", entry.name, error.source().map(ToString::to_string))
        });
        assert_eq!(scenario.name, entry.name);
        assert!(scenario.question.ends_with('?'), "{}", entry.name);
        assert_eq!(library::find(entry.name), Some(entry));
        let expect = &scenario.expect;
        assert!(!entry.is_target || *expect != swarmline_sim::scenario::Expect::default(), "{}", entry.name);
    }
}
