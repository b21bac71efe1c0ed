//! What I fetch and what crawls where other fetches did not: a connection may starve for as long as it lives, so the
//! rest is asked for once more, on another. One at a time, for it may be the line that is slow, and then what has come
//! is lost.

use std::time::Duration;

use swarmline_types::MonoTime;
use swarmline_types::message::{LaneMessage, OriginNews};

use super::{Fetch, Lane, is_early};
use crate::allowance::Allowance;
use crate::requests::RequestId;
use crate::runs::RunIndex;
use crate::site::Site;

/// How it went with what was asked for once more.
#[derive(Debug, Default)]
pub(super) struct Anew {
    /// The latest such request, until it is known whether it got on.
    tried: Option<RequestId>,
    /// How many in a row crawled as well.
    vain: u32,
    /// Not before that again.
    next: MonoTime,
}

impl Lane {
    /// Asks once more for the fetch that came least far of those that crawl, unless more gets on in the site than
    /// crawls here: then the line is in use, and most of what crawls arrives.
    pub(super) fn ask_anew(&mut self, site: &mut Site, allowance: &mut dyn Allowance, now: MonoTime) {
        let ends: Vec<_> = self.fetches.values().map(|fetch| self.crawls_from(fetch, site)).collect();
        ends.iter().filter(|at| now < **at).for_each(|at| site.wake_at(*at));
        let crawling = ends.iter().filter(|at| now >= **at).count();
        if self.is_tried(site, now) || crawling == 0 || self.live_count(now) > 2 * crawling {
            return;
        }
        // Policy may have the origin left alone by now.
        let not_before = self.anew.next.max(self.start_at(site));
        if now < not_before {
            return site.wake_at(not_before);
        }
        if let Some(run) = self.least_of_the_crawling(site, now) {
            let fetch = self.fetches.remove(&run).expect("it is one of them");
            self.changes += 1;
            site.cancel(fetch.request, allowance);
            if self.fetch_next_stretch(run, site, allowance, now) {
                self.anew.tried = self.fetches.get(&run).map(|fetch| fetch.request);
            } else {
                let pieces = site.coverage.runs().pieces(run);
                site.broadcast(&LaneMessage::Release { pieces, origin: OriginNews::Nothing });
            }
        }
    }

    /// Whether it is still open how the latest try goes. If it crawls too, it is the line: the next waits, twice as
    /// long each time.
    fn is_tried(&mut self, site: &Site, now: MonoTime) -> bool {
        let Some(tried) = self.anew.tried else { return false };
        let fetch = self.fetches.values().find(|fetch| fetch.request == tried);
        let is_young = fetch.is_some_and(|fetch| now < fetch.since + CRAWLS_AFTER);
        if is_young {
            return true;
        }
        let is_vain = fetch.is_some_and(|fetch| now >= self.crawls_from(fetch, site));
        let (vain, pause) = match is_vain {
            true => (self.anew.vain + 1, RETRY.saturating_mul(1 << self.anew.vain.min(RETRY_DOUBLINGS_MAX))),
            false => (0, Duration::ZERO),
        };
        self.anew = Anew { tried: None, vain, next: now + pause };
        false
    }

    /// What is worth to be asked for again: not what is nearly here, nor what another fetches as well and gets on with.
    fn least_of_the_crawling(&mut self, site: &Site, now: MonoTime) -> Option<RunIndex> {
        let received = |fetch: &Fetch| site.requests.get(fetch.request).map_or(0, |it| it.received);
        let crawling =
            self.fetches.iter().filter(|(_, it)| now >= self.crawls_from(it, site) && is_early(it, site));
        let mut runs: Vec<_> = crawling.map(|(run, fetch)| (received(fetch), *run)).collect();
        runs.sort_unstable();
        let mut is_copied =
            |run| self.claims.live(run, site.last_from_peers, now).is_some_and(|live| !live.is_slow);
        runs.into_iter().map(|(_, run)| run).find(|run| !is_copied(*run))
    }

    /// When it crawls if nothing more comes: it takes four times as long as what was finished lately. What is on its
    /// way and was not told yet counts as here.
    fn crawls_from(&self, fetch: &Fetch, site: &Site) -> MonoTime {
        let received = site.requests.get(fetch.request).map_or(0, |request| request.received) + UNTOLD;
        match received.saturating_mul(4_000_000).checked_div(self.claims.sure_rate()) {
            Some(micros) => fetch.since + CRAWLS_AFTER.max(Duration::from_micros(micros)),
            None => MonoTime::NEVER,
        }
    }
}

/// Nothing crawls before: later than others may copy it, so that they need not.
const CRAWLS_AFTER: Duration = Duration::from_secs(15);
/// Bytes that a driver may have and not have told of.
const UNTOLD: u64 = 64 << 10;
/// First wait after a try that was in vain; doubles each time.
const RETRY: Duration = Duration::from_secs(30);
/// Doublings of that wait.
const RETRY_DOUBLINGS_MAX: u32 = 5;
