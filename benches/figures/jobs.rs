//! A queue of many jobs: how long making them takes, starting with them, and listing them.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use swarmline_engine::jobs::JobClient;
use swarmline_ipc::jobs::connect_jobs;
use swarmline_jobs::{BackgroundCopyManager, JobType};
use swarmline_store::StateDir;

use crate::programs::daemon;
use crate::table::Table;
use crate::workshop::Workshop;

pub(crate) fn measure(shop: &Workshop) -> Result<()> {
    let (jobs, rounds) = if shop.options.smoke { (200, 1) } else { (10_000, 5) };
    let state = shop.empty_dir("jobs")?;
    let (node, _) = daemon(shop, &state, &[])?;
    let manager = attach(&state)?;
    let began = Instant::now();
    for number in 0..jobs {
        let job = manager.create_job(&format!("job number {number}"), JobType::Download)?;
        job.add_file("http://127.0.0.1:9/file", &format!("/tmp/never-made-{number}"))?;
    }
    let made_ms = ms_since(began);
    drop((manager, node));

    let (mut reads, mut starts, mut without, mut lists) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let empty = shop.empty_dir("no-jobs")?;
    for _ in 0..rounds {
        let began = Instant::now();
        ensure!(read_all(&state.join("jobs"))? == jobs, "each job has its record");
        reads.push(ms_since(began));
        let began = Instant::now();
        drop(daemon(shop, &empty, &[])?);
        without.push(ms_since(began));
        let began = Instant::now();
        let (_node, _) = daemon(shop, &state, &[])?;
        starts.push(ms_since(began));
        let manager = attach(&state)?;
        let began = Instant::now();
        ensure!(manager.enum_jobs(false)?.len() == jobs, "each job is listed");
        lists.push(ms_since(began));
    }
    let mut table = Table::beside("reading the files raw");
    table.line(format!("start of the daemon with {jobs} jobs"), "ms", &starts, &reads);
    table.line("start of the daemon without", "ms", &without, &[]);
    table.line(format!("list of {jobs} jobs over the socket"), "ms", &lists, &reads);
    table.line("making a job of one file, 2 calls in turn", "ms", &[made_ms / jobs as f64], &[]);
    table.print();
    Ok(())
}

fn attach(state: &Path) -> Result<BackgroundCopyManager> {
    let (writer, reader) = connect_jobs(&StateDir::socket_path(state))?;
    Ok(BackgroundCopyManager::new(Arc::new(JobClient::attached(writer, reader)?)))
}

/// Reads every file in a directory; how many there are.
fn read_all(dir: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        std::hint::black_box(std::fs::read(&path).with_context(|| path.display().to_string())?);
        count += 1;
    }
    Ok(count)
}

fn ms_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}
