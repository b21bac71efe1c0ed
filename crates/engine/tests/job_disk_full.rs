//! A disk that really is full: jobs and downloads to a tiny memory file system, mounted for the test. Needs root and
//! `mount`; skipped visibly otherwise.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test with its own harness, that says what it skips"
)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use swarmline_jobs::{DownloadProperty, DownloadState, ErrorContext, HResult, JobService, JobState, Value};
use swarmline_testkit::{Fault, TestOrigin};

use support::desk::{Desk, Listener, Told, Watcher, download_of, hasty, job_of, until_status, until_told};
use support::{MIB, alone, assert_absent, assert_holds, content};

const DISK: u64 = 4 * MIB;
const FILE: u64 = 6 * MIB;
/// What the system says when a disk is full.
const ENOSPC: u16 = 28;

fn main() -> ExitCode {
    let mountable = Disk::mount().is_some();
    let trials = [
        ("a_job_that_finds_no_room_goes_on_when_there_is_some", true, true),
        ("a_download_that_finds_no_room_goes_on_when_there_is_some", false, true),
        ("a_job_keeps_what_came_before_the_disk_was_full", true, false),
        ("a_download_keeps_what_came_before_the_disk_was_full", false, false),
    ]
    .map(|(name, is_job, has_manifest)| {
        let run = move || {
            let disk = Disk::mount().ok_or_else(|| Failed::from("the memory disk could not be mounted"))?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(check(&disk, is_job, has_manifest));
            Ok(())
        };
        if !mountable {
            println!("SKIPPED: {name}: a disk is mounted by root only");
        }
        let kind = if mountable { "" } else { "needs root" };
        Trial::test(name, run).with_ignored_flag(!mountable).with_kind(kind)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

/// A mounted file system of 4 MiB, and a directory outside of it.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    fn mount() -> Option<Self> {
        let disk = Self { dir: tempfile::tempdir().ok()? };
        fs::create_dir(disk.path("")).ok()?;
        let options = format!("size={DISK},mode=700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "swarmline-test"]).arg(disk.path(""));
        mount.output().ok()?.status.success().then_some(disk)
    }

    /// Makes room.
    fn grow(&self) {
        let options = format!("remount,size={}", 4 * FILE);
        let done = Command::new("mount").args(["-o", &options]).arg(self.path("")).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("disk").join(name)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path("")).output();
    }
}

/// With a manifest the room is asked for beforehand; without one, and without a length, the disk fills up on the way.
async fn check(disk: &Disk, is_job: bool, has_manifest: bool) {
    let (file, manifest) = content(5, FILE);
    let origin = TestOrigin::start(file.clone()).await;
    match has_manifest {
        true => origin.put("/file.phf", manifest.to_phf()),
        false => origin.inject("/file", Fault::NoLength),
    }
    let desk = Desk::open(disk.dir.path(), alone(), hasty()).await;
    let (out, url) = (disk.path("file"), origin.url());
    let place = out.clone();
    let (here, go_on) = desk
        .program(
            move |service| if is_job { job(&service, &url, place) } else { download(&service, &url, place) },
        )
        .await;
    if is_job {
        assert_absent(&out);
    } else {
        assert_eq!(fs::metadata(&out).unwrap().len(), 0);
    }
    origin.until_idle("/file").await;
    let before = origin.counts("/file").body_bytes;
    assert_eq!(here > 0, !has_manifest, "{here} bytes");
    disk.grow();
    origin.heal("/file");
    tokio::task::spawn_blocking(go_on).await.unwrap();
    assert_holds(&out, &file);
    // One byte tells whether it is still the same file.
    let again = origin.counts("/file").body_bytes - before;
    assert!(again <= FILE - here + 1, "{again} bytes fetched, and {here} were here");
    desk.close().await;
}

/// Bytes that are here when it has failed, and how it goes on to its end.
type HasFailed = (u64, Box<dyn FnOnce() + Send>);

fn job(service: &Arc<dyn JobService>, url: &str, place: PathBuf) -> HasFailed {
    let job = job_of(service, &[(url.to_owned(), &place)]);
    let told = Listener::of(&job);
    job.resume().unwrap();
    let end = until_told(&told, |told| matches!(told, Told::Error { .. } | Told::Transferred)).pop();
    let (code, context) = (HResult::from_errno(ENOSPC), ErrorContext::None);
    assert_eq!(end, Some(Told::Error { code, context, file: Some(0) }));
    assert_eq!(job.get_state(), Ok(JobState::Error));
    assert_eq!(job.get_error().unwrap().get_file().unwrap().get_remote_name().as_deref(), Ok(url));
    let here = job.get_progress().unwrap().bytes_transferred;
    let go_on = move || {
        job.resume().unwrap();
        until_told(&told, |told| *told == Told::Transferred);
        job.complete().unwrap();
    };
    (here, Box::new(go_on))
}

fn download(service: &Arc<dyn JobService>, url: &str, place: PathBuf) -> HasFailed {
    let download = download_of(service, url);
    let path = Value::Text(place.to_str().unwrap().into());
    download.set_property(DownloadProperty::LocalPath, path).unwrap();
    let told = Watcher::of(&download);
    download.start(None).unwrap();
    let status = until_status(&told, |status| status.state == DownloadState::Paused);
    assert_eq!((status.error, status.extended_error), (HResult::from_errno(ENOSPC), HResult::S_OK));
    let here = download.get_status().unwrap().bytes_transferred;
    let go_on = move || {
        download.start(None).unwrap();
        until_status(&told, |status| status.state == DownloadState::Transferred);
        download.finalize().unwrap();
    };
    (here, Box::new(go_on))
}
