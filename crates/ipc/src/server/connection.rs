//! One client: its request in, the owner's events out.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

use super::{CLIENTS_MAX, Incoming};
use crate::jobs::{self, Door};
use crate::lines::{LineError, Lines, to_line};
use crate::message::{ErrorKind, Event, Request, TransferError};
use crate::outbox::{Outbox, channel};

/// Why a client is turned away unheard.
pub(super) struct Refusal(ErrorKind, fn() -> String);

/// Every place is taken.
pub(super) const FULL: Refusal = Refusal(ErrorKind::Other, || {
    format!("the running process already serves {CLIENTS_MAX} clients; try again later")
});
/// Another user.
pub(super) const STRANGER: Refusal =
    Refusal(ErrorKind::Usage, || "only the owner of the state directory and root may ask".into());

/// Says why, as far as that goes without waiting.
pub(super) fn turn_away(stream: &UnixStream, refusal: Refusal) {
    let Refusal(kind, message) = refusal;
    let event = Event::Failed(TransferError::new(kind, message()));
    if let Ok(line) = to_line(&event) {
        let _ = stream.try_write(&line);
    }
}

/// Serves one client until it leaves or the owner has said all. `slot` is its place among the clients.
///
/// A job session gives its place back at once, and takes one of its own kind: those who ask in between are not kept out
/// by sessions, which last.
pub(super) async fn run(
    stream: UnixStream,
    incoming: mpsc::Sender<Incoming>,
    door: Option<Door>,
    slot: OwnedSemaphorePermit,
) {
    let user = stream.peer_cred().map(|peer| peer.uid());
    let (read, mut write) = stream.into_split();
    let mut lines = Lines::new(read);
    let heard = timeout(REQUEST_PATIENCE, lines.next());
    let request = tokio::select! {
        heard = heard => match heard {
            Ok(line) => line.map_err(|error| malformed(&error)).and_then(|line| line.map(|line| parse(&line)).transpose()),
            Err(_) => Err(usage(format!("no request came within {} s", REQUEST_PATIENCE.as_secs()))),
        },
        // The server closes: whoever has not asked yet is not waited for.
        () = incoming.closed() => return,
    };
    match request {
        Ok(None) => {}
        Err(error) => _ = deliver(&mut write, &Event::Failed(error)).await,
        Ok(Some(Request::Jobs)) => {
            drop(slot);
            drop(incoming);
            match (door.as_ref().map(|door| (door, door.place())), user) {
                (Some((door, Some(place))), Ok(user)) => {
                    return jobs::run(lines, write, user, door, place).await;
                }
                (None, _) => _ = deliver(&mut write, &refused("the running process has no jobs")).await,
                _ => _ = deliver(&mut write, &refused(jobs::SESSIONS_FULL)).await,
            }
            return;
        }
        Ok(Some(request)) => {
            let (events, outbox) = channel();
            // There are as many places in the channel as there are slots.
            if incoming.send(Incoming { request, events }).await.is_ok() {
                drop(incoming);
                tokio::select! {
                    () = forward(outbox, &mut write) => {}
                    () = lines.anything() => {}
                }
            }
        }
    }
    drop(slot);
}

/// Writes events until there are none left, or the client does not read them.
async fn forward(mut outbox: Outbox, write: &mut OwnedWriteHalf) {
    while let Some(event) = outbox.next().await {
        if deliver(write, &event).await.is_err() {
            return;
        }
    }
}

/// Writes one event.
async fn deliver(write: &mut OwnedWriteHalf, event: &Event) -> Result<(), Undelivered> {
    let line = to_line(event).map_err(|error| {
        tracing::warn!(%error, "an event cannot be written down");
        Undelivered
    })?;
    match timeout(WRITE_PATIENCE, write.write_all(&line)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(Undelivered),
    }
}

/// The client is gone, or as good as gone.
struct Undelivered;

fn refused(why: &str) -> Event {
    Event::Failed(TransferError::new(ErrorKind::Other, why))
}

fn parse(line: &[u8]) -> Result<Request, TransferError> {
    let request: Request = serde_json::from_slice(line)
        .map_err(|error| usage(format!("the request is not understood: {error}")))?;
    request.check()?;
    Ok(request)
}

fn malformed(error: &LineError) -> TransferError {
    usage(format!("the request cannot be read: {error}"))
}

fn usage(message: String) -> TransferError {
    TransferError::new(ErrorKind::Usage, message)
}

/// How long a client may take to say what it wants.
const REQUEST_PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may leave one event unread before it is let go.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);
