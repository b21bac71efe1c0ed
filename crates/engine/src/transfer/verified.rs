//! A download whose manifest is trusted: its file is begun, driven until it holds what is wanted, and put in its place.

use std::sync::Arc;

use swarmline_ipc::message::{Cause, ErrorKind, FaultAt, IntegrityFault, Phase, TransferError, Trust};
use swarmline_proto::Manifest;
use swarmline_scheduler::{GiveUp, Stage};
use swarmline_store::{Begin, BeginError, Begun, Content, FinishError, Room};
use swarmline_types::{ContentId, Wanted};
use tokio::sync::{oneshot, watch};
use tracing::info;

use super::hold::{Held, What};
use super::wish::{Walk, Wish};
use super::{BUSY_EVERY, Closing, Here, RESTARTS_MAX, Transfer, our_fault, stopped};
use crate::content::{Opening, OriginAt, Snapshot, TransferId, give_up_text};
use crate::download::Readable;
use crate::driver::{Command, Open, Opened};
use crate::error::{IntoFailure, Trouble, failure, integrity};
use crate::sha256::sha256_of;

/// Bytes that are wanted ahead of one who reads in order: 32 MiB. The site's own order, which is another, rules within
/// them, so that many pieces can be on their way and members agree who fetches which.
const READ_AHEAD: u64 = 32 << 20;

/// How a driven content ended, short of complete.
pub(super) enum End {
    /// The origin has another content now, and its manifest is trusted as the old one was.
    Restart(Manifest),
    Failed(TransferError),
}

impl From<TransferError> for End {
    fn from(error: TransferError) -> Self {
        Self::Failed(error)
    }
}

/// Why something did not get its place.
pub(super) struct NotPlaced {
    pub(super) error: TransferError,
    /// Pieces of it are no longer here.
    pub(super) has_losses: bool,
}

impl Transfer {
    /// Downloads a content whose manifest is trusted.
    pub(super) async fn verified(&mut self, manifest: Manifest) -> Result<Here, End> {
        let content = manifest.content();
        let wish = Arc::new(Wish::of(&self.request.options.ranges, manifest.layout())?);
        self.progress.content = Some(content);
        self.progress.bytes_total = Some(wish.size());
        let file = match self.begin(&manifest, &wish).await? {
            Some(Begun::Complete(file)) => {
                self.check_sha256(&file, &wish).await?;
                let opened = self.open(&manifest, file.clone(), &wish, None, None).await?;
                self.lookout = None;
                self.show(&file, &wish);
                return Ok(self.here(file, wish, opened.snapshot, None).await);
            }
            Some(Begun::Partial(file)) => file,
            None => return Ok(self.done().await),
        };
        self.file = Some(file.clone());
        self.take_what_is_here(&file, &wish).await?;
        let closing = Closing { shared: self.shared.clone(), content, by: self.id };
        for _ in 0..RESTARTS_MAX {
            let snapshot = self.gather(&manifest, &file, &wish).await?;
            self.check_sha256(&file, &wish).await?;
            if self.request.options.hold {
                let (held, wanted) = (file.clone(), wish.wanted().clone());
                let flushed = self.shared.disk.run(move || held.hold(&wanted)).await;
                flushed.ok_or_else(our_fault)?.map_err(IntoFailure::into_failure)?;
                return Ok(self.here(file, wish, snapshot, Some(closing)).await);
            }
            match self.place(&file, &wish).await {
                // From here on it is served whether anybody waits or not.
                Ok(()) => return Ok(self.here(file, wish, snapshot, None).await),
                Err(NotPlaced { has_losses: true, .. }) if !file.is_closed() => {}
                Err(NotPlaced { error, .. }) => return Err(error.into()),
            }
        }
        let text = "the part file is changed again and again";
        Err(failure(ErrorKind::Integrity, text)
            .because(integrity(IntegrityFault::Piece, FaultAt::Disk))
            .into())
    }

