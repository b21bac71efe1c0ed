//! Manifests, tested from outside.

mod assembly;
mod head;
mod integrity;
mod phf;

use swarmline_types::{PieceHash, PieceLayout};

use super::*;

/// `pieces` pieces of 16 KiB, each with another digest.
fn manifest(pieces: u32) -> Manifest {
    let layout = PieceLayout::new(u64::from(pieces) << 14, 1 << 14).unwrap();
    let digest = |piece: PieceIndex| {
        let mut bytes = [7; 32];
        bytes[..4].copy_from_slice(&piece.get().to_le_bytes());
        PieceHash::new(bytes)
    };
    Manifest::from_digests(layout, layout.pieces().map(digest).collect()).unwrap()
}

/// An error and its cause.
fn text(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

#[test]
fn there_is_one_digest_for_each_piece() {
    let layout = PieceLayout::new(3 << 14, 1 << 14).unwrap();
    for got in [0, 2, 4] {
        let error = Manifest::from_digests(layout, vec![PieceHash::new([0; 32]); got]).unwrap_err();
        assert_eq!(error, DigestCountError { want: 3, got });
    }
    let text = Manifest::from_digests(layout, vec![]).unwrap_err().to_string();
    insta::assert_snapshot!(text, @"0 digests for a content of 3 pieces");
}

#[test]
fn everything_that_is_said_of_a_content_is_in_its_id() {
    let id = |len: u64, size: u32, digest: u8| {
        let layout = PieceLayout::new(len, size).unwrap();
        Manifest::from_digests(layout, vec![PieceHash::new([digest; 32])]).unwrap().content()
    };
    let ids = [id(1, 1 << 14, 1), id(2, 1 << 14, 1), id(1, 1 << 15, 1), id(1, 1 << 14, 2)];
    for (at, one) in ids.iter().enumerate() {
        assert!(!ids[at + 1..].contains(one), "{at}");
    }
}
