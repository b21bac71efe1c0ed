//! Peers that lie: the download completes with the right bytes, and who lied is found out.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use futures::future::join_all;
use swarmline_engine::Engine;
use swarmline_ipc::message::{GetRequest, Progress};
use swarmline_net::Net;
use swarmline_proto::Manifest;
use swarmline_testkit::{Content, TestOrigin, pattern};
use swarmline_types::message::{
    BlockRequest, ContentMessage, LaneMessage, ManifestPart, Message, WireRequest,
};
use swarmline_types::{Bitfield, NodeId, PieceHash, PieceLayout, PieceRange};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use support::{
    Counts, Cue, MIB, PIECE, Stranger, addr_of, assert_holds, boaster, completed, content, dead_url, get,
    in_time, knowing, mib_per_s, origin_of, phf_file, pinned, reject, seed, seed_with, send_noise, start,
    stay_silent, tell,
};

/// One wants a content that an origin has; strangers claim to have it too.
struct Case {
    dir: TempDir,
    file: Content,
    manifest: Manifest,
    origin: TestOrigin,
}

impl Case {
    async fn new(len: u64) -> Self {
        let (file, manifest) = content(len, len);
        let origin = origin_of(&file, &manifest).await;
        Self { dir: tempfile::tempdir().unwrap(), file, manifest, origin }
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    fn request(&self) -> GetRequest {
        get(self.origin.url(), self.out(), pinned(&self.manifest))
    }

    /// A node that is connected to the strangers before it wants anything.
    async fn victim(&self, strangers: &[&Stranger]) -> Engine {
        let node = start(self.dir.path(), knowing(strangers.iter().map(|stranger| stranger.addr()))).await;
        for stranger in strangers {
            stranger.until("the victim connects", |counts| counts.ups > 0).await;
        }
        node
    }

    /// Has the victim download.
    async fn completes(&self, victim: &Engine) -> Progress {
        let progress = completed(victim.get(self.request())).await;
        assert_holds(&self.out(), &self.file);
        progress
    }
}

fn send_right(file: &Content, net: &Net, to: NodeId, manifest: &Manifest, block: BlockRequest) {
    let start = manifest.layout().range_of(block.piece).start() + u64::from(block.offset);
    net.serve(to, block.request, file.slice(start, block.size as usize).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_wrong_bytes_is_left_at_once_and_not_asked_again() {
    let case = Case::new(4 * MIB).await;
    case.origin.limit(mib_per_s(2));
    let liar = boaster(Stranger::on_loopback(1), &case.manifest, send_noise).await;
    let victim = case.victim(&[&liar]).await;
    let download = victim.get(case.request());
    let asked = liar.until("the liar is left", |counts| !counts.downs.is_empty()).await.wanted;
    assert!(asked > 0);
    liar.until("the victim dials the liar again", |counts| counts.ups > 1).await;
    let progress = completed(download).await;
    assert_holds(&case.out(), &case.file);
    assert_eq!(liar.counts().wanted, asked);
    assert_eq!((progress.from_origin, progress.from_peers), (4 * MIB, progress.wasted));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_piece_among_right_ones_is_enough() {
    let case = Case::new(4 * MIB).await;
    let file = case.file.clone();
    let liar = boaster(Stranger::on_loopback(1), &case.manifest, move |net, to, manifest, block| match block
        .piece
        .get()
    {
        17 => send_noise(net, to, manifest, block),
        _ => send_right(&file, net, to, manifest, block),
    })
    .await;
    let victim = case.victim(&[&liar]).await;
    let progress = case.completes(&victim).await;
    liar.until("the liar is left", |counts| !counts.downs.is_empty()).await;
    assert!(progress.wasted >= u64::from(PIECE), "{progress:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_honest_peer_among_liars_is_enough_without_an_origin() {
    let case = Case::new(4 * MIB).await;
    let honest = seed(&case.dir.path().join("honest"), &case.file, &case.manifest).await;
    let liars =
        join_all((1..=5).map(|number| boaster(Stranger::on_loopback(number), &case.manifest, send_noise)))
            .await;
    let peers = liars.iter().map(Stranger::addr).chain([addr_of(&honest)]);
    let victim = start(case.dir.path(), knowing(peers)).await;
    let manifest = phf_file(case.dir.path(), &case.manifest);
    let progress = completed(victim.get(get(dead_url(), case.out(), manifest))).await;
    assert_holds(&case.out(), &case.file);
    assert_eq!((progress.from_origin, progress.from_peers - progress.wasted), (0, 4 * MIB));
    let was_caught = |counts: Counts| counts.wanted == 0 || !counts.downs.is_empty();
    assert!(liars.iter().map(Stranger::counts).all(was_caught));
}

/// It costs a request timeout, 5 s, to see that nothing comes; then the origin brings it.
async fn is_seen_through(answer: impl FnMut(&Net, NodeId, &Manifest, BlockRequest) + Send + 'static) {
    let case = Case::new(4 * MIB).await;
    let liar = boaster(Stranger::on_loopback(1), &case.manifest, answer).await;
    let victim = case.victim(&[&liar]).await;
    let progress = case.completes(&victim).await;
    assert!(liar.counts().wanted > 0);
    assert_eq!((progress.from_origin, progress.wasted), (4 * MIB - progress.from_peers, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_everything_and_gives_nothing_is_seen_through() {
    tokio::join!(is_seen_through(reject), is_seen_through(stay_silent));
}

/// Earns some trust first.
fn gives_three_then(
    mut and_then: impl FnMut(&Net, NodeId, &Manifest, BlockRequest) + Send + 'static,
) -> impl FnMut(&Net, NodeId, &Manifest, BlockRequest) + Send + 'static {
    let (file, mut given) = (content(4 * MIB, 4 * MIB).0, 0);
    move |net, to, manifest, block| {
        given += 1;
        match given {
            1..=3 => send_right(&file, net, to, manifest, block),
            _ => and_then(net, to, manifest, block),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gave_something_and_then_gives_nothing_is_seen_through() {
    let (rejects, is_silent) = (gives_three_then(reject), gives_three_then(stay_silent));
    tokio::join!(is_seen_through(rejects), is_seen_through(is_silent));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_more_than_there_is_leaves_the_others_their_turn() {
    let dir = tempfile::tempdir().unwrap();
    let file = Content::random(6, 32 * MIB);
    let manifest = file.manifest(1 << 20);
    let holder = seed(&dir.path().join("holder"), &file, &manifest).await;
    let flooder = Stranger::flooding(1, &manifest, &holder).await;
    flooder.until("a flood", |counts| counts.rejects > 100).await;
    let newcomer = start(dir.path(), knowing([addr_of(&holder)])).await;
    let out = dir.path().join("out");
    completed(newcomer.get(get(dead_url(), &out, phf_file(dir.path(), &manifest)))).await;
    assert_holds(&out, &file);
}

/// The runs of the lane: mebibytes.
fn claims_of(manifest: &Manifest) -> Vec<PieceRange> {
    let (layout, per_run) = (manifest.layout(), (1 << 20) / PIECE);
    (0..layout.piece_count() / per_run).filter_map(|run| layout.piece_range(run * per_run, per_run)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_claims_all_of_the_lane_and_fetches_nothing_holds_nobody_up() {
    let case = Case::new(4 * MIB).await;
    let own = case.manifest.clone();
    let script = move |net: &Net, cue| {
        let lane = |to, message| tell(net, to, &own, ContentMessage::Lane(message));
        match cue {
            Cue::Met(node) => {
                tell(net, node, &own, ContentMessage::Bitmap(Bitfield::none(&own.layout())));
                claims_of(&own).into_iter().for_each(|pieces| lane(node, LaneMessage::Claim(pieces)));
            }
            Cue::Tick(node) => {
                let beat = claims_of(&own).into_iter().map(|pieces| (pieces, 0)).collect();
                lane(node, LaneMessage::Progress(beat));
            }
            _ => {}
        }
    };
    let liar = Stranger::start(1, &case.manifest, script).await;
    let victim = case.victim(&[&liar]).await;
    let progress = case.completes(&victim).await;
    assert_eq!((progress.from_origin, progress.sharing), (4 * MIB, 1));
}

/// What must not be said about a content of two pieces.
fn nonsense() -> Vec<ContentMessage> {
    let far = PieceLayout::new(1 << 40, 1 << 20).unwrap();
    let piece = far.piece(1_000_000).unwrap();
    let first = far.piece(0).unwrap();
    let block = |piece, offset, size| {
        ContentMessage::Request(BlockRequest { request: WireRequest(1), piece, offset, size })
    };
    vec![
        ContentMessage::Have(vec![piece]),
        ContentMessage::Bitmap(Bitfield::all(&far)),
        ContentMessage::Lane(LaneMessage::Claim(PieceRange::one(piece))),
        ContentMessage::Lane(LaneMessage::Progress(vec![(PieceRange::one(piece), 1)])),
        block(piece, 0, 1),
        block(first, PIECE - 1, 2),
        block(first, PIECE, 1),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_what_is_not_there_is_left() {
    let case = Case::new(2 * u64::from(PIECE)).await;
    let honest = seed(&case.dir.path().join("honest"), &case.file, &case.manifest).await;
    for (number, message) in (1..).zip(nonsense()) {
        let (own, shown) = (case.manifest.clone(), format!("{message:?}"));
        let liar = Stranger::start(number, &case.manifest, move |net, cue| {
            if let Cue::Met(node) = cue {
                tell(net, node, &own, message.clone());
            }
        })
        .await;
        liar.net.dial(Some(honest.node()), honest.listen_addrs()[0]);
        liar.until(&shown, |counts| !counts.downs.is_empty()).await;
    }
    let newcomer = start(case.dir.path(), knowing([addr_of(&honest)])).await;
    case.completes(&newcomer).await;
}

/// A newcomer that knows the hash alone asks a stranger for the manifest first, and an honest node after.
async fn finds_the_manifest(
    answer: impl Fn(&Manifest, u32) -> Option<Option<ManifestPart>> + Send + 'static,
) {
    let case = Case::new(4 * MIB).await;
    let own = case.manifest.clone();
    let script = move |net: &Net, cue| {
        if let Cue::WantsManifest(node, first) = cue
            && let Some(part) = answer(&own, first)
        {
            net.send(node, Message::ManifestPart { content: own.content(), part });
        }
    };
    let liar = Stranger::start(1, &case.manifest, script).await;
    let mut config = knowing([liar.addr()]);
    config.orphan_grace = Duration::from_secs(50);
    let victim = start(case.dir.path(), config).await;
    case.origin.remove("/file.phf");
    let download = victim.get(case.request());
    liar.until("the liar is asked", |counts| counts.manifests_wanted > 0).await;
    let dir = case.dir.path().join("honest");
    let _honest = seed_with(&dir, &case.file, &case.manifest, knowing([addr_of(&victim)])).await;
    completed(download).await;
    assert_holds(&case.out(), &case.file);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_does_not_prove_itself_is_asked_of_another() {
    finds_the_manifest(|own, first| {
        let mut part = own.part(first).unwrap();
        part.digests[5] = PieceHash::new([7; 32]);
        Some(Some(part))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_of_another_size_is_asked_of_another() {
    finds_the_manifest(|own, first| {
        let part = own.part(first).unwrap();
        Some(Some(ManifestPart { content_len: part.content_len * 2, ..part }))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_its_holder_denies_is_asked_of_another() {
    finds_the_manifest(|_, _| Some(None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_never_comes_is_asked_of_another() {
    finds_the_manifest(|_, _| None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_peer_at_all_does_no_harm() {
    let case = Case::new(4 * MIB).await;
    let honest = seed(&case.dir.path().join("honest"), &case.file, &case.manifest).await;
    let addr = honest.listen_addrs()[0];
    let noise = pattern::bytes(3, 100_000);
    let hellos: [&[u8]; 5] = [
        b"",
        &noise,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x13/multistream/1.0.0\n\x07/plain\n",
        b"\x16\x03\x01\xff\xff\x01\x00\x00\xff",
    ];
    let mut open = Vec::new();
    for hello in hellos.iter().cycle().take(50) {
        let mut client = TcpStream::connect(addr).await.unwrap();
        // It may have been hung up on already.
        let _ = client.write_all(hello).await;
        open.push(client);
    }
    let newcomer = start(case.dir.path(), knowing([addr_of(&honest)])).await;
    let url = Some(dead_url().parse().unwrap());
    completed(newcomer.get(GetRequest { url, ..case.request() })).await;
    assert_holds(&case.out(), &case.file);
    for mut client in open {
        let mut sink = Vec::new();
        // Whatever it is, it is hung up on in the end.
        let _ = in_time("the end of a connection", client.read_to_end(&mut sink)).await;
    }
    assert_eq!(honest.status().await.unwrap().connected, [newcomer.node()]);
}
