//! Who fetches which run from the origin, and when.

use std::time::Duration;

use swarmline_scheduler::{Config, Failure, Policy};
use swarmline_types::{MonoTime, Priority};

use crate::desk::Desk;

#[test]
fn a_claim_is_on_its_way_before_the_request_is() {
    let mut desk = Desk::of(4).peers("alice ....");
    desk.at_ms(250);
    let first = desk.said.iter().position(|line| line.starts_with("claim")).unwrap();
    let fetch = desk.said.iter().position(|line| line.starts_with("fetch")).unwrap();
    assert!(first < fetch, "{:?}", desk.said);
}

#[test]
fn the_first_claim_waits_for_discovery() {
    let mut desk = Desk::of(4).peers("alice ....");
    desk.at_ms(249);
    assert_eq!(desk.take(), "");
    desk.at_ms(250);
    assert!(desk.take().contains("fetch"));
}

/// Nobody waits for it, and the longer it waits the surer it is that whoever has it was heard.
#[test]
fn the_background_waits_for_discovery_until_somebody_waits_for_it() {
    let background = || {
        let config = Config { priority: Priority::Background, ..Config::default() };
        let mut desk = Desk::with(4, 1, config).peers("alice ....");
        desk.at_ms(1_999);
        assert_eq!(desk.take(), "");
        desk
    };
    let mut desk = background();
    desk.at_ms(2_000);
    assert!(desk.take().contains("fetch"));
    let mut desk = background();
    desk.reprioritise(Priority::Foreground);
    assert!(desk.take().contains("fetch"));
}

#[test]
fn a_node_owns_only_its_share() {
    let mut alone = Desk::of(6);
    alone.at_ms(250);
    assert_eq!(alone.fetches().len(), 6);
    let mut desk = Desk::of(6).peers("alice ......\n bob ......\n carol ......");
    desk.at_ms(250);
    assert!((1..6).contains(&desk.fetches().len()), "{:?}", desk.said);
}

#[test]
fn a_heartbeat_alone_keeps_others_away() {
    let mut desk = Desk::of(1).peers("alice .");
    desk.claims("alice", 0);
    // A stranger is believed for half a minute; whoever has delivered, for ever.
    for second in 1..30 {
        desk.at_ms(second * 1000);
        // Slow, but it moves.
        desk.heartbeat("alice", 0, second * 1000);
    }
    assert_eq!(desk.fetches(), Vec::<u32>::new());
}

/// If the strangers lie, one that helps itself serves the others; if the line is slow, all at once would make it slower.
#[test]
fn who_hears_strangers_only_loses_patience_in_turn() {
    let mut turns = std::collections::BTreeSet::new();
    for seed in 0..12 {
        let mut desk = Desk::seeded(1, seed).peers("alice .\n bob .");
        desk.claims("alice", 0);
        let helps_itself = (1..60).find(|second| {
            desk.at_ms(second * 1000);
            desk.heartbeat("alice", 0, second * 100_000);
            !desk.fetches().is_empty()
        });
        turns.insert(helps_itself.unwrap());
    }
    assert_eq!(turns.into_iter().collect::<Vec<_>>(), [33, 43, 53]);
}

/// How long after both could begin, with a discovery wait of so much, a node that is second of two begins with a run that
/// the first leaves, in steps of 50 ms.
fn taken_over_after_ms(priority: Priority, wait_ms: u64) -> u64 {
    let desk = |seed| Desk::with(1, seed, Config { priority, ..Config::default() }).peers("alice .");
    let is_second = |seed: &u64| {
        let mut desk = desk(*seed);
        desk.at_ms(wait_ms);
        desk.fetches().is_empty()
    };
    let mut desk = desk((0..20).find(is_second).unwrap());
    let begins = |after_ms: &u64| {
        desk.at_ms(wait_ms + after_ms);
        !desk.fetches().is_empty()
    };
    (0..10_000).step_by(50).find(begins).unwrap()
}

#[test]
fn the_background_waits_twice_as_long_as_the_foreground_before_it_takes_over() {
    assert_eq!(taken_over_after_ms(Priority::Foreground, 250), 1_000);
    assert_eq!(taken_over_after_ms(Priority::Background, 2_000), 2_000);
}

