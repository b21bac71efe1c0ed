//! The line to the origin: shared evenly by its connections at every moment, exactly.
//!
//! Connections with the same limit get the same, so each such class has one clock that counts the bytes that each of its
//! connections got; a connection only remembers where the clock stood when it came. So a change costs as much as there
//! are classes, however many connections there are.

use std::collections::{BTreeMap, BTreeSet};

use swarmline_types::MonoTime;

/// Name of a connection on the line, chosen by its user.
pub(crate) type FlowId = u32;

/// The line to the origin.
#[derive(Debug)]
pub(crate) struct Wan {
    /// Units per microsecond; `None` for no limit.
    capacity: Option<u128>,
    /// By the limit of one connection.
    classes: BTreeMap<u128, Class>,
    flows: BTreeMap<FlowId, Flow>,
    now: MonoTime,
}

#[derive(Debug, Default)]
struct Class {
    /// Units that each connection of the class would have got since the class came into being.
    clock: u128,
    rate: u128,
    /// Where the clock stands when a connection reaches its next mark.
    marks: BTreeSet<(u128, FlowId)>,
}

#[derive(Clone, Copy, Debug)]
struct Flow {
    class: u128,
    /// Where the clock stood, and the bytes it had then.
    joined: u128,
    bytes: u64,
    mark: u64,
}

impl Wan {
    pub(crate) fn new(bytes_per_s: Option<f64>) -> Self {
        let capacity = bytes_per_s.map(units_per_us);
        Self { capacity, classes: BTreeMap::new(), flows: BTreeMap::new(), now: MonoTime::ZERO }
    }

    /// Connections that take something now.
    pub(crate) fn len(&self) -> usize {
        self.flows.len()
    }

    /// The line carries another rate from now on.
    pub(crate) fn set_rate(&mut self, bytes_per_s: Option<f64>, now: MonoTime) {
        self.advance(now);
        self.capacity = bytes_per_s.map(units_per_us);
        self.share_out();
    }

    /// A connection takes from now on, at most `most` bytes per second; it has `bytes` already, and it is to be told of
    /// when it has `mark`.
    pub(crate) fn join(&mut self, flow: FlowId, most: Option<f64>, bytes: u64, mark: u64, now: MonoTime) {
        self.advance(now);
        let limit = most.map_or(u128::MAX, units_per_us);
        let class = self.classes.entry(limit).or_default();
        let joined = class.clock;
        class.marks.insert((joined + u128::from(mark - bytes) * UNIT, flow));
        self.flows.insert(flow, Flow { class: limit, joined, bytes, mark });
        self.share_out();
    }

    /// A connection takes no more; says how many bytes it has got.
    pub(crate) fn leave(&mut self, flow: FlowId, now: MonoTime) -> Option<u64> {
        self.advance(now);
        let gone = self.flows.remove(&flow)?;
        let class = self.classes.get_mut(&gone.class)?;
        let new = u64::try_from((class.clock - gone.joined) / UNIT).unwrap_or(u64::MAX);
        let bytes = gone.bytes.saturating_add(new);
        class.marks.remove(&(gone.joined + u128::from(gone.mark - gone.bytes) * UNIT, flow));
        if class.marks.is_empty() {
            self.classes.remove(&gone.class);
        }
        self.share_out();
        Some(bytes.min(gone.mark))
    }

    /// When the next connection reaches its mark, if nothing changes.
    pub(crate) fn due(&self) -> Option<MonoTime> {
        let of_class = |class: &Class| {
            let (mark, _) = class.marks.first()?;
            let left = mark.saturating_sub(class.clock);
            let micros = u64::try_from(left.div_ceil(class.rate.max(1))).unwrap_or(u64::MAX);
            (class.rate > 0 || left == 0).then(|| self.now.as_micros().saturating_add(micros))
        };
        self.classes.values().filter_map(of_class).min().map(MonoTime::from_micros)
    }

    /// Connections that have reached their mark: they have left, and come back with another mark if they take more.
    pub(crate) fn reached(&mut self, now: MonoTime) -> Vec<(FlowId, u64)> {
        self.advance(now);
        let mut reached = Vec::new();
        for class in self.classes.values_mut() {
            while let Some((mark, flow)) =
                class.marks.first().copied().filter(|(mark, _)| *mark <= class.clock)
            {
                class.marks.remove(&(mark, flow));
                reached.push(flow);
            }
        }
        reached.sort_unstable();
        let told = |flow| self.flows.remove(&flow).map(|was: Flow| (flow, was.mark));
        let told: Vec<_> = reached.into_iter().filter_map(told).collect();
        self.classes.retain(|_, class| !class.marks.is_empty());
        self.share_out();
        told
    }

