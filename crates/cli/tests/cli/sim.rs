//! `sim` from outside: what it prints, what it writes, how it ends.

use rustix::process::Signal;

use crate::sandbox::Sandbox;

/// Four machines, half a second of work.
const TINY: &str = "question = \"Do four machines share 4 MiB?\"\nseeds = 2\n[content]\nsize = \"4MiB\"\n\
                    [site]\npeers = 4\n[expect]\norigin_max = 1.3\n";

#[tokio::test]
async fn what_comes_with_the_program_is_listed_with_its_question() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("sim list").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("  office        What will patch day do to my 100 Mbit line"), "{}", ran.out);
    let all = sandbox.run("sim list --json").await.last();
    assert!(
        all["scenarios"]
            .as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["path"] == "simulations/targets/s1.toml")
    );
    let shown = sandbox.run("sim list --show office").await;
    assert!(
        shown.out.starts_with("# What will patch day do") && shown.out.contains("[site]"),
        "{}",
        shown.out
    );
}

#[tokio::test]
async fn a_run_prints_a_table_and_writes_a_report() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let ran = sandbox.run("sim run tiny.toml --html tiny.html --outcomes all.json --threads 1").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    for part in [
        "Do four machines share 4 MiB?",
        "lane-and-mesh, 2 seeds",
        "bytes from the origin / one copy",
        "kept",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(ran.out.ends_with("again with: swarmline sim run tiny.toml --seed 1\n"), "{}", ran.out);
    let page = std::fs::read_to_string(sandbox.work("tiny.html")).unwrap();
    assert!(page.contains("<h1>Do four machines share 4 MiB?</h1>") && page.ends_with("</html>\n"));
    assert_eq!(std::fs::read_to_string(sandbox.work("all.json")).unwrap().lines().count(), 2);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes_each_time_and_on_any_number_of_threads() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    sandbox.write("sites.toml", TINY.replace("[site]", "[site]\ncount = 3"));
    let said = async |threads: u8| {
        let ran =
            sandbox.run(&format!("sim run sites.toml --json --threads {threads} --outcomes all.json")).await;
        assert_eq!(ran.lines().len(), 4, "one at the start, one for each seed, and one for all: {ran:?}");
        (ran.out, std::fs::read_to_string(sandbox.work("all.json")).unwrap())
    };
    let first = said(2).await;
    assert_eq!(first, said(2).await);
    assert_eq!(first, said(1).await);
}

#[tokio::test]
async fn a_target_that_is_missed_is_an_exit_code() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let ran = sandbox.run("sim run tiny.toml --set expect.origin_max=0.5").await;
    assert_eq!(ran.code, 12, "{ran:?}");
    assert!(ran.out.contains("MISSED") && ran.out.contains("and may be at most 0.500"), "{}", ran.out);
}

#[tokio::test]
async fn strategies_stand_beside_each_other() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let ran = sandbox.run("sim compare tiny.toml --with strategy=origin-only --json --html c.html").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let origin = |column: usize| {
        let metrics = ran.last()["columns"][column]["metrics"].as_array().unwrap().clone();
        metrics.iter().find(|metric| metric["key"] == "origin").unwrap()["mean"].as_f64().unwrap()
    };
    assert!(origin(0) < 1.3, "{}", origin(0));
    assert!((origin(1) - 4.0).abs() < 1e-9, "{}", origin(1));
    assert!(sandbox.work("c.html").exists());
}

#[tokio::test]
async fn a_sweep_has_a_line_for_each_value() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let ran =
        sandbox.run("sim sweep tiny.toml --over site.peers=2..4 --seeds 1 --csv s.csv --html s.html").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let csv = std::fs::read_to_string(sandbox.work("s.csv")).unwrap();
    assert!(csv.starts_with("site.peers,makespan_s_mean,makespan_s_worst,"), "{csv}");
    assert_eq!(
        csv.lines().map(|line| line.split(',').next().unwrap()).collect::<Vec<_>>(),
        ["site.peers", "2", "3", "4"]
    );
}

