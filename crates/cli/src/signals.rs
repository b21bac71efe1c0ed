//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::exit::{Exit, Failure, with_causes};

/// Which signal asks for the end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
}

impl Signal {
    /// How a run ends that this signal has cut short.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Interrupted,
            Self::Terminate => Exit::Terminated,
        }
    }
}

/// Tells whoever waits that the end was asked for. Clones hear the same.
#[derive(Clone, Debug)]
pub(crate) struct Signals {
    first: watch::Receiver<Option<Signal>>,
}

impl Signals {
    /// Listens from now on. The second signal ends the process without another word.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::new(Exit::Other, format!("could not listen for signals: {}", with_causes(&error)))
        };
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let (sender, first) = watch::channel(None);
        tokio::spawn(async move {
            loop {
                let signal = tokio::select! {
                    _ = interrupt.recv() => Signal::Interrupt,
                    _ = terminate.recv() => Signal::Terminate,
                };
                if sender.send_replace(Some(signal)).is_some() {
                    std::process::exit(signal.exit().code().into());
                }
            }
        });
        Ok(Self { first })
    }

    /// The first signal, also if it came before. Safe to drop half-way.
    pub(crate) async fn first(&mut self) -> Signal {
        loop {
            if let Some(signal) = *self.first.borrow_and_update() {
                return signal;
            }
            if self.first.changed().await.is_err() {
                // The listening task ends with the runtime only.
                std::future::pending::<()>().await;
            }
        }
    }
}
