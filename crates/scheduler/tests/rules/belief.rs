//! How far a peer's word is believed that does not give what it says it has.

use std::time::Duration;

use swarmline_scheduler::Policy;
use swarmline_types::MonoTime;

use crate::desk::Desk;

/// Alice is silent, and nobody knows yet that all take long; then bob takes 3.5 s. The origin may be asked from 10 s on.
#[test]
fn who_was_late_before_all_were_known_to_be_is_seen_in_another_light() {
    let mut desk = Desk::of(3).peers("alice x..");
    let foreground_delay = Duration::from_secs(10);
    desk.policy(Policy { foreground_delay, ..Policy::default() });
    desk.at_ms(3_000);
    desk = desk.peers("bob .x.");
    desk.at_ms(6_500);
    assert!(desk.delivers_next("bob"));
    desk.at_ms(16_000);
    assert_eq!(desk.fetches(), [2], "{:?}", desk.said);
    desk.at_ms(60_000);
    assert_eq!(desk.fetches(), [0, 2], "not for ever");
}

/// Bob takes so long that a time-out takes longer than one is remembered, and alice never answers. She was forgiven
/// each, and the only piece that was missing was kept from the origin for ever.
#[test]
fn who_is_silent_for_longer_than_a_time_out_is_remembered_is_doubted_in_the_end() {
    let mut desk = Desk::of(6).peers("bob ......");
    let foreground_delay = Duration::from_secs(95);
    desk.policy(Policy { foreground_delay, ..Policy::default() });
    let mut now_ms = 0;
    // Each just before it would be too late: three times the mean until then.
    for (piece, takes_ms) in (1..).zip([4_900, 14_600, 18_200, 22_000, 26_000]) {
        desk.gets("bob", piece);
        now_ms += takes_ms;
        desk.at_ms(now_ms);
        assert!(desk.delivers_next("bob"), "{piece}");
    }
    desk = desk.peers("alice x.....");
    desk.at_ms(220_000);
    assert_eq!(desk.fetches(), [], "{:?}", desk.said);
    desk.at_ms(260_000);
    assert_eq!(desk.fetches(), [0], "{:?}", desk.said);
}

/// Alice has it all and rejects me, bob only lacks time. Every second bob has got another piece.
fn rejected_while_bob_gets(is_bobs_own_fetch: bool) -> Desk {
    let mut desk = Desk::of(40).peers(&format!("alice {}\n bob x{}", "x".repeat(40), ".".repeat(39)));
    while !desk.delivers_next("bob") {
        desk.rejects_all("alice");
        desk.at_ms(100);
    }
    for second in 1..30 {
        if is_bobs_own_fetch {
            desk.claims("bob", second);
        }
        desk.gets("bob", second);
        for tenth in 0..10 {
            desk.at_ms(1000 * u64::from(second) + 100 * tenth);
            desk.rejects_all("alice");
            desk.rejects_all("bob");
        }
    }
    desk
}

#[test]
fn who_is_seen_to_give_to_others_is_believed_though_it_rejects_me() {
    let desk = rejected_while_bob_gets(false);
    assert_eq!(desk.fetches(), [], "{:?}", desk.said);
}

#[test]
fn what_others_fetch_from_the_origin_is_no_sign_that_somebody_gives() {
    assert!(!rejected_while_bob_gets(true).fetches().is_empty());
}

/// Alice and carol have it all and are silent, so all is fetched. Carol leaves, and only alice is left of whom bob could
/// have got what he tells of.
#[test]
fn of_what_one_had_who_just_left_nobody_else_is_seen_to_give() {
    let left_to_alice = |told_after_ms: u64| {
        let mut desk = Desk::of(8).peers("alice xxxxxxxx\n bob x.......\n carol xxxxxxxx");
        while !desk.delivers_next("bob") {
            desk.at_ms(100);
        }
        desk.at_ms(4_600);
        assert!(desk.has_origin_request(), "{:?}", desk.said);
        desk.gone("carol", true);
        desk.at_ms(4_600 + told_after_ms);
        let fetched = desk.fetches();
        desk.take();
        desk.gets("bob", (1..8).find(|piece| !fetched.contains(piece)).unwrap());
        desk.take().contains("release")
    };
    assert!(!left_to_alice(1_900), "carol may have given it");
    assert!(left_to_alice(2_100));
}

