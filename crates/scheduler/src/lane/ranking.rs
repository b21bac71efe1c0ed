//! Who comes first for a run: the same on every member that sees the same site.

use swarmline_types::{CapacityClass, NodeId, PieceRange};

use super::Lane;
use crate::config::WHOLE_STEPS_MAX;
use crate::members::Member;
use crate::runs::RunIndex;
use crate::score::{self, Entrant};
use crate::site::Site;

impl Lane {
    /// How many members rank before me; `None` if I never fetch for the site.
    pub(super) fn my_rank(&mut self, run: RunIndex, site: &Site) -> Option<usize> {
        if site.config.class == CapacityClass::Never {
            return None;
        }
        let known = self.waiting.get(&run).and_then(|waiting| waiting.rank);
        let rank = known.and_then(|known| known.now(run, site)).unwrap_or_else(|| Rank::of(run, site));
        if let Some(waiting) = self.waiting.get_mut(&run) {
            waiting.rank = Some(rank);
        }
        Some(rank.rank + stands_back(site))
    }

    /// Who ranks first, if that is another.
    pub(super) fn owner(&self, run: RunIndex, site: &Site) -> Option<NodeId> {
        let draw = draw_of(run, site);
        let first =
            |best: &'_ Member, member: &'_ Member| member.entrant(draw).is_before(&best.entrant(draw));
        ranked(run, site).reduce(|best, member| if first(best, member) { member } else { best }).map(|m| m.id)
    }

    pub(super) fn first_besides(&self, claimant: &NodeId, run: RunIndex, site: &Site) -> bool {
        site.config.class != CapacityClass::Never && before_me(run, site).all(|member| member.id == *claimant)
    }

    /// Members that are only heard of, and rank before the one who takes the run over: none of them came.
    pub(super) fn absent_before(&self, entrant: &Entrant<'_>, run: RunIndex, site: &Site) -> Vec<NodeId> {
        let draw = draw_of(run, site);
        let as_seen = |member: &Member| member.entrant(draw).is_seen_before(entrant);
        ranked(run, site)
            .filter(|member| !member.is_connected() && as_seen(member))
            .map(|member| member.id)
            .collect()
    }
}

/// My rank for a run, and of what it was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rank {
    /// Changes of the members by then.
    changes: u32,
    /// How many pieces of the run were open.
    open: u32,
    rank: usize,
}

impl Rank {
    fn of(run: RunIndex, site: &Site) -> Self {
        let (changes, open) = (site.members.ranked_changes(), site.coverage.open_in(run));
        Self { changes, open, rank: before_me(run, site).count() }
    }

    /// What it is now, if little has changed: a site of a thousand is not gone through for each member that comes.
    fn now(self, run: RunIndex, site: &Site) -> Option<Self> {
        let changes = site.members.ranked_changes();
        if self.open != site.coverage.open_in(run) {
            return None;
        }
        if self.changes == changes {
            return Some(self);
        }
        let draw = draw_of(run, site);
        let me = site.entrant(draw);
        let before_me =
            site.members.changed_since(self.changes)?.filter(|it| it.entrant(draw).is_seen_before(&me));
        let rank = before_me.fold(self.rank, |rank, it| if it.is_more { rank + 1 } else { rank - 1 });
        Some(Self { changes, rank, ..self })
    }
}

/// How many ranks an outsider comes later than its draw says: as many as may be waited for for long. Not where so many of
/// the committee did not come that there may be nobody behind their names.
fn stands_back(site: &Site) -> usize {
    if site.is_outside() && !site.members.is_committee_absent() { WHOLE_STEPS_MAX } else { 0 }
}

/// What the run brings to the race.
pub(super) fn draw_of(run: RunIndex, site: &Site) -> u64 {
    score::draw_of_run(&site.content, site.coverage.runs().pieces(run).first().get())
}

fn before_me(run: RunIndex, site: &Site) -> impl Iterator<Item = &Member> {
    let draw = draw_of(run, site);
    let me = site.entrant(draw);
    ranked(run, site).filter(move |member| member.entrant(draw).is_seen_before(&me))
}

/// Everybody who could fetch now what I would of the run, but suspects.
fn ranked(run: RunIndex, site: &Site) -> impl Iterator<Item = &Member> {
    let pieces = site.coverage.runs().pieces(run);
    site.members.unordered().filter(move |member| member.is_ranked() && may_fetch(member, pieces, site))
}

/// Whether a member wants something of the run that only the origin can bring: it is waited for if it ranks before me.
/// For what it does not want, or has fetched already, nobody must wait.
fn may_fetch(member: &Member, pieces: PieceRange, site: &Site) -> bool {
    let Some(wanted) = site.members.wanted(member) else { return true };
    if wanted.ranges().iter().any(|range| range.contains(pieces.first()) && range.contains(pieces.last())) {
        return true;
    }
    wanted.meets(pieces) && pieces.pieces().any(|piece| wanted.has(piece) && site.coverage.is_open(piece))
}
