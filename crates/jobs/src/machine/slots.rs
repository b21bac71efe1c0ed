//! Whose file is fetched next: foreground first, then in turn.
//!
//! A job that has files waiting stands in line once. When one of its files gets a place it goes to the end of the line,
//! so a job of a thousand files does not keep a job of one waiting. The background leaves some places to the foreground,
//! which therefore never waits for a file that crawls.

use std::collections::{BTreeMap, BTreeSet};

use swarmline_types::Priority;

use crate::face::JobId;

/// The line and the places.
#[derive(Debug)]
pub(super) struct Slots {
    places: usize,
    background_places: usize,
    foreground_used: usize,
    background_used: usize,
    turn: u64,
    /// Bounded by the number of jobs.
    line: BTreeSet<(Priority, u64, JobId)>,
    place_in_line: BTreeMap<JobId, (Priority, u64)>,
}

impl Slots {
    pub(super) fn new(places: usize, reserve: usize) -> Self {
        Self {
            places,
            background_places: places - reserve,
            foreground_used: 0,
            background_used: 0,
            turn: 0,
            line: BTreeSet::new(),
            place_in_line: BTreeMap::new(),
        }
    }

    /// The job has a file that waits. One that stands in line keeps its place.
    pub(super) fn enqueue(&mut self, job: JobId, class: Priority) {
        if !self.place_in_line.contains_key(&job) {
            self.turn += 1;
            self.place_in_line.insert(job, (class, self.turn));
            self.line.insert((class, self.turn, job));
        }
    }

    /// The job has none any longer.
    pub(super) fn dequeue(&mut self, job: JobId) {
        if let Some((class, turn)) = self.place_in_line.remove(&job) {
            self.line.remove(&(class, turn, job));
        }
    }

    /// The job stands in the line of this class from now on.
    pub(super) fn reclass(&mut self, job: JobId, class: Priority) {
        if let Some(place) = self.place_in_line.get_mut(&job) {
            self.line.remove(&(place.0, place.1, job));
            place.0 = class;
            self.line.insert((class, place.1, job));
        }
    }

    /// Takes the job whose turn it is out of the line, if there is a place for a file of it.
    pub(super) fn next(&mut self) -> Option<JobId> {
        let (class, _, job) = *self.line.first()?;
        let free = self.foreground_used + self.background_used < self.places;
        let allowed = class == Priority::Foreground || self.background_used < self.background_places;
        (free && allowed).then(|| {
            self.dequeue(job);
            job
        })
    }

    /// A file takes a place.
    pub(super) fn take(&mut self, class: Priority) {
        *self.used(class) += 1;
    }

    /// A file gives its place back.
    pub(super) fn give_back(&mut self, class: Priority) {
        *self.used(class) -= 1;
    }

    /// Places in use.
    pub(super) fn running(&self) -> usize {
        self.foreground_used + self.background_used
    }

    fn used(&mut self, class: Priority) -> &mut usize {
        match class {
            Priority::Foreground => &mut self.foreground_used,
            Priority::Background => &mut self.background_used,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Guid;

    use Priority::{Background, Foreground};

    fn job(number: u128) -> JobId {
        JobId(Guid::from_u128(number))
    }

    #[test]
    fn the_foreground_goes_first_and_the_rest_in_turn() {
        let mut slots = Slots::new(8, 1);
        slots.enqueue(job(3), Background);
        slots.enqueue(job(1), Background);
        slots.enqueue(job(2), Foreground);
        assert_eq!(slots.next(), Some(job(2)));
        assert_eq!(slots.next(), Some(job(3)));
        slots.enqueue(job(3), Background);
        assert_eq!(slots.next(), Some(job(1)), "whoever had a turn goes behind those who had none");
        slots.reclass(job(3), Foreground);
        slots.enqueue(job(4), Foreground);
        assert_eq!(slots.next(), Some(job(3)));
    }

    #[test]
    fn the_background_leaves_places_to_the_foreground() {
        let mut slots = Slots::new(3, 1);
        slots.take(Background);
        slots.take(Background);
        slots.enqueue(job(1), Background);
        assert_eq!(slots.next(), None);
        slots.enqueue(job(2), Foreground);
        assert_eq!(slots.next(), Some(job(2)));
        slots.take(Foreground);
        slots.enqueue(job(3), Foreground);
        assert_eq!(slots.next(), None, "all places are taken");
        slots.give_back(Background);
        assert_eq!(slots.next(), Some(job(3)));
    }
}
