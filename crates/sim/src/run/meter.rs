//! How far a run is, for whoever watches it.

use std::ops::ControlFlow;

use swarmline_types::MonoTime;

use super::{Broken, Progress, Watch};
use crate::scenario::{Scenario, SitePlan};
use crate::site::Site;

/// Sums up what sites tell of themselves.
pub(super) struct Meter<'a> {
    watch: &'a mut dyn Watch,
    progress: Progress,
}

/// What a site has told of itself so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    events: u64,
    finished: u32,
    origin_bytes: u64,
}

/// What is new on a site.
#[derive(Clone, Copy, Debug)]
pub(super) struct News {
    now: MonoTime,
    events: u64,
    finished: u32,
    origin_bytes: u64,
}

impl Told {
    /// What is new since the last time.
    pub(super) fn news(&mut self, site: &Site<'_>) -> News {
        let is = Self { events: site.events, finished: site.done, origin_bytes: site.origin_bytes() };
        let was = std::mem::replace(self, is);
        News {
            now: site.now(),
            events: is.events - was.events,
            finished: is.finished - was.finished,
            origin_bytes: is.origin_bytes - was.origin_bytes,
        }
    }
}

impl<'a> Meter<'a> {
    pub(super) fn new(scenario: &Scenario, plans: &[&SitePlan], watch: &'a mut dyn Watch) -> Self {
        let honest = scenario.group.iter().filter(|it| it.peer.behaviour.is_some_and(|is| !is.is_honest()));
        let liars = |peers: u32| -> u32 { honest.clone().map(|group| group.peers_of(peers)).sum() };
        let peers = plans.iter().map(|plan| plan.peers.saturating_sub(liars(plan.peers))).sum();
        let progress = Progress { now: MonoTime::ZERO, events: 0, finished: 0, peers, origin_bytes: 0 };
        Self { watch, progress }
    }

    /// Tells the watcher.
    ///
    /// # Errors
    /// When it had enough.
    pub(super) fn tell(&mut self, news: News) -> Result<(), Broken> {
        let progress = &mut self.progress;
        progress.now = news.now;
        progress.events += news.events;
        progress.finished += news.finished;
        progress.origin_bytes += news.origin_bytes;
        match self.watch.progress(progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Broken::Stopped { at: progress.now, events: progress.events }),
        }
    }

    /// The run is over: whoever watches sees the last state, and can stop nothing any more.
    pub(super) fn end(self) {
        let _ = self.watch.progress(&self.progress);
    }
}
