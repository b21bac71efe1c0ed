//! One or two that hold everything while others do not: as an origin on the LAN.
//!
//! If all pulled from it as they like, it would send the same pieces many times over while others wait for their first
//! copy. So each run is pulled from it by the member that ranks first for the run among those who lack it, and comes to
//! the others through the mesh. Nothing need be said for that.

use swarmline_types::{NodeId, PieceIndex};

use crate::allowance::Allowance;
use crate::ledger::Source;
use crate::members::Member;
use crate::peers::Peer;
use crate::requests::{InFlight, RequestId};
use crate::runs::RunIndex;
use crate::score;
use crate::site::Site;

/// Holders of everything up to which they are spared; more have enough to give.
const HOLDERS_MAX: usize = 2;
/// Members without everything, beside me, from which on it is worth while.
const OTHERS_MIN: usize = 1;

/// Which runs are mine to pull.
#[derive(Debug, Default)]
pub(super) struct Holders {
    /// Runs that lack something, those first for which I rank high. Empty while there is no such holder.
    turns: Vec<(usize, RunIndex)>,
    /// Changes of who is ranked, growths of the coverage, and the holders, that `turns` is made of.
    made_of: Option<(u32, u32, Vec<NodeId>)>,
}

impl Holders {
    /// Looks who holds everything. Returns how many do, if they are to be spared.
    pub(super) fn review(&mut self, site: &Site) -> Option<u16> {
        let holders: Vec<_> =
            site.peers.iter().filter(|(_, peer)| peer.is_source()).map(|(id, _)| *id).collect();
        if holders.is_empty() && self.made_of.is_none() {
            return None;
        }
        let is_ranked = |id: &&NodeId| site.members.get(id).is_some_and(Member::is_ranked);
        let others = site.members.ranked() - holders.iter().filter(is_ranked).count();
        let spared = (1..=HOLDERS_MAX).contains(&holders.len()) && others >= OTHERS_MIN;
        if !spared {
            *self = Self::default();
            return None;
        }
        let count = u16::try_from(holders.len()).expect("no more than HOLDERS_MAX");
        let seen = Some((site.members.ranked_changes(), site.coverage.growths(), holders));
        if self.made_of != seen {
            self.made_of = seen;
            self.rank(site);
        }
        Some(count)
    }

    /// Whether some were spared when this was last looked at.
    pub(super) fn are_spared(&self) -> bool {
        self.made_of.is_some()
    }

    fn rank(&mut self, site: &Site) {
        let runs = site.coverage.runs();
        let holders = self.made_of.as_ref().map_or(&[][..], |(.., holders)| holders);
        let rank = |run: RunIndex| {
            let draw = score::draw_of_run(&site.content, runs.pieces(run).first().get());
            // Here outsiders take part like all, lest each of them pull the same.
            let me = site.entrant(draw).behind_committee(false);
            let others = site.members.unordered().filter(|m| m.is_ranked() && !holders.contains(&m.id));
            others.filter(|member| member.entrant(draw).behind_committee(false).is_before(&me)).count()
        };
        let lacking = runs.all().filter(|run| site.coverage.lacking_in(*run) > 0);
        self.turns = lacking.map(|run| (rank(run), run)).collect();
        self.turns.sort_unstable();
    }

    /// A piece that only holders have and that I may pull from one now, and from which.
    pub(super) fn turn(&mut self, holders: u16, site: &Site) -> Option<(Source, PieceIndex)> {
        let now = site.now;
        let is_free = |peer: &Peer| peer.is_source() && peer.is_usable(now) && peer.in_flight == 0;
        let (holder, _) = site.peers.iter().find(|(_, peer)| is_free(peer))?;
        // Where only some members are connected with the holder, the best of those takes its turn. Where all are, nobody
        // does so who has something else to do.
        let ranks_on = site.uses_rumours() || site.requests.at_peers() == 0;
        self.turns.retain(|(_, run)| site.coverage.lacking_in(*run) > 0);
        let mine = self.turns.iter().take_while(|(rank, _)| *rank == 0 || ranks_on);
        let fresh =
            |piece: &PieceIndex| site.coverage.is_useful(*piece) && site.coverage.holders(*piece) <= holders;
        let piece = mine.flat_map(|(_, run)| site.coverage.runs().pieces(*run).pieces()).find(fresh)?;
        Some((Source::Peer(*holder), piece))
    }
}

/// Takes back what waits at a holder and has begun to spread: another was quicker, and from him it reaches me too. The
/// holder would send it twice while nobody has the rest. Not where nobody else `can_be_asked` now, or is silent: the
/// holder would only be asked again, and that without end.
pub(super) fn take_back(
    holders: u16,
    can_be_asked: impl Fn(&Peer) -> bool,
    site: &mut Site,
    allowance: &mut dyn Allowance,
) {
    let waits_at_holder = |request: &InFlight| {
        let holder = request.peer().and_then(|peer| site.peers.get(&peer)).filter(|peer| peer.is_source());
        holder.is_some() && request.received == 0
    };
    let another_gives = |piece: PieceIndex| {
        site.neighbours().any(|(_, peer)| peer.relieves_holders_of(piece) && can_be_asked(peer))
    };
    let spreads = |(id, request): (RequestId, &InFlight)| {
        let piece = request.pieces.first();
        let is_elsewhere = site.coverage.holders(piece) > holders && site.coverage.copies(piece) == 1;
        (is_elsewhere && waits_at_holder(request) && another_gives(piece)).then_some(id)
    };
    let late: Vec<_> = site.requests.iter().filter_map(spreads).collect();
    late.into_iter().for_each(|request| site.cancel(request, allowance));
}
