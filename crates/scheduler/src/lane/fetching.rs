//! What I fetch from the origin: claimed before it begins, kept alive by heartbeats, given back when it fails.

use swarmline_types::message::{LaneMessage, OriginNews};
use swarmline_types::{MonoTime, PieceRange};

use super::{Fetch, Lane};
use crate::action::{Explain, FetchReason};
use crate::allowance::Allowance;
use crate::config::HEARTBEAT;
use crate::ledger::Source;
use crate::requests::RequestId;
use crate::runs::RunIndex;
use crate::site::Site;

impl Lane {
    /// Bytes of one of my fetches came.
    pub(crate) fn on_progress(&mut self, request: RequestId, site: &mut Site) {
        let Some((run, fetch)) = self.fetches.iter_mut().find(|(_, fetch)| fetch.request == request) else {
            return;
        };
        if !std::mem::replace(&mut fetch.is_answered, true) {
            self.width.on_answer(site.now.since(fetch.since));
        }
        let half = site.requests.get(request).is_some_and(|request| request.received * 2 >= request.size);
        if half && !fetch.said_almost {
            fetch.said_almost = true;
            self.changes += 1;
            let pieces = site.coverage.runs().pieces(*run);
            site.broadcast(&LaneMessage::Almost(pieces));
            // That is a sign of life too; of the only fetch, no other is needed for a while.
            if self.fetches.len() == 1 {
                self.heartbeat_due = site.now + HEARTBEAT;
            }
        }
    }

    /// One of my fetches is over and booked. The run goes on, is done, or is given back.
    pub(crate) fn on_fetched(
        &mut self,
        request: RequestId,
        stretch: PieceRange,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) {
        let Some(run) = self.run_fetched_by(request) else { return };
        let fetch = self.fetches.remove(&run).expect("just found");
        self.changes += 1;
        let pieces = site.coverage.runs().pieces(run);
        self.observe(stretch, Some(now.since(fetch.since)), true, site);
        let has = |pieces: PieceRange| pieces.pieces().all(|piece| site.coverage.has(piece));
        let (is_done, has_stretch) = (has(pieces), has(stretch));
        if is_done {
            return site.broadcast(&LaneMessage::Done(pieces));
        }
        let lacks_nothing = site.coverage.lacking_in(run) == 0;
        if lacks_nothing && has_stretch {
            // Whoever wants the rest of the run must not wait for these pieces again.
            site.broadcast(&LaneMessage::Done(stretch));
        }
        if lacks_nothing || !self.fetch_next_stretch(run, site, allowance, now) {
            site.broadcast(&LaneMessage::Release { pieces, origin: OriginNews::Nothing });
        }
    }

    /// One of my fetches failed and is booked.
    pub(crate) fn on_failed(
        &mut self,
        request: RequestId,
        news: OriginNews,
        site: &mut Site,
        allowance: &mut dyn Allowance,
    ) {
        let Some(run) = self.run_fetched_by(request) else { return };
        self.release(run, news, site, allowance);
        if news == OriginNews::NoRanges {
            self.go_whole(site, allowance);
        }
    }

    pub(super) fn run_fetched_by(&self, request: RequestId) -> Option<RunIndex> {
        self.fetches.iter().find(|(_, fetch)| fetch.request == request).map(|(run, _)| *run)
    }

    pub(super) fn release(
        &mut self,
        run: RunIndex,
        origin: OriginNews,
        site: &mut Site,
        allowance: &mut dyn Allowance,
    ) {
        if let Some(fetch) = self.fetches.remove(&run) {
            self.changes += 1;
            site.cancel(fetch.request, allowance);
            let pieces = site.coverage.runs().pieces(run);
            site.broadcast(&LaneMessage::Release { pieces, origin });
        }
    }

    pub(super) fn heartbeat(&mut self, site: &mut Site, now: MonoTime) {
        if self.fetches.is_empty() {
            return;
        }
        if now >= self.heartbeat_due {
            self.heartbeat_due = now + HEARTBEAT;
            let received =
                |fetch: &Fetch| site.requests.get(fetch.request).map_or(0, |request| request.received);
            let list = self
                .fetches
                .iter()
                .map(|(run, f)| (site.coverage.runs().pieces(*run), received(f)))
                .collect();
            site.broadcast(&LaneMessage::Progress(list));
        }
        site.wake_at(self.heartbeat_due);
    }

    /// Claims the run and begins to fetch it.
    pub(super) fn claim(
        &mut self,
        run: RunIndex,
        why: FetchReason,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> bool {
        let Some(stretch) = self.next_stretch(run, site) else { return false };
        let Some(request) = site.request(Source::Origin, stretch, allowance, now) else { return false };
        // The claim must be on its way before the request is.
        let order = site.actions.pop_back().expect("the request just made");
        if self.fetches.is_empty() {
            self.heartbeat_due = now + HEARTBEAT;
        }
        site.wake_at(self.heartbeat_due);
        self.changes += 1;
        self.note_fetched(run);
        self.fetches.insert(run, Fetch { request, since: now, said_almost: false, is_answered: false });
        let pieces = site.coverage.runs().pieces(run);
        site.broadcast(&LaneMessage::Claim(pieces));
        site.explain(Explain::Fetch { request, pieces, why });
        site.actions.push_back(order);
        true
    }

    pub(super) fn fetch_next_stretch(
        &mut self,
        run: RunIndex,
        site: &mut Site,
        allowance: &mut dyn Allowance,
        now: MonoTime,
    ) -> bool {
        if self.gate.is_closed() || now < self.gate.paused_until() {
            return false;
        }
        let Some(stretch) = self.next_stretch(run, site) else { return false };
        let Some(request) = site.request(Source::Origin, stretch, allowance, now) else { return false };
        self.changes += 1;
        self.fetches.insert(run, Fetch { request, since: now, said_almost: false, is_answered: false });
        true
    }

    /// The first pieces of the run, one after another, that are wanted and that only the origin can bring; without ranges
    /// all of it, wanted or not.
    pub(super) fn next_stretch(&self, run: RunIndex, site: &Site) -> Option<PieceRange> {
        let pieces = site.coverage.runs().pieces(run);
        if self.is_whole {
            return Some(pieces);
        }
        let first = pieces.pieces().find(|piece| site.coverage.is_open(*piece))?;
        let rest = first.get()..=pieces.last().get();
        let layout = site.coverage.runs().layout();
        let open = |index: &u32| layout.piece(*index).is_some_and(|piece| site.coverage.is_open(piece));
        let count = u32::try_from(rest.take_while(open).count()).expect("no more than the run has");
        layout.piece_range(first.get(), count)
    }
}
