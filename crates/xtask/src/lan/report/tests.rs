use std::path::PathBuf;

use super::*;
use crate::lan::heard::Heard;
use crate::lan::machine::Load;
use crate::lan::node::Outcome;
use crate::lan::premises::Counters;
use crate::lan::program::Program;
use crate::lan::scenario::Scale;
use crate::lan::script::{Part, Script};
use crate::netns::Traffic;
use crate::origin::Served;

const MB: u64 = 1_000_000;
const TALLY: Tally =
    Tally { from_origin: 5 * MB, from_peers: 5 * MB, duplicate: 30_000, failed_hash: 0, cancelled: 20_000 };

/// Hosts want 10 MB over a line of 8 Mbit/s: the bound is 10 s.
fn plan(scenario: Scenario, hosts: usize) -> Plan {
    let scale = Scale { size_bytes: 10 * MB, wan_bits_per_s: 8 * MB, lan_bits_per_s: 0 };
    Plan {
        script: Script::new(scenario, hosts, scale, 1, &[]).unwrap(),
        timeout: Duration::ZERO,
        program: Program::shell("true", None),
        keep: false,
        work: PathBuf::new(),
    }
}

/// What a host came to that had the file at this moment.
fn at(seconds: f64) -> Outcome {
    Outcome {
        completed: Some(Duration::from_secs_f64(seconds)),
        ended_early: false,
        heard: Heard { peers_seen_s: Some(1.0), tally: Some(TALLY) },
        cpu: Duration::from_secs(2),
        peak_memory_bytes: 3 << 20,
        last_words: String::new(),
    }
}

/// Every host that downloads comes to the next of these; the origin's lines carried so many bytes.
fn measured(plan: &Plan, outcomes: Vec<Outcome>, origin_bytes: &[u64]) -> Measured {
    let mut outcomes = outcomes.into_iter();
    let mut downloads = Vec::new();
    for role in plan.script.hosts.iter().filter(|role| role.part.downloads()) {
        for file in &plan.script.files {
            let outcome = outcomes.next().expect("an outcome for each download");
            let (role, file, right) = (role.clone(), file.clone(), outcome.completed.is_some());
            downloads.push(Download { role, file, right, outcome });
        }
    }
    let passed = |sent_bytes: &u64| Traffic { sent_bytes: *sent_bytes, received_bytes: 10 * MB };
    let sent: Vec<u64> = (0..plan.script.hosts.len() as u64).map(|index| index * 5 * MB).collect();
    let files = plan.script.files.iter();
    let body_bytes = files.flat_map(|file| [(file.name.into(), 10 * MB), (format!("{}.phf", file.name), 7)]);
    Measured {
        downloads,
        passed: Counters {
            origin: origin_bytes.iter().map(passed).collect(),
            hosts: sent.iter().map(passed).collect(),
        },
        served: Served { requests: 3, body_bytes: body_bytes.collect() },
        machine: Load { busy: 0.25, stolen: 0.04 },
        twin: Some(Twin { makespan_s: 10.5, origin_ratio: 1.046 }),
    }
}

fn report(plan: &Plan, outcomes: Vec<Outcome>, origin_bytes: &[u64]) -> Report {
    Report::new(plan, measured(plan, outcomes, origin_bytes))
}

#[test]
fn a_good_run_breaks_no_bound_and_reads_well() {
    let plan = plan(Scenario::Flash, 2);
    let report = report(&plan, vec![at(10.2), at(11.0)], &[10_300_000]);
    assert_eq!((report.failures(), report.broken(true)), (Vec::new(), Vec::new()));
    assert_eq!(
        report.to_string(),
        "flash: 2 hosts at any speed, origin at 8 Mbit/s, 9.54 MiB
  complete    2 of 2, all files right
  makespan    11 s = 1.1 × the bound of 10 s
  completion  first 10.2 s, mean 10.6 s
  origin      sent 1.03 × the file in 3 requests
  hosts       received 1 × on average, sent at most 0.5 ×
  simulated   makespan 10.5 s, origin 1.046 × the file
  in vain     0.5 % twice or too late, 0.0 MiB wrong
  peers       all seen by every node after 1 s
  cost        4 CPU-s in all, 3.0 MiB of memory at most
  machine     25 % busy, of which others on its hardware took 4 %"
    );
}

