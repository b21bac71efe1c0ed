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
    let taken_back = desk.said.iter().filter(|line| line.starts_with("cancel")).count();
    assert!(desk.asks("dave") - taken_back <= 1, "{:?}", desk.said);
}

/// The holder would send it twice while nobody has the rest.
#[test]
fn what_waits_at_the_holder_and_begins_to_spread_is_taken_back() {
    let mut desk = desk();
    let asked =
        desk.said.iter().find_map(|line| line.strip_prefix("ask #")?.strip_suffix(" of dave")).unwrap();
    let piece = asked.parse().unwrap();
    desk.gets("alice", piece);
    desk.at_ms(100);
    assert!(desk.said.iter().any(|line| line.starts_with("cancel")), "{:?}", desk.said);
    assert_eq!(desk.asks("dave"), 2, "it is asked for something else: {:?}", desk.said);
}

/// Taken back and asked for in turn, it went on without end at the same moment: nasty scenarios 518 and 661.
#[test]
fn what_nobody_else_can_be_asked_for_now_is_not_taken_back_from_the_holder() {
    let mut desk = Desk::without_origin(3).peers("alice ...\n bob ...\n carol ...\n dave xxx");
    assert!(desk.delivers_next("dave") && desk.delivers_next("dave"));
    // The last one waits at dave; then alice has it too, but no time.
    let mut asked = desk.said.iter().rev();
    let last = asked.find_map(|line| line.strip_prefix("ask #")?.strip_suffix(" of dave")).unwrap();
    let last = last.parse().unwrap();
    desk.gets("alice", last);
    desk.at_ms(0);
    assert!(desk.waits_for("alice") && !desk.waits_for("dave"), "{:?}", desk.said);
    desk.rejects_all("alice");
    assert!(desk.waits_for("dave"), "nobody else has time: {:?}", desk.said);
    let asked = desk.asks("dave");
    (0..3).for_each(|_| desk.at_ms(0));
    assert_eq!(desk.asks("dave"), asked, "{:?}", desk.said);
}

/// The same with one who may be asked again, but was silent: nasty scenario 906.
#[test]
fn what_only_a_silent_one_has_as_well_is_not_taken_back_from_the_holder() {
    let mut desk =
        Desk::without_origin(20).peers(&format!("alice xx{}\n dave {}", ".".repeat(18), "x".repeat(20)));
    assert!(desk.delivers_next("alice"));
    for tenth in 1..50 {
        desk.at_ms(100 * tenth);
        if tenth % 4 == 0 {
            assert!(desk.delivers_next("dave"));
        }
    }
    // Alice is silent for five seconds, and left alone for two.
    desk.at_ms(5_100);
    let is_taken = |line: &String| ["ask #0 of dave", "ask #1 of dave"].contains(&&line[..]);
    assert!(desk.said.iter().any(is_taken), "{:?}", desk.said);
    let asked = desk.asks("dave");
    desk.at_ms(8_000);
    assert!(desk.asks("dave") <= asked + 1, "{:?}", desk.said);
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

/// Eight seconds in which dave, who has it all, rejects everything, and alice has another piece every 200 ms.
fn rejected_while_alice_gives(is_fetched_by_bob: bool) -> Desk {
    let all = "x".repeat(40);
    let mut desk =
        Desk::of(40).peers(&format!("alice {NOBODY}\n bob {NOBODY}\n carol {NOBODY}\n dave {all}"));
    for turn in 0..40 {
        desk.at_ms(200 * (u64::from(turn) + 1));
        if is_fetched_by_bob {
            desk.claims("bob", turn);
        }
        let (has, lacks) = NOBODY.split_at(turn as usize + 1);
        desk.has("alice", &format!("{}{lacks}", "x".repeat(has.len())));
        desk.rejects_all("dave");
        while desk.delivers_next("alice") {}
    }
    desk
}

#[test]
fn a_holder_that_is_busy_is_believed_while_others_bring_what_it_gives() {
    let desk = rejected_while_alice_gives(false);
    assert_eq!(desk.fetches(), [], "{:?}", desk.said);
}

/// What the site fetches from the origin is no sign that somebody else gives anything.
#[test]
fn one_that_rejects_for_ever_is_not_believed_for_what_the_origin_brings() {
    assert!(!rejected_while_alice_gives(true).fetches().is_empty());
}
