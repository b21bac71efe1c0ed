//! A download in the hand of somebody in this process: what it tells, and what it may be told.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use swarmline_ipc::message::{ErrorKind, Event, TransferError};
use swarmline_origin::LastAnswer;
use swarmline_store::{Content, ReadError};
use swarmline_types::Priority;
use tokio::sync::{mpsc, oneshot, watch};
use url::Url;

use crate::content::TransferId;
use crate::driver::Command;
use crate::engine::Shared;
use crate::error::{IntoFailure, failure};
use crate::transfer::{Wish, our_fault};

/// A download that was begun by [`Engine::begin`](crate::Engine::begin).
pub struct Download {
    /// What happens to it. Progress is told several times a second and skipped if it is not read; what else there is is
    /// waited with. Ends with [`Event::Failed`], or goes on with [`Event::Held`] or [`Event::Completed`] each time
    /// something about what is here changes. Dropping it ends the download; the part file stays for the next attempt.
    pub events: mpsc::Receiver<Event>,
    /// What it may be told.
    pub control: Control,
}

/// Tells a download what to do. Clones tell the same one; they do not keep it alive.
#[derive(Clone)]
pub struct Control {
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) live: Arc<Live>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: TransferId,
}

/// What a download can be told while it runs.
pub(crate) enum Order {
    SetUrl(Url),
    Pause(oneshot::Sender<()>),
    HandOver { force: bool, reply: oneshot::Sender<Result<(), TransferError>> },
    Discard(oneshot::Sender<Result<(), TransferError>>),
}

/// Orders that may wait.
pub(crate) const ORDERS_MAX: usize = 4;
/// Most bytes of one read.
const READ_MAX: u32 = 1 << 20;

/// What a download shows to whoever holds it, without being asked.
pub(crate) struct Live {
    priority: Mutex<Priority>,
    is_held: AtomicBool,
    prefix: watch::Sender<u64>,
    answer: Mutex<Arc<LastAnswer>>,
    readable: Mutex<Option<Readable>>,
}

/// Where bytes can be read that are here already.
#[derive(Clone)]
pub(crate) enum Readable {
    Content { file: Content, wish: Arc<Wish> },
    Plain(Arc<File>),
}

impl Live {
    pub(crate) fn new(priority: Priority) -> Self {
        Self {
            priority: Mutex::new(priority),
            is_held: AtomicBool::new(false),
            prefix: watch::Sender::new(0),
            answer: Mutex::default(),
            readable: Mutex::new(None),
        }
    }

    pub(crate) fn priority(&self) -> Priority {
        *self.priority.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_held(&self, is_held: bool) {
        self.is_held.store(is_held, Ordering::Relaxed);
    }

    /// So many bytes can be read from here.
    pub(crate) fn set_prefix(&self, prefix: u64) {
        self.prefix.send_if_modified(|known| std::mem::replace(known, prefix) != prefix);
    }

    /// What its origin says is noted there.
    pub(crate) fn set_answer(&self, answer: Arc<LastAnswer>) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    pub(crate) fn set_readable(&self, readable: Option<Readable>) {
        *self.readable.lock().unwrap_or_else(PoisonError::into_inner) = readable;
    }

    fn readable(&self) -> Option<Readable> {
        self.readable.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Control {
    /// Moves it to another class: what somebody waits for goes before what can wait.
    pub async fn set_priority(&self, priority: Priority) {
        *self.live.priority.lock().unwrap_or_else(PoisonError::into_inner) = priority;
        self.shared.command(Command::Reprioritise { by: self.id, priority }).await;
    }

    /// Goes on from another URL. What is here of a content with a manifest is kept; without one, another URL is another
    /// file, and it starts anew.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if it is neither http nor https; [`ErrorKind::Stopped`] if the download is over.
    pub async fn set_url(&self, url: Url) -> Result<(), TransferError> {
        if !matches!(url.scheme(), "http" | "https") {
            let text = format!("url: only http and https can be fetched, not {}", url.scheme());
            return Err(failure(ErrorKind::Usage, text));
        }
        self.orders.send(Order::SetUrl(url)).await.map_err(|_| over())
    }

    /// Ends it and keeps the part file for the next attempt. Returns once it has let go of the content.
    pub async fn pause(&self) {
        let (reply, paused) = oneshot::channel();
        if self.orders.send(Order::Pause(reply)).await.is_ok() {
            let _ = paused.await;
        }
    }

    /// Gives a held download its destination. `force`: in place of whatever stands there. May be repeated, after it failed
    /// and, without effect, after it succeeded. Where a piece turns out to be damaged the download goes on, and is held
    /// again later.
    ///
    /// # Errors
    /// What the file system says, with the number it gave; [`ErrorKind::Exists`] unless forced;
    /// [`ErrorKind::Usage`] if it is not held; [`ErrorKind::Stopped`] if the download is over.
    pub async fn hand_over(&self, force: bool) -> Result<(), TransferError> {
        if !self.live.is_held.load(Ordering::Relaxed) {
            return Err(not_held());
        }
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order::HandOver { force, reply }).await.map_err(|_| over())?;
        answer.await.map_err(|_| over())?
    }

    /// Ends it and removes what it left: part file, records, and the placeholder if it still is one. What was handed over
    /// stays.
    ///
    /// # Errors
    /// When something cannot be removed; [`ErrorKind::Stopped`] if the download is over, see
    /// [`Engine::discard`](crate::Engine::discard) then.
    pub async fn discard(&self) -> Result<(), TransferError> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order::Discard(reply)).await.map_err(|_| over())?;
        answer.await.map_err(|_| over())?
    }

