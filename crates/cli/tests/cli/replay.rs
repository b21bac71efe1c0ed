//! `--trace` and `sim replay`: an office of three daemons, as it was and again.

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use swarmline_testkit::Content;
use swarmline_types::Rate;

use crate::sandbox::{Sandbox, holds, published};

#[tokio::test(flavor = "multi_thread")]
async fn an_office_is_run_again_as_it_was_and_under_another_policy() {
    let (sandbox, content) = (Sandbox::new(), Content::random(41, 12 << 20));
    let origin = published(&content).await;
    origin.limit(Rate::bytes_per_s(6 << 20));
    let mut daemons = Vec::new();
    let mut known = String::new();
    for name in ["a", "b", "c"] {
        let mut daemon = sandbox.start(&format!(
            "daemon --state-dir {name} --listen 127.0.0.1:0 --discovery static --json --trace {name}.trace{known}"
        ));
        let ready = daemon.until("ready").await;
        known += &format!(" --peer {}", ready["listen"][0].as_str().unwrap());
        daemons.push(daemon);
    }
    let gets: Vec<_> = ["a", "b", "c"]
        .map(|name| sandbox.start(&format!("get {} -o got-{name} --state-dir {name} --json", origin.url())))
        .into_iter()
        .collect();
    for (get, name) in gets.into_iter().zip(["a", "b", "c"]) {
        let ran = get.end().await;
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(holds(&sandbox.work(&format!("got-{name}")), &content));
    }
    for daemon in daemons {
        daemon.signal(Signal::TERM);
        assert_eq!(daemon.end().await.code, 0);
    }
    let trace = std::fs::read(sandbox.work("a.trace")).unwrap();
    let mode = std::fs::metadata(sandbox.work("a.trace")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let url = origin.url().to_string();
    let host = url.split('/').nth(2).unwrap();
    assert!(!trace.windows(host.len()).any(|window| window == host.as_bytes()), "no address is in it");

    sandbox.write("other.toml", "strategy = 'origin-only'");
    let replay = "sim replay a.trace b.trace c.trace --policy other.toml --write office.toml --html r.html";
    let told = sandbox.run(&format!("{replay} --json")).await;
    assert_eq!(told.code, 0, "{told:?}");
    let told = told.last();
    let happened = &told["happened"];
    assert_eq!(
        told["same"],
        serde_json::json!([true, true, true]),
        "the program that wrote them is this one"
    );
    let count = |key: &str| happened[key].as_u64().unwrap();
    assert_eq!(
        (count("traces"), count("peers"), count("finished"), count("dropped")),
        (3, 3, 3, 0),
        "{happened}"
    );
    let sent = origin.counts("/file").body_bytes;
    assert!((content.len()..=sent).contains(&count("origin_bytes")), "{sent}: {happened}");
    assert!(count("peer_bytes") > 0, "{happened}");
    let metric = |of: &str, key: &str| {
        let metrics = told[of]["metrics"].as_array().unwrap().clone();
        metrics.iter().find(|metric| metric["key"] == key).unwrap()["mean"].as_f64().unwrap()
    };
    assert!(metric("simulated", "unfinished").abs() < 1e-9);
    assert!((1.0..2.0).contains(&metric("simulated", "origin")), "{told}");
    assert!((metric("policy", "origin") - 3.0).abs() < 1e-9, "each for itself: {told}");

    let table = sandbox.run(replay).await;
    for part in ["3 traces; ", "really", "simulated", "other", "this program decides as theirs did"] {
        assert!(table.out.contains(part), "{part}: {}", table.out);
    }
    assert!(std::fs::read_to_string(sandbox.work("r.html")).unwrap().ends_with("</html>\n"));
    let again = sandbox.run("sim run office.toml --json").await;
    assert_eq!((again.code, &again.last()["scenario"]), (0, &"replay".into()), "{again:?}");

    sandbox.write("odd.toml", "strategy = [");
    for (arguments, why) in [
        ("--set site.pears=3", "the office: the scenario does not follow the schema: unknown field `pears`"),
        ("--policy odd.toml", "odd.toml: this is not TOML: line 1, column 13: unclosed array"),
    ] {
        let refused = sandbox.run(&format!("sim replay a.trace {arguments}")).await;
        assert_eq!((refused.code, refused.err.lines().count()), (2, 1), "{refused:?}");
        assert!(refused.err.contains(why), "{}", refused.err);
    }

    // One of them knows of the others.
    let one = sandbox.run("sim replay b.trace --json").await.last();
    assert_eq!((&one["happened"]["traces"], &one["happened"]["peers"]), (&1.into(), &3.into()), "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_of_its_own_writes_a_trace_and_nothing_else_is_overwritten() {
    let (sandbox, content) = (Sandbox::new(), Content::random(42, 3 << 20));
    let origin = published(&content).await;
    sandbox.write("letter", "dear somebody");
    let get = format!("get {} --discovery off --serve-for 0", origin.url());
    let refused = sandbox.run(&format!("{get} --trace letter")).await;
    assert_eq!(refused.code, 7, "{refused:?}");
    assert!(refused.err.contains("something that is no trace stands there"), "{}", refused.err);
    assert_eq!(std::fs::read(sandbox.work("letter")).unwrap(), b"dear somebody");
    let ran = sandbox.run(&format!("{get} --trace mine.trace")).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = sandbox.run("sim replay mine.trace --json").await.last();
    assert_eq!(told["happened"]["origin_bytes"], content.len(), "{told}");
}

#[tokio::test]
async fn what_is_no_trace_is_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    sandbox.write("odd.trace", "odd");
    let mut cut = b"swarmline trace\x01".to_vec();
    cut.extend([0xff, 0xff, 0xff, 0x7f]);
    sandbox.write("long.trace", cut);
    for (arguments, code, why) in [
        ("", 2, "required"),
        (" none.trace", 7, "could not read none.trace"),
        (" odd.trace", 2, "odd.trace: this is no trace"),
        (" long.trace", 2, "at byte 16: length of a record is 268435455, and may be at most 524288"),
        (" odd.trace --html no/such/r.html", 7, "there is no such folder"),
    ] {
        let ran = sandbox.run(&format!("sim replay{arguments}")).await;
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{arguments}: {ran:?}");
        assert!(ran.err.contains(why), "{arguments}: {}", ran.err);
    }
}
