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

/// What runs the sites.
pub(super) struct Crew<'a> {
    pub(super) frame: &'a Frame<'a>,
    pub(super) plans: &'a [&'a SitePlan],
    pub(super) expected: Duration,
    pub(super) threads: usize,
    pub(super) lists_peers: bool,
}

pub(super) type Reports = Result<Vec<SiteReport>, Broken>;

impl Crew<'_> {
    pub(super) fn site(&self, number: usize) -> Site<'_> {
        let of = u32::try_from(number).expect("no more than SITES_MAX");
        Site::new(self.frame, self.plans[number], of, self.expected)
    }

    pub(super) fn report(&self, site: Site<'_>) -> SiteReport {
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
}
