//! `jobs`: what programs have asked the running process to fetch, and what may be done about it by hand.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use swarmline_engine::jobs::JobClient;
use swarmline_ipc::jobs::{JobConnectError, connect_jobs};
use swarmline_jobs::{BackgroundCopyManager, HResult, JobId, JobSummary, Numbered, SIZE_UNKNOWN, parse_guid};
use swarmline_store::StateDir;

use crate::exit::{Exit, Failure};
use crate::show::{Line, Stopwatch};
use crate::{paths, screen, words};

/// List the jobs of programs, or cancel, suspend, resume or complete one
///
/// Programs make jobs through the job API. They run in the process that owns the state directory. Shows your own; root
/// sees everybody's. Ends with exit code 10 if no process runs.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  swarmline jobs
  swarmline jobs --json | jq '.jobs[].state'
  swarmline jobs cancel {6B29FC40-CA47-1067-B31D-00DD010662DA}")]
pub(crate) struct JobsArgs {
    /// The state directory of the process
    #[arg(long, global = true, value_name = "DIR", env = "SWARMLINE_STATE_DIR", hide_env_values = true)]
    state_dir: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// Remove a job with all that it has received
    Cancel(Which),
    /// Let a job wait until it is resumed
    Suspend(Which),
    /// Let a job go on, or try again
    Resume(Which),
    /// Give the files that are here their names, and drop the rest
    Complete(Which),
}

#[derive(Args, Clone, Copy, Debug)]
struct Which {
    /// The job, as the list shows it
    #[arg(value_name = "ID", value_parser = job_id)]
    job: JobId,
}

fn job_id(text: &str) -> Result<JobId, String> {
    parse_guid(text).map(JobId).map_err(|error| error.to_string())
}

pub(crate) async fn run(args: &JobsArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    let dir = paths::state_dir(args.state_dir.as_deref())?;
    let action = args.action;
    // The other side of a session blocks.
    let work = tokio::task::spawn_blocking(move || work(&dir, action));
    let jobs = work.await.map_err(|error| Failure::caused_by(Exit::Other, &error))??;
    match jobs {
        Some(jobs) if args.json => {
            Line::new("jobs", watch.elapsed(), Jobs { jobs: jobs.iter().map(Job::of).collect() }).say();
        }
        Some(jobs) => screen::say(text(&jobs).trim_end()),
        None => {}
    }
    Ok(Exit::Success)
}

fn work(dir: &Path, action: Option<Action>) -> Result<Option<Vec<JobSummary>>, Failure> {
    let (writer, reader) = connect_jobs(&StateDir::socket_path(dir)).map_err(|error| match error {
        JobConnectError::Connect(error) if error.is_absent() => {
            Failure::new(Exit::NotRunning, format!("nothing runs on state directory {}", dir.display()))
        }
        error => Failure::caused_by(Exit::Busy, &error),
    })?;
    let client =
        JobClient::attached(writer, reader).map_err(|error| Failure::caused_by(Exit::Other, &error))?;
    let manager = BackgroundCopyManager::new(Arc::new(client));
    let Some(action) = action else {
        let is_root = rustix::process::geteuid().is_root();
        return manager.enum_jobs(is_root).map(Some).map_err(refused);
    };
    let (Action::Cancel(Which { job })
    | Action::Suspend(Which { job })
    | Action::Resume(Which { job })
    | Action::Complete(Which { job })) = action;
    let job = manager.get_job(job).map_err(refused)?;
    match action {
        Action::Cancel(_) => job.cancel(),
        Action::Suspend(_) => job.suspend(),
        Action::Resume(_) => job.resume(),
        Action::Complete(_) => job.complete(),
    }
    .map_err(refused)?;
    Ok(None)
}

/// The API's own words for it.
fn refused(code: HResult) -> Failure {
    let exit = match code {
        HResult::DO_E_JOB_NOT_FOUND | HResult::DO_E_INVALID_STATE | HResult::DO_E_JOB_EMPTY => Exit::Usage,
        HResult::DO_E_NO_SERVICE => Exit::Stopped,
        _ => Exit::Other,
    };
    let meaning = code.meaning().unwrap_or("the job API refuses");
    Failure::new(exit, format!("{meaning} [{code}]"))
}

fn text(jobs: &[JobSummary]) -> String {
    if jobs.is_empty() {
        return "no jobs".into();
    }
    let mut text = String::new();
    for JobSummary { job, name, state, progress, .. } in jobs {
        let far = match progress.bytes_total {
            SIZE_UNKNOWN => words::bytes(progress.bytes_transferred),
            total => {
                format!("{}% of {}", words::percent(progress.bytes_transferred, total), words::bytes(total))
            }
        };
        // A name is the program's; it must not draw on somebody's screen.
        let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        writeln!(text, "{job}  {:<15}  {far:>18}  {name}", state.label()).expect("a String takes everything");
    }
    text
}

/// The jobs as JSON.
#[derive(Serialize)]
struct Jobs<'a> {
    jobs: Vec<Job<'a>>,
}

#[derive(Serialize)]
struct Job<'a> {
    id: String,
    name: &'a str,
    user: u32,
    state: &'static str,
    priority: &'static str,
    /// `None` until it is known.
    bytes_total: Option<u64>,
    bytes_transferred: u64,
    files_total: u32,
    files_transferred: u32,
}

impl<'a> Job<'a> {
    fn of(summary: &'a JobSummary) -> Self {
        let progress = &summary.progress;
        Self {
            id: summary.job.to_string(),
            name: &summary.name,
            user: summary.user,
            state: summary.state.label(),
            priority: summary.priority.label(),
            bytes_total: Some(progress.bytes_total).filter(|total| *total != SIZE_UNKNOWN),
            bytes_transferred: progress.bytes_transferred,
            files_total: progress.files_total,
            files_transferred: progress.files_transferred,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use swarmline_jobs::{Guid, JobPriority, JobProgress, JobState};

    use super::*;

    fn summary(name: &str, bytes_total: u64) -> JobSummary {
        JobSummary {
            job: JobId(Guid::from_u128(7)),
            name: name.into(),
            user: 1000,
            state: JobState::Transferring,
            priority: JobPriority::Normal,
            progress: JobProgress {
                bytes_total,
                bytes_transferred: 1 << 20,
                files_total: 2,
                files_transferred: 1,
            },
        }
    }

    #[test]
    fn people_see_what_each_job_does() {
        assert_eq!(text(&[]), "no jobs");
        let jobs = [summary("update\u{1b}[2J", 4 << 20), summary("later", SIZE_UNKNOWN)];
        insta::assert_snapshot!(text(&jobs), @r"
        {00000000-0000-0000-0000-000000000007}  TRANSFERRING        25% of 4.00 MiB  update [2J
        {00000000-0000-0000-0000-000000000007}  TRANSFERRING               1.00 MiB  later
        ");
    }

    #[test]
    fn programs_see_all_of_it() {
        let jobs = [summary("later", SIZE_UNKNOWN)];
        let line =
            Line::new("jobs", Duration::ZERO, Jobs { jobs: jobs.iter().map(Job::of).collect() }).text();
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(json["jobs"][0]["bytes_total"], serde_json::Value::Null);
        assert_eq!(json["jobs"][0]["state"], "TRANSFERRING");
    }
}
