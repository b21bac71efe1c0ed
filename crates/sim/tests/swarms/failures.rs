//! What breaks schedulers of other kinds, case by case: the table "What goes wrong" of docs/algorithm.md.
//!
//! Each case is small enough for every run of the tests, so its bounds are wider than those of `simulations/targets/`,
//! where the same cases are held to what is possible.

use swarmline_sim::Outcome;

use crate::{assert_all_finish, outcome};

/// 32 want 64 MiB, over a line of 20 Mbit/s if the case says nothing else.
fn office(case: &str) -> Outcome {
    outcome(&format!("content.size = '64MiB'\nsite.peers = 32\n{case}"), 1)
}

/// The case of such an office: time and the origin's bytes are at most so many times what is possible.
fn hold(case: &str, makespan_max: f64, origin_max: f64) -> Outcome {
    let outcome = office(case);
    assert_kept(&outcome, makespan_max, origin_max);
    outcome
}

fn assert_kept(outcome: &Outcome, makespan_max: f64, origin_max: f64) {
    assert_all_finish(outcome);
    let total = &outcome.total;
    assert!(total.makespan <= makespan_max, "{} s are {} x the bound", total.makespan_s, total.makespan);
    assert!(total.origin <= origin_max, "the origin sent {} x the file", total.origin);
}

#[test]
fn a_line_that_is_slow_for_all_makes_nobody_take_over() {
    // Each of the six fetches at a time takes 25 s: far longer than anybody waits for a claim.
    let outcome = outcome("content.size = '32MiB'\nsite = { peers = 32, wan = '2mbit' }", 1);
    assert_kept(&outcome, 1.05, 1.02);
    assert_eq!(outcome.total.messages.fetches_take_over, 0, "{:?}", outcome.total.messages);
}

#[test]
fn a_line_so_slow_that_patience_ends_before_the_first_piece_is_read_about_once() {
    // Six at a time take 100 s, and after 90 s the last has helped itself.
    let outcome = outcome("content.size = '32MiB'\nsite = { peers = 30, wan = '500kbit' }", 1);
    assert_kept(&outcome, 1.10, 1.10);
    assert!(outcome.total.messages.fetches_alone > 0, "{:?}", outcome.total.messages);
}

#[test]
fn messages_that_are_lost_cost_little() {
    hold("network.lane_loss = 0.1", 1.10, 1.08);
}

#[test]
fn messages_that_are_late_by_a_second_cost_little() {
    hold("network.delay = '0s..1s'", 1.18, 1.05);
}

/// It is the delay that costs, not the loss: words that are passed on are late at each hop, and many a run is begun before it
/// is known that somebody else fetches it. The smaller the file, the more that is of it. Three seeds of 256 MiB take 1.21 to
/// 1.26 times as long as they could and read the origin 1.11 to 1.16 times; of 64 MiB, 1.42 to 1.53, and 1.19 to 1.28. With
/// lost messages alone 64 MiB take 1.02 and are read once.
#[test]
fn messages_that_are_lost_and_late_cost_a_large_site_some_runs() {
    let hold = |size: &str, makespan_max, origin_max| {
        let network = "network = { lane_loss = 0.1, delay = '0s..1s' }";
        let case = format!("content.size = '{size}'\nsite.peers = 100\n{network}");
        assert_kept(&outcome(&case, 1), makespan_max, origin_max);
    };
    hold("256MiB", 1.32, 1.20);
    hold("64MiB", 1.60, 1.35);
}

#[test]
fn owners_that_crash_stop_nobody() {
    hold("group = { share = 0.3, ends = '0%..100%' }", 1.08, 1.06);
}

#[test]
fn owners_whose_power_goes_stop_nobody() {
    hold("group = { share = 0.3, ends = '0%..100%', ending = 'vanish' }", 1.15, 1.08);
}

#[test]
fn what_the_only_holder_takes_with_it_is_fetched_again() {
    // Half of them go, and with them what nobody else had.
    hold("group = { share = 0.5, ends = '0%..100%' }", 1.10, 1.06);
}

#[test]
fn a_claim_ends_with_its_owner() {
    // Six claims at a time, and everybody but two goes while they stand.
    hold("group = { count = 30, ends = '3s..20s', ending = 'leave' }", 1.22, 1.21);
}

#[test]
fn slow_senders_hold_up_nobody() {
    hold("group = { share = 0.3, up = '10mbit', class = 'slow' }", 1.05, 1.01);
}

