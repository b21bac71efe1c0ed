//! The window: which runs are due, and whether one of them is mine to fetch now.

use std::time::Duration;

use swarmline_types::{MonoTime, NodeId};

use super::Lane;
use super::claims::Live;
use crate::action::FetchReason;
use crate::allowance::Allowance;
use crate::config::{BLOCKED_AFTER, BLOCKED_MAX, SILENT_STEP};
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
        match self.has_room(site, now) {
            true => _ = self.room_since.get_or_insert(now),
            false => self.room_since = None,
        }
        if self.rests(site) {
            return;
        }
        let (mut counted, mut blocked, mut working) = (0, 0, 0);
        let mut slow = Vec::new();
        for at in self.first_open..self.order.len() {
            let run = self.order[at];
            if site.coverage.lacking_in(run) == 0 {
                self.first_open += usize::from(at == self.first_open);
                continue;
            }
            let place = self.visit(run, site, allowance, now);
            working += usize::from(matches!(place, Place::Counts));
            match place {
                Place::Passed => continue,
                Place::Blocked | Place::Slow(_) if blocked < BLOCKED_MAX => blocked += 1,
                Place::Blocked | Place::Slow(_) | Place::Counts => counted += 1,
            }
            if let Place::Slow(live) = place {
                slow.push((run, live));
            }
            if counted >= site.config.window {
                break;
            }
        }
        // As long as there is other work for the WAN, a claim that crawls costs nothing, and most of them arrive.
        if working < site.config.window {
            slow.into_iter().for_each(|(run, live)| self.copy_slow(run, &live, site, allowance, now));
        }
    }

    /// Whether all runs would be passed. Of 2^20 pieces that peers hold, the runs are not gone through for each piece.
    fn rests(&mut self, site: &Site) -> bool {
        let rests = !site.coverage.has_open() && self.fetches.is_empty();
        if rests && !self.is_at_rest {
            self.runs.iter_mut().for_each(|run| run.entered = None);
        }
        self.is_at_rest = rests;
        rests
    }

    fn visit(
        &mut self,
        run: RunIndex,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> Place {
        if let Some(fetch) = self.fetches.get(&run) {
            return if fetch.said_almost { Place::Passed } else { Place::Counts };
        }
        if site.coverage.open_in(run) == 0 {
            self.runs[run.as_usize()].entered = None;
            return Place::Passed;
        }
        if let Some(live) = self.claims.live(run, now) {
            // Nobody is late for what somebody is working on; should that end, all ranks begin anew.
            self.runs[run.as_usize()].entered = None;
            site.wake_at(live.next_look);
            return match live {
                live if live.is_slow => Place::Slow(live),
                live if live.is_almost => Place::Passed,
                _ => Place::Counts,
            };
        }
        let entered = *self.runs[run.as_usize()].entered.get_or_insert(now);
        // Nobody is late before there was room, nor while the origin is not to be asked.
        let room_since =
            self.room_since.unwrap_or(now).max(Self::start_at(site)).max(self.gate.paused_until());
        let open_since = entered.max(room_since);
        let rank = self.my_rank(run, site, now);
        let silent = self.claims.silent_since(run);
        let (place, due) = match (silent, rank) {
            (Some(since), rank) => (Place::Blocked, rank.map(|rank| since + times(SILENT_STEP, rank))),
            (None, Some(0)) => (self.blocked_since(open_since, site, now), Some(Self::start_at(site))),
            (None, rank) => {
                let step = site.config.unclaimed_step();
                (self.blocked_since(open_since, site, now), rank.map(|rank| open_since + times(step, rank)))
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
        let owner = self.owner(run, site, now);
        if self.has_room(site, now) && self.claim(run, reason, site, allowance, now) {
            let rotten = self.claims.remove_all(run);
            let to_blame = if rotten.is_empty() { owner.into_iter().collect() } else { rotten };
            if reason == FetchReason::TakeOver {
                to_blame.iter().for_each(|member| self.suspect(member, site, now));
            }
            return Place::Counts;
        }
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
        let next_in_rank = live.is_only && self.first_besides(&live.by, run, site, now);
        if next_in_rank
            && self.has_room(site, now)
            && self.claim(run, FetchReason::SecondCopy, site, allowance, now)
        {
            self.suspect_stranger(&live.by, site, now);
        }
    }

    /// A claim that crawls is bad luck with one connection if its member has delivered before; a stranger may be a
    /// liar that claims what it likes: out of the ranking, and its other claims forgotten.
    fn suspect_stranger(&mut self, member: &NodeId, site: &mut Site, now: MonoTime) {
        if site.peers.get(member).is_some_and(|peer| !peer.is_proven()) {
            site.peers.suspect(member, now);
            self.claims.on_gone(member, true, now);
        }
    }

    /// Out of the ranking for a while. Its other claims stand on their own: they may be alive.
    fn suspect(&mut self, member: &NodeId, site: &mut Site, now: MonoTime) {
        site.peers.suspect(member, now);
        self.suspect_stranger(member, site, now);
    }

    fn blocked_since(&self, open_since: MonoTime, site: &mut Site, now: MonoTime) -> Place {
        let blocked_at = open_since + BLOCKED_AFTER;
        if now >= blocked_at {
            return Place::Blocked;
        }
        site.wake_at(blocked_at);
        Place::Counts
    }
}

fn times(step: Duration, rank: usize) -> Duration {
    step.saturating_mul(u32::try_from(rank).unwrap_or(u32::MAX))
}
