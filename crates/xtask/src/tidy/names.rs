//! Names of crates and modules, and how long a source file may be.

use super::TextFile;
use crate::finding::Finding;

/// Names that say nothing about what lies behind them.
const SAYS_NOTHING: &[&str] = &["util", "utils", "common", "misc", "helper", "helpers", "core"];

/// Look twice at a source file from here on.
const LINES_TO_LOOK_TWICE: usize = 400;

/// No source file is longer.
const LINES_MAX: usize = 700;

pub(super) fn check(file: &TextFile) -> Vec<Finding> {
    if !file.has_extension("rs") {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = length(file).into_iter().collect();
    findings.extend(path(file));
    findings.extend(inline_modules(file));
    findings
}

fn length(file: &TextFile) -> Option<Finding> {
    match file.lines().count() {
        lines if lines > LINES_MAX => Some(Finding::error(
            &file.path,
            0,
            format!("{lines} lines; a source file has at most {LINES_MAX}"),
        )),
        lines if lines >= LINES_TO_LOOK_TWICE => {
            Some(Finding::warning(&file.path, 0, format!("{lines} lines; look whether it is two files")))
        }
        _ => None,
    }
}

/// Folders and files are crates and modules.
fn path(file: &TextFile) -> Option<Finding> {
    let name = file.path.trim_end_matches(".rs").split('/').find(|part| SAYS_NOTHING.contains(part))?;
    Some(Finding::error(&file.path, 0, format!("`{name}` says nothing about what is in it")))
}

fn inline_modules(file: &TextFile) -> Vec<Finding> {
    let says_nothing = |(number, line): (usize, &str)| {
        let name = line.trim().strip_suffix('{')?.split_once("mod ")?.1.trim();
        SAYS_NOTHING
            .contains(&name)
            .then(|| Finding::error(&file.path, number, format!("`{name}` says nothing about what is in it")))
    };
    file.lines().filter_map(says_nothing).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{file, shown};
    use super::*;

    #[test]
    fn a_name_says_what_is_behind_it() {
        for path in ["crates/util/src/lib.rs", "crates/net/src/common.rs", "tests/common/mod.rs"] {
            assert_eq!(check(&file(path, "")).len(), 1, "{path}");
        }
        assert_eq!(check(&file("crates/net/src/lib.rs", "    pub(crate) mod helpers {\n")).len(), 1);
        assert_eq!(check(&file("crates/scheduler/src/lane.rs", "mod order {\n}\n")), []);
    }

    #[test]
    fn a_long_file_is_a_hint_and_a_very_long_one_an_error() {
        let of = |lines: usize| shown(&check(&file("a.rs", &"x\n".repeat(lines))));
        assert_eq!(of(399), [""; 0]);
        assert_eq!(of(400), ["a.rs: warning: 400 lines; look whether it is two files"]);
        assert_eq!(of(700).len(), 1);
        assert_eq!(of(701), ["a.rs: 701 lines; a source file has at most 700"]);
        assert_eq!(check(&file("a.md", &"x\n".repeat(999))), []);
    }
}
