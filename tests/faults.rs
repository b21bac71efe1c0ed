//! Aim: whatever goes wrong, the user learns what, by words and exit code, and PATH holds the complete file or what it
//! held before.

mod support;

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::Signal;
use support::{
    LOST_PER_KILL_MAX, MIB, Node, Origin, Process, Published, assert_absent, assert_holds, part_files,
    program,
};
use swarmline_testkit::Fault;

const FILE: u64 = 12 * MIB;

#[test]
fn a_file_that_the_origin_does_not_have_is_its_refusal() {
    let origin = Origin::start();
    let dir = tempfile::tempdir().unwrap();
    let mut get = program();
    get.arg("get").arg(origin.url_of("/none.iso")).args(["--discovery", "off", "--listen", "127.0.0.1:0"]);
    get.args(["-o", "none.iso", "--state-dir", "state"]).current_dir(dir.path());
    Process::run(get).expect(3).says(&["error: ", "404"]);
    assert_absent(&dir.path().join("none.iso"));
    assert!(part_files(dir.path()).is_empty());
}

#[test]
fn a_refusal_is_told_alike_by_an_own_engine_and_through_a_daemon() {
    let site = Published::without_manifest(1, FILE);
    site.origin.inject("/file", Fault::status(403));
    let node = site.node("state");
    let own = Process::run(site.get(&node, "out")).expect(3);
    own.says(&["error: the origin answered 403"]);
    let daemon = Process::start(node.daemon());
    daemon.event("ready");
    let through = Process::run(site.get(&node, "out")).expect(3);
    through.says(&["error: the origin answered 403"]);
    for key in ["event", "kind", "exit_code"] {
        assert_eq!(own.result()[key], through.result()[key]);
    }
    assert_absent(&site.path("out"));
    daemon.signal(Signal::TERM);
    daemon.end().expect(0);
}

#[test]
fn an_interrupted_download_keeps_what_it_has_and_the_same_command_goes_on() {
    let site = Published::new(2, FILE);
    let node = site.node("state");
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let before = site.origin.sent();
        site.origin.limit_mib_per_s(4);
        let run = Process::start(site.get(&node, "out"));
        run.while_running("3 MiB", || site.origin.sent() >= before + 3 * MIB);
        run.signal(signal);
        run.end().expect(code).says(&["error: ", "is not complete"]);
        assert_absent(&site.path("out"));
        assert_eq!(part_files(site.dir.path()).len(), 1);
    }
    site.origin.limit(None);
    site.origin.rest();
    let result = Process::run(site.get(&node, "out")).expect(0).result();
    let number = |key: &str| result[key].as_u64().expect("a number");
    assert!(number("bytes_resumed") > 0, "{result}");
    assert_eq!(number("bytes_resumed") + number("from_origin"), FILE, "{result}");
    assert!(site.origin.sent() - FILE <= 2 * LOST_PER_KILL_MAX);
    site.assert_stands_at(&["out"]);
    assert!(part_files(site.dir.path()).is_empty());
}

#[test]
fn whoever_is_attached_may_leave_and_the_daemon_stays() {
    let site = Published::new(3, FILE);
    let node = site.node("state");
    let daemon = Process::start(node.daemon());
    daemon.event("ready");
    site.origin.limit_mib_per_s(4);
    let run = Process::start(site.get(&node, "out"));
    run.while_running("3 MiB", || site.origin.sent() >= 3 * MIB);
    run.signal(Signal::INT);
    run.end().expect(130);
    // Nobody wants it any more, so nobody fetches it.
    site.origin.rest();
    assert!(site.origin.sent() < FILE, "{} bytes", site.origin.sent());
    site.origin.limit(None);
    Process::run(site.get(&node, "out")).expect(0);
    site.assert_stands_at(&["out"]);
    daemon.signal(Signal::INT);
    daemon.end().expect(0);
}

#[test]
fn other_bytes_than_the_given_sha256_never_stand_at_the_path() {
    for site in [Published::new(4, FILE), Published::without_manifest(4, FILE)] {
        let node = site.node("state");
        let wrong = "ab".repeat(32);
        let mut get = site.get(&node, "out");
        get.args(["--sha256", &wrong]);
        Process::run(get).expect(4).says(&[&wrong, "sha-256"]);
        assert_absent(&site.path("out"));
    }
}

