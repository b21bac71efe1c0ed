//! What holds whatever happens.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use swarmline_scheduler::Stage;

use crate::driver::{Behaviour, MIB, Office};

fn lie() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        Just(Behaviour::Corrupts),
        Just(Behaviour::ClaimsToHaveAll),
        Just(Behaviour::NeverAnswers),
        Just(Behaviour::ClaimsTheLane { heartbeats: false }),
        Just(Behaviour::ClaimsTheLane { heartbeats: true }),
        Just(Behaviour::SaysItWantsNothing),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 20, ..ProptestConfig::default() })]

    /// Seven nodes, of which three may lie and one may crash, and some wait longer before they meet.
    #[test]
    fn three_liars_and_one_crash_keep_nobody_from_completing(
        seed in 0u64..1000,
        liars in vec((0usize..7, lie()), 0..=3),
        crash in option::of((0usize..7, 200u64..6_000)),
        latest_ms in 10u64..3_000,
    ) {
        let crashes = crash.into_iter().collect();
        let office = Office { nodes: 7, content_len: 8 * MIB, meet_after_ms: (0, latest_ms), ..Office::default() };
        let report = Office { seed, behaviours: liars, crashes, ..office }.run();
        for host in report.hosts.iter().filter(|host| host.is_alive && host.behaviour == Behaviour::Honest) {
            prop_assert_eq!(host.stage, Stage::Complete, "{}", report);
        }
        report.assert_balanced();
    }
}

/// Claims of pieces that everybody has already were signs of life for ever, and the last piece was fetched by nobody.
#[test]
fn a_claimant_of_everything_cannot_live_on_what_is_here_already() {
    let lies = [(4, Behaviour::ClaimsToHaveAll), (1, Behaviour::ClaimsTheLane { heartbeats: true })];
    let office = Office { nodes: 7, seed: 534, meet_after_ms: (0, 412), ..Office::default() };
    let report = Office { behaviours: lies.to_vec(), crashes: vec![(5, 4063)], ..office }.run();
    report.assert_survivors_have_it();
}
