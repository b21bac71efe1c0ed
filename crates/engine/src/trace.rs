//! A trace of this node as a file: a thread of its own writes what the driver's scribe hands over, and the driver never
//! waits for it.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use swarmline_trace::{MAGIC, NodeFacts, Scribe, Sink};
use tokio::sync::oneshot;
use tracing::warn;

/// Most bytes of a trace: 256 MiB. Then it ends, and the node goes on.
pub(crate) const TRACE_BYTES_MAX: u64 = 256 << 20;
/// Bytes that are handed over at a time; a longer record goes alone.
const CHUNK: usize = 64 << 10;
/// Such chunks that may wait for the disk; beyond it, records are dropped.
const CHUNKS_MAX: usize = 64;
/// How long a record waits for others at most, as long as there are any.
const HAND_OVER_EVERY: Duration = Duration::from_millis(500);

/// A trace that is being written.
pub(crate) struct Trace {
    pub(crate) scribe: Scribe,
    /// Resolves once all that was handed over is written; needs the scribe to be gone.
    written: Option<oneshot::Receiver<()>>,
}

impl Trace {
    /// Nobody traces.
    pub(crate) fn off() -> Self {
        Self { scribe: Scribe::off(), written: None }
    }

    /// Begins a trace. An earlier trace at that place is replaced; whatever else stands there is not touched. Blocks.
    pub(crate) fn begin(path: &Path, facts: &NodeFacts) -> io::Result<Self> {
        let file = open(path)?;
        let (queue, chunks) = sync_channel(CHUNKS_MAX);
        let (done, written) = oneshot::channel();
        std::thread::Builder::new().name("trace".into()).spawn(move || {
            if let Err(error) = write_all(file, &chunks) {
                warn!(%error, "the trace cannot be written any more");
            }
            let _ = done.send(());
        })?;
        let sink = Queue { chunk: Vec::new(), queue, handed_over: Instant::now() };
        let scribe = Scribe::new(Box::new(sink), TRACE_BYTES_MAX, facts);
        Ok(Self { scribe, written: Some(written) })
    }

    /// Waits until what was handed over is written. Call it after the scribe's end.
    pub(crate) async fn written(self) {
        drop(self.scribe);
        if let Some(written) = self.written {
            let _ = written.await;
        }
    }
}

/// Opens a file of one's own, or an earlier trace, for this user only.
fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)?;
    let mut begins = Vec::new();
    if file.metadata()?.is_file() {
        (&file).take(MAGIC.len() as u64).read_to_end(&mut begins)?;
    }
    // The version may be another.
    let known = MAGIC.len() - 1;
    if !file.metadata()?.is_file() || !(begins.is_empty() || begins.starts_with(&MAGIC[..known])) {
        let why = "something that is no trace stands there, and is not replaced";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.set_len(0)?;
    file.rewind()?;
    Ok(file)
}

fn write_all(mut file: File, chunks: &Receiver<Vec<u8>>) -> io::Result<()> {
    chunks.iter().try_for_each(|chunk| file.write_all(&chunk))
}

/// Gathers records and hands them over in chunks.
struct Queue {
    chunk: Vec<u8>,
    queue: SyncSender<Vec<u8>>,
    handed_over: Instant,
}

impl Queue {
    /// `false` if there is no room.
    fn hand_over(&mut self) -> bool {
        self.handed_over = Instant::now();
        if self.chunk.is_empty() {
            return true;
        }
        match self.queue.try_send(std::mem::take(&mut self.chunk)) {
            Ok(()) => true,
            Err(TrySendError::Full(chunk) | TrySendError::Disconnected(chunk)) => {
                self.chunk = chunk;
                false
            }
        }
    }
}

impl Sink for Queue {
    fn write(&mut self, bytes: &[u8]) -> bool {
        if self.chunk.len() + bytes.len() > CHUNK && !self.hand_over() {
            return false;
        }
        self.chunk.extend_from_slice(bytes);
        if self.handed_over.elapsed() >= HAND_OVER_EVERY {
            self.hand_over();
        }
        true
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.hand_over();
    }
}

#[cfg(test)]
mod tests {
    use swarmline_trace::{End, Reader};
    use swarmline_types::{CapacityClass, MonoTime, NodeId};

    use super::*;

    fn facts() -> NodeFacts {
        NodeFacts {
            node: NodeId::new([1; 32]),
            class: CapacityClass::Wired,
            agent: "swarmline/test".into(),
            zero_unix_ms: 1,
            download_rate: None,
            upload_rate: None,
        }
    }

    #[tokio::test]
    async fn a_trace_is_for_this_user_only_and_replaces_an_earlier_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("node.trace");
        for _ in 0..2 {
            let mut trace = Trace::begin(&path, &facts()).unwrap();
            trace.scribe.end(MonoTime::from_millis(3));
            trace.written().await;
            let bytes = std::fs::read(&path).unwrap();
            let mut reader = Reader::new(&bytes).unwrap();
            while reader.next_record().unwrap().is_some() {}
            assert_eq!((reader.node(), reader.end()), (&facts(), Some(End::Stopped)));
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        }
    }

    #[test]
    fn what_is_no_trace_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("letter"), dir.path().join("link"));
        std::fs::write(&path, "dear somebody").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for taken in [&path, &link, &dir.path().to_owned()] {
            assert!(Trace::begin(taken, &facts()).is_err(), "{}", taken.display());
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"dear somebody");
    }

    #[test]
    fn a_disk_that_is_slow_or_full_holds_nobody_up() {
        let (queue, chunks) = sync_channel(1);
        let mut sink = Queue { chunk: Vec::new(), queue, handed_over: Instant::now() };
        let record = vec![0; CHUNK];
        assert!(sink.write(&record) && sink.write(&record), "one waits, one is gathered");
        assert!(!sink.write(&record), "there is no room for a third");
        chunks.recv().unwrap();
        assert!(sink.write(&record), "now there is");
        drop(chunks);
        assert!(!sink.write(&record));
    }
}
