//! One download as its caller sees it: find the manifest, take the destination, have it driven, put it in its place.
//!
//! What to fetch from whom is the scheduler's business; this is what comes before and after.

mod plain;
mod trust;

pub(crate) use trust::read_phf;

use std::sync::Arc;
use std::time::Duration;

use swarmline_ipc::message::{ErrorKind, Event, GetRequest, Phase, Progress, TransferError, Trust};
use swarmline_proto::Manifest;
use swarmline_scheduler::{GiveUp, Stage};
use swarmline_store::{Begin, BeginError, Begun, Content};
use swarmline_types::ContentId;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::info;

use crate::content::{Opening, Snapshot, TransferId, give_up_text};
use crate::driver::{Command, Open, Opened};
use crate::engine::Shared;
use crate::error::{IntoFailure, failure};
use crate::sha256::sha256_of;
use trust::{Lookout, Resolved};

/// Events that wait for a caller that does not read: progress beyond it is dropped.
pub(crate) const EVENTS_MAX: usize = 16;
/// How often a destination that another process writes is looked at again.
const BUSY_EVERY: Duration = Duration::from_millis(300);
/// How often a content that changed at the origin is begun anew.
const RESTARTS_MAX: usize = 3;

/// A download under way. One task each.
pub(crate) struct Transfer {
    shared: Arc<Shared>,
    request: GetRequest,
    events: mpsc::Sender<Event>,
    progress: Progress,
    id: TransferId,
    /// As long as the manifest is looked for, and until the content is open.
    lookout: Option<Lookout>,
}

/// How a driven content ended, short of complete.
enum End {
    /// The origin has another content now, and its manifest is trusted as the old one was.
    Restart(Manifest),
    Failed(TransferError),
}

impl From<TransferError> for End {
    fn from(error: TransferError) -> Self {
        Self::Failed(error)
    }
}

impl Transfer {
    pub(crate) fn new(shared: Arc<Shared>, request: GetRequest, events: mpsc::Sender<Event>) -> Self {
        let id = shared.new_transfer();
        Self { shared, request, events, progress: Progress::default(), id, lookout: None }
    }

    /// Runs until the file is in its place and nobody listens any more, or until it failed, or until the caller drops
    /// the receiver: that cancels, and the part file stays for the next attempt.
    pub(crate) async fn run(mut self) {
        let events = self.events.clone();
        tokio::select! {
            result = self.go() => {
                if let Err(error) = result {
                    info!(kind = ?error.kind, %error, "download failed");
                    let _ = events.send(Event::Failed(error)).await;
                }
            }
            () = events.closed() => {}
        }
    }

    async fn go(&mut self) -> Result<(), TransferError> {
        if !self.request.destination.is_absolute() {
            let path = self.request.destination.display();
            return Err(failure(ErrorKind::Usage, format!("destination {path} is not an absolute path")));
        }
        match self.resolve().await? {
            Resolved::Plain { reason } => {
                self.lookout = None;
                self.progress.trust = Trust::None { reason };
                self.plain().await
            }
            Resolved::Manifest { mut manifest, trust } => {
                self.progress.trust = trust;
                for _ in 0..RESTARTS_MAX {
                    match self.verified(manifest).await {
                        Ok(()) => return Ok(()),
                        Err(End::Failed(error)) => return Err(error),
                        Err(End::Restart(new)) => manifest = new,
                    }
                }
                Err(failure(ErrorKind::Integrity, "the content at the origin changes again and again"))
            }
        }
    }

    /// Downloads a content whose manifest is trusted.
    async fn verified(&mut self, manifest: Manifest) -> Result<(), End> {
        let content = manifest.content();
        self.progress.content = Some(content);
        self.progress.bytes_total = Some(manifest.layout().content_len());
        let file = match self.begin(&manifest).await? {
            Begun::Complete(file) => {
                self.check_sha256(&file).await?;
                let opened = self.open(&manifest, file, None, None).await?;
                self.lookout = None;
                self.stay(opened.snapshot).await;
                return Ok(());
            }
            Begun::Partial(file) => file,
        };
        self.take_what_is_here(&file).await?;
        let closing = Closing { shared: self.shared.clone(), content, by: self.id };
        let snapshot = self.gather(&manifest, &file).await?;
        self.finish(file).await?;
        // From here on it is served whether anybody waits or not.
        drop(closing);
        self.stay(snapshot).await;
        Ok(())
    }

