//! Runs studies on threads of their own, shows how far they are, and ends at once when asked to.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use swarmline_sim::study::{Plan, Step, Study};
use swarmline_sim::words as quantity;
use swarmline_sim::{Broken, Scenario};
use tokio::sync::oneshot;

use super::Common;
use crate::exit::{Exit, Failure, with_causes};
use crate::show::Stopwatch;
use crate::signals::Signals;
use crate::{screen, words};

/// Where studies run and are shown.
pub(super) struct Conductor {
    signals: Signals,
    watch: Stopwatch,
    threads: usize,
    seed: u64,
    seeds: Option<u32>,
    is_quiet: bool,
    /// Events of all studies, and how long they took.
    events: u64,
    took: Duration,
}

impl Conductor {
    /// `is_quiet`: nothing but the outcome is wanted.
    pub(super) fn new(common: &Common, is_quiet: bool, watch: Stopwatch) -> Result<Self, Failure> {
        Ok(Self {
            signals: Signals::listen()?,
            watch,
            threads: threads_of(common.threads),
            seed: common.seed,
            seeds: common.seeds,
            is_quiet,
            events: 0,
            took: Duration::ZERO,
        })
    }

    /// Runs one scenario with all its seeds.
    pub(super) async fn study(&mut self, scenario: Scenario) -> Result<Study, Failure> {
        let plan =
            Plan { seed: self.seed, seeds: self.seeds.unwrap_or(scenario.seeds), threads: self.threads };
        let view = Arc::new(View::new(&scenario.name, self.is_quiet, self.watch));
        let seen = Arc::clone(&view);
        let work = move |stopped: &AtomicBool| {
            let watch = |step: &Step| {
                seen.show(step.part, || message(step, plan.seeds));
                go_on(stopped)
            };
            Study::conduct(&scenario, &plan, &watch)
        };
        let begun = Instant::now();
        let study = aside(&mut self.signals, work).await;
        self.took += begun.elapsed();
        view.finish();
        let study = study?.map_err(|broken| failure(&broken))?;
        self.events += study.outcomes.iter().map(|outcome| outcome.events).sum::<u64>();
        Ok(study)
    }

    /// Tells people how fast it went. On stderr, since it is another number each time.
    pub(super) fn tell_speed(&self) {
        screen::note(&speed(self.events, self.took, self.threads));
    }
}

/// How fast events were simulated, in a line.
pub(super) fn speed(events: u64, took: Duration, threads: usize) -> String {
    let seconds = took.as_secs_f64();
    let rate = if seconds > 0.0 { events as f64 / seconds } else { f64::NAN };
    format!(
        "{} in {}: {} events/s on {}",
        quantity::count(events, "event", "events"),
        quantity::seconds(seconds),
        quantity::number(rate),
        quantity::count(threads as u64, "thread", "threads"),
    )
}

/// Works on a thread of its own, and ends at once when a signal asks for it: then `work` finds its flag up, and nobody
/// waits for it.
pub(super) async fn aside<T: Send + 'static>(
    signals: &mut Signals,
    work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> Result<T, Failure> {
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    let (ended, end) = oneshot::channel();
    // A thread of its own and not one of the runtime's: the runtime would wait for it, and Ctrl-C ends at once.
    let working = std::thread::Builder::new().name("simulation".into()).spawn(move || {
        // Whoever waited may have left.
        let _ = ended.send(work(&stop));
    });
    working.map_err(|error| {
        Failure::new(Exit::Other, format!("could not start a thread: {}", with_causes(&error)))
    })?;
    tokio::select! {
        outcome = end => {
            outcome.map_err(|_| Failure::new(Exit::Other, "the simulation ended without an outcome"))
        }
        signal = signals.first() => {
            stopped.store(true, Ordering::Relaxed);
            Err(Failure::new(signal.exit(), "stopped"))
        }
    }
}

/// What a watcher says while the flag is down.
pub(super) fn go_on(stopped: &AtomicBool) -> ControlFlow<()> {
    if stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// How many threads simulate, if nothing else is said.
pub(super) fn threads_of(given: Option<u16>) -> usize {
    given.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

fn failure(broken: &Broken) -> Failure {
    match broken {
        Broken::Scenario(error) => Failure::caused_by(Exit::Usage, error),
        broken => Failure::caused_by(Exit::Other, broken),
    }
}

/// How far it is: a bar, a line now and then, or nothing.
pub(super) struct View {
    name: String,
    watch: Stopwatch,
    shown: Mutex<Shown>,
}

enum Shown {
    Bar(ProgressBar),
    Lines { next: Duration },
    Nothing,
}

impl View {
    /// `is_quiet`: nothing but the outcome is wanted.
    pub(super) fn new(name: &str, is_quiet: bool, watch: Stopwatch) -> Self {
        let shown = match (is_quiet, screen::is_watched()) {
            (true, _) => Shown::Nothing,
            (false, true) => Shown::Bar(bar(name)),
            (false, false) => Shown::Lines { next: watch.elapsed() + screen::PLAIN_EVERY },
        };
        Self { name: name.to_owned(), watch, shown: Mutex::new(shown) }
    }

    /// `part` of all is done; the message is made where somebody sees it.
    pub(super) fn show(&self, part: f64, message: impl FnOnce() -> String) {
        match &mut *self.shown.lock().unwrap_or_else(PoisonError::into_inner) {
            Shown::Bar(bar) => {
                bar.set_position(steps(part));
                bar.set_message(message());
            }
            Shown::Lines { next } if self.watch.elapsed() >= *next => {
                *next = self.watch.elapsed() + screen::PLAIN_EVERY;
                let at = words::span(self.watch.elapsed());
                let percent = steps(part) / (STEPS / 100);
                screen::note(&format!("{at}: {}, {percent}%, {}", self.name, message()));
            }
            Shown::Lines { .. } | Shown::Nothing => {}
        }
    }

    pub(super) fn finish(&self) {
        if let Shown::Bar(bar) = &*self.shown.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.finish_and_clear();
        }
    }
}

fn message(step: &Step, seeds: u32) -> String {
    let run = &step.run;
    let of = match seeds {
        1 => String::new(),
        seeds => format!("{} of {seeds} runs over, ", step.runs_over),
    };
    format!(
        "{of}seed {} at {} of virtual time: {} of {} done, {} from the origin",
        step.seed,
        words::span(Duration::from_micros(run.now.as_micros())),
        run.finished,
        words::count(run.peers.into(), "peer", "peers"),
        words::bytes(run.origin_bytes),
    )
}

fn bar(name: &str) -> ProgressBar {
    let bar = screen::add_bar(ProgressBar::new(STEPS));
    let style = ProgressStyle::with_template("{prefix} [{bar:24}] {percent:>3}%  {wide_msg}");
    bar.set_style(style.expect("the template is a constant").progress_chars("=> "));
    bar.set_prefix(name.to_owned());
    bar
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
fn steps(part: f64) -> u64 {
    (part.clamp(0.0, 1.0) * STEPS as f64) as u64
}

/// Steps of a bar.
const STEPS: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_events_over_time() {
        let told = speed(1_500_000, Duration::from_millis(2_500), 2);
        assert_eq!(told, "1,500,000 events in 2.5 s: 600,000 events/s on 2 threads");
        assert_eq!(speed(1, Duration::ZERO, 1), "1 event in 0.0 s: – events/s on 1 thread");
    }
}
