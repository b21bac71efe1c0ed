//! Leftovers and words that do not belong into the tree.

use super::TextFile;
use crate::finding::Finding;

/// Paths that exist where somebody works, not in a checkout.
const WORKPLACES: &[&str] = &["/work/", "../shared"];

/// Registries and mirrors: where packages come from is decided by `deny.toml` and the lock file alone.
const REGISTRIES: &[&str] = &[
    "crates.io",
    "rsproxy",
    "replace-with",
    "pypi.org",
    "registry.npmjs",
    "proxy.golang",
    "deb.debian.org",
    "mirrors.",
    "artifactory",
];

/// Macros that are for the moment of writing only.
const LEFTOVERS: &[&str] = &["todo!", "unimplemented!", "dbg!"];

pub(super) fn check(file: &TextFile) -> Vec<Finding> {
    if file.path == "Cargo.lock" {
        return Vec::new();
    }
    let rust = file.has_extension("rs");
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        let mut found = vec![unowned(line), workplace(line)];
        if file.path != "deny.toml" {
            found.push(registry(line));
        }
        if rust {
            found.extend([leftover(line), silent_ignore(line)]);
        }
        findings.extend(found.into_iter().flatten().map(|text| Finding::error(&file.path, number, text)));
    }
    findings
}

/// A note of what is left to do names who does it.
fn unowned(line: &str) -> Option<String> {
    ["TODO", "FIXME"]
        .into_iter()
        .find(|word| stands_alone(line, word) && !is_owned(line, word))
        .map(|word| format!("{word} without an owner: write {word}(name), or better do it now"))
}

fn stands_alone(line: &str, word: &str) -> bool {
    let of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(of_a_word) && !line[at + word.len()..].starts_with(of_a_word))
}

fn is_owned(line: &str, word: &str) -> bool {
    line.split(word).skip(1).all(|rest| {
        rest.strip_prefix('(')
            .and_then(|rest| rest.split_once(')'))
            .is_some_and(|(name, _)| !name.trim().is_empty())
    })
}

fn workplace(line: &str) -> Option<String> {
    let path = WORKPLACES.iter().find(|path| line.contains(**path))?;
    Some(format!("`{path}` is a path of one workplace"))
}

fn registry(line: &str) -> Option<String> {
    let host = REGISTRIES.iter().find(|host| line.contains(**host))?;
    Some(format!("`{host}`: registries and mirrors stand in deny.toml only"))
}

fn leftover(line: &str) -> Option<String> {
    let code = without_comment(line);
    let name = LEFTOVERS.iter().find(|name| stands_alone(code, name))?;
    Some(format!("{name} is left over"))
}

fn silent_ignore(line: &str) -> Option<String> {
    let rest = without_comment(line).split_once("#[ignore")?.1.trim_start();
    (!rest.starts_with('=')).then(|| "an ignored test says why: #[ignore = \"reason\"]".into())
}

/// The line up to `//`, unless that belongs to an address.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::super::{file, shown};
    use super::*;

    fn found(path: &str, line: &str) -> Vec<String> {
        shown(&check(&file(path, line)))
    }

    #[test]
    fn what_is_left_to_do_has_an_owner() {
        assert_eq!(
            found("a.md", "TODO later"),
            ["a.md:1: TODO without an owner: write TODO(name), or better do it now"]
        );
        assert_eq!(found("a.rs", "// FIXME() now").len(), 1);
        assert_eq!(found("a.rs", "// TODO(ada) one, TODO two").len(), 1);
        assert_eq!(found("a.rs", "// TODO(ada): measure"), [""; 0]);
        assert_eq!(found("a.md", "no TODOS here, no MASTODON"), [""; 0]);
    }

    #[test]
    fn macros_of_the_moment_are_found_in_code_alone() {
        for line in ["    todo!()", "let x = dbg!(y);", "_ => unimplemented!(\"z\"),"] {
            assert_eq!(found("a.rs", line).len(), 1, "{line}");
        }
        assert_eq!(found("a.rs", "// never todo!() in a commit"), [""; 0]);
        assert_eq!(found("a.rs", "let at = \"http://host\"; dbg!(at)").len(), 1);
        assert_eq!(found("a.md", "`dbg!` is refused"), [""; 0]);
    }

    #[test]
    fn an_ignored_test_says_why() {
        assert_eq!(found("a.rs", "#[ignore]").len(), 1);
        assert_eq!(found("a.rs", "#[ignore = \"takes an hour\"]"), [""; 0]);
    }

    #[test]
    fn no_path_of_a_workplace_and_no_registry() {
        assert_eq!(found("a.md", "see /work/main"), ["a.md:1: `/work/` is a path of one workplace"]);
        assert_eq!(found("a.rs", "// /network/ is another word"), [""; 0]);
        assert_eq!(found("README.md", "from crates.io").len(), 1);
        assert_eq!(found("deny.toml", "\"https://github.com/rust-lang/crates.io-index\""), [""; 0]);
        assert_eq!(found("Cargo.lock", "registry+https://github.com/rust-lang/crates.io-index"), [""; 0]);
    }
}
