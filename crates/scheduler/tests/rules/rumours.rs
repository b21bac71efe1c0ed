//! Sites in which not everybody is connected with everybody.

use std::collections::BTreeSet;

use swarmline_scheduler::Stage;
use swarmline_types::message::Word;

use crate::desk::Desk;

/// What was passed on to whom, one a line, without greetings.
fn passed_on(desk: &mut Desk) -> Vec<String> {
    let said = desk.take();
    said.lines().filter(|line| line.contains(": ") && !line.contains("known")).map(String::from).collect()
}

/// A node in a large site, where the greetings are over.
fn desk() -> Desk {
    let mut desk = Desk::without_origin(4).peers("alice ....\n bob ....\n carol ....");
    let here = desk.here();
    desk.hears("alice", "dave", 1, here);
    desk.at_ms(300);
    desk.take();
    desk
}

#[test]
fn news_are_passed_on_once_and_never_back() {
    let mut desk = desk();
    let claim = desk.claim(0);
    desk.hears("alice", "dave", 2, claim.clone());
    let said = passed_on(&mut desk);
    assert!(!said.is_empty() && said.len() <= 2, "{said:?}");
    assert!(said.iter().all(|line| line.starts_with("dave 2: claim #0 to ")), "{said:?}");
    assert!(said.iter().all(|line| !line.ends_with("alice")), "{said:?}");
    for echo in ["alice", "bob", "carol"] {
        desk.at_ms(500);
        desk.hears(echo, "dave", 2, claim.clone());
    }
    desk.at_ms(700);
    assert_eq!(passed_on(&mut desk), Vec::<String>::new());
}

#[test]
fn news_that_come_together_are_passed_on_together() {
    let mut desk = desk();
    let (first, second, third) = (desk.claim(0), desk.claim(1), desk.claim(2));
    desk.hears("alice", "dave", 2, first);
    desk.take();
    desk.hears("alice", "dave", 3, second);
    desk.hears("alice", "dave", 4, third);
    assert_eq!(passed_on(&mut desk), Vec::<String>::new());
    desk.at_ms(400);
    let said = passed_on(&mut desk);
    assert!(said.iter().all(|line| line.starts_with("dave 3: claim #1, dave 4: claim #2")), "{said:?}");
}

/// To how many words of heidi's are passed on, once six peers have passed something on; `and` then chooses this node.
fn links_where_all_pass_something_on(and: Option<&str>) -> usize {
    let all = ["alice", "bob", "carol", "dave", "erin", "frank"];
    let peers = all.map(|name| format!("{name} ....\n")).concat();
    let mut desk = Desk::without_origin(4).peers(&peers);
    let here = desk.here();
    for (number, via) in (1..).zip(all) {
        desk.hears(via, "heidi", number, here.clone());
    }
    and.into_iter().for_each(|chooser| desk.hears(chooser, chooser, 0, here.clone()));
    desk.at_ms(300);
    desk.take();
    for (number, via) in [(7, "alice"), (8, "bob")] {
        desk.hears(via, "heidi", number, here.clone());
        desk.at_ms(300 * number);
    }
    let said = passed_on(&mut desk);
    let to =
        said.iter().filter(|line| line.starts_with("heidi")).filter_map(|line| line.split(" to ").nth(1));
    to.collect::<BTreeSet<_>>().len()
}

/// Whoever was a link once would be one for ever where two pass on to each other: in a day of 82 machines each had thirty.
#[test]
fn who_passes_something_on_is_a_link_while_there_are_fewer_than_four() {
    assert_eq!(links_where_all_pass_something_on(None), 4);
    let all = ["alice", "bob", "carol", "dave", "erin", "frank"];
    let with = all.map(|chooser| links_where_all_pass_something_on(Some(chooser)));
    assert!(with.iter().all(|links| (4..=5).contains(links)) && with.contains(&5), "{with:?}");
}

#[test]
fn who_brings_news_is_a_link() {
    let mut desk = desk();
    let here = desk.here();
    for (number, via) in [(2, "alice"), (3, "bob"), (4, "carol")] {
        desk.hears(via, "dave", number, here.clone());
        desk.at_ms(300 + 200 * number);
    }
    desk.take();
    desk.hears("alice", "dave", 5, here);
    let said = passed_on(&mut desk);
    assert_eq!(said, ["dave 5: here to bob", "dave 5: here to carol"]);
}

#[test]
fn a_newcomer_hears_of_everybody() {
    let mut desk = desk().peers("erin ....");
    let said = desk.take();
    for name in ["alice", "bob", "carol", "dave", "me"] {
        assert!(said.contains(&format!("{name} ")), "{said}");
    }
}

