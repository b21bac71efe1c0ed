//! Aim: the first thing that anybody runs keeps what it promises. Eight nodes, 64 MiB, a WAN line of 20 Mbit/s.
//!
//! Alone in its program: it is about time, and takes 27 s of it at best.

mod support;

use support::{Process, program, tell};
use swarmline_testkit::pattern;

const FILE: usize = 64 << 20;

#[test]
fn an_office_of_eight_reads_the_origin_once_and_is_nearly_as_fast_as_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, pattern::bytes(1, FILE)).unwrap();
    let mut demo = program();
    demo.arg("demo").arg(&file).args(["--nodes", "8", "--wan", "20mbit", "--json"]).env("TMPDIR", dir.path());
    let result = Process::run(demo).expect(0).result();
    tell(&result);
    assert_eq!((&result["event"], &result["nodes"]), (&"demo".into(), &8.into()));
    assert_eq!((&result["file_bytes"], &result["wan_bits_per_s"]), (&FILE.into(), &20_000_000.into()));
    assert_eq!(result["hashes_equal"], true);
    let ratio = |key: &str| result[key].as_f64().expect("a number");
    assert!((1.0..=1.05).contains(&ratio("origin_ratio")), "{result}");
    assert!((1.0..=1.25).contains(&ratio("makespan_ratio")), "{result}");
}
