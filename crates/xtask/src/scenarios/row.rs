//! One scenario and what the program said of it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{simulate, stem};
use crate::summary::{Summary, said};
use crate::workspace::Workspace;

/// One line of the report.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) result: Result<Summary, String>,
    /// How long its runs took, with the program's start.
    pub(super) took: Duration,
}

/// What a run leaves for a later call.
#[derive(Deserialize, Serialize)]
struct Kept {
    took: Duration,
    summary: Summary,
}

impl Row {
    /// Runs the scenario. What the program refuses or breaks off is a row too.
    pub(super) fn measure(
        program: &Path,
        workspace: &Workspace,
        file: &str,
        seeds: Option<u32>,
    ) -> Result<Self> {
        let begun = Instant::now();
        let result = said(&mut simulate(program, workspace, file, seeds))?;
        Ok(Self { name: stem(file).to_owned(), file: file.to_owned(), result, took: begun.elapsed() })
    }

    /// What an earlier call left in `folder`, unless the program or the scenario is newer; otherwise runs the scenario and
    /// leaves it there, if it came to an end.
    pub(super) fn resumed(
        folder: &Path,
        program: &Path,
        workspace: &Workspace,
        file: &str,
        seeds: Option<u32>,
    ) -> Result<Self> {
        let kept = folder.join(format!("{}.json", stem(file)));
        if is_newest(&kept, &[program, &workspace.root().join(file)]) {
            let text = fs::read_to_string(&kept)?;
            let Kept { took, summary } =
                serde_json::from_str(&text).with_context(|| format!("--resume: {}", kept.display()))?;
            return Ok(Self {
                name: stem(file).to_owned(),
                file: file.to_owned(),
                result: Ok(summary),
                took,
            });
        }
        let Self { name, file, result, took } = Self::measure(program, workspace, file, seeds)?;
        let result = match result {
            Ok(summary) => {
                let keep = Kept { took, summary };
                fs::create_dir_all(folder)
                    .and_then(|()| fs::write(&kept, serde_json::to_string(&keep)?))
                    .with_context(|| format!("--resume: cannot write {}", kept.display()))?;
                Ok(keep.summary)
            }
            Err(why) => Err(why),
        };
        Ok(Self { name, file, result, took })
    }

    pub(super) fn is_broken(&self) -> bool {
        self.result.is_err()
    }

    pub(super) fn is_missed(&self) -> bool {
        self.result.as_ref().is_ok_and(|summary| !summary.met)
    }

    /// Events of its runs.
    pub(super) fn events(&self) -> u64 {
        self.result.as_ref().map_or(0, |summary| summary.events)
    }

    /// In one line, for whoever waits.
    pub(super) fn line(&self) -> String {
        let speed = millions(self.events() as f64 / self.took.as_secs_f64().max(1e-9));
        format!("{:>7.1} s {speed:>6} M events/s  {}", self.took.as_secs_f64(), self.verdict())
    }

    fn verdict(&self) -> String {
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

/// Whether a file is there, and none of the others was written since.
fn is_newest(file: &Path, others: &[&Path]) -> bool {
    let written = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    written(file).is_some_and(|at| others.iter().filter_map(|other| written(other)).all(|other| other <= at))
}

/// Millions, with two digits.
pub(super) fn millions(number: f64) -> String {
    format!("{:.2}", number / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_call_has_run_is_taken_from_its_folder_and_nothing_else_is() {
        let folder = std::env::temp_dir().join(format!("swarmline-rows-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let kept = r#"{"took":{"secs":1,"nanos":0},"summary":{"question":"?","seeds":[1],"answer":"!","met":true,"metrics":[],"events":1}}"#;
        fs::write(folder.join("s1.json"), kept).unwrap();
        // No program, but a file: it cannot be started.
        let program = folder.join("program");
        let written = fs::File::create(&program).unwrap();
        let is_written_later = |later: bool| {
            let an_hour = std::time::Duration::from_secs(3600);
            let now = std::time::SystemTime::now();
            written.set_modified(if later { now + an_hour } else { now - an_hour }).unwrap();
        };
        let workspace = Workspace::find().unwrap();
        let row = |file: &str| Row::resumed(&folder, &program, &workspace, file, None);
        is_written_later(false);
        let there = row("simulations/targets/s1.toml").map(|row| row.result.unwrap().answer);
        let not_there = row("simulations/targets/s2.toml").map(|row| row.is_broken());
        is_written_later(true);
        let outdated = row("simulations/targets/s1.toml").map(|row| row.is_broken());
        is_written_later(false);
        fs::write(folder.join("s1.json"), "{").unwrap();
        let spoilt = row("simulations/targets/s1.toml").map(|row| row.is_broken());
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(there.unwrap(), "!");
        assert!(format!("{:#}", not_there.unwrap_err()).contains("cannot start"));
        assert!(format!("{:#}", outdated.unwrap_err()).contains("cannot start"));
        assert!(format!("{:#}", spoilt.unwrap_err()).contains("--resume"));
    }
}