/// Which of them the others meet first is chance: single seeds are between 1.05 and 1.21.
#[test]
fn slow_senders_that_nobody_knows_of_hold_up_nobody() {
    let case = "
        content.size = '64MiB'
        site.peers = 32
        group = { share = 0.3, up = '10mbit' }";
    let outcomes: Vec<_> = (1..=6).map(|seed| outcome(case, seed)).collect();
    // Three pieces of 64 twice at most.
    outcomes.iter().for_each(|outcome| assert_kept(outcome, 1.25, 1.05));
    let mean = outcomes.iter().map(|outcome| outcome.total.makespan).sum::<f64>() / 6.0;
    assert!(mean <= 1.11, "{mean} x the bound");
}

/// Whoever is sent to receives from others as well: one answer at a time left lines idle (1.7 times the bound).
#[test]
fn where_all_lines_are_equally_slow_none_is_idle() {
    let case = "
        content.size = '128MiB'
        site = { peers = 16, wan = '25mbit', lan = '25mbit' }";
    assert_kept(&outcome(case, 1), 1.4, 1.05);
}

/// Nasty scenario 4969: a limit was not taken for a slow line, and each piece was sent to everybody.
#[test]
fn what_only_a_limited_sender_has_leaves_it_about_once() {
    let case = "
        content = { size = '6MiB', piece = '64KiB' }
        site.peers = 6
        origin.exists = false
        group = { count = 1, has = 1, upload_limit = '1mbit' }";
    let outcome = outcome(case, 1);
    assert_all_finish(&outcome);
    let once_s = f64::from(6 << 20) * 8.0 / 1e6;
    assert!(outcome.total.makespan_s <= 1.1 * once_s, "{}", outcome.total.makespan_s);
}

#[test]
fn a_full_radio_cell_is_not_filled_with_duplicates() {
    let outcome = hold("site.cell = '100mbit'\npeer.wifi = true", 1.05, 1.01);
    assert!(outcome.total.duplicate <= 0.02, "{}", outcome.total.duplicate);
}

#[test]
fn peers_that_send_wrong_bytes_waste_one_piece_for_each_pair() {
    let outcome = hold("group = { share = 0.1, behaviour = 'corrupts' }", 1.05, 1.01);
    let pairs = u64::from(outcome.total.peers) * 3;
    assert!(outcome.total.traffic.bad <= pairs << 20, "{:?}", outcome.total.traffic);
}

#[test]
fn peers_that_never_answer_hold_up_nobody() {
    hold("group = { share = 0.1, behaviour = 'stalls' }", 1.15, 1.01);
}

/// In a site where words are passed on, these pass on nothing. Whoever had only such links heard of nobody and fetched what
/// the rest did: 1.3 times the file.
#[test]
fn members_that_pass_nothing_on_make_nobody_deaf() {
    let case = "
        content.size = '128MiB'
        site.peers = 100
        group = { share = 0.1, behaviour = 'stalls' }";
    for seed in 1..=2 {
        assert_kept(&outcome(case, seed), 1.04, 1.01);
    }
}

/// As many as a node remembers, and again as many each two seconds: waiting for them costs some seconds at the start, 1.31 in
/// the mean of 40 seeds, and the origin is read 1.005 times, 1.06 at most. When those who were left out for them came only after
/// all of them, it was read 1.08 to 1.35 times.
#[test]
fn members_that_are_not_there_leave_nobody_out() {
    let case = "
        content.size = '64MiB'
        site.peers = 60
        group = { count = 1, behaviour = 'invents' }";
    for seed in 1..=2 {
        assert_kept(&outcome(case, seed), 1.5, 1.07);
    }
}

/// Nasty scenario 4578: whoever has a slow line asks for two pieces at a time, and waits long for each. Those who never
/// answer had both places, one after another, until there was no progress for five minutes.
#[test]
fn peers_that_never_answer_do_not_have_the_places_of_a_slow_line() {
    let case = "
        content = { size = '18MiB', piece = '256KiB' }
        site = { peers = 18, holders = 1, lan = '100mbit' }
        [[group]]
        count = 4
        down = '2mbit'
        arrives = '10s'
        [[group]]
        count = 12
        behaviour = 'stalls'";
    for seed in 1..=3 {
        assert_kept(&outcome(case, seed), 1.6, 0.02);
    }
}

