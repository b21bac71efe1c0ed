//! Who is ranked where there are more members than a node remembers.
//!
//! Were each node to remember others at random, each would rank others: in a site of five times as many as it remembers,
//! five think of each run that it is theirs. So all leave out the same: whose draw does not begin with enough zero bits,
//! one more each time that there are too many. Nothing need be said for that.

use crate::config::{COMMITTEE_MIN, HALVED_FROM, MEMBERS_KNOWN_MAX};

/// How often the committee was halved: so many zero bits begin the draw of each of its members. At most 63.
#[derive(Debug, Default)]
pub(super) struct Committee {
    halvings: u32,
}

impl Committee {
    pub(super) fn has(&self, draw: u64) -> bool {
        draw.leading_zeros() >= self.halvings
    }

    /// Whether it is all members.
    pub(super) fn is_whole(&self) -> bool {
        self.halvings == 0
    }

    /// Whether it has to be halved before one more is taken in.
    pub(super) fn is_full(&self, len: usize) -> bool {
        len >= MEMBERS_KNOWN_MAX && self.can_be_halved()
    }

    /// Whether others have halved it: those who were left out there are not spoken of, so that of many who were heard of
    /// not one would be left out. Of as many in a whole committee half would.
    pub(super) fn is_halved_elsewhere(&self, heard_of: impl Iterator<Item = u64>) -> bool {
        let mut count = 0;
        let all_stay = heard_of.inspect(|_| count += 1).all(|draw| draw.leading_zeros() > self.halvings);
        all_stay && count >= HALVED_FROM && self.can_be_halved()
    }

    /// Whether so few are left that others are needed.
    pub(super) fn is_small(&self, len: usize) -> bool {
        len < COMMITTEE_MIN && !self.is_whole()
    }

    pub(super) fn halve(&mut self) {
        self.halvings += 1;
    }

    pub(super) fn double(&mut self) {
        self.halvings -= 1;
    }

    fn can_be_halved(&self) -> bool {
        self.halvings < u64::BITS - 1
    }
}
