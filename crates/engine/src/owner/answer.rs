//! How the owner answers one client: carries the request to the engine and its events back.

use swarmline_ipc::message::{ErrorKind, Event, GetRequest, Request, TransferError};
use swarmline_ipc::{EventSender, Incoming};

use crate::count::Count;
use crate::engine::Engine;

/// Answers one client to the end. Dropping it half-way cancels what the client asked for.
pub(super) async fn answer(engine: Engine, incoming: Incoming, downloads: Count) {
    let Incoming { request, events } = incoming;
    match request {
        Request::Get(request) => get(&engine, request, &events, &downloads).await,
        Request::Add(request) => {
            let added = tokio::select! {
                event = engine.add(request) => event,
                () = events.closed() => return,
            };
            let _ = events.send(added);
        }
        Request::Status => {
            let stopping = || TransferError::new(ErrorKind::Stopped, "the running process is shutting down");
            let event = engine.status().await.map_or_else(|| Event::Failed(stopping()), Event::Node);
            let _ = events.send(event);
        }
        // The server turns it into a session before it comes here.
        Request::Jobs => {}
    }
}

/// Passes events on until the client leaves or the download has failed; one that is complete is waited for no more.
async fn get(engine: &Engine, request: GetRequest, client: &EventSender, downloads: &Count) {
    let mut waited = Some(downloads.one_more());
    let mut events = engine.get(request);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = client.closed() => return,
        };
        let Some(event) = event else { return };
        let completed = matches!(event, Event::Completed(_));
        if client.send(event).is_err() {
            return;
        }
        if completed {
            drop(waited.take());
        }
    }
}
