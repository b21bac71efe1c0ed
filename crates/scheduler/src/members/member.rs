//! One member, as a node knows it.

use swarmline_types::{CapacityClass, NodeId};

use crate::config::NUMBER_STEP_MAX;
use crate::score::Entrant;

/// One member, as this node knows it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: NodeId,
    pub(super) draw: u64,
    /// Of its last word that was heard as a rumour.
    pub(crate) number: u64,
    /// Which of the eight numbers before were heard, the latest first: on another way a word may come later than the next.
    pub(super) heard_before: u8,
    /// Whole seconds of the clock when it was last heard of; all that expiry needs.
    pub(super) heard_s: u32,
    pub(super) class: CapacityClass,
    /// Why it is out of the ranking.
    pub(super) blame: Option<Blame>,
    pub(super) marks: Marks,
}

/// Of the number that lies so far before the latest; none beyond eight.
pub(super) fn bit_of(back: u64) -> u8 {
    if (1..=8).contains(&back) { 1 << (back - 1) } else { 0 }
}

/// What is or is not so of a member: in one byte, since this is the largest table of a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks(u8);

impl Marks {
    pub(super) const CONNECTED: u8 = 1;
    /// It said that it leaves. Remembered for a while, so that echoes of its words are known as such.
    pub(super) const GONE: u8 = 2;
    /// It does not want all; the table says what.
    pub(super) const PICKY: u8 = 4;
    /// It is not of the committee.
    pub(super) const OUTSIDE: u8 = 8;

    pub(super) fn has(self, mark: u8) -> bool {
        self.0 & mark > 0
    }

    /// `true` if it was so before.
    pub(super) fn set(&mut self, mark: u8, is_so: bool) -> bool {
        let was_so = self.has(mark);
        self.0 = if is_so { self.0 | mark } else { self.0 & !mark };
        was_so
    }
}

impl Member {
    pub(crate) fn class(&self) -> CapacityClass {
        self.class
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.marks.has(Marks::CONNECTED)
    }

    /// Whether it is left out of the committee, where there is one.
    pub(crate) fn is_outside(&self) -> bool {
        self.marks.has(Marks::OUTSIDE)
    }

    /// Whether a word with this number is news, though it may be a late one. Only what comes from itself may be far ahead:
    /// others spoke in its name meanwhile.
    pub(crate) fn has_not_heard(&self, number: u64, is_from_itself: bool) -> bool {
        match number.checked_sub(self.number) {
            Some(step) => step > 0 && (step <= NUMBER_STEP_MAX || is_from_itself),
            None => {
                let before = bit_of(self.number - number);
                before & !self.heard_before > 0 && !self.marks.has(Marks::GONE)
            }
        }
    }

    pub(super) fn note_number(&mut self, number: u64) {
        match number.checked_sub(self.number) {
            Some(0) => {}
            // The latest so far is one of those before.
            Some(step @ 1..=8) => self.heard_before = (self.heard_before << 1 | 1) << (step - 1),
            Some(_) => self.heard_before = 0,
            None => self.heard_before |= bit_of(self.number - number),
        }
        self.number = self.number.max(number);
    }

    /// Whether it let a run rot that it had claimed.
    pub(crate) fn let_rot(&self) -> bool {
        self.blame == Some(Blame::Rot)
    }

    /// Whether it is waited for where it ranks.
    pub(crate) fn is_ranked(&self) -> bool {
        self.blame.is_none() && !self.marks.has(Marks::GONE) && self.class != CapacityClass::Never
    }

    /// As what it is ranked, if it is.
    pub(super) fn standing(&self) -> Option<Standing> {
        self.is_ranked().then_some(Standing { class: self.class, is_outside: self.is_outside() })
    }

    /// It in the race for a run that brings `run`.
    pub(crate) fn entrant(&self, run: u64) -> Entrant<'_> {
        Entrant::new(run, self.draw, &self.id, self.class).behind_committee(self.is_outside())
    }
}

/// Why a member is out of the ranking, from the least to the worst.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Blame {
    /// It was not heard of where it should have been; its next word of what it fetches clears it.
    Absent,
    /// It did not come for a run of its own. It may have had no room, so what it claims is heard.
    Late,
    /// It claimed a run and let it rot.
    Rot,
}

/// As what a member is ranked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    pub(super) class: CapacityClass,
    pub(super) is_outside: bool,
}

/// One more member that is ranked, or one fewer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(super) id: NodeId,
    pub(super) draw: u64,
    pub(super) standing: Standing,
    pub(crate) is_more: bool,
}

impl Change {
    /// The member in the race for a run that brings `run`.
    pub(crate) fn entrant(&self, run: u64) -> Entrant<'_> {
        let Standing { class, is_outside } = self.standing;
        Entrant::new(run, self.draw, &self.id, class).behind_committee(is_outside)
    }
}