    /// All of it is here: to be handed over, or in its place.
    async fn here(
        &mut self,
        file: Content,
        wish: Arc<Wish>,
        snapshot: watch::Receiver<Snapshot>,
        closing: Option<Closing>,
    ) -> Here {
        if self.request.options.hold {
            let what = What::Content { file, wish, _closing: closing };
            return Here::Held(Box::new(Held { what, snapshot: Some(snapshot) }));
        }
        if wish.is_packed() {
            return self.done().await;
        }
        self.stay(snapshot).await;
        Here::Over
    }

    /// What another download of this node left at another path is copied before anybody is asked.
    async fn take_what_is_here(&mut self, file: &Content, wish: &Wish) -> Result<(), TransferError> {
        let (shared, mine, wanted) = (self.shared.clone(), file.clone(), wish.wanted().clone());
        let filled = self.shared.disk.run(move || shared.store.fill_from_elsewhere(&mine, &wanted));
        let pieces = filled.await.ok_or_else(our_fault)?.map_err(IntoFailure::into_failure)?;
        if pieces > 0 {
            info!(pieces, "copied from another path");
        }
        if wish.is_packed() {
            self.progress.bytes_resumed = wish.had_by(file);
        }
        Ok(())
    }

    /// Has the content driven until the file holds all that is wanted. The driven file may be another one, if the content
    /// is here or on its way already; then it is copied.
    async fn gather(
        &mut self,
        manifest: &Manifest,
        file: &Content,
        wish: &Arc<Wish>,
    ) -> Result<watch::Receiver<Snapshot>, End> {
        let mut instead_of = None;
        loop {
            let opened = self.open(manifest, file.clone(), wish, Some(self.id), instead_of).await?;
            // Peers hear of the content itself from now on.
            self.lookout = None;
            if !self.follow(&opened, file, wish).await? {
                continue;
            }
            self.enter(Phase::Finishing);
            let (mine, driven, wanted) = (file.clone(), opened.file, wish.wanted().clone());
            let filled = self.shared.disk.run(move || {
                let filled = mine.fill_from(&driven, &wanted);
                filled.map(|_| wanted.pieces().all(|piece| mine.has(piece)))
            });
            let is_whole = filled.await.ok_or_else(our_fault)?.map_err(IntoFailure::into_failure)?;
            // What was complete may not be so any more: its user owns it. Each time round is one loss.
            if is_whole || file.is_closed() {
                self.show(file, wish);
                return Ok(opened.snapshot);
            }
            instead_of = Some(opened.opening);
        }
    }

    /// Takes the destination; waits while another process writes to it. `None` if what is asked for was put there by
    /// an earlier process.
    async fn begin(&mut self, manifest: &Manifest, wish: &Wish) -> Result<Option<Begun>, TransferError> {
        self.enter(Phase::Checking);
        let how = Begin {
            force: self.request.force,
            placeholder: self.placeholder,
            room: if wish.is_packed() { Room::Sparse } else { Room::Promised },
            packed: wish.is_packed(),
        };
        loop {
            let (shared, manifest) = (self.shared.clone(), manifest.clone());
            let (path, wanted) = (self.request.destination.clone(), wish.wanted().clone());
            match self.shared.disk.run(move || shared.store.begin(&manifest, &path, how)).await {
                Some(Ok(begun)) if wish.is_packed() => {
                    let file = begun.into_content();
                    let reserving = file.clone();
                    let reserved = self.shared.disk.run(move || reserving.reserve(&wanted)).await;
                    reserved.ok_or_else(our_fault)?.map_err(IntoFailure::into_failure)?;
                    return Ok(Some(Begun::Partial(file)));
                }
                Some(Ok(begun)) => return Ok(Some(begun)),
                Some(Err(BeginError::HandedOver { .. })) => return Ok(None),
                Some(Err(BeginError::Busy { .. })) => {
                    self.enter(Phase::Waiting);
                    tokio::time::sleep(BUSY_EVERY).await;
                }
                Some(Err(error)) => return Err(self.explain_begin(error)),
                None => return Err(our_fault()),
            }
        }
    }

