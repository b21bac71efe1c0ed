//! What holds whatever happens.

use proptest::prelude::*;

use crate::desk::{Desk, steps};

/// Many pieces, a part of them, so few that all come, and many in a run.
const DESKS: [fn(u64) -> Desk; 4] = [
    |seed| Desk::seeded(40, seed),
    |_| Desk::wanting(&"ww..w".repeat(8)),
    |seed| Desk::seeded(3, seed),
    |_| Desk::small_pieces(&"..x.".repeat(50)),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever peers and driver do, in whatever order: no panic, and the desk finds every bound kept after each step.
    #[test]
    fn no_sequence_of_inputs_breaks_a_bound(steps in steps(200), seed: u64, desk in 0..DESKS.len()) {
        let mut desk = DESKS[desk](seed);
        steps.into_iter().for_each(|step| desk.anything(step));
        desk.abandon();
    }

    /// Same seed, same inputs, same actions.
    #[test]
    fn a_seed_is_a_run(steps in steps(60), seed: u64) {
        let run = || {
            let mut desk = Desk::seeded(40, seed);
            steps.iter().for_each(|step| desk.anything(*step));
            desk.said
        };
        prop_assert_eq!(run(), run());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Who is woken when it asked to be, and not before, misses nothing.
    #[test]
    fn nobody_asks_to_be_woken_too_late(steps in steps(200), seed: u64) {
        let mut desk = Desk::seeded(40, seed);
        for step in steps {
            desk.anything(step);
            prop_assert!(!desk.has_waited_for_nothing(), "{:?}", desk.said.last());
        }
    }
}
