//! Peers that want a part of a content.

use swarmline_sim::Outcome;
use swarmline_sim::scenario::StrategyName;

use crate::{assert_all_finish, outcome};

const MIB: u64 = 1 << 20;

/// 64 MiB for twelve peers, of which half want one part and half another.
fn office(more: &str, wants: [&str; 2]) -> Outcome {
    let [of_some, of_others] = wants;
    let text = format!(
        "{more}\ncontent.size = '64MiB'\nsite.peers = 12\n\
         [[group]]\nname = 'some'\ncount = 6\nwants = '{of_some}'\n\
         [[group]]\nname = 'others'\ncount = 6\nwants = '{of_others}'"
    );
    let outcome = outcome(&text, 5);
    assert_all_finish(&outcome);
    outcome
}

#[test]
fn what_nobody_wants_is_not_fetched_and_the_rest_once() {
    for (wants, mib) in [
        (["0..50%", "50%..1"], 64),
        (["0..25%", "50%..75%"], 32),
        (["0..50%", "25%..75%"], 48),
        (["40%..60%", "0..1"], 64),
        (["1%..2%", "1%..2%"], 2),
    ] {
        let traffic = office("", wants).total.traffic;
        let origin = traffic.origin / MIB;
        assert!((mib..=mib + 1).contains(&origin), "{wants:?}: {origin} MiB, {traffic:?}");
    }
}

#[test]
fn everybody_gets_what_it_wants_and_no_more() {
    let traffic = office("", ["0..50%", "25%..75%"]).total.traffic;
    assert_eq!((traffic.wanted, traffic.kept), (12 * 32 * MIB, 12 * 32 * MIB));
}

#[test]
fn a_part_is_there_as_soon_as_its_bytes_can_be() {
    let total = office("content.piece = '256KiB'", ["0..25%", "0..25%"]).total;
    let expected_s = (16 * MIB) as f64 / 2.5e6;
    assert!((total.bound_s / expected_s - 1.0).abs() < 1e-6, "{} s, not {expected_s}", total.bound_s);
    assert!(total.makespan < 1.1, "{}", total.makespan);
}

#[test]
fn schedulers_to_compare_with_fetch_parts_too() {
    for strategy in [StrategyName::OriginOnly, StrategyName::RarestFirst, StrategyName::Rendezvous] {
        let traffic = office(&format!("strategy = '{strategy}'"), ["0..50%", "25%..75%"]).total.traffic;
        assert_eq!(traffic.kept, 12 * 32 * MIB, "{strategy}");
    }
}

/// What is at hand beside what is wanted helps others and oneself no less.
#[test]
fn who_has_something_else_gives_it() {
    let total = office("peer.has = 0.5", ["0..50%", "50%..1"]).total;
    assert!(total.traffic.origin < MIB, "half of everything is with each of twelve: {:?}", total.traffic);
}
