//! Finds members by their id, and gives them in its order: eight bytes for each, so that a search stays in the cache.

use std::cmp::Ordering;

use swarmline_types::NodeId;

use super::Member;

/// For each member the first six bytes of its id, and behind them its place in the table. Ascending by the whole id.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Vec<u64>,
}

impl Index {
    /// Places in the table, by ascending id.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.entries.iter().copied().map(place)
    }

    /// The place of a member, or where in the index a new one belongs.
    pub(super) fn find(&self, id: &NodeId, members: &[Member]) -> Result<usize, usize> {
        self.position(id, members).map(|at| place(self.entries[at]))
    }

    /// Whether there is an id that begins like this one.
    pub(super) fn has_alike(&self, id: &NodeId) -> bool {
        let head = head(id);
        self.entries.binary_search_by_key(&head, |entry| entry & !PLACE).is_ok()
    }

    fn position(&self, id: &NodeId, members: &[Member]) -> Result<usize, usize> {
        let head = head(id);
        self.entries.binary_search_by(|entry| match (entry & !PLACE).cmp(&head) {
            // Ids are random, so this is the one; a liar's may be alike.
            Ordering::Equal => members[place(*entry)].id.cmp(id),
            differ => differ,
        })
    }

    /// Puts in a member that was not found; `position` says where.
    pub(super) fn insert(&mut self, position: usize, id: &NodeId, place: usize) {
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(super::grows_by(self.entries.len()));
        }
        self.entries.insert(position, entry(id, place));
    }

    pub(super) fn remove(&mut self, id: &NodeId, members: &[Member]) {
        if let Ok(at) = self.position(id, members) {
            self.entries.remove(at);
        }
    }

    /// A member moves to another place; it still stands in the old one.
    pub(super) fn move_to(&mut self, id: &NodeId, place: usize, members: &[Member]) {
        if let Ok(at) = self.position(id, members) {
            self.entries[at] = entry(id, place);
        }
    }
}

/// The lower bits of an entry, which hold the place: far more members than are remembered.
const PLACE: u64 = 0xffff;

fn entry(id: &NodeId, place: usize) -> u64 {
    let place = u64::try_from(place).ok().filter(|place| *place <= PLACE);
    head(id) | place.expect("fewer than 2^16 members are remembered")
}

fn place(entry: u64) -> usize {
    usize::try_from(entry & PLACE).expect("16 bits")
}

fn head(id: &NodeId) -> u64 {
    u64::from_be_bytes(id.as_bytes()[..8].try_into().expect("8 of 32 bytes")) & !PLACE
}
