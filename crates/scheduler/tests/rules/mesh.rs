//! Which piece is asked of whom, and who is told.

use crate::desk::Desk;

#[test]
fn a_rejecting_peer_is_asked_again_a_little_later() {
    let mut desk = Desk::without_origin(4).peers("alice xxxx");
    assert_eq!(desk.asks("alice"), 1);
    desk.rejects_all("alice");
    assert_eq!(desk.asks("alice"), 1, "not at once");
    desk.at_ms(200);
    assert_eq!(desk.asks("alice"), 2);
}

/// Four that are silent cost as much time as one.
#[test]
fn of_a_stranger_one_piece_is_asked_and_two_once_it_has_delivered() {
    let mut desk = Desk::without_origin(8);
    for name in ["alice", "bob", "carol", "dave"] {
        desk = desk.peers(&format!("{name} xxxxxxxx"));
        assert_eq!(desk.asks(name), 1);
    }
    assert!(desk.delivers_next("alice"));
    assert_eq!(desk.asks("alice"), 3);
}

/// A reject soon after the first pieces, which took so long: when is that peer asked again?
fn asked_again_after_ms(took_ms: u64) -> u64 {
    let mut desk = Desk::without_origin(8).peers("alice xxxxxxxx");
    desk.at_ms(took_ms);
    assert!(desk.delivers_next("alice"));
    desk.rejects_all("alice");
    let before = desk.asks("alice");
    let mut waited = 0;
    while desk.asks("alice") == before {
        waited += 10;
        desk.at_ms(took_ms + waited);
    }
    waited
}

