use std::path::PathBuf;

use super::*;
use crate::netns::Traffic;
use crate::origin::Served;

/// Two hosts want 10 MB over a line of 8 Mbit/s: the bound is 10 s.
fn plan(scenario: Scenario) -> Plan {
    Plan {
        scenario,
        hosts: 2,
        size_bytes: 10_000_000,
        wan_bits_per_s: 8_000_000,
        lan_bits_per_s: 0,
        kills: Vec::new(),
        stagger: Duration::ZERO,
        timeout: Duration::ZERO,
        program: Program::Swarmline { binary: PathBuf::new(), arguments: Vec::new() },
        keep: false,
        work: PathBuf::new(),
    }
}

fn host(number: usize, completed_s: Option<f64>) -> HostReport {
    HostReport {
        host: number,
        completed_s,
        right: completed_s.is_some(),
        killed: false,
        peers_seen_s: Some(1.0),
        cpu_s: 2.0,
        peak_memory_bytes: 3 << 20,
        last_words: String::new(),
    }
}

fn report(plan: &Plan, nodes: Vec<HostReport>, origin_bytes: u64) -> Report {
    let passed = |sent_bytes| Traffic { sent_bytes, received_bytes: 10_000_000 };
    let served = Served { requests: 3, body_bytes: 10_000_000 };
    let passed = Counters { origin: passed(origin_bytes), hosts: vec![passed(0), passed(5_000_000)] };
    Report::new(plan, nodes, &Measured { passed, served, congestion_control: "cubic".into() })
}

#[test]
fn a_good_run_breaks_no_bound_and_reads_well() {
    let plan = plan(Scenario::Flash);
    let report = report(&plan, vec![host(1, Some(10.2)), host(2, Some(11.0))], 10_300_000);
    assert_eq!(report.failures(&plan, true), [""; 0]);
    assert_eq!(
        report.to_string(),
        "2 hosts at any speed, origin at 8 Mbit/s, 9.54 MiB, cubic
  complete    2 of 2, all files right
  makespan    11 s = 1.1 × the bound of 10 s
  completion  first 10.2 s, mean 10.6 s
  origin      sent 1.03 × the file in 3 requests
  hosts       received 1 × on average, sent at most 0.5 ×
  peers       all seen by every node after 1 s
  cost        4 CPU-s in all, 3.0 MiB of memory at most"
    );
}

#[test]
fn each_broken_bound_is_told_only_when_asked_for() {
    let plan = plan(Scenario::Flash);
    let mut late = host(2, Some(11.6));
    late.peers_seen_s = Some(3.1);
    let report = report(&plan, vec![host(1, Some(10.2)), late], 10_900_000);
    assert_eq!(report.failures(&plan, false), [""; 0]);
    assert_eq!(
        report.failures(&plan, true),
        [
            "the origin sent 1.09 × the file, at most 1.08 is good",
            "the last host took 1.16 × the bound, at most 1.15 is good",
            "the last node saw all others after 3.1 s, at most 3 s is good",
        ]
    );
}

#[test]
fn a_node_that_never_sees_all_others_breaks_the_bound() {
    let plan = plan(Scenario::Flash);
    let mut alone = host(2, Some(10.0));
    alone.peers_seen_s = None;
    let report = report(&plan, vec![host(1, Some(10.0)), alone], 10_000_000);
    assert_eq!(
        report.failures(&plan, true),
        ["the last node saw all others not at all, at most 3 s is good"]
    );
}

#[test]
fn a_host_without_the_right_file_always_fails_the_run() {
    let plan = plan(Scenario::Flash);
    let mut absent = host(1, None);
    absent.last_words = "error: no space left".into();
    let mut wrong = host(2, Some(9.0));
    wrong.right = false;
    let report = report(&plan, vec![absent, wrong], 0);
    assert_eq!(
        report.failures(&plan, false),
        ["host 1 did not get the file: error: no space left", "host 2 has wrong bytes"]
    );
    assert_eq!(report.makespan_s, None, "a run that did not end has no makespan");
    assert!(!report.hashes_equal);
}

#[test]
fn killed_hosts_are_not_counted_and_allow_the_origin_more() {
    let plan = plan(Scenario::Kill);
    let mut killed = host(1, None);
    (killed.killed, killed.peers_seen_s) = (true, None);
    let report = report(&plan, vec![killed, host(2, Some(30.0))], 12_900_000);
    assert_eq!((report.survivors, report.complete, report.makespan_s), (1, 1, Some(30.0)));
    assert_eq!(report.failures(&plan, true), [""; 0]);
    let wasteful = self::report(&plan, vec![host(1, Some(1.0)), host(2, Some(1.0))], 13_100_000);
    assert_eq!(wasteful.failures(&plan, true).len(), 1);
}
