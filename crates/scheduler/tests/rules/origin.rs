//! Origins that fail, ask for a pause, have no ranges or the wrong content; and when to give up.

use std::time::Duration;

use swarmline_scheduler::{Failure, GiveUp, Stage};

use crate::desk::Desk;

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

/// What is missing now is missing because it is not there, not because it is another content.
#[test]
fn an_origin_that_sent_good_pieces_since_a_bad_one_serves_the_right_content() {
    let mut desk = Desk::of(2);
    desk.at_ms(250);
    desk.verifies(0, false);
    desk.at_ms(3_000);
    desk.verifies(0, true);
    desk.fails(Failure::Fatal);
    desk.at_ms(60_000);
    assert_eq!(desk.stage(), Stage::Failed(GiveUp::NoSource), "{:?}", desk.said);
}

/// A piece of 16 KiB that came in a second does not make 20 KiB in each a crawl that is better asked for anew.
#[test]
fn the_rest_of_a_run_counts_as_what_it_is() {
    let mut desk = Desk::small_pieces(&format!("{}.{}", "x".repeat(63), ".".repeat(64)));
    desk.at_ms(1_000);
    desk.verifies(63, true);
    for second in 2..30 {
        desk.at_ms(second * 1_000);
        desk.receives(64, second * (20 << 10));
    }
    let fetches = desk.said.iter().filter(|said| said.starts_with("fetch")).collect::<Vec<_>>();
    assert_eq!(fetches, ["fetch #63", "fetch #64-127"]);
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

/// Everybody drops what he fetches then, so nobody can have a piece soon.
#[test]
fn whose_patience_was_nearly_over_waits_anew_where_there_are_no_ranges() {
    for seed in 0..8 {
        let mut desk = Desk::seeded(2, seed).peers("alice ..\n bob ..");
        (0..2).for_each(|piece| desk.claims("alice", piece));
        for second in 1..33 {
            desk.at_ms(second * 1000);
            (0..2).for_each(|piece| desk.heartbeat("alice", piece, second * 10_000));
        }
        assert!(!desk.has_origin_request(), "{:?}", desk.said);
        desk.claims_all("bob");
        let helps_itself = (33..100).find(|second| {
            desk.at_ms(second * 1000);
            desk.heartbeat_of_all("bob", second * 10_000);
            desk.has_origin_request()
        });
        assert!(helps_itself.is_some_and(|second| second >= 65), "{seed}: {helps_itself:?}");
    }
}

/// One word of a liar would have everybody drop what they fetch, and one of them fetch everything from the beginning.
#[test]
fn who_has_fetched_a_part_believes_nobody_that_there_are_no_ranges() {
    let desk = |has_part: bool| {
        let mut desk = Desk::of(8).peers("alice ........");
        desk.at_ms(250);
        if has_part {
            let first = desk.fetches()[0];
            desk.verifies(first, true);
        }
        desk.take();
        desk.claims_all("alice");
        desk.take()
    };
    assert!(desk(false).contains("cancel"), "who knows nothing better believes it");
    assert!(!desk(true).contains("cancel"));
}

#[test]
fn who_finds_out_that_there_are_no_ranges_any_more_believes_itself() {
    let mut desk = Desk::of(8);
    desk.at_ms(250);
    desk.verifies(0, true);
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

/// With an origin it would be fetched there.
#[test]
fn who_lacks_what_its_peers_lack_looks_for_others_and_no_longer_than_that() {
    let mut desk = Desk::without_origin(2).peers("alice ..");
    desk.at_ms(900);
    assert!(!desk.is_stranded, "they may have just come");
    desk.at_ms(1_100);
    assert!(desk.is_stranded);
    desk.gets("alice", 0);
    assert!(!desk.is_stranded);
    assert!(desk.delivers_next("alice"));
    desk.at_ms(2_200);
    assert!(desk.is_stranded, "piece 1 is lacking");
    let mut desk = Desk::of(2).peers("alice ..");
    desk.at_ms(5_000);
    assert!(!desk.is_stranded);
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
