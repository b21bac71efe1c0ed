//! What comes of a request, wherever the work is done.

use swarmline_ipc::message::{Event, Request};
use swarmline_ipc::{Answers, Client, ReceiveError, RequestError};
use tokio::sync::mpsc;

use crate::exit::{Exit, Failure};

/// The events of one download.
pub(crate) enum Events {
    /// From the engine of this process.
    Own(mpsc::Receiver<Event>),
    /// From the process that owns the state directory.
    Attached(Answers),
}

impl Events {
    /// Asks the process that owns the state directory.
    pub(crate) async fn attached(client: Client, request: &Request) -> Result<Self, Failure> {
        match client.request(request).await {
            Ok(answers) => Ok(Self::Attached(answers)),
            Err(error @ RequestError::Encode(_)) => Err(Failure::caused_by(Exit::Usage, &error)),
            Err(error) => Err(Failure::caused_by(Exit::Stopped, &error)),
        }
    }

    /// The next event; `None` when the engine or the other process has ended. Safe to drop half-way.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, Failure> {
        match self {
            Self::Own(events) => Ok(events.recv().await),
            Self::Attached(answers) => match answers.next().await {
                Err(ReceiveError::Broken(_)) => Ok(None),
                other => other.map_err(|error| Failure::caused_by(Exit::Other, &error)),
            },
        }
    }
}

/// Asks the process that owns the state directory for one answer.
pub(crate) async fn ask(client: Client, request: &Request) -> Result<Event, Failure> {
    match Events::attached(client, request).await?.next().await? {
        Some(Event::Failed(error)) => Err(error.into()),
        Some(event) => Ok(event),
        None => Err(Failure::new(Exit::Stopped, "the running process ended before it answered")),
    }
}
