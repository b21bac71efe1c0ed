//! Jobs of the legacy face on whole engines: what a client sees, hears and finds on disk.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use swarmline_jobs::{BackgroundCopyManager, HResult, JobService, JobState, JobType};
use swarmline_testkit::{Content, Fault, TestOrigin};

use support::desk::{Desk, Listener, Told, hasty, job_of, names_in, until_told, wait_for};
use support::{MIB, addr_of, alone, assert_absent, assert_holds, content, knowing, mib_per_s, seed_with};

#[tokio::test(flavor = "multi_thread")]
async fn two_files_come_from_a_swarm_and_the_origin_and_the_client_hears_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let (one, manifest_one) = content(1, 6 * MIB);
    let (two, manifest_two) = content(2, 3 * MIB + 5);
    let origin = TestOrigin::empty().await;
    for (path, file, manifest) in [("/one", &one, &manifest_one), ("/two", &two, &manifest_two)] {
        origin.put(path, file.clone());
        origin.put(&format!("{path}.phf"), manifest.to_phf());
    }
    origin.limit(mib_per_s(8));
    // Two that have the first file; the second is at the origin alone.
    let mut peers = Vec::new();
    for name in ["peer-1", "peer-2"] {
        peers.push(seed_with(&dir.path().join(name), &one, &manifest_one, alone()).await);
    }
    let desk = Desk::open(&dir.path().join("own"), knowing(peers.iter().map(addr_of)), hasty()).await;
    let outs = ["one.out", "two.out"].map(|name| dir.path().join(name));
    let urls = ["/one", "/two"].map(|path| origin.url_of(path));
    let places = outs.clone();
    desk.program(move |service| {
        let job = job_of(&service, &[(urls[0].clone(), &places[0]), (urls[1].clone(), &places[1])]);
        let told = Listener::of(&job);
        job.resume().unwrap();
        let heard = until_told(&told, |told| *told == Told::Transferred);
        places.iter().for_each(|place| assert_absent(place));

        let bytes: Vec<u64> = heard
            .iter()
            .filter_map(|told| match told {
                Told::Changed { bytes, .. } => Some(*bytes),
                _ => None,
            })
            .collect();
        assert!(bytes.is_sorted(), "bytes only grow: {bytes:?}");
        assert!(
            bytes.iter().any(|bytes| (1..9 * MIB + 5).contains(bytes)),
            "growing while it runs: {bytes:?}"
        );
        assert_eq!(job.get_state(), Ok(JobState::Transferred));
        let progress = job.get_progress().unwrap();
        assert_eq!((progress.bytes_total, progress.bytes_transferred), (9 * MIB + 5, 9 * MIB + 5));
        assert_eq!((progress.files_total, progress.files_transferred), (2, 2));

        job.complete().unwrap();
        assert_eq!(job.get_state(), Ok(JobState::Acknowledged));
        for (file, size) in job.enum_files().unwrap().iter().zip([6 * MIB, 3 * MIB + 5]) {
            let stats = file.get_stats().unwrap();
            assert!(file.get_progress().unwrap().completed);
            assert_eq!(stats.file_size, size);
            assert_eq!(stats.total_bytes_downloaded, stats.traffic.received(), "{stats:?}");
            assert_eq!(stats.traffic.from_lan_peers + stats.traffic.from_http, stats.total_bytes_downloaded);
            assert!(stats.total_bytes_downloaded >= size, "{stats:?}");
        }
        drop(job);
        // What was answered with success is not told again.
        let rest: Vec<_> = told.iter().collect();
        assert!(!rest.contains(&Told::Transferred), "{rest:?}");
    })
    .await;
    assert_holds(&outs[0], &one);
    assert_holds(&outs[1], &two);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(6, 4 * MIB);
    let origin = TestOrigin::start(file).await;
    origin.put("/file.phf", manifest.to_phf());
    origin.limit(mib_per_s(2));
    let desk = Desk::open(dir.path(), alone(), hasty()).await;
    let outs = dir.path().join("outs");
    fs::create_dir(&outs).unwrap();
    let (url, place) = (origin.url(), outs.join("out"));
    desk.program(move |service| {
        let job = job_of(&service, &[(url, &place)]);
        let told = Listener::of(&job);
        job.resume().unwrap();
        until_told(&told, |told| matches!(told, Told::Changed { bytes: 1.., .. }));
        assert!(!names_in(&outs).is_empty(), "a part file");
        job.cancel().unwrap();
        assert!(names_in(&outs).is_empty());
        assert_eq!(job.get_state(), Ok(JobState::Cancelled));
        let manager = BackgroundCopyManager::new(service);
        assert_eq!(manager.get_job(job.get_id()).err(), Some(HResult::DO_E_JOB_NOT_FOUND));
    })
    .await;
    assert!(names_in(&dir.path().join("state/jobs")).is_empty());
    assert!(!names_in(&dir.path().join("state/contents")).iter().any(|name| name.ends_with(".have")));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn complete_in_the_middle_keeps_what_is_finished_and_drops_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let (small, small_manifest) = content(7, 100_000);
    let (large, large_manifest) = content(8, 4 * MIB);
    let origin = TestOrigin::empty().await;
    for (path, file, manifest) in [("/small", &small, &small_manifest), ("/large", &large, &large_manifest)] {
        origin.put(path, file.clone());
        origin.put(&format!("{path}.phf"), manifest.to_phf());
    }
    origin.inject("/large", Fault::HangAfter(MIB / 2));
    let desk = Desk::open(dir.path(), alone(), hasty()).await;
    let outs = dir.path().join("outs");
    fs::create_dir(&outs).unwrap();
    let urls = ["/small", "/large"].map(|path| origin.url_of(path));
    let places = ["small", "large"].map(|name| outs.join(name));
    let [kept, dropped] = places.clone();
    desk.program(move |service| {
        let job = job_of(&service, &[(urls[0].clone(), &places[0]), (urls[1].clone(), &places[1])]);
        let told = Listener::of(&job);
        job.resume().unwrap();
        until_told(&told, |told| *told == Told::File(0));
        wait_for("bytes of the second", || job.get_progress().unwrap().bytes_transferred > 100_000);
        job.complete().unwrap();
        let completed: Vec<_> =
            job.enum_files().unwrap().iter().map(|file| file.get_progress().unwrap().completed).collect();
        assert_eq!(completed, [true, false]);
    })
    .await;
    assert_holds(&kept, &small);
    assert_absent(&dropped);
    assert_eq!(names_in(&outs), ["small"]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_outlive_their_process_with_all_that_was_set_and_had() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(9, 4 * MIB);
    let origin = TestOrigin::start(file.clone()).await;
    origin.put("/file.phf", manifest.to_phf());
    origin.inject("/file", Fault::HangAfter(MIB / 2));
    let desk = Desk::open(dir.path(), alone(), hasty()).await;
    let outs = ["done", "half"].map(|name| dir.path().join(name));
    let (url, places) = (origin.url(), outs.clone());
    let small = Content::random(77, 5000);
    origin.put("/small", small.clone());
    let small_url = origin.url_of("/small");
    let (done, half) = desk
        .program(move |service| {
            let done = job_of(&service, &[(small_url, &places[0])]);
            let told = Listener::of(&done);
            done.resume().unwrap();
            until_told(&told, |told| *told == Told::Transferred);
            let half = job_of(&service, &[(url, &places[1])]);
            half.set_no_progress_timeout(4321).unwrap();
            half.resume().unwrap();
            wait_for("bytes", || half.get_progress().unwrap().bytes_transferred >= MIB);
            (done.get_id(), half.get_id())
        })
        .await;
    desk.close().await;
    origin.heal("/file");
    origin.remove("/small");
    let before = origin.counts("/file").body_bytes;

    let desk = Desk::open(dir.path(), alone(), hasty()).await;
    desk.program(move |service| {
        let manager = BackgroundCopyManager::new(service);
        let listed: Vec<_> = manager.enum_jobs(false).unwrap().iter().map(|job| job.job).collect();
        assert_eq!(listed, [done, half]);
        // Its origin is gone, and it needs none any more.
        let done = manager.get_job(done).unwrap();
        let told = Listener::of(&done);
        until_told(&told, |told| *told == Told::Transferred);
        done.complete().unwrap();
        let half = manager.get_job(half).unwrap();
        assert_eq!(half.get_no_progress_timeout(), Ok(4321));
        let told = Listener::of(&half);
        until_told(&told, |told| *told == Told::Transferred);
        half.complete().unwrap();
    })
    .await;
    assert_holds(&outs[0], &small);
    assert_holds(&outs[1], &file);
    let again = origin.counts("/file").body_bytes - before;
    assert!(again <= 4 * MIB - MIB, "{again} bytes fetched though a part was here");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_panics_or_fails_hurts_nobody_else() {
    struct Hangs(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);
    impl swarmline_jobs::BackgroundCopyCallback for Hangs {
        fn job_transferred(&self, _: &swarmline_jobs::BackgroundCopyJob) -> Result<(), HResult> {
            let _ = self.0.lock().unwrap().recv();
            Ok(())
        }
    }
    struct Panics;
    impl swarmline_jobs::BackgroundCopyCallback for Panics {
        fn job_transferred(&self, _: &swarmline_jobs::BackgroundCopyJob) -> Result<(), HResult> {
            panic!("as the test wants it")
        }
    }
    struct Refuses(std::sync::atomic::AtomicU32, std::sync::Mutex<std::sync::mpsc::Sender<()>>);
    impl swarmline_jobs::BackgroundCopyCallback for Refuses {
        fn job_transferred(&self, _: &swarmline_jobs::BackgroundCopyJob) -> Result<(), HResult> {
            if self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 3 {
                return Err(HResult::E_FAIL);
            }
            let _ = self.1.lock().unwrap().send(());
            Ok(())
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let origin = TestOrigin::start(Content::random(10, 5000)).await;
    let desk = Desk::open(dir.path(), alone(), hasty()).await;
    let (url, dir_path) = (origin.url(), dir.path().to_owned());
    desk.program(move |service| {
        let (go, gone) = std::sync::mpsc::channel();
        let (said, heard) = std::sync::mpsc::channel();
        let objects: [Arc<dyn swarmline_jobs::BackgroundCopyCallback>; 3] = [
            Arc::new(Hangs(std::sync::Mutex::new(gone))),
            Arc::new(Panics),
            Arc::new(Refuses(0.into(), std::sync::Mutex::new(said))),
        ];
        let mut jobs = Vec::new();
        for (number, object) in objects.into_iter().enumerate() {
            let job = job_of(&service, &[(url.clone(), &dir_path.join(number.to_string()))]);
            job.set_notify_interface(Some(object)).unwrap();
            job.resume().unwrap();
            jobs.push(job);
        }
        // Told again until it takes it.
        heard.recv_timeout(Duration::from_secs(60)).unwrap();
        let other = job_of(&service, &[(url, &dir_path.join("other"))]);
        let told = Listener::of(&other);
        other.resume().unwrap();
        until_told(&told, |told| *told == Told::Transferred);
        jobs.iter().chain([&other]).for_each(|job| job.complete().unwrap());
        drop(go);
    })
    .await;
    assert_eq!(names_in(dir.path()), ["0", "1", "2", "other", "state"]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_ends_answers_nobody_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let desk = Desk::open(dir.path(), alone(), hasty()).await;
    let client = Arc::new(desk.host.client());
    let service: Arc<dyn JobService> = Arc::clone(&client) as _;
    let manager = BackgroundCopyManager::new(Arc::clone(&service));
    let made = tokio::task::spawn_blocking({
        let manager = manager.clone();
        move || manager.create_job("job", JobType::Download).map(|job| job.get_id())
    });
    let id = made.await.unwrap().unwrap();
    desk.close().await;
    let gone = tokio::task::spawn_blocking(move || manager.get_job(id).err()).await.unwrap();
    assert_eq!(gone, Some(HResult::DO_E_NO_SERVICE));
    assert!(client.is_closed());
}
