//! The window: which runs are due, and whether one of them is mine to fetch now.

use std::time::Duration;

use swarmline_types::{MonoTime, NodeId};

use super::claims::Live;
use super::ranking::draw_of;
use super::{Lane, Waiting};
use crate::action::FetchReason;
use crate::allowance::Allowance;
use crate::config::{
    BLOCKED_AFTER, BLOCKED_MAX, LATE_RANK_STEP, PASSES_PER_STEP, SILENT_STEP, WHOLE_STEPS_MAX,
};
use crate::members::Blame;
use crate::runs::RunIndex;
use crate::site::Site;

/// Whether the scan of the window goes on, and how a run counts.
enum Place {
    /// Takes one of the places of the window.
    Counts,
    /// Nobody is working on it: stays eligible, but others move up.
    Blocked,
    /// This member claims it, and crawls: as blocked.
    Slow(Live),
    /// On its way.
    Passed,
}

impl Lane {
    /// Walks through the window in the site's order.
    pub(super) fn scan(&mut self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        self.note_room(now);
        if self.rests(site) {
            return;
        }
        // As long as others have no room they wait for what is blocked here.
        let others_block = self.room_of_all_since.is_some_and(|since| now >= since + BLOCKED_AFTER);
        let (mut counted, mut blocked, mut working) = (0, 0, 0);
        let mut slow = Vec::new();
        for at in self.first_open..self.order.len() {
            let run = self.order.get(at);
            if site.coverage.is_at_rest(run) {
                continue;
            }
            if site.coverage.lacking_in(run) == 0 {
                self.claims.forget(run);
                self.waiting.remove(&run);
                self.first_open += usize::from(at == self.first_open);
                continue;
            }
            let is_in_all = counted + if others_block { 0 } else { blocked } < self.width.narrowest();
            let place = self.visit(run, is_in_all, blocked, site, allowance, now);
            working += usize::from(matches!(place, Place::Counts));
            match place {
                Place::Passed => continue,
                Place::Blocked | Place::Slow(_) if blocked < BLOCKED_MAX => blocked += 1,
                Place::Blocked | Place::Slow(_) | Place::Counts => counted += 1,
            }
            if let Place::Slow(live) = place {
                slow.push((run, live));
            }
            if counted >= self.width.window() {
                break;
            }
        }
        // As long as there is other work for the WAN, a claim that crawls costs nothing, and most of them arrive.
        if working < self.width.window() {
            slow.into_iter().for_each(|(run, live)| self.copy_slow(run, &live, site, allowance, now));
        }
    }

    fn note_room(&mut self, now: MonoTime) {
        let all_have = self.live_count(now) < self.width.narrowest() + 2;
        self.room_since = self.has_room(now).then(|| self.room_since.unwrap_or(now));
        self.room_of_all_since = all_have.then(|| self.room_of_all_since.unwrap_or(now));
    }

    /// Whether all runs would be passed. Of 2^20 pieces that peers hold, the runs are not gone through for each piece.
    fn rests(&mut self, site: &Site) -> bool {
        let rests = !site.coverage.has_open() && self.fetches.is_empty();
        if rests && !self.is_at_rest {
            self.waiting.clear();
        }
        self.is_at_rest = rests;
        rests
    }

