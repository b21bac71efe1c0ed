//! Manifests from peers, honest and not.

use proptest::prelude::*;
use swarmline_types::ContentId;
use swarmline_types::message::ManifestPart;

use super::*;

/// Takes parts of `from` until the assembly ends.
fn fetch(from: &Manifest, assembly: &mut ManifestAssembly) -> Result<Manifest, AssemblyError> {
    loop {
        let part = from.part(assembly.next()).unwrap();
        if let Some(manifest) = assembly.take(part)? {
            return Ok(manifest);
        }
    }
}

/// Sizes around a part of 1,024 digests, and none.
#[test]
fn parts_make_the_manifest_they_came_from() {
    for pieces in [0, 1, 1023, 1024, 1025, 2048, 3000] {
        let whole = manifest(pieces);
        let mut assembly = ManifestAssembly::new(whole.content());
        assert_eq!(fetch(&whole, &mut assembly), Ok(whole), "{pieces}");
        assert_eq!(assembly.next(), 0);
    }
}

#[test]
fn a_part_has_as_many_digests_as_fit_or_are_left() {
    let whole = manifest(1500);
    assert_eq!(whole.part(0).unwrap().digests, whole.digests()[..1024]);
    assert_eq!(whole.part(1).unwrap().digests, whole.digests()[1..1025]);
    assert_eq!(whole.part(1024).unwrap().digests, whole.digests()[1024..]);
    assert_eq!(whole.part(1499).unwrap().digests.len(), 1);
    assert_eq!(whole.part(1500), None);
    assert_eq!(whole.part(u32::MAX), None);
    assert_eq!(manifest(0).part(0).unwrap().digests, []);
    assert_eq!(manifest(0).part(1), None);
}

/// What a liar sends as the second part of 1,500 digests.
fn lie(change: impl FnOnce(&mut ManifestPart)) -> AssemblyError {
    let whole = manifest(1500);
    let mut assembly = ManifestAssembly::new(whole.content());
    assert_eq!(assembly.take(whole.part(0).unwrap()), Ok(None));
    assert_eq!(assembly.next(), 1024);
    let mut part = whole.part(1024).unwrap();
    change(&mut part);
    let error = assembly.take(part).unwrap_err();
    assert_eq!(assembly.next(), 0, "an error forgets everything");
    assert_eq!(fetch(&whole, &mut assembly), Ok(whole), "and another peer may do better");
    error
}

#[test]
fn every_lie_is_its_own_error() {
    let lies = [
        lie(|part| part.piece_size = 3),
        lie(|part| part.content_len = u64::MAX),
        lie(|part| part.content_len -= 1),
        lie(|part| part.piece_size *= 2),
        lie(|part| part.first = 0),
        lie(|part| part.first = 1025),
        lie(|part| part.digests.clear()),
        lie(|part| part.digests.truncate(475)),
        lie(|part| part.digests.push(PieceHash::new([0; 32]))),
        lie(|part| part.digests.swap(0, 1)),
    ];
    let texts: Vec<String> = lies.iter().map(|error| text(error)).collect();
    insta::assert_snapshot!(texts.join("\n"), @r"
    the manifest part describes no content: piece size 3 is not a power of two from 16384 to 16777216
    the manifest part describes no content: 18446744073709551615 bytes in pieces of 16384 are more than 1048576 pieces; take larger pieces
    the manifest part is of 24575999 bytes in pieces of 16384, the first one was of 24576000 in 16384
    the manifest part is of 24576000 bytes in pieces of 32768, the first one was of 24576000 in 16384
    the manifest part begins at piece 0, asked for was 1024
    the manifest part begins at piece 1025, asked for was 1024
    the manifest part has 0 digests, 476 were due
    the manifest part has 475 digests, 476 were due
    the manifest part has 477 digests, 476 were due
    the manifest hashes to 04sOeFAADihadNNjBJpyYEjIZ+uUr6W4Nc9ND+Zcax0=, wanted was 6aCSWKQMSm0I+xCAwmrngO7EC0qBQMgFY6JrcOjVexs=
    ");
}

#[test]
fn the_manifest_of_another_content_is_refused_at_its_end() {
    let want = ContentId::new([1; 32]);
    let other = manifest(1500);
    let error = fetch(&other, &mut ManifestAssembly::new(want)).unwrap_err();
    assert_eq!(error, AssemblyError::Content { want, got: other.content() });
}

/// Nobody may make us hold more than the most pieces, nor come back with parts of one digest each.
#[test]
fn a_part_must_be_full() {
    let whole = manifest(swarmline_types::PIECE_COUNT_MAX);
    let mut assembly = ManifestAssembly::new(whole.content());
    let mut part = whole.part(0).unwrap();
    part.digests.truncate(1023);
    assert_eq!(assembly.take(part), Err(AssemblyError::Count { want: 1024, got: 1023 }));
}

proptest! {
    #[test]
    fn parts_of_any_shape_never_make_it_panic(
        parts in proptest::collection::vec((0u64..1 << 26, 13u32..26, 0u32..3000, 0usize..1100), 1..5),
    ) {
        let mut assembly = ManifestAssembly::new(ContentId::new([1; 32]));
        for (content_len, bits, first, digests) in parts {
            let digests = vec![PieceHash::new([0; 32]); digests];
            let taken = assembly.take(ManifestPart { content_len, piece_size: 1 << bits, first, digests });
            prop_assert!(!matches!(taken, Ok(Some(_))), "SHA-256 is broken");
        }
    }
}
