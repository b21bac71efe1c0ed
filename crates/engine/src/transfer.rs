//! One download as its caller sees it: find the manifest, take the destination, have it driven, put it in its place.
//!
//! What to fetch from whom is the scheduler's business; this is what comes before and after.

mod hold;
mod plain;
mod tally;
mod trust;
mod verified;
mod wish;

pub(crate) use trust::{Absent, read_phf};
pub(crate) use wish::Wish;

use std::sync::Arc;
use std::time::Duration;

use swarmline_ipc::message::{
    self, ErrorKind, Event, FaultAt, GetRequest, IntegrityFault, Phase, Progress, TransferError, Trust,
};
use swarmline_origin::{Origin, Terms, Waivers};
use swarmline_store::{Content, Placeholder};
use swarmline_types::ContentId;
use tokio::sync::{mpsc, watch};
use tracing::info;
use url::Url;

use crate::content::{Snapshot, TransferId};
use crate::download::{Live, Order, Readable};
use crate::driver::Command;
use crate::engine::Shared;
use crate::error::{Trouble, failure, integrity};
use hold::{Held, Next, What};
use tally::Tally;
use trust::{Lookout, Resolved};
use verified::End;

/// Events that wait for a caller that does not read: progress beyond it is dropped.
pub(crate) const EVENTS_MAX: usize = 16;
/// How often a destination that another process writes is looked at again.
const BUSY_EVERY: Duration = Duration::from_millis(300);
/// How often a content that changed, at the origin or on the disk, is begun anew.
const RESTARTS_MAX: usize = 3;

/// A download under way. One task each.
pub(crate) struct Transfer {
    shared: Arc<Shared>,
    request: GetRequest,
    placeholder: Option<Placeholder>,
    /// Asks on the terms of the request.
    origin: Origin,
    events: mpsc::Sender<Event>,
    live: Arc<Live>,
    progress: Progress,
    tally: Tally,
    id: TransferId,
    /// As long as the manifest is looked for, and until the content is open.
    lookout: Option<Lookout>,
    /// What is written, once it has begun.
    file: Option<Content>,
}

/// How a download comes to rest.
enum Here {
    /// There is nothing more to say.
    Over,
    /// It waits to be handed over.
    Held(Box<Held>),
}

