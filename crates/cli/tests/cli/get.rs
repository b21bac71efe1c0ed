//! `get` on its own: outcomes, outputs, signals.

use rustix::process::Signal;
use swarmline_testkit::{Content, Fault};
use swarmline_types::Rate;

use crate::sandbox::{Sandbox, holds, published};

#[tokio::test(flavor = "multi_thread")]
async fn people_see_where_it_stands_and_where_it_came_from() {
    let (sandbox, content) = (Sandbox::new(), Content::random(1, 2_500_000));
    let origin = published(&content).await;
    let ran = sandbox.run(&format!("get {} --discovery off", origin.url())).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let path = sandbox.work("file");
    assert!(holds(&path, &content));
    assert!(ran.out.starts_with(&format!("{} is complete: 2.38 MiB in ", path.display())), "{}", ran.out);
    assert!(ran.out.contains("\n  0 B from peers, 2.38 MiB from the origin\n"), "{}", ran.out);
    assert_eq!(ran.err, "trust: origin (unauthenticated)\n");

    let again = sandbox.run(&format!("get {} --discovery off", origin.url())).await;
    assert_eq!(again.out, format!("{} is already complete (2.38 MiB)\n", path.display()));
    assert_eq!(origin.counts("/file").body_bytes, content.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_means_no_word() {
    let (sandbox, content) = (Sandbox::new(), Content::random(2, 100_000));
    let origin = published(&content).await;
    let ran = sandbox.run(&format!("get {} -q --discovery off", origin.url())).await;
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    let failed = sandbox.run(&format!("get {} -q --discovery off", origin.url_of("/gone"))).await;
    assert_eq!((failed.code, failed.out.as_str()), (3, ""));
    assert!(failed.err.starts_with("error: "), "{}", failed.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_manifest_the_reason_is_shown() {
    let (sandbox, content) = (Sandbox::new(), Content::random(3, 100_000));
    let origin = swarmline_testkit::TestOrigin::start(content.clone()).await;
    let ran = sandbox.run(&format!("get {} --discovery off", origin.url())).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.starts_with("trust: none, plain HTTP and not shared: "), "{}", ran.err);
    assert!(holds(&sandbox.work("file"), &content));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_the_last_line_and_leaves_nothing_at_the_path() {
    let sandbox = Sandbox::new();
    let origin = published(&Content::random(4, 100_000)).await;
    let ran = sandbox.run(&format!("get {} --json --discovery off", origin.url_of("/gone"))).await;
    let last = ran.last();
    assert_eq!((ran.code, &last["event"], &last["kind"]), (3, &"failed".into(), &"origin".into()));
    assert_eq!(last["path"].as_str().unwrap(), sandbox.work("gone").to_str().unwrap());
    assert!(last["bytes_have"].is_u64() && last["elapsed_s"].is_f64(), "{last}");
    assert!(!sandbox.work("gone").exists());

    let wrong = "0".repeat(64);
    let ran = sandbox.run(&format!("get {} --json --discovery off --sha256 {wrong}", origin.url())).await;
    assert_eq!((ran.code, &ran.last()["kind"]), (4, &"integrity".into()), "{ran:?}");
    assert!(!sandbox.work("file").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_at_the_path_stays_unless_forced() {
    let (sandbox, content) = (Sandbox::new(), Content::random(5, 100_000));
    let origin = published(&content).await;
    sandbox.write("file", "mine");
    let ran = sandbox.run(&format!("get {} --discovery off", origin.url())).await;
    assert_eq!(ran.code, 6, "{ran:?}");
    assert_eq!(std::fs::read(sandbox.work("file")).unwrap(), b"mine");
    let forced = sandbox.run(&format!("get {} --discovery off --force", origin.url())).await;
    assert_eq!(forced.code, 0, "{forced:?}");
    assert!(holds(&sandbox.work("file"), &content));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_and_the_same_command_resumes() {
    let (sandbox, content) = (Sandbox::new(), Content::random(6, 48 << 20));
    let origin = published(&content).await;
    origin.limit(Rate::bytes_per_s(12 << 20));
    for (had, signal, code, word) in
        [(4 << 20, Signal::INT, 130, "interrupted"), (16 << 20, Signal::TERM, 143, "terminated")]
    {
        let mut running = sandbox.start(&format!("get {} --json --discovery off", origin.url()));
        running.until_had(had).await;
        running.signal(signal);
        let ran = running.end().await;
        let last = ran.last();
        assert_eq!((ran.code, &last["kind"]), (code, &word.into()), "{ran:?}");
        assert!(ran.err.contains("the same command resumes it"), "{}", ran.err);
        assert!(!sandbox.work("file").exists());
    }
    origin.limit(None);
    let ran = sandbox.run(&format!("get {} --json --discovery off", origin.url())).await;
    let last = ran.last();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(last["bytes_resumed"].as_u64().unwrap() >= 16 << 20, "{last}");
    assert!(holds(&sandbox.work("file"), &content));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let sandbox = Sandbox::new();
    let origin = published(&Content::random(7, 4 << 20)).await;
    origin.inject("/file", Fault::HangAfter(0));
    let mut running = sandbox.start(&format!("get {} --json --discovery off", origin.url()));
    origin.until("/file", |counts| counts.requests > 0).await;
    running.until("progress").await;
    running.signal(Signal::INT);
    while running.is_running() {
        running.signal(Signal::INT);
        tokio::task::yield_now().await;
    }
    assert_eq!(running.end().await.code, 130);
}

#[tokio::test(flavor = "multi_thread")]
async fn completion_is_told_at_once_and_a_signal_while_serving_is_a_success() {
    let (sandbox, content) = (Sandbox::new(), Content::random(8, 100_000));
    let origin = published(&content).await;
    for signal in [Signal::INT, Signal::TERM] {
        let mut running =
            sandbox.start(&format!("get {} --json --discovery off --serve-for forever", origin.url()));
        let completed = running.until("completed").await;
        assert_eq!(completed["phase"], "complete");
        assert!(holds(&sandbox.work("file"), &content));
        assert!(running.is_running());
        running.signal(signal);
        let ran = running.end().await;
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "completed is the last line");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_byte_for_too_long_it_fails() {
    let sandbox = Sandbox::new();
    let origin = published(&Content::random(9, 4 << 20)).await;
    origin.inject("/file", Fault::HangAfter(0));
    let arguments = format!("get {} --json --discovery off --no-progress-timeout 1s", origin.url());
    let ran = sandbox.run(&arguments).await;
    assert_eq!((ran.code, &ran.last()["kind"]), (8, &"no_progress".into()), "{ran:?}");
}
