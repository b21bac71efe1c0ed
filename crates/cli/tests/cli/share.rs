//! Several processes: on one state directory they share one engine, on several they share the pieces.

use rustix::process::Signal;
use swarmline_testkit::Content;
use swarmline_types::Rate;

use crate::sandbox::{Sandbox, holds, published};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_get_attaches_and_nothing_is_fetched_twice() {
    let (sandbox, content) = (Sandbox::new(), Content::random(1, 4 << 20));
    let origin = published(&content).await;
    origin.limit(Rate::bytes_per_s(4 << 20));
    let get = format!("get {} --json --discovery off", origin.url());
    let mut owner = sandbox.start(&get);
    origin.until("/file", |counts| counts.body_bytes > 0).await;
    let mut attached = sandbox.start(&get);
    let note = attached.until("note").await;
    let message = note["message"].as_str().unwrap();
    assert!(message.ends_with("its settings apply, not --discovery"), "{message}");
    assert_eq!(owner.until("completed").await["bytes_have"], content.len());
    assert_eq!(attached.until("completed").await["bytes_have"], content.len());
    assert_eq!((owner.end().await.code, attached.end().await.code), (0, 0));
    assert!(holds(&sandbox.work("file"), &content));
    assert_eq!(origin.counts("/file").body_bytes, content.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_stays_until_those_who_attached_are_done() {
    let (sandbox, large) = (Sandbox::new(), Content::random(5, 24 << 20));
    let origin = published(&Content::random(2, 2 << 20)).await;
    origin.put("/large", large.clone());
    origin.limit(Rate::bytes_per_s(2 << 20));
    let mut owner = sandbox.start(&format!("get {} --json --discovery off --serve-for 0", origin.url()));
    origin.until("/file", |counts| counts.body_bytes > 0).await;
    let mut attached = sandbox.start(&format!("get {} --json", origin.url_of("/large")));
    attached.until("note").await;
    owner.until("completed").await;
    assert!(attached.is_running() && owner.is_running());
    origin.limit(None);
    let ran = attached.end().await;
    assert_eq!((ran.code, &ran.last()["event"]), (0, &"completed".into()), "{ran:?}");
    assert!(!ran.out.contains("going on without it"), "{}", ran.out);
    assert_eq!(owner.end().await.code, 0);
    assert!(holds(&sandbox.work("large"), &large));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_attached_takes_over_when_the_owner_ends() {
    for signal in [Signal::KILL, Signal::INT] {
        let (sandbox, content) = (Sandbox::new(), Content::random(3, 32 << 20));
        let origin = published(&content).await;
        origin.limit(Rate::bytes_per_s(12 << 20));
        let get = format!("get {} --json --discovery off", origin.url());
        let owner = sandbox.start(&get);
        origin.until("/file", |counts| counts.body_bytes > 0).await;
        let mut attached = sandbox.start(&get);
        attached.until("note").await;
        attached.until_had(4 << 20).await;
        owner.signal(signal);
        assert_ne!(owner.end().await.code, 0);
        origin.limit(None);
        let note = attached.until("note").await;
        assert!(note["message"].as_str().unwrap().contains("going on without it"), "{note}");
        let completed = attached.until("completed").await;
        assert!(completed["bytes_resumed"].as_u64().unwrap() >= 4 << 20, "{completed}");
        assert_eq!(attached.end().await.code, 0);
        assert!(holds(&sandbox.work("file"), &content));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_gets_it_from_the_one_who_serves() {
    let (sandbox, content) = (Sandbox::new(), Content::random(4, 3 << 20));
    let origin = published(&content).await;
    let mut daemon = sandbox.start("daemon --state-dir seed --listen 127.0.0.1:0 --discovery static --json");
    let ready = daemon.until("ready").await;
    let addr = ready["listen"][0].as_str().unwrap();
    let first = sandbox.run(&format!("get {} -o first --state-dir seed", origin.url())).await;
    assert_eq!(first.code, 0, "{first:?}");
    let fetched = origin.counts("/file").body_bytes;

    let ran =
        sandbox.run(&format!("get {} -o second --json --discovery static --peer {addr}", origin.url())).await;
    let last = ran.last();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!((&last["from_peers"], &last["from_origin"]), (&content.len().into(), &0.into()), "{last}");
    assert!(ran.lines().iter().any(|line| line["event"] == "peers" && line["connected"] == 1), "{ran:?}");
    assert!(holds(&sandbox.work("second"), &content));
    assert_eq!(origin.counts("/file").body_bytes, fetched);
}