#[tokio::test]
async fn a_piece_of_the_origin_is_explained() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let ran = sandbox.run("sim explain tiny.toml --piece 2").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("asks the origin") && ran.out.contains("all of it came"), "{}", ran.out);
}

#[tokio::test]
async fn what_was_not_to_be_expected_is_explained_without_naming_a_piece() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let ran = sandbox.run("sim explain tiny.toml").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.ends_with("Nobody asked the origin for what another ranks first for.\n"), "{}", ran.out);
    let ran = sandbox.run("sim explain tiny.toml --set site.peers=1").await;
    let line = "peer 0 asks the origin for piece 2: on its own: it knows nobody, or nobody serves it";
    assert!(ran.out.contains(line), "{}", ran.out);
    assert!(ran.out.ends_with("\n4 requests to the origin of 4, 4 MiB in all\n"), "{}", ran.out);
    let told = sandbox.run("sim explain tiny.toml --set site.peers=1 --json").await.last();
    assert_eq!(
        (&told["piece"], &told["fetches"][0]["why"]),
        (&serde_json::Value::Null, &"alone".into()),
        "{told}"
    );
}

#[tokio::test]
async fn nasty_scenarios_are_tried_and_can_be_run_alone() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run("sim nasty --seed 3 --seeds 4").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("4 nasty scenarios from seed 3 on, with "), "{}", ran.out);
    let told = sandbox.run("sim nasty --seed 3 --seeds 4 --threads 1 --json").await.last();
    assert_eq!((&told["event"], &told["scenarios"]), (&"nasty".into(), &4.into()), "{told}");
    let alone = sandbox.run("sim run nasty-3 --seed 3 --json").await;
    assert_eq!((alone.code, &alone.last()["scenario"]), (0, &"nasty-3".into()), "{alone:?}");
}

#[tokio::test]
async fn what_cannot_be_says_which_value_and_the_way_out() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    sandbox.write("odd.toml", "peers = 4");
    sandbox.write("wide.toml", b"\xff\xfes\0");
    for (arguments, why) in [
        ("run nothing", "no scenario of that name; `swarmline sim list` shows all"),
        ("run simulations/office.toml", "did you mean office, which comes with the program?"),
        ("run odd.toml", "unknown field `peers`"),
        ("run tiny.toml --set site.peers=0", "it must lie from 1 to"),
        ("run tiny.toml --set site.peerz=4", "unknown field `peerz`"),
        ("run tiny.toml --set site.peers", "there is no ="),
        ("run tiny.toml --strategy magic", "is no strategy"),
        ("run tiny.toml --seeds 0", "1..=1000"),
        ("run tiny.toml --threads 0", "1..=256"),
        ("compare tiny.toml", "<B>"),
        ("sweep tiny.toml --over site.peers", "write it like"),
        ("sweep tiny.toml --over site.peers=9..4", "the smaller end comes first"),
        ("explain tiny.toml --piece 4", "has 4 pieces, counted from 0"),
        ("explain tiny.toml --piece 1 --site 1", "counted from 0"),
        ("explain tiny.toml --seeds 2", "unexpected argument '--seeds'"),
        ("explain tiny.toml --set content.size=1MiB --piece 4", "has 1 piece, counted from 0"),
        ("run .", ". is a folder; name a file in it"),
        ("run wide.toml", "wide.toml is written in UTF-16; save it as UTF-8"),
        ("list --show nothing", "there are office"),
    ] {
        let ran = sandbox.run(&format!("sim {arguments}")).await;
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments}: {ran:?}");
        assert!(ran.err.contains(why), "{arguments}: {}", ran.err);
    }
    for path in ["no/such/folder.html", ".", "/proc/folder.html"] {
        let ran = sandbox.run(&format!("sim run tiny.toml --html {path}")).await;
        assert_eq!((ran.code, ran.out.as_str()), (7, ""), "{ran:?}");
        assert!(ran.err.contains("folder"), "{}", ran.err);
    }
}

