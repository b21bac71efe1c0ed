//! `daemon`, and the commands that talk to it.

use rustix::process::Signal;
use swarmline_testkit::{Content, phf_of};

use crate::sandbox::{Sandbox, holds, published};

const QUIET: &str = "daemon --listen 127.0.0.1:0 --discovery off";

#[tokio::test(flavor = "multi_thread")]
async fn it_says_when_it_is_ready_and_ends_well() {
    let sandbox = Sandbox::new();
    for signal in [Signal::INT, Signal::TERM] {
        let mut daemon = sandbox.start(QUIET);
        let line = daemon.line().await;
        assert!(line.starts_with("ready: listens on 127.0.0.1:"), "{line}");
        assert!(line.ends_with("/home/state/swarmline"), "{line}");
        daemon.signal(signal);
        let ran = daemon.end().await;
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_the_work_of_get_add_and_status() {
    let (sandbox, content) = (Sandbox::new(), Content::random(1, 2 << 20));
    let origin = published(&content).await;
    let mut daemon = sandbox.start(&format!("{QUIET} --json"));
    let ready = daemon.until("ready").await;

    let ran = sandbox.run(&format!("get {}", origin.url())).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("the process that owns the state directory does the work"), "{}", ran.err);
    assert!(holds(&sandbox.work("file"), &content));

    let other = vec![5; 100_000];
    sandbox.write("mine", &other);
    sandbox.write("mine.phf", phf_of(&other, 1 << 16));
    let added = sandbox.run("add mine --json").await.last();
    assert_eq!(
        (&added["event"], &added["bytes"], &added["offered"]),
        (&"added".into(), &100_000.into(), &true.into())
    );

    let status = sandbox.run("status --json").await.last();
    assert_eq!((&status["event"], &status["node"]), (&"node".into(), &ready["node"]));
    let mut paths: Vec<_> = status["contents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|content| content["path"].as_str().unwrap())
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, [sandbox.work("file").to_str().unwrap(), sandbox.work("mine").to_str().unwrap()]);
    let people = sandbox.run("status").await;
    assert!(people.out.contains("contents  2\n"), "{}", people.out);
    assert!(people.out.contains(&format!("served  {}", sandbox.work("mine").display())), "{}", people.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_without_a_daemon_is_offered_by_the_next() {
    let sandbox = Sandbox::new();
    let bytes = vec![9; 70_000];
    sandbox.write("mine", &bytes);
    sandbox.write("elsewhere.phf", phf_of(&bytes, 1 << 16));
    let added = sandbox.run("add mine --phf elsewhere.phf --json").await.last();
    assert_eq!((&added["event"], &added["offered"]), (&"added".into(), &false.into()));
    let mut daemon = sandbox.start(&format!("{QUIET} --json"));
    daemon.until("ready").await;
    let status = sandbox.run("status --json").await.last();
    assert_eq!(status["contents"][0]["hash_of_hashes"], added["hash_of_hashes"], "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_what_its_hashes_say_is_not_added() {
    let sandbox = Sandbox::new();
    sandbox.write("mine", [1; 70_000]);
    sandbox.write("mine.phf", phf_of(&[2; 70_000], 1 << 17));
    let without = sandbox.run("add mine").await;
    assert_eq!(without.code, 4, "{without:?}");
    assert!(without.err.contains("differs from its manifest in piece #0"), "{}", without.err);
    let mut daemon = sandbox.start(&format!("{QUIET} --json"));
    daemon.until("ready").await;
    let through = sandbox.run("add mine").await;
    assert_eq!((through.code, through.err), (4, without.err));
    sandbox.write("mine.phf", "{}");
    assert_eq!(sandbox.run("add mine").await.code, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_daemon_on_a_state_directory() {
    let sandbox = Sandbox::new();
    let mut daemon = sandbox.start(&format!("{QUIET} --json"));
    daemon.until("ready").await;
    let second = sandbox.run(QUIET).await;
    assert_eq!(second.code, 11, "{second:?}");
    assert!(second.err.contains("another process runs on state directory"), "{}", second.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_counts_and_the_command_line_wins() {
    let sandbox = Sandbox::new();
    let state = sandbox.work("configured");
    let config =
        format!("state_dir = {state:?}\nlisten = [\"127.0.0.1:0\", \"127.0.0.1:0\"]\ndiscovery = \"off\"\n");
    sandbox.write("swarmline.toml", config);
    let mut daemon = sandbox.start("daemon --config swarmline.toml --json");
    let ready = daemon.until("ready").await;
    assert_eq!(ready["listen"].as_array().unwrap().len(), 2, "{ready}");
    assert_eq!(ready["state_dir"].as_str().unwrap(), state.to_str().unwrap());
    assert_eq!(sandbox.run("status --state-dir configured").await.code, 0);

    let arguments = "daemon --config swarmline.toml --json --state-dir other --listen 127.0.0.1:0";
    let ready = sandbox.start(arguments).until("ready").await;
    assert_eq!(ready["listen"].as_array().unwrap().len(), 1, "{ready}");
    assert_eq!(ready["state_dir"].as_str().unwrap(), sandbox.work("other").to_str().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_wrong_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("swarmline.toml", "max_connections = 65\n");
    let ran = sandbox.run("daemon --config swarmline.toml").await;
    assert_eq!(ran.code, 2);
    assert_eq!(ran.err, "error: swarmline.toml: max_connections = 65: 1 to 64 are allowed\n");
    let ran = sandbox.run("daemon --config missing.toml").await;
    assert!(ran.code == 2 && ran.err.contains("could not read the configuration missing.toml"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_said_so() {
    let sandbox = Sandbox::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    let ran = sandbox.run(&format!("daemon --listen {addr} --discovery off")).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains(&format!("port {} is in use", addr.port())), "{}", ran.err);
}
