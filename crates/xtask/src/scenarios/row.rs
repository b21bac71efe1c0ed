//! One scenario and what the program said of it.

use std::path::Path;

use anyhow::Result;

use super::{simulate, stem};
use crate::summary::{Summary, said};
use crate::workspace::Workspace;

/// One line of the report.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) result: Result<Summary, String>,
}

impl Row {
    /// Runs the scenario. What the program refuses or breaks off is a row too.
    pub(super) fn measure(
        program: &Path,
        workspace: &Workspace,
        file: &str,
        seeds: Option<u32>,
    ) -> Result<Self> {
        let result = said(&mut simulate(program, workspace, file, seeds))?;
        Ok(Self { name: stem(file).to_owned(), file: file.to_owned(), result })
    }

    pub(super) fn is_broken(&self) -> bool {
        self.result.is_err()
    }

    pub(super) fn is_missed(&self) -> bool {
        self.result.as_ref().is_ok_and(|summary| !summary.met)
    }

    /// In one line, for whoever waits.
    pub(super) fn line(&self) -> String {
        match &self.result {
            Ok(summary) => {
                let missed: Vec<_> = summary.missed().map(|metric| metric.label.as_str()).collect();
                let verdict = match missed.as_slice() {
                    [] => "kept".into(),
                    missed => format!("MISSED: {}", missed.join(", ")),
                };
                format!("{:<10} {verdict}", self.name)
            }
            Err(why) => format!("{:<10} FAILED: {why}", self.name),
        }
    }
}
