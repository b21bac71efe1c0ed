//! How the owner answers one client: carries the request to the engine and its events back.

use swarmline_engine::Engine;
use swarmline_ipc::message::{ErrorKind, Event, GetRequest, Request, TransferError};
use swarmline_ipc::{EventSender, Incoming};
use tokio::sync::watch;

/// Counts the downloads that clients wait for.
#[derive(Clone, Debug, Default)]
pub(super) struct Downloads(watch::Sender<usize>);

impl Downloads {
    /// Waits until there is none. Safe to drop half-way.
    pub(super) async fn none(&self) {
        // The sender is held here, so the wait ends only when it is so.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }

    fn one_more(&self) -> Waited {
        self.0.send_modify(|count| *count += 1);
        Waited(self.clone())
    }
}

/// A download that a client waits for, until this is dropped.
struct Waited(Downloads);

impl Drop for Waited {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

/// Answers one client to the end. Dropping it half-way cancels what the client asked for.
pub(super) async fn answer(engine: Engine, incoming: Incoming, downloads: Downloads) {
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
    }
}

/// Passes events on until the client leaves or the download has failed; one that is complete is waited for no more.
async fn get(engine: &Engine, request: GetRequest, client: &EventSender, downloads: &Downloads) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_when_every_download_is_over() {
        let downloads = Downloads::default();
        downloads.none().await;
        let (first, second) = (downloads.one_more(), downloads.one_more());
        let waiting = tokio::spawn({
            let downloads = downloads.clone();
            async move { downloads.none().await }
        });
        drop(first);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(second);
        waiting.await.unwrap();
    }
}