/// Who was started again counts from the beginning, and others remember how far it was.
#[test]
fn words_in_my_name_are_answered_with_a_greater_number() {
    let mut desk = desk();
    desk.hears("alice", "me", 5_000, Word::Gone);
    let said = passed_on(&mut desk);
    assert!(said.iter().any(|line| line.contains("me 5001: here")), "{said:?}");
    desk.hears("alice", "me", 4_000, Word::Gone);
    desk.hears("alice", "me", 5_000_000_000, Word::Gone);
    assert_eq!(passed_on(&mut desk), Vec::<String>::new(), "an echo, and a step that nobody takes");
}

/// Others take one step after the other, so whoever stops at the first is not heard any more.
#[test]
fn words_in_my_name_that_come_together_are_all_answered() {
    let mut desk = desk();
    desk.hears_in_its_name("alice", "me", &[1 << 20, 2 << 20, 3 << 20, 5 << 20]);
    let said = passed_on(&mut desk);
    assert!(said.iter().any(|line| line.contains("me 3145729: here")), "{said:?}");
    desk.hears("alice", "me", 4 << 20, Word::Gone);
    assert_eq!(passed_on(&mut desk), Vec::<String>::new(), "once for all that is said in a while");
    desk.at_ms(400);
    assert!(passed_on(&mut desk).iter().any(|line| line.contains("me 4194305: here")));
}

#[test]
fn words_in_the_name_of_a_peer_do_not_silence_it() {
    let mut desk = desk();
    let (here, claim) = (desk.here(), desk.claim(0));
    desk.hears("alice", "bob", 1 << 20, here);
    desk.hears("bob", "bob", 9 << 20, claim.clone());
    desk.at_ms(400);
    assert!(passed_on(&mut desk).iter().any(|line| line.contains("bob 9437184: claim #0")));
    desk.hears("alice", "bob", 19 << 20, claim);
    desk.at_ms(500);
    assert_eq!(
        passed_on(&mut desk),
        Vec::<String>::new(),
        "of another's word so large a step is not believed"
    );
}

#[test]
fn whoever_gave_up_says_no_more_that_it_is_here() {
    let mut desk = desk();
    desk.at_ms(60_000);
    assert!(matches!(desk.stage(), Stage::Failed(_)), "{:?}", desk.stage());
    desk.take();
    desk.at_ms(200_000);
    assert!(!passed_on(&mut desk).iter().any(|line| line.contains("me ")));
}

#[test]
fn a_member_that_says_it_leaves_is_not_waited_for() {
    // Contents of which dave is the owner: he would have to be waited for.
    let mut waited = 0;
    for seed in 0..20 {
        let mut desk = Desk::seeded(1, seed).peers("alice .");
        desk.peer_wants("alice", "");
        let here = desk.here();
        desk.hears("alice", "dave", 1, here);
        desk.at_ms(400);
        if !desk.fetches().is_empty() {
            continue;
        }
        waited += 1;
        desk.hears("alice", "dave", 2, Word::Gone);
        assert_eq!(desk.fetches(), [0]);
    }
    assert!((3..=17).contains(&waited), "{waited} of 20");
}

#[test]
fn what_a_member_elsewhere_has_is_waited_for_and_fetched_if_it_does_not_turn_up() {
    let mut desk = Desk::of(1).peers("alice .");
    desk.peer_wants("alice", "");
    let (claim, done) = (desk.claim(0), desk.done(0));
    desk.hears("alice", "dave", 1, claim);
    desk.hears("alice", "dave", 2, done);
    desk.at_ms(2_900);
    assert_eq!(desk.fetches(), Vec::<u32>::new());
    desk.at_ms(6_000);
    assert_eq!(desk.fetches(), [0]);
}

/// Names and nobody behind them: whoever waited for one after the other would wait for minutes. Of three thousand half
/// are left out.
#[test]
fn invented_members_cannot_own_the_file_by_doing_nothing() {
    for (names, by_8_s) in [(100, 2), (3_000, 1)] {
        let mut desk = Desk::of(20).peers(&format!("alice {}", ".".repeat(20)));
        desk.hears_of_names("alice", names);
        desk.at_ms(8_000);
        let begun = desk.fetches().len();
        assert!(begun >= by_8_s, "nobody helps, so it helps itself: {:?}", desk.fetches());
        desk.at_ms(40_000);
        assert!(desk.fetches().len() > begun, "{:?}", desk.fetches());
    }
}

/// A node with an origin that is not connected with dave, who says that he has everything.
fn desk_with_holder_elsewhere() -> Desk {
    let nothing = ".".repeat(40);
    let mut desk = Desk::of(40).peers(&format!("alice {nothing}\n bob {nothing}\n carol {nothing}"));
    desk.hears_of_holder("alice", "dave", 1);
    desk
}

#[test]
fn a_holder_elsewhere_is_waited_for_once_and_not_for_long() {
    let mut desk = desk_with_holder_elsewhere();
    desk.at_ms(2_900);
    assert_eq!(desk.fetches(), [], "{:?}", desk.said);
    desk.hears_of_holder("alice", "erin", 1);
    desk.at_ms(3_500);
    assert!(!desk.fetches().is_empty(), "whoever else says so");
}

