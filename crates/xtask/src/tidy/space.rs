//! White space and line ends.

use super::TextFile;
use crate::finding::Finding;

/// Files whose bytes are somebody else's: recorded piece hash files, what proptest writes, and what a program printed.
const FOREIGN: &[&str] = &[".phf", ".proptest-regressions", ".snap"];

pub(super) fn check(file: &TextFile) -> Vec<Finding> {
    if FOREIGN.iter().any(|end| file.path.ends_with(end)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in file.text.split('\n').enumerate().map(|(index, line)| (index + 1, line)) {
        findings.extend(objection(line).map(|text| Finding::error(&file.path, number, text)));
    }
    findings.extend(end(file));
    findings
}

fn objection(line: &str) -> Option<&'static str> {
    match line {
        line if line.ends_with('\r') => Some("line ends in CR LF; LF alone is enough"),
        line if line.contains('\t') => Some("tab; this tree is indented by spaces"),
        line if line.ends_with(char::is_whitespace) => Some("white space at the end of the line"),
        _ => None,
    }
}

/// A file ends in exactly one newline.
fn end(file: &TextFile) -> Option<Finding> {
    let text = match &file.text {
        text if text.is_empty() => return None,
        text if !text.ends_with('\n') => "no newline at the end of the file",
        text if text.ends_with("\n\n") => "empty lines at the end of the file",
        _ => return None,
    };
    Some(Finding::error(&file.path, file.text.lines().count(), text))
}

#[cfg(test)]
mod tests {
    use super::super::{file, shown};
    use super::*;

    fn found(text: &str) -> Vec<String> {
        shown(&check(&file("a", text)))
    }

    #[test]
    fn plain_lines_are_well() {
        assert_eq!(found("one\n  two\n\nthree\n"), [""; 0]);
        assert_eq!(found(""), [""; 0]);
    }

    #[test]
    fn each_kind_of_bad_space_is_named_with_its_line() {
        assert_eq!(found("one\n\ttwo\n"), ["a:2: tab; this tree is indented by spaces"]);
        assert_eq!(found("one \n"), ["a:1: white space at the end of the line"]);
        assert_eq!(found("one\r\n"), ["a:1: line ends in CR LF; LF alone is enough"]);
    }

    #[test]
    fn a_file_ends_in_one_newline() {
        assert_eq!(found("one"), ["a:1: no newline at the end of the file"]);
        assert_eq!(found("one\n\n"), ["a:2: empty lines at the end of the file"]);
    }

    #[test]
    fn foreign_bytes_stay_as_they_are() {
        assert_eq!(check(&file("tests/vectors/real.phf", "{}\t")), []);
    }
}
