//! Chance without a state that anybody shares: each number is a hash of seed, entity and counter.
//!
//! So what one peer draws does not depend on what others did before, and a run is the same on any number of threads.

use std::time::Duration;

use swarmline_scheduler::score::negative_log2;

/// A number that looks random, of three that need not.
pub(crate) fn word(seed: u64, entity: u64, counter: u64) -> u64 {
    mix(seed ^ mix(entity ^ mix(counter.wrapping_add(GOLDEN))))
}

/// Whose chance it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    /// What is drawn before a site's run begins.
    Cast,
    /// What the network does on a site.
    Network,
    /// What the origin does to a site.
    Origin,
    /// Which pieces a host has at the start.
    Host(u32),
    /// Whether two hosts know of each other.
    Pair(u32, u32),
    /// On which side of a cut a host is.
    Side(u32),
    /// The scheduler of a host.
    Machine(u32),
}

impl Of {
    fn entity(self) -> u64 {
        let (kind, of) = match self {
            Self::Cast => (1, 0),
            Self::Network => (2, 0),
            Self::Origin => (3, 0),
            Self::Host(host) => (4, u64::from(host)),
            Self::Pair(a, b) => (5, u64::from(a.min(b)) << 28 | u64::from(a.max(b))),
            Self::Side(host) => (6, u64::from(host)),
            Self::Machine(host) => (7, u64::from(host)),
        };
        kind << 60 | of
    }
}

/// The numbers of one entity, one after another.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    seed: u64,
    entity: u64,
    counter: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64, of: Of) -> Self {
        Self { seed, entity: of.entity(), counter: 0 }
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.counter += 1;
        word(self.seed, self.entity, self.counter)
    }

    /// From 0 to below `bound`; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.word()) * u128::from(bound);
        u64::try_from(product >> 64).expect("less than the bound")
    }

    /// From 0 to below `count`, to index a list.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        let below = self.below(u64::try_from(count).expect("a usize fits 64 bits"));
        usize::try_from(below).expect("less than the count")
    }

    /// How long a chance of one in each unit of time lets wait: 1 on average. By integers, since platforms differ in the last
    /// digit of a logarithm.
    pub(crate) fn wait(&mut self) -> f64 {
        negative_log2(!self.word()) as f64 / (1u64 << 32) as f64 * std::f64::consts::LN_2
    }

    /// From 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn hits(&mut self, share: f64) -> bool {
        share > 0.0 && self.unit() < share
    }

    /// Evenly from `from` to `to`, both included.
    pub(crate) fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let span = to.saturating_sub(from).as_micros();
        let micros = u64::try_from(span).unwrap_or(u64::MAX).saturating_add(1);
        from + Duration::from_micros(self.below(micros))
    }

    /// `chosen` of the items, in random order.
    pub(crate) fn choose<T: Copy>(&mut self, items: &mut [T], chosen: usize) -> Vec<T> {
        let chosen = chosen.min(items.len());
        for at in 0..chosen {
            let other = at + self.index(items.len() - at);
            items.swap(at, other);
        }
        items[..chosen].to_vec()
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of SplitMix64: every bit of the input changes half of the output.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_entity_draws_leaves_the_others_alone() {
        let mut alone = Chance::new(7, Of::Host(3));
        let (mut one, mut other) = (Chance::new(7, Of::Host(3)), Chance::new(7, Of::Host(4)));
        for _ in 0..10 {
            other.word();
            assert_eq!(one.word(), alone.word());
        }
        assert_ne!(Chance::new(8, Of::Host(3)).word(), Chance::new(7, Of::Host(3)).word());
        assert_ne!(other.word(), one.word());
    }

    #[test]
    fn waits_are_those_of_a_poisson_process() {
        let mut chance = Chance::new(1, Of::Cast);
        let waits: Vec<_> = (0..100_000).map(|_| chance.wait()).collect();
        let mean = waits.iter().sum::<f64>() / 1e5;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        let long = waits.iter().filter(|wait| **wait > 2.0).count() as f64 / 1e5;
        assert!((long - (-2.0f64).exp()).abs() < 0.005, "{long}");
    }

    #[test]
    fn draws_are_even() {
        let mut chance = Chance::new(1, Of::Cast);
        let mut counts = [0u32; 10];
        (0..100_000).for_each(|_| counts[chance.index(10)] += 1);
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        let hits = (0..100_000).filter(|_| chance.hits(0.3)).count();
        assert!((29_000..31_000).contains(&hits), "{hits}");
        assert!((0..1000).all(|_| !chance.hits(0.0)));
    }

    #[test]
    fn bounds_are_kept() {
        let mut chance = Chance::new(2, Of::Network);
        let (from, to) = (Duration::from_millis(3), Duration::from_millis(4));
        assert!((0..1000).all(|_| (from..=to).contains(&chance.between(from, to))));
        assert_eq!(chance.between(to, to), to);
        assert_eq!(chance.below(0), 0);
        let mut chosen = chance.choose(&mut [1, 2, 3, 4, 5], 9);
        chosen.sort_unstable();
        assert_eq!(chosen, [1, 2, 3, 4, 5]);
    }
}