    /// What another download of this node left at another path is copied before anybody is asked.
    async fn take_what_is_here(&self, file: &Content) -> Result<(), TransferError> {
        let (shared, file) = (self.shared.clone(), file.clone());
        let all = swarmline_types::Wanted::all(&file.layout());
        let filled = self.shared.disk.run(move || shared.store.fill_from_elsewhere(&file, &all));
        let pieces = filled.await.ok_or_else(our_fault)?.map_err(IntoFailure::into_failure)?;
        if pieces > 0 {
            info!(pieces, "copied from another path");
        }
        Ok(())
    }

    /// Has the content driven until the file holds all of it. The driven file may be another one, if the content is
    /// here or on its way already; then it is copied.
    async fn gather(
        &mut self,
        manifest: &Manifest,
        file: &Content,
    ) -> Result<watch::Receiver<Snapshot>, End> {
        let mut instead_of = None;
        loop {
            let opened = self.open(manifest, file.clone(), Some(self.id), instead_of).await?;
            // Peers hear of the content itself from now on.
            self.lookout = None;
            self.follow(opened.snapshot.clone(), file).await?;
            self.enter(Phase::Finishing);
            let (mine, driven) = (file.clone(), opened.file);
            let filled = self.shared.disk.run(move || {
                mine.fill_from(&driven, &swarmline_types::Wanted::all(&mine.layout()))
                    .map(|_| mine.have().is_all())
            });
            let is_whole = filled.await.ok_or_else(our_fault)?.map_err(IntoFailure::into_failure)?;
            // What was complete may not be so any more: its user owns it. Each time round is one loss.
            if is_whole || file.is_closed() {
                return Ok(opened.snapshot);
            }
            instead_of = Some(opened.opening);
        }
    }

    /// Takes the destination; waits while another process writes to it.
    async fn begin(&mut self, manifest: &Manifest) -> Result<Begun, TransferError> {
        self.enter(Phase::Checking);
        loop {
            let (shared, manifest) = (self.shared.clone(), manifest.clone());
            let (path, how) =
                (self.request.destination.clone(), Begin { force: self.request.force, ..Begin::default() });
            match self.shared.disk.run(move || shared.store.begin(&manifest, &path, how)).await {
                Some(Ok(begun)) => return Ok(begun),
                Some(Err(BeginError::Busy { .. })) => {
                    self.enter(Phase::Waiting);
                    tokio::time::sleep(BUSY_EVERY).await;
                }
                Some(Err(error)) => return Err(self.explain_begin(error)),
                None => return Err(our_fault()),
            }
        }
    }

    fn explain_begin(&self, error: BeginError) -> TransferError {
        let is_other_content = matches!(error, BeginError::OtherContent { .. });
        let mut failed = error.into_failure();
        if is_other_content {
            failed.message += "; --force replaces it";
        }
        failed
    }

    async fn open(
        &self,
        manifest: &Manifest,
        file: Content,
        wanted_by: Option<TransferId>,
        instead_of: Option<Opening>,
    ) -> Result<Opened, TransferError> {
        let (reply, answer) = oneshot::channel();
        let (manifest, origin, priority) =
            (manifest.clone(), Some(self.request.url.clone()), self.request.priority);
        let open = Open { manifest, file, origin, priority, wanted_by, instead_of };
        self.shared.command(Command::Open { open: Box::new(open), reply }).await;
        answer.await.map_err(|_| stopped())
    }

