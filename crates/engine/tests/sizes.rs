//! Contents of every size, from the origin and from a peer. The large ones are sparse and mostly zeros, so that they
//! cost little; each of their pieces that travels is told from all others by its stamp.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use swarmline_ipc::message::{AddRequest, Event, ManifestSource};
use swarmline_proto::Manifest;
use swarmline_testkit::{Content, pattern};
use swarmline_types::{PieceHash, PieceLayout};
use tempfile::TempDir;

use support::{
    MIB, PIECE, addr_of, alone, assert_holds, completed, dead_url, get, knowing, origin_of, phf_file, pinned,
    start,
};

/// One node gets it from the origin, a second one from the first when the origin is gone.
async fn goes_round(content: &Content, piece_size: u32) {
    let dir = roomy_dir();
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

/// On the disk that the build is on: the usual place of temporary files may be in memory.
fn roomy_dir() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_small_pieces_go_round() {
    // All of a piece but its index is zeros, so that one in a wrong place is found and the rest costs little.
    let layout = PieceLayout::new(100_000 << 14, 1 << 14).unwrap();
    goes_round(&Content::stamped(layout), layout.piece_size()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_around_four_gib_get_to_their_places() {
    let dir = roomy_dir();
    let layout = PieceLayout::new(5 << 30, 1 << 20).unwrap();
    // The last two below 2^32 and the first two behind it are stamped; all others are alike.
    let near = 4094..4098;
    let stamp = |piece: u64| if near.contains(&piece) { piece } else { 1 };
    let digest_of = |piece: u64| {
        let mut bytes = vec![0; 1 << 20];
        bytes[..8].copy_from_slice(&stamp(piece).to_be_bytes());
        PieceHash::new(pattern::sha256(&bytes))
    };
    let mut digests = vec![digest_of(0); layout.piece_count() as usize];
    near.clone().for_each(|piece| digests[usize::try_from(piece).unwrap()] = digest_of(piece));
    let manifest = Manifest::from_digests(layout, digests).unwrap();
    let write = |path: &Path, has: &dyn Fn(u64) -> bool| {
        let file = File::create(path).unwrap();
        file.set_len(layout.content_len()).unwrap();
        for piece in (0..5 << 10).filter(|piece| has(*piece)) {
            file.write_all_at(&stamp(piece).to_be_bytes(), piece * MIB).unwrap();
        }
    };

    let there = dir.path().join("holder");
    std::fs::create_dir(&there).unwrap();
    write(&there.join("file"), &|_| true);
    let ManifestSource::File { path: phf, .. } = phf_file(&there, &manifest) else { unreachable!() };
    let holder = start(&there, alone()).await;
    let added = holder.add(AddRequest { path: there.join("file"), phf: Some(phf) }).await;
    assert!(matches!(added, Event::Added { .. }), "{added:?}");

    // What an earlier download left: all but those.
    write(&dir.path().join(format!(".out.{}.swarmline-part", &manifest.content().hex()[..8])), &|piece| {
        !near.contains(&piece)
    });
    let node = start(dir.path(), knowing([addr_of(&holder)])).await;
    let out = dir.path().join("out");
    let phf = phf_file(dir.path(), &manifest);
    let progress = completed(node.get(get(dead_url(), &out, phf))).await;
    assert_eq!(progress.bytes_resumed, layout.content_len() - 4 * MIB);
    assert_eq!(progress.from_peers - progress.wasted, 4 * MIB);
    let file = File::open(&out).unwrap();
    assert_eq!(file.metadata().unwrap().len(), layout.content_len());
    for piece in near.start - 2..near.end + 2 {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, piece * MIB).unwrap();
        assert_eq!(u64::from_be_bytes(bytes), stamp(piece), "piece {piece}");
    }
}
