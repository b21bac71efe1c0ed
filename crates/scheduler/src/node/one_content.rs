//! The border between the node and one of its contents.

use swarmline_types::{ContentId, MonoTime, Priority};

use super::OpenContent;
use super::budget::Budget;
use super::contacts::Contacts;
use crate::allowance::{Allowance, Surroundings};
use crate::ledger::Source;

/// What a node is to one of its contents.
pub(super) struct OneContent<'a> {
    pub(super) open: Option<&'a mut OpenContent>,
    pub(super) contacts: &'a mut Contacts,
    /// But for what depends on the time.
    pub(super) surroundings: Surroundings,
    pub(super) discards_until: MonoTime,
    pub(super) budget: &'a mut Budget,
    pub(super) content: ContentId,
    pub(super) priority: Priority,
}

impl Allowance for OneContent<'_> {
    fn try_start(&mut self, from: Source, bytes: u64, now: MonoTime) -> bool {
        self.budget.try_start(self.content, self.priority, from, bytes, now)
    }

    fn end(&mut self, from: Source, bytes: u64, received: u64) {
        self.budget.end(self.content, from, bytes, received);
    }

    fn keep_line(&mut self, until: MonoTime) {
        self.budget.keep_line(self.content, self.priority, until);
    }

    fn seek_others(&mut self, is_stranded: bool) {
        if let Some(open) = &mut self.open
            && std::mem::replace(&mut open.is_stranded, is_stranded) != is_stranded
        {
            self.contacts.reconsider();
        }
    }

    fn surroundings(&self, now: MonoTime) -> Surroundings {
        Surroundings { gets_discards: now < self.discards_until, ..self.surroundings }
    }
}
