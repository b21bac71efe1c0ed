//! Aim: what README tells, word by word, on two machines that are two state directories here: publish, daemon, get, add,
//! status, and out of it again.

#![allow(clippy::unwrap_used, reason = "all of it is a test")]

mod support;

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use support::{MIB, Node, Process, Published, program, soon};
use swarmline_testkit::Content;

const FILE: u64 = 5 * MIB + 1;

/// What a command prints that has JSON and ends.
fn run(command: &mut Command) -> Value {
    let command = std::mem::replace(command, Command::new("true"));
    Process::run(command).expect(0).result()
}

/// Publishes a file as a publisher does and puts both on the web server.
fn publish(site: &Published) -> Value {
    let file = site.path("disk.iso");
    std::fs::write(&file, site.content.to_vec()).unwrap();
    let published = run(program().args(["publish", "--json"]).arg(&file));
    let phf = std::fs::read(site.path("disk.iso.phf")).unwrap();
    assert_eq!(published["hash_of_hashes"], site.manifest.content().to_string());
    assert_eq!((&published["bytes"], &published["pieces"]), (&FILE.into(), &6.into()), "{published}");
    site.origin.put("/disk.iso", site.content.clone());
    site.origin.put("/disk.iso.phf", phf);
    published
}

fn daemon(node: &Node, peer: Option<&str>) -> (Process, Value) {
    let mut command = node.daemon();
    command.args(peer.iter().flat_map(|peer| ["--peer", peer]));
    let daemon = Process::start(command);
    let ready = daemon.event("ready");
    (daemon, ready)
}

fn listen(ready: &Value) -> &str {
    ready["listen"][0].as_str().expect("it listens")
}

fn content_at<'a>(status: &'a Value, path: &Path) -> Option<&'a Value> {
    let contents = status["contents"].as_array().expect("a list");
    contents.iter().find(|content| content["path"].as_str() == path.to_str())
}

#[test]
fn a_file_is_published_fetched_by_one_machine_and_served_to_the_next() {
    let site = Published::without_manifest(1, FILE);
    let published = publish(&site);
    let url = site.origin.url_of("/disk.iso");
    let (one, two) = (site.node("state-1"), site.node("state-2"));
    let (first, first_ready) = daemon(&one, None);
    let (second, second_ready) = daemon(&two, Some(listen(&first_ready)));

    let result = run(&mut one.get(&url, &site.path("one")));
    assert_eq!((&result["from_origin"], &result["trust"]), (&FILE.into(), &"origin_unauthenticated".into()));
    assert_eq!(result["hash_of_hashes"], published["hash_of_hashes"]);
    let status = one.status().expect("the daemon answers");
    let held = content_at(&status, &site.path("one")).expect("it is held");
    assert_eq!((&held["bytes_total"], &held["bytes_have"]), (&FILE.into(), &FILE.into()), "{status}");

    // The origin has lost everything, and the pin is enough.
    ["/disk.iso", "/disk.iso.phf"].iter().for_each(|path| site.origin.remove(path));
    let mut get = two.get(&url, &site.path("two"));
    get.args(["--hash-of-hashes", published["hash_of_hashes"].as_str().expect("a text")]);
    let result = run(&mut get);
    assert_eq!((&result["from_peers"], &result["trust"]), (&FILE.into(), &"pinned".into()), "{result}");
    site.assert_stands_at(&["one", "two"]);
    let served = soon("what it served", || {
        let status = one.status().expect("the daemon answers");
        let served = content_at(&status, &site.path("one"))?["served"].as_u64()?;
        (served >= FILE).then_some(served)
    });
    assert_eq!(served, FILE, "each byte was sent once");

    // Ctrl-C ends a daemon in order, and its peers know.
    assert_eq!(
        two.status().expect("it answers")["connected"],
        Value::from(vec![first_ready["node"].clone()])
    );
    assert_eq!(
        one.status().expect("it answers")["connected"],
        Value::from(vec![second_ready["node"].clone()])
    );
    first.signal(Signal::INT);
    first.end().expect(0);
    assert!(one.status().is_none(), "nobody owns the state directory any more");
    soon("that it knows", || {
        let connected = &two.status().expect("it answers")["connected"];
        (connected == &Value::from(Vec::<Value>::new())).then_some(())
    });
    second.signal(Signal::TERM);
    second.end().expect(0);
}

#[test]
fn a_file_that_is_here_already_is_added_and_survives_the_daemon() {
    let site = Published::without_manifest(2, FILE);
    publish(&site);
    let (one, two) = (site.node("state-1"), site.node("state-2"));
    let (first, _) = daemon(&one, None);
    let added = run(one.command("add").arg(site.path("disk.iso")));
    assert_eq!((&added["event"], &added["offered"]), (&"added".into(), &true.into()), "{added}");
    first.signal(Signal::INT);
    first.end().expect(0);

    // The next process offers it again, from where it stands. The origin sends nothing of the file.
    let (_first, ready) = daemon(&one, None);
    let mut get = two.get(&site.origin.url_of("/disk.iso"), &site.path("two"));
    get.args(["--peer", listen(&ready)]);
    let result = run(&mut get);
    site.assert_stands_at(&["two"]);
    assert_eq!((&result["from_peers"], &result["from_origin"]), (&FILE.into(), &0.into()), "{result}");
    assert_eq!(site.origin.counts("/disk.iso").body_bytes, 0);
}

#[test]
fn a_file_that_changed_after_it_was_added_is_not_served() {
    let site = Published::without_manifest(3, FILE);
    let published = publish(&site);
    let (one, two) = (site.node("state-1"), site.node("state-2"));
    let (_first, ready) = daemon(&one, None);
    run(one.command("add").arg(site.path("disk.iso")));
    std::fs::write(site.path("disk.iso"), Content::random(99, FILE).to_vec()).unwrap();

    let mut get = two.get(&site.origin.url_of("/disk.iso"), &site.path("two"));
    get.args([
        "--serve-for",
        "0",
        "--peer",
        listen(&ready),
        "--hash-of-hashes",
        published["hash_of_hashes"].as_str().expect("a text"),
    ]);
    let result = run(&mut get);
    site.assert_stands_at(&["two"]);
    assert_eq!((&result["from_peers"], &result["from_origin"]), (&0.into(), &FILE.into()), "{result}");
}

#[test]
fn every_shell_gets_a_completion_script() {
    for shell in ["bash", "zsh", "fish"] {
        let mut command = program();
        command.args(["completion", shell]);
        let script = Process::run(command).expect(0).out.join("\n");
        for word in ["publish", "hash-of-hashes", "max-upload-rate"] {
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }
}