#[test]
fn a_holder_elsewhere_that_leaves_is_not_waited_for() {
    let mut desk = desk_with_holder_elsewhere();
    desk.at_ms(1_000);
    desk.hears("alice", "dave", 2, Word::Gone);
    desk.at_ms(1_100);
    assert!(!desk.fetches().is_empty(), "{:?}", desk.said);
}

#[test]
fn as_long_as_what_nobody_fetched_comes_from_peers_a_holder_elsewhere_is_waited_for() {
    let mut desk = desk_with_holder_elsewhere();
    for second in 0..20 {
        desk.at_ms(1_000 * u64::from(second));
        (2 * second..2 * second + 2).for_each(|piece| desk.gets("alice", piece));
        while desk.delivers_next("alice") {}
    }
    assert_eq!(desk.fetches(), [], "{:?}", desk.said);
}

#[test]
fn what_a_holder_elsewhere_is_seen_to_give_is_fetched_no_further() {
    let nothing = ".".repeat(40);
    let mut desk = Desk::of(40).peers(&format!("alice {nothing}\n bob {nothing}\n carol {nothing}"));
    desk.at_ms(300);
    let begun = desk.fetches();
    assert!(!begun.is_empty());
    desk.hears_of_holder("alice", "dave", 1);
    assert!(desk.has_origin_request(), "a word stops nothing");
    for piece in (0..40).filter(|piece| !begun.contains(piece)).take(8) {
        desk.gets("alice", piece);
        while desk.delivers_next("alice") {}
    }
    assert!(!desk.has_origin_request(), "{:?}", desk.said);
}

#[test]
fn who_has_everything_says_so() {
    let mut desk = Desk::small_pieces("xxx").peers("alice ...");
    let here = desk.here();
    desk.hears("alice", "dave", 1, here);
    assert!(desk.take().contains("me 1: here and has all"), "{:?}", desk.said);
}

/// A bitmap may say what it likes to one; everybody hears only what the holder says to everybody, or has given.
#[test]
fn of_a_stranger_that_says_so_to_me_only_nobody_is_told_that_it_has_all() {
    let known = |desk: &mut Desk| {
        desk.hears_of_holder("bob", "erin", 1);
        desk.take()
    };
    let mut desk = Desk::without_origin(4).peers("alice xxxx\n bob ....");
    let said = known(&mut desk);
    assert!(said.contains("alice 0: known") && !said.contains("alice 0: known and has all"), "{said}");
    let mut desk = Desk::without_origin(4).peers("alice xxxx\n bob ....");
    assert!(desk.delivers_next("alice"));
    assert!(known(&mut desk).contains("alice 0: known and has all"));
}

/// Links may be mute, and nobody knows which.
#[test]
fn what_i_say_goes_to_all_peers_and_a_chosen_link_is_told_so() {
    let mut desk = Desk::without_origin(4).peers("alice ....\n bob ....\n carol ....\n erin ....");
    let here = desk.here();
    desk.hears("alice", "dave", 1, here);
    let said = passed_on(&mut desk);
    for peer in ["alice", "bob", "carol", "erin"] {
        assert!(said.contains(&format!("me 1: here to {peer}")), "{said:?}");
    }
    let chosen = said.iter().filter(|line| line.starts_with("me 0: here"));
    assert_eq!(chosen.count(), 2, "{said:?}");
}

/// Alice alone passes on what dave says, and goes on with it; so there are others than those two to be chosen.
#[test]
fn a_link_that_passes_nothing_on_while_others_do_is_left_for_another() {
    // However rarely others speak: who hears of few because of that would stay so.
    for every_s in [1, 4] {
        let mut desk = Desk::without_origin(4).peers("alice ....\n bob ....\n carol ....\n erin ....");
        let mut chosen = 0;
        for word in 0..=4 {
            desk.at_ms(1000 * every_s * word);
            let claim = desk.claim(word as u32 % 4);
            desk.hears("alice", "dave", word + 1, claim);
            let said = passed_on(&mut desk);
            chosen += said.iter().filter(|line| line.starts_with("me 0: here")).count();
            assert!(word > 1 || chosen == 2, "after {word} words: {said:?}");
        }
        assert!(chosen > 2, "{:?}", desk.said);
    }
}

#[test]
fn a_word_that_comes_later_than_the_next_is_news_once() {
    let mut desk = desk();
    for (number, piece) in [(3, 0), (2, 1), (2, 1)] {
        let claim = desk.claim(piece);
        desk.hears("alice", "dave", number, claim);
        desk.at_ms(1000 * number + 400);
    }
    let said = passed_on(&mut desk);
    let mut words: Vec<_> =
        said.iter().filter_map(|line| line.split_once(" to ").map(|(word, _)| word)).collect();
    words.retain(|word| word.starts_with("dave"));
    words.dedup();
    assert_eq!(words, ["dave 3: claim #0", "dave 2: claim #1"], "{said:?}");
}
