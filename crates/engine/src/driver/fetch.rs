//! Origin requests: one task reads one answer, cuts it into pieces, and has each verified and written.

use std::sync::Arc;

use bytes::Bytes;
use swarmline_origin::{Answer, Fetch, FetchError, FetchRequest, Origin, Version};
use swarmline_proto::Manifest;
use swarmline_scheduler::{Failure, Hold, Input, RequestId};
use swarmline_types::{ContentId, PieceIndex, PieceRange, Priority};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Duration, Instant};
use tracing::debug;
use url::Url;

use super::write::Written;
use super::{Driver, Outcome};
use crate::content::{Opening, OriginAt};
use crate::disk::Disk;
use crate::pace::Pace;

/// What a fetch has come to.
pub(crate) enum Fetched {
    /// The answer begins.
    Answered,
    /// Bytes received so far, and since the last such message. Who waits for them to be counted sees `counted` dropped.
    Bytes { received: u64, new: u64, counted: Option<oneshot::Sender<()>> },
    /// The answer is another than what was asked for: everything.
    NoRanges,
    /// It broke off.
    Failed(Box<FetchError>),
}

/// Pieces of one answer that wait for their hash or the disk; beyond it, the answer is not read. More of them if they
/// are small, up to [`WRITES_BYTES`] together.
const WRITES_MIN: u32 = 2;
const WRITES_BYTES: u32 = 1 << 20;
/// Bytes after which the driver is told of progress, or [`TELL_EVERY`].
const TELL_BYTES: u64 = 256 << 10;
/// The same where there is a download rate. Several answers begin at once, and each gets so much beyond the rate.
const TELL_BYTES_LIMITED: u64 = 64 << 10;
const TELL_EVERY: Duration = Duration::from_millis(50);

impl Driver {
    /// Begins to fetch consecutive pieces from the origin.
    pub(super) fn fetch(&mut self, content: ContentId, request: RequestId, pieces: PieceRange) {
        let Some(driven) = self.contents.get_mut(&content) else { return };
        let Some(OriginAt { url, client: origin }) = driven.origin.clone() else { return };
        debug!(%content, request = request.get(), ?pieces, "fetching from the origin");
        let task = Task {
            content,
            opening: driven.opening,
            request,
            pieces,
            url,
            manifest: driven.manifest.clone(),
            file: driven.file.clone(),
            origin: origin.heard_by(Arc::clone(&driven.answer)),
            disk: self.disk.clone(),
            pace: self.pace.clone(),
            results: self.results.clone(),
        };
        driven.fetches.insert(request, tokio::spawn(task.run()).abort_handle());
    }

    pub(super) fn on_fetched(
        &mut self,
        content: ContentId,
        opening: Opening,
        request: RequestId,
        what: Fetched,
    ) {
        if let Fetched::Bytes { new, .. } = what {
            let class = self.contents.get(&content).map_or(Priority::Foreground, |driven| driven.priority);
            self.on_origin_bytes(class, new);
        }
        let Some(driven) = self.current(content, opening) else { return };
        if !driven.fetches.contains_key(&request) {
            return;
        }
        let why = match what {
            Fetched::Answered => return self.trace.scribe.answered(&content, request, self.clock.now()),
            Fetched::Bytes { received, counted, .. } => {
                drop(counted);
                return self.input(content, Input::Progress { request, received });
            }
            Fetched::NoRanges => Failure::NoRanges,
            Fetched::Failed(error) => {
                debug!(%content, request = request.get(), %error, "origin request failed");
                driven.note(&error);
                match *error {
                    ref error if error.is_transient() => {
                        Failure::Transient { retry_after: error.retry_after() }
                    }
                    ref error if error.is_contradiction() => Failure::Contradiction,
                    _ => Failure::Fatal,
                }
            }
        };
        driven.fetches.remove(&request);
        self.input(content, Input::Failed { request, why });
    }

    /// Bytes of an origin count towards the download rate and the limit of their class as they come.
    pub(super) fn on_origin_bytes(&mut self, class: Priority, bytes: u64) {
        let Hold { all, of_class } = self.node.on_origin_bytes(class, bytes, self.clock.now());
        if let Some(until) = all.max(of_class) {
            self.pace.hold_until(until);
        }
    }
}

struct Task {
    content: ContentId,
    opening: Opening,
    request: RequestId,
    pieces: PieceRange,
    url: Url,
    manifest: Manifest,
    file: swarmline_store::Content,
    origin: Origin,
    disk: Disk,
    pace: Pace,
    results: mpsc::Sender<Outcome>,
}

impl Task {
    /// Safe to abort at any point: a piece is had once it is written, and its record tells the next process.
    async fn run(self) {
        let writes_max = (WRITES_BYTES / self.manifest.layout().piece_size()).max(WRITES_MIN);
        let writes = Arc::new(Semaphore::new(writes_max as usize));
        let end = match self.open().await {
            Ok(Some(answer)) => {
                self.tell(Fetched::Answered).await;
                self.read(answer, &writes).await.err().map(|error| Fetched::Failed(Box::new(error)))
            }
            Ok(None) => Some(Fetched::NoRanges),
            Err(error) => Some(Fetched::Failed(Box::new(error))),
        };
        // What was written is told before that it broke off.
        let _ = writes.acquire_many(writes_max).await;
        if let Some(end) = end {
            self.tell(end).await;
        }
    }