#[test]
fn a_silent_claimant_is_taken_over_after_three_seconds_and_half_a_second_a_rank() {
    let mut desk = Desk::of(1).peers("alice .");
    desk.claims("alice", 0);
    desk.at_ms(2_900);
    assert_eq!(desk.fetches(), Vec::<u32>::new());
    desk.at_ms(3_600);
    assert_eq!(desk.fetches(), [0]);
}

#[test]
fn the_claims_of_a_member_that_crashed_wait_for_nobody() {
    let mut desk = Desk::of(1).peers("alice .\n bob .");
    desk.at_ms(100);
    desk.claims("alice", 0);
    desk.gone("alice", false);
    desk.at_ms(1_200);
    assert_eq!(desk.fetches(), [0]);
}

#[test]
fn a_claim_that_stands_still_gets_one_second_copy() {
    let mut desk = Desk::of(1).peers("alice .");
    desk.claims("alice", 0);
    for second in 1..=12 {
        desk.at_ms(second * 1000);
        desk.heartbeat("alice", 0, 1000);
    }
    assert_eq!(desk.fetches(), [0]);
}

/// One connection may starve while the others of its member get on. A stranger may be a liar that claims what it likes.
#[test]
fn who_crawls_with_one_claim_keeps_its_others_if_it_has_delivered() {
    let fetched = |has_delivered: bool| {
        let mut desk = Desk::of(3).peers("alice ..x");
        if has_delivered {
            assert!(desk.delivers_next("alice"));
        }
        desk.claims("alice", 0);
        desk.claims("alice", 1);
        for second in 1..=12 {
            desk.at_ms(second * 1000);
            desk.heartbeat("alice", 0, 1000);
            desk.heartbeat("alice", 1, second * 10_000);
        }
        let mut fetched = desk.fetches();
        fetched.retain(|piece| *piece != 2);
        fetched
    };
    assert_eq!(fetched(true), [0]);
    assert_eq!(fetched(false), [0, 1]);
}

/// Whoever has delivered nothing may finish what it likes as fast as it likes.
#[test]
fn a_stranger_that_is_done_at_once_makes_nobody_else_look_slow() {
    let mut desk = Desk::of(3).peers("alice ...\n bob ...");
    desk.claims("alice", 0);
    desk.claims("alice", 1);
    for second in 1..=14 {
        desk.at_ms(second * 1000);
        desk.heartbeat("alice", 0, second * 100_000);
        desk.heartbeat("alice", 1, second * 100_000);
        desk.claims("bob", 2);
        desk.at_ms(second * 1000 + 1);
        desk.finishes("bob", 2);
    }
    assert_eq!(desk.fetches().into_iter().find(|piece| *piece < 2), None, "{:?}", desk.said);
}

#[test]
fn what_a_member_has_is_not_fetched_from_the_origin() {
    let mut desk = Desk::of(4).peers("alice xxxx");
    desk.at_ms(300);
    assert!(desk.fetches().is_empty(), "{:?}", desk.said);
    assert_eq!(desk.asks("alice"), 1);
}

#[test]
fn what_the_only_holder_takes_with_it_is_fetched_again() {
    let mut desk = Desk::of(4).peers("alice xxxx");
    desk.at_ms(300);
    desk.gone("alice", true);
    desk.at_ms(600);
    assert_eq!(desk.fetches().len(), 4, "{:?}", desk.said);
}

#[test]
fn nobody_is_late_for_what_a_peer_had_in_the_meantime() {
    // Contents of which alice is the owner: she would have claimed by then.
    let mut opened_again = 0;
    for seed in 0..20 {
        let mut desk = Desk::seeded(1, seed).peers("alice .");
        desk.at_ms(900);
        if !desk.fetches().is_empty() {
            continue;
        }
        desk.has("alice", "x");
        desk.at_ms(1_400);
        desk.has("alice", ".");
        desk.at_ms(2_200);
        assert!(desk.fetches().is_empty(), "{:?}", desk.said);
        desk.at_ms(2_500);
        assert_eq!(desk.fetches(), [0]);
        opened_again += 1;
    }
    assert!(opened_again > 0);
}