    pub(super) fn explain_begin(&self, error: BeginError) -> TransferError {
        let is_other_content = matches!(error, BeginError::OtherContent { .. });
        let mut failed = error.into_failure();
        if is_other_content {
            failed.message += "; --force replaces it";
        }
        failed
    }

    async fn open(
        &mut self,
        manifest: &Manifest,
        file: Content,
        wish: &Wish,
        wanted_by: Option<TransferId>,
        instead_of: Option<Opening>,
    ) -> Result<Opened, TransferError> {
        let (reply, answer) = oneshot::channel();
        let (manifest, priority) = (manifest.clone(), self.live.priority());
        let origin = self.request.url.clone().map(|url| OriginAt { url, client: self.origin.clone() });
        let wanted = Some(self.first_wanted(&file, wish));
        let open = Open { manifest, file, origin, priority, wanted, wanted_by, instead_of };
        self.shared.command(Command::Open { open: Box::new(open), reply }).await;
        let opened = answer.await.map_err(|_| stopped())?;
        if self.live.priority() != priority {
            // It was moved while nobody knew that it waits for this content.
            let (by, priority) = (self.id, self.live.priority());
            self.shared.command(Command::Reprioritise { by, priority }).await;
        }
        self.tally.join(opened.opening, &opened.snapshot.borrow());
        self.live.set_answer(Arc::clone(&opened.answer));
        Ok(opened)
    }

    /// Which pieces are wanted at first: what lies ahead of one who reads in order, and all of them for everybody else.
    fn first_wanted(&self, file: &Content, wish: &Wish) -> Wanted {
        match self.request.options.in_order {
            true => wish.ahead(Walk::default().prefix(wish, file), READ_AHEAD),
            false => wish.wanted().clone(),
        }
    }

    /// Wants more of what lies ahead of one who reads in order, before he comes near the end of what is wanted.
    async fn want_ahead(&self, prefix: u64, wanted_to: &mut u64, content: ContentId, wish: &Wish) {
        let is_near = *wanted_to < wish.size() && *wanted_to < prefix + READ_AHEAD / 2;
        if self.request.options.in_order && is_near {
            *wanted_to = prefix + READ_AHEAD;
            let wanted = wish.ahead(prefix, READ_AHEAD);
            self.shared.command(Command::Want { content, wanted }).await;
        }
    }

    /// Passes on how far it is, until all that is wanted is here. `false` if the driven file was taken away before.
    async fn follow(&mut self, opened: &Opened, file: &Content, wish: &Arc<Wish>) -> Result<bool, End> {
        let (mut snapshot, mut walk, mut wanted_to) = (opened.snapshot.clone(), Walk::default(), 0);
        self.live.set_readable(Some(Readable::Content { file: opened.file.clone(), wish: Arc::clone(wish) }));
        loop {
            let now = snapshot.borrow_and_update().clone();
            self.take(&now);
            let prefix = walk.prefix(wish, &opened.file);
            self.live.set_prefix(prefix);
            self.want_ahead(prefix, &mut wanted_to, file.id(), wish).await;
            if wish.is_packed() {
                self.progress.bytes_have = wish.had_by(&opened.file);
            }
            if let Some(error) = now.disk_error {
                return Err(disk_failure(error).into());
            }
            match now.stage {
                Stage::Complete => return Ok(true),
                Stage::Failed(why) => return Err(self.judge(why, now.trouble, file).await),
                Stage::Satisfied | Stage::Fetching if walk.is_over(wish, &opened.file) => return Ok(true),
                Stage::Satisfied | Stage::Fetching => self.enter(Phase::Fetching),
            }
            if snapshot.changed().await.is_err() {
                // The last word may have come together with the end.
                let disk_error = snapshot.borrow().disk_error.clone();
                return disk_error.map_or(Ok(false), |error| Err(disk_failure(error).into()));
            }
        }
    }

