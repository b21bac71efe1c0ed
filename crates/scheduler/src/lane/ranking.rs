//! Who comes first for a run: the same on every member that sees the same site.

use swarmline_types::{MonoTime, NodeId};

use super::Lane;
use crate::runs::RunIndex;
use crate::score;
use crate::site::Site;

impl Lane {
    /// Members that could fetch the run now, best first, with their keys: everybody but suspects.
    fn keys<'a>(
        &self,
        run: RunIndex,
        site: &'a Site,
        now: MonoTime,
    ) -> impl Iterator<Item = score::Key> + use<'a> {
        let first = site.coverage.runs().pieces(run).first();
        site.peers
            .iter()
            .filter(move |(_, peer)| !peer.is_suspect(now))
            .filter_map(move |(id, peer)| score::key(&site.content, first, id, peer.class))
    }

    /// How many members rank before me; `None` if I never fetch for the site.
    pub(super) fn my_rank(&mut self, run: RunIndex, site: &Site, now: MonoTime) -> Option<usize> {
        let epoch = site.peers.epoch();
        if let Some((of, rank)) = self.runs[run.as_usize()].rank
            && of == epoch
        {
            return rank;
        }
        let first = site.coverage.runs().pieces(run).first();
        let mine = score::key(&site.content, first, &site.me, site.config.class);
        let rank = mine.map(|mine| self.keys(run, site, now).filter(|key| *key < mine).count());
        self.runs[run.as_usize()].rank = Some((epoch, rank));
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
