//! Downloads of the modern face on a whole engine: to a file, to ranges of it, to a stream.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use swarmline_jobs::{DoManager, DownloadProperty, DownloadState, FileRange, HResult, TO_END, Value};
use swarmline_testkit::{Content, Fault, TestOrigin};

use support::desk::{Bucket, Desk, Watcher, download_of, hasty, names_in, until_status, wait_for};
use support::{MIB, PIECE, alone, assert_holds, content};

/// An origin with a content and its piece hash file, and a desk beside it.
async fn office(dir: &Path, file: &Content) -> (TestOrigin, Desk) {
    let origin = TestOrigin::start(file.clone()).await;
    origin.put("/file.phf", file.manifest(PIECE).to_phf());
    (origin, Desk::open(dir, alone(), hasty()).await)
}

fn to(path: &Path) -> Value {
    Value::Text(path.to_str().unwrap().into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_made_empty_at_start_and_filled_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = content(1, 2 * MIB);
    let (origin, desk) = office(dir.path(), &file).await;
    origin.inject("/file", Fault::HangAfter(MIB / 2).first(1));
    let (url, out) = (origin.url(), dir.path().join("out"));
    let place = out.clone();
    let download = desk
        .program(move |service| {
            let download = download_of(&service, &url);
            download.set_property(DownloadProperty::LocalPath, to(&place)).unwrap();
            download.set_property(DownloadProperty::ForegroundPriority, Value::Bool(true)).unwrap();
            assert!(!place.exists());
            download.start(None).unwrap();
            assert_eq!(fs::metadata(&place).unwrap().len(), 0, "made, and empty");
            wait_for("bytes", || download.get_status().unwrap().bytes_transferred > 0);
            assert_eq!(fs::metadata(&place).unwrap().len(), 0, "still empty");
            download.pause().unwrap();
            assert_eq!(download.get_status().unwrap().state, DownloadState::Paused);
            download
        })
        .await;
    origin.heal("/file");
    let place = out.clone();
    tokio::task::spawn_blocking(move || {
        let told = Watcher::of(&download);
        download.start(None).unwrap();
        let last = until_status(&told, |status| status.state == DownloadState::Transferred);
        assert_eq!((last.bytes_total, last.bytes_transferred, last.error), (2 * MIB, 2 * MIB, HResult::S_OK));
        assert_eq!(fs::metadata(&place).unwrap().len(), 2 * MIB);
        let stats = download.get_stats().unwrap();
        assert_eq!(stats.total_bytes_downloaded, stats.traffic.received());
        download.finalize().unwrap();
        assert_eq!(download.get_status().unwrap().state, DownloadState::Finalized);
    })
    .await
    .unwrap();
    assert_holds(&out, &file);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_follow_one_another_in_the_order_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = content(2, 2 * MIB);
    let (origin, desk) = office(dir.path(), &file).await;
    let (url, out) = (origin.url(), dir.path().join("out"));
    let place = out.clone();
    desk.program(move |service| {
        let download = download_of(&service, &url);
        download.set_property(DownloadProperty::LocalPath, to(&place)).unwrap();
        let told = Watcher::of(&download);
        let ranges = [
            FileRange { offset: MIB + 3, length: 70_000 },
            FileRange { offset: 5, length: 1 },
            FileRange { offset: 2 * MIB - 9, length: TO_END },
        ];
        download.start(Some(&ranges)).unwrap();
        let status = until_status(&told, |status| status.state == DownloadState::Transferred);
        assert_eq!(status.bytes_total, 70_010);
        download.finalize().unwrap();

        let beyond = download_of(&service, &url);
        beyond.set_property(DownloadProperty::LocalPath, to(&place.with_extension("beyond"))).unwrap();
        let told = Watcher::of(&beyond);
        beyond.start(Some(&[FileRange { offset: 2 * MIB - 1, length: 2 }])).unwrap();
        let status = until_status(&told, |status| status.state == DownloadState::Paused);
        assert_eq!(status.error, HResult::DO_E_INVALID_RANGE);
        beyond.abort().unwrap();
    })
    .await;
    let want = [file.slice(MIB + 3, 70_000), file.slice(5, 1), file.slice(2 * MIB - 9, 9)].concat();
    assert!(fs::read(&out).unwrap() == want, "the bytes of the ranges");
    assert!(origin.counts("/file").body_bytes < MIB, "only what was asked for");
    assert_eq!(names_in(dir.path()), ["out", "state"]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_gets_the_bytes_in_order_while_the_rest_is_arriving() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = content(3, 2 * MIB);
    let (origin, desk) = office(dir.path(), &file).await;
    origin.inject("/file", Fault::HangAfter(MIB / 2).first(1));
    let (bucket, url) = (Arc::new(Bucket::default()), origin.url());
    let kept = Arc::clone(&bucket);
    let download = desk
        .program(move |service| {
            let download = download_of(&service, &url);
            download.set_stream(Arc::clone(&kept) as _).unwrap();
            assert_eq!(download.start(None), Err(HResult::DO_E_DOWNLOAD_RANGES_EXPECTED));
            download.start(Some(&[FileRange { offset: 0, length: TO_END }])).unwrap();
            wait_for("the first bytes", || !kept.bytes.lock().unwrap().is_empty());
            assert!((kept.bytes.lock().unwrap().len() as u64) < 2 * MIB);
            download.pause().unwrap();
            download
        })
        .await;
    origin.heal("/file");
    let all = tokio::task::spawn_blocking(move || {
        let told = Watcher::of(&download);
        download.start(None).unwrap();
        let status = until_status(&told, |status| status.state == DownloadState::Transferred);
        assert_eq!(status.bytes_transferred, 2 * MIB);
        download.finalize().unwrap();
        std::mem::take(&mut *bucket.bytes.lock().unwrap())
    })
    .await
    .unwrap();
    assert!(all == file.to_vec(), "{} bytes, each once and in order", all.len());
    assert_eq!(names_in(&dir.path().join("state/streams")), [""; 0]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_pauses_the_download_with_its_own_code() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = content(4, MIB);
    let (origin, desk) = office(dir.path(), &file).await;
    let url = origin.url();
    desk.program(move |service| {
        let download = download_of(&service, &url);
        download.set_stream(Arc::new(Bucket { breaks_at: Some(1), ..Bucket::default() })).unwrap();
        let told = Watcher::of(&download);
        download.start(Some(&[FileRange { offset: 0, length: TO_END }])).unwrap();
        let status = until_status(&told, |status| status.state == DownloadState::Paused);
        assert_eq!(status.error, HResult::E_FAIL);
        download.abort().unwrap();
    })
    .await;
    assert_eq!(names_in(&dir.path().join("state/streams")), [""; 0]);
    assert_eq!(names_in(dir.path()), ["state"]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_blocks_returns_with_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = content(5, MIB);
    let (origin, desk) = office(dir.path(), &file).await;
    let (url, out) = (origin.url(), dir.path().join("out"));
    let (missing, place) = (origin.url_of("/none"), out.clone());
    desk.program(move |service| {
        let blocking = |url: &str, path: &Path| {
            let download = download_of(&service, url);
            download.set_property(DownloadProperty::LocalPath, to(path)).unwrap();
            download.set_property(DownloadProperty::BlockingMode, Value::Bool(true)).unwrap();
            download
        };
        let download = blocking(&url, &place);
        assert_eq!(download.start(None), Ok(()));
        assert_eq!(download.get_status().unwrap().state, DownloadState::Transferred);
        download.finalize().unwrap();
        let download = blocking(&missing, &place.with_extension("none"));
        assert_eq!(download.start(None), Err(HResult::HTTP_E_STATUS_404));
        download.abort().unwrap();
    })
    .await;
    assert_holds(&out, &file);
    assert_eq!(names_in(dir.path()), ["out", "state"]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn abort_takes_away_what_the_download_made_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = content(6, MIB);
    let (origin, desk) = office(dir.path(), &file).await;
    origin.inject("/file", Fault::HangAfter(MIB / 2));
    fs::write(dir.path().join("theirs"), "theirs").unwrap();
    let (url, base) = (origin.url(), dir.path().to_owned());
    desk.program(move |service| {
        for name in ["made", "theirs"] {
            let download = download_of(&service, &url);
            download.set_property(DownloadProperty::LocalPath, to(&base.join(name))).unwrap();
            download.start(None).unwrap();
            wait_for("bytes", || download.get_status().unwrap().bytes_transferred > 0);
            download.abort().unwrap();
        }
        assert_eq!(DoManager::new(service).enum_downloads(None).err(), Some(HResult::DO_E_NO_DOWNLOADS));
    })
    .await;
    assert_eq!(names_in(dir.path()), ["state", "theirs"]);
    assert_eq!(fs::read(dir.path().join("theirs")).unwrap(), b"theirs");
    assert!(names_in(&dir.path().join("state/jobs")).is_empty());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_not_volatile_outlives_the_service() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = content(7, MIB);
    let (origin, desk) = office(dir.path(), &file).await;
    origin.inject("/file", Fault::HangAfter(MIB / 2));
    let (url, base) = (origin.url(), dir.path().to_owned());
    let stays = desk
        .program(move |service| {
            let ids = [false, true].map(|stays| {
                let download = download_of(&service, &url);
                let place = base.join(if stays { "stays" } else { "goes" });
                download.set_property(DownloadProperty::LocalPath, to(&place)).unwrap();
                download.set_property(DownloadProperty::NonVolatile, Value::Bool(stays)).unwrap();
                download.start(None).unwrap();
                wait_for("bytes", || download.get_status().unwrap().bytes_transferred > 0);
                download.id()
            });
            ids[1]
        })
        .await;
    desk.close().await;
    origin.heal("/file");
    let desk = Desk::open(dir.path(), alone(), hasty()).await;
    desk.program(move |service| {
        let downloads = DoManager::new(service).enum_downloads(None).unwrap();
        assert_eq!(downloads.iter().map(|download| download.id()).collect::<Vec<_>>(), [stays]);
        let told = Watcher::of(&downloads[0]);
        if downloads[0].get_status().unwrap().state != DownloadState::Transferred {
            until_status(&told, |status| status.state == DownloadState::Transferred);
        }
        downloads[0].finalize().unwrap();
    })
    .await;
    assert_holds(&dir.path().join("stays"), &file);
    let base = dir.path().to_owned();
    tokio::task::spawn_blocking(move || {
        wait_for("the leftovers to go", || names_in(&base) == ["state", "stays"])
    })
    .await
    .unwrap();
    desk.close().await;
}
