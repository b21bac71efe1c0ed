//! Who comes first for a run: the same on every member that sees the same site.

use swarmline_types::{MonoTime, NodeId};

use super::Lane;
use crate::peers::Peer;
use crate::runs::RunIndex;
use crate::score;
use crate::site::Site;

impl Lane {
    /// Keys of the members that could fetch now what I would of the run: everybody who wants some of it, but suspects.
    fn keys<'a>(
        &self,
        run: RunIndex,
        site: &'a Site,
        now: MonoTime,
    ) -> impl Iterator<Item = score::Key> + use<'a> {
        let first = site.coverage.runs().pieces(run).first();
        site.peers
            .iter()
            .filter(move |(_, peer)| !peer.is_suspect(now) && may_fetch(peer, run, site))
            .filter_map(move |(id, peer)| score::key(&site.content, first, id, peer.class))
    }

    /// How many members rank before me; `None` if I never fetch for the site.
    pub(super) fn my_rank(&mut self, run: RunIndex, site: &Site, now: MonoTime) -> Option<usize> {
        let (epoch, open) = (site.peers.epoch(), site.coverage.open_in(run));
        if let Some((of_epoch, of_open, rank)) = self.runs[run.as_usize()].rank
            && (of_epoch, of_open) == (epoch, open)
        {
            return rank;
        }
        let first = site.coverage.runs().pieces(run).first();
        let mine = score::key(&site.content, first, &site.me, site.config.class);
        let rank = mine.map(|mine| self.keys(run, site, now).filter(|key| *key < mine).count());
        self.runs[run.as_usize()].rank = Some((epoch, open, rank));
        rank
    }

    pub(super) fn owner(&self, run: RunIndex, site: &Site, now: MonoTime) -> Option<NodeId> {
        self.keys(run, site, now).min().map(|(_, member)| member)
    }

    pub(super) fn first_besides(&self, claimant: &NodeId, run: RunIndex, site: &Site, now: MonoTime) -> bool {
        let first = site.coverage.runs().pieces(run).first();
        let mine = score::key(&site.content, first, &site.me, site.config.class);
        mine.is_some_and(|mine| self.keys(run, site, now).all(|key| key.1 == *claimant || key > mine))
    }
}

/// Whether a member wants something of the run that only the origin can bring: it is waited for if it ranks before me.
/// For what it does not want, or has fetched already, nobody must wait.
fn may_fetch(member: &Peer, run: RunIndex, site: &Site) -> bool {
    let (pieces, wanted) = (site.coverage.runs().pieces(run), member.wanted());
    if wanted.ranges().iter().any(|range| range.contains(pieces.first()) && range.contains(pieces.last())) {
        return true;
    }
    wanted.meets(pieces) && pieces.pieces().any(|piece| wanted.has(piece) && site.coverage.is_open(piece))
}
