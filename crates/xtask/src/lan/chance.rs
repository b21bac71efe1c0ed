//! Numbers by chance, the same for the same seed on every machine.

use std::time::Duration;

/// A generator of the SplitMix kind: enough to choose hosts and moments.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// At least 0 and less than 1.
    fn share(&mut self) -> f64 {
        // As many bits as the number has room for.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A moment before `end`.
    pub(super) fn moment(&mut self, end: Duration) -> Duration {
        end.mul_f64(self.share())
    }

    /// The numbers from 0 on, as many as `count`, in any order.
    pub(super) fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            let other = self.next() % (last as u64 + 1);
            order.swap(last, usize::try_from(other).expect("it is at most `last`"));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_order_and_another_seed_another() {
        let order = |seed| Chance::seeded(seed).order(32);
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let mut sorted = order(1);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..32).collect::<Vec<_>>());
    }

    #[test]
    fn moments_are_spread_over_the_span() {
        let (mut chance, span) = (Chance::seeded(7), Duration::from_secs(60));
        let moments: Vec<Duration> = (0..1000).map(|_| chance.moment(span)).collect();
        assert!(moments.iter().all(|at| *at < span));
        let early = moments.iter().filter(|at| **at < span / 2).count();
        assert!((450..550).contains(&early), "{early}");
    }
}
