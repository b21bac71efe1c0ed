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
