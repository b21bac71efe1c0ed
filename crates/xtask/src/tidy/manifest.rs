//! Dependencies: one list in the root, each entry used and explained.
//!
//! Reads manifests line by line, in the form this tree writes them: one dependency per line.

use super::TextFile;
use crate::finding::Finding;

/// The crates of this tree; they need no explanation.
const OWN: &str = "swarmline-";

pub(super) fn check(manifests: &[TextFile]) -> Vec<Finding> {
    let (root, members): (Vec<_>, Vec<_>) = manifests.iter().partition(|file| file.path == "Cargo.toml");
    let mut findings: Vec<Finding> = members.iter().flat_map(|member| inherited(member)).collect();
    for root in root {
        let used: Vec<&str> =
            members.iter().flat_map(|member| dependencies(member)).map(|(_, name, _)| name).collect();
        findings.extend(listed(root, &used));
    }
    findings
}

/// A line of a member's dependency table takes its version from the root.
fn inherited(member: &TextFile) -> Vec<Finding> {
    let own_version = |(number, name, line): (usize, &str, &str)| {
        let inherits = line.contains(".workspace = true") || line.contains("workspace = true");
        (!inherits).then(|| {
            Finding::error(&member.path, number, format!("`{name}` takes its version from the root"))
        })
    };
    dependencies(member).into_iter().filter_map(own_version).collect()
}

/// Each entry of the root's list is used by a member, and says itself or by its group what it is for.
fn listed(root: &TextFile, used: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut inside, mut explained) = (false, false);
    for (number, line) in root.lines() {
        match line.trim() {
            header if header.starts_with('[') => inside = header == "[workspace.dependencies]",
            _ if !inside => {}
            "" => explained = false,
            comment if comment.starts_with('#') => explained = true,
            entry => {
                let Some(name) = name(entry) else { continue };
                if !used.contains(&name) {
                    findings.push(Finding::error(&root.path, number, format!("no crate uses `{name}`")));
                }
                if !explained && !entry.contains('#') && !name.starts_with(OWN) {
                    let text = format!("`{name}` says neither by itself nor by its group what it is for");
                    findings.push(Finding::error(&root.path, number, text));
                }
            }
        }
    }
    findings
}

/// Line number, name and line of each dependency in any of a member's tables.
fn dependencies(member: &TextFile) -> Vec<(usize, &str, &str)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (number, line) in member.lines() {
        match line.trim() {
            header if header.starts_with('[') => inside = header.ends_with("dependencies]"),
            line if inside => found.extend(name(line).map(|name| (number, name, line))),
            _ => {}
        }
    }
    found
}

/// The key that a line begins with, up to its first point.
fn name(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let name = key.split('.').next()?.trim();
    (!name.is_empty() && !name.starts_with('#')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::{file, shown};
    use super::*;

    fn found(root: &str, member: &str) -> Vec<String> {
        shown(&check(&[file("Cargo.toml", root), file("crates/a/Cargo.toml", member)]))
    }

    #[test]
    fn an_entry_of_the_list_is_used() {
        let root = "[workspace.dependencies]\n# -- words\nserde = \"1\"\ntoml = \"1\"\n";
        assert_eq!(
            found(root, "[dependencies]\nserde.workspace = true\n"),
            ["Cargo.toml:4: no crate uses `toml`"]
        );
        let member = "[dependencies]\nserde.workspace = true\n[target.'cfg(unix)'.dev-dependencies]\ntoml.workspace = true\n";
        assert_eq!(found(root, member), [""; 0]);
    }

    #[test]
    fn an_entry_is_explained_by_its_line_or_its_group() {
        let member = "[dependencies]\na = { workspace = true, features = [\"x\"] }\nb.workspace = true\n";
        let of = |list: &str| found(&format!("[workspace.dependencies]\n{list}"), member);
        assert_eq!(of("# -- letters\na = \"1\"\nb = \"2\"\n"), [""; 0]);
        assert_eq!(of("a = \"1\" # first\nb = \"2\" # second\n"), [""; 0]);
        assert_eq!(
            of("# general words\n\na = \"1\" # first\nb = \"2\"\n"),
            ["Cargo.toml:5: `b` says neither by itself nor by its group what it is for"]
        );
    }

    #[test]
    fn own_crates_need_no_explanation() {
        let root = "[workspace.dependencies]\nswarmline-types = { path = \"crates/types\" }\n";
        assert_eq!(found(root, "[dependencies]\nswarmline-types.workspace = true\n"), [""; 0]);
    }

    #[test]
    fn a_member_brings_no_version_of_its_own() {
        assert_eq!(
            found("", "[package]\nname = \"a\"\n[dependencies]\nserde = \"1\"\n"),
            ["crates/a/Cargo.toml:4: `serde` takes its version from the root"]
        );
    }
}
