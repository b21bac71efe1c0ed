//! One scenario and what the program said of it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

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

    /// What an earlier call left in `folder`; otherwise runs the scenario and leaves it there, if it came to an end.
    pub(super) fn resumed(
        folder: &Path,
        program: &Path,
        workspace: &Workspace,
        file: &str,
        seeds: Option<u32>,
    ) -> Result<Self> {
        let kept = folder.join(format!("{}.json", stem(file)));
        if kept.exists() {
            let text = fs::read_to_string(&kept)?;
            let summary =
                serde_json::from_str(&text).with_context(|| format!("--resume: {}", kept.display()))?;
            return Ok(Self { name: stem(file).to_owned(), file: file.to_owned(), result: Ok(summary) });
        }
        let row = Self::measure(program, workspace, file, seeds)?;
        if let Ok(summary) = &row.result {
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&kept, serde_json::to_string(summary)?))
                .with_context(|| format!("--resume: cannot write {}", kept.display()))?;
        }
        Ok(row)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_call_has_run_is_taken_from_its_folder_and_nothing_else_is() {
        let folder = std::env::temp_dir().join(format!("swarmline-rows-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let kept = r#"{"question":"?","seeds":[1],"answer":"!","met":true,"metrics":[]}"#;
        fs::write(folder.join("s1.json"), kept).unwrap();
        let workspace = Workspace::find().unwrap();
        let row = |file: &str| Row::resumed(&folder, Path::new("/nowhere"), &workspace, file, None);
        let there = row("simulations/targets/s1.toml").map(|row| row.result.unwrap().answer);
        let not_there = row("simulations/targets/s2.toml").map(|row| row.is_broken());
        fs::write(folder.join("s1.json"), "{").unwrap();
        let spoilt = row("simulations/targets/s1.toml").map(|row| row.is_broken());
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(there.unwrap(), "!");
        assert!(format!("{:#}", not_there.unwrap_err()).contains("cannot start"));
        assert!(format!("{:#}", spoilt.unwrap_err()).contains("--resume"));
    }
}
