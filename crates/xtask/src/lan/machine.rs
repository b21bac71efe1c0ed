//! How busy the machine is on which all of this runs: figures of a machine that has no time to spare are its own.

use std::fs;

use anyhow::{Context, Result};

/// Sums over all cores since the machine was started, in ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Clock {
    busy: u64,
    idle: u64,
    stolen: u64,
}

/// What the machine did for some time, as shares of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Load {
    /// A core had something to do.
    pub(super) busy: f64,
    /// Of this, it had to wait, since another machine on the same hardware had its turn.
    pub(super) stolen: f64,
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
        Some(Self { busy: all.iter().sum::<u64>() - idle, idle, stolen: all[7] })
    }

    pub(super) fn since(self, earlier: Self) -> Load {
        let (busy, idle) = (self.busy - earlier.busy, self.idle - earlier.idle);
        let share = |ticks: u64| ticks as f64 / (busy + idle).max(1) as f64;
        Load { busy: share(busy), stolen: share(self.stolen - earlier.stolen) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_the_disk_is_not_work() {
        let then = Clock::parse("cpu  10 0 10 100 0 0 0 0 0 0\ncpu0 1 1 1 1\n").unwrap();
        let now = Clock::parse("cpu  25 0 15 110 5 4 3 3 9 9\n").unwrap();
        assert_eq!(now.since(then), Load { busy: 30.0 / 45.0, stolen: 3.0 / 45.0 });
        assert_eq!(then.since(then), Load { busy: 0.0, stolen: 0.0 });
        assert_eq!(Clock::parse("cpu0 1 2 3"), None);
    }
}
