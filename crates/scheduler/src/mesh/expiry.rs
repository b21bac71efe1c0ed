//! What does not come: for how long it is waited for, and what follows for what is asked for next.

use std::time::Duration;

use swarmline_types::{MonoTime, NodeId};

use super::Mesh;
use crate::allowance::Allowance;
use crate::config::{IN_FLIGHT_MIN, PROGRESS_TIMEOUT};
use crate::peers::Peer;
use crate::site::Site;

/// So many that are silent, one after another, leave time for the origin before the node gives up.
const SILENT_IN_A_ROW: u32 = 5;
/// Doublings of [`PROGRESS_TIMEOUT`]: to 80 s, beyond what [`SILENT_IN_A_ROW`] allows by default.
const TIMEOUT_DOUBLINGS_MAX: u32 = 4;

impl Mesh {
    /// Ends requests that stand still. What only silent peers hold is open again, so this comes before the lane's turn.
    pub(crate) fn expire(&mut self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        if now < self.expire_due {
            return;
        }
        let timeout = self.timeout(site);
        let at_peers =
            || site.requests.iter().filter_map(|(id, request)| Some((id, request, request.peer()?)));
        let due: Vec<_> = at_peers()
            .filter(|(_, r, _)| now >= r.last_progress + timeout)
            .map(|(id, request, peer)| (id, peer, request.last_progress))
            .collect();
        let next = at_peers().map(|(_, r, _)| r.last_progress + timeout).filter(|at| *at > now).min();
        // A request that begins meanwhile has at least as long.
        self.expire_due = next.unwrap_or(now + PROGRESS_TIMEOUT);
        if now >= site.last_from_peers + timeout {
            let is_behind = site.surroundings.gets_discards;
            let gives = |peer: &NodeId| site.peers.get(peer).is_some_and(Peer::is_proven);
            self.narrow(due.iter().filter(|(_, peer, _)| is_behind || gives(peer)).count());
        }
        for (request, peer, silent_since) in due {
            site.cancel(request, allowance);
            site.peers.on_timeout(&peer, silent_since, &mut site.coverage, now);
        }
    }

    /// How long a request may stand still.
    fn timeout(&self, site: &Site) -> Duration {
        let patience = site.peers.usual_service().unwrap_or_default() * 3;
        let patience =
            patience.max(PROGRESS_TIMEOUT.saturating_mul(1 << self.doublings.min(TIMEOUT_DOUBLINGS_MAX)));
        PROGRESS_TIMEOUT.max(patience.min(site.config.no_progress_timeout / SILENT_IN_A_ROW))
    }

    /// So many requests timed out, of peers that have given before or while what was taken back arrived, and nothing else
    /// came from anybody: my own line is full of what was asked for before, and what is asked for anew comes behind that
    /// and too late again. Half as much is asked for, and where that cannot be, it is waited for twice as long.
    fn narrow(&mut self, timed_out: usize) {
        self.late += timed_out;
        if 2 * self.late > self.limit {
            self.doublings +=
                u32::from(self.limit <= IN_FLIGHT_MIN && self.doublings < TIMEOUT_DOUBLINGS_MAX);
            self.limit = (self.limit / 2).max(IN_FLIGHT_MIN);
            self.late = 0;
        }
    }
}
