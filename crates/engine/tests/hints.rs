//! Who knows only a URL: the origin names the content, peers bring its manifest, and nobody is believed more than that.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use futures::future::join_all;
use sha2::{Digest, Sha256};
use swarmline_engine::{Engine, EngineConfig};
use swarmline_ipc::message::{Event, ManifestSource, Progress, Trust};
use swarmline_net::{Net, PeerAddr};
use swarmline_proto::Manifest;
use swarmline_proto::manifest::PHF_HEAD_BYTES;
use swarmline_testkit::{Content, Fault, TestOrigin};
use swarmline_types::message::{Hint, Message, Search};
use swarmline_types::{ContentId, UrlHash};
use tempfile::TempDir;
use url::Url;

use support::{
    Cue, MIB, Stranger, addr_of, alone, assert_holds, completed, content, get, in_time, knowing, origin_of,
    pinned, start,
};

const HEAD: u64 = PHF_HEAD_BYTES as u64;

/// A file whose manifest is larger than a head, at an origin.
struct Case {
    dir: TempDir,
    file: Content,
    manifest: Manifest,
    origin: TestOrigin,
}

impl Case {
    async fn new(seed: u64) -> Self {
        let (file, manifest) = content(seed, 8 * MIB);
        let origin = origin_of(&file, &manifest).await;
        let case = Self { dir: tempfile::tempdir().unwrap(), file, manifest, origin };
        assert!(case.phf_bytes() > HEAD + 1000);
        case
    }

    fn phf_bytes(&self) -> u64 {
        self.manifest.to_phf().len() as u64
    }

    /// Bytes of the manifest that the origin has sent.
    fn sent(&self) -> u64 {
        self.origin.counts("/file.phf").body_bytes
    }

    fn out(&self, name: &str) -> PathBuf {
        self.dir.path().join(name).join("out")
    }

    /// A node that is connected with so many peers.
    async fn node(&self, name: &str, config: EngineConfig, peers: usize) -> Engine {
        let node = start(&self.dir.path().join(name), config).await;
        connected(&node, peers).await;
        node
    }

    /// Has a node download, and checks what it holds then.
    async fn get(&self, node: &Engine, name: &str) -> Progress {
        let request = get(self.origin.url(), self.out(name), ManifestSource::Origin);
        let progress = completed(node.get(request)).await;
        assert_holds(&self.out(name), &self.file);
        progress
    }

    /// A node that has downloaded it.
    async fn holder(&self) -> Engine {
        let holder = self.node("holder", alone(), 0).await;
        self.get(&holder, "holder").await;
        assert_eq!(self.sent(), HEAD + self.phf_bytes());
        holder
    }

    /// A node that knows this one stranger downloads. It gives liars little time.
    async fn despite(&self, stranger: &Stranger) -> Progress {
        let mut config = knowing([stranger.addr()]);
        config.node.manifest_step = Duration::from_millis(100);
        let victim = self.node("victim", config, 1).await;
        self.get(&victim, "victim").await
    }
}

/// Waits long for others, so that chance and load do not decide who reads.
fn patient(peers: impl IntoIterator<Item = PeerAddr>) -> EngineConfig {
    let mut config = knowing(peers);
    config.node.manifest_step = Duration::from_secs(600);
    config
}

async fn connected(node: &Engine, peers: usize) {
    let connected = async {
        while node.status().await.unwrap().connected.len() < peers {
            tokio::task::yield_now().await;
        }
    };
    in_time("connections", connected).await;
}

fn url_hash(url: &str) -> UrlHash {
    UrlHash::new(Sha256::digest(url).into())
}

