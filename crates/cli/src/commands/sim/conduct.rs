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

use super::{Common, Seeds};
use crate::exit::{Exit, Failure, with_causes};
use crate::show::Stopwatch;
use crate::signals::Signals;
use crate::{screen, words};

/// Where studies run and are shown.
pub(super) struct Conductor {
    signals: Signals,
    watch: Stopwatch,
    threads: usize,
    seeds: Seeds,
    is_quiet: bool,
    /// Events of all studies, and how long they took.
    events: u64,
    took: Duration,
}

impl Conductor {
    /// `is_quiet`: nothing but the outcome is wanted.
    pub(super) fn new(
        common: &Common,
        seeds: Seeds,
        is_quiet: bool,
        watch: Stopwatch,
    ) -> Result<Self, Failure> {
        Ok(Self {
            signals: Signals::listen()?,
            watch,
            threads: threads_of(common.threads),
            seeds,
            is_quiet,
            events: 0,
            took: Duration::ZERO,
        })
    }

    /// Runs one scenario with all its seeds. `command` runs it again, with a seed behind it.
    pub(super) async fn study(&mut self, scenario: Scenario, command: &str) -> Result<Study, Failure> {
        let Seeds { first, count } = self.seeds;
        let plan = Plan { seed: first, seeds: count.unwrap_or(scenario.seeds), threads: self.threads };
        let view = Arc::new(View::new(&scenario.name, self.is_quiet, self.watch));
        let seen = Arc::clone(&view);
        let work = move |stopped: &AtomicBool| {
            let watch = |step: &Step| {
                seen.show(step.part, || short(step, plan.seeds), || long(step, plan.seeds));
                go_on(stopped)
            };
            Study::conduct(&scenario, &plan, &watch)
        };
        let begun = Instant::now();
        let study = aside(&mut self.signals, work).await;
        self.took += begun.elapsed();
        view.finish();
        let study = study?.map_err(|broken| failure(&broken, command))?;
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

/// A run that broke, with the command that shows it again.
fn failure(broken: &Broken, command: &str) -> Failure {
    match broken {
        Broken::Scenario(error) => Failure::caused_by(Exit::Usage, error),
        Broken::Invariant { seed, .. } => {
            let seed = Seeds::one(*seed).as_written();
            Failure::new(Exit::Other, format!("{}; again with: {command}{seed}", with_causes(broken)))
        }
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

    /// `part` of all is done. What is said is made where somebody sees it: `short` beside a bar, `long` in a line.
    pub(super) fn show(&self, part: f64, short: impl FnOnce() -> String, long: impl FnOnce() -> String) {
        match &mut *self.shown.lock().unwrap_or_else(PoisonError::into_inner) {
            Shown::Bar(bar) => {
                bar.set_position(steps(part));
                bar.set_message(short());
            }
            Shown::Lines { next } if self.watch.elapsed() >= *next => {
                *next = self.watch.elapsed() + screen::PLAIN_EVERY;
                let at = words::span(self.watch.elapsed());
                let percent = steps(part) / (STEPS / 100);
                screen::note(&format!("{at}: {}, {percent}%, {}", self.name, long()));
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

/// How far it is, for the room beside a bar on a terminal of 80 columns.
fn short(step: &Step, seeds: u32) -> String {
    let run = &step.run;
    let of = match seeds {
        1 => String::new(),
        seeds => format!(", {}/{seeds} runs", step.runs_over),
    };
    let origin = quantity::bytes(run.origin_bytes as f64);
    format!("{}/{} done, origin {origin}{of}", run.finished, run.peers)
}

/// How far it is, for a line.
fn long(step: &Step, seeds: u32) -> String {
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
    let style = ProgressStyle::with_template("{prefix} [{bar:10}] {percent:>3}%  {wide_msg}");
    bar.set_style(style.expect("the template is a constant").progress_chars("=> "));
    bar.set_prefix(shortened(name));
    bar
}

/// A name that leaves room for what is said behind the bar. Its end tells it from others: `office at 100mbit`.
fn shortened(name: &str) -> String {
    match name.chars().count().checked_sub(NAME_MAX) {
        None | Some(0) => name.to_owned(),
        Some(over) => format!("…{}", name.chars().skip(over + 1).collect::<String>()),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
fn steps(part: f64) -> u64 {
    (part.clamp(0.0, 1.0) * STEPS as f64) as u64
}

/// Most letters of a name before a bar.
const NAME_MAX: usize = 16;
/// Steps of a bar.
const STEPS: u64 = 1_000;

#[cfg(test)]
mod tests {
    use swarmline_sim::Progress;
    use swarmline_types::MonoTime;

    use super::*;

    #[test]
    fn a_run_that_broke_is_told_with_the_command_that_runs_its_seed_again() {
        let (at, events) = (MonoTime::ZERO, 1);
        let broken = Broken::Invariant {
            rule: "a rule",
            what: "odd".into(),
            seed: 7,
            site: 0,
            peer: None,
            at,
            events,
        };
        let told = failure(&broken, "swarmline sim run my.toml --set site.peers=5").to_string();
        let again = "; again with: swarmline sim run my.toml --set site.peers=5 --seed 7 --seeds 1";
        assert!(told.starts_with("a rule: odd (seed 7") && told.ends_with(again), "{told}");
        assert!(!failure(&Broken::Stopped { at, events }, "x").message.contains("again"));
    }

    #[test]
    fn what_stands_beside_a_bar_fits_80_columns() {
        let step = |peers, origin_bytes| Step {
            seed: 1,
            runs_over: 19,
            part: 0.5,
            run: Progress { now: MonoTime::ZERO, events: 0, finished: peers, peers, origin_bytes },
        };
        assert_eq!(short(&step(4, 3 << 20), 1), "4/4 done, origin 3 MiB");
        let most = short(&step(1000, 1023 << 20), 20);
        assert_eq!(most, "1000/1000 done, origin 1,023 MiB, 19/20 runs");
        let name = shortened("my-office with site.wan=100mbit");
        assert_eq!(name, "…ite.wan=100mbit");
        let line = format!("{name} [==========] 100%  {most}");
        assert!(line.chars().count() <= 80, "{line}");
        assert_eq!(shortened("name-of-16-chars"), "name-of-16-chars");
    }

    #[test]
    fn speed_is_events_over_time() {
        let told = speed(1_500_000, Duration::from_millis(2_500), 2);
        assert_eq!(told, "1,500,000 events in 2.5 s: 600,000 events/s on 2 threads");
        assert_eq!(speed(1, Duration::ZERO, 1), "1 event in 0.0 s: – events/s on 1 thread");
    }
}