    /// `is_in_all`: the run lies in everybody's window, however narrow; so many runs before it are `blocked`.
    fn visit(
        &mut self,
        run: RunIndex,
        is_in_all: bool,
        blocked: usize,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> Place {
        if let Some(fetch) = self.fetches.get(&run) {
            return if fetch.said_almost { Place::Passed } else { Place::Counts };
        }
        if site.coverage.open_in(run) == 0 {
            self.waiting.remove(&run);
            site.coverage.lay_to_rest(run);
            return Place::Passed;
        }
        if let Some(live) = self.claims.live(run, site.last_from_peers, now) {
            // Nobody is late for what somebody is working on; should that end, all ranks begin anew.
            self.waiting.remove(&run);
            site.wake_at(live.next_look);
            return match live {
                live if live.is_slow => Place::Slow(live),
                live if live.is_almost => Place::Passed,
                _ => Place::Counts,
            };
        }
        let waiting = self.waiting.get_or_insert_with(run, || Waiting::new(now));
        waiting.in_all_since = is_in_all.then(|| waiting.in_all_since.unwrap_or(now));
        let waiting = *waiting;
        let rank = self.my_rank(run, site);
        let silent = self.claims.silent_since(run);
        let (place, due) = match (silent, rank) {
            (Some(since), rank) => {
                let due = rank.map(|rank| (since + times(SILENT_STEP, rank)).max(self.start_at(site)));
                (Place::Blocked, due)
            }
            (None, Some(0)) => (self.place_of_unclaimed(&waiting, site, now), Some(self.start_at(site))),
            (None, rank) => {
                let wait = rank.map(|rank| unclaimed_wait(site.config.unclaimed_step(), rank));
                let due = wait.map(|wait| self.late_at(&waiting, wait, site, now));
                (self.place_of_unclaimed(&waiting, site, now), due)
            }
        };
        let Some(due) = due else { return place };
        if now < due {
            site.wake_at(due);
            return place;
        }
        let reason = match silent {
            Some(_) => FetchReason::TakeOver,
            None if rank == Some(0) => FetchReason::Owner,
            None => FetchReason::TakeOver,
        };
        // Places go to the first of those that wait: nobody knows yet who takes over the others at this moment.
        let has_place = reason != FetchReason::TakeOver || blocked < self.places(now);
        if !has_place || !self.has_room(now) {
            self.waiting.get_mut(&run).into_iter().for_each(|waiting| waiting.was_due = true);
            return place;
        }
        let owner = self.owner(run, site);
        if self.claim(run, reason, site, allowance, now) {
            let rotten = self.claims.remove_all(run);
            if reason == FetchReason::TakeOver {
                let late = owner.filter(|_| rotten.is_empty());
                late.iter().for_each(|member| site.members.suspect(member, Blame::Late, now));
                rotten.iter().for_each(|member| self.blame_for_rot(member, site, now));
                let absent = self.absent_before(&site.entrant(draw_of(run, site)), run, site);
                absent.iter().for_each(|name| site.members.miss(name, now));
            }
            self.waiting.remove(&run);
            return Place::Counts;
        }
        // The node has no room for it. As far as one can see from here, nobody is late.
        (self.room_since, self.room_of_all_since) = (None, None);
        self.waiting.values_mut().for_each(|waiting| (waiting.passed_over, waiting.was_due) = (0, false));
        place
    }

    /// The next in rank may start one second copy of a claim that crawls.
    fn copy_slow(
        &mut self,
        run: RunIndex,
        live: &Live,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        let start_at = self.start_at(site);
        if now < start_at {
            return site.wake_at(start_at);
        }
        let next_in_rank = live.is_only && self.first_besides(&live.by, run, site);
        if next_in_rank
            && self.has_room(now)
            && self.claim(run, FetchReason::SecondCopy, site, allowance, now)
        {
            self.suspect_stranger(&live.by, site, now);
        }
    }

    /// A claim that crawls is bad luck with one connection if its member has delivered before; a stranger may be a
    /// liar that claims what it likes: out of the ranking, and its other claims forgotten.
    fn suspect_stranger(&mut self, member: &NodeId, site: &mut Site, now: MonoTime) {
        if site.peers.get(member).is_none_or(|peer| !peer.is_proven()) {
            site.members.suspect(member, Blame::Rot, now);
            self.claims.on_gone(member, true, now);
        }
    }

    /// Out of the ranking for a while. The other claims of one that has delivered stand on their own: they may be alive.
    fn blame_for_rot(&mut self, member: &NodeId, site: &mut Site, now: MonoTime) {
        site.members.suspect(member, Blame::Rot, now);
        self.suspect_stranger(member, site, now);
    }

    /// When somebody is late who is waited for so long: nobody before the run was in his window and he had room, and his
    /// window may be narrower than mine. When those with wide windows took over what the others had no room for, and
    /// suspected them, the site fell out with itself. Where the line is full there is room for moments only; whoever lets
    /// the others have it time after time is as late.
    pub(super) fn late_at(&self, waiting: &Waiting, wait: Duration, site: &Site, now: MonoTime) -> MonoTime {
        let let_pass = site.config.unclaimed_step() / PASSES_PER_STEP * waiting.passed_over;
        let all_could = self.room_of_all_since.zip(waiting.in_all_since);
        let all_could_since = all_could.map_or(now, |(room, seen)| room.max(seen));
        let late_at = waiting.since.max(all_could_since - let_pass).max(self.earliest(site)) + wait;
        // Whoever was only crowded out comes as soon as there is room for a moment.
        let crowded_out = waiting.was_due.then(|| self.open_since(waiting.since, site, now) + BLOCKED_AFTER);
        crowded_out.map_or(late_at, |comes_at| comes_at.min(late_at))
    }

    /// Since when a run that came into the window at `since` could be fetched: not before there was room.
    fn open_since(&self, since: MonoTime, site: &Site, now: MonoTime) -> MonoTime {
        since.max(self.room_since.unwrap_or(now)).max(self.earliest(site))
    }

    /// Before that the origin is not to be asked.
    fn earliest(&self, site: &Site) -> MonoTime {
        self.start_at(site).max(self.gate.paused_until())
    }

    /// A run whose owner could have come and did not makes room for the next.
    fn place_of_unclaimed(&self, waiting: &Waiting, site: &mut Site, now: MonoTime) -> Place {
        let blocked_at = self.open_since(waiting.since, site, now) + BLOCKED_AFTER;
        if now >= blocked_at || waiting.passed_over >= PASSES_PER_STEP {
            return Place::Blocked;
        }
        site.wake_at(blocked_at);
        Place::Counts
    }
}

/// How long rank `rank` waits for those before it. The first few a step each, so that they come one after another; the
/// others follow closely, or names that nobody stands behind would hold a run for minutes.
fn unclaimed_wait(step: Duration, rank: usize) -> Duration {
    let whole = rank.min(WHOLE_STEPS_MAX);
    times(step, whole) + times(LATE_RANK_STEP, rank - whole)
}

fn times(step: Duration, rank: usize) -> Duration {
    step.saturating_mul(u32::try_from(rank).unwrap_or(u32::MAX))
}