    /// Passes on how far it is, until all pieces are here.
    async fn follow(&mut self, mut snapshot: watch::Receiver<Snapshot>, file: &Content) -> Result<(), End> {
        loop {
            let now = snapshot.borrow_and_update().clone();
            self.take(&now);
            if let Some(error) = now.disk_error {
                return Err(failure(ErrorKind::Disk, error).into());
            }
            match now.stage {
                Stage::Satisfied | Stage::Complete => return Ok(()),
                Stage::Failed(why) => return Err(self.judge(why, now.trouble, file).await),
                Stage::Fetching => self.enter(Phase::Fetching),
            }
            if snapshot.changed().await.is_err() {
                // The last word may have come together with the end.
                let disk_error = snapshot.borrow().disk_error.clone();
                return Err(disk_error.map_or_else(stopped, |error| failure(ErrorKind::Disk, error)).into());
            }
        }
    }

    /// The scheduler gave up. Perhaps the origin serves something else by now: its manifest tells.
    async fn judge(&mut self, why: GiveUp, trouble: Option<String>, file: &Content) -> End {
        let kind = match why {
            GiveUp::NoSource => ErrorKind::Origin,
            GiveUp::Mismatch { .. } => ErrorKind::Integrity,
            GiveUp::NoProgress => {
                return failure(ErrorKind::NoProgress, give_up_text(why, trouble.as_deref())).into();
            }
        };
        let old = file.id();
        let new = self.manifest_other_than(old).await;
        match new {
            Some(new) if self.progress.trust == Trust::Pinned => {
                let text = format!(
                    "the origin serves other content now: {} was asked for, it has {}",
                    old,
                    new.content()
                );
                failure(ErrorKind::Integrity, text).into()
            }
            Some(new) => {
                info!(%old, new = %new.content(), "the content at the origin has changed, beginning anew");
                let file = file.clone();
                let _ = self.shared.disk.run(move || file.discard()).await;
                self.progress.trouble = Some("the content at the origin has changed".into());
                End::Restart(new)
            }
            None => failure(kind, give_up_text(why, trouble.as_deref())).into(),
        }
    }

    /// All pieces are here: the caller's own check, then the name.
    async fn finish(&mut self, file: Content) -> Result<(), TransferError> {
        self.check_sha256(&file).await?;
        let content = file.id();
        let finished =
            self.shared.disk.run(move || if file.is_finished() { Ok(()) } else { file.finish() }).await;
        finished.ok_or_else(our_fault)?.map_err(IntoFailure::into_failure)?;
        self.shared.command(Command::Finished { content }).await;
        Ok(())
    }

    async fn check_sha256(&self, file: &Content) -> Result<(), TransferError> {
        let Some(want) = self.request.sha256.clone() else { return Ok(()) };
        let (path, id) = (self.request.destination.clone(), file.id());
        let file = file.clone();
        let got = self.shared.disk.run(move || sha256_of(&file)).await.ok_or_else(our_fault)?;
        let got = got.map_err(|error| failure(ErrorKind::Disk, error.to_string()))?;
        if got.eq_ignore_ascii_case(&want) {
            return Ok(());
        }
        let text = format!("{} was to have sha-256 {want}, content {id} has {got}", path.display());
        Err(failure(ErrorKind::Integrity, text))
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

    fn enter(&mut self, phase: Phase) {
        self.progress.phase = phase;
        self.tell();
    }

    /// A caller that reads slowly misses steps, never the end.
    fn tell(&self) {
        let _ = self.events.try_send(Event::Progress(self.progress.clone()));
    }

    fn take(&mut self, now: &Snapshot) {
        let progress = &mut self.progress;
        progress.bytes_have = now.bytes_have;
        progress.bytes_resumed = now.bytes_resumed;
        progress.from_origin = now.from_origin;
        progress.from_peers = now.from_peers;
        progress.wasted = now.wasted;
        progress.connected = now.connected;
        progress.sharing = now.sharing;
        progress.needed = now.needed;
        progress.trouble.clone_from(&now.trouble);
    }
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

fn our_fault() -> TransferError {
    failure(ErrorKind::Other, "a task failed for a reason of our own; please report it")
}
