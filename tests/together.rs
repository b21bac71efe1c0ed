//! Aim: several `get` of one URL at once end well, and the origin does not pay for it.
//!
//! On one state directory they share one engine: the origin sends every byte exactly once. On several they share the
//! pieces: a few may cross at the beginning, before the nodes know each other.

mod support;

use std::process::Command;

use rustix::process::Signal;
use support::{LOST_PER_KILL_MAX, MIB, Node, Process, Published, assert_absent, tell};

/// A download of a few seconds, so that those who start together meet.
const FILE: u64 = 24 * MIB;
const RATE_MIB_PER_S: u64 = 8;
/// How long one may stay after it is complete when both become complete together: far from the 60 s that it stays for
/// one who lacks something.
const STAY_S_MAX: f64 = 10.0;

fn site(seed: u64) -> Published {
    let site = Published::new(seed, FILE);
    site.origin.limit_mib_per_s(RATE_MIB_PER_S);
    site
}

/// Starts all at once and waits until all have ended well.
fn at_once(commands: [Command; 2]) -> [serde_json::Value; 2] {
    let running = commands.map(Process::start);
    running.map(|run| {
        let result = run.end().expect(0).result();
        assert_eq!(
            (&result["event"], &result["bytes_have"]),
            (&"completed".into(), &FILE.into()),
            "{result}"
        );
        result
    })
}

fn assert_about_once(site: &Published) {
    let sent = site.origin.sent();
    tell(format_args!("origin sent {:.3} of the file", sent as f64 / FILE as f64));
    assert!((FILE..FILE * 13 / 10).contains(&sent), "{sent} bytes for a file of {FILE}");
}

fn with_peer(mut command: Command, peer: &str) -> Command {
    command.args(["--peer", peer]);
    command
}

fn daemon(node: &Node, peers: &[String]) -> (Process, String) {
    let command = peers.iter().fold(node.daemon(), |command, peer| with_peer(command, peer));
    let daemon = Process::start(command);
    let ready = daemon.event("ready");
    (daemon, ready["listen"][0].as_str().expect("it listens").to_owned())
}

#[test]
fn on_one_state_directory_to_one_path_every_byte_comes_once() {
    let site = site(1);
    let node = site.node("state");
    at_once([site.get(&node, "out"), site.get(&node, "out")]);
    site.assert_stands_at(&["out"]);
    assert_eq!(site.origin.sent(), FILE);
}

#[test]
fn on_one_state_directory_to_two_paths_every_byte_comes_once() {
    let site = site(2);
    let node = site.node("state");
    at_once([site.get(&node, "one"), site.get(&node, "two")]);
    site.assert_stands_at(&["one", "two"]);
    assert_eq!(site.origin.sent(), FILE);
}

#[test]
fn through_a_daemon_every_byte_comes_once() {
    let site = site(3);
    let node = site.node("state");
    let (_daemon, _) = daemon(&node, &[]);
    at_once([site.get(&node, "one"), site.get(&node, "two")]);
    site.assert_stands_at(&["one", "two"]);
    assert_eq!(site.origin.sent(), FILE);
}

#[test]
fn nodes_that_know_each_other_share_the_pieces() {
    let site = site(4);
    let (one, two) = (site.node("state-1"), site.node("state-2"));
    let first = Process::start(site.get(&one, "one"));
    let second = Process::start(with_peer(site.get(&two, "two"), &one.addr()));
    for run in [first, second] {
        let ended = run.end().expect(0);
        let result = ended.result();
        assert_eq!(result["event"], "completed", "{result}");
        assert!(result["from_peers"].as_u64().is_some_and(|bytes| bytes > 0), "{result}");
        let stayed_s = ended.ran.as_secs_f64() - result["elapsed_s"].as_f64().expect("a number");
        tell(format_args!("stayed {stayed_s:.1} s"));
        assert!(stayed_s < STAY_S_MAX, "it stayed {stayed_s} s for one who has everything");
    }
    site.assert_stands_at(&["one", "two"]);
    assert_about_once(&site);
}

#[test]
fn daemons_that_know_each_other_share_the_pieces() {
    let site = site(5);
    let (one, two) = (site.node("state-1"), site.node("state-2"));
    let (_first, addr) = daemon(&one, &[]);
    let (_second, _) = daemon(&two, &[addr]);
    at_once([site.get(&one, "one"), site.get(&two, "two")]);
    site.assert_stands_at(&["one", "two"]);
    assert_about_once(&site);
}

#[test]
fn strangers_who_want_one_path_wait_for_each_other() {
    let site = site(6);
    let first = Process::start(site.get(&site.node("state-1"), "out"));
    first.phase("fetching");
    let second = Process::start(site.get(&site.node("state-2"), "out"));
    second.phase("waiting");
    first.end().expect(0);
    let result = second.end().expect(0).result();
    assert_eq!((&result["event"], &result["from_origin"]), (&"completed".into(), &0.into()), "{result}");
    site.assert_stands_at(&["out"]);
    assert_eq!(site.origin.sent(), FILE);
}

#[test]
fn peers_who_want_one_path_wait_for_each_other_and_end_well() {
    let site = site(7);
    let (one, two) = (site.node("state-1"), site.node("state-2"));
    let first = Process::start(site.get(&one, "out"));
    let second = Process::start(with_peer(site.get(&two, "out"), &one.addr()));
    first.end().expect(0);
    second.end().expect(0);
    site.assert_stands_at(&["out"]);
    assert_eq!(site.origin.sent(), FILE);
}

/// The owner ends at three quarters; the one that is attached has nothing of its own but the state directory.
fn the_owner_ends(seed: u64, signal: Signal, paths: [&str; 2]) -> Published {
    let site = site(seed);
    let node = site.node("state");
    let owner = Process::start(site.get(&node, paths[0]));
    owner.phase("fetching");
    let attached = Process::start(site.get(&node, paths[1]));
    attached.event("note");
    owner.while_running("most of it", || site.origin.sent() >= FILE * 3 / 4);
    owner.signal(signal);
    owner.end();
    let result = attached.end().expect(0).result();
    assert_eq!(result["event"], "completed", "{result}");
    site.assert_stands_at(&[paths[1]]);
    site
}

#[test]
fn when_the_owner_is_killed_the_one_that_is_attached_goes_on_where_it_was() {
    let site = the_owner_ends(8, Signal::KILL, ["out", "out"]);
    let again = site.origin.sent() - FILE;
    tell(format_args!("{} KiB fetched again", again >> 10));
    assert!(again <= LOST_PER_KILL_MAX, "{again} bytes fetched again");
}

#[test]
fn when_the_owner_is_killed_the_one_that_is_attached_completes_its_own_path() {
    let site = the_owner_ends(9, Signal::KILL, ["one", "two"]);
    assert_absent(&site.path("one"));
    let again = site.origin.sent() - FILE;
    tell(format_args!("{} KiB fetched again", again >> 10));
    assert!(again <= LOST_PER_KILL_MAX, "{again} bytes fetched again");
}

#[test]
fn when_the_owner_is_stopped_the_one_that_is_attached_goes_on_where_it_was() {
    let site = the_owner_ends(10, Signal::INT, ["out", "out"]);
    let again = site.origin.sent() - FILE;
    tell(format_args!("{} KiB fetched again", again >> 10));
    assert!(again <= LOST_PER_KILL_MAX, "{again} bytes fetched again");
}
