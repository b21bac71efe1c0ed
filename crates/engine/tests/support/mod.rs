//! What the engine's tests share: nodes on loopback, what to ask of them, and how it ends.

#![allow(dead_code, unused_imports, reason = "each test program uses some of it")]

pub(crate) mod desk;
mod stranger;

mod liar;

use std::future::Future;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use swarmline_engine::{Engine, EngineConfig};
use swarmline_ipc::message::{
    AddRequest, ErrorKind, Event, GetOptions, GetRequest, ManifestSource, Progress, TransferError,
};
use swarmline_net::{Discovery, NetConfig, PeerAddr};
use swarmline_origin::OriginConfig;
use swarmline_proto::Manifest;
use swarmline_scheduler::NodeConfig;
use swarmline_store::Store;
use swarmline_testkit::{Content, TestOrigin};
use swarmline_types::{ContentId, Priority, Rate};
use tokio::sync::mpsc;
use url::Url;

pub(crate) use liar::{boaster, reject, send_noise, stay_silent, tell};
pub(crate) use stranger::{Counts, Cue, Stranger};

/// Bytes of a piece, unless a test says otherwise.
pub(crate) const PIECE: u32 = 1 << 16;
pub(crate) const MIB: u64 = 1 << 20;

/// How long a test waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Alone on loopback, with the defaults but for the time that a test waits for an orphan to be given up.
pub(crate) fn alone() -> EngineConfig {
    let mut net = NetConfig::new([0; 32]);
    net.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    net.discovery = Discovery::Off;
    EngineConfig {
        net,
        node: NodeConfig::default(),
        origin: OriginConfig::default(),
        no_progress_timeout: Duration::from_secs(60),
        orphan_grace: Duration::from_secs(5),
        trace: None,
    }
}

/// As [`alone`], with peers that it connects to.
pub(crate) fn knowing(peers: impl IntoIterator<Item = PeerAddr>) -> EngineConfig {
    let mut config = alone();
    config.net.discovery = Discovery::Static;
    config.net.static_peers = peers.into_iter().collect();
    config
}

/// An engine with its state in `dir`.
pub(crate) async fn start(dir: &Path, config: EngineConfig) -> Engine {
    Engine::start(open_store(dir).await, config).await.unwrap()
}

/// An engine with its state in `dir` that connects to others.
pub(crate) async fn node(dir: &Path, peers: &[&Engine]) -> Engine {
    start(dir, knowing(peers.iter().map(|peer| addr_of(peer)))).await
}

