//! The rules of lane and mesh, one at a time, on one node whose peers are played by the test.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test of small numbers")]

mod desk;

use std::time::Duration;

use desk::Desk;
use proptest::prelude::*;
use swarmline_scheduler::{Config, Failure, GiveUp, Stage};
use swarmline_types::Priority;

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

#[test]
fn what_a_member_has_is_not_fetched_from_the_origin() {
    let mut desk = Desk::of(4).peers("alice xxxx");
    desk.at_ms(300);
    assert!(desk.fetches().is_empty(), "{:?}", desk.said);
    assert_eq!(desk.asks("alice"), 2);
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
fn an_answer_that_was_not_asked_for_is_asked_for_again_once() {
    let mut desk = Desk::of(1);
    desk.at_ms(250);
    desk.fails(Failure::Contradiction);
    desk.at_ms(2_000);
    assert_eq!(desk.fetches(), [0, 0], "{:?}", desk.said);
    desk.fails(Failure::Contradiction);
    desk.at_ms(60_000);
    assert_eq!(desk.fetches(), [0, 0], "{:?}", desk.said);
    assert!(desk.said.iter().any(|said| said.contains("give up")), "{:?}", desk.said);
}

#[test]
fn a_piece_that_turns_up_on_the_lan_ends_its_fetch() {
    let mut desk = Desk::of(1).peers("alice .");
    desk.at_ms(4_000);
    assert_eq!(desk.fetches(), [0]);
    desk.take();
    desk.has("alice", "x");
    let said = desk.take();
    assert!(said.contains("cancel") && said.contains("release #0"), "{said}");
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
fn an_origin_that_asks_for_a_pause_gets_it_from_everybody() {
    let mut desk = Desk::of(2).peers("alice ..");
    desk.at_ms(4_000);
    desk.take();
    desk.fails(Failure::Transient { retry_after: Some(Duration::from_secs(20)) });
    assert!(desk.take().contains("release"));
    let before = desk.fetches().len();
    desk.at_ms(23_000);
    assert_eq!(desk.fetches().len(), before, "{:?}", desk.said);
    desk.at_ms(25_000);
    assert!(desk.fetches().len() > before);
}

#[test]
fn without_ranges_there_is_one_fetch_of_everything() {
    let mut desk = Desk::of(8);
    desk.at_ms(250);
    desk.take();
    desk.fails(Failure::NoRanges);
    assert!(desk.take().contains("fetch #0-7"), "{:?}", desk.said);
}

#[test]
fn without_ranges_a_part_of_a_single_run_is_fetched_whole() {
    let mut desk = Desk::small_pieces("x..");
    desk.at_ms(0);
    assert!(desk.take().contains("fetch #1-2"), "{:?}", desk.said);
    desk.fails(Failure::NoRanges);
    assert!(desk.take().contains("fetch #0-2"), "{:?}", desk.said);
}

#[test]
fn a_rejecting_peer_is_asked_again_a_little_later() {
    let mut desk = Desk::without_origin(4).peers("alice xxxx");
    assert_eq!(desk.asks("alice"), 2);
    desk.rejects_all("alice");
    assert_eq!(desk.asks("alice"), 2, "not at once");
    desk.at_ms(200);
    assert!(desk.asks("alice") > 2);
}

#[test]
fn a_silent_peer_is_snubbed_and_another_is_asked() {
    let mut desk = Desk::without_origin(2).peers("alice xx\n bob xx");
    let before = desk.asks("bob");
    desk.gone("bob", true);
    desk.at_ms(4_900);
    desk = desk.peers("carol xx");
    desk.at_ms(5_100);
    assert!(desk.asks("carol") >= 1, "{:?}", desk.said);
    assert!(before <= 2);
}

#[test]
fn the_endgame_cancels_the_losers() {
    let mut desk = Desk::without_origin(1).peers("alice x\n bob x");
    desk.at_ms(300);
    assert_eq!(desk.asks("alice") + desk.asks("bob"), 2, "{:?}", desk.said);
    desk.take();
    desk.delivers_from_anybody(0);
    let said = desk.take();
    assert!(said.contains("cancel") && said.contains("completed"), "{said}");
}

#[test]
fn a_bad_piece_bans_its_sender() {
    let mut desk = Desk::without_origin(2).peers("alice xx");
    desk.delivers_bad("alice");
    assert!(desk.take().contains("ban alice"));
}

/// Whoever gives a piece is not told that it is here, so it would go on serving for the rest of the minute.
#[test]
fn who_completes_tells_everybody_at_once() {
    let mut desk = Desk::without_origin(1).peers("alice x");
    let before = desk.bitmaps;
    desk.delivers_from_anybody(0);
    assert_eq!(desk.bitmaps, before + 1);
}

#[test]
fn neighbours_are_not_told_what_they_have() {
    let mut desk = Desk::without_origin(2).peers("alice xx\n bob .x");
    desk.take();
    desk.delivers_from_anybody(1);
    let said = desk.take();
    assert!(!said.contains("have"), "{said}");
    desk.delivers_from_anybody(0);
    desk.at_ms(200);
    assert_eq!(desk.take().lines().find(|line| line.contains("have")), Some("have #0 to bob"));
}

#[test]
fn nobody_has_it_and_there_is_no_origin() {
    let mut desk = Desk::without_origin(2).peers("alice ..");
    desk.at_ms(9_000);
    assert_eq!(desk.stage(), Stage::Fetching);
    desk.at_ms(11_000);
    assert_eq!(desk.stage(), Stage::Failed(GiveUp::NoSource));
}

#[test]
fn an_origin_that_fails_again_and_again_is_given_up() {
    let mut desk = Desk::of(1);
    for second in 1..400 {
        desk.at_ms(second * 1000);
        while desk.has_origin_request() {
            desk.fails(Failure::Transient { retry_after: None });
        }
    }
    assert_eq!(desk.stage(), Stage::Failed(GiveUp::NoProgress));
}

#[test]
fn a_growing_claim_of_another_is_reason_to_wait() {
    let mut desk = Desk::without_origin(1).peers("alice .");
    for second in 0..30 {
        desk.at_ms(second * 1000);
        desk.claims("alice", 0);
        desk.heartbeat("alice", 0, second * 10_000);
    }
    assert_eq!(desk.stage(), Stage::Fetching);
}

#[test]
fn a_member_that_never_owns_still_helps_itself() {
    let config = Config { class: swarmline_types::CapacityClass::Never, ..Config::default() };
    let mut desk = Desk::with(4, 1, config);
    desk.at_ms(2_000);
    assert_eq!(desk.fetches().len(), 0);
    desk.at_ms(3_500);
    assert_eq!(desk.fetches().len(), 2);
}

#[test]
fn what_is_not_wanted_is_asked_of_nobody() {
    let mut desk = Desk::wanting("ww....").peers("alice .xxxx.");
    desk.at_ms(4_000);
    assert_eq!(desk.fetches(), [0], "{:?}", desk.said);
    assert_eq!(desk.asks("alice"), 1);
    desk.delivers_from_anybody(1);
    desk.take();
    desk.verifies(0, true);
    assert!(desk.take().contains("satisfied"));
    assert_eq!(desk.stage(), Stage::Satisfied);
    desk.at_ms(500_000);
    assert_eq!((desk.fetches(), desk.asks("alice")), (vec![0], 1), "{:?}", desk.said);
}

#[test]
fn a_newcomer_is_told_what_is_wanted_before_what_is_had() {
    let desk = Desk::wanting("ww..w.").peers("alice ......");
    assert_eq!(desk.said.first().map(String::as_str), Some("wants [#0-1, #4] to alice"));
    assert!(!Desk::of(3).peers("alice ...").said.iter().any(|line| line.starts_with("wants")));
}

#[test]
fn nobody_waits_for_a_member_that_does_not_want_the_run() {
    // Of 40 runs alice owns about half.
    let mut desk = Desk::of(40).peers(&format!("alice {}", ".".repeat(40)));
    desk.at_ms(250);
    let half = desk.fetches().len();
    let mut desk = Desk::of(40).peers(&format!("alice {}", ".".repeat(40)));
    desk.peer_wants("alice", &".".repeat(40));
    desk.at_ms(250);
    assert!(half < 6 && desk.fetches().len() == 6, "{half}, then {:?}", desk.said);
}

#[test]
fn wanting_more_is_told_and_begins_anew_with_all_patience() {
    let mut desk = Desk::wanting("w...").peers("alice ....");
    desk.at_ms(4_000);
    desk.verifies(0, true);
    // Longer than a content without progress may live.
    desk.at_ms(1_000_000);
    desk.take();
    desk.wants(".ww.");
    let said = desk.take();
    assert!(said.contains("wants [#0-2] to alice"), "{said}");
    assert_eq!(desk.stage(), Stage::Fetching);
    desk.at_ms(1_010_000);
    assert_eq!(desk.fetches(), [0, 1, 2], "{:?}", desk.said);
    desk.wants("ww..");
    assert!(!desk.take().contains("wants"), "nothing new");
}

#[test]
fn what_comes_unasked_counts_and_may_complete() {
    let mut desk = Desk::wanting("w.");
    desk.at_ms(250);
    desk.fails(Failure::NoRanges);
    desk.at_ms(300);
    assert!(desk.take().contains("fetch #0-1"), "{:?}", desk.said);
    desk.verifies(1, true);
    assert_eq!(desk.stage(), Stage::Fetching);
    desk.verifies(0, true);
    assert_eq!(desk.stage(), Stage::Complete);
}

#[test]
fn a_range_that_is_here_ends_the_reading_of_a_whole_origin() {
    let mut desk = Desk::wanting(".w..").peers("alice ....");
    desk.at_ms(4_000);
    desk.fails(Failure::NoRanges);
    desk.at_ms(9_000);
    desk.verifies(0, true);
    desk.take();
    desk.verifies(1, true);
    let said = desk.take();
    assert!(said.contains("cancel") && said.contains("release #0-3") && said.contains("satisfied"), "{said}");
}

#[test]
fn a_peer_needs_only_what_it_wants_and_is_here() {
    let mut desk = Desk::without_origin(3).peers("alice x..\n bob ...");
    desk.delivers_from_anybody(0);
    assert!(desk.is_needed(), "bob wants all");
    desk.peer_wants("bob", ".ww");
    assert!(!desk.is_needed(), "what bob wants is not here");
    desk.peer_wants("bob", "ww.");
    assert!(desk.is_needed());
    desk.has("bob", "x..");
    assert!(!desk.is_needed());
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
    assert_eq!(desk.fetches().len(), 2);
}

/// Of whatever a member claims, only what I want keeps hope alive.
#[test]
fn a_growing_claim_of_what_is_not_wanted_is_no_reason_to_wait() {
    let mut desk = Desk::wanting("w.").peers("alice ..");
    desk.at_ms(4_000);
    for second in 5..400 {
        desk.at_ms(second * 1000);
        while desk.has_origin_request() {
            desk.fails(Failure::Transient { retry_after: None });
        }
        desk.claims("alice", 1);
        desk.heartbeat("alice", 1, second * 1000);
    }
    assert_eq!(desk.stage(), Stage::Failed(GiveUp::NoProgress));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever peers and driver do, in whatever order: no panic, and every bound holds.
    #[test]
    fn no_sequence_of_inputs_breaks_a_bound(steps in prop::collection::vec((0u8..16, 0u8..5, 0u32..40, 0u32..4000), 1..200), seed: u64, all: bool) {
        let mut desk = if all { Desk::seeded(40, seed) } else { Desk::wanting(&"ww..w".repeat(8)) };
        for (what, who, piece, number) in steps {
            desk.anything(what, who, piece, number);
            desk.check_bounds();
        }
    }

    /// Same seed, same inputs, same actions.
    #[test]
    fn a_seed_is_a_run(steps in prop::collection::vec((0u8..16, 0u8..5, 0u32..40, 0u32..4000), 1..60), seed: u64) {
        let run = || {
            let mut desk = Desk::seeded(40, seed);
            steps.iter().for_each(|(what, who, piece, number)| desk.anything(*what, *who, *piece, *number));
            desk.said
        };
        prop_assert_eq!(run(), run());
    }
}
