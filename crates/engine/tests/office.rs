//! Engines on loopback with a real origin: the smallest whole office.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use swarmline_engine::{Engine, EngineConfig};
use swarmline_ipc::message::{Event, GetRequest, ManifestSource, Progress};
use swarmline_net::{Discovery, NetConfig, PeerAddr};
use swarmline_origin::OriginConfig;
use swarmline_scheduler::NodeConfig;
use swarmline_store::Store;
use swarmline_testkit::{TestOrigin, pattern, phf_of};
use swarmline_types::Priority;
use url::Url;

const PIECE: u32 = 1 << 16;

async fn node(dir: &Path, peers: &[&Engine]) -> Engine {
    let store = Store::open(&dir.join("state")).unwrap();
    let mut net = NetConfig::new([0; 32]);
    net.listen = vec!["127.0.0.1:0".parse().unwrap()];
    net.discovery = Discovery::Static;
    net.static_peers = peers.iter().map(|peer| PeerAddr::new(peer.listen_addrs()[0], Some(peer.node()))).collect();
    let config = EngineConfig {
        net,
        node: NodeConfig::default(),
        origin: OriginConfig::default(),
        no_progress_timeout: Duration::from_secs(60),
        orphan_grace: Duration::from_secs(5),
    };
    Engine::start(store, config).await.unwrap()
}

fn request(url: String, destination: PathBuf, manifest: ManifestSource) -> GetRequest {
    GetRequest { url: Url::parse(&url).unwrap(), destination, manifest, sha256: None, force: false, priority: Priority::Foreground }
}

async fn completed(mut events: tokio::sync::mpsc::Receiver<Event>) -> Progress {
    loop {
        match events.recv().await.expect("an end") {
            Event::Completed(progress) => return progress,
            Event::Failed(error) => panic!("{error}"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_fetches_from_the_origin() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = pattern::bytes(1, 1_000_000);
    let origin = TestOrigin::start(bytes.clone()).await;
    origin.put("/file.phf", phf_of(&bytes, PIECE));
    let node = node(dir.path(), &[]).await;
    let out = dir.path().join("out");
    let progress = completed(node.get(request(origin.url(), out.clone(), ManifestSource::Origin))).await;
    assert_eq!(std::fs::read(&out).unwrap(), bytes);
    assert_eq!(progress.from_origin, 1_000_000);
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_manifest_it_is_plain_http() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = pattern::bytes(2, 3_000_000);
    let origin = TestOrigin::start(bytes.clone()).await;
    let node = node(dir.path(), &[]).await;
    let out = dir.path().join("out");
    completed(node.get(request(origin.url(), out.clone(), ManifestSource::Origin))).await;
    assert_eq!(std::fs::read(&out).unwrap(), bytes);
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_gets_it_from_a_peer_when_the_origin_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = pattern::bytes(3, 5_000_000);
    let origin = TestOrigin::start(bytes.clone()).await;
    origin.put("/file.phf", phf_of(&bytes, PIECE));
    let first = node(&dir.path().join("first"), &[]).await;
    let progress = completed(first.get(request(origin.url(), dir.path().join("first/out"), ManifestSource::Origin))).await;
    let url = origin.url();
    drop(origin);
    let second = node(&dir.path().join("second"), &[&first]).await;
    let pinned = ManifestSource::Pinned { content: progress.content.unwrap() };
    let out = dir.path().join("second/out");
    let progress = completed(second.get(request(url, out.clone(), pinned))).await;
    assert_eq!(std::fs::read(&out).unwrap(), bytes);
    assert_eq!((progress.from_origin, progress.from_peers), (0, 5_000_000));
    first.shutdown().await;
    second.shutdown().await;
}
