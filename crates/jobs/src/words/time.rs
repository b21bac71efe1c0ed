//! Wall-clock time as the job API shows it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Ticks of 100 ns since 1601-01-01 UTC. Only shown and used for ages of days; spans are measured on `MonoTime`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct FileTime(u64);

impl FileTime {
    /// What stands where something has not happened.
    pub const ZERO: Self = Self(0);
    /// 1970-01-01 UTC.
    pub const UNIX_EPOCH: Self = Self(116_444_736_000_000_000);

    /// A number of ticks.
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// The point `span` after 1970-01-01 UTC.
    pub fn from_unix(span: Duration) -> Self {
        Self::UNIX_EPOCH.after(span)
    }

    /// Ticks since 1601-01-01 UTC.
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// The point `span` later, at most the last one there is.
    pub fn after(self, span: Duration) -> Self {
        let ticks = u64::try_from(span.as_nanos() / 100).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(ticks))
    }

    /// The span from `earlier` to here; zero if the clock was set back.
    pub fn since(self, earlier: Self) -> Duration {
        let ticks = self.0.saturating_sub(earlier.0);
        Duration::new(ticks / 10_000_000, u32::try_from(ticks % 10_000_000).unwrap_or(0) * 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_and_spans_agree() {
        let one_day = Duration::from_secs(86_400);
        assert_eq!(FileTime::from_unix(one_day).ticks(), 116_445_600_000_000_000);
        assert_eq!(FileTime::from_unix(one_day).since(FileTime::UNIX_EPOCH), one_day);
        assert_eq!(FileTime::UNIX_EPOCH.since(FileTime::from_unix(one_day)), Duration::ZERO);
    }
}