/// A stranger that is in a content, and answers questions about URLs with this.
async fn hinting(seed: u8, manifest: &Manifest, hint: Hint) -> Stranger {
    let script = move |net: &Net, cue| {
        if let Cue::AsksAbout(node, url) = cue {
            net.send(node, Message::HintAnswer { url, hint: hint.clone() });
        }
    };
    Stranger::start(seed, manifest, script).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_only_the_url_reads_the_head_and_takes_the_manifest_from_a_peer() {
    let case = Case::new(1).await;
    let holder = case.holder().await;
    let before = case.origin.counts("/file.phf");
    let newcomer = case.node("newcomer", patient([addr_of(&holder)]), 1).await;
    let progress = case.get(&newcomer, "newcomer").await;
    let after = case.origin.counts("/file.phf");
    assert_eq!((after.requests - before.requests, after.body_bytes - before.body_bytes), (1, HEAD));
    let asked = case.origin.last_request("/file.phf").unwrap();
    assert_eq!(asked.header("range"), Some("bytes=0-4095"));
    assert_eq!((progress.from_origin, progress.from_peers), (0, 8 * MIB));
    assert_eq!(progress.trust, Trust::OriginUnauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_manifest_comes_with_its_head() {
    let (file, manifest) = content(2, MIB);
    let origin = origin_of(&file, &manifest).await;
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path(), alone()).await;
    completed(node.get(get(origin.url(), dir.path().join("out"), ManifestSource::Origin))).await;
    let sent = origin.counts("/file.phf");
    assert_eq!((sent.requests, sent.body_bytes), (1, manifest.to_phf().len() as u64));
}

/// Four that know each other begin at once.
async fn crowd(seed: u64, source: impl Fn(&Case) -> ManifestSource) {
    let case = Case::new(seed).await;
    let mut nodes: Vec<Engine> = Vec::new();
    for number in 0..4 {
        let config = patient(nodes.iter().map(addr_of));
        nodes.push(case.node(&number.to_string(), config, number).await);
    }
    join_all(nodes.iter().map(|node| connected(node, 3))).await;
    let downloads = nodes.iter().enumerate().map(|(number, node)| {
        let out = case.out(&number.to_string());
        completed(node.get(get(case.origin.url(), out, source(&case))))
    });
    join_all(downloads).await;
    (0..4).for_each(|number| assert_holds(&case.out(&number.to_string()), &case.file));
    assert_eq!(case.sent(), 4 * HEAD + case.phf_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_begin_together_one_reads_the_manifest() {
    tokio::join!(crowd(3, |_| ManifestSource::Origin), crowd(4, |case| pinned(&case.manifest)));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_downloads_on_one_node_read_the_manifest_once() {
    let case = Case::new(5).await;
    let node = case.node("node", patient([]), 0).await;
    let outs = ["one", "two"].map(|name| case.dir.path().join(name));
    let both = outs.clone().map(|out| node.get(get(case.origin.url(), out, ManifestSource::Origin)));
    join_all(both.map(completed)).await;
    outs.iter().for_each(|out| assert_holds(out, &case.file));
    assert_eq!(case.sent(), 2 * HEAD + case.phf_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_tells_what_it_knows_of_a_url_and_nothing_of_others() {
    let case = Case::new(6).await;
    let holder = case.node("holder", alone(), 0).await;
    let url = case.origin.url().replace("http://", "http://ann:secret@") + "#top";
    completed(holder.get(get(url, case.out("holder"), ManifestSource::Origin))).await;
    let stranger = Stranger::start(1, &case.manifest, |_, _| ()).await;
    stranger.net.dial(Some(holder.node()), holder.listen_addrs()[0]);
    stranger.until("a connection", |counts| counts.ups > 0).await;
    let urls = [case.origin.url(), case.origin.url_of("/other")].map(|url| url_hash(&url));
    urls.iter().for_each(|url| stranger.net.send(holder.node(), Message::HintAsk(*url)));
    let told = stranger.until("two answers", |counts| counts.hints.len() == 2).await.hints;
    let known = Hint { contents: vec![case.manifest.content()], search: Search::Idle };
    assert_eq!(told, [(urls[0], known), (urls[1], Hint::default())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_has_failed_looks_no_more_however_long_it_is_held_on_to() {
    let case = Case::new(17).await;
    let node = case.node("node", alone(), 0).await;
    let nowhere = Url::parse(&case.origin.url_of("/nothing.phf")).unwrap();
    let source = ManifestSource::Url { url: nowhere, pinned: None };
    let mut download = node.begin(get(case.origin.url(), case.out("node"), source), None);
    let failed = async { while !matches!(download.events.recv().await, Some(Event::Failed(_))) {} };
    in_time("the failure", failed).await;
    let stranger = Stranger::start(1, &case.manifest, |_, _| ()).await;
    stranger.net.dial(Some(node.node()), node.listen_addrs()[0]);
    stranger.until("a connection", |counts| counts.ups > 0).await;
    stranger.net.send(node.node(), Message::HintAsk(url_hash(&case.origin.url())));
    let told = stranger.until("an answer", |counts| counts.hints.len() == 1).await.hints;
    assert_eq!(told[0].1.search, Search::Idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_hint_is_not_followed() {
    let case = Case::new(7).await;
    let (_, other) = content(99, 8 * MIB);
    let contents = (0..3).map(|n| ContentId::new([n; 32])).chain([other.content()]).collect();
    let liar = hinting(1, &other, Hint { contents, search: Search::Idle }).await;
    let progress = case.despite(&liar).await;
    assert_eq!((progress.content, progress.from_peers), (Some(case.manifest.content()), 0));
    let counts = liar.until("the question", |counts| !counts.asked_about.is_empty()).await;
    assert_eq!(counts.asked_about, [url_hash(&case.origin.url())]);
    assert_eq!(counts.manifests_wanted, 0, "of what the origin did not name nothing is asked");
    assert_eq!(case.sent(), HEAD + case.phf_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_hint_of_one_who_has_nothing_is_given_up() {
    let case = Case::new(8).await;
    let (_, other) = content(99, 8 * MIB);
    let hint = Hint { contents: vec![case.manifest.content()], search: Search::Idle };
    let liar = hinting(1, &other, hint).await;
    // The origin names the content and says no more until the liar has been asked.
    case.origin.inject("/file.phf", Fault::HangAfter(HEAD));
    let mut config = knowing([liar.addr()]);
    config.node.manifest_step = Duration::from_millis(100);
    config.origin.idle_timeout = Duration::from_millis(500);
    let victim = case.node("victim", config, 1).await;
    let download = victim.get(get(case.origin.url(), case.out("victim"), ManifestSource::Origin));
    liar.until("the question for the manifest", |counts| counts.manifests_wanted > 0).await;
    case.origin.heal("/file.phf");
    completed(download).await;
    assert_holds(&case.out("victim"), &case.file);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_that_it_reads_and_never_has_it_is_not_waited_for_for_ever() {
    let case = Case::new(9).await;
    let (_, other) = content(99, 8 * MIB);
    let liar = hinting(1, &other, Hint { contents: vec![], search: Search::Reading }).await;
    case.despite(&liar).await;
    assert_eq!(case.sent(), HEAD + case.phf_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_one_who_reads_is_gone_the_next_one_reads() {
    let case = Case::new(10).await;
    let (_, other) = content(99, 8 * MIB);
    let reader = hinting(1, &other, Hint { contents: vec![], search: Search::Reading }).await;
    let node = case.node("node", patient([reader.addr()]), 1).await;
    let download = node.get(get(case.origin.url(), case.out("node"), ManifestSource::Origin));
    reader.until("the question", |counts| !counts.asked_about.is_empty()).await;
    case.origin.until("/file.phf", |counts| counts.body_bytes == HEAD).await;
    drop(reader);
    completed(download).await;
    assert_holds(&case.out("node"), &case.file);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_of_what_the_origin_had_before_is_refused() {
    let mut case = Case::new(11).await;
    let holder = case.holder().await;
    let (file, manifest) = content(12, 8 * MIB);
    case.origin.put("/file.phf", manifest.to_phf());
    case.origin.put("/file", file.clone());
    (case.file, case.manifest) = (file, manifest);
    let mut config = knowing([addr_of(&holder)]);
    config.node.manifest_step = Duration::from_millis(100);
    let newcomer = case.node("newcomer", config, 1).await;
    let progress = case.get(&newcomer, "newcomer").await;
    assert_eq!((progress.content, progress.from_peers), (Some(case.manifest.content()), 0));
}

/// What a newcomer with a holder beside it reads of the manifest, of an origin that is spoilt for it.
async fn newcomer_reads(seed: u64, spoil: impl FnOnce(&Case)) -> (u64, u64, u64) {
    let case = Case::new(seed).await;
    let holder = case.holder().await;
    spoil(&case);
    let before = case.origin.counts("/file.phf");
    let newcomer = case.node("newcomer", patient([addr_of(&holder)]), 1).await;
    let progress = case.get(&newcomer, "newcomer").await;
    assert_eq!((progress.from_origin, progress.trust), (0, Trust::OriginUnauthenticated));
    let after = case.origin.counts("/file.phf");
    (after.requests - before.requests, after.body_bytes - before.body_bytes, case.phf_bytes())
}

/// The same file with its digests in front.
fn digests_first(phf: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(phf).unwrap();
    let (keys, pieces) = text.split_once(",\"Pieces\":").unwrap();
    format!("{{\"Pieces\":{},{}}}", pieces.strip_suffix('}').unwrap(), &keys[1..]).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_head_can_be_had_the_whole_manifest_is_read() {
    let (requests, sent, whole) =
        newcomer_reads(13, |case| case.origin.inject("/file.phf", Fault::IgnoreRange)).await;
    assert_eq!((requests, sent), (1, whole), "the answer to the range is the whole file");

    let refused = Fault::status(400).first(1);
    let (requests, sent, whole) = newcomer_reads(14, |case| case.origin.inject("/file.phf", refused)).await;
    assert_eq!((requests, sent), (2, whole));

    let other_order = |case: &Case| case.origin.put("/file.phf", digests_first(case.manifest.to_phf()));
    let (requests, sent, whole) = newcomer_reads(15, other_order).await;
    assert_eq!((requests, sent), (2, HEAD + whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_contradicts_its_hash_is_no_manifest() {
    let case = Case::new(16).await;
    let holder = case.holder().await;
    let phf = String::from_utf8(case.manifest.to_phf()).unwrap();
    let forged = phf.replacen(&format!("{}", 8 * MIB), &format!("{}", 8 * MIB - 1), 1);
    case.origin.put("/file.phf", forged.into_bytes());
    let newcomer = case.node("newcomer", patient([addr_of(&holder)]), 1).await;
    let progress = case.get(&newcomer, "newcomer").await;
    let Trust::None { reason } = progress.trust else { panic!("{:?}", progress.trust) };
    assert!(reason.contains("contradicts"), "{reason}");
    assert_eq!(progress.from_peers, 0);
}
