//! A download that is here and waits: handed over, put off, or taken away when it is told to be.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use swarmline_ipc::message::{Cause, ErrorKind, Event, FaultAt, Phase, TransferError, Trust};
use swarmline_store::{Content, Placeholder, PlainPart};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::verified::NotPlaced;
use super::{Closing, Transfer, Wish, our_fault};
use crate::content::Snapshot;
use crate::download::{Order, not_held};
use crate::driver::Command;
use crate::engine::Shared;
use crate::error::{IntoFailure, failure};

/// What waits to be handed over, and how it is wanted by others meanwhile.
pub(super) struct Held {
    pub(super) what: What,
    pub(super) snapshot: Option<watch::Receiver<Snapshot>>,
}

pub(super) enum What {
    /// Served from its part file.
    Content {
        file: Content,
        wish: Arc<Wish>,
        _closing: Option<Closing>,
    },
    Plain(Option<Box<PlainPart>>),
    /// It is in its place already.
    Nothing,
}

/// What follows.
pub(super) enum Next {
    /// Pieces were lost, or another origin is to be asked: begin again.
    Again,
    Over,
}

/// How long what is being written to a destination may take to end before it is somebody else's.
const CLEAR_MAX: Duration = Duration::from_secs(5);
/// How often it is looked at again.
const CLEAR_EVERY: Duration = Duration::from_millis(20);

impl Transfer {
    pub(super) async fn hold(&mut self, mut held: Held, orders: &mut mpsc::Receiver<Order>) -> Next {
        self.live.set_held(true);
        let next = self.wait_for_orders(&mut held, orders).await;
        self.live.set_held(false);
        next
    }

    async fn wait_for_orders(&mut self, held: &mut Held, orders: &mut mpsc::Receiver<Order>) -> Next {
        let events = self.events.clone();
        loop {
            self.progress.phase = Phase::Held;
            if let Some(snapshot) = &mut held.snapshot {
                let now = snapshot.borrow_and_update().clone();
                self.take(&now);
            }
            self.progress.bytes_have = self.progress.bytes_total.unwrap_or(self.progress.bytes_have);
            if events.send(Event::Held(self.progress.clone())).await.is_err() {
                return Next::Over;
            }
            let order = tokio::select! {
                Some(order) = orders.recv() => order,
                () = news(&mut held.snapshot) => continue,
                () = events.closed() => return Next::Over,
            };
            match order {
                Order::HandOver { force, reply } => {
                    let handed = self.hand_over(&mut held.what, force).await;
                    let is_over = handed.is_ok();
                    let is_lost = handed.as_ref().is_err_and(|failed| failed.has_losses);
                    let _ = reply.send(handed.map_err(|failed| failed.error));
                    match held.snapshot.take() {
                        _ if is_lost => return Next::Again,
                        snapshot if !is_over => held.snapshot = snapshot,
                        Some(snapshot) if self.request.options.ranges.is_empty() => {
                            self.after(orders, Some(snapshot)).await;
                            return Next::Over;
                        }
                        _ => {
                            self.after(orders, None).await;
                            return Next::Over;
                        }
                    }
                }
                // All that the origin had to give is here.
                Order::SetUrl(url) => self.request.url = Some(url),
                order => {
                    held.what = What::Nothing;
                    if !self.obey(order).await {
                        return Next::Over;
                    }
                }
            }
        }
    }

    /// Handed over: it is complete, and to be handed over again without effect.
    async fn after(
        &mut self,
        orders: &mut mpsc::Receiver<Order>,
        snapshot: Option<watch::Receiver<Snapshot>>,
    ) {
        let events = self.events.clone();
        let mut told = std::pin::pin!(async {
            match snapshot {
                Some(snapshot) => self.stay(snapshot).await,
                None => self.say_complete().await,
            }
        });
        let mut is_told = false;
        loop {
            tokio::select! {
                () = &mut told, if !is_told => is_told = true,
                order = orders.recv() => match order {
                    Some(Order::HandOver { reply, .. }) => _ = reply.send(Ok(())),
                    // What was handed over stays.
                    Some(Order::Discard(reply)) => { let _ = reply.send(Ok(())); return }
                    Some(Order::Pause(reply)) => { let _ = reply.send(()); return }
                    Some(Order::SetUrl(_)) => {}
                    None if is_told => return,
                    None => return told.await,
                },
                () = events.closed() => return,
            }
        }
    }

