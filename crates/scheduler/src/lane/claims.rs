//! What the others say that they fetch, and how far it is believed.

use std::collections::VecDeque;
use std::time::Duration;

use swarmline_types::{FlatMap, MonoTime, NodeId};

use crate::config::{CLAIMS_MAX, CLAIMS_PER_RUN_MAX, ELSEWHERE_BELIEVED, SILENT_AFTER, SLOW_AFTER};
use crate::runs::RunIndex;

/// Live claims that one member may hold: the largest window there is.
const CLAIMS_PER_MEMBER_MAX: usize = 24;
/// How long the signs of life of members that never delivered keep others from helping themselves, with nothing else to
/// hear.
pub(super) const STRANGER_BELIEVED: Duration = Duration::from_secs(30);
/// How long a silent claimant is remembered.
const SILENT_FORGOTTEN: Duration = Duration::from_secs(60);
/// Runs with claims below which nothing is purged.
const PURGE_MIN: usize = 32;
/// Rates of past claims that make the median.
const RATES_MAX: usize = 16;

/// Claims of all other members.
#[derive(Debug)]
pub(super) struct Claims {
    /// Only runs with at least one claim.
    by_run: FlatMap<RunIndex, Vec<Claim>>,
    /// Rates of the latest finished claims, mine included: what is still running may be a liar's, as many as it likes.
    finished: Rates,
    /// Of those, mine and those of members that have delivered: whoever has not may finish what it likes as fast as it
    /// likes, so that all others look slow.
    surely_finished: Rates,
    /// When a member that has delivered before last gave a sign of life, and when a stranger did.
    growth: MonoTime,
    strangers_growth: MonoTime,
    /// Goes up with every change but time and what time would undo.
    changes: u32,
    /// How many claims move, as of so many changes, and until when that holds.
    moving: Option<(u32, MonoTime, usize)>,
    /// Runs with claims from which on those that are over are looked for.
    purge_at: usize,
}

/// Bytes per second, the latest at the end; at most [`RATES_MAX`].
#[derive(Debug, Default)]
struct Rates {
    latest: VecDeque<u64>,
    median: u64,
}

impl Rates {
    fn note(&mut self, rate: u64) {
        self.latest.push_back(rate);
        if self.latest.len() > RATES_MAX {
            self.latest.pop_front();
        }
        let mut rates: Vec<_> = self.latest.iter().copied().collect();
        rates.sort_unstable();
        self.median = rates[rates.len() / 2];
    }
}

#[derive(Debug)]
struct Claim {
    by: NodeId,
    since: MonoTime,
    /// Unless it is heard of before.
    silent_at: MonoTime,
    bytes: u64,
    grew_at: MonoTime,
    is_almost: bool,
    /// It has all of the run, but is not connected: the pieces are on their way through others.
    is_elsewhere: bool,
}

/// What a look at a run with a live claim shows.
pub(super) struct Live {
    pub(super) by: NodeId,
    pub(super) is_almost: bool,
    /// Stands still, or is slower than a quarter of the median, for ten seconds.
    pub(super) is_slow: bool,
    /// Nobody else claims it too.
    pub(super) is_only: bool,
    /// When the answer may be another one without a message.
    pub(super) next_look: MonoTime,
}

impl Claim {
    fn is_live(&self, now: MonoTime) -> bool {
        now < self.silent_at
    }

    /// When it may turn silent or slow.
    fn may_change(&self) -> [MonoTime; 3] {
        [self.silent_at, self.grew_at + SLOW_AFTER, self.since + SLOW_AFTER]
    }

    fn rate(&self, now: MonoTime) -> u64 {
        bytes_per_s(self.bytes, now.since(self.since))
    }

    /// Live, and neither slow nor over.
    fn is_moving(&self, usual: u64, now: MonoTime) -> bool {
        !self.is_elsewhere && self.is_live(now) && !self.is_slow(usual, now)
    }

    fn is_slow(&self, usual: u64, now: MonoTime) -> bool {
        if self.is_elsewhere {
            return false;
        }
        let stalls = now >= self.grew_at + SLOW_AFTER;
        let crawls = now >= self.since + SLOW_AFTER && self.rate(now).saturating_mul(4) < usual;
        stalls || crawls
    }
}

impl Claims {
    pub(super) fn new(now: MonoTime) -> Self {
        Self {
            by_run: FlatMap::new(),
            finished: Rates::default(),
            surely_finished: Rates::default(),
            growth: now,
            strangers_growth: now,
            changes: 0,
            moving: None,
            purge_at: PURGE_MIN,
        }
    }

    /// When there was last a sign that the site is working on what is lacked here, where bytes last came at `received`.
    /// Strangers alone can claim anything as often as they like, so they are believed for a while only.
    pub(super) fn heard(&self, received: MonoTime) -> MonoTime {
        let sure = received.max(self.growth);
        sure.max(self.strangers_growth.min(sure + STRANGER_BELIEVED))
    }

