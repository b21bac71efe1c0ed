//! One that holds everything while nobody else holds anything.

use crate::desk::Desk;

const NOBODY: &str = "........................................";

fn desk() -> Desk {
    let all = "x".repeat(40);
    Desk::without_origin(40).peers(&format!("alice {NOBODY}\n bob {NOBODY}\n carol {NOBODY}\n dave {all}"))
}

#[test]
fn only_my_own_runs_are_pulled_from_the_holder_one_at_a_time() {
    let mut desk = desk();
    assert_eq!(desk.asks("dave"), 1);
    // What alice does not deliver keeps me busy.
    desk.has("alice", &format!("{}xx", &NOBODY[2..]));
    let mine = (0..40).take_while(|_| desk.delivers_next("dave")).count();
    assert!((3..25).contains(&mine), "{mine} came, of which a quarter is mine");
}

#[test]
fn what_others_have_by_now_is_pulled_from_them() {
    let mut desk = desk();
    desk.has("alice", &"x.".repeat(20));
    assert!(desk.asks("alice") > 0);
    assert!(desk.asks("dave") <= 1, "{:?}", desk.said);
}

/// Whoever has nothing else to do helps itself: an owner may be slow, or not there.
#[test]
fn an_owner_that_does_not_come_holds_up_nobody() {
    let mut desk = desk();
    (0..40).for_each(|_| _ = desk.delivers_next("dave"));
    assert_eq!(desk.asks("dave"), 40);
}

/// Runs have other numbers then; a nasty simulation found the old ones in use.
#[test]
fn an_origin_without_ranges_does_not_confuse_the_turns() {
    let mut desk = desk();
    desk.claims_all("alice");
    assert!(desk.delivers_next("dave"));
    assert_eq!(desk.asks("dave"), 2);
}
