//! One scenario and what the program said of it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{simulate, stem};
use crate::workspace::{Workspace, shown};

/// One line of the report.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) result: Result<Summary, String>,
}

/// The last line of `swarmline sim run --json`, as far as it is read here.
#[derive(Debug, Deserialize)]
pub(super) struct Summary {
    pub(super) question: String,
    pub(super) seeds: Vec<u64>,
    pub(super) answer: String,
    pub(super) met: bool,
    pub(super) metrics: Vec<Measured>,
}

/// One metric.
#[derive(Debug, Deserialize)]
pub(super) struct Measured {
    pub(super) key: String,
    pub(super) label: String,
    pub(super) unit: String,
    pub(super) mean: f64,
    pub(super) worst: f64,
    pub(super) target: Option<f64>,
    pub(super) met: Option<bool>,
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

impl Summary {
    pub(super) fn metric(&self, key: &str) -> Option<&Measured> {
        self.metrics.iter().find(|metric| metric.key == key)
    }

    pub(super) fn missed(&self) -> impl Iterator<Item = &Measured> {
        self.metrics.iter().filter(|metric| metric.met == Some(false))
    }
}

/// Runs the program to its end; the inner error is what it says of itself.
fn said(command: &mut Command) -> Result<Result<Summary, String>> {
    let shown = shown(command);
    let done = command.output().with_context(|| format!("cannot start `{shown}`"))?;
    let out = String::from_utf8(done.stdout).with_context(|| format!("`{shown}` printed no UTF-8"))?;
    let last = out.lines().last().unwrap_or_default();
    let value: serde_json::Value = serde_json::from_str(last).unwrap_or_default();
    if value["event"] == "sim" {
        let summary =
            serde_json::from_value(value).with_context(|| format!("cannot read what `{shown}` says"))?;
        return Ok(Ok(summary));
    }
    let told = value["message"].as_str().map(str::to_owned);
    let told = told.unwrap_or_else(|| String::from_utf8_lossy(&done.stderr).trim().to_owned());
    Ok(Err(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(line: &str) -> Result<Summary, String> {
        said(Command::new("echo").arg(line)).unwrap()
    }

    #[test]
    fn the_last_line_counts() {
        let line = r#"{"event":"sim","question":"?","seeds":[1],"answer":"!","met":true,"metrics":[
            {"key":"origin","label":"l","unit":"ratio","mean":1.0,"best":1.0,"worst":1.0,"target":1.01,"met":true}]}"#
            .replace('\n', "");
        let summary = echo(&line).unwrap();
        assert_eq!((summary.met, summary.metric("origin").unwrap().target), (true, Some(1.01)));
    }

    #[test]
    fn a_failure_is_told_as_the_program_tells_it() {
        assert_eq!(echo(r#"{"event":"failed","message":"no such key"}"#).unwrap_err(), "no such key");
        let error = said(Command::new("sh").args(["-c", "echo broken >&2; exit 1"])).unwrap();
        assert_eq!(error.unwrap_err(), "broken");
    }
}
