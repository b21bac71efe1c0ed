//! Downloads without a manifest: plain HTTP through the same disk, rates and events, never shared.

mod ranges;

use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

use swarmline_ipc::message::{Cause, ErrorKind, Phase, TransferError};
use swarmline_origin::{Answer, Fetch, FetchError, FetchRequest, LastAnswer, Version};
use swarmline_scheduler::BackOff;
use swarmline_store::{BeginError, BeginPlain, PlainBegun, PlainPart, WriteError};
use swarmline_types::ByteRange;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tracing::info;
use url::Url;

use super::hold::{Held, What};
use super::{BUSY_EVERY, Here, Transfer, our_fault};
use crate::content::with_causes;
use crate::download::Readable;
use crate::driver::Command;
use crate::error::{IntoFailure, Trouble, failure};

/// Bytes that are gathered before they are written.
const WRITE_BYTES: usize = 1 << 20;
/// How long fewer are kept back.
const WRITE_AFTER: Duration = Duration::from_millis(100);
/// Answers in a row that are not what was asked for, after which no more are waited for.
const CONTRADICTIONS_MAX: u32 = 2;

/// Why one attempt ended early.
enum Broken {
    /// What the origin did.
    Origin(FetchError),
    /// What cannot be mended by asking again.
    Fatal(TransferError),
}

/// How long the origin is asked again.
struct Patience {
    back_off: BackOff,
    last_progress: Instant,
    /// Answers in a row that were not what was asked for.
    contradictions: u32,
}

impl Patience {
    fn on_progress(&mut self) {
        self.back_off.reset();
        self.last_progress = Instant::now();
        self.contradictions = 0;
    }

    fn has_hope(&mut self, error: &FetchError) -> bool {
        // What has changed is begun anew.
        if error.is_transient() || matches!(error, FetchError::Changed { .. }) {
            return true;
        }
        self.contradictions += 1;
        error.is_contradiction() && self.contradictions < CONTRADICTIONS_MAX
    }
}

impl From<WriteError> for Broken {
    fn from(error: WriteError) -> Self {
        Self::Fatal(error.into_failure())
    }
}

impl Transfer {
    /// Fetches the file as it comes, from where an earlier attempt ended if the origin still has the same.
    pub(super) async fn plain(&mut self, url: &Url) -> Result<Here, TransferError> {
        let Some(part) = self.begin_plain(url).await? else { return Ok(self.done().await) };
        self.progress.bytes_resumed = part.received();
        self.progress.bytes_have = part.received();
        self.live.set_readable(part.reader().ok().map(|file| Readable::Plain(Arc::new(file))));
        self.live.set_prefix(part.received());
        let answer = Arc::<LastAnswer>::default();
        self.origin = self.origin.heard_by(Arc::clone(&answer));
        self.live.set_answer(answer);
        let part = if part.is_held() { part } else { self.receive_all(part, url).await? };
        self.progress.bytes_total = Some(part.received());
        if self.request.options.hold {
            let part = self.hold_plain(part).await?;
            return Ok(Here::Held(Box::new(Held {
                what: What::Plain(Some(Box::new(part))),
                snapshot: None,
            })));
        }
        self.enter(Phase::Finishing);
        let finished = self.shared.disk.run(move || part.finish()).await;
        finished.ok_or_else(our_fault)?.map_err(IntoFailure::into_failure)?;
        self.say_complete().await;
        Ok(Here::Over)
    }

    /// Compares the SHA-256 asked for, and brings the file to the disk.
    async fn hold_plain(&self, mut part: PlainPart) -> Result<PlainPart, TransferError> {
        let held = self.shared.disk.run(move || {
            let checked = if part.is_held() { Ok(()) } else { part.check() };
            checked.map_err(IntoFailure::into_failure)?;
            part.hold().map_err(IntoFailure::into_failure).map(|()| part)
        });
        held.await.ok_or_else(our_fault)?
    }

    async fn receive_all(&mut self, mut part: PlainPart, url: &Url) -> Result<PlainPart, TransferError> {
        self.enter(Phase::Fetching);
        let mut patience = Patience {
            back_off: BackOff::new(self.shared.settings.seed),
            last_progress: Instant::now(),
            contradictions: 0,
        };
        loop {
            let before = part.received();
            let (kept, end) = match self.request.options.ranges.is_empty() {
                true => self.attempt(part, url).await,
                false => self.attempt_ranges(part, url).await,
            };
            let Some(kept) = kept else { return Err(our_fault()) };
            part = kept;
            if part.received() != before {
                patience.on_progress();
            }
            let error = match end {
                Ok(()) => return Ok(part),
                Err(Broken::Fatal(error)) => return Err(self.give_up(part, error).await),
                Err(Broken::Origin(error)) => error,
            };
            if let Err(error) = self.wait_after(error, &mut patience).await {
                return Err(self.give_up(part, error).await);
            }
        }
    }

    /// What came is kept for the next attempt; a part file that holds nothing is litter.
    async fn give_up(&self, part: PlainPart, error: TransferError) -> TransferError {
        if part.received() == 0 {
            let _ = self.shared.disk.run(move || part.discard()).await;
        }
        error
    }

    async fn wait_after(&mut self, error: FetchError, patience: &mut Patience) -> Result<(), TransferError> {
        if !patience.has_hope(&error) {
            return Err(error.into_failure());
        }
        let wait = patience.back_off.after_failure(error.retry_after());
        if patience.last_progress.elapsed() + wait > self.shared.settings.no_progress_timeout {
            let text = format!("no byte came for too long: {}", with_causes(&error));
            let cause = Cause { is_transient: true, ..error.details() };
            return Err(failure(ErrorKind::NoProgress, text).because(cause));
        }
        self.note(Trouble::of(&error));
        tokio::time::sleep(wait).await;
        Ok(())
    }

