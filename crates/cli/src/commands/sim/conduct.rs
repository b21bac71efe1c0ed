//! Runs studies on threads of their own, shows how far they are, and ends at once when asked to.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use swarmline_sim::study::{Plan, Step, Study};
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
}

impl Conductor {
    /// `is_quiet`: nothing but the outcome is wanted.
    pub(super) fn new(common: &Common, is_quiet: bool, watch: Stopwatch) -> Result<Self, Failure> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            signals: Signals::listen()?,
            watch,
            threads: common.threads.map_or(cores, usize::from),
            seed: common.seed,
            seeds: common.seeds,
            is_quiet,
        })
    }

    /// Runs one scenario with all its seeds.
    pub(super) async fn study(&mut self, scenario: Scenario) -> Result<Study, Failure> {
        let plan =
            Plan { seed: self.seed, seeds: self.seeds.unwrap_or(scenario.seeds), threads: self.threads };
        let view = Arc::new(View::new(&scenario.name, plan.seeds, self.is_quiet, self.watch));
        let stopped = Arc::new(AtomicBool::new(false));
        let (ended, end) = oneshot::channel();
        let (seen, stop) = (Arc::clone(&view), Arc::clone(&stopped));
        // A thread of its own and not one of the runtime's: the runtime would wait for it, and Ctrl-C ends at once.
        let working = std::thread::Builder::new().name("simulation".into()).spawn(move || {
            let watch = |step: &Step| {
                seen.show(step);
                if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            // Whoever waited may have left.
            let _ = ended.send(Study::conduct(&scenario, &plan, &watch));
        });
        working.map_err(|error| {
            Failure::new(Exit::Other, format!("could not start a thread: {}", with_causes(&error)))
        })?;
        let study = tokio::select! {
            study = end => study,
            signal = self.signals.first() => {
                stopped.store(true, Ordering::Relaxed);
                view.finish();
                return Err(Failure::new(signal.exit(), "stopped"));
            }
        };
        view.finish();
        match study {
            Ok(Ok(study)) => Ok(study),
            Ok(Err(broken)) => Err(failure(&broken)),
            Err(_) => Err(Failure::new(Exit::Other, "the simulation ended without an outcome")),
        }
    }
}

fn failure(broken: &Broken) -> Failure {
    match broken {
        Broken::Scenario(error) => Failure::caused_by(Exit::Usage, error),
        broken => Failure::caused_by(Exit::Other, broken),
    }
}

/// How far it is: a bar, a line now and then, or nothing.
struct View {
    name: String,
    seeds: u32,
    watch: Stopwatch,
    shown: Mutex<Shown>,
}

enum Shown {
    Bar(ProgressBar),
    Lines { next: Duration },
    Nothing,
}

impl View {
    fn new(name: &str, seeds: u32, is_quiet: bool, watch: Stopwatch) -> Self {
        let shown = match (is_quiet, screen::is_watched()) {
            (true, _) => Shown::Nothing,
            (false, true) => Shown::Bar(bar(name)),
            (false, false) => Shown::Lines { next: watch.elapsed() + screen::PLAIN_EVERY },
        };
        Self { name: name.to_owned(), seeds, watch, shown: Mutex::new(shown) }
    }

    fn show(&self, step: &Step) {
        match &mut *self.shown.lock().unwrap_or_else(PoisonError::into_inner) {
            Shown::Bar(bar) => {
                bar.set_position(steps(step.part));
                bar.set_message(self.message(step));
            }
            Shown::Lines { next } if self.watch.elapsed() >= *next => {
                *next = self.watch.elapsed() + screen::PLAIN_EVERY;
                let at = words::span(self.watch.elapsed());
                let percent = steps(step.part) / (STEPS / 100);
                screen::note(&format!("{at}: {}, {percent}%, {}", self.name, self.message(step)));
            }
            Shown::Lines { .. } | Shown::Nothing => {}
        }
    }

    fn message(&self, step: &Step) -> String {
        let run = &step.run;
        let of = match self.seeds {
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

    fn finish(&self) {
        if let Shown::Bar(bar) = &*self.shown.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.finish_and_clear();
        }
    }
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
