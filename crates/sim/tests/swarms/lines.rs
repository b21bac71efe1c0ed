//! The model of lines against what can be computed.

use swarmline_sim::{Options, Outcome, Scenario, Unwatched, run_with};

use crate::alone::Alone;
use crate::{assert_all_finish, outcome};

fn alone(text: &str) -> Outcome {
    let scenario = Scenario::parse(text).unwrap();
    let options = Options { seed: 1, threads: 1, strategy: &Alone };
    run_with(&scenario, options, &mut Unwatched).unwrap_or_else(|broken| panic!("{broken}"))
}

#[test]
fn when_all_fetch_for_themselves_the_origin_sends_exactly_as_many_copies() {
    for peers in [1, 2, 10, 32] {
        let outcome = alone(&format!("site.peers = {peers}\ncontent.size = '16MiB'"));
        assert_all_finish(&outcome);
        assert_eq!(outcome.total.traffic.origin, peers * (16 << 20));
        // Those that began together end together, and the line idles for a round trip: 20 ms of each 1.7 s.
        let makespan = outcome.total.makespan / peers as f64;
        assert!((1.0..1.015).contains(&makespan), "{peers}: {makespan}");
    }
}

#[test]
fn headers_take_their_part_of_every_line() {
    let outcome = alone("site.peers = 1\ncontent.size = '64MiB'\nnetwork.headers = true");
    let floor = 1514.0 / 1448.0;
    assert!((floor..floor * 1.015).contains(&outcome.total.makespan), "{}", outcome.total.makespan);
}

#[test]
fn a_limit_on_one_connection_is_kept() {
    // Four connections of a tenth each use four tenths of the line.
    let outcome = alone("site.peers = 1\ncontent.size = '16MiB'\nsite.connection = '2mbit'");
    assert!((2.5..2.56).contains(&outcome.total.makespan), "{}", outcome.total.makespan);
}

#[test]
fn a_new_connection_begins_slowly() {
    let time = |slow: bool| {
        let text = format!(
            "site.peers = 1\ncontent.size = '8MiB'\nsite.wan = '100mbit'\nsite.wan_latency = '100ms'\n\
             network.slow_start = {slow}"
        );
        alone(&text).total.makespan_s
    };
    let (fast, slow) = (time(false), time(true));
    assert!(slow > fast + 0.1 && slow < fast + 1.0, "{slow} {fast}");
}

#[test]
fn sites_share_what_the_origin_sends() {
    let text = "content.size = '8MiB'\n[site]\ncount = 4\npeers = 2\n[origin]\negress = '20mbit'";
    let outcome = alone(text);
    assert_all_finish(&outcome);
    // Eight copies at 2.5 MB/s.
    let least = 8.0 * 8_388_608.0 / 2.5e6;
    assert!(
        (least..least * 1.03).contains(&outcome.total.makespan_s),
        "{} {least}",
        outcome.total.makespan_s
    );
}

#[test]
fn one_line_slower_than_its_share_leaves_the_rest_to_the_others() {
    let text = "content.size = '4MiB'\norigin.egress = '20mbit'\n\
                [[site]]\npeers = 1\nwan = '2mbit'\n[[site]]\npeers = 1\nwan = '100mbit'";
    let sites = alone(text).sites;
    assert!((1.0..1.02).contains(&sites[0].figures.makespan), "{:?}", sites[0].figures);
    let of_rest = 4_194_304.0 / (18e6 / 8.0);
    assert!((of_rest * 0.99..of_rest * 1.1).contains(&sites[1].figures.makespan_s), "{:?}", sites[1].figures);
}

#[test]
fn fast_runs_approach_the_bound_as_pieces_grow_in_number() {
    let excess = |size: &str| {
        let text = format!("content.size = '{size}'\n[site]\npeers = 10\nwan = '1gbit'\nlan = '1gbit'");
        let outcome = outcome(&text, 1);
        assert_all_finish(&outcome);
        assert!(outcome.total.makespan >= 1.0, "{}", outcome.total.makespan);
        outcome.total.makespan - 1.0
    };
    let (few, many) = (excess("32MiB"), excess("256MiB"));
    assert!(many < few / 2.0 && many < 0.5, "{few} {many}");
}

