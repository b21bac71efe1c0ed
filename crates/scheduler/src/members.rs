//! The members of the site: everybody who shares the content, connected or only heard of.
//!
//! Decides who is ranked. Does not decide what is believed of whom; `peers` knows who has delivered. Names are cheap, so
//! the table is bounded, and whoever lets a run rot is out of the ranking for a while.

mod committee;
mod index;
mod member;

use std::collections::{BTreeMap, VecDeque};

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use swarmline_types::{CapacityClass, ContentId, MonoTime, NodeId, PieceLayout, Wanted};

use crate::config::{HALVED_FROM, MEMBER_EXPIRES, OUTSIDERS_MAX, SUSPECT_FOR};
use crate::score;
use committee::Committee;
use index::Index;
use member::{Change, Marks, Standing};

pub(crate) use member::{Blame, Member};

/// All members but this node itself.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// In no order. At most [`MEMBERS_KNOWN_MAX`] of the committee, and [`OUTSIDERS_MAX`] others that are not connected.
    ///
    /// [`MEMBERS_KNOWN_MAX`]: crate::config::MEMBERS_KNOWN_MAX
    members: Vec<Member>,
    /// Their places, by ascending id.
    index: Index,
    committee: Committee,
    /// How many are outside.
    outside: usize,
    /// How many are ranked.
    ranked: usize,
    /// What those want who do not want all. Only members are in it.
    wants: BTreeMap<NodeId, Wanted>,
    /// Until when. Only members are in it.
    suspects: BTreeMap<NodeId, MonoTime>,
    epoch: u32,
    /// How often somebody more or fewer was ranked, and the latest of these changes. At most [`CHANGES_MAX`]: a site of a
    /// thousand is not ranked anew for each of its members.
    ranked_changes: u32,
    changes: VecDeque<Change>,
    /// When a suspicion ends, or somebody may have expired.
    due: MonoTime,
}

impl Members {
    pub(crate) fn get(&self, id: &NodeId) -> Option<&Member> {
        self.place(id).map(|at| &self.members[at])
    }

    /// Whether somebody of this name is known, or of one that is very much alike. To make such a name takes 2^48
    /// attempts, and then hearsay of the other is passed over until it speaks itself.
    pub(crate) fn may_know(&self, id: &NodeId) -> bool {
        self.index.has_alike(id)
    }

    /// What a member wants, unless that is all.
    pub(crate) fn wanted(&self, member: &Member) -> Option<&Wanted> {
        if member.marks.has(Marks::PICKY) { self.wants.get(&member.id) } else { None }
    }

