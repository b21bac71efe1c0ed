//! Downloads of ranges: what is fetched of them, and the file that is made of them.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::Path;

use swarmline_ipc::message::{ErrorKind, GetOptions, GetRequest, ManifestSource, OriginFault, Span};
use swarmline_testkit::{Content, Fault, TestOrigin};

use support::{
    MIB, PIECE, alone, assert_absent, assert_holds, completed, content, dead_url, failed, get, node,
    origin_of, phf_file, seed, start,
};

/// Inside a piece, over a border of pieces, backwards, and touching what was named before.
const WISH: [(u64, Option<u64>); 4] =
    [(2 * MIB + 7, Some(300_000)), (5, Some(10)), (0, Some(1)), (3 * MIB - 3, None)];

fn with(ranges: &[(u64, Option<u64>)], request: GetRequest) -> GetRequest {
    let ranges = ranges.iter().map(|(offset, length)| Span { offset: *offset, length: *length }).collect();
    GetRequest { options: GetOptions { ranges, ..GetOptions::default() }, ..request }
}

fn packed(file: &Content, ranges: &[(u64, Option<u64>)]) -> Vec<u8> {
    let slice = |(offset, length): &(u64, Option<u64>)| {
        file.slice(*offset, usize::try_from(length.unwrap_or(file.len() - offset)).unwrap()).to_vec()
    };
    ranges.iter().flat_map(slice).collect()
}

