//! Runs sites beside each other, on some threads, so that their number changes nothing of what comes out.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use swarmline_types::MonoTime;

use super::Broken;
use super::meter::{Meter, News, Told};
use crate::frame::Frame;
use crate::report::SiteReport;
use crate::scenario::SitePlan;
use crate::site::{Pace, Site};

/// Events after which a site tells how far it is.
const TELL_EVENTS: u64 = 1 << 14;
/// Where sites share the origin's rate, how often it is shared out anew.
const EPOCH: Duration = Duration::from_millis(50);

/// What runs the sites.
pub(super) struct Crew<'a> {
    pub(super) frame: &'a Frame<'a>,
    pub(super) plans: &'a [&'a SitePlan],
    pub(super) expected: Duration,
    pub(super) threads: usize,
    pub(super) lists_peers: bool,
}

type Reports = Result<Vec<SiteReport>, Broken>;

impl Crew<'_> {
    fn site(&self, number: usize) -> Site<'_> {
        let of = u32::try_from(number).expect("no more than SITES_MAX");
        Site::new(self.frame, self.plans[number], of, self.expected)
    }

    fn report(&self, site: Site<'_>) -> SiteReport {
        SiteReport::of(site, self.frame, self.lists_peers)
    }

    /// Runs a site from beginning to end; `tell` says whether to go on.
    fn run_one(
        &self,
        number: usize,
        tell: &mut dyn FnMut(News) -> Result<(), Broken>,
    ) -> Result<SiteReport, Broken> {
        let mut site = self.site(number);
        let mut told = Told::default();
        loop {
            let pace = site.run(MonoTime::NEVER, TELL_EVENTS)?;
            tell(told.news(&site))?;
            if pace == Pace::Over {
                return Ok(self.report(site));
            }
        }
    }

    /// Sites that share nothing: each for itself, the next one by whoever is free.
    pub(super) fn run_apart(&self, meter: &mut Meter<'_>) -> Reports {
        if self.threads == 1 || self.plans.len() == 1 {
            return (0..self.plans.len()).map(|at| self.run_one(at, &mut |news| meter.tell(news))).collect();
        }
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let reports: Mutex<Vec<Option<Result<SiteReport, Broken>>>> =
            Mutex::new((0..self.plans.len()).map(|_| None).collect());
        let (tell, told) = mpsc::channel();
        let worker = |tell: mpsc::Sender<News>| {
            while !stop.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= self.plans.len() {
                    break;
                }
                let report = self.run_one(at, &mut |news| {
                    let goes_on = tell.send(news).is_ok();
                    if goes_on { Ok(()) } else { Err(Broken::Stopped { at: MonoTime::ZERO, events: 0 }) }
                });
                stop.fetch_or(report.is_err(), Ordering::Relaxed);
                reports.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(report);
            }
        };
        let stopped = std::thread::scope(|scope| {
            for _ in 0..self.threads.min(self.plans.len()) {
                let tell = tell.clone();
                scope.spawn(|| worker(tell));
            }
            drop(tell);
            // Dropping the receiver stops the workers.
            told.into_iter().try_for_each(|news| meter.tell(news)).err()
        });
        if let Some(stopped) = stopped {
            return Err(stopped);
        }
        // Sites are begun in their order, so the first that broke is the same on any number of threads.
        let reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
        reports.into_iter().flatten().collect()
    }

    /// Sites that share the origin's rate: all at once, a short time each, and then it is shared out anew, by the
    /// connections that are open then. A site without any keeps the share of one, for those that begin meanwhile.
    pub(super) fn run_together(&self, egress: f64, meter: &mut Meter<'_>) -> Reports {
        let mut sites: Vec<_> = (0..self.plans.len()).map(|at| Under::new(self.site(at))).collect();
        let mut now = MonoTime::ZERO;
        let mut epochs = 0u32;
        while sites.iter().any(|under| !under.is_over) {
            share_out(&mut sites, egress, now);
            let next = sites.iter().filter(|it| !it.is_over).filter_map(|it| it.site.due()).min();
            let until = next.unwrap_or(now).max(now) + EPOCH;
            self.run_all(&mut sites, until)?;
            now = until;
            epochs += 1;
            if epochs.is_multiple_of(64) {
                sites.iter_mut().try_for_each(|under| meter.tell(under.told.news(&under.site)))?;
            }
        }
        Ok(sites.into_iter().map(|under| self.report(under.site)).collect())
    }

    fn run_all(&self, sites: &mut [Under<'_>], until: MonoTime) -> Result<(), Broken> {
        let step = |under: &mut Under<'_>| -> Result<(), Broken> {
            if !under.is_over {
                under.is_over = under.site.run(until, u64::MAX)? == Pace::Over;
            }
            Ok(())
        };
        if self.threads == 1 || sites.len() < 2 {
            return sites.iter_mut().try_for_each(step);
        }
        let each = sites.len().div_ceil(self.threads);
        let broken = std::thread::scope(|scope| {
            let parts =
                sites.chunks_mut(each).map(|part| scope.spawn(move || part.iter_mut().try_for_each(step)));
            let parts: Vec<_> = parts.collect();
            let ended = parts.into_iter().map(|part| part.join());
            ended
                .map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .find_map(Result::err)
        });
        broken.map_or(Ok(()), Err)
    }
}

/// A site under way.
struct Under<'a> {
    site: Site<'a>,
    told: Told,
    is_over: bool,
}

impl<'a> Under<'a> {
    fn new(site: Site<'a>) -> Self {
        Self { site, told: Told::default(), is_over: false }
    }
}

/// Each connection gets the same, but for sites whose own line carries less; they leave the rest to the others.
fn share_out(sites: &mut [Under<'_>], egress: f64, now: MonoTime) {
    let weight = |under: &Under<'_>| under.site.demand().max(1) as f64;
    let mut open: Vec<_> = (0..sites.len()).filter(|at| !sites[*at].is_over).collect();
    let mut left = egress;
    loop {
        let all: f64 = open.iter().map(|at| weight(&sites[*at])).sum();
        let share = |under: &Under<'_>| left * weight(under) / all.max(1.0);
        let narrow = |at: &&usize| sites[**at].site.wan_rate().is_some_and(|own| own <= share(&sites[**at]));
        let Some(at) = open.iter().find(narrow).copied() else { break };
        let own = sites[at].site.wan_rate().unwrap_or_default();
        sites[at].site.grant(own, now);
        left = (left - own).max(0.0);
        open.retain(|other| *other != at);
    }
    let all: f64 = open.iter().map(|at| weight(&sites[*at])).sum();
    for at in open {
        let share = left * weight(&sites[at]) / all.max(1.0);
        sites[at].site.grant(share, now);
    }
}