#[test]
fn a_radio_cell_is_shared_by_all() {
    let text = "content.size = '8MiB'\npeer.wifi = true\n[site]\npeers = 6\ncell = '50mbit'\nwan = '100mbit'";
    let outcome = outcome(text, 1);
    assert_all_finish(&outcome);
    assert!((1.0..1.6).contains(&outcome.total.makespan), "{}", outcome.total.makespan);
}

#[test]
fn a_slow_disk_is_what_everybody_waits_for() {
    let text = "site.peers = 4\ncontent.size = '16MiB'\nsite.wan = '1gbit'\npeer.disk = '2MiB/s'";
    let outcome = outcome(text, 1);
    assert_all_finish(&outcome);
    assert!((8.0..10.0).contains(&outcome.total.makespan_s), "{}", outcome.total.makespan_s);
}

#[test]
fn a_download_limit_is_kept_by_the_scheduler() {
    let text = "site.peers = 3\ncontent.size = '16MiB'\nsite.wan = '1gbit'\npeer.download_limit = '2MiB/s'";
    let outcome = outcome(text, 1);
    assert_all_finish(&outcome);
    assert!((7.5..11.0).contains(&outcome.total.makespan_s), "{}", outcome.total.makespan_s);
}

/// Whoever asks for much at once under a limit has it crawl, and others copy what crawls: they took turns with the same
/// piece, and the origin was read 1.5 times.
#[test]
fn a_limit_that_takes_ten_seconds_for_a_piece_leaves_the_origin_read_once() {
    for (peers, seed) in [2, 10].into_iter().flat_map(|peers| (1..=5).map(move |seed| (peers, seed))) {
        let text = format!(
            "site.peers = {peers}\ncontent.size = '16MiB'\nsite.wan = '40mbit'\npeer.download_limit = '100kB/s'"
        );
        let outcome = outcome(&text, seed);
        assert_all_finish(&outcome);
        let (origin, took) = (outcome.total.traffic.origin, outcome.total.makespan_s);
        assert_eq!(origin, 16 << 20, "{peers} peers, seed {seed}");
        assert!((150.0..180.0).contains(&took), "{peers} peers, seed {seed}: {took}");
    }
}

#[test]
fn a_holder_on_the_site_spares_the_origin() {
    let outcome = outcome("content.size = '32MiB'\n[site]\npeers = 8\nholders = 1", 1);
    assert_all_finish(&outcome);
    assert_eq!(outcome.total.traffic.origin, 0);
}

/// Before the first piece is out, nobody knows how slow the line of the holder is.
#[test]
fn those_behind_a_holder_on_a_slow_line_do_not_take_it_for_silent() {
    for lan in ["12.5mbit", "10mbit"] {
        let text = format!(
            "content.size = '16MiB'\n[site]\npeers = 31\nholders = 1\nwan = '10mbit'\nlan = '{lan}'\n\
             [network]\nheaders = true\nslow_start = true"
        );
        for seed in 0..20 {
            let outcome = outcome(&text, seed);
            assert_all_finish(&outcome);
            assert_eq!(outcome.total.traffic.origin, 0, "{lan}, seed {seed}");
        }
    }
}

#[test]
fn what_somebody_waits_for_comes_before_what_can_wait() {
    let text = "site.peers = 12\n[[content]]\nsize = '16MiB'\n\
                [[content]]\nsize = '64MiB'\npriority = 'background'";
    let outcome = outcome(text, 1);
    assert_all_finish(&outcome);
    let [first, _] = &outcome.contents[..] else { panic!("two contents") };
    assert!(first.figures.makespan < 1.2, "{}", first.figures.makespan);
    assert!(outcome.total.makespan < 1.05, "{}", outcome.total.makespan);
}

/// For half a minute nobody has delivered anything, so all are strangers to each other.
#[test]
fn a_slow_line_is_no_reason_to_help_oneself() {
    let outcome = outcome("content.size = '16MiB'\nsite.peers = 20\nsite.wan = '1mbit'", 1);
    assert_all_finish(&outcome);
    assert!(outcome.total.origin < 1.1, "{:?}", outcome.total);
}