    fn advance(&mut self, now: MonoTime) {
        let micros = now.since(self.now).as_micros();
        if micros > 0 {
            self.classes.values_mut().for_each(|class| class.clock += class.rate * micros);
            self.now = now;
        }
    }

    /// Classes that want less than an even share get what they want; the others share the rest evenly.
    fn share_out(&mut self) {
        let Some(mut left) = self.capacity else {
            self.classes.iter_mut().for_each(|(limit, class)| class.rate = (*limit).min(FASTEST));
            return;
        };
        let mut flows = self.flows.len() as u128;
        for (limit, class) in &mut self.classes {
            let even = left / flows.max(1);
            class.rate = even.min(*limit).min(FASTEST);
            let count = class.marks.len() as u128;
            left -= class.rate * count;
            flows -= count;
        }
    }
}

/// A byte is so many units, so that an even share of a slow line is still a whole number per microsecond.
const UNIT: u128 = 1 << 32;
/// Units per microsecond of a line without limit: 8 GB/s.
const FASTEST: u128 = 8_000 * UNIT;

/// Rounded down, so that no line is faster than it is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is not negative")]
fn units_per_us(bytes_per_s: f64) -> u128 {
    ((bytes_per_s * UNIT as f64 / 1e6) as u128).clamp(1, FASTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    const fn at(millis: u64) -> MonoTime {
        MonoTime::from_millis(millis)
    }

    /// Milliseconds, rounded, at which each connection reaches its mark.
    fn run(wan: &mut Wan) -> Vec<(FlowId, u64)> {
        let mut all = Vec::new();
        while let Some(due) = wan.due() {
            all.extend(wan.reached(due).into_iter().map(|(flow, _)| (flow, (due.as_micros() + 500) / 1000)));
        }
        all
    }

    #[test]
    fn connections_share_evenly_at_every_moment() {
        let mut wan = Wan::new(Some(1e6));
        wan.join(1, None, 0, 1_000_000, at(0));
        wan.join(2, None, 0, 1_000_000, at(500));
        // The first has 500,000 bytes; then both get half. It ends at 1.5 s, the other has the line for its rest.
        assert_eq!(run(&mut wan), [(1, 1500), (2, 2000)]);
    }

    #[test]
    fn what_one_may_not_take_the_others_get() {
        let mut wan = Wan::new(Some(1e6));
        wan.join(1, Some(1e5), 0, 100_000, at(0));
        wan.join(2, None, 0, 900_000, at(0));
        let mut reached = run(&mut wan);
        reached.sort_unstable();
        assert_eq!(reached, [(1, 1000), (2, 1000)]);
    }

    #[test]
    fn who_leaves_takes_what_it_has_and_leaves_the_rest() {
        let mut wan = Wan::new(Some(1e6));
        wan.join(1, None, 0, MIB, at(0));
        wan.join(2, None, 0, 1_000_000, at(0));
        assert_eq!(wan.leave(1, at(1000)).map(|bytes| bytes.abs_diff(500_000) <= 1), Some(true));
        assert_eq!(wan.leave(1, at(1000)), None);
        assert_eq!(run(&mut wan), [(2, 1500)]);
    }

    #[test]
    fn the_line_never_carries_more_than_its_rate() {
        for flows in [1u32, 3, 7, 100] {
            let mut wan = Wan::new(Some(56_000.0 / 8.0));
            (0..flows).for_each(|flow| wan.join(flow, None, 0, 10_000, at(0)));
            let last = run(&mut wan).last().map(|(_, millis)| *millis).unwrap();
            let bound = f64::from(flows) * 10_000.0 / 7_000.0 * 1000.0;
            assert!(
                last as f64 >= bound - 1.0 && (last as f64) < bound * 1.001 + 1.0,
                "{flows}: {last} {bound}"
            );
        }
    }

    #[test]
    fn a_new_rate_counts_from_then_on() {
        let mut wan = Wan::new(Some(1e6));
        wan.join(1, None, 0, 1_000_000, at(0));
        wan.set_rate(Some(5e5), at(500));
        assert_eq!(run(&mut wan), [(1, 1500)]);
    }

    #[test]
    fn without_a_limit_each_gets_what_it_may() {
        let mut wan = Wan::new(None);
        wan.join(1, Some(1e6), 0, 1_000_000, at(0));
        wan.join(2, Some(2e6), 0, 1_000_000, at(0));
        assert_eq!(run(&mut wan), [(2, 500), (1, 1000)]);
    }
}
