//! Rumours: how a word reaches everybody in a site where not everybody is connected with everybody.
//!
//! Each node passes on what is news over a few links, and drops what it has heard before anything else is done with
//! it. Believing is the business of others. `docs/algorithm.md` says why two links each are enough, and what a liar can
//! do.

use std::sync::Arc;

use rand::RngExt;
use swarmline_types::message::{ContentMessage, Rumour, Word};
use swarmline_types::{FlatMap, MonoTime, NodeId, Wanted};

use super::Site;
use crate::config::{
    HERE_EVERY, LINK_MISSES, LINK_SILENCE, LINKS, LINKS_USUAL, NEW_NAME_COSTS, NUMBER_FIRST_MAX,
    NUMBER_STEP_MAX, RUMOUR_BATCH, RUMOUR_BURST, RUMOURS_MAX, RUMOURS_PER_S,
};
use crate::members::Member;
use crate::peers::Peer;

/// What this node passes on, and over which links.
#[derive(Debug, Default)]
pub(super) struct Rumours {
    is_on: bool,
    /// Of my own last word.
    number: u64,
    /// Whether anybody was there to hear that.
    is_heard: bool,
    /// Peers over which rumours travel. Bounded by the peers.
    links: FlatMap<NodeId, Link>,
    /// News and by whom they came, not yet passed on. At most [`RUMOURS_MAX`].
    pending: Vec<(Rumour, NodeId)>,
    last_batch: Option<MonoTime>,
    /// When I must say that I am here, if I say nothing else before.
    here_due: MonoTime,
    /// The greatest number beyond mine that was used in my name, and when I last answered for myself.
    used_in_my_name: u64,
    answered: Option<MonoTime>,
}

/// A peer that what others say is passed on to.
#[derive(Debug)]
struct Link {
    /// I chose it; else it chose me.
    is_mine: bool,
    /// When it last passed something on, or was chosen.
    heard: MonoTime,
    /// News that others brought since then. One word says little: what I tell a link first it does not tell me.
    missed: u32,
}

impl Link {
    fn new(is_mine: bool, now: MonoTime) -> Self {
        Self { is_mine, heard: now, missed: 0 }
    }

    /// When it is mute if nothing changes: it passes nothing on while others do. Who chose me may know better, and is waited
    /// for longer.
    fn mute_at(&self) -> MonoTime {
        let patience = if self.is_mine { 1 } else { 3 };
        match self.missed >= patience * LINK_MISSES {
            true => self.heard + patience * LINK_SILENCE,
            false => MonoTime::NEVER,
        }
    }
}

impl Rumours {
    /// A peer brings news.
    fn note_news(&mut self, via: &NodeId) {
        let others = self.links.iter_mut().filter(|(link, _)| *link != via);
        others.for_each(|(_, link)| link.missed = link.missed.saturating_add(1));
    }
}

impl Site {
    pub(crate) fn uses_rumours(&self) -> bool {
        self.rumours.is_on
    }

    /// Not everybody can be connected with everybody: from now on words are passed on.
    pub(crate) fn begin_rumours(&mut self) {
        if std::mem::replace(&mut self.rumours.is_on, true) {
            return;
        }
        self.choose_links();
        let (peers, known) = (self.peers.ids().collect::<Vec<_>>(), self.all_known());
        peers.into_iter().for_each(|peer| self.tell(peer, &known));
        self.say_here();
    }

    /// A peer that has just come hears of everybody, and may become a link.
    pub(super) fn greet_with_rumours(&mut self, peer: NodeId) {
        self.tell(peer, &self.all_known());
        self.choose_links();
        if !self.rumours.is_heard {
            self.say_here();
        }
    }

    /// Everybody that is known, this node last, in messages.
    fn all_known(&self) -> Vec<Arc<[Rumour]>> {
        let layout = *self.coverage.runs().layout();
        let is_told = |of: &&Member| (of.number > 0 || of.is_connected()) && !of.is_outside();
        let others = self.members.iter().filter(is_told).map(|member| Rumour {
            member: member.id,
            class: member.class(),
            number: member.number,
            has_all: self.has_all(&member.id),
            word: Word::Known(self.members.wanted(member).cloned().unwrap_or_else(|| Wanted::all(&layout))),
        });
        let me = self.my_rumour(Word::Known(self.coverage.wanted().clone()));
        let mut known = others.chain([me]).peekable();
        let mut messages = Vec::new();
        while known.peek().is_some() {
            messages.push(known.by_ref().take(RUMOURS_MAX).collect());
        }
        messages
    }

