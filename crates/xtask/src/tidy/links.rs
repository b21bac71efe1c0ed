//! Links of Markdown files into the tree lead somewhere.

use super::TextFile;
use crate::finding::Finding;

/// Checks each relative link of `file` against the paths of the tree.
pub(super) fn check(file: &TextFile, paths: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut fenced = false;
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in targets(line).into_iter().filter(|target| is_relative(target)) {
            if !leads_somewhere(&file.path, target, paths) {
                findings.push(Finding::error(
                    &file.path,
                    number,
                    format!("link to `{target}` leads nowhere"),
                ));
            }
        }
    }
    findings
}

/// What follows `](` up to the bracket's end, and the right side of `[name]: target`.
fn targets(line: &str) -> Vec<&str> {
    let outside_code = line.split('`').step_by(2);
    let inline = outside_code
        .flat_map(|part| part.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
    inline.chain(definition).filter_map(without_title).collect()
}

fn without_title(target: &str) -> Option<&str> {
    target.split_whitespace().next().map(|target| target.trim_start_matches('<').trim_end_matches('>'))
}

fn is_relative(target: &str) -> bool {
    !target.starts_with('#') && !target.contains(':')
}

/// Whether the target is a file of the tree or a folder with files in it.
fn leads_somewhere(from: &str, target: &str, paths: &[String]) -> bool {
    let target = target.split('#').next().unwrap_or_default();
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let Some(path) = resolve(folder, target) else { return false };
    let below = format!("{path}/");
    path.is_empty() || paths.iter().any(|known| *known == path || known.starts_with(&below))
}

/// `None` when the path leaves the tree.
fn resolve(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::{file, shown};
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let paths = ["README.md", "docs/hacking.md", "docs/design/lane.md"].map(String::from);
        shown(&check(&file(path, text), &paths))
    }

    #[test]
    fn links_into_the_tree_resolve_from_their_file() {
        assert_eq!(found("README.md", "see [a](docs/hacking.md#tests) and [b](docs/)"), [""; 0]);
        assert_eq!(found("docs/hacking.md", "[up](../README.md), [c](design/lane.md \"title\")"), [""; 0]);
        assert_eq!(found("docs/hacking.md", "[a](hacking.md)\n[c]: <design/lane.md>"), [""; 0]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_named() {
        assert_eq!(
            found("README.md", "\n[a](docs/gone.md)"),
            ["README.md:2: link to `docs/gone.md` leads nowhere"]
        );
        assert_eq!(found("README.md", "[a](../elsewhere.md)").len(), 1);
        assert_eq!(found("docs/hacking.md", "[a](README.md)").len(), 1);
        assert_eq!(found("README.md", "[a]: gone.md").len(), 1);
    }

    #[test]
    fn addresses_anchors_and_code_are_not_paths() {
        assert_eq!(found("README.md", "[a](https://example.org/x) [b](#here) `[c](gone.md)`"), [""; 0]);
        assert_eq!(found("README.md", "```\n[a](gone.md)\n```\n"), [""; 0]);
    }
}