#[test]
fn all_troubles_at_once_cost_little() {
    let case = "
        [[group]]
        share = 0.2
        ends = '10%..90%'
        ending = 'leave'
        [[group]]
        share = 0.2
        up = '10mbit'
        class = 'slow'
        [[group]]
        share = 0.1
        behaviour = 'corrupts'
        [[group]]
        share = 0.05
        behaviour = 'stalls'";
    hold(case, 1.20, 1.06);
}

#[test]
fn members_that_see_different_members_fetch_little_twice() {
    hold("network.unknown = 0.1\nnetwork.unknown_for = '1h'", 1.08, 1.05);
}

#[test]
fn who_comes_later_finds_those_who_linger() {
    hold("arrive = { how = 'poisson', over = '5m' }\npeer.linger = '60s'", 1.02, 1.02);
}

#[test]
fn nobody_chases_the_newest_piece() {
    // Line and LAN are alike, and all want each piece as soon as it is here.
    let outcome = hold("site.wan = '200mbit'\nsite.lan = '200mbit'", 1.5, 1.01);
    let rejects = outcome.total.per_peer_and_piece(outcome.total.messages.rejects, 64);
    assert!(rejects < 1.0, "{rejects} a peer and piece");
}

#[test]
fn the_line_is_never_idle_between_two_fetches() {
    hold("site.wan_latency = '100ms'", 1.03, 1.01);
}

#[test]
fn a_holder_on_the_site_is_a_source_and_no_bottle_neck() {
    let outcome = office("site.holders = 1\nsite.lan = '200mbit'");
    assert_all_finish(&outcome);
    // Eight seeds are between 1.34 and 1.43, and the holder sends between 1.14 and 1.26 copies.
    assert!(outcome.total.makespan <= 1.5, "{}", outcome.total.makespan);
    let holder = outcome.completions.peers.iter().find(|peer| peer.group == "holder").unwrap();
    let copies = holder.sent as f64 / f64::from(64 << 20);
    assert!(copies <= 1.3, "the holder sent {copies} copies");
}

#[test]
fn who_is_not_connected_with_the_only_holder_leaves_the_origin_alone() {
    let outcome = outcome("content.size = '64MiB'\nsite = { peers = 79, holders = 1 }", 1);
    // Who meets its first peer as the discovery wait ends may have begun with a request before it hears of the holder.
    assert_kept(&outcome, 2.0, 0.002);
}

#[test]
fn an_overloaded_origin_is_left_alone_by_the_whole_site() {
    let outage = "outage = { from = '5s', until = '15s', retry_after = '5s' }";
    let outcome = hold(outage, 1.40, 1.01);
    let fetches = outcome.total.messages.fetches;
    // Twice what the site may have under way, two more than the window of six: if each of the 32 tried for itself, once
    // would be too often.
    assert!(fetches <= 64 + 2 * 8, "{fetches} requests for 64 runs");
}

/// Nasty scenarios 1179, 2120 and 2177: one that comes late and lacks little has it all under way before it meets
/// anybody, and asks nobody. A fetch is given up only for peers that have delivered, so it took what the connection
/// took.
#[test]
fn what_neighbours_have_is_not_waited_for_on_a_connection_that_starves() {
    let case = "
        content.size = '8MiB'
        site = { peers = 4, caches = 1 }
        arrive.over = '1s'
        outage = { from = '6s', until = '20s', answer = 'starves' }
        network.discover = '3s'
        [[group]]
        count = 1
        has = 0.9
        arrives = '6s'";
    for seed in 1..=3 {
        let outcome = outcome(case, seed);
        assert_all_finish(&outcome);
        assert!(outcome.total.makespan_s <= 12.0, "{seed}: {} s", outcome.total.makespan_s);
    }
}

#[test]
fn an_origin_without_ranges_is_read_once() {
    hold("origin.ranges = false", 1.05, 1.01);
}

#[test]
fn another_file_at_the_origin_is_never_mixed_in() {
    let outcome = office("outage = { from = '5s', answer = 'changed' }");
    assert_eq!(outcome.total.finished, 0, "half of the old file is no file: {:?}", outcome.total);
    assert_eq!(outcome.total.gave_up, 32);
}

#[test]
fn two_halves_of_a_site_each_complete() {
    let partition = "partition = { from = '2s', until = '1h' }";
    let outcome = hold(partition, 2.05, 2.03);
    assert!(outcome.total.origin > 1.2, "they were apart: {}", outcome.total.origin);
}

#[test]
fn a_site_that_is_one_again_fetches_nothing_twice_from_then_on() {
    hold("partition = { from = '2s', until = '10s' }", 1.15, 1.12);
}