    fn tell(&mut self, peer: NodeId, messages: &[Arc<[Rumour]>]) {
        messages.iter().for_each(|rumours| self.send(peer, ContentMessage::Rumours(rumours.clone())));
    }

    fn my_rumour(&self, word: Word) -> Rumour {
        let (class, number) = (self.config.class, self.rumours.number);
        Rumour { member: self.me, class, number, has_all: self.coverage.have().is_all(), word }
    }

    /// Whether another said to everybody that it has everything, or has it and has delivered: a bitmap is said to me only.
    fn has_all(&self, member: &NodeId) -> bool {
        let is_source = |peer: &Peer| peer.is_proven() && peer.is_source();
        self.elsewhere.knows(member) || self.peers.get(member).is_some_and(is_source)
    }

    /// A peer is gone, and with it the link.
    pub(super) fn unlink(&mut self, peer: &NodeId) {
        self.rumours.links.remove(peer);
        self.choose_links();
    }

    /// Keeps [`LINKS`] of my own choice.
    fn choose_links(&mut self) {
        let mut chosen = self.rumours.links.values().filter(|link| link.is_mine).count();
        let is_mine = |id: &NodeId| self.rumours.links.get(id).is_some_and(|link| link.is_mine);
        let mut others: Vec<_> = self.peers.ids().filter(|id| !is_mine(id)).collect();
        while chosen < LINKS && !others.is_empty() {
            let peer = others.swap_remove(self.rng.random_range(0..others.len()));
            self.rumours.links.insert(peer, Link::new(true, self.now));
            self.say_chosen(peer);
            chosen += 1;
        }
    }

    /// What I say goes to all peers, so that alone does not tell a peer that it is a link: a word with the number 0 does.
    fn say_chosen(&mut self, peer: NodeId) {
        let here = self.my_rumour(Word::Here(self.coverage.wanted().clone()));
        self.send(peer, ContentMessage::Rumours([Rumour { number: 0, ..here }].into()));
    }

    /// Chooses others instead of links that pass nothing on while others speak: who has only such hears of those it is
    /// connected with, and fetches what the rest does.
    fn leave_mute_links(&mut self) {
        let links = self.rumours.links.iter();
        let mute: Vec<_> = links.filter(|(_, link)| self.now >= link.mute_at()).map(|(id, _)| *id).collect();
        if !mute.is_empty() {
            mute.iter().for_each(|id| _ = self.rumours.links.remove(id));
            self.choose_links();
        }
        let next = self.rumours.links.values().map(Link::mute_at).min();
        self.wake_at(next.unwrap_or(MonoTime::NEVER));
    }

    /// Says a word of my own, at once, behind what waits.
    pub(crate) fn say(&mut self, word: Word) {
        self.rumours.number += 1;
        self.rumours.is_heard = !self.peers.is_empty();
        self.rumours.here_due = self.now + HERE_EVERY;
        let mine = (self.my_rumour(word), self.me);
        self.rumours.pending.push(mine);
        self.pass_on();
    }

    /// This node is here, and wants what it wants; said again when that changes.
    pub(crate) fn say_here(&mut self) {
        if self.uses_rumours() {
            self.say(Word::Here(self.coverage.wanted().clone()));
        }
    }

    /// This node leaves the content.
    pub(crate) fn say_gone(&mut self) {
        if self.uses_rumours() {
            self.say(Word::Gone);
        }
    }

    /// A peer passes on what members say, or `has_chosen` this node: rumours travel over it. Of those that were left, or
    /// whose word of their choice was lost, that is so only while links are few: two that pass on to each other would never
    /// see each other as mute, and in the end everybody would be everybody's link.
    pub(crate) fn is_linked_by(&mut self, via: NodeId, has_chosen: bool) {
        let may_become_one = has_chosen || self.rumours.links.len() < LINKS_USUAL;
        if self.peers.get(&via).is_some() && (may_become_one || self.rumours.links.contains_key(&via)) {
            let link = self.rumours.links.get_or_insert_with(via, || Link::new(false, self.now));
            (link.heard, link.missed) = (self.now, 0);
        }
    }

