//! What a check found, in the form editors jump to: `file:line: text`.

use std::fmt;

use anyhow::{Result, bail};

/// One thing that a check found.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Finding {
    file: String,
    line: usize,
    weight: Weight,
    text: String,
}

/// Whether a finding fails the check.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Weight {
    Error,
    Warning,
}

impl Finding {
    /// An error in `file`; `line` counts from 1, and 0 means the whole file.
    pub(crate) fn error(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self { file: file.into(), line, weight: Weight::Error, text: text.into() }
    }

    /// A hint that does not fail the check.
    pub(crate) fn warning(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, ..Self::error(file, line, text) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        let weight = if self.weight == Weight::Warning { "warning: " } else { "" };
        write!(f, ": {weight}{}", self.text)
    }
}

/// Prints the findings in the order of files and lines.
///
/// # Errors
/// When at least one of them is an error; the text counts them.
pub(crate) fn conclude(check: &str, mut findings: Vec<Finding>) -> Result<()> {
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    match findings.iter().filter(|finding| finding.weight == Weight::Error).count() {
        0 => Ok(()),
        1 => bail!("{check}: 1 finding"),
        count => bail!("{check}: {count} findings"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_printed_as_editors_read_it() {
        assert_eq!(Finding::error("a/b.rs", 3, "wrong").to_string(), "a/b.rs:3: wrong");
        assert_eq!(Finding::warning("a.rs", 0, "long").to_string(), "a.rs: warning: long");
    }

    #[test]
    fn warnings_alone_do_not_fail_a_check() {
        assert!(conclude("tidy", vec![Finding::warning("a.rs", 0, "long")]).is_ok());
        assert!(conclude("tidy", vec![Finding::error("a.rs", 0, "wrong")]).is_err());
    }
}
