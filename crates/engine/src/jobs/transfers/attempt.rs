//! One attempt at one file, from its order to its arrival or failure.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use swarmline_ipc::message::{Event, GetRequest, Progress, Trust};
use swarmline_jobs::machine::{Fault, Sink, TransferEvent, TransferId, TransferSpec};
use swarmline_jobs::{ClientId, DownloadMode, FileId, FileRange, JobId, TO_END, Token, Traffic};
use swarmline_types::Priority;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::fault::{fault_of, fault_of_stall};
use super::request::request_of;
use super::stream::Pump;
use super::{Held, Slot, Tools};
use crate::download::{Control, Download};

/// See the module.
pub(super) struct Attempt {
    pub(super) tools: Tools,
    pub(super) transfer: TransferId,
    pub(super) job: JobId,
    pub(super) file: FileId,
    pub(super) spec: TransferSpec,
    pub(super) cancel: CancellationToken,
    pub(super) priority: watch::Receiver<Priority>,
    /// A download that is complete though the attempt is not.
    pub(super) kept: Option<Held>,
}

/// How an attempt ends, short of arrival.
pub(super) enum End {
    Failed(Fault),
    /// Nobody wants to know.
    Cancelled,
}

/// What was told last.
#[derive(Default)]
pub(super) struct Told {
    size: Option<u64>,
    mode: Option<DownloadMode>,
    transferred: Option<u64>,
    /// All that is wanted is here.
    is_complete: bool,
    /// What the origin said last.
    head: Option<Arc<str>>,
    /// Shared with the pump of a stream.
    pub(super) traffic: Arc<Mutex<Traffic>>,
}

impl Attempt {
    /// Runs until it has told `Arrived` or `Failed`, or is cancelled. Then the file may be taken by others.
    pub(super) async fn run(mut self, slot: Arc<Slot>) {
        let cancel = self.cancel.clone();
        let mut held = tokio::select! {
            held = slot.turn.lock() => held,
            () = cancel.cancelled() => return,
        };
        // An earlier attempt that had arrived: more is wanted now.
        if let Some(earlier) = held.take() {
            earlier.control.pause().await;
        }
        self.tools.tell(self.transfer, TransferEvent::Started).await;
        match self.fetch(&slot).await {
            Ok(arrived) => {
                *held = arrived;
                drop(held);
                self.tools.tell(self.transfer, TransferEvent::Arrived).await;
            }
            Err(End::Failed(fault)) => {
                *held = self.kept.take();
                drop(held);
                self.tools.tell(self.transfer, TransferEvent::Failed(fault)).await;
            }
            Err(End::Cancelled) => *held = self.kept.take(),
        }
    }

    async fn fetch(&mut self, slot: &Slot) -> Result<Option<Held>, End> {
        let place = match &self.spec.sink {
            Sink::File { path } => path.into(),
            Sink::Stream { .. } => self.tools.stream_place(self.job, self.file),
        };
        let may_degrade =
            self.spec.integrity.is_some() && !self.spec.integrity_mandatory && self.spec.url.is_some();
        match self.try_fetch(place.clone(), slot).await {
            Err(End::Failed(Fault::NoManifest { .. })) if may_degrade => {
                // The piece hash file that was named is not to be had, and need not be.
                self.spec.integrity = None;
                self.try_fetch(place, slot).await
            }
            other => other,
        }
    }

    async fn try_fetch(&mut self, place: PathBuf, slot: &Slot) -> Result<Option<Held>, End> {
        let request = request_of(&self.spec, place).map_err(End::Failed)?;
        self.download(request, slot).await
    }