    /// When others last brought this node on, where a peer last sent something at `from_peers`; or when they last seemed to
    /// be at work: what only strangers say, and what is promised or claimed and not yet slow, counts for `patience` after
    /// what is sure. With it, until when that stays so if nothing happens.
    pub(super) fn helped(
        &mut self,
        from_peers: MonoTime,
        patience: Duration,
        now: MonoTime,
    ) -> (MonoTime, MonoTime) {
        let sure = from_peers.max(self.growth);
        let most = sure + patience;
        if most <= now {
            return (sure.max(self.strangers_growth.min(most)), MonoTime::NEVER);
        }
        let promised = self.by_run.values().flatten().filter(|claim| claim.is_elsewhere);
        let promised = promised.map(|claim| claim.silent_at).max().unwrap_or(MonoTime::ZERO);
        let at_work = if self.moving_count(now) > 0 { now } else { MonoTime::ZERO };
        (sure.max(self.strangers_growth.max(promised).max(at_work).min(most)), most)
    }

    /// Goes up with every change but time and what time would undo.
    pub(super) fn changes(&self) -> u32 {
        self.changes
    }

    /// Runs that somebody claims.
    pub(super) fn run_count(&self) -> usize {
        self.by_run.len()
    }

    /// `true` if it is news that this member works on this run.
    pub(super) fn add(&mut self, run: RunIndex, by: NodeId, now: MonoTime) -> bool {
        let known = self.by_run.get(&run).is_some_and(|claims| claims.iter().any(|claim| claim.by == by));
        self.entry(run, by, now).is_some() && !known
    }

    /// The claim, renewed; a new one if it was missed. `None` beyond the bounds.
    fn entry(&mut self, run: RunIndex, by: NodeId, now: MonoTime) -> Option<&mut Claim> {
        let is_mine = |claim: &Claim| claim.by == by;
        self.purge(now);
        if !self.by_run.get(&run).is_some_and(|claims| claims.iter().any(is_mine)) {
            let live_of_member =
                self.by_run.values().flatten().filter(|claim| is_mine(claim) && claim.is_live(now)).count();
            if self.by_run.len() >= CLAIMS_MAX {
                return None;
            }
            let beside =
                self.by_run.get(&run).map_or(0, |claims| claims.iter().filter(|c| c.is_live(now)).count());
            if live_of_member >= CLAIMS_PER_MEMBER_MAX || beside >= CLAIMS_PER_RUN_MAX {
                return None;
            }
            // Mostly it stays the only one.
            let claims = self.by_run.get_or_insert_with(run, || Vec::with_capacity(1));
            claims.retain(|claim| claim.is_live(now));
            let (silent_at, bytes, is_almost) = (now, 0, false);
            let is_elsewhere = false;
            self.changes += 1;
            claims.push(Claim { by, since: now, silent_at, bytes, grew_at: now, is_almost, is_elsewhere });
        }
        let claim = self.by_run.get_mut(&run)?.iter_mut().find(|claim| is_mine(claim))?;
        // A sign of life of what lives and moves changes nothing but when to look again, and that may be too early.
        let is_refreshed =
            !claim.is_elsewhere && claim.is_live(now) && !claim.is_slow(self.surely_finished.median, now);
        self.changes += u32::from(!is_refreshed);
        claim.silent_at = now + SILENT_AFTER;
        claim.is_elsewhere = false;
        Some(claim)
    }

    /// Forgets what is over: promises that were not kept, and members silent for so long that nobody waits for them.
    fn purge(&mut self, now: MonoTime) {
        if self.by_run.len() < self.purge_at {
            return;
        }
        let is_over = |claim: &Claim| match claim.is_elsewhere {
            true => !claim.is_live(now),
            false => now >= claim.silent_at + SILENT_FORGOTTEN,
        };
        self.by_run.retain(|_, claims| !claims.iter().all(is_over));
        self.purge_at = PURGE_MIN + 2 * self.by_run.len();
        self.changes += 1;
    }

    /// All of the run is here: whoever claims it need not be remembered.
    pub(super) fn forget(&mut self, run: RunIndex) {
        if self.by_run.remove(&run).is_some() {
            self.changes += 1;
        }
    }

    /// A heartbeat. `true` if it grows: a sign of life.
    pub(super) fn on_progress(&mut self, run: RunIndex, by: NodeId, bytes: u64, now: MonoTime) -> bool {
        let Some(claim) = self.entry(run, by, now).filter(|claim| bytes > claim.bytes) else { return false };
        claim.bytes = bytes;
        claim.grew_at = now;
        true
    }

    /// A member is working on something that I lack.
    pub(super) fn on_growth(&mut self, is_proven: bool, now: MonoTime) {
        let growth = if is_proven { &mut self.growth } else { &mut self.strangers_growth };
        *growth = now;
    }

    pub(super) fn on_almost(&mut self, run: RunIndex, by: NodeId, now: MonoTime) {
        if let Some(claim) = self.entry(run, by, now) {
            claim.is_almost = true;
            self.changes += 1;
        }
    }