    async fn tell(&self, what: Fetched) {
        let (content, opening, request) = (self.content, self.opening, self.request);
        // A driver that is gone wants nothing any more.
        let _ = self.results.send(Outcome::Fetched { content, opening, request, what }).await;
    }

    /// Where there is a rate, what was read is counted before more is read.
    async fn tell_bytes(&self, received: u64, new: u64) {
        if !self.pace.is_limited() {
            return self.tell(Fetched::Bytes { received, new, counted: None }).await;
        }
        let (counted, wait) = oneshot::channel();
        self.tell(Fetched::Bytes { received, new, counted: Some(counted) }).await;
        let _ = wait.await;
    }

    /// `None`: the origin does not serve ranges.
    async fn open(&self) -> Result<Option<Fetch>, FetchError> {
        let layout = self.manifest.layout();
        let is_whole = layout.whole() == Some(self.pieces);
        let range = (!is_whole).then(|| layout.span(self.pieces));
        // The hashes decide whether it is the same content; mirrors often differ in their validators.
        let known = Version { validator: None, len: Some(layout.content_len()) };
        let answer = self.origin.fetch(FetchRequest { url: self.url.clone(), range, known }).await?;
        match answer.answer() {
            Answer::Whole { .. } if !is_whole => Ok(None),
            _ => Ok(Some(answer)),
        }
    }

    /// However it ends: what came is told, since whole bytes are counted and not whole pieces.
    async fn read(&self, answer: Fetch, writes: &Arc<Semaphore>) -> Result<(), FetchError> {
        let mut came = Came::new();
        let end = self.read_pieces(answer, writes, &mut came).await;
        self.tell_rest(&mut came).await;
        end
    }

    async fn tell_rest(&self, came: &mut Came) {
        let new = came.received - came.told;
        if new > 0 {
            self.tell_bytes(came.received, new).await;
            (came.told, came.told_at) = (came.received, Instant::now());
        }
    }

    async fn read_pieces(
        &self,
        mut answer: Fetch,
        writes: &Arc<Semaphore>,
        came: &mut Came,
    ) -> Result<(), FetchError> {
        let layout = self.manifest.layout();
        let tell_bytes = if self.pace.is_limited() { TELL_BYTES_LIMITED } else { TELL_BYTES };
        let want = layout.span(self.pieces).size();
        let mut pieces = self.pieces.pieces();
        let mut assembly = Assembly::default();
        let mut current = pieces.next();
        while let Some(mut bytes) = answer.next().await? {
            self.pace.wait().await;
            let new = bytes.len() as u64;
            if new > want - came.received {
                return Err(FetchError::Long { want });
            }
            came.received += new;
            let is_last = came.received == want;
            if is_last || came.received - came.told >= tell_bytes || came.told_at.elapsed() >= TELL_EVERY {
                self.tell_rest(came).await;
            }
            while let Some(piece) = current
                && let Some(parts) = assembly.push(&mut bytes, u64::from(layout.size_of(piece)))
            {
                self.write(piece, parts, writes).await;
                current = pieces.next();
            }
        }
        match came.received < want {
            true => Err(FetchError::Short { want, got: came.received }),
            false => Ok(()),
        }
    }

    async fn write(&self, piece: PieceIndex, parts: Vec<Bytes>, writes: &Arc<Semaphore>) {
        let place = writes.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (content, opening, request) = (self.content, self.opening, self.request);
        let (file, results) = (self.file.clone(), self.results.clone());
        let tell = move |result| {
            let written = Written { content, opening, request, piece, result };
            let _ = results.blocking_send(Outcome::Written(written));
            drop(place);
        };
        self.disk.start(move || file.write(piece, &parts), tell);
    }
}

/// What an answer has brought, and how much of it the driver was told of.
struct Came {
    received: u64,
    told: u64,
    told_at: Instant,
}

impl Came {
    fn new() -> Self {
        Self { received: 0, told: 0, told_at: Instant::now() }
    }
}

/// Cuts a stream of buffers into pieces without copying.
#[derive(Default)]
struct Assembly {
    parts: Vec<Bytes>,
    size: u64,
}

impl Assembly {
    /// Takes what belongs to the current piece of `want` bytes; its parts once it is whole.
    fn push(&mut self, bytes: &mut Bytes, want: u64) -> Option<Vec<Bytes>> {
        let room = usize::try_from(want - self.size).unwrap_or(usize::MAX);
        let part = bytes.split_to(room.min(bytes.len()));
        self.size += part.len() as u64;
        if !part.is_empty() {
            self.parts.push(part);
        }
        (self.size == want).then(|| {
            self.size = 0;
            std::mem::take(&mut self.parts)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_cut_at_piece_borders_whatever_its_buffers() {
        for step in [1, 3, 5, 7, 64] {
            let stream: Vec<u8> = (0..64).collect();
            let (mut assembly, mut sizes) =
                (Assembly::default(), vec![10u64, 20, 30, 4].into_iter().peekable());
            let mut cut = Vec::new();
            for chunk in stream.chunks(step) {
                let mut bytes = Bytes::copy_from_slice(chunk);
                while let Some(size) = sizes.peek().copied()
                    && let Some(parts) = assembly.push(&mut bytes, size)
                {
                    cut.push(parts.concat());
                    sizes.next();
                }
            }
            assert_eq!(cut.concat(), stream);
            assert_eq!(cut.iter().map(Vec::len).collect::<Vec<_>>(), [10, 20, 30, 4]);
        }
    }
}
