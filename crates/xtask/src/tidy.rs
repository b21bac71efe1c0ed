//! The texts of the tree: what no compiler checks and no reviewer should have to.
//!
//! Each rule is a small function from text to findings; this module only deals the files out to them.

mod links;
mod manifest;
mod names;
mod space;
mod words;

use anyhow::Result;

use crate::finding::conclude;
use crate::workspace::Workspace;

/// The rules name what they forbid, so their own sources are not read for forbidden words.
const RULES: &str = "crates/xtask/src/tidy/";

/// A file that is text.
struct TextFile {
    /// From the root, with `/` between folders.
    path: String,
    text: String,
}

impl TextFile {
    fn has_extension(&self, extension: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, end)| end == extension)
    }

    /// Lines with their numbers from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// Checks all files that git has or would take in.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let paths = workspace.files()?;
    let mut findings = Vec::new();
    let mut manifests = Vec::new();
    for path in &paths {
        let Some(file) = read_text(workspace, path)? else { continue };
        findings.extend(space::check(&file));
        findings.extend(names::check(&file));
        if !path.starts_with(RULES) {
            findings.extend(words::check(&file));
        }
        if file.has_extension("md") {
            findings.extend(links::check(&file, &paths));
        }
        if path.ends_with("Cargo.toml") {
            manifests.push(file);
        }
    }
    findings.extend(manifest::check(&manifests));
    conclude("tidy", findings)
}

/// `None` for what is no text: it holds a zero byte or is no UTF-8.
fn read_text(workspace: &Workspace, path: &str) -> Result<Option<TextFile>> {
    let bytes = std::fs::read(workspace.root().join(path))?;
    if bytes.contains(&0) {
        return Ok(None);
    }
    Ok(String::from_utf8(bytes).ok().map(|text| TextFile { path: path.to_owned(), text }))
}

#[cfg(test)]
fn file(path: &str, text: &str) -> TextFile {
    TextFile { path: path.into(), text: text.into() }
}

#[cfg(test)]
fn shown(findings: &[crate::finding::Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}
