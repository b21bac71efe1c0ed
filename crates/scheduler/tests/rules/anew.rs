//! A fetch from the origin that crawls where others did not is asked for once more.

use std::collections::BTreeSet;

use swarmline_scheduler::Config;

use crate::desk::Desk;

/// Alone with so many pieces; the first was here after 750 ms, and nothing comes of the others.
fn starving(pieces: u64) -> Desk {
    let mut desk = Desk::of(pieces);
    desk.at_ms(1_000);
    desk.verifies(0, true);
    desk
}

fn times_fetched(desk: &Desk, piece: u32) -> usize {
    desk.fetches().iter().filter(|fetched| **fetched == piece).count()
}

#[test]
fn what_crawls_is_asked_for_once_more() {
    let mut desk = starving(2);
    desk.receives(1, 300_000);
    desk.take();
    desk.at_ms(15_200);
    assert_eq!(desk.take(), "");
    desk.at_ms(15_300);
    assert_eq!(desk.take(), "cancel 1\nfetch #1");
}

#[test]
fn what_is_nearly_here_is_waited_for() {
    let mut desk = starving(2);
    desk.receives(1, 3_600_000);
    desk.take();
    desk.at_ms(60_000);
    assert_eq!(desk.take(), "");
}

/// Nobody has seen this origin do better.
#[test]
fn the_first_that_is_fetched_may_take_as_long_as_it_likes() {
    let mut desk = Desk::of(2);
    desk.at_ms(60_000);
    assert_eq!(desk.fetches(), [0, 1]);
}

/// If it is the line that is slow, what has come is lost each time.
#[test]
fn one_at_a_time_is_asked_for_once_more_and_later_each_time_that_it_was_in_vain() {
    let mut desk = starving(3);
    desk.receives(1, 300_000);
    for (until_ms, times) in [(15_000, 1), (60_000, 2), (135_000, 3), (136_000, 4)] {
        desk.at_ms(until_ms);
        assert_eq!(times_fetched(&desk, 2), times, "at {until_ms} ms the one that came least far");
        assert_eq!(times_fetched(&desk, 1), 1, "{:?}", desk.said);
    }
}

#[test]
fn what_was_not_in_vain_is_followed_by_the_next_at_once() {
    let mut desk = starving(3);
    desk.receives(1, 300_000);
    desk.at_ms(16_000);
    desk.verifies(2, true);
    assert_eq!(times_fetched(&desk, 1), 2, "{:?}", desk.said);
}

#[test]
fn while_the_line_is_in_use_what_crawls_is_left_alone() {
    let config = Config { window_adapts: false, ..Config::default() };
    let mut desk = Desk::with(40, 1, config);
    desk.at_ms(250);
    let crawls = desk.fetches()[0];
    let mut here = BTreeSet::from([crawls]);
    for second in (4..32).step_by(4) {
        desk.at_ms(second * 1000);
        assert_eq!(times_fetched(&desk, crawls), 1, "at {second} s");
        let others: Vec<_> = desk.fetches().into_iter().filter(|piece| here.insert(*piece)).collect();
        others.into_iter().for_each(|piece| desk.verifies(piece, true));
    }
    while here.len() < 40 {
        let others: Vec<_> = desk.fetches().into_iter().filter(|piece| here.insert(*piece)).collect();
        others.into_iter().for_each(|piece| desk.verifies(piece, true));
    }
    assert_eq!(times_fetched(&desk, crawls), 2, "nothing else is left to do");
}