    /// Status line and headers of what the origin answered last when this content, or without a manifest this file, was
    /// fetched: `None` before the first answer. Each answer is another text.
    pub fn response_head(&self) -> Option<Arc<str>> {
        self.live.answer.lock().unwrap_or_else(PoisonError::into_inner).head()
    }

    /// How many bytes are here and verified (or, without a manifest, here) from the first one on, counted in the file
    /// that is handed over. Becomes less when the download has to start anew.
    pub fn verified(&self) -> watch::Receiver<u64> {
        self.live.prefix.subscribe()
    }

    /// Reads from the file that is handed over, at `offset` in it and at most 1 MiB, also while the rest is still
    /// arriving. `None`: not [here](Self::verified) yet, or behind the end. May give fewer bytes than asked for.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn read(&self, offset: u64, max: u32) -> Result<Option<Bytes>, TransferError> {
        let here = self.live.prefix.borrow().saturating_sub(offset);
        let max = max.min(READ_MAX).min(u32::try_from(here).unwrap_or(u32::MAX));
        let Some(readable) = self.live.readable().filter(|_| max > 0) else { return Ok(None) };
        let read = self.shared.disk.run(move || readable.read(offset, max)).await;
        read.ok_or_else(our_fault)?
    }
}

impl Readable {
    fn read(&self, offset: u64, max: u32) -> Result<Option<Bytes>, TransferError> {
        match self {
            Self::Content { file, wish } => {
                let Some(slice) = wish.slice(offset, max) else { return Ok(None) };
                match file.read(slice.piece, slice.offset, slice.size) {
                    Ok(bytes) => Ok(Some(bytes)),
                    // Somebody took it away: it will be fetched again, or handed over elsewhere.
                    Err(ReadError::NotHad { .. } | ReadError::Changed { .. } | ReadError::Gone { .. }) => {
                        Ok(None)
                    }
                    Err(error) => Err(error.into_failure()),
                }
            }
            Self::Plain(file) => {
                let mut bytes = BytesMut::zeroed(max as usize);
                let read = file.read_at(&mut bytes, offset);
                let read = read.map_err(|error| failure(ErrorKind::Disk, error.to_string()))?;
                bytes.truncate(read);
                Ok(Some(bytes.freeze()).filter(|bytes| !bytes.is_empty()))
            }
        }
    }
}

/// The download has ended and takes no orders any more.
fn over() -> TransferError {
    failure(ErrorKind::Stopped, "the download is over")
}

pub(crate) fn not_held() -> TransferError {
    failure(ErrorKind::Usage, "the download is not held: there is nothing to hand over yet")
}
