//! One scenario and one seed give one outcome, to the byte.

use swarmline_sim::scenario::nasty;
use swarmline_sim::{Options, Scenario, Unwatched, run_with};

use crate::outcome;

fn json(scenario: &Scenario, seed: u64, threads: usize) -> String {
    let options = Options { threads, ..Options::seeded(seed) };
    let outcome = run_with(scenario, options, &mut Unwatched).unwrap_or_else(|broken| panic!("{broken}"));
    serde_json::to_string(&outcome).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    for seed in 0..4 {
        let scenario = nasty(seed);
        assert_eq!(json(&scenario, seed, 1), json(&scenario, seed, 1), "{seed}");
    }
    let scenario = Scenario::parse("content.size = '8MiB'").unwrap();
    assert_ne!(json(&scenario, 1, 1), json(&scenario, 2, 1));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    for egress in ["unlimited", "60mbit"] {
        let text = format!(
            "content.size = '4MiB'\n[site]\ncount = 5\npeers = 6\n[origin]\negress = '{egress}'\n\
             [group]\nshare = 0.3\nends = '10%..90%'"
        );
        let scenario = Scenario::parse(&text).unwrap();
        let one = json(&scenario, 3, 1);
        for threads in [2, 3] {
            assert_eq!(one, json(&scenario, 3, threads), "{egress} {threads}");
        }
    }
}

#[test]
fn messages_go_through_the_real_encoding_and_nothing_changes() {
    let with = |every: u32| {
        let text = format!("content.size = '8MiB'\nsite.peers = 20\nnetwork.encode_every = {every}");
        let outcome = outcome(&text, 2);
        let encoded = outcome.total.messages.encoded;
        let json = serde_json::to_string(&outcome).unwrap();
        (encoded, json.replace(&format!("\"encoded\":{encoded}"), ""))
    };
    let ((none, without), (seventh, some), (each, all)) = (with(0), with(7), with(1));
    assert_eq!((none, seventh), (0, each / 7));
    assert!(each > 1_000, "{each}");
    assert!(some == without && all == without);
}