    async fn download(&mut self, request: GetRequest, slot: &Slot) -> Result<Option<Held>, End> {
        let mut download = self.tools.engine.begin(request, None);
        let mut told = Told::default();
        let control = download.control.clone();
        let end = match self.spec.sink {
            Sink::File { .. } => self.follow(&mut download, &mut told, true).await,
            Sink::Stream { client, token, taken } => {
                self.pour(&mut download, &mut told, slot, (client, token, taken)).await
            }
        };
        self.tell_head(&control, &mut told).await;
        match (end, &self.spec.sink) {
            (Ok(()), Sink::File { .. }) => Ok(self.keep(download, true)),
            (Ok(()), Sink::Stream { .. }) => {
                let _ = control.discard().await;
                Ok(None)
            }
            // All of it is here, and it was the stream that failed.
            (Err(end), Sink::Stream { .. }) if told.is_complete => {
                self.kept = self.keep(download, false);
                Err(end)
            }
            (Err(end), _) => {
                control.pause().await;
                Err(end)
            }
        }
    }

    /// As [`follow`](Self::follow), with all that comes given to a stream.
    async fn pour(
        &mut self,
        download: &mut Download,
        told: &mut Told,
        slot: &Slot,
        (client, token, taken): (ClientId, Token, u64),
    ) -> Result<(), End> {
        let pump = Pump {
            tools: self.tools.clone(),
            transfer: self.transfer,
            client,
            token,
            traffic: Arc::clone(&told.traffic),
            cancel: self.cancel.child_token(),
        };
        let stop = pump.cancel.clone().drop_guard();
        let (is_held, holds) = watch::channel(false);
        let (guard, control) = (Arc::clone(&slot.taken), download.control.clone());
        let mut pumping = tokio::spawn(async move {
            let guard = guard.lock_owned().await;
            pump.run(guard, taken, control, holds).await
        });
        let cancel = self.cancel.clone();
        let ours = |_| Err(End::Failed(Fault::Internal));
        tokio::select! {
            end = self.follow(download, told, false) => end?,
            end = &mut pumping => return end.unwrap_or_else(ours),
        }
        told.is_complete = true;
        is_held.send_replace(true);
        let end = tokio::select! {
            end = pumping => end.unwrap_or_else(ours),
            () = cancel.cancelled() => Err(End::Cancelled),
        };
        drop(stop);
        end
    }

    /// Tells how it goes, until all is here. Bytes are told here, unless a pump does.
    async fn follow(&mut self, download: &mut Download, told: &mut Told, bytes: bool) -> Result<(), End> {
        let patience = self.spec.stall_after;
        let (mut stalls_at, mut have, mut trouble) = (Instant::now() + patience, 0, None);
        loop {
            tokio::select! {
                event = download.events.recv() => match event {
                    Some(Event::Progress(progress)) => {
                        if std::mem::replace(&mut have, progress.bytes_have) != progress.bytes_have {
                            stalls_at = Instant::now() + patience;
                        }
                        self.tell_head(&download.control, told).await;
                        self.note(&progress, told, bytes).await;
                        trouble = progress.trouble_cause;
                    }
                    Some(Event::Held(progress) | Event::Completed(progress)) => {
                        self.note(&progress, told, bytes).await;
                        return Ok(());
                    }
                    Some(Event::Failed(error)) => return Err(End::Failed(fault_of(&error))),
                    Some(Event::Added { .. } | Event::Node(_)) => {}
                    None => return Err(End::Failed(Fault::Exhausted)),
                },
                Ok(()) = self.priority.changed() => {
                    let priority = *self.priority.borrow_and_update();
                    download.control.set_priority(priority).await;
                }
                () = tokio::time::sleep_until(stalls_at) => {
                    return Err(End::Failed(fault_of_stall(trouble.as_ref())));
                }
                () = self.cancel.cancelled() => return Err(End::Cancelled),
            }
        }
    }

    /// What the origin has said since it was last told.
    async fn tell_head(&self, control: &Control, told: &mut Told) {
        let Some(head) = control.response_head() else { return };
        if !told.head.as_ref().is_some_and(|before| Arc::ptr_eq(before, &head)) {
            self.tools.tell(self.transfer, TransferEvent::Headers(head.to_string())).await;
            told.head = Some(head);
        }
    }

