//! Follows one download until it is over, one way or another.

use swarmline_ipc::message::{Event, Progress};

use crate::exit::{Exit, Failure};
use crate::session::Events;
use crate::show::{Show, Stopwatch};
use crate::signals::{Signal, Signals};

/// How it is over.
#[derive(Debug)]
pub(super) enum Ended {
    /// The destination holds the complete content; this was told.
    Completed(Progress),
    /// It did not work.
    Failed(Failure),
    /// Whoever did the work has ended.
    Lost,
    /// The user wants no more.
    Signal(Signal),
}

/// Shows what happens until the download is over. Only [`Ended::Completed`] has been told by then.
pub(super) async fn follow(
    events: &mut Events,
    show: &mut dyn Show,
    signals: &mut Signals,
    watch: Stopwatch,
) -> Ended {
    loop {
        let event = tokio::select! {
            biased;
            event = events.next() => event,
            signal = signals.first() => return Ended::Signal(signal),
        };
        match event {
            Ok(Some(Event::Progress(progress))) => show.progress(watch.elapsed(), &progress),
            Ok(Some(Event::Completed(progress))) => {
                show.completed(watch.elapsed(), &progress);
                return Ended::Completed(progress);
            }
            Ok(Some(Event::Failed(error))) => return Ended::Failed(error.into()),
            Ok(Some(Event::Added { .. } | Event::Node(_) | Event::Held(_))) => {
                return Ended::Failed(Failure::new(
                    Exit::Other,
                    "the running process answered something else",
                ));
            }
            Ok(None) => return Ended::Lost,
            Err(failure) => return Ended::Failed(failure),
        }
    }
}
