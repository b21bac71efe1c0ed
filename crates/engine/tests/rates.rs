//! Limits on what a node sends and receives hold, whoever is at the other end.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::future::Future;
use std::time::{Duration, Instant};

use swarmline_engine::EngineConfig;
use swarmline_ipc::message::ManifestSource;
use swarmline_testkit::TestOrigin;

use support::{
    MIB, addr_of, alone, assert_holds, completed, content, dead_url, get, knowing, mib_per_s, origin_of,
    phf_file, seed, seed_with, start,
};

const LEN: u64 = 4 * MIB;

/// Four mebibytes at 2 MiB/s. A slow machine takes longer, none less; a tenth of a second and one piece come free.
async fn takes_its_time(download: impl Future) {
    let before = Instant::now();
    download.await;
    let took = before.elapsed();
    assert!(took >= Duration::from_secs(2).mul_f64(0.7), "{took:?}");
}

fn slow_to_receive(mut config: EngineConfig) -> EngineConfig {
    config.node.download_rate = mib_per_s(2);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn the_download_rate_holds_for_the_origin() {
    let case = async |has_manifest| {
        let dir = tempfile::tempdir().unwrap();
        let (file, manifest) = content(1, LEN);
        let origin = if has_manifest {
            origin_of(&file, &manifest).await
        } else {
            TestOrigin::start(file.clone()).await
        };
        let node = start(dir.path(), slow_to_receive(alone())).await;
        let out = dir.path().join("out");
        takes_its_time(completed(node.get(get(origin.url(), &out, ManifestSource::Origin)))).await;
        assert_holds(&out, &file);
    };
    tokio::join!(case(true), case(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_download_rate_holds_for_peers() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(2, LEN);
    let holder = seed(&dir.path().join("holder"), &file, &manifest).await;
    let node = start(dir.path(), slow_to_receive(knowing([addr_of(&holder)]))).await;
    let out = dir.path().join("out");
    let source = phf_file(dir.path(), &manifest);
    takes_its_time(completed(node.get(get(dead_url(), &out, source)))).await;
    assert_holds(&out, &file);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_download_rate_is_one_for_all_downloads() {
    let dir = tempfile::tempdir().unwrap();
    let files = [3, 4].map(|number| content(number, LEN / 2));
    let node = start(dir.path(), slow_to_receive(alone())).await;
    let mut origins = Vec::new();
    let mut downloads = Vec::new();
    for (number, (file, manifest)) in files.iter().enumerate() {
        let origin = origin_of(file, manifest).await;
        let out = dir.path().join(number.to_string());
        downloads.push(completed(node.get(get(origin.url(), out, ManifestSource::Origin))));
        origins.push(origin);
    }
    takes_its_time(futures::future::join_all(downloads)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upload_rate_holds_for_all_peers_together() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(5, LEN);
    let mut config = alone();
    config.node.upload_rate = mib_per_s(2);
    let holder = seed_with(&dir.path().join("holder"), &file, &manifest, config).await;
    let mut downloads = Vec::new();
    for number in ["one", "two"] {
        let dir = dir.path().join(number);
        let source = phf_file(&dir, &manifest);
        let node = start(&dir, knowing([addr_of(&holder)])).await;
        downloads.push(completed(node.get(get(dead_url(), dir.join("out"), source))));
    }
    // They pass it on to each other, so that together they may take one copy of the holder.
    takes_its_time(futures::future::join_all(downloads)).await;
    let served = holder.status().await.unwrap().contents[0].served;
    assert!(served >= LEN, "{served}");
}