    /// Whether a rumour that `via` brought is news. If so it is booked and will be passed on.
    pub(crate) fn hear(&mut self, via: NodeId, rumour: &Rumour) -> bool {
        if rumour.member == self.me {
            self.hear_of_myself(&via, rumour.number);
            return false;
        }
        // Whoever is known is not made more so by hearsay, and who it is need not be looked at closely.
        if rumour.is_hearsay() && self.members.may_know(&rumour.member) {
            return false;
        }
        let is_lane = matches!(rumour.word, Word::Lane(_));
        let is_new = match self.members.get(&rumour.member) {
            Some(member) if !member.has_not_heard(rumour.number, rumour.member == via) => return false,
            // What a member wants and that it leaves is not undone by a word from before.
            Some(member) if rumour.number < member.number && !is_lane => return false,
            Some(_) => false,
            None if rumour.number > NUMBER_FIRST_MAX || matches!(rumour.word, Word::Gone) => return false,
            // Where there are more than can be remembered, who is not ranked counts only for what it fetches.
            None if !is_lane && !self.members.would_rank(&rumour.member, &self.content) => return false,
            None => true,
        };
        if !self.is_within_budget(&via, is_new) {
            return false;
        }
        self.book(rumour);
        self.rumours.note_news(&via);
        self.rumours.pending.push((rumour.clone(), via));
        if self.rumours.pending.len() >= RUMOURS_MAX {
            self.pass_on();
        }
        true
    }

    fn book(&mut self, rumour: &Rumour) {
        if let Word::Gone = rumour.word {
            self.forget_holder(&rumour.member);
            return self.members.leave(&rumour.member, rumour.number);
        }
        let Rumour { member, class, number, has_all, .. } = *rumour;
        if has_all {
            self.hear_of_holder(member);
        }
        self.members.hear(member, class, number, &self.content, &mut self.rng, self.now);
        if let Word::Here(wanted) | Word::Known(wanted) = &rumour.word {
            self.members.set_wanted(&member, wanted, self.coverage.runs().layout());
        }
    }

    /// A word in my name that I did not say: from before I was started again, or a liar's. Others take a step from each such
    /// word to the next, so this node does as well.
    fn hear_of_myself(&mut self, via: &NodeId, number: u64) {
        let before = self.rumours.number.max(self.rumours.used_in_my_name);
        let is_possible = number > before && number - before <= NUMBER_STEP_MAX;
        if is_possible && self.is_within_budget(via, false) {
            self.rumours.used_in_my_name = number;
        }
    }

    /// Goes beyond what was said in my name, once for all that came with it. Whoever has not heard that takes no step so
    /// large at once, so they hear my next number first.
    fn answer_for_myself(&mut self) {
        if self.rumours.used_in_my_name <= self.rumours.number {
            return;
        }
        if let Some(due) = self.rumours.answered.map(|at| at + RUMOUR_BATCH).filter(|due| self.now < *due) {
            return self.wake_at(due);
        }
        self.rumours.answered = Some(self.now);
        self.say_here();
        self.rumours.number = self.rumours.number.max(self.rumours.used_in_my_name);
        self.say_here();
    }

    fn is_within_budget(&mut self, via: &NodeId, is_new: bool) -> bool {
        let Some(peer) = self.peers.get_mut(via) else { return false };
        let fits = peer.rumours.ready(RUMOURS_PER_S, RUMOUR_BURST, self.now).is_ok();
        if fits {
            peer.rumours.take(if is_new { NEW_NAME_COSTS } else { 1 });
        }
        fits
    }

    /// Lets time pass: what waits goes on, and who was silent for long says that it is here.
    pub(crate) fn tick_rumours(&mut self) {
        if !self.uses_rumours() {
            return;
        }
        self.answer_for_myself();
        if self.now >= self.rumours.here_due {
            self.say_here();
        }
        self.wake_at(self.rumours.here_due);
        self.leave_mute_links();
        if self.rumours.pending.is_empty() {
            return;
        }
        match self.rumours.last_batch.map(|last| last + RUMOUR_BATCH) {
            Some(due) if self.now < due => self.wake_at(due),
            _ => self.pass_on(),
        }
    }

    /// Sends what is pending over all links, to nobody what it brought itself; and what I say to all peers, for links may be
    /// mute.
    fn pass_on(&mut self) {
        self.rumours.last_batch = Some(self.now);
        let (all, via): (Vec<_>, Vec<_>) = std::mem::take(&mut self.rumours.pending).into_iter().unzip();
        let all: Arc<[Rumour]> = all.into();
        let only = |goes_on: &dyn Fn(&NodeId) -> bool| -> Arc<[Rumour]> {
            let some = all.iter().zip(&via).filter(|(_, via)| goes_on(via));
            some.map(|(rumour, _)| rumour.clone()).collect()
        };
        let mine = only(&|via| *via == self.me);
        let peers: Vec<_> = self.peers.ids().collect();
        for peer in peers {
            let news = match self.rumours.links.contains_key(&peer) {
                false => mine.clone(),
                true if via.contains(&peer) => only(&|via| *via != peer),
                true => all.clone(),
            };
            if !news.is_empty() {
                self.send(peer, ContentMessage::Rumours(news));
            }
        }
    }
}