    async fn hand_over(&mut self, what: &mut What, force: bool) -> Result<(), NotPlaced> {
        match what {
            What::Content { file, wish, .. } => {
                if force {
                    file.allow_replacing();
                }
                let (file, wish) = (file.clone(), Arc::clone(wish));
                self.place(&file, &wish).await
            }
            What::Plain(slot) => {
                let Some(mut part) = slot.take() else { return Err(NotPlaced::for_good(our_fault())) };
                let finished = self.shared.disk.run(move || {
                    if force {
                        part.allow_replacing();
                    }
                    (part.finish(), part)
                });
                let Some((finished, part)) = finished.await else {
                    return Err(NotPlaced::for_good(our_fault()));
                };
                *slot = Some(part);
                finished.map_err(|error| NotPlaced::for_good(error.into_failure()))
            }
            What::Nothing => Ok(()),
        }
    }

    /// Does what can be told to any download. `false` if that is its end.
    pub(super) async fn obey(&mut self, order: Order) -> bool {
        match order {
            Order::SetUrl(url) => {
                let is_plain = matches!(self.progress.trust, Trust::None { .. });
                self.request.url = Some(url);
                if is_plain {
                    // Without a manifest another URL is another file.
                    self.live.set_readable(None);
                    self.live.set_prefix(0);
                    let _ = self.shared.clear(self.request.destination.clone(), None).await;
                }
                true
            }
            Order::Pause(reply) => {
                if let Some(file) = self.file.take() {
                    self.shared.command(Command::Close { content: file.id(), by: self.id }).await;
                }
                let _ = reply.send(());
                false
            }
            Order::HandOver { reply, .. } => {
                let _ = reply.send(Err(not_held()));
                true
            }
            Order::Discard(reply) => {
                let _ = reply.send(self.discard().await);
                false
            }
        }
    }

    /// Leaves nothing of it.
    async fn discard(&mut self) -> Result<(), TransferError> {
        self.live.set_readable(None);
        self.live.set_prefix(0);
        if let Some(file) = self.file.take().filter(|file| !file.is_finished()) {
            self.let_go(&file).await?;
        }
        self.shared.clear(self.request.destination.clone(), self.placeholder).await
    }

    /// Takes a part file away, also from others that use it.
    pub(super) async fn let_go(&mut self, file: &Content) -> Result<(), TransferError> {
        self.abandon(file).await;
        let file = file.clone();
        let discarded = self.shared.disk.run(move || file.discard()).await;
        discarded.ok_or_else(our_fault)?.map_err(IntoFailure::into_failure)
    }

    /// Has a file driven no longer.
    pub(super) async fn abandon(&self, file: &Content) {
        let (reply, abandoned) = oneshot::channel();
        let (content, by, destination) = (file.id(), self.id, file.destination().to_owned());
        self.shared.command(Command::Abandon { content, by, destination, reply }).await;
        let _ = abandoned.await;
    }
}

impl Shared {
    /// Removes what downloads have left at a destination, once nobody writes it any more.
    pub(crate) async fn clear(
        &self,
        destination: PathBuf,
        placeholder: Option<Placeholder>,
    ) -> Result<(), TransferError> {
        let patience = Instant::now() + CLEAR_MAX;
        loop {
            let (store, path) = (self.store.clone(), destination.clone());
            let cleared = self.disk.run(move || store.clear(&path)).await.ok_or_else(our_fault)?;
            if cleared.map_err(|error| on_disk(&error))? {
                break;
            }
            if Instant::now() > patience {
                let text = format!("{} is being written by another download", destination.display());
                return Err(failure(ErrorKind::Disk, text));
            }
            // A write that was under way when its download ended.
            tokio::time::sleep(CLEAR_EVERY).await;
        }
        let Some(placeholder) = placeholder else { return Ok(()) };
        let removed = self.disk.run(move || placeholder.remove(&destination)).await;
        removed.ok_or_else(our_fault)?.map(|_| ()).map_err(|error| on_disk(&error))
    }
}

/// Waits until something about a content changes; for ever once nothing can.
async fn news(snapshot: &mut Option<watch::Receiver<Snapshot>>) {
    if let Some(receiver) = snapshot
        && receiver.changed().await.is_ok()
    {
        return;
    }
    *snapshot = None;
    std::future::pending().await
}

fn on_disk(error: &std::io::Error) -> TransferError {
    let cause = Cause { at: Some(FaultAt::Disk), errno: error.raw_os_error(), ..Cause::default() };
    failure(ErrorKind::Disk, error.to_string()).because(cause)
}
