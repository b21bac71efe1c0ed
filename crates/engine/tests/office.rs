//! Engines on loopback with a real origin: the smallest whole office.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use futures::future::join_all;
use swarmline_ipc::message::ManifestSource;
use swarmline_testkit::TestOrigin;

use support::{
    addr_of, assert_holds, completed, content, dead_url, get, knowing, node, origin_of, phf_file, pinned,
    seed, start,
};

#[tokio::test(flavor = "multi_thread")]
async fn one_node_fetches_from_the_origin() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(1, 1_000_000);
    let origin = origin_of(&file, &manifest).await;
    let (node, out) = (node(dir.path(), &[]).await, dir.path().join("out"));
    let progress = completed(node.get(get(origin.url(), &out, ManifestSource::Origin))).await;
    assert_holds(&out, &file);
    assert_eq!((progress.from_origin, origin.counts("/file").body_bytes), (1_000_000, 1_000_000));
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_manifest_it_is_plain_http() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = content(2, 3_000_000);
    let origin = TestOrigin::start(file.clone()).await;
    let (node, out) = (node(dir.path(), &[]).await, dir.path().join("out"));
    completed(node.get(get(origin.url(), &out, ManifestSource::Origin))).await;
    assert_holds(&out, &file);
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_gets_it_from_a_peer_when_the_origin_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(3, 5_000_000);
    let origin = origin_of(&file, &manifest).await;
    let first = node(&dir.path().join("first"), &[]).await;
    completed(first.get(get(origin.url(), dir.path().join("first/out"), ManifestSource::Origin))).await;
    let url = origin.url();
    drop(origin);
    let sources = [pinned(&manifest), phf_file(dir.path(), &manifest)];
    for (name, source) in ["hash", "phf"].into_iter().zip(sources) {
        let newcomer = node(&dir.path().join(name), &[&first]).await;
        let out = dir.path().join(name).join("out");
        let progress = completed(newcomer.get(get(&url, &out, source))).await;
        assert_holds(&out, &file);
        assert_eq!((progress.from_origin, progress.from_peers), (0, 5_000_000));
        newcomer.shutdown().await;
    }
    first.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomers_at_the_same_time_all_get_it_when_the_origin_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(4, 5_000_000);
    let first = seed(&dir.path().join("first"), &file, &manifest).await;
    let url = dead_url();
    let newcomers = (0..5).map(|number| {
        let (dir, url, source) = (dir.path().join(format!("{number}")), url.clone(), pinned(&manifest));
        let (first, file) = (addr_of(&first), file.clone());
        async move {
            let node = start(&dir, knowing([first])).await;
            let progress = completed(node.get(get(url, dir.join("out"), source))).await;
            assert_holds(&dir.join("out"), &file);
            assert_eq!(progress.from_origin, 0);
            // Its pieces may be what another one waits for.
            node
        }
    });
    let nodes = join_all(newcomers).await;
    assert_eq!(nodes.len(), 5);
}
