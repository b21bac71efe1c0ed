//! Sizes around each threshold, and a content larger than 2^32.

use super::*;
use crate::{Room, hash_file};

#[test]
fn every_size_around_a_piece_makes_the_whole_trip() {
    let piece = PIECE as usize;
    for len in [0, 1, piece - 1, piece, piece + 1, 3 * piece] {
        let bench = Bench::new(len);
        let store = bench.store();
        let content = bench.begin(&store);
        assert_eq!(content.have().is_all(), len == 0);
        bench.write_all(&content);
        content.finish().unwrap();
        assert_eq!(std::fs::read(bench.destination()).unwrap(), bench.bytes, "{len} bytes");
        assert_eq!(bench.readable(&content).len(), len.div_ceil(piece));
        assert!(bench.complete(&bench.store_named("other")).is_finished());
        assert_eq!(hash_file(&bench.destination(), PIECE, &|_| ()).unwrap(), bench.manifest);
    }
}

#[test]
fn an_empty_destination_is_complete_only_for_an_empty_content() {
    let empty = Bench::new(0);
    std::fs::write(empty.destination(), "").unwrap();
    assert!(empty.complete(&empty.store()).is_finished());
    let bench = Bench::new(1);
    std::fs::write(bench.destination(), "").unwrap();
    assert!(matches!(
        bench.try_begin(&bench.store(), Begin::default()),
        Err(BeginError::OtherContent { .. })
    ));
}

#[test]
fn pieces_around_the_offset_2_to_the_32_go_where_they_belong() {
    // 5 GiB in pieces of 1 MiB, of which five are written, each stamped with its index; nothing else takes room.
    let layout = PieceLayout::new(5 << 30, 1 << 20).unwrap();
    let stamped = |index: u32| Bytes::from(index.to_le_bytes().repeat(1 << 18));
    let written = [0, 4095, 4096, 4097, 5119];
    let digest = |index| match written.contains(&index) {
        true => PieceHash::new(Sha256::digest(stamped(index)).into()),
        false => PieceHash::new([0; 32]),
    };
    let manifest = Manifest::from_digests(layout, (0..5120).map(digest).collect()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("state")).unwrap();
    let how = Begin { room: Room::Sparse, ..Begin::default() };
    let path = dir.path().join("large");
    let content = store.begin(&manifest, &path, how).unwrap().into_content();
    for index in written {
        content.write(layout.piece(index).unwrap(), &[stamped(index)]).unwrap();
    }
    drop(content);
    // without records: only what was written is read, else this would hash 5 GiB of nothing
    std::fs::remove_dir_all(dir.path().join("state/contents")).unwrap();
    drop(store);
    let store = Store::open(&dir.path().join("state")).unwrap();
    let content = store.begin(&manifest, &path, how).unwrap().into_content();
    assert_eq!(indices(&content), written);
    for index in written {
        let piece = layout.piece(index).unwrap();
        assert_eq!(content.read(piece, 0, 1 << 20).unwrap(), stamped(index), "piece {index}");
        assert_eq!(content.read(piece, (1 << 20) - 4, 4).unwrap(), index.to_le_bytes()[..]);
    }
}

#[test]
fn a_hundred_thousand_pieces_are_recorded_and_counted() {
    // Small digests, no bytes: the records alone, as a restart reads them.
    let layout = PieceLayout::new(100_000 << 14, PIECE).unwrap();
    let zeros = PieceHash::new(Sha256::digest(vec![0; PIECE as usize]).into());
    let manifest = Manifest::from_digests(layout, vec![zeros; 100_000]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("state")).unwrap();
    let how = Begin { room: Room::Sparse, ..Begin::default() };
    let content = store.begin(&manifest, &dir.path().join("many"), how).unwrap().into_content();
    let piece = Bytes::from(vec![0; PIECE as usize]);
    for index in [0, 1, 2047, 2048, 65_535, 65_536, 99_999] {
        content.write(layout.piece(index).unwrap(), std::slice::from_ref(&piece)).unwrap();
    }
    drop(content);
    assert_eq!(store.contents().unwrap()[0].had, 7);
    let content = store.begin(&manifest, &dir.path().join("many"), how).unwrap().into_content();
    assert_eq!(indices(&content), [0, 1, 2047, 2048, 65_535, 65_536, 99_999]);
}
