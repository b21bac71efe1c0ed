//! When the origin may be used by policy.

use std::time::Duration;

use swarmline_scheduler::{Config, Policy, Stage};
use swarmline_types::{CapacityClass, MonoTime, Priority};

use crate::desk::Desk;

fn delayed(minutes: u64) -> Config {
    let delay = Duration::from_secs(60 * minutes);
    Config { policy: Policy { foreground_delay: delay, ..Policy::default() }, ..Config::default() }
}

#[test]
fn a_delay_keeps_owners_take_overs_and_the_lonely_from_the_origin() {
    let never = Config { class: CapacityClass::Never, ..delayed(10) };
    for mut desk in [Desk::with(8, 1, delayed(10)).peers("alice ........"), Desk::with(8, 1, never)] {
        desk.at_ms(599_000);
        assert!(desk.fetches().is_empty(), "{:?}", desk.said);
        assert_eq!(desk.stage(), Stage::Fetching, "longer than a content without progress may live");
        desk.at_ms(604_000);
        assert!(!desk.fetches().is_empty());
    }
}

#[test]
fn claims_that_fall_silent_or_crawl_end_no_delay() {
    let mut desk = Desk::with(8, 1, delayed(10)).peers("alice ........\n bob ........");
    (0..7).for_each(|piece| desk.claims("alice", piece));
    for second in 0..599 {
        desk.at_ms(second * 1_000);
        desk.heartbeat("bob", 7, 1);
    }
    assert!(desk.fetches().is_empty(), "{:?}", desk.said);
    desk.at_ms(604_000);
    assert!(!desk.fetches().is_empty());
}

#[test]
fn a_delay_ends_when_somebody_waits_or_the_policy_changes() {
    let config = Config { priority: Priority::Background, ..delayed(0) };
    let policy = Policy { background_delay: Duration::from_secs(600), ..Policy::default() };
    let mut desk = Desk::with(2, 1, Config { policy, ..config.clone() });
    desk.at_ms(30_000);
    assert!(desk.fetches().is_empty());
    desk.reprioritise(Priority::Foreground);
    assert_eq!(desk.fetches(), [0, 1]);
    let mut desk = Desk::with(2, 1, Config { policy, ..config });
    desk.at_ms(30_000);
    desk.policy(Policy::default());
    assert_eq!(desk.fetches(), [0, 1]);
}

/// 8 pieces of 4 MiB take 32 s at the rate that is assumed, and twice that is left for them.
#[test]
fn a_deadline_cuts_the_delay_short() {
    let mut config = delayed(10);
    config.policy.deadline = Some(MonoTime::from_millis(200_000));
    let mut desk = Desk::with(8, 1, config);
    desk.at_ms(135_000);
    assert!(desk.fetches().is_empty(), "{:?}", desk.said);
    desk.at_ms(137_000);
    assert_eq!(desk.fetches().len(), 6);
}

/// With a piece less to fetch there would be 8 s more to wait.
#[test]
fn a_wait_that_a_deadline_ended_does_not_begin_anew() {
    let mut config = delayed(10);
    config.policy.deadline = Some(MonoTime::from_millis(200_000));
    let mut desk = Desk::with(8, 1, config);
    desk.at_ms(136_000);
    let first = desk.fetches();
    assert_eq!(first.len(), 6);
    desk.at_ms(136_010);
    desk.verifies(first[0], true);
    assert_eq!(desk.fetches().len(), 7, "{:?}", desk.said);
}

#[test]
fn another_policy_may_have_it_wait_again() {
    let mut desk = Desk::with(8, 1, Config::default());
    desk.at_ms(5_000);
    let first = desk.fetches();
    assert!(first.len() < 8, "{first:?}");
    let delay = Duration::from_secs(600);
    desk.policy(Policy { foreground_delay: delay, ..Policy::default() });
    desk.verifies(first[0], true);
    desk.at_ms(599_000);
    assert_eq!(desk.fetches(), first, "what is under way comes to its end, and nothing else begins");
}