impl Transfer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        request: GetRequest,
        placeholder: Option<Placeholder>,
        events: mpsc::Sender<Event>,
        live: Arc<Live>,
    ) -> Self {
        let (id, origin) = (shared.new_transfer(), shared.origin.clone());
        let (progress, tally, lookout, file) = (Progress::default(), Tally::default(), None, None);
        Self { shared, request, placeholder, origin, events, live, progress, tally, id, lookout, file }
    }

    pub(crate) fn id(&self) -> TransferId {
        self.id
    }

    /// Runs until the file is in its place and nobody listens any more, or until it failed or was ended by an order, or
    /// until the caller drops the receiver: that cancels, and the part file stays for the next attempt.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let events = self.events.clone();
        loop {
            let end = tokio::select! {
                end = self.go() => end,
                Some(order) = orders.recv() => {
                    if !self.obey(order).await {
                        return;
                    }
                    continue;
                }
                () = events.closed() => return,
            };
            // Whether it is held or has failed: it looks for nothing while it waits for orders.
            self.lookout = None;
            match end {
                Ok(Here::Over) => return,
                Ok(Here::Held(held)) => match self.hold(*held, &mut orders).await {
                    Next::Again => {}
                    Next::Over => return,
                },
                Err(error) => {
                    info!(kind = ?error.kind, %error, "download failed");
                    let _ = events.send(Event::Failed(error)).await;
                    return self.take_leave(orders).await;
                }
            }
        }
    }

    /// Failed, but what is left of it may still be taken away.
    async fn take_leave(&mut self, mut orders: mpsc::Receiver<Order>) {
        let events = self.events.clone();
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    // What failed begins no more.
                    Some(Order::SetUrl(_)) => {}
                    Some(order) => if !self.obey(order).await { return },
                    None => return,
                },
                () = events.closed() => return,
            }
        }
    }

    async fn go(&mut self) -> Result<Here, TransferError> {
        self.request.check()?;
        self.origin = self.client()?;
        match self.resolve().await? {
            Resolved::Plain { url, reason } => {
                self.lookout = None;
                self.progress.trust = Trust::None { reason };
                self.plain(&url).await
            }
            Resolved::Manifest { mut manifest, trust } => {
                self.progress.trust = trust;
                for _ in 0..RESTARTS_MAX {
                    match self.verified(manifest).await {
                        Ok(here) => return Ok(here),
                        Err(End::Failed(error)) => return Err(error),
                        Err(End::Restart(new)) => manifest = new,
                    }
                }
                let cause = integrity(IntegrityFault::Changed, FaultAt::Origin);
                let text = "the content at the origin changes again and again";
                Err(failure(ErrorKind::Integrity, text).because(cause))
            }
        }
    }

    /// The client, with what the request says of headers and redirects.
    fn client(&self) -> Result<Origin, TransferError> {
        let options = &self.request.options;
        let (headers, auth) = (&options.headers.0, &options.auth_headers.0);
        let waivers = waivers_of(options.waivers);
        let has_none =
            headers.is_empty() && auth.is_empty() && !options.https_to_http_redirects && waivers.is_none();
        let Some(url) = self.request.url.as_ref().filter(|_| !has_none) else {
            return Ok(self.shared.origin.clone());
        };
        let terms = Terms::new(url, headers, auth, options.https_to_http_redirects);
        let terms =
            terms.ok_or_else(|| failure(ErrorKind::Usage, "options.headers: they cannot stand in HTTP"))?;
        Ok(self.shared.origin.with_terms(terms.waiving(waivers)))
    }

    /// What was asked for was in its place before, or is now and is not served.
    async fn done(&mut self) -> Here {
        if self.request.options.hold {
            return Here::Held(Box::new(Held { what: What::Nothing, snapshot: None }));
        }
        self.say_complete().await;
        Here::Over
    }

    /// It is complete: say so, and go on saying how it is wanted by others, as long as somebody listens.
    async fn stay(&mut self, mut snapshot: watch::Receiver<Snapshot>) {
        self.progress.phase = Phase::Complete;
        loop {
            let now = snapshot.borrow_and_update().clone();
            self.take(&now);
            self.progress.bytes_have = self.progress.bytes_total.unwrap_or_default();
            if self.events.send(Event::Completed(self.progress.clone())).await.is_err()
                || snapshot.changed().await.is_err()
            {
                return;
            }
        }
    }

    async fn say_complete(&mut self) {
        self.progress.phase = Phase::Complete;
        self.progress.bytes_have = self.progress.bytes_total.unwrap_or(self.progress.bytes_have);
        let _ = self.events.send(Event::Completed(self.progress.clone())).await;
    }

    fn enter(&mut self, phase: Phase) {
        self.progress.phase = phase;
        self.tell();
    }

    /// A caller that reads slowly misses steps, never the end.
    fn tell(&self) {
        let _ = self.events.try_send(Event::Progress(self.progress.clone()));
    }

    /// All of it can be read from here.
    fn show(&self, file: &Content, wish: &Arc<Wish>) {
        self.live.set_readable(Some(Readable::Content { file: file.clone(), wish: Arc::clone(wish) }));
        self.live.set_prefix(wish.size());
    }

    fn take(&mut self, now: &Snapshot) {
        self.tally.take(now);
        let progress = &mut self.progress;
        self.tally.fill(progress);
        if self.request.options.ranges.is_empty() {
            progress.bytes_have = now.bytes_have;
            progress.bytes_resumed = now.bytes_resumed;
        }
        progress.connected = now.connected;
        progress.sharing = now.sharing;
        progress.origin_connections = now.at_origin;
        progress.peer_connections = now.at_peers;
        progress.needed = now.needed;
        progress.trouble = now.trouble.as_ref().map(|trouble| trouble.text.clone());
        progress.trouble_cause = now.trouble.as_ref().map(|trouble| trouble.cause);
    }

    /// Something went wrong that is tried again.
    fn note(&mut self, trouble: Trouble) {
        (self.progress.trouble, self.progress.trouble_cause) = (Some(trouble.text), Some(trouble.cause));
        self.tell();
    }

    /// The address, where one is needed.
    fn url(&self) -> Result<Url, TransferError> {
        self.request.url.clone().ok_or_else(|| failure(ErrorKind::Usage, "url: none is known"))
    }
}

fn waivers_of(asked: message::Waivers) -> Waivers {
    let message::Waivers { unknown_authority, wrong_usage, wrong_name, out_of_date } = asked;
    Waivers { unknown_authority, wrong_usage, wrong_name, out_of_date }
}

/// Tells the driver, when dropped, that this transfer no longer wants its content.
struct Closing {
    shared: Arc<Shared>,
    content: ContentId,
    by: TransferId,
}

impl Drop for Closing {
    fn drop(&mut self) {
        let (shared, content, by) = (self.shared.clone(), self.content, self.by);
        tokio::spawn(async move { shared.command(Command::Close { content, by }).await });
    }
}

fn stopped() -> TransferError {
    failure(
        ErrorKind::Stopped,
        "the node was stopped; the part file is kept, the same command goes on where it was",
    )
}

pub(crate) fn our_fault() -> TransferError {
    failure(ErrorKind::Other, "a task failed for a reason of our own; please report it")
}