#[test]
fn a_piece_that_turns_up_on_the_lan_ends_its_fetch() {
    let mut desk = Desk::of(2).peers("alice x.");
    assert!(desk.delivers_next("alice"));
    desk.at_ms(4_000);
    assert_eq!(desk.fetches(), [1]);
    desk.take();
    desk.has("alice", "xx");
    let said = desk.take();
    assert!(said.contains("cancel") && said.contains("release #1"), "{said}");
}

#[test]
fn of_a_strangers_word_alone_nobody_stops_what_is_coming() {
    let mut desk = Desk::of(1).peers("alice .");
    desk.at_ms(4_000);
    desk.take();
    desk.has("alice", "x");
    assert!(!desk.take().contains("cancel"));
}

#[test]
fn whom_others_got_something_from_is_believed_by_those_who_have_just_begun() {
    assert!(is_left_to_bob(Duration::ZERO));
    assert!(!is_left_to_bob(Duration::from_secs(8)), "or new names could stop what is coming for ever");
}

/// Whether a fetch that begins after `delay` is left to bob, who comes a second later, has everything and gives to carol.
fn is_left_to_bob(delay: Duration) -> bool {
    let mut desk = Desk::of(3);
    desk.policy(Policy { foreground_delay: delay, ..Policy::default() });
    desk.sleeps_until(MonoTime::ZERO + delay + Duration::from_secs(4));
    assert!(!desk.fetches().is_empty());
    let mut desk = desk.peers("bob xxx\n carol ...");
    let said = desk.take();
    assert!(!said.contains("cancel"), "of a stranger's word alone nothing ends: {said}");
    desk.gets("carol", 2);
    desk.take().contains("cancel")
}

#[test]
fn a_stranger_that_is_silent_is_not_waited_for() {
    let mut desk = Desk::of(1).peers("alice x");
    desk.at_ms(2_900);
    assert!(desk.fetches().is_empty(), "{:?}", desk.said);
    desk.at_ms(4_500);
    assert_eq!(desk.fetches(), [0]);
}

#[test]
fn who_lets_others_take_on_runs_time_after_time_is_late() {
    assert!(overtaken_when_passed_over(false).iter().all(|fetches| *fetches == [3]));
}

#[test]
fn an_owner_is_not_late_for_what_was_fetched_before() {
    assert!(overtaken_when_passed_over(true).iter().all(Vec::is_empty));
}

/// What is fetched where alice takes on one run after another, but not the last, in those of some contents of which that
/// one is hers. `was_fetched`: bob had it before and left.
fn overtaken_when_passed_over(was_fetched: bool) -> Vec<Vec<u32>> {
    let mut overtaken = Vec::new();
    for seed in 0..20 {
        let config = Config { window: 1, window_adapts: false, ..Config::default() };
        let mut desk = Desk::with(4, seed, config).peers("alice ....\n bob ....");
        if was_fetched {
            desk.finishes("bob", 3);
        }
        desk.gone("bob", true);
        let claim = |desk: &mut Desk, piece| {
            desk.claims("alice", piece);
            desk.is_half_through("alice", piece);
        };
        // With three claims there is no room; between one and the next there is, for a moment.
        (0..3).for_each(|piece| claim(&mut desk, piece));
        let take_on = |desk: &mut Desk, at| {
            desk.at_ms(at);
            desk.finishes("alice", 0);
            claim(desk, 0);
        };
        [600, 900, 1_200, 1_500].into_iter().for_each(|at| take_on(&mut desk, at));
        if !desk.fetches().is_empty() {
            continue;
        }
        [1_800, 2_100, 2_400].into_iter().for_each(|at| take_on(&mut desk, at));
        overtaken.push(desk.fetches());
    }
    assert!(!overtaken.is_empty());
    overtaken
}

