//! `demo`: every copy equal, the origin read once, nothing left behind.

use rustix::process::Signal;
use swarmline_testkit::Content;

use crate::sandbox::Sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn an_office_shares_a_file_and_says_how_well() {
    let sandbox = Sandbox::new();
    sandbox.write("file", Content::random(1, 6 << 20).to_vec());
    let ran = sandbox.run("demo file --nodes 3 --wan 40mbit --lan 400mbit --json").await;
    let last = ran.last();
    assert_eq!((ran.code, &last["event"]), (0, &"demo".into()), "{ran:?}");
    assert_eq!((&last["nodes"], &last["file_bytes"]), (&3.into(), &(6 << 20).into()));
    assert_eq!((&last["wan_bits_per_s"], &last["hashes_equal"]), (&40_000_000.into(), &true.into()));
    let number = |key: &str| last[key].as_f64().unwrap();
    assert!(number("origin_ratio") >= 1.0 && number("origin_ratio") < 2.0, "{last}");
    assert!((number("bound_s") - 1.258).abs() < 0.001, "{last}");
    assert!(number("makespan_s") >= number("bound_s") * 0.95, "no faster than the line: {last}");
    assert_eq!(last["per_node"].as_array().unwrap().len(), 3);
    assert_eq!(sandbox.temporary(), [""; 0].map(std::path::PathBuf::from));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_a_table() {
    let sandbox = Sandbox::new();
    sandbox.write("file", [3; 300_000]);
    let ran = sandbox.run("demo file --nodes 2 --wan 100mbit").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.starts_with("2 nodes want file (292.97 KiB) from an origin at 100mbit"), "{}", ran.err);
    assert!(ran.out.contains("equal to the original        2 of 2   SHA-256 "), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_shared_too() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "");
    let ran = sandbox.run("demo file --nodes 2 --json").await;
    assert_eq!((ran.code, &ran.last()["hashes_equal"]), (0, &true.into()), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_and_nothing_is_left() {
    let sandbox = Sandbox::new();
    sandbox.write("file", Content::random(2, 6 << 20).to_vec());
    let mut demo = sandbox.start("demo file --nodes 3 --wan 1mbit --json");
    demo.until("progress").await;
    assert_eq!(sandbox.temporary().len(), 1);
    demo.signal(Signal::INT);
    let ran = demo.end().await;
    assert_eq!((ran.code, &ran.last()["kind"]), (130, &"interrupted".into()), "{ran:?}");
    assert!(sandbox.temporary().is_empty(), "{:?}", sandbox.temporary());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("file", [4; 100_000]);
    let ran = sandbox.run("demo file --nodes 1 --keep").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let kept = sandbox.temporary();
    assert!(ran.err.contains(&format!("everything is kept in {}", kept[0].display())), "{}", ran.err);
    assert_eq!(std::fs::read(kept[0].join("node-1/file")).unwrap(), [4; 100_000]);
}