/// The store in `dir`, once whoever had it before has let it go.
async fn open_store(dir: &Path) -> Store {
    let state = dir.join("state");
    let opened = async {
        loop {
            match Store::open(&state) {
                Ok(store) => return store,
                Err(swarmline_store::OpenError::Owned { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    in_time("the state directory", opened).await
}

/// Where an engine can be reached, and by which key.
pub(crate) fn addr_of(engine: &Engine) -> PeerAddr {
    PeerAddr::new(engine.listen_addrs()[0], Some(engine.node()))
}

/// What happens within [`PATIENCE`].
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: nothing within {PATIENCE:?}"),
    }
}

/// A download in the foreground, without further wishes.
pub(crate) fn get(
    url: impl AsRef<str>,
    destination: impl Into<PathBuf>,
    manifest: ManifestSource,
) -> GetRequest {
    GetRequest {
        url: Some(Url::parse(url.as_ref()).unwrap()),
        destination: destination.into(),
        manifest,
        sha256: None,
        force: false,
        priority: Priority::Foreground,
        options: GetOptions::default(),
    }
}

/// How a download ends.
pub(crate) async fn ended(mut events: mpsc::Receiver<Event>) -> Result<Progress, TransferError> {
    let end = async {
        loop {
            match events.recv().await.expect("an end comes before the events end") {
                Event::Completed(progress) => return Ok(progress),
                Event::Failed(error) => return Err(error),
                _ => {}
            }
        }
    };
    in_time("a download", end).await
}

pub(crate) async fn completed(events: mpsc::Receiver<Event>) -> Progress {
    ended(events).await.unwrap_or_else(|error| panic!("{:?}: {error}", error.kind))
}

pub(crate) async fn failed(events: mpsc::Receiver<Event>) -> TransferError {
    ended(events).await.expect_err("this download cannot complete")
}

/// Reads events until the progress is as wished.
pub(crate) async fn until(events: &mut mpsc::Receiver<Event>, wish: impl Fn(&Progress) -> bool) -> Progress {
    let reached = async {
        loop {
            match events.recv().await.expect("events go on") {
                Event::Progress(progress) | Event::Completed(progress) if wish(&progress) => return progress,
                Event::Failed(error) => panic!("{:?}: {error}", error.kind),
                _ => {}
            }
        }
    };
    in_time("a moment of a download", reached).await
}

/// Reads events until what was asked for is held.
pub(crate) async fn until_held(events: &mut mpsc::Receiver<Event>) -> Progress {
    let held = async {
        loop {
            match events.recv().await.expect("events go on") {
                Event::Held(progress) => return progress,
                Event::Failed(error) => panic!("{:?}: {error}", error.kind),
                _ => {}
            }
        }
    };
    in_time("a download to be held", held).await
}

/// Noise, cut into pieces, with its name.
pub(crate) fn content(seed: u64, len: u64) -> (Content, Manifest) {
    let content = Content::random(seed, len);
    let manifest = content.manifest(PIECE);
    (content, manifest)
}

/// An origin that serves a content and, beside it, its manifest.
pub(crate) async fn origin_of(content: &Content, manifest: &Manifest) -> TestOrigin {
    let origin = TestOrigin::start(content.clone()).await;
    origin.put("/file.phf", manifest.to_phf());
    origin
}

/// The manifest in a file.
pub(crate) fn phf_file(dir: &Path, manifest: &Manifest) -> ManifestSource {
    std::fs::create_dir_all(dir).unwrap();
    let path = dir.join("given.phf");
    std::fs::write(&path, manifest.to_phf()).unwrap();
    ManifestSource::File { path, pinned: None }
}

pub(crate) fn pinned(manifest: &Manifest) -> ManifestSource {
    ManifestSource::Pinned { content: manifest.content() }
}

/// A node in `dir` that holds and offers a file of this content at `dir/file`, and knows no origin.
pub(crate) async fn seed(dir: &Path, content: &Content, manifest: &Manifest) -> Engine {
    seed_with(dir, content, manifest, alone()).await
}

/// As [`seed`], with settings of its own.
pub(crate) async fn seed_with(
    dir: &Path,
    content: &Content,
    manifest: &Manifest,
    config: EngineConfig,
) -> Engine {
    std::fs::create_dir_all(dir).unwrap();
    let path = dir.join("file");
    std::fs::write(&path, content.to_vec()).unwrap();
    std::fs::write(dir.join("file.phf"), manifest.to_phf()).unwrap();
    let engine = start(dir, config).await;
    match engine.add(AddRequest { path, phf: None }).await {
        Event::Added { content, .. } => assert_eq!(content, manifest.content()),
        other => panic!("{other:?}"),
    }
    engine
}

/// A URL that nobody answers. The port stays taken and nobody listens there: one that was closed again could be given to
/// another test's origin.
pub(crate) fn dead_url() -> String {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let url = format!("http://{}/file", socket.local_addr().unwrap());
    std::mem::forget(socket);
    url
}

/// Fails unless the file at `path` is this content. Neither holds nor prints megabytes.
pub(crate) fn assert_holds(path: &Path, content: &Content) {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(file.metadata().unwrap().len(), content.len(), "bytes of {}", path.display());
    let mut buffers = [vec![0; 1 << 20], vec![0; 1 << 20]];
    for offset in (0..content.len()).step_by(1 << 20) {
        let size = usize::try_from((content.len() - offset).min(MIB)).unwrap();
        let [got, want] = buffers.each_mut().map(|buffer| &mut buffer[..size]);
        file.read_exact_at(got, offset).unwrap();
        content.read(offset, want);
        assert!(got == want, "{} differs behind {offset}", path.display());
    }
}

/// Fails if anything stands at `path`.
pub(crate) fn assert_absent(path: &Path) {
    assert!(std::fs::symlink_metadata(path).is_err(), "{} stands there", path.display());
}

/// Fails unless the error is of this kind and names all of these.
pub(crate) fn assert_says(error: &TransferError, kind: ErrorKind, words: &[&str]) {
    assert_eq!(error.kind, kind, "{error}");
    words.iter().for_each(|word| assert!(error.message.contains(word), "{word:?} is not in {error}"));
}

pub(crate) fn mib_per_s(mib: u64) -> Option<Rate> {
    Rate::bytes_per_s(mib * MIB)
}
