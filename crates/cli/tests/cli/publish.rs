//! `publish`, and that what it writes is what `get` trusts.

use serde_json::Value;
use swarmline_proto::Manifest;
use swarmline_proto::manifest::IntegrityCheckInfo;
use swarmline_testkit::{Content, TestOrigin};

use crate::sandbox::{Sandbox, holds};

#[tokio::test]
async fn what_is_published_is_fetched_and_verified() {
    let sandbox = Sandbox::new();
    let content = Content::random(1, 3_000_000);
    sandbox.write("disk.iso", content.to_vec());
    let ran = sandbox.run("publish disk.iso --json").await;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let published = ran.last();
    assert_eq!((&published["event"], &published["bytes"]), (&"published".into(), &3_000_000.into()));

    let phf = std::fs::read(sandbox.work("disk.iso.phf")).unwrap();
    let manifest = Manifest::parse_phf(&phf).unwrap();
    assert_eq!(manifest, content.manifest(1 << 20));
    let name = manifest.content().to_string();
    assert_eq!(published["hash_of_hashes"], name);
    let info = published["integrity_check_info"].to_string();
    assert_eq!(IntegrityCheckInfo::parse(&info).unwrap().open(&phf).unwrap(), manifest);

    let origin = TestOrigin::empty().await;
    origin.put("/disk.iso", content.clone());
    origin.put("/disk.iso.phf", phf);
    let url = origin.url_of("/disk.iso?token=1");
    let got =
        sandbox.run(&format!("get {url} -o copy.iso --discovery off --json --hash-of-hashes {name}")).await;
    assert_eq!(got.code, 0, "{got:?}");
    let last = got.last();
    assert_eq!((&last["event"], &last["trust"]), (&"completed".into(), &"pinned".into()));
    assert_eq!((&last["hash_of_hashes"], &last["bytes_have"]), (&name.into(), &3_000_000.into()));
    assert!(holds(&sandbox.work("copy.iso"), &content));
}

#[tokio::test]
async fn people_get_the_two_things_they_pass_on() {
    let sandbox = Sandbox::new();
    sandbox.write("a", [7; 40_000]);
    let ran = sandbox.run("publish a --piece-size 16KiB --url https://h/a?k=1").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!(lines[0], "a.phf: 3 pieces of 16.00 KiB, 39.06 KiB in all");
    let content = lines[1].strip_prefix("HashOfHashes: ").unwrap();
    let info: Value = serde_json::from_str(lines[2].strip_prefix("IntegrityCheckInfo: ").unwrap()).unwrap();
    assert_eq!(info["HashOfHashes"], content);
    assert_eq!(info["PiecesHashFileUrl"], "https://h/a.phf?k=1");
}

#[tokio::test]
async fn many_files_are_published_one_by_one_and_nothing_else_is_left() {
    let sandbox = Sandbox::new();
    sandbox.write("empty", "");
    sandbox.write("b", "b");
    sandbox.write("b.phf", "an older one");
    let ran = sandbox.run("publish empty b --json").await;
    let lines = ran.lines();
    assert_eq!((lines.len(), &lines[0]["pieces"], &lines[1]["pieces"]), (2, &0.into(), &1.into()));
    Manifest::parse_phf(&std::fs::read(sandbox.work("b.phf")).unwrap()).unwrap();
    let mut names: Vec<_> =
        std::fs::read_dir(sandbox.work("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["b", "b.phf", "empty", "empty.phf"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_no_published_file() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.work("dir")).unwrap();
    for (file, why) in [("missing", "could not open missing"), ("dir", "dir is not a regular file")] {
        let ran = sandbox.run(&format!("publish {file}")).await;
        assert_eq!(ran.code, 7, "{ran:?}");
        assert!(ran.err.contains(why), "{}", ran.err);
    }
}