fn assert_packed(path: &Path, file: &Content, ranges: &[(u64, Option<u64>)]) {
    assert!(
        std::fs::read(path).unwrap() == packed(file, ranges),
        "{} is not what was asked for",
        path.display()
    );
    let beside = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let hidden =
        beside.filter(|entry| entry.as_ref().unwrap().file_name().as_encoded_bytes()[0] == b'.').count();
    assert_eq!(hidden, 0, "nothing is left beside it");
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_of_a_content_are_fetched_alone_and_packed_in_their_order() {
    let (file, manifest) = content(1, 3 * MIB + 100);
    let origin = origin_of(&file, &manifest).await;
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path(), alone()).await;
    let out = dir.path().join("out");
    let progress = completed(node.get(with(&WISH, get(origin.url(), &out, ManifestSource::Origin)))).await;
    assert_packed(&out, &file, &WISH);
    assert_eq!(progress.bytes_total, Some(packed(&file, &WISH).len() as u64));
    assert_eq!(
        (progress.bytes_have, progress.received),
        (progress.bytes_total.unwrap(), progress.from_origin)
    );
    // Six pieces for the first range, one for the next two, two for the last.
    assert!(origin.counts("/file").body_bytes <= 9 * u64::from(PIECE), "{:?}", origin.counts("/file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_come_from_a_peer_where_the_origin_is_gone() {
    let (file, manifest) = content(2, 3 * MIB + 100);
    let dir = tempfile::tempdir().unwrap();
    let holder = seed(&dir.path().join("holder"), &file, &manifest).await;
    let newcomer = node(dir.path(), &[&holder]).await;
    let out = dir.path().join("out");
    let request = get(dead_url(), &out, phf_file(&dir.path().join("phf"), &manifest));
    let progress = completed(newcomer.get(with(&WISH, request))).await;
    assert_packed(&out, &file, &WISH);
    assert_eq!((progress.from_origin, progress.received), (0, progress.from_peers));
    assert!(progress.from_peers <= 9 * u64::from(PIECE), "{progress:?}");
}

/// Who has a part gives it to who wants all, and both read the origin once.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_and_the_whole_share_the_origin() {
    let (file, manifest) = content(3, 8 * MIB);
    let origin = origin_of(&file, &manifest).await;
    let dir = tempfile::tempdir().unwrap();
    let first = start(&dir.path().join("first"), alone()).await;
    let second = node(&dir.path().join("second"), &[&first]).await;
    let (part, whole) = (dir.path().join("part"), dir.path().join("whole"));
    let half = [(0, Some(4 * MIB))];
    let mut partial = with(&half, get(origin.url(), &part, ManifestSource::Origin));
    partial.options.hold = true;
    let mut held = first.begin(partial, None);
    support::until_held(&mut held.events).await;
    completed(second.get(get(origin.url(), &whole, ManifestSource::Origin))).await;
    assert_holds(&whole, &file);
    assert!(origin.counts("/file").body_bytes <= 8 * MIB + MIB / 2, "{:?}", origin.counts("/file"));
    held.control.hand_over(false).await.unwrap();
    assert_packed(&part, &file, &half);
}

/// On one node: each of two downloads of a content gets what it asked for, whoever began.
#[tokio::test(flavor = "multi_thread")]
async fn downloads_of_different_parts_on_one_node_wait_for_their_own_only() {
    let (file, manifest) = content(4, 4 * MIB);
    let origin = origin_of(&file, &manifest).await;
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path(), alone()).await;
    let begin = |name: &str, ranges: &[(u64, Option<u64>)]| {
        node.get(with(ranges, get(origin.url(), dir.path().join(name), ManifestSource::Origin)))
    };
    let (front, back) = ([(0, Some(MIB))], [(3 * MIB, None), (9, Some(9))]);
    let (one, two) = (begin("one", &front), begin("two", &back));
    completed(one).await;
    completed(two).await;
    assert_packed(&dir.path().join("one"), &file, &front);
    assert_packed(&dir.path().join("two"), &file, &back);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_without_a_manifest_are_fetched_one_by_one_and_go_on_where_they_were() {
    let (file, _) = content(5, 3 * MIB + 100);
    let origin = TestOrigin::start(file.clone()).await;
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path(), alone()).await;
    let out = dir.path().join("out");
    // The first range breaks off; what came of it is not fetched again.
    origin.inject("/file", Fault::CloseAfter(100_000).first(2));
    let progress = completed(node.get(with(&WISH, get(origin.url(), &out, ManifestSource::Origin)))).await;
    assert_packed(&out, &file, &WISH);
    let want = packed(&file, &WISH).len() as u64;
    assert_eq!((progress.bytes_total, progress.bytes_have), (Some(want), want));
    assert!(origin.counts("/file").body_bytes <= want + 10, "{:?}", origin.counts("/file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_of_an_origin_without_ranges_are_an_error_of_their_own() {
    let (file, _) = content(6, MIB);
    let origin = TestOrigin::start(file).await;
    origin.inject("/file", Fault::IgnoreRange);
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path(), alone()).await;
    let out = dir.path().join("out");
    let error =
        failed(node.get(with(&[(5, Some(9))], get(origin.url(), &out, ManifestSource::Origin)))).await;
    assert_eq!(
        (error.kind, error.cause.origin),
        (ErrorKind::NoRanges, Some(OriginFault::NoRanges)),
        "{error}"
    );
    assert_absent(&out);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_manifest_an_origin_without_ranges_is_read_as_far_as_need_be() {
    let (file, manifest) = content(7, 2 * MIB);
    let origin = origin_of(&file, &manifest).await;
    origin.inject("/file", Fault::IgnoreRange);
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path(), alone()).await;
    let out = dir.path().join("out");
    let wish = [(MIB, Some(9))];
    completed(node.get(with(&wish, get(origin.url(), &out, ManifestSource::Origin)))).await;
    assert_packed(&out, &file, &wish);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_behind_the_end_is_refused_with_and_without_a_manifest() {
    let (file, manifest) = content(8, MIB);
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path(), alone()).await;
    for origin in [origin_of(&file, &manifest).await, TestOrigin::start(file.clone()).await] {
        let out = dir.path().join("out");
        let request = with(&[(0, Some(MIB + 1))], get(origin.url(), &out, ManifestSource::Origin));
        let error = failed(node.get(request)).await;
        assert_eq!(error.kind, ErrorKind::Range, "{error}");
        assert!(error.message.contains("1048577 bytes from 0"), "{error}");
    }
}
