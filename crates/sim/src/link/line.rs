//! Rates, and the clock of a line that one thing at a time passes.

use std::time::Duration;

use swarmline_types::MonoTime;

/// What a line carries; `None` for one that holds nothing up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pipe {
    bytes_per_s: Option<f64>,
}

impl Pipe {
    pub(crate) fn new(bytes_per_s: Option<f64>) -> Self {
        Self { bytes_per_s }
    }

    pub(crate) fn bytes_per_s(self) -> Option<f64> {
        self.bytes_per_s
    }

    /// How long so many bytes take, rounded up, so that no line is ever faster than it is.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and is not negative"
    )]
    pub(crate) fn time_for(self, bytes: u64) -> Duration {
        self.bytes_per_s
            .map_or(Duration::ZERO, |rate| Duration::from_micros((bytes as f64 * 1e6 / rate).ceil() as u64))
    }
}

/// A way in, or a disk: busy until it is free, and then takes the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inlet {
    pipe: Pipe,
    free: MonoTime,
}

impl Inlet {
    pub(crate) fn new(pipe: Pipe) -> Self {
        Self { pipe, free: MonoTime::ZERO }
    }

    pub(crate) fn pipe(&self) -> Pipe {
        self.pipe
    }

    /// Takes in bytes whose first arrives at `first` and whose last at `last`; says when all are through.
    pub(crate) fn pass(&mut self, bytes: u64, first: MonoTime, last: MonoTime) -> MonoTime {
        self.free = self.free.max(first) + self.pipe.time_for(bytes);
        self.free.max(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> MonoTime {
        MonoTime::from_millis(millis)
    }

    #[test]
    fn two_that_arrive_together_share_the_way_in() {
        let mut inlet = Inlet::new(Pipe::new(Some(1e6)));
        assert_eq!(inlet.pass(10_000, at(0), at(5)), at(10));
        assert_eq!(inlet.pass(10_000, at(0), at(5)), at(20));
        assert_eq!(inlet.pass(10_000, at(50), at(70)), at(70), "a slower sender is not held up");
    }

    #[test]
    fn what_has_no_limit_takes_no_time() {
        assert_eq!(Inlet::new(Pipe::new(None)).pass(1 << 40, at(1), at(2)), at(2));
    }

    #[test]
    fn time_is_rounded_up() {
        assert_eq!(Pipe::new(Some(3e6)).time_for(1), Duration::from_micros(1));
    }
}
