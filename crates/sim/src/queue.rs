//! What is still to happen: events by time, and those of one time in the order in which they were put in.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use swarmline_types::MonoTime;

/// A queue of events. Not bounded by itself: each event stands for a message, a timer or a transfer, which are.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    heap: BinaryHeap<Entry<E>>,
    next: u64,
}

#[derive(Debug)]
struct Entry<E> {
    at: MonoTime,
    number: u64,
    event: E,
}

impl<E> Queue<E> {
    pub(crate) fn new() -> Self {
        Self { heap: BinaryHeap::new(), next: 0 }
    }

    pub(crate) fn push(&mut self, at: MonoTime, event: E) {
        self.heap.push(Entry { at, number: self.next, event });
        self.next += 1;
    }

    /// When the next event is due.
    pub(crate) fn due(&self) -> Option<MonoTime> {
        self.heap.peek().map(|entry| entry.at)
    }

    pub(crate) fn pop(&mut self) -> Option<(MonoTime, E)> {
        let roomy = self.heap.capacity() >= ROOMY && self.heap.len() * 4 <= self.heap.capacity();
        if roomy {
            self.heap.shrink_to(self.heap.len() * 2);
        }
        self.heap.pop().map(|entry| (entry.at, entry.event))
    }
}

/// Places from which on empty ones are given back: when all arrive together, many times as much is to happen as later.
const ROOMY: usize = 1024;

// The heap gives the greatest first, so the earliest is the greatest.
impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Entry<E> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_in_the_order_they_were_put_in() {
        let mut queue = Queue::new();
        for (at, event) in [(5, 'c'), (1, 'a'), (5, 'd'), (2, 'b'), (5, 'e')] {
            queue.push(MonoTime::from_millis(at), event);
        }
        assert_eq!(queue.due(), Some(MonoTime::from_millis(1)));
        let order: String = std::iter::from_fn(|| queue.pop()).map(|(_, event)| event).collect();
        assert_eq!(order, "abcde");
    }
}
