//! Contents of every size, from the origin and then from a peer. With `SWARMLINE_FULL_SIZES` in the environment the
//! large ones are as large as they may get in life, which takes minutes.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use swarmline_ipc::message::{AddRequest, Event, ManifestSource};
use swarmline_store::hash_file;
use swarmline_testkit::{Content, TestOrigin, pattern};
use swarmline_types::PieceLayout;

use support::{
    MIB, PIECE, addr_of, alone, assert_holds, completed, dead_url, get, knowing, origin_of, phf_file, pinned,
    start,
};

/// One node gets it from the origin, a second one from the first when the origin is gone.
async fn goes_round(content: &Content, piece_size: u32) {
    let dir = tempfile::tempdir().unwrap();
    let manifest = content.manifest(piece_size);
    let origin = origin_of(content, &manifest).await;
    let outs = ["first", "second"].map(|name| dir.path().join(name).join("out"));
    let first = start(outs[0].parent().unwrap(), alone()).await;
    let progress = completed(first.get(get(origin.url(), &outs[0], ManifestSource::Origin))).await;
    assert_eq!((progress.from_origin, progress.bytes_have), (content.len(), content.len()));
    let url = origin.url();
    drop(origin);
    let second = start(outs[1].parent().unwrap(), knowing([addr_of(&first)])).await;
    let progress = completed(second.get(get(url, &outs[1], pinned(&manifest)))).await;
    assert_eq!((progress.from_origin, progress.from_peers - progress.wasted), (0, content.len()));
    outs.iter().for_each(|out| assert_holds(out, content));
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_around_a_piece_go_round() {
    let piece = u64::from(PIECE);
    // No piece, a short one, one that is nearly whole, a whole one, and one byte of a second.
    for len in [0, 1, piece - 1, piece, piece + 1] {
        goes_round(&Content::random(len, len), PIECE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_larger_than_a_request_go_round() {
    // Four blocks of 1 MiB a piece, and a last piece that ends inside a block.
    goes_round(&Content::random(1, 9 * MIB + 5), 4 << 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_pieces_go_round() {
    let pieces = if is_full() { 100_000 } else { 10_000 };
    goes_round(&Content::random(2, pieces << 14), 1 << 14).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_that_differ_in_their_index_alone_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    // In life: three pieces and a byte behind 2^32.
    let len = if is_full() { 1 << 32 } else { 60 * MIB } + 3 * MIB + 1;
    let layout = PieceLayout::new(len, 1 << 20).unwrap();
    let source = dir.path().join("file");
    pattern::write_stamped(&source, &layout);
    let manifest = hash_file(&source, layout.piece_size(), &|_| ()).unwrap();
    let phf = phf_file(dir.path(), &manifest);
    let ManifestSource::File { path, .. } = phf.clone() else { unreachable!() };
    let holder = start(dir.path(), alone()).await;
    let added = holder.add(AddRequest { path: source, phf: Some(path) }).await;
    assert!(matches!(added, Event::Added { .. }), "{added:?}");
    let origin = TestOrigin::start(Content::stamped(layout)).await;
    let (from_origin, from_peer) = ((origin.url(), alone()), (dead_url().await, knowing([addr_of(&holder)])));
    for (name, (url, config)) in [("origin", from_origin), ("peer", from_peer)] {
        let dir = dir.path().join(name);
        let out = dir.join("out");
        let progress = completed(start(&dir, config).await.get(get(url, &out, phf.clone()))).await;
        assert_eq!(progress.from_origin + progress.from_peers - progress.wasted, len);
        assert_stamps(&out, &layout);
        fs::remove_file(out).unwrap();
    }
}

/// Fails unless each piece begins with its index.
fn assert_stamps(path: &Path, layout: &PieceLayout) {
    let file = File::open(path).unwrap();
    assert_eq!(file.metadata().unwrap().len(), layout.content_len());
    for piece in layout.pieces() {
        let mut stamp = vec![0; layout.size_of(piece).min(8) as usize];
        file.read_exact_at(&mut stamp, layout.range_of(piece).start()).unwrap();
        assert_eq!(stamp, u64::from(piece.get()).to_be_bytes()[..stamp.len()], "piece {piece}");
    }
}

fn is_full() -> bool {
    std::env::var_os("SWARMLINE_FULL_SIZES").is_some()
}