    /// The scheduler gave up. Perhaps the origin serves something else by now: its manifest tells.
    async fn judge(&mut self, why: GiveUp, trouble: Option<Trouble>, file: &Content) -> End {
        let text = give_up_text(why, trouble.as_ref().map(|trouble| trouble.text.as_str()));
        let of_origin = trouble.map(|trouble| trouble.cause).unwrap_or_default();
        let at = of_origin.at.or(Some(FaultAt::Peers));
        let (kind, cause) = match why {
            GiveUp::NoSource => (ErrorKind::Origin, Cause { at, ..of_origin }),
            GiveUp::Mismatch { .. } => {
                (ErrorKind::Integrity, integrity(IntegrityFault::Piece, FaultAt::Origin))
            }
            GiveUp::NoProgress => {
                let cause = Cause { at, is_transient: true, ..of_origin };
                return failure(ErrorKind::NoProgress, text).because(cause).into();
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
                let cause = integrity(IntegrityFault::Changed, FaultAt::Origin);
                failure(ErrorKind::Integrity, text).because(cause).into()
            }
            Some(new) => {
                info!(%old, new = %new.content(), "the content at the origin has changed, beginning anew");
                let file = file.clone();
                let _ = self.shared.disk.run(move || file.discard()).await;
                self.live.set_prefix(0);
                self.progress.trouble = Some("the content at the origin has changed".into());
                End::Restart(new)
            }
            None => failure(kind, text).because(cause).into(),
        }
    }

    /// Gives the file its name, or makes the file of ranges.
    pub(super) async fn place(&mut self, file: &Content, wish: &Arc<Wish>) -> Result<(), NotPlaced> {
        let (mine, placed, content) = (file.clone(), Arc::clone(wish), file.id());
        let work = move || match placed.is_packed() {
            _ if mine.is_finished() => Ok(()),
            true => mine.hand_over(placed.spans()),
            false => mine.finish(),
        };
        match self.shared.disk.run(work).await {
            Some(Ok(())) if wish.is_packed() => self.let_go(file).await.map_err(NotPlaced::for_good)?,
            Some(Ok(())) => self.shared.command(Command::Finished { content }).await,
            Some(Err(error)) => {
                let has_losses = matches!(error, FinishError::Changed { .. } | FinishError::Sync { .. });
                if has_losses {
                    // Driven anew, it is known what is missing.
                    self.abandon(file).await;
                }
                return Err(NotPlaced { error: error.into_failure(), has_losses });
            }
            None => return Err(NotPlaced::for_good(our_fault())),
        }
        Ok(())
    }

    async fn check_sha256(&self, file: &Content, wish: &Arc<Wish>) -> Result<(), TransferError> {
        let Some(want) = self.request.sha256.clone() else { return Ok(()) };
        let (path, id) = (self.request.destination.clone(), file.id());
        let (file, wish) = (file.clone(), Arc::clone(wish));
        let got = self.shared.disk.run(move || sha256_of(&file, &wish)).await.ok_or_else(our_fault)?;
        let got = got.map_err(IntoFailure::into_failure)?;
        if got.eq_ignore_ascii_case(&want) {
            return Ok(());
        }
        let text = format!("{} was to have sha-256 {want}, content {id} has {got}", path.display());
        Err(failure(ErrorKind::Integrity, text).because(integrity(IntegrityFault::Sha256, FaultAt::Manifest)))
    }
}

impl NotPlaced {
    pub(super) fn for_good(error: TransferError) -> Self {
        Self { error, has_losses: false }
    }
}

fn disk_failure(trouble: Trouble) -> TransferError {
    failure(ErrorKind::Disk, trouble.text).because(trouble.cause)
}