#[test]
fn the_same_content_at_the_path_is_a_success_without_a_byte() {
    let site = Published::new(5, FILE);
    let path = site.path("out");
    std::fs::write(&path, site.content.to_vec()).unwrap();
    let before = std::fs::metadata(&path).unwrap();
    let result = Process::run(site.get(&site.node("state"), "out")).expect(0).result();
    assert_eq!((&result["event"], &result["from_origin"]), (&"completed".into(), &0.into()), "{result}");
    assert_eq!(site.origin.sent(), 0);
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()), "it is left alone");
}

#[test]
fn other_content_at_the_path_stays_until_force_replaces_it_at_the_end() {
    // As long as the content, for its length must not decide.
    let site = Published::new(6, FILE);
    let (node, path) = (site.node("state"), site.path("out"));
    let other = site.content.flipped(FILE - 1).to_vec();
    std::fs::write(&path, &other).unwrap();
    Process::run(site.get(&node, "out")).expect(6).says(&[&path.to_string_lossy(), "--force"]);
    assert!(std::fs::read(&path).unwrap() == other);
    assert_eq!(site.origin.sent(), 0);

    site.origin.limit_mib_per_s(8);
    let mut get = site.get(&node, "out");
    get.arg("--force");
    let run = Process::start(get);
    run.while_running("half of it", || site.origin.sent() >= FILE / 2);
    assert!(std::fs::read(&path).unwrap() == other, "it stands until the new file is whole");
    run.end().expect(0);
    assert_holds(&path, &site.content);
}

#[test]
fn a_directory_at_the_path_is_never_replaced() {
    let site = Published::new(7, FILE);
    std::fs::create_dir(site.path("out")).unwrap();
    let mut get = site.get(&site.node("state"), "out");
    get.arg("--force");
    let ended = Process::run(get).expect(6);
    ended.says(&["is a directory", &site.path("out/file").to_string_lossy()]);
    assert!(site.path("out").is_dir());
    assert_eq!(site.origin.sent(), 0);
}

#[test]
fn a_directory_that_cannot_be_had_is_named_before_a_byte_is_fetched() {
    let site = Published::new(8, FILE);
    std::fs::write(site.path("plain"), "").unwrap();
    for (out, dir) in [("plain/out", "plain"), ("missing/out", "missing")] {
        let ended = Process::run(site.get(&site.node("state"), out)).expect(7);
        ended.says(&["error: ", &site.path(dir).to_string_lossy()]);
        assert_eq!(ended.result()["kind"], "disk");
    }
    assert_eq!(site.origin.sent(), 0);
    assert!(!site.path("missing").exists(), "nobody asked for a directory");
}

#[test]
fn without_a_manifest_it_is_plain_http_that_says_why_and_shares_nothing() {
    let site = Published::without_manifest(9, FILE);
    let (one, two) = (site.node("state-1"), site.node("state-2"));
    let mut first = site.get(&one, "one");
    first.args(["--serve-for", "forever"]);
    let first = Process::start(first);
    let result = first.event("completed");
    assert_eq!((&result["trust"], &result["hash_of_hashes"]), (&"none".into(), &serde_json::Value::Null));
    let reason = result["trust_reason"].as_str().expect("a reason");
    assert!(reason.contains("/file.phf is not there (404)"), "{reason}");

    let mut second = site.get(&two, "two");
    second.args(["--peer", &one.addr()]);
    let result = Process::run(second).expect(0).result();
    assert_eq!((&result["from_peers"], &result["sharing"]), (&0.into(), &0.into()), "{result}");
    assert_eq!(site.origin.sent(), 2 * FILE);
    site.assert_stands_at(&["one", "two"]);
}

#[test]
fn people_are_told_why_nothing_is_shared() {
    let site = Published::without_manifest(10, MIB);
    let ended = Process::run(for_people(&site, &site.node("state"), &site.path("out"))).expect(0);
    ended.says(&["trust: none, plain HTTP and not shared: ", "/file.phf is not there (404)"]);
    assert!(
        !ended.err.contains('\u{1b}') && !ended.err.contains('\r'),
        "no bar and no colours where nobody looks"
    );
    site.assert_stands_at(&["out"]);
}

fn for_people(site: &Published, node: &Node, out: &Path) -> std::process::Command {
    let with_json = node.get(&site.origin.url(), out);
    let mut command = program();
    command.args(with_json.get_args().filter(|argument| *argument != "--json"));
    command
}