#[test]
fn where_requests_take_long_a_reject_is_respected_for_longer() {
    assert!(asked_again_after_ms(30) <= 110);
    assert!((300..=770).contains(&asked_again_after_ms(900)));
    assert!(asked_again_after_ms(3_000) >= 3_000, "the LAN is full");
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

/// Where the LAN is full, one time-out of somebody who has delivered is no reason to read its pieces at the origin.
#[test]
fn a_time_out_of_a_proven_peer_opens_nothing_and_two_do() {
    let mut desk = Desk::of(3).peers("alice xxx");
    assert!(desk.delivers_next("alice"));
    desk.at_ms(8_000);
    assert!(desk.fetches().is_empty(), "{:?}", desk.said);
    desk.at_ms(20_000);
    assert!(!desk.fetches().is_empty(), "{:?}", desk.said);
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
fn the_endgame_asks_whoever_has_the_piece_later() {
    let mut desk = Desk::without_origin(1).peers("alice x\n bob .");
    desk.at_ms(1_000);
    desk.has("bob", "x");
    assert_eq!(desk.asks("bob"), 1, "{:?}", desk.said);
}

#[test]
fn what_is_asked_of_silent_strangers_is_asked_of_another() {
    let mut desk = Desk::without_origin(1).peers("alice x\n bob x");
    desk.at_ms(3_500);
    desk = desk.peers("carol x");
    assert_eq!(desk.asks("carol"), 1, "{:?}", desk.said);
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

/// Its line may be needed for what only it has.
#[test]
fn what_a_fast_peer_has_is_not_asked_of_a_slow_one() {
    let mut desk = Desk::without_origin(6).peers("alice xx....\n bob ..xx..");
    desk.at_ms(20);
    assert!(desk.delivers_next("bob") && desk.delivers_next("bob"));
    desk.at_ms(4_000);
    assert!(desk.delivers_next("alice"));
    desk.take();
    desk = desk.peers("bob xxxxxx\n alice xxxxxx");
    let said = desk.take();
    assert!(said.contains("bob") && !said.contains("alice"), "{said}");
}

/// Bob takes four seconds and a half, so that a stranger may time out several times before it is doubted; it would have a slot for
/// twelve seconds each time, and on a slow line there are two.
#[test]
fn who_let_a_request_time_out_is_not_asked_for_what_another_has() {
    let mut desk = Desk::without_origin(4).peers("alice xx..\n bob ..xx");
    desk.at_ms(4_500);
    while desk.delivers_next("bob") {}
    desk.at_ms(13_000);
    let before = desk.asks("alice");
    desk.has("bob", "xxxx");
    // Alice is snubbed no longer, and owes less than bob.
    desk.at_ms(15_000);
    while desk.delivers_next("bob") {}
    assert_eq!(desk.asks("alice"), before, "{:?}", desk.said);
    assert!(desk.stage().is_satisfied(), "{:?}", desk.said);
}

/// Alice took 400 ms for her piece, bob 10 ms. Three times both are free and have the next.
#[test]
fn of_two_that_are_free_the_one_that_answers_sooner_is_asked() {
    let mut desk = Desk::without_origin(5).peers("alice x....\n bob .x...");
    desk.at_ms(10);
    desk.delivers_from_anybody(1);
    desk.at_ms(400);
    desk.delivers_from_anybody(0);
    for next in 2..5 {
        let had = "x".repeat(next);
        desk.has("alice", &format!("{had}x{}", ".".repeat(4 - next)));
        desk.rejects_all("alice");
        desk.has("bob", &format!("{had}x{}", ".".repeat(4 - next)));
        desk.rejects_all("bob");
        let before = desk.asks("bob");
        desk.at_ms(400 + 1000 * next as u64);
        assert_eq!(desk.asks("bob"), before + 1, "{:?}", desk.said);
        desk.at_ms(410 + 1000 * next as u64);
        desk.delivers_from_anybody(next as u32);
    }
}

/// One piece each `gap_ms`, twelve in all; whether bob was told of the last within 30 ms.
fn is_told_soon(gap_ms: u64) -> bool {
    let mut desk =
        Desk::without_origin(20).peers(&format!("alice {}\n bob {}", "x".repeat(20), ".".repeat(20)));
    for turn in 1..=12 {
        desk.at_ms(gap_ms * turn);
        desk.take();
        assert!(desk.delivers_next("alice"));
    }
    desk.at_ms(gap_ms * 12 + 30);
    desk.take().contains("have")
}

#[test]
fn pieces_that_come_fast_are_told_sooner() {
    assert!(is_told_soon(15));
    assert!(!is_told_soon(60));
}

const OTHERS: &str = "bob carol dave erin frank grace heidi";

/// Alice gets one piece more each `gap_ms`, of twenty, and gives it within ten: the last of twelve has just come from her.
/// Seven others have none.
fn after_twelve(gap_ms: u64) -> Desk {
    after(12, gap_ms, Desk::without_origin(20))
}

fn after(turns: u32, gap_ms: u64, desk: Desk) -> Desk {
    let nothing = ".".repeat(20);
    let peers =
        format!("alice {OTHERS}").split(' ').map(|name| format!("{name} {nothing}\n")).collect::<String>();
    let mut desk = desk.peers(&peers);
    (0..turns).for_each(|turn| next_comes(&mut desk, turn, gap_ms));
    desk
}

fn next_comes(desk: &mut Desk, turn: u32, gap_ms: u64) {
    desk.at_ms(gap_ms * u64::from(turn + 1));
    desk.gets("alice", turn);
    desk.at_ms(gap_ms * u64::from(turn + 1) + 10);
    desk.take();
    assert!(desk.delivers_next("alice"));
}

/// Whether a piece is told that comes 30 ms after the last batch, when alice and so many others have it.
fn is_told_between_batches(others: usize, desk: Desk) -> bool {
    let mut desk = after(1, 30, desk);
    desk.at_ms(60);
    desk.gets("alice", 1);
    OTHERS.split(' ').take(others).for_each(|name| desk.gets(name, 1));
    desk.at_ms(70);
    desk.take();
    assert!(desk.delivers_next("alice"));
    told_of(&mut desk, 1) > 0
}

#[test]
fn what_few_have_is_told_at_once() {
    assert!(is_told_between_batches(2, Desk::without_origin_of_mib(20)));
    assert!(!is_told_between_batches(3, Desk::without_origin_of_mib(20)));
}

#[test]
fn less_than_a_run_of_what_few_have_waits_for_the_batch() {
    assert!(!is_told_between_batches(0, Desk::without_origin_of(20, 1 << 16)));
}

/// How many were told of a piece since the last time.
fn told_of(desk: &mut Desk, piece: u32) -> usize {
    let said = desk.take();
    OTHERS.split(' ').filter(|name| said.contains(&format!("have #{piece} to {name}"))).count()
}

#[test]
fn where_the_lan_has_time_to_spare_a_few_neighbours_are_told_at_a_time() {
    let mut desk = after_twelve(400);
    assert_eq!(told_of(&mut desk, 11), 4);
    desk.at_ms(4_950);
    assert_eq!(told_of(&mut desk, 11), 3, "the others a batch later");
    desk.at_ms(30_000);
    assert_eq!(told_of(&mut desk, 11), 0);
}

/// A piece each 25 ms, of which it takes ten to come.
#[test]
fn where_the_lan_has_no_time_to_spare_all_neighbours_are_told_at_once() {
    let mut desk = after_twelve(25);
    desk.at_ms(25 * 12 + 40);
    assert_eq!(told_of(&mut desk, 11), 7);
}

#[test]
fn where_pieces_come_fast_who_owes_much_tells_fewer_and_always_one() {
    for (owed_mib, told) in [(0, 7), (1, 5), (4, 2), (5, 1), (6, 1), (12, 1)] {
        let mut desk = after(12, 25, Desk::without_origin_of_mib(20));
        desk.surroundings.owed_mib = owed_mib;
        next_comes(&mut desk, 12, 25);
        assert_eq!(told_of(&mut desk, 12), told, "{owed_mib}");
    }
}

/// As long as it is not known how fast they come.
#[test]
fn the_first_pieces_are_told_to_all_whatever_is_owed() {
    let mut desk = after(3, 150, Desk::without_origin(20));
    desk.surroundings.owed_mib = 6;
    next_comes(&mut desk, 3, 150);
    assert_eq!(told_of(&mut desk, 3), 7);
}

#[test]
fn what_was_told_to_few_is_told_to_others_as_soon_as_nothing_is_owed() {
    let mut desk = after(12, 25, Desk::without_origin_of_mib(20));
    desk.surroundings.owed_mib = 5;
    next_comes(&mut desk, 12, 25);
    assert_eq!(told_of(&mut desk, 12), 1);
    desk.surroundings.owed_mib = 0;
    desk.at_ms(25 * 13 + 40);
    assert_eq!(told_of(&mut desk, 12), 6);
}

/// Of 52 MiB that are here.
#[test]
fn who_has_given_more_than_it_got_tells_fewer() {
    for (given_mib, told) in [(0, 4), (60, 4), (70, 2), (90, 1)] {
        let mut desk = after_twelve(400);
        desk.surroundings.given_mib = given_mib;
        next_comes(&mut desk, 12, 400);
        assert_eq!(told_of(&mut desk, 12), told, "{given_mib}");
    }
}

#[test]
fn who_said_what_it_has_in_the_meantime_is_not_told() {
    let mut desk = after_twelve(400);
    told_of(&mut desk, 11);
    OTHERS.split(' ').for_each(|name| desk.gets(name, 11));
    desk.at_ms(4_950);
    assert_eq!(told_of(&mut desk, 11), 0);
}

/// What is on its way to a slow line comes, wanted or not, and what is asked for anew comes behind it: nasty scenario 5624.
#[test]
fn where_more_times_out_than_comes_half_as_much_is_asked_for() {
    let all = "x".repeat(300);
    let mut desk = Desk::small_pieces(&".".repeat(300)).peers(&format!("alice {all}\n bob {all}"));
    assert!(desk.delivers_next("alice") && desk.delivers_next("bob"));
    let asked = |desk: &Desk| desk.asks("alice") + desk.asks("bob");
    let before = asked(&desk);
    assert!(before > 60, "{before}");
    desk.at_ms(8_000);
    let again = asked(&desk) - before;
    assert!((20..=before / 2).contains(&again), "{again}, and {before} before");
}

/// Eight that have everything and have said nothing for 200 s.
fn among_the_silent(gets_discards: bool) -> Desk {
    let all = "x".repeat(40);
    let peers =
        format!("alice {OTHERS}").split(' ').map(|name| format!("{name} {all}\n")).collect::<String>();
    let mut desk = Desk::without_origin(40).peers(&peers);
    desk.surroundings.gets_discards = gets_discards;
    desk.at_ms(200_000);
    desk.take();
    desk
}

fn cancels_until(desk: &mut Desk, ms: u64) -> usize {
    desk.at_ms(ms);
    desk.take().matches("cancel").count()
}

/// Several contents on one slow line: two pieces each every five seconds were more than it carries, and nothing else ever
/// came. Nasty scenario 2867.
#[test]
fn where_what_was_taken_back_still_comes_time_outs_are_ever_longer() {
    let [silent, behind] = [false, true].map(|behind| cancels_until(&mut among_the_silent(behind), 290_000));
    assert!(
        silent >= 16 && behind * 3 <= silent,
        "{silent} of the silent, {behind} where the line is behind"
    );
}

#[test]
fn with_each_piece_that_comes_time_outs_are_shorter_again() {
    let mut desk = among_the_silent(true);
    let deliver = |desk: &mut Desk| format!("alice {OTHERS}").split(' ').any(|name| desk.delivers_next(name));
    assert!((0..4).all(|_| deliver(&mut desk)));
    desk.take();
    assert_eq!(cancels_until(&mut desk, 204_900), 0);
    assert_ne!(cancels_until(&mut desk, 205_100), 0);
}

/// It is what the site waits for, and comes over the same line.
#[test]
fn what_comes_from_the_origin_counts_among_what_is_in_flight() {
    let picture = format!("{}{}", ".".repeat(6), "x".repeat(14));
    let mut most = 0;
    for seed in 0..20 {
        let names = ["alice", "bob", "carol"];
        let peers: Vec<_> = names.iter().map(|name| format!("{name} {picture}")).collect();
        let mut desk = Desk::seeded(20, seed).peers(&peers.join("\n"));
        desk.at_ms(400);
        assert!(names.iter().all(|name| desk.delivers_next(name)));
        let from_origin = desk.fetches().len();
        let at_peers = names.iter().map(|name| desk.asks(name)).sum::<usize>() - 3;
        assert_eq!(at_peers, 6_usize.saturating_sub(from_origin).max(2), "seed {seed}: {:?}", desk.said);
        most = most.max(from_origin);
    }
    assert!(most >= 3, "{most}");
}

/// HAVE and DONE of a piece never come; what has it says so with its next summary, a minute after it came.
#[test]
fn what_a_lost_have_did_not_tell_the_summary_does() {
    let mut sender = Desk::of(2).peers("bob ..");
    let mut receiver = Desk::without_origin(2).peers("alice ..");
    sender.at_ms(1_000);
    let piece = sender.fetches()[0];
    sender.verifies(piece, true);
    sender.at_ms(2_000);
    assert!(sender.take().contains(&format!("have #{piece}")));
    let before = sender.bitmaps;
    sender.at_ms(60_999);
    assert_eq!(sender.bitmaps, before);
    receiver.at_ms(8_000);
    assert_eq!(receiver.take(), "", "nobody told it");

    sender.at_ms(61_000);
    assert_eq!(sender.bitmaps, before + 1);
    receiver.hears_bitmap_of("alice", &sender);
    assert_eq!(receiver.take(), format!("ask #{piece} of alice"));
}
