//! What the product's simulator says of a scenario, read from its JSON lines.

use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Deserializer, Serialize};

use crate::workspace::shown;

/// The last line of `swarmline sim run --json`, as far as it is read here.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Summary {
    pub(crate) question: String,
    pub(crate) seeds: Vec<u64>,
    pub(crate) answer: String,
    pub(crate) met: bool,
    pub(crate) metrics: Vec<Measured>,
    /// Events of all its runs, from the lines before the last.
    #[serde(default)]
    pub(crate) events: u64,
}

/// One metric.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Measured {
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) unit: String,
    #[serde(deserialize_with = "or_never")]
    pub(crate) mean: f64,
    #[serde(deserialize_with = "or_never")]
    pub(crate) worst: f64,
    pub(crate) target: Option<f64>,
    pub(crate) met: Option<bool>,
}

impl Summary {
    pub(crate) fn metric(&self, key: &str) -> Option<&Measured> {
        self.metrics.iter().find(|metric| metric.key == key)
    }

    /// What is measured of one content.
    pub(crate) fn of_contents(&self) -> impl Iterator<Item = &Measured> {
        self.metrics.iter().filter(|metric| metric.key.starts_with("content."))
    }

    pub(crate) fn missed(&self) -> impl Iterator<Item = &Measured> {
        self.metrics.iter().filter(|metric| metric.met == Some(false))
    }
}

/// Runs the program to its end; the inner error is what it says of itself.
pub(crate) fn said(command: &mut Command) -> Result<Result<Summary, String>> {
    let shown = shown(command);
    let done = command.output().with_context(|| format!("cannot start `{shown}`"))?;
    let out = String::from_utf8(done.stdout).with_context(|| format!("`{shown}` printed no UTF-8"))?;
    let last = out.lines().last().unwrap_or_default();
    let value: serde_json::Value = serde_json::from_str(last).unwrap_or_default();
    if value["event"] == "sim" {
        let summary: Summary =
            serde_json::from_value(value).with_context(|| format!("cannot read what `{shown}` says"))?;
        return Ok(Ok(Summary { events: out.lines().filter_map(events_of).sum(), ..summary }));
    }
    let told = value["message"].as_str().map(str::to_owned);
    let told = told.unwrap_or_else(|| String::from_utf8_lossy(&done.stderr).trim().to_owned());
    Ok(Err(told))
}

/// JSON has no number for a time that never comes.
fn or_never<'de, D: Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or(f64::INFINITY))
}

/// What a line says of one run.
fn events_of(line: &str) -> Option<u64> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    value["events"].as_u64().filter(|_| value["event"] == "run")
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
        let runs = "{\"event\":\"run\",\"events\":7}\n{\"event\":\"run\",\"events\":5}\n";
        let summary = echo(&format!("{runs}{line}")).unwrap();
        assert_eq!((summary.met, summary.metric("origin").unwrap().target), (true, Some(1.01)));
        assert_eq!(summary.events, 12);
        let never = echo(&line.replace("\"mean\":1.0", "\"mean\":null")).unwrap();
        assert!(never.metric("origin").unwrap().mean.is_infinite());
    }

    #[test]
    fn a_failure_is_told_as_the_program_tells_it() {
        assert_eq!(echo(r#"{"event":"failed","message":"no such key"}"#).unwrap_err(), "no such key");
        let error = said(Command::new("sh").args(["-c", "echo broken >&2; exit 1"])).unwrap();
        assert_eq!(error.unwrap_err(), "broken");
    }
}