    /// Ascending by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.index.places().map(|at| &self.members[at])
    }

    /// In no order: for counting.
    pub(crate) fn unordered(&self) -> std::slice::Iter<'_, Member> {
        self.members.iter()
    }

    /// Goes up with every change that may change a ranking.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// How many are ranked.
    pub(crate) fn ranked(&self) -> usize {
        self.ranked
    }

    /// How often somebody more or fewer was ranked.
    pub(crate) fn ranked_changes(&self) -> u32 {
        self.ranked_changes
    }

    /// What changed since [`ranked_changes`](Self::ranked_changes) was `since`; `None` if that is not remembered.
    pub(crate) fn changed_since(&self, since: u32) -> Option<impl Iterator<Item = &Change>> {
        let missed = self.ranked_changes.wrapping_sub(since) as usize;
        let first = self.changes.len().checked_sub(missed)?;
        Some(self.changes.range(first..))
    }

    fn place(&self, id: &NodeId) -> Option<usize> {
        self.index.find(id, &self.members).ok()
    }

    /// Changes a member, and remembers what that does to rankings.
    fn alter<T>(&mut self, at: usize, how: impl FnOnce(&mut Member) -> T) -> T {
        let before = self.members[at].standing();
        let result = how(&mut self.members[at]);
        let after = self.members[at].standing();
        if before != after {
            self.note(at, before, false);
            self.note(at, after, true);
        }
        result
    }

    fn note(&mut self, at: usize, standing: Option<Standing>, is_more: bool) {
        let (Some(standing), member) = (standing, &self.members[at]) else { return };
        let change = Change { id: member.id, draw: member.draw, standing, is_more };
        self.ranked = if is_more { self.ranked + 1 } else { self.ranked - 1 };
        self.ranked_changes = self.ranked_changes.wrapping_add(1);
        if member.marks.has(Marks::PICKY) {
            // Whether it counts differs from run to run.
            self.changes.clear();
            return;
        }
        if self.changes.len() == CHANGES_MAX {
            self.changes.pop_front();
        }
        self.changes.push_back(change);
    }

    fn entry(&mut self, id: NodeId, class: CapacityClass, content: &ContentId, now: MonoTime) -> usize {
        if let Some(at) = self.place(&id) {
            return at;
        }
        let draw = score::draw_of_member(content, &id);
        self.make_room(draw);
        let (position, at) =
            (self.index.find(&id, &self.members).unwrap_or_else(|new| new), self.members.len());
        let (heard_s, mut marks) = (seconds(now), Marks::default());
        marks.set(Marks::OUTSIDE, !self.committee.has(draw));
        self.outside += usize::from(marks.has(Marks::OUTSIDE));
        let member =
            Member { id, draw, number: 0, heard_before: u8::MAX, heard_s, class, blame: None, marks };
        if self.members.len() == self.members.capacity() {
            self.members.reserve_exact(grows_by(self.members.len()));
        }
        self.members.push(member);
        self.index.insert(position, &id, at);
        self.note(at, self.members[at].standing(), true);
        self.epoch += 1;
        at
    }

    /// Whether somebody of this name is or would be of the committee.
    pub(crate) fn would_rank(&self, id: &NodeId, content: &ContentId) -> bool {
        self.committee.is_whole() || self.committee.has(score::draw_of_member(content, id))
    }

    /// Whether a member with this draw is left out of the committee.
    pub(crate) fn leaves_out(&self, draw: u64) -> bool {
        !self.committee.has(draw)
    }

    /// Whether so many did not come that there may be nobody behind most names.
    pub(crate) fn is_committee_absent(&self) -> bool {
        self.suspects.len() * 8 >= self.members.len() - self.outside
    }

    /// Halves the committee until one more has room.
    fn make_room(&mut self, draw: u64) {
        let len = |of: &Self| of.members.len() - of.outside;
        while self.committee.has(draw) && self.committee.is_full(len(self)) {
            self.halve();
        }
        if len(self).is_multiple_of(HALVED_FROM) {
            self.follow_others();
        }
    }

    /// Halves the committee as often as others did.
    fn follow_others(&mut self) {
        let heard_of = |of: &&Member| !of.is_connected() && !of.is_outside();
        while self.committee.is_halved_elsewhere(self.members.iter().filter(heard_of).map(|of| of.draw)) {
            self.halve();
        }
    }

    /// Those who are left out are forgotten, or are outside if they are connected.
    fn halve(&mut self) {
        self.committee.halve();
        for at in (0..self.members.len()).rev() {
            let member = &self.members[at];
            match self.committee.has(member.draw) || member.is_outside() {
                true => {}
                false if member.is_connected() => self.set_outside(at, true),
                false => self.forget(at),
            }
        }
        self.rank_anew();
    }

    /// Takes those in who were left out last, as far as they are known.
    fn double(&mut self) {
        self.committee.double();
        for at in 0..self.members.len() {
            let member = &self.members[at];
            if member.is_outside() && self.committee.has(member.draw) {
                self.set_outside(at, false);
            }
        }
        self.rank_anew();
    }

    fn set_outside(&mut self, at: usize, is_outside: bool) {
        self.alter(at, |member| member.marks.set(Marks::OUTSIDE, is_outside));
        self.outside = if is_outside { self.outside + 1 } else { self.outside - 1 };
    }

    /// What changed is forgotten: this node may stand elsewhere itself.
    fn rank_anew(&mut self) {
        self.ranked_changes = self.ranked_changes.wrapping_add(1);
        self.changes.clear();
        self.epoch += 1;
    }

    /// It is connected, and its own hello says what class it is of.
    pub(crate) fn connect(&mut self, id: NodeId, class: CapacityClass, content: &ContentId, now: MonoTime) {
        let at = self.entry(id, class, content, now);
        self.alter(at, |member| {
            (member.class, member.heard_s) = (class, seconds(now));
            member.marks.set(Marks::GONE, false);
            member.marks.set(Marks::CONNECTED, true)
        });
        self.epoch += 1;
    }

    /// The connection is gone. `stays`: the site is one in which most are not connected; it may still be there. Outsiders
    /// are remembered only when they speak then.
    pub(crate) fn disconnect(&mut self, id: &NodeId, stays: bool, now: MonoTime) {
        let Some(at) = self.place(id) else { return };
        self.epoch += 1;
        if stays && !self.members[at].is_outside() {
            let member = &mut self.members[at];
            member.marks.set(Marks::CONNECTED, false);
            member.heard_s = seconds(now);
            self.due = self.due.min(now + MEMBER_EXPIRES);
        } else {
            self.forget(at);
        }
    }

    fn forget(&mut self, at: usize) {
        self.note(at, self.members[at].standing(), false);
        self.index.remove(&self.members[at].id, &self.members);
        let last = self.members.len() - 1;
        if at < last {
            self.index.move_to(&self.members[last].id, at, &self.members);
        }
        let member = self.members.swap_remove(at);
        self.outside -= usize::from(member.is_outside());
        self.suspects.remove(&member.id);
        if member.marks.has(Marks::PICKY) {
            self.wants.remove(&member.id);
        }
        self.epoch += 1;
    }

    /// Makes room for one more outsider that is only heard of: one of those, at random, is forgotten.
    fn forget_an_outsider(&mut self, rng: &mut Pcg64Mcg) {
        if self.outside < OUTSIDERS_MAX {
            return;
        }
        let is_spare = |of: &Member| of.is_outside() && !of.is_connected();
        let spare = self.members.iter().filter(|of| is_spare(of)).count();
        if spare >= OUTSIDERS_MAX {
            let nth = rng.random_range(0..spare);
            let at = self.members.iter().enumerate().filter(|(_, of)| is_spare(of)).nth(nth);
            at.map(|(at, _)| at).into_iter().for_each(|at| self.forget(at));
        }
    }

    /// A rumour says something of it. `true` if it was not known before.
    pub(crate) fn hear(
        &mut self,
        id: NodeId,
        class: CapacityClass,
        number: u64,
        content: &ContentId,
        rng: &mut Pcg64Mcg,
        now: MonoTime,
    ) -> bool {
        let known = self.place(&id);
        let is_new = known.is_none();
        let at = known.unwrap_or_else(|| {
            if !self.would_rank(&id, content) {
                self.forget_an_outsider(rng);
            }
            self.due = self.due.min(now + MEMBER_EXPIRES);
            self.entry(id, class, content, now)
        });
        let changes = self.alter(at, |member| {
            member.note_number(number);
            member.heard_s = seconds(now);
            let is_back = member.marks.set(Marks::GONE, false);
            // Of the class of somebody who is connected, its own hello speaks.
            let is_other = !member.is_connected() && member.class != class;
            if is_other {
                member.class = class;
            }
            is_back || is_other
        });
        self.epoch += u32::from(changes);
        is_new
    }

    pub(crate) fn leave(&mut self, id: &NodeId, number: u64) {
        if let Some(at) = self.place(id) {
            self.alter(at, |member| {
                member.number = number;
                member.marks.set(Marks::GONE, true)
            });
            self.epoch += 1;
        }
    }

    /// What a member wants: it is ranked for that only.
    pub(crate) fn set_wanted(&mut self, id: &NodeId, wanted: &Wanted, layout: &PieceLayout) {
        let wanted = (!wanted.is_all(layout)).then_some(wanted);
        if let Some(at) = self.place(id).filter(|at| self.wanted(&self.members[*at]) != wanted) {
            self.members[at].marks.set(Marks::PICKY, wanted.is_some());
            match wanted {
                Some(wanted) => self.wants.insert(*id, wanted.clone()),
                None => self.wants.remove(id),
            };
            self.ranked_changes = self.ranked_changes.wrapping_add(1);
            self.changes.clear();
            self.epoch += 1;
        }
    }

    /// Puts it out of the ranking for a while.
    pub(crate) fn suspect(&mut self, id: &NodeId, blame: Blame, now: MonoTime) {
        let Some(at) = self.place(id) else { return };
        self.alter(at, |member| member.blame = member.blame.max(Some(blame)));
        self.suspects.insert(*id, now + SUSPECT_FOR);
        self.epoch += 1;
        self.due = self.due.min(now + SUSPECT_FOR);
    }

    /// It should have come, and perhaps is not there: out of the ranking for a while, or until it says something.
    pub(crate) fn miss(&mut self, id: &NodeId, now: MonoTime) {
        if !self.suspects.contains_key(id) {
            self.suspect(id, Blame::Absent, now);
        }
    }

    /// It says something about what it fetches, so it is there.
    pub(crate) fn appear(&mut self, id: &NodeId) {
        if self.get(id).is_some_and(|member| member.blame == Some(Blame::Absent)) {
            self.clear(id);
            self.epoch += 1;
        }
    }

    fn clear(&mut self, id: &NodeId) {
        self.suspects.remove(id);
        if let Some(at) = self.place(id) {
            self.alter(at, |member| member.blame = None);
        }
    }

    /// When the next suspect comes back or is forgotten, at the earliest.
    pub(crate) fn due(&self) -> MonoTime {
        self.due
    }

    /// Lets time pass: suspects come back, and whoever was not heard of for long is forgotten.
    pub(crate) fn tick(&mut self, now: MonoTime) {
        if now < self.due {
            return;
        }
        let cleared: Vec<_> =
            self.suspects.iter().filter(|(_, until)| now >= **until).map(|(id, _)| *id).collect();
        for id in cleared {
            self.clear(&id);
            self.epoch += 1;
        }
        let expired = |member: &Member| !member.is_connected() && now >= expires(member);
        while let Some(at) = self.members.iter().position(expired) {
            self.forget(at);
        }
        self.follow_others();
        while self.committee.is_small(self.members.len() - self.outside) {
            self.double();
        }
        let next_expiry = self.members.iter().filter(|member| !member.is_connected()).map(expires).min();
        let next_cleared = self.suspects.values().copied().min();
        self.due = next_expiry.into_iter().chain(next_cleared).min().unwrap_or(MonoTime::NEVER);
    }
}

/// Changes of the ranking that are remembered: as many as come between two looks at the window, mostly.
const CHANGES_MAX: usize = 16;

/// A table of so many grows by so many: doubling would leave half of it empty, and it is the largest of a node.
fn grows_by(len: usize) -> usize {
    (len / 16).max(8)
}

fn seconds(at: MonoTime) -> u32 {
    u32::try_from(at.as_micros() / 1_000_000).unwrap_or(u32::MAX)
}

fn expires(member: &Member) -> MonoTime {
    MonoTime::from_millis(u64::from(member.heard_s) * 1000) + MEMBER_EXPIRES
}

#[cfg(test)]
mod tests;