#[tokio::test]
async fn no_report_overwrites_what_is_read_or_another() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    sandbox.write("n.trace", "a trace");
    std::fs::hard_link(sandbox.work("tiny.toml"), sandbox.work("link.toml")).unwrap();
    for arguments in [
        "run tiny.toml --html tiny.toml",
        "run tiny.toml --outcomes ./link.toml",
        "compare tiny.toml office --html tiny.toml",
        "compare office tiny.toml --html tiny.toml",
        "sweep tiny.toml --over seeds=1,2 --csv tiny.toml",
        "replay n.trace --write n.trace",
        "replay n.trace --policy tiny.toml --html tiny.toml",
        "run tiny.toml --html o --outcomes o",
        "sweep tiny.toml --over seeds=1,2 --html s --csv ./s",
        "replay n.trace --write w --html w",
    ] {
        let ran = sandbox.run(&format!("sim {arguments}")).await;
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments}: {ran:?}");
        assert!(ran.err.ends_with("; name another file for the report\n"), "{arguments}: {}", ran.err);
        assert!(!ran.err.contains("wrote"), "{arguments}: {}", ran.err);
    }
    assert_eq!(std::fs::read_to_string(sandbox.work("tiny.toml")).unwrap(), TINY);
    assert_eq!(std::fs::read_dir(sandbox.work("")).unwrap().count(), 3, "nothing else was written");
}

#[tokio::test]
async fn a_result_is_told_before_its_reports_and_each_of_them_is_tried() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    let ran = sandbox.run("sim run tiny.toml --html /dev/full --outcomes all.json").await;
    assert_eq!(ran.code, 7, "{ran:?}");
    assert!(ran.out.contains("bytes from the origin / one copy"), "{}", ran.out);
    assert!(ran.err.contains("could not write /dev/full: No space left on device"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(sandbox.work("all.json")).unwrap().lines().count(), 2);
    let lines = sandbox.run("sim sweep tiny.toml --over seeds=1 --json --csv /dev/full").await.lines();
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["sweep", "failed"]);

    let ran = sandbox.run("sim run tiny.toml --html /dev/stdout --outcomes /dev/null").await;
    let table = ran.out.find("again with: ").unwrap();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out[table..].contains("\n<!doctype html>") && ran.out.ends_with("</html>\n"), "{}", ran.out);

    let path = sandbox.work("all.out");
    let ran =
        sandbox.run_into("sim run tiny.toml --html all.out", std::fs::File::create(&path).unwrap()).await;
    let out = std::fs::read_to_string(path).unwrap();
    assert!(ran.code == 0 && out.starts_with("Do four") && out.ends_with("</html>\n"), "{out}");
}

#[tokio::test]
async fn a_run_that_breaks_names_the_command_that_breaks_it_again() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", TINY);
    for (arguments, again) in [
        ("run tiny.toml --set check.events_max=9 --seed 3", "check.events_max=9 --seed 3 --seeds 1"),
        ("sweep tiny.toml --over check.events_max=9,8", "check.events_max=9 --seed 1 --seeds 1"),
        ("compare tiny.toml --with check.events_max=9", "check.events_max=9 --seed 1 --seeds 1"),
        ("explain tiny.toml --set check.events_max=9 --seed 2", "check.events_max=9 --seed 2 --seeds 1"),
    ] {
        let ran = sandbox.run(&format!("sim {arguments}")).await;
        assert_eq!(ran.code, 1, "{arguments}: {ran:?}");
        let (_, command) = ran.err.trim_end().split_once("again with: swarmline ").unwrap();
        assert_eq!(command, format!("sim run tiny.toml --set {again}"), "{arguments}");
        let repeated = sandbox.run(command).await;
        assert_eq!((repeated.code, repeated.err), (1, ran.err), "{arguments}");
    }
}

#[tokio::test]
async fn a_signal_ends_it_at_once() {
    let sandbox = Sandbox::new();
    // Far more than anybody waits for.
    sandbox.write("long.toml", "seeds = 1000\n[content]\nsize = \"1GiB\"\n[site]\npeers = 100");
    let mut running = sandbox.start("sim run long.toml --json --threads 1");
    running.until("started").await;
    running.signal(Signal::INT);
    let ran = running.end().await;
    assert_eq!((ran.code, &ran.last()["kind"]), (130, &"interrupted".into()), "{ran:?}");
}