#[test]
fn a_broken_bound_is_told() {
    let plan = plan(Scenario::Flash, 2);
    let report = report(&plan, vec![at(10.2), at(11.6)], &[10_900_000]);
    assert_eq!(report.failures(), [""; 0]);
    assert_eq!(
        report.broken(true),
        [
            "the origin sent 1.09 × the file, at most 1.08 is good",
            "the last host took 1.16 × the bound, at most 1.15 is good",
        ]
    );
}

#[test]
fn a_host_without_the_right_file_always_fails_the_run() {
    let plan = plan(Scenario::Flash, 2);
    let absent = Outcome { completed: None, last_words: "error: no space left".into(), ..at(1.0) };
    let mut measured = measured(&plan, vec![absent, at(9.0)], &[0]);
    measured.downloads[1].right = false;
    let report = Report::new(&plan, measured);
    assert_eq!(
        report.failures(),
        ["host 1 did not get the file: error: no space left", "host 2 has wrong bytes"]
    );
    assert_eq!(report.makespan_s, None, "a run that did not end has no makespan");
    assert!(!report.hashes_equal);
}

#[test]
fn who_ends_early_is_not_counted() {
    let plan = plan(Scenario::Kill, 2);
    let killed = Outcome { completed: None, ended_early: true, heard: Heard::default(), ..at(1.0) };
    let report = report(&plan, vec![at(30.0), killed], &[12_900_000]);
    assert_eq!((report.survivors, report.complete, report.makespan_s), (1, 1, Some(30.0)));
    assert_eq!((report.failures(), report.broken(true)), (Vec::new(), Vec::new()));
    assert_eq!(report.tally, Some(TALLY));
}

#[test]
fn the_site_that_took_most_counts() {
    let plan = plan(Scenario::TwoSites, 2);
    let report = report(&plan, vec![at(10.0), at(10.0)], &[10_300_000, 10_700_000]);
    assert_eq!((report.figures.origin_ratio, report.origin_bytes), (1.07, 21_000_000));
    assert_eq!(report.broken(true), ["the origin sent 1.07 × the file, at most 1.06 is good"]);
}

#[test]
fn a_host_with_two_files_is_complete_when_both_are_there() {
    let plan = plan(Scenario::Urgent, 1);
    let report = report(&plan, vec![at(12.0), at(3.0)], &[12_500_000]);
    assert_eq!((report.complete, report.makespan_s, report.first_s), (1, Some(12.0), Some(12.0)));
    // 2.5 MB over 8 Mbit/s.
    assert_eq!(report.figures.urgent_ratio, Some(1.2));
    assert_eq!(report.figures.origin_content_bytes, 20 * MB, "piece hash files are not the content");
}

#[test]
fn wrong_pieces_are_counted_by_pairs_of_an_honest_host_and_a_liar() {
    let plan = plan(Scenario::Corrupt, 3);
    assert_eq!(plan.script.hosts.iter().filter(|role| role.part == Part::Corrupt).count(), 1);
    let wrong = |pieces: u64| {
        let tally = Tally { failed_hash: pieces << 20, ..TALLY };
        Outcome { heard: Heard { tally: Some(tally), ..Heard::default() }, ..at(10.0) }
    };
    let report = report(&plan, vec![wrong(1), wrong(2)], &[0]);
    assert_eq!(report.figures.bad_pieces_per_pair, Some(1.5));
    assert_eq!(report.broken(true).len(), 1);
}

#[test]
fn who_says_nothing_of_its_bytes_leaves_the_figures_open() {
    let plan = plan(Scenario::Site, 1);
    let silent = Outcome { heard: Heard::default(), ..at(10.0) };
    let report = report(&plan, vec![silent], &[0]);
    assert_eq!((report.figures.duplicates_ratio, report.tally), (None, None));
    assert_eq!(report.broken(false), [""; 0]);
}
