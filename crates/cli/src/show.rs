//! How a download is shown while it runs: a bar on a terminal, a line now and then elsewhere, JSON for programs.

mod bar;
mod json;
mod meter;
mod plain;
mod story;

use std::path::Path;
use std::time::{Duration, Instant};

use swarmline_ipc::message::Progress;

use crate::exit::Failure;
use crate::screen;

pub(crate) use bar::bytes_bar;
pub(crate) use json::{Failed, Line, seconds};

/// What is told of one download. Times count from the start of the command.
pub(crate) trait Show {
    /// How far it is.
    fn progress(&mut self, at: Duration, progress: &Progress);
    /// Something that people should know.
    fn note(&mut self, at: Duration, text: &str);
    /// The destination holds the complete content. Comes once.
    fn completed(&mut self, at: Duration, progress: &Progress);
    /// It did not work. Comes once, instead of [`completed`](Self::completed).
    fn failed(&mut self, at: Duration, failure: &Failure);
}

/// How the caller wants it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Style {
    /// One JSON object a line.
    Json,
    /// Nothing but the outcome.
    Quiet,
    /// For people.
    People,
}

/// What fits the caller's wish and where stderr goes.
pub(crate) fn choose(style: Style, destination: &Path) -> Box<dyn Show + Send> {
    match style {
        Style::Json => Box::new(json::Json::new(destination)),
        Style::Quiet => Box::new(Quiet),
        Style::People if screen::is_watched() => Box::new(bar::Bar::new(destination)),
        Style::People => Box::new(plain::Plain::new(destination)),
    }
}

/// The time since a command began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Says nothing unless it fails.
struct Quiet;

impl Show for Quiet {
    fn progress(&mut self, _: Duration, _: &Progress) {}

    fn note(&mut self, _: Duration, _: &str) {}

    fn completed(&mut self, _: Duration, _: &Progress) {}

    fn failed(&mut self, _: Duration, failure: &Failure) {
        screen::note(&format!("error: {failure}"));
    }
}
