//! A radio cell: one more server, through which every slice of its nodes passes, in and out.

use std::collections::VecDeque;
use std::time::Duration;

use super::Pipe;

/// The queue of a cell. A node that sends has one slice in it at a time, so that the air is shared by senders; what
/// comes from wired nodes or the origin waits at the access point. Bounded by the answers in the making and the origin's
/// window of the whole site.
#[derive(Debug)]
pub(crate) struct Cell<T> {
    waiting: VecDeque<(T, u64)>,
    on_air: Option<T>,
    pipe: Pipe,
}

impl<T> Cell<T> {
    pub(crate) fn new(pipe: Pipe) -> Self {
        Self { waiting: VecDeque::new(), on_air: None, pipe }
    }

    pub(crate) fn push(&mut self, what: T, bytes: u64) {
        self.waiting.push_back((what, bytes));
    }

    /// Sends the next if the air is free; says how long it takes.
    pub(crate) fn begin(&mut self) -> Option<Duration> {
        if self.on_air.is_some() {
            return None;
        }
        let (what, bytes) = self.waiting.pop_front()?;
        self.on_air = Some(what);
        Some(self.pipe.time_for(bytes))
    }

    /// What was on air has arrived.
    pub(crate) fn end(&mut self) -> Option<T> {
        self.on_air.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_in_order() {
        let mut cell = Cell::new(Pipe::new(Some(1e6)));
        cell.push('a', 1000);
        cell.push('b', 2000);
        assert_eq!(cell.begin(), Some(Duration::from_millis(1)));
        assert_eq!(cell.begin(), None, "the air is taken");
        assert_eq!(cell.end(), Some('a'));
        assert_eq!(cell.begin(), Some(Duration::from_millis(2)));
        assert_eq!(cell.end(), Some('b'));
        assert_eq!((cell.begin(), cell.end()), (None, None));
    }
}