    /// A member has fetched the run. `is_elsewhere`: none of my peers has it yet, so it is waited for a while.
    /// Returns how long that took, if it was claimed.
    pub(super) fn on_done(
        &mut self,
        run: RunIndex,
        by: NodeId,
        is_elsewhere: bool,
        now: MonoTime,
    ) -> Option<Duration> {
        let of_member =
            |claims: &Vec<Claim>| claims.iter().find(|claim| claim.by == by).map(|claim| claim.since);
        let since = self.by_run.get(&run).and_then(of_member);
        if !is_elsewhere {
            self.remove(run, &by);
        } else if let Some(claim) = self.entry(run, by, now) {
            claim.is_elsewhere = true;
            claim.silent_at = now + ELSEWHERE_BELIEVED;
            self.changes += 1;
        }
        since.map(|since| now.since(since))
    }

    /// Bytes per second of the middle one of the latest finished claims.
    pub(super) fn median_rate(&self) -> u64 {
        self.finished.median
    }

    /// The same of those that are surely finished: what takes four times as long crawls.
    pub(super) fn sure_rate(&self) -> u64 {
        self.surely_finished.median
    }

    /// A claim took this long for that much. `is_sure`: mine, or of a member that has delivered.
    pub(super) fn observe(&mut self, bytes: u64, span: Duration, is_sure: bool) {
        let rate = bytes_per_s(bytes, span);
        self.finished.note(rate);
        if is_sure {
            self.surely_finished.note(rate);
        }
    }

    pub(super) fn remove(&mut self, run: RunIndex, by: &NodeId) {
        self.changes += 1;
        if let Some(claims) = self.by_run.get_mut(&run) {
            claims.retain(|claim| claim.by != *by);
            if claims.is_empty() {
                self.by_run.remove(&run);
            }
        }
    }

    /// Forgets the claims of a run and says whose they were.
    pub(super) fn remove_all(&mut self, run: RunIndex) -> Vec<NodeId> {
        self.changes += 1;
        self.by_run.remove(&run).into_iter().flatten().map(|claim| claim.by).collect()
    }

    /// Runs have new numbers, and all begin anew: so does the time for which nothing came.
    pub(super) fn forget_runs(&mut self, now: MonoTime) {
        self.changes += 1;
        self.by_run.clear();
        (self.growth, self.strangers_growth) = (now, now);
    }

    /// A member left. Its claims end with it; after a crash they are as those of one long silent.
    pub(super) fn on_gone(&mut self, member: &NodeId, clean: bool, now: MonoTime) {
        self.changes += 1;
        for claims in self.by_run.values_mut() {
            match clean {
                true => claims.retain(|claim| claim.by != *member),
                false => claims
                    .iter_mut()
                    .filter(|claim| claim.by == *member)
                    .for_each(|claim| claim.silent_at = claim.silent_at.min(now)),
            }
        }
        self.by_run.retain(|_, claims| !claims.is_empty());
    }

    /// Whether this member claims the run.
    pub(super) fn is_by(&self, run: RunIndex, member: &NodeId) -> bool {
        self.by_run.get(&run).is_some_and(|claims| claims.iter().any(|claim| claim.by == *member))
    }

    pub(super) fn is_claimed(&self, run: RunIndex) -> bool {
        self.by_run.contains_key(&run)
    }

    /// Since when nobody who claims the run is heard of any more.
    pub(super) fn silent_since(&self, run: RunIndex) -> Option<MonoTime> {
        self.by_run.get(&run)?.iter().map(|claim| claim.silent_at).max()
    }

    /// Live claims that move: what stands still or crawls takes nothing from the others.
    pub(super) fn moving_count(&mut self, now: MonoTime) -> usize {
        if let Some((changes, until, count)) = self.moving
            && changes == self.changes
            && now < until
        {
            return count;
        }
        let moving = || {
            self.by_run.values().flatten().filter(|claim| claim.is_moving(self.surely_finished.median, now))
        };
        let ends = moving().flat_map(Claim::may_change).filter(|at| *at > now).min();
        let count = moving().count();
        self.moving = Some((self.changes, ends.unwrap_or(MonoTime::NEVER), count));
        count
    }

    /// The live claim of the run that has come furthest. Peers brought pieces at `from_peers`: what is said to be elsewhere
    /// may take as long as that goes on.
    pub(super) fn live(&mut self, run: RunIndex, from_peers: MonoTime, now: MonoTime) -> Option<Live> {
        let claims = self.by_run.get_mut(&run)?;
        for claim in claims.iter_mut().filter(|claim| claim.is_elsewhere) {
            claim.silent_at = claim.silent_at.max(from_peers + ELSEWHERE_BELIEVED);
        }
        let live = || claims.iter().filter(|claim| claim.is_live(now));
        let best = live().max_by_key(|claim| claim.bytes)?;
        Some(Live {
            by: best.by,
            is_almost: live().any(|claim| claim.is_almost || claim.is_elsewhere),
            is_slow: best.is_slow(self.surely_finished.median, now),
            is_only: live().count() == 1,
            next_look: best.may_change().into_iter().filter(|at| *at > now).min().unwrap_or(MonoTime::NEVER),
        })
    }
}

fn bytes_per_s(bytes: u64, span: Duration) -> u64 {
    let micros = span.as_micros().max(1);
    u64::try_from(u128::from(bytes) * 1_000_000 / micros).unwrap_or(u64::MAX)
}
