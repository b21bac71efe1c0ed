//! Pure crates stay pure: what they may not depend on, and that clippy watches what the standard library offers.
//!
//! The dependencies are those of a build of the crate alone, all the way down: what another crate of the workspace
//! switches on in a shared dependency does not count.

use std::collections::BTreeSet;

use anyhow::Result;

use super::{Package, Place};
use crate::finding::Finding;
use crate::workspace::{Workspace, output};

/// Crates that bring in what a pure crate does without. A `*` at the end stands for any rest.
const BANNED: &[(&str, &str)] = &[
    ("async-io", "sockets"),
    ("async-std", "an async runtime"),
    ("chrono", "a clock"),
    ("crossbeam*", "threads"),
    ("fastrand", "ambient randomness"),
    ("futures-timer", "a clock"),
    ("getrandom", "ambient randomness"),
    ("hyper*", "sockets"),
    ("jiff", "a clock"),
    ("libp2p*", "sockets"),
    ("mio", "sockets"),
    ("nix", "the operating system"),
    ("quinn*", "sockets"),
    ("rayon*", "threads"),
    ("reqwest", "sockets"),
    ("rustix", "the operating system"),
    ("smol", "an async runtime"),
    ("socket2", "sockets"),
    ("tempfile", "files"),
    ("time", "a clock"),
    ("tokio*", "an async runtime"),
    ("web-time", "a clock"),
];

/// The file in which a crate tells clippy what its code may not name.
const LINT_FILE: &str = "clippy.toml";

/// Checks the dependencies and the lint files of the pure crates.
pub(super) fn check(workspace: &Workspace, pure: &[&Package]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in pure {
        let tree = output(workspace.cargo().args(["tree", "--package", &package.name]).args([
            "--edges=normal,no-proc-macro",
            "--prefix=depth",
            "--format={p}",
        ]))?;
        findings.extend(banned(&package.file("Cargo.toml"), &tree));
    }
    let root = workspace.read(LINT_FILE)?;
    let files: Vec<(String, Option<String>)> = pure
        .iter()
        .map(|package| package.file(LINT_FILE))
        .map(|file| (file.clone(), workspace.read(&file).ok()))
        .collect();
    findings.extend(lint_files(&root, &files));
    Ok(findings)
}

/// Each banned crate in the output of `cargo tree --prefix=depth`, with the first chain that leads to it. Does not look
/// below a banned crate, nor below one of the workspace: that has checks of its own.
fn banned(manifest: &str, tree: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = BTreeSet::new();
    let mut chain: Vec<&str> = Vec::new();
    let mut skip_below = usize::MAX;
    for line in tree.lines() {
        let digits = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len());
        let Ok(depth) = line[..digits].parse::<usize>() else { continue };
        if depth > skip_below {
            continue;
        }
        let name = line[digits..].split_whitespace().next().unwrap_or_default();
        chain.truncate(depth);
        chain.push(name);
        let ban = BANNED.iter().find(|(pattern, _)| matches(pattern, name));
        let own = depth > 0 && Place::of(name).is_some();
        skip_below = if own || ban.is_some() { depth } else { usize::MAX };
        if let Some((_, why)) = ban
            && told.insert(name)
        {
            let text = format!("a pure crate may not bring in {why}: {}", chain.join(" > "));
            findings.push(Finding::error(manifest, 0, text));
        }
    }
    findings
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

/// Clippy reads the nearest file only, so each repeats the root's settings; and all pure crates obey the same rules.
fn lint_files(root: &str, files: &[(String, Option<String>)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let first = files.iter().find_map(|(file, text)| Some((file, text.as_ref()?)));
    for (file, text) in files {
        let Some(text) = text else {
            findings.push(Finding::error(
                file,
                0,
                "a pure crate needs this file, the same as its neighbours'",
            ));
            continue;
        };
        for setting in root.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if !text.lines().any(|line| line == setting) {
                let text = format!("replaces the root's file for this crate, so it must repeat `{setting}`");
                findings.push(Finding::error(file, 0, text));
            }
        }
        if let Some((other, its)) = first
            && its != text
        {
            findings.push(Finding::error(
                file,
                0,
                format!("differs from {other}; pure crates have one rule"),
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_banned_crate_is_named_with_the_way_to_it() {
        let tree = "0swarmline-proto v0.1.0 (/x)\n1blake3 v1.8.0\n2cfg-if v1.0.0\n1rand v0.10.0\n2getrandom v0.4.0 (*)\n";
        assert_eq!(
            texts(&banned("m", tree)),
            ["m: a pure crate may not bring in ambient randomness: swarmline-proto > rand > getrandom"]
        );
    }

    #[test]
    fn a_banned_crate_is_told_once_and_not_what_it_brings() {
        let tree = "0swarmline-proto v0.1.0\n1tempfile v3.0.0\n2rustix v1.0.0\n1swarmline-net v0.1.0\n2tokio v1.0.0\n\
                    1serde v1.0.0\n2tempfile v3.0.0 (*)\n1mio v1.0.0\n";
        assert_eq!(
            texts(&banned("m", tree)),
            [
                "m: a pure crate may not bring in files: swarmline-proto > tempfile",
                "m: a pure crate may not bring in sockets: swarmline-proto > mio",
            ]
        );
    }

    #[test]
    fn a_star_stands_for_the_rest_of_a_name() {
        assert!(matches("tokio*", "tokio") && matches("tokio*", "tokio-util"));
        assert!(matches("time", "time") && !matches("time", "time-core"));
        assert_eq!(banned("m", "0swarmline-types v0.1.0\n1bitvec v1.1.1\n"), []);
    }

    #[test]
    fn each_pure_crate_repeats_the_root_and_equals_its_neighbours() {
        let root = "# words\nallow-unwrap-in-tests = true\n";
        let good = "allow-unwrap-in-tests = true\ndisallowed-types = []\n";
        let file = |name: &str, text: &str| (name.to_owned(), Some(text.to_owned()));
        assert_eq!(lint_files(root, &[file("a", good), file("b", good)]), []);
        assert_eq!(lint_files(root, &[file("a", "disallowed-types = []\n")]).len(), 1);
        assert_eq!(
            texts(&lint_files(root, &[file("a", good), file("b", "allow-unwrap-in-tests = true\n")])),
            ["b: differs from a; pure crates have one rule"]
        );
        assert_eq!(lint_files(root, &[("a".into(), None), file("b", good)]).len(), 1);
    }
}
