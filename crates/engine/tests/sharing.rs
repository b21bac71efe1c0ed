//! Several who want the same, and one who comes back: nothing is fetched twice, and no wrong byte is passed on.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::join_all;
use swarmline_engine::Engine;
use swarmline_ipc::message::{ErrorKind, ManifestSource, Phase, Progress};
use swarmline_proto::Manifest;
use swarmline_testkit::{Content, Fault, TestOrigin};

use support::{
    MIB, PIECE, addr_of, alone, assert_absent, assert_holds, completed, content, failed, get, in_time,
    knowing, mib_per_s, node, origin_of, phf_file, pinned, seed_with, start, until,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_downloads_to_the_same_place_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(1, 4 * MIB);
    let origin = origin_of(&file, &manifest).await;
    let (node, out) = (start(dir.path(), alone()).await, dir.path().join("out"));
    let both = [(); 2].map(|()| node.get(get(origin.url(), &out, ManifestSource::Origin)));
    let [first, second] = both.map(completed);
    tokio::join!(first, second);
    assert_holds(&out, &file);
    assert_eq!(origin.counts("/file").body_bytes, 4 * MIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_downloads_to_two_places_fetch_once() {
    let (file, manifest) = content(2, 4 * MIB);
    // Many times over, since it is about who comes first.
    for _ in 0..5 {
        let dir = tempfile::tempdir().unwrap();
        let origin = origin_of(&file, &manifest).await;
        let node = start(dir.path(), alone()).await;
        let outs = ["one", "two", "three"].map(|name| dir.path().join(name));
        let source = phf_file(dir.path(), &manifest);
        let all = outs.clone().map(|out| node.get(get(origin.url(), out, source.clone())));
        let [first, second, third] = all.map(completed);
        tokio::join!(first, second, third);
        outs.iter().for_each(|out| assert_holds(out, &file));
        assert_eq!(origin.counts("/file").body_bytes, 4 * MIB);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_goes_on_for_the_other_when_one_is_cancelled() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(3, 4 * MIB);
    let origin = origin_of(&file, &manifest).await;
    origin.limit(mib_per_s(4));
    let node = start(dir.path(), alone()).await;
    let outs = ["one", "two"].map(|name| dir.path().join(name));
    let [mut first, mut second] =
        outs.clone().map(|out| node.get(get(origin.url(), out, ManifestSource::Origin)));
    until(&mut first, |progress| progress.bytes_have > 0).await;
    until(&mut second, |progress| progress.bytes_have > 0).await;
    drop(first);
    origin.limit(None);
    completed(second).await;
    assert_holds(&outs[1], &file);
    assert_absent(&outs[0]);
    assert_eq!(origin.counts("/file").body_bytes, 4 * MIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_know_each_other_read_the_origin_about_once() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(4, 8 * MIB);
    let origin = origin_of(&file, &manifest).await;
    origin.limit(mib_per_s(4));
    let first = node(&dir.path().join("first"), &[]).await;
    let second = node(&dir.path().join("second"), &[&first]).await;
    let outs = ["first", "second"].map(|name| dir.path().join(name).join("out"));
    let [one, two] = [(first, &outs[0]), (second, &outs[1])]
        .map(|(node, out)| completed(node.get(get(origin.url(), out, ManifestSource::Origin))));
    let (one, two) = tokio::join!(one, two);
    outs.iter().for_each(|out| assert_holds(out, &file));
    let sent = origin.counts("/file").body_bytes;
    assert!(sent * 10 < 13 * 8 * MIB, "{sent} bytes of {}", 8 * MIB);
    assert!(one.from_peers > 0 && two.from_peers > 0, "{one:?} {two:?}");
}

/// Five in a row, of whom each has room for its neighbours only.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_cannot_all_connect_hear_of_each_other_and_read_the_origin_about_once() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(12, 16 * MIB);
    let origin = origin_of(&file, &manifest).await;
    origin.limit(mib_per_s(4));
    let mut nodes: Vec<Engine> = Vec::new();
    for number in 0..5 {
        let mut config = knowing(nodes.last().map(addr_of));
        config.node.connections_max = 2;
        nodes.push(start(&dir.path().join(format!("{number}")), config).await);
    }
    let outs: Vec<_> = (0..5).map(|number| dir.path().join(format!("{number}/out"))).collect();
    let gets = nodes
        .iter()
        .zip(&outs)
        .map(|(node, out)| completed(node.get(get(origin.url(), out, ManifestSource::Origin))));
    let progress = join_all(gets).await;
    outs.iter().for_each(|out| assert_holds(out, &file));
    let sent = origin.counts("/file").body_bytes;
    assert!(sent * 10 < 13 * 16 * MIB, "{sent} bytes of {}", 16 * MIB);
    assert!(progress.iter().all(|it| it.from_peers > it.from_origin), "{progress:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_download_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(5, 4 * MIB);
    let origin = origin_of(&file, &manifest).await;
    let (node, out) = (start(dir.path(), alone()).await, dir.path().join("out"));
    let request = get(origin.url(), &out, ManifestSource::Origin);
    origin.limit(mib_per_s(2));
    let mut events = node.get(request.clone());
    let before = until(&mut events, |progress| progress.bytes_have >= MIB).await;
    drop(events);
    // Whoever comes before it is closed joins it.
    let is_open = async || !node.status().await.unwrap().contents.is_empty();
    in_time("its end", async { while is_open().await {} }).await;
    origin.limit(None);
    let progress = completed(node.get(request)).await;
    assert!(progress.bytes_resumed >= before.bytes_have, "{progress:?}");
    assert_eq!(progress.from_origin, 4 * MIB - progress.bytes_resumed);
    assert_holds(&out, &file);
}

/// The part file in a directory where there is one.
fn part_file(dir: &Path) -> PathBuf {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut parts: Vec<_> = names.filter(|path| path.is_file() && !path.ends_with("given.phf")).collect();
    assert_eq!(parts.len(), 1, "{parts:?}");
    parts.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_file_that_was_tampered_with_between_two_runs_does_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(6, 4 * MIB);
    let origin = origin_of(&file, &manifest).await;
    let out = dir.path().join("out");
    let request = get(origin.url(), &out, ManifestSource::Origin);
    // The first half comes, in whatever order, then nothing.
    origin.inject("/file", Fault::HangAfter(MIB / 2));
    let first = start(dir.path(), alone()).await;
    let mut events = first.get(request.clone());
    let had = until(&mut events, |progress| progress.bytes_have == 2 * MIB).await.bytes_have;
    // No goodbye: as if it were killed.
    drop((events, first));
    origin.heal("/file");

    let second = start(dir.path(), alone()).await;
    let tampered = 3 * u64::from(PIECE);
    let part = OpenOptions::new().write(true).open(part_file(dir.path())).unwrap();
    // In each mebibyte the first half is here. Zeros are no noise.
    for at in [0, MIB + 17, 3 * MIB + u64::from(PIECE) * 4 + 1] {
        part.write_all_at(&[0; 100], at).unwrap();
    }
    let progress = completed(second.get(request)).await;
    assert_holds(&out, &file);
    assert_eq!(progress.bytes_resumed, had - tampered);
    assert_eq!(progress.from_origin, 4 * MIB - progress.bytes_resumed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_node_left_at_another_path_is_not_fetched_again() {
    let dir = tempfile::tempdir().unwrap();
    let (file, manifest) = content(11, 4 * MIB);
    let origin = origin_of(&file, &manifest).await;
    // The first half of each mebibyte comes, then nothing.
    origin.inject("/file", Fault::HangAfter(MIB / 2));
    let first = start(dir.path(), alone()).await;
    let mut events = first.get(get(origin.url(), dir.path().join("one"), ManifestSource::Origin));
    until(&mut events, |progress| progress.bytes_have == 2 * MIB).await;
    // No goodbye: as if it were killed.
    drop((events, first));
    origin.heal("/file");

    let second = start(dir.path(), alone()).await;
    let out = dir.path().join("two");
    let progress = completed(second.get(get(origin.url(), &out, ManifestSource::Origin))).await;
    assert_eq!((progress.bytes_resumed, progress.from_origin), (2 * MIB, 2 * MIB));
    assert_eq!(origin.counts("/file").body_bytes, 4 * MIB);
    assert_holds(&out, &file);
    assert_absent(&dir.path().join("one"));
}

type Harm = fn(&Path);

/// What a user may do to a file.
const HARM: [(&str, Harm); 4] = [
    ("edited", |path| {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        (0..4).for_each(|mib| file.write_all_at(b"mine", mib << 20).unwrap());
    }),
    ("truncated", |path| OpenOptions::new().write(true).open(path).unwrap().set_len(MIB + 5).unwrap()),
    ("deleted", |path| fs::remove_file(path).unwrap()),
    ("replaced", |path| fs::rename(path.with_file_name("other"), path).unwrap()),
];

/// One node has the file, and its user does something to it.
async fn harmed(dir: &Path, harm: Harm) -> (TestOrigin, Engine, Content, Manifest) {
    let (file, manifest) = content(7, 4 * MIB);
    let origin = origin_of(&file, &manifest).await;
    let first = start(&dir.join("first"), alone()).await;
    let out = dir.join("first/out");
    completed(first.get(get(origin.url(), &out, ManifestSource::Origin))).await;
    fs::write(out.with_file_name("other"), content(8, 4 * MIB).0.to_vec()).unwrap();
    harm(&out);
    (origin, first, file, manifest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_its_user_changed_is_not_passed_on() {
    let case = async |(name, harm): (&str, Harm)| {
        let dir = tempfile::tempdir().unwrap();
        let (origin, first, file, _) = harmed(dir.path(), harm).await;
        let second = node(&dir.path().join("second"), &[&first]).await;
        let out = dir.path().join("second/out");
        let progress = completed(second.get(get(origin.url(), &out, ManifestSource::Origin))).await;
        assert_holds(&out, &file);
        assert_eq!(progress.connected, 1, "{name}: who sends a wrong byte is banned: {progress:?}");
    };
    join_all(HARM.map(case)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_file_was_changed_leaves_so_that_nobody_serves_on_for_it() {
    let case = async |(name, harm): (&str, Harm)| {
        let dir = tempfile::tempdir().unwrap();
        let (origin, first, ..) = harmed(dir.path(), harm).await;
        let second = node(&dir.path().join("second"), &[&first]).await;
        let out = dir.path().join("second/out");
        let mut download = second.get(get(origin.url(), &out, ManifestSource::Origin));
        let alone = |progress: &Progress| progress.phase == Phase::Complete && progress.sharing == 0;
        let progress = until(&mut download, alone).await;
        assert_eq!((progress.connected, progress.needed), (1, false), "{name}: {progress:?}");
        assert!(first.status().await.unwrap().contents.is_empty(), "{name}");
    };
    join_all(HARM.map(case)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_user_changed_is_missing_when_the_origin_is_gone() {
    let case = async |(name, harm): (&str, Harm)| {
        let dir = tempfile::tempdir().unwrap();
        let (origin, first, _, manifest) = harmed(dir.path(), harm).await;
        origin.inject("/file", Fault::status(404));
        let mut config = knowing([addr_of(&first)]);
        config.orphan_grace = Duration::from_secs(1);
        let second = start(&dir.path().join("second"), config).await;
        let out = dir.path().join("second/out");
        let error = failed(second.get(get(origin.url(), &out, pinned(&manifest)))).await;
        assert_eq!(error.kind, ErrorKind::Origin, "{name}: {error}");
        assert_absent(&out);
    };
    join_all(HARM.map(case)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_while_it_is_passed_on_spoils_nothing() {
    let case = async |(name, harm): (&str, Harm)| {
        let dir = tempfile::tempdir().unwrap();
        let (file, manifest) = content(9, 8 * MIB);
        let origin = origin_of(&file, &manifest).await;
        let mut config = alone();
        config.node.upload_rate = mib_per_s(8);
        let first = seed_with(&dir.path().join("first"), &file, &manifest, config).await;
        fs::write(dir.path().join("first/other"), content(8, 4 * MIB).0.to_vec()).unwrap();

        let second = node(&dir.path().join("second"), &[&first]).await;
        let out = dir.path().join("second/out");
        let mut events = second.get(get(origin.url(), &out, ManifestSource::Origin));
        until(&mut events, |progress| progress.from_peers > MIB).await;
        harm(&dir.path().join("first/file"));
        let progress = completed(events).await;
        assert_holds(&out, &file);
        assert_eq!(progress.connected, 1, "{name}: who sends a wrong byte is banned: {progress:?}");
    };
    join_all(HARM.map(case)).await;
}