    async fn note(&self, progress: &Progress, told: &mut Told, bytes: bool) {
        let (tools, transfer) = (&self.tools, self.transfer);
        if let Some(size) = progress.bytes_total.and_then(|total| size_of(&self.spec.ranges, total))
            && told.size.replace(size) != Some(size)
        {
            tools.tell(transfer, TransferEvent::Size(size)).await;
        }
        if let Some(mode) = mode_of(&progress.trust)
            && told.mode.replace(mode) != Some(mode)
        {
            tools.tell(transfer, TransferEvent::Mode(mode)).await;
        }
        let traffic = traffic_of(progress);
        let before =
            std::mem::replace(&mut *told.traffic.lock().unwrap_or_else(PoisonError::into_inner), traffic);
        if bytes {
            let transferred = progress.bytes_have;
            if told.transferred.replace(transferred) != Some(transferred) || before != traffic {
                tools.tell(transfer, TransferEvent::Progress { transferred, traffic }).await;
            }
        }
    }

    /// Keeps a download that is complete in hand, if there is room. If it has arrived, tells what it gives to others.
    fn keep(&self, mut download: Download, has_arrived: bool) -> Option<Held> {
        let place = Arc::clone(&self.tools.held).try_acquire_owned().ok()?;
        let (ended, control) = (CancellationToken::new(), download.control.clone());
        let (stopped, tools, transfer) = (ended.clone(), self.tools.clone(), self.transfer);
        let mut told = Traffic::default();
        let listening = async move {
            let _place = place;
            while let Some(event) = download.events.recv().await {
                let Event::Held(progress) = event else { continue };
                let traffic = traffic_of(&progress);
                if has_arrived && std::mem::replace(&mut told, traffic) != traffic {
                    let transferred = progress.bytes_have;
                    tools.tell(transfer, TransferEvent::Progress { transferred, traffic }).await;
                }
            }
        };
        tokio::spawn(async move {
            tokio::select! {
                () = listening => {}
                () = stopped.cancelled() => {}
            }
        });
        Some(Held { control, _keeper: ended.drop_guard() })
    }
}

/// The size of the whole file, of which all that is wanted has `total` bytes; `None` if that does not tell.
fn size_of(ranges: &[FileRange], total: u64) -> Option<u64> {
    let to_end = ranges.iter().find(|range| range.length == TO_END);
    match to_end {
        None if ranges.is_empty() => Some(total),
        None => None,
        Some(last) => {
            let others = ranges.iter().filter(|range| range.length != TO_END).map(|range| range.length);
            let rest = total.checked_sub(others.fold(0, u64::saturating_add))?;
            last.offset.checked_add(rest)
        }
    }
}

fn mode_of(trust: &Trust) -> Option<DownloadMode> {
    match trust {
        Trust::Unknown => None,
        Trust::Pinned | Trust::Origin | Trust::OriginUnauthenticated => Some(DownloadMode::Lan),
        Trust::None { .. } => Some(DownloadMode::Simple),
    }
}

fn traffic_of(progress: &Progress) -> Traffic {
    Traffic {
        from_lan_peers: progress.from_peers,
        from_http: progress.from_origin,
        to_lan_peers: progress.to_peers,
        http_connections: progress.origin_connections,
        lan_connections: progress.peer_connections,
        ..Traffic::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_file_follows_from_a_range_that_goes_to_its_end() {
        let range = |offset, length| FileRange { offset, length };
        assert_eq!(size_of(&[], 7), Some(7));
        assert_eq!(size_of(&[range(0, 3), range(5, 2)], 5), None);
        assert_eq!(size_of(&[range(0, 3), range(5, TO_END)], 10), Some(12));
        assert_eq!(size_of(&[range(0, 3), range(u64::MAX - 1, TO_END)], 10), None);
        assert_eq!(size_of(&[range(0, 3), range(5, TO_END)], 2), None);
    }
}
