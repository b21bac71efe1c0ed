//! How busy the machine is on which all of this runs: figures of a machine that has no time to spare are its own.

use std::fs;

use anyhow::{Context, Result};

/// Sums over all cores since the machine was started, in ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Clock {
    busy: u64,
    idle: u64,
}

impl Clock {
    /// Reads it.
    pub(super) fn now() -> Result<Self> {
        Self::parse(&fs::read_to_string("/proc/stat")?).context("cannot read /proc/stat")
    }

    /// The first line: user, nice, system, idle, iowait, irq, softirq, steal, and then what is counted there already.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<u64> = text
            .lines()
            .next()?
            .strip_prefix("cpu ")?
            .split_whitespace()
            .map_while(|n| n.parse().ok())
            .collect();
        let all = fields.get(..8)?;
        let idle = all[3] + all[4];
        Some(Self { busy: all.iter().sum::<u64>() - idle, idle })
    }

    /// The share of time since `earlier` in which a core had something to do.
    pub(super) fn busy_since(self, earlier: Self) -> f64 {
        let (busy, idle) = (self.busy - earlier.busy, self.idle - earlier.idle);
        busy as f64 / (busy + idle).max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_the_disk_is_not_work() {
        let then = Clock::parse("cpu  10 0 10 100 0 0 0 0 0 0\ncpu0 1 1 1 1\n").unwrap();
        let now = Clock::parse("cpu  25 0 15 110 5 5 5 0 9 9\n").unwrap();
        assert_eq!(now.busy_since(then), 30.0 / 45.0);
        assert_eq!(then.busy_since(then), 0.0);
        assert_eq!(Clock::parse("cpu0 1 2 3"), None);
    }
}
