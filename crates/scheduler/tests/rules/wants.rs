//! Who wants a part only.

use swarmline_scheduler::{Failure, GiveUp, Stage};

use crate::desk::Desk;

#[test]
fn what_is_not_wanted_is_asked_of_nobody() {
    let mut desk = Desk::wanting("ww....").peers("alice .xxxx.");
    desk.at_ms(1_500);
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
