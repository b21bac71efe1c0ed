//! What holds whatever happens.

use proptest::prelude::*;

use crate::desk::Desk;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever peers and driver do, in whatever order: no panic, and every bound holds.
    #[test]
    fn no_sequence_of_inputs_breaks_a_bound(steps in prop::collection::vec((0u8..18, 0u8..5, 0u32..40, 0u32..4000), 1..200), seed: u64, all: bool) {
        let mut desk = if all { Desk::seeded(40, seed) } else { Desk::wanting(&"ww..w".repeat(8)) };
        for (what, who, piece, number) in steps {
            desk.anything(what, who, piece, number);
            desk.check_bounds();
        }
    }

    /// Same seed, same inputs, same actions.
    #[test]
    fn a_seed_is_a_run(steps in prop::collection::vec((0u8..18, 0u8..5, 0u32..40, 0u32..4000), 1..60), seed: u64) {
        let run = || {
            let mut desk = Desk::seeded(40, seed);
            steps.iter().for_each(|(what, who, piece, number)| desk.anything(*what, *who, *piece, *number));
            desk.said
        };
        prop_assert_eq!(run(), run());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Who is woken when it asked to be, and not before, misses nothing.
    #[test]
    fn nobody_asks_to_be_woken_too_late(steps in prop::collection::vec((0u8..18, 0u8..5, 0u32..40, 0u32..4000), 1..200), seed: u64) {
        let mut desk = Desk::seeded(40, seed);
        for (what, who, piece, number) in steps {
            desk.anything(what, who, piece, number);
            prop_assert!(!desk.has_waited_for_nothing(), "{:?}", desk.said.last());
        }
    }
}