/// Alice does nothing but reject. While nobody has given anything she may just have much to do for a line that is slow.
#[test]
fn who_rejects_is_waited_for_a_little_longer_while_nothing_has_come() {
    let fetched = |has_something_come: bool, by_ms: u64| {
        let mut desk = Desk::of(8).peers("alice .xxxxxxx\n bob x.......");
        let mut has_come = !has_something_come;
        for at_ms in (0..by_ms).step_by(100) {
            desk.rejects_all("alice");
            has_come = has_come || desk.delivers_next("bob");
            desk.at_ms(at_ms);
        }
        desk.fetches().iter().any(|piece| *piece != 0)
    };
    assert!(!fetched(true, 4_500) && fetched(true, 8_000));
    assert!(!fetched(false, 7_500) && fetched(false, 12_000));
}

/// Alice may be busy with bob, of whom nothing is known either; but not for ever.
#[test]
fn who_a_stranger_says_to_have_something_from_may_be_silent_for_longer() {
    let fetched = |is_vouched_for: bool, by_ms: u64| {
        let mut desk = Desk::of(8).peers("alice xxxxxxxx\n bob ........");
        desk.at_ms(500);
        if is_vouched_for {
            desk.gets("bob", 3);
        }
        desk.at_ms(by_ms);
        !desk.fetches().is_empty()
    };
    assert!(fetched(false, 4_000) && !fetched(true, 4_000) && !fetched(true, 9_000));
    assert!(fetched(true, 16_000));
}

/// Both say that they have the piece, one after another, and neither sends it.
#[test]
fn two_liars_in_a_row_do_not_stall_a_piece() {
    for second_at in [0, 1_000, 2_500, 6_000] {
        let mut desk = Desk::of(1).peers("alice x\n bob .");
        desk.at_ms(second_at);
        desk.has("bob", "x");
        desk.at_ms(second_at + 9_000);
        assert_eq!(desk.fetches(), [0], "the second one at {second_at} ms: {:?}", desk.said);
    }
}

/// The same with wrong bytes: whoever sends them is gone at once, and the piece is somebody else's.
#[test]
fn two_that_corrupt_a_piece_one_after_another_do_not_stall_it() {
    let mut desk = Desk::of(1).peers("alice x\n bob x");
    for _ in 0..2 {
        let liar = if desk.waits_for("alice") { "alice" } else { "bob" };
        desk.delivers_bad(liar);
    }
    assert!(["ban alice", "ban bob"].iter().all(|ban| desk.said.iter().any(|line| line == ban)));
    desk.at_ms(1_000);
    assert_eq!(desk.fetches(), [0], "{:?}", desk.said);
}

/// Nobody else is there, so only the node's own timers wake it.
#[test]
fn who_is_silent_is_asked_again_after_its_pause_though_nothing_else_happens() {
    let mut desk = Desk::of(8).peers("alice xxxxxxxx");
    assert!(desk.delivers_next("alice"));
    desk.sleeps_until(MonoTime::from_millis(4_900));
    let asked = desk.asks("alice");
    desk.sleeps_until(MonoTime::from_millis(9_000));
    assert!(desk.asks("alice") > asked, "{:?}", desk.said);
}

/// They have the same pieces; both are asked at once, each for another one.
#[test]
fn two_that_were_silent_are_tried_at_the_same_time() {
    let mut desk = Desk::without_origin(8).peers("alice xxxxxxxx\n bob xxxxxxxx");
    desk.sleeps_until(MonoTime::from_millis(5_500));
    assert!(!desk.waits_for("alice") && !desk.waits_for("bob"), "{:?}", desk.said);
    desk.sleeps_until(MonoTime::from_millis(8_000));
    assert!(desk.waits_for("alice") && desk.waits_for("bob"), "{:?}", desk.said);
}
