//! Aim: a thousand jobs at once cost what the bounds say, and not what their number times the work would be.
//!
//! Way: this program runs itself twice, with few jobs and with a thousand, each of one small file, and compares the peaks
//! of memory. What a job may add is what is kept of it while it waits and while its file is held: its record, its content
//! and the tasks that hold it. What works is bounded apart from that: 64 files are fetched at a time, whatever waits.
//! Callbacks come in order, and all of them come.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that says what it has measured")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};
use swarmline_jobs::JobState;
use swarmline_testkit::TestOrigin;

use support::desk::{Desk, Listener, Told, hasty, job_of, names_in, until_told};
use support::{alone, assert_holds, content};

/// `JOBS DIR URL` for the process that is measured.
const MEASURED: &str = "SWARMLINE_TEST_MEASURED";
const FEW: usize = 100;
const MANY: usize = 1000;
/// What one job more may cost.
const PER_JOB: usize = 96 << 10;

fn main() -> ExitCode {
    if let Some(order) = std::env::var_os(MEASURED) {
        let order = order.into_string().unwrap();
        let [jobs, dir, url] = order.split(' ').collect::<Vec<_>>().try_into().unwrap();
        println!("{}", measured(jobs.parse().unwrap(), Path::new(dir), url));
        return ExitCode::SUCCESS;
    }
    let test = || -> Result<(), Failed> {
        compare();
        Ok(())
    };
    let name = "a_thousand_jobs_at_once_cost_no_more_than_their_bounds";
    libtest_mimic::run(&Arguments::from_args(), vec![Trial::test(name, test)]).exit_code()
}

fn compare() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let origin = runtime.block_on(TestOrigin::empty());
    for number in 0..MANY {
        let (file, manifest) = content(number as u64, 1000 + number as u64);
        origin.put(&format!("/{number}"), file);
        origin.put(&format!("/{number}.phf"), manifest.to_phf());
    }
    let [few, many] = [FEW, MANY].map(|jobs| {
        let dir = tempfile::tempdir().unwrap();
        let order = format!("{jobs} {} {}", dir.path().display(), origin.url_of(""));
        let done = Command::new(std::env::current_exe().unwrap()).env(MEASURED, order).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let peak = String::from_utf8(done.stdout).unwrap();
        peak.lines().last().unwrap().parse::<usize>().unwrap()
    });
    let per_job = many.saturating_sub(few) / (MANY - FEW);
    println!("{FEW} jobs: {few} bytes; {MANY} jobs: {many} bytes; {per_job} bytes a job");
    assert!(per_job <= PER_JOB, "{per_job} bytes for each job more");
}

/// Runs so many jobs at once to their end, and gives the most memory that this process has had, in bytes.
fn measured(jobs: usize, dir: &Path, url: &str) -> usize {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let outs = dir.join("outs");
    fs::create_dir(&outs).unwrap();
    runtime.block_on(async {
        let desk = Desk::open(dir, alone(), hasty()).await;
        let places: Vec<_> =
            (0..jobs).map(|number| (format!("{url}/{number}"), outs.join(number.to_string()))).collect();
        desk.program(move |service| {
            let jobs: Vec<_> =
                places.iter().map(|(url, path)| job_of(&service, &[(url.clone(), path)])).collect();
            let told: Vec<_> = jobs.iter().map(Listener::of).collect();
            jobs.iter().for_each(|job| job.resume().unwrap());
            // All of them are held before the first is completed.
            for told in &told {
                assert_in_order(&until_told(told, |told| *told == Told::Transferred));
            }
            jobs.iter().for_each(|job| job.complete().unwrap());
        })
        .await;
        desk.close().await;
    });
    for number in 0..jobs {
        assert_holds(&outs.join(number.to_string()), &content(number as u64, 1000 + number as u64).0);
    }
    assert_eq!(names_in(&outs).len(), jobs, "no part file is left");
    peak_of_this_process()
}

/// Bytes never grow less, no file is told of twice or behind its job, and nothing fails on the way.
fn assert_in_order(heard: &[Told]) {
    let bytes = heard.iter().filter_map(|told| match told {
        Told::Changed { bytes, .. } => Some(*bytes),
        _ => None,
    });
    assert!(bytes.is_sorted(), "{heard:?}");
    let ends: Vec<_> = heard.iter().filter(|told| !matches!(told, Told::Changed { .. })).collect();
    // The end of the job goes before whatever else is still to be told.
    assert!(ends == [&Told::Transferred] || ends == [&Told::File(0), &Told::Transferred], "{heard:?}");
    let failed = [JobState::Error, JobState::TransientError];
    assert!(
        !heard.iter().any(|told| matches!(told, Told::Changed { state, .. } if failed.contains(state))),
        "{heard:?}"
    );
}

fn peak_of_this_process() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: usize = line.trim().trim_end_matches("kB").trim().parse().unwrap();
    kib << 10
}