    async fn begin_plain(&mut self, url: &Url) -> Result<Option<PlainPart>, TransferError> {
        self.enter(Phase::Checking);
        let sha256 = self.request.sha256.as_deref().map(crate::sha256::parse).transpose()?;
        let how = BeginPlain { force: self.request.force, placeholder: self.placeholder, sha256 };
        loop {
            let (shared, path, what) =
                (self.shared.clone(), self.request.destination.clone(), self.what_is_fetched(url));
            match self.shared.disk.run(move || shared.store.begin_plain(&what, &path, how)).await {
                Some(Ok(PlainBegun::Partial(part))) => return Ok(Some(*part)),
                Some(Ok(PlainBegun::Complete(_))) => return Ok(None),
                Some(Err(BeginError::Busy { .. })) => {
                    self.enter(Phase::Waiting);
                    tokio::time::sleep(BUSY_EVERY).await;
                }
                Some(Err(error)) => return Err(self.explain_begin(error)),
                None => return Err(our_fault()),
            }
        }
    }

    /// Names the bytes that a plain download consists of.
    fn what_is_fetched(&self, url: &Url) -> String {
        let mut what = url.to_string();
        for span in &self.request.options.ranges {
            let length = span.length.map(|length| length.to_string()).unwrap_or_default();
            what += &format!(" {}+{length}", span.offset);
        }
        what
    }

    /// One answer of the origin. Gives the part back, unless a panic swallowed it.
    async fn attempt(&mut self, mut part: PlainPart, url: &Url) -> (Option<PlainPart>, Result<(), Broken>) {
        let (mut answer, from) = match self.ask(&part, url).await {
            Ok(Some(answer)) => answer,
            Ok(None) => return (Some(part), Ok(())),
            Err(error) => return (Some(part), Err(Broken::Origin(error))),
        };
        let version = answer.version().clone();
        self.progress.bytes_total = version.len;
        if from == 0 {
            let validator = version.validator.map(|validator| validator.to_string());
            if let Err(error) = part.restart(validator.as_deref()) {
                return (Some(part), Err(error.into()));
            }
            self.live.set_prefix(0);
        }
        if let Some(len) = version.len
            && let Err(error) = part.expect(len)
        {
            return (Some(part), Err(error.into()));
        }
        let mut part = Some(part);
        let end = self.receive(&mut answer, &mut part).await;
        (part, end)
    }

    /// Asks for what is missing if the origin still has what was begun, otherwise for everything. Also says from
    /// which byte on the answer is. `None` if nothing is missing.
    async fn ask(&self, part: &PlainPart, url: &Url) -> Result<Option<(Fetch, u64)>, FetchError> {
        let origin = &self.origin;
        let whole = FetchRequest { url: url.clone(), range: None, known: Version::default() };
        let received = part.received();
        if received == 0 {
            return Ok(Some((origin.fetch(whole).await?, 0)));
        }
        let info = origin.probe(url).await?;
        let same = info.version.validator.as_ref().map(ToString::to_string).as_deref() == part.validator();
        if same && info.version.len == Some(received) {
            return Ok(None);
        }
        let rest =
            info.version.len.and_then(|len| ByteRange::new(received, len)).filter(|_| info.ranges && same);
        let Some(rest) = rest else { return Ok(Some((origin.fetch(whole).await?, 0))) };
        info!(from = rest.start(), "going on where it was");
        let known = info.version;
        let fetch = origin.fetch(FetchRequest { url: url.clone(), range: Some(rest), known }).await?;
        let from = if matches!(fetch.answer(), Answer::Range { .. }) { rest.start() } else { 0 };
        Ok(Some((fetch, from)))
    }

    async fn receive(&mut self, answer: &mut Fetch, part: &mut Option<PlainPart>) -> Result<(), Broken> {
        let mut gathered: Vec<Bytes> = Vec::new();
        let mut size = 0;
        let end = loop {
            let next = match gathered.is_empty() {
                true => Ok(answer.next().await),
                false => timeout(WRITE_AFTER, answer.next()).await,
            };
            let Ok(next) = next else {
                // The origin pauses: what is here is not kept from whoever reads it.
                size = 0;
                self.append(std::mem::take(&mut gathered), part).await?;
                continue;
            };
            let bytes = match next {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break Ok(()),
                Err(error) => break Err(Broken::Origin(error)),
            };
            self.count(bytes.len() as u64).await;
            self.shared.pace.wait().await;
            self.tally.add_from_origin(bytes.len() as u64);
            self.tally.fill(&mut self.progress);
            size += bytes.len();
            gathered.push(bytes);
            if size >= WRITE_BYTES {
                size = 0;
                self.append(std::mem::take(&mut gathered), part).await?;
            }
        };
        // What came before it broke off is not fetched again.
        self.append(gathered, part).await?;
        end
    }

    /// Has bytes counted towards the rate.
    async fn count(&self, bytes: u64) {
        let (reply, counted) = oneshot::channel();
        self.shared.command(Command::PlainBytes { bytes, reply }).await;
        let _ = counted.await;
    }

    async fn append(&mut self, gathered: Vec<Bytes>, part: &mut Option<PlainPart>) -> Result<(), Broken> {
        let Some(mut taken) = part.take() else { return Err(Broken::Fatal(our_fault())) };
        let appended = self.shared.disk.run(move || {
            let result = gathered.iter().try_for_each(|bytes| taken.append(bytes));
            (taken, result)
        });
        let Some((taken, result)) = appended.await else { return Err(Broken::Fatal(our_fault())) };
        self.progress.bytes_have = taken.received();
        self.live.set_prefix(taken.received());
        *part = Some(taken);
        self.tell();
        Ok(result?)
    }
}
