//! What waits for one client. The owner puts events in without ever waiting; the connection takes them out.
//!
//! A slow client misses steps, never the outcome: how far a download is replaces what was waiting about that, and
//! everything else stays. A client for whom more waits than that allows is let go.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::message::Event;

/// Most events that wait for one client: 8. Steps of a download take one place together.
pub const WAITING_MAX: usize = 8;

/// The client is not there any more, or was let go because it read too slowly.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the client is gone")]
pub struct Gone;

/// Where the owner puts its answers to one request. Dropping it ends the connection when all is delivered.
#[derive(Debug)]
pub struct EventSender {
    shared: Arc<Shared>,
}

impl EventSender {
    /// Puts an event on its way; never waits.
    ///
    /// # Errors
    /// When nobody will read it.
    pub fn send(&self, event: Event) -> Result<(), Gone> {
        let mut state = self.shared.lock();
        if state.gone {
            return Err(Gone);
        }
        if let Some(last) = state.waiting.back()
            && is_superseded(last, &event)
        {
            state.waiting.pop_back();
        }
        if state.waiting.len() == WAITING_MAX {
            state.gone = true;
            drop(state);
            self.shared.wake_all();
            return Err(Gone);
        }
        state.waiting.push_back(event);
        drop(state);
        self.shared.news.notify_one();
        Ok(())
    }

    /// Waits until the client is gone. Safe to drop half-way.
    pub async fn closed(&self) {
        loop {
            let left = self.shared.left.notified();
            if self.shared.lock().gone {
                return;
            }
            left.await;
        }
    }
}

impl Drop for EventSender {
    fn drop(&mut self) {
        self.shared.lock().finished = true;
        self.shared.news.notify_one();
    }
}

/// The connection's end.
#[derive(Debug)]
pub(crate) struct Outbox {
    shared: Arc<Shared>,
}

impl Outbox {
    /// The next event; `None` when the owner has said all, or the client was let go. Safe to drop half-way.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            {
                let mut state = self.shared.lock();
                if state.gone {
                    return None;
                }
                if let Some(event) = state.waiting.pop_front() {
                    return Some(event);
                }
                if state.finished {
                    return None;
                }
            }
            // A permit is kept if the news came since the lock was released.
            self.shared.news.notified().await;
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.shared.lock().gone = true;
        self.shared.wake_all();
    }
}

/// Both ends of what waits for one client.
pub(crate) fn channel() -> (EventSender, Outbox) {
    let shared = Arc::new(Shared::default());
    (EventSender { shared: Arc::clone(&shared) }, Outbox { shared })
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    news: Notify,
    left: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// At most [`WAITING_MAX`].
    waiting: VecDeque<Event>,
    /// The owner has said all.
    finished: bool,
    /// The client will read no more.
    gone: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before the lock is released.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_all(&self) {
        self.left.notify_waiters();
        self.news.notify_one();
    }
}

/// Whether nobody needs the older event once the newer one is there.
fn is_superseded(older: &Event, newer: &Event) -> bool {
    match older {
        Event::Progress(_) => true,
        Event::Held(_) | Event::Completed(_) => discriminant(older) == discriminant(newer),
        Event::Added { .. } | Event::Node(_) | Event::Failed(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ErrorKind, Progress, TransferError};

    fn progress(bytes_have: u64) -> Event {
        Event::Progress(Progress { bytes_have, ..Progress::default() })
    }

    fn completed(sharing: u32) -> Event {
        Event::Completed(Progress { sharing, ..Progress::default() })
    }

    fn failed() -> Event {
        Event::Failed(TransferError::new(ErrorKind::Other, ""))
    }

    async fn drained(sender: EventSender, mut outbox: Outbox) -> Vec<String> {
        drop(sender);
        let mut all = Vec::new();
        while let Some(event) = outbox.next().await {
            all.push(match event {
                Event::Progress(progress) => format!("progress {}", progress.bytes_have),
                Event::Completed(progress) => format!("completed {}", progress.sharing),
                other => format!("{other:?}").chars().take_while(|c| c.is_alphabetic()).collect(),
            });
        }
        all
    }

    #[tokio::test]
    async fn steps_are_skipped_and_the_outcome_is_kept() {
        let (sender, outbox) = channel();
        for event in (0..1000).map(progress).chain([completed(1), completed(2), failed()]) {
            sender.send(event).unwrap();
        }
        assert_eq!(drained(sender, outbox).await, ["completed 2", "Failed"]);
    }

    #[tokio::test]
    async fn the_newest_step_is_the_one_that_waits() {
        let (sender, outbox) = channel();
        (0..3).for_each(|at| sender.send(progress(at)).unwrap());
        assert_eq!(drained(sender, outbox).await, ["progress 2"]);
    }

    #[tokio::test]
    async fn a_client_for_whom_too_much_waits_is_let_go() {
        let (sender, mut outbox) = channel();
        for _ in 0..WAITING_MAX {
            sender.send(failed()).unwrap();
        }
        assert_eq!(sender.send(failed()), Err(Gone));
        assert!(outbox.next().await.is_none());
        sender.closed().await;
    }

    #[tokio::test]
    async fn the_owner_learns_that_the_client_left() {
        let (sender, outbox) = channel();
        let waiting = tokio::spawn(async move {
            sender.closed().await;
            sender.send(progress(1))
        });
        tokio::task::yield_now().await;
        drop(outbox);
        assert_eq!(waiting.await.unwrap(), Err(Gone));
    }

    #[tokio::test]
    async fn news_wakes_the_connection() {
        let (sender, mut outbox) = channel();
        let reading = tokio::spawn(async move { outbox.next().await });
        tokio::task::yield_now().await;
        sender.send(progress(7)).unwrap();
        assert!(reading.await.unwrap().is_some());
    }
}
