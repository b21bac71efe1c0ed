//! What a client may ask for beside address and destination, and what it may ask about: on whole engines.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::Path;
use std::time::Duration;

use swarmline_ipc::message::GetRequest;
use swarmline_jobs::{DoManager, DownloadProperty, DownloadState, HResult, JobState, NewFile, Value};

use support::desk::{
    Desk, Listener, Told, Watcher, download_of, hasty, job_of, until_status, until_told, wait_for,
};
use support::{
    MIB, addr_of, alone, assert_holds, completed, content, get, knowing, origin_of, pinned, seed_with, start,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_the_origins_last_answer_can_be_read_be_it_a_refusal() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(1, MIB);
    // With a piece hash file, without one, and what is not there.
    let origin = origin_of(&file, &manifest).await;
    origin.put("/plain", file);
    let desk = Desk::open(dir.path(), alone(), hasty()).await;
    let places = ["/file", "/plain", "/none"].map(|path| (origin.url_of(path), dir.path().join(&path[1..])));
    desk.program(move |service| {
        let heads = places.map(|(url, place)| {
            let job = job_of(&service, &[(url, &place)]);
            let file = job.enum_files().unwrap().remove(0);
            assert_eq!(file.get_response_headers().err(), Some(HResult::E_NOT_SET));
            let told = Listener::of(&job);
            job.resume().unwrap();
            until_told(&told, |told| matches!(told, Told::Error { .. } | Told::Transferred));
            let head = file.get_response_headers().unwrap();
            job.cancel().unwrap();
            head
        });
        // One answer has all of a file that is fetched as a whole.
        assert!(heads[0].starts_with("HTTP/1.1 20"), "{}", heads[0]);
        assert!(heads[0].contains("\r\netag: ") && heads[0].ends_with("\r\n"), "{}", heads[0]);
        assert!(heads[1].starts_with("HTTP/1.1 200 OK\r\n"), "{}", heads[1]);
        assert!(heads[1].contains(&format!("\r\ncontent-length: {MIB}\r\n")), "{}", heads[1]);
        assert!(heads[2].starts_with("HTTP/1.1 404 Not Found\r\n"), "{}", heads[2]);
    })
    .await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_peers_are_given_of_a_file_that_waits_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(2, 3 * MIB);
    let origin = origin_of(&file, &manifest).await;
    let desk = Desk::open(dir.path(), alone(), hasty()).await;
    let (url, out) = (origin.url(), dir.path().join("out"));
    let job = desk
        .program(move |service| {
            let job = job_of(&service, &[(url, &out)]);
            let told = Listener::of(&job);
            job.resume().unwrap();
            until_told(&told, |told| *told == Told::Transferred);
            let traffic = job.enum_files().unwrap()[0].get_stats().unwrap().traffic;
            assert_eq!((traffic.to_lan_peers, traffic.from_http), (0, 3 * MIB));
            job
        })
        .await;
    drop(origin);
    let neighbour = start(&dir.path().join("peer"), knowing([addr_of(&desk.engine)])).await;
    let copy = dir.path().join("copy");
    let request = GetRequest { url: None, ..get("http://unused/", &copy, pinned(&manifest)) };
    completed(neighbour.get(request)).await;
    assert_holds(&copy, &file);
    tokio::task::spawn_blocking(move || {
        let file = &job.enum_files().unwrap()[0];
        wait_for("the count", || file.get_stats().unwrap().traffic.to_lan_peers >= 3 * MIB);
        let stats = file.get_stats().unwrap();
        assert_eq!(stats.total_bytes_downloaded, 3 * MIB, "what is given is not received");
        assert_eq!(job.get_state(), Ok(JobState::Transferred));
        job.complete().unwrap();
        assert!(file.get_stats().unwrap().traffic.to_lan_peers >= 3 * MIB);
    })
    .await
    .unwrap();
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_without_an_address_comes_from_peers_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(3, 2 * MIB);
    let seed = seed_with(&dir.path().join("seed"), &file, &manifest, alone()).await;
    let desk = Desk::open(&dir.path().join("own"), knowing([addr_of(&seed)]), hasty()).await;
    let [by_job, by_download] = ["job", "download"].map(|name| dir.path().join(name));
    let outs = [by_job.clone(), by_download.clone()];
    let id = manifest.content().to_string();
    desk.program(move |service| {
        let job = job_of(&service, &[]);
        let path = by_job.to_str().unwrap().into();
        job.add_files(vec![NewFile { id: Some(id.clone()), path: Some(path), ..NewFile::default() }])
            .unwrap();
        let told = Listener::of(&job);
        job.resume().unwrap();
        until_told(&told, |told| *told == Told::Transferred);
        job.complete().unwrap();
        let traffic = job.enum_files().unwrap()[0].get_stats().unwrap().traffic;
        assert_eq!((traffic.from_lan_peers, traffic.from_http), (2 * MIB, 0));

        let download = DoManager::new(service).create_download().unwrap();
        let set = |property, text: &str| download.set_property(property, Value::Text(text.into())).unwrap();
        set(DownloadProperty::ContentId, &id);
        set(DownloadProperty::LocalPath, by_download.to_str().unwrap());
        let told = Watcher::of(&download);
        download.start(None).unwrap();
        until_status(&told, |status| status.state == DownloadState::Transferred);
        download.finalize().unwrap();
    })
    .await;
    outs.iter().for_each(|out| assert_holds(out, &file));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_nobody_has_is_waited_for_until_somebody_comes_or_it_gets_an_address() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(4, 2 * MIB);
    let origin = origin_of(&file, &manifest).await;
    let mut config = alone();
    config.orphan_grace = Duration::from_millis(50);
    let desk = Desk::open(&dir.path().join("own"), config, hasty()).await;
    let outs = ["peer", "address"].map(|name| dir.path().join(name));
    let id = manifest.content().to_string();
    let waiting = |place: &Path| {
        let (id, path) = (id.clone(), place.to_str().unwrap().to_owned());
        desk.program(move |service| {
            let job = job_of(&service, &[]);
            job.add_files(vec![NewFile { id: Some(id), path: Some(path), ..NewFile::default() }]).unwrap();
            let told = Listener::of(&job);
            job.resume().unwrap();
            until_told(
                &told,
                |told| matches!(told, Told::Changed { state, .. } if *state == JobState::TransientError),
            );
            let error = job.get_error().unwrap();
            assert_eq!(error.get_error().1, HResult::DO_E_UNRECOGNIZED_SWARM);
            assert_eq!(error.get_file().unwrap().id().0, 0);
            (job, told)
        })
    };
    let (job, told) = waiting(&outs[0]).await;
    let seed = seed_with(&dir.path().join("seed"), &file, &manifest, knowing([addr_of(&desk.engine)])).await;
    let arrives = move || {
        until_told(&told, |told| *told == Told::Transferred);
        job.complete().unwrap();
    };
    tokio::task::spawn_blocking(arrives).await.unwrap();
    assert_holds(&outs[0], &file);
    seed.shutdown().await;
    desk.close().await;

    // Another node, which has nothing of it.
    let mut config = alone();
    config.orphan_grace = Duration::from_millis(50);
    let desk = Desk::open(&dir.path().join("other"), config, hasty()).await;
    let (url, place) = (origin.url(), outs[1].clone());
    desk.program(move |service| {
        let job = job_of(&service, &[]);
        let path = place.to_str().unwrap().into();
        job.add_files(vec![NewFile { id: Some(id), path: Some(path), ..NewFile::default() }]).unwrap();
        let told = Listener::of(&job);
        job.resume().unwrap();
        until_told(
            &told,
            |told| matches!(told, Told::Changed { state, .. } if *state == JobState::TransientError),
        );
        job.enum_files().unwrap()[0].set_remote_name(&url).unwrap();
        until_told(&told, |told| *told == Told::Transferred);
        job.complete().unwrap();
    })
    .await;
    assert_holds(&outs[1], &file);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn header_lines_of_the_client_go_with_every_request_the_head_of_the_piece_hash_file_included() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(5, MIB);
    let origin = origin_of(&file, &manifest).await;
    let desk = Desk::open(dir.path(), alone(), hasty()).await;
    let (url, out) = (origin.url(), dir.path().join("out"));
    let place = out.clone();
    desk.program(move |service| {
        let download = download_of(&service, &url);
        let set = |property, text: &str| download.set_property(property, Value::Text(text.into())).unwrap();
        set(DownloadProperty::LocalPath, place.to_str().unwrap());
        set(DownloadProperty::HttpCustomHeaders, "X-Token: secret\r\n");
        let told = Watcher::of(&download);
        download.start(None).unwrap();
        until_status(&told, |status| status.state == DownloadState::Transferred);
        download.finalize().unwrap();
    })
    .await;
    assert_holds(&out, &file);
    let [head, bytes] = ["/file.phf", "/file"].map(|path| origin.last_request(path).unwrap());
    assert!(head.header("range").is_some(), "only the head is asked for");
    assert_eq!((head.header("x-token"), bytes.header("x-token")), (Some("secret"), Some("secret")));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_of_the_piece_hash_file_that_is_right_pins_the_content() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(6, MIB);
    let origin = origin_of(&file, &manifest).await;
    let desk = Desk::open(dir.path(), alone(), hasty()).await;
    let digest = {
        use sha2::Digest;
        data_encoding::BASE64.encode(&sha2::Sha256::digest(manifest.to_phf()))
    };
    let (url, out) = (origin.url(), dir.path().join("out"));
    let place = out.clone();
    desk.program(move |service| {
        let download = download_of(&service, &url);
        let set = |property, value| download.set_property(property, value).unwrap();
        set(DownloadProperty::LocalPath, Value::Text(place.to_str().unwrap().into()));
        let info = serde_json::json!({ "PiecesHashFileDigest": digest }).to_string();
        set(DownloadProperty::IntegrityCheckInfo, Value::Text(info));
        set(DownloadProperty::IntegrityCheckMandatory, Value::Bool(true));
        let told = Watcher::of(&download);
        download.start(None).unwrap();
        until_status(&told, |status| status.state == DownloadState::Transferred);
        download.finalize().unwrap();
    })
    .await;
    assert_holds(&out, &file);
    desk.close().await;
}