#[test]
fn who_was_late_is_heard_when_it_claims() {
    let mut late = 0;
    for seed in 0..20 {
        let config = Config { window: 1, window_adapts: false, ..Config::default() };
        let mut desk = Desk::with(2, seed, config).peers("alice ..");
        desk.at_ms(900);
        if !desk.fetches().is_empty() {
            continue;
        }
        desk.at_ms(1_500);
        let taken_over = desk.fetches();
        let [mine] = taken_over[..] else { panic!("{:?}", desk.said) };
        desk.claims("alice", 1 - mine);
        desk.verifies(mine, true);
        desk.at_ms(4_000);
        assert_eq!(desk.fetches(), taken_over, "{:?}", desk.said);
        late += 1;
    }
    assert!(late > 0);
}

/// All else is here, so nothing else would ever be asked of alice, and the fetch would go on however slow the origin is.
#[test]
fn a_stranger_that_has_what_is_fetched_is_asked_for_one_piece_of_it() {
    let mut desk = Desk::of(3);
    desk.at_ms(4_000);
    (0..2).for_each(|piece| desk.verifies(piece, true));
    desk.take();
    desk = desk.peers("alice xxx");
    let said = desk.take();
    assert!(
        said.contains("ask #2 of alice") && !said.contains("cancel"),
        "a stranger's word ends nothing: {said}"
    );
    assert!(desk.delivers_next("alice"));
    assert!(!desk.has_origin_request(), "{:?}", desk.said);
}

/// Not the file, what is still to come of it is nearly here or not.
#[test]
fn a_fetch_of_everything_gives_way_however_much_is_here() {
    let mut desk = Desk::of(40).peers(&format!("alice x{}", ".".repeat(39)));
    assert!(desk.delivers_next("alice"));
    desk.at_ms(250);
    desk.fails(Failure::NoRanges);
    desk.at_ms(4_000);
    (1..38).for_each(|piece| desk.verifies(piece, true));
    assert!(desk.has_origin_request());
    desk.has("alice", &"x".repeat(40));
    let said = desk.take();
    assert!(!desk.has_origin_request() && said.contains("ask #39 of alice"), "{said}");
}

#[test]
fn a_fetch_that_is_nearly_here_goes_on() {
    let mut desk = Desk::of(1);
    desk.at_ms(250);
    desk.receives(0, 3_600_000);
    desk = desk.peers("alice x");
    assert!(!desk.take().contains("cancel"));
}

#[test]
fn half_of_a_run_says_almost_and_all_of_it_done() {
    let mut desk = Desk::of(1).peers("alice .");
    desk.at_ms(4_000);
    desk.take();
    desk.receives(0, 2_000_000);
    assert_eq!(desk.take(), "");
    desk.receives(0, 2_097_152);
    assert_eq!(desk.take(), "almost #0 to alice");
    desk.verifies(0, true);
    assert!(desk.take().contains("done #0 to alice"));
}

#[test]
fn of_two_claims_the_lower_ranked_gives_way_early_on() {
    // They claimed before they met. Over many contents either ranks first about as often.
    let mut released = 0;
    for seed in 0..20 {
        let mut desk = Desk::seeded(1, seed);
        desk.at_ms(250);
        assert_eq!(desk.fetches(), [0]);
        desk = desk.peers("alice .");
        desk.take();
        desk.claims("alice", 0);
        released += u32::from(desk.take().contains("release #0"));
    }
    assert!((3..=17).contains(&released), "{released} of 20");
}

#[test]
fn a_member_that_never_owns_still_helps_itself_to_one_run_at_a_time() {
    let config = Config { class: swarmline_types::CapacityClass::Never, ..Config::default() };
    let mut desk = Desk::with(4, 1, config);
    desk.at_ms(2_000);
    assert_eq!(desk.fetches().len(), 0);
    desk.at_ms(3_500);
    assert!(!desk.fetches().is_empty());
}

#[test]
fn a_content_that_somebody_waits_for_now_helps_itself_sooner() {
    let config = Config {
        class: swarmline_types::CapacityClass::Never,
        priority: Priority::Background,
        ..Config::default()
    };
    let mut desk = Desk::with(4, 1, config);
    desk.at_ms(10_000);
    assert_eq!(desk.fetches().len(), 0);
    desk.reprioritise(Priority::Foreground);
    assert!(!desk.fetches().is_empty());
}
