//! One content at one place: verified writes, checked reads, the end.
//!
//! What is had is decided here and nowhere else: a piece is had after its bytes passed SHA-256, were written, and
//! their BLAKE3 was recorded, in this order. There is no flush per piece: a killed process loses nothing that the
//! kernel has, and after a power loss records are compared with the bytes before they are believed.
//!
//! Lock order: where the bytes are, then what is had. Neither is held while a finished file is read or hashed.

mod error;
mod finish;
mod finished;
mod hold;
mod read;
pub(crate) mod resume;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use swarmline_proto::Manifest;
use swarmline_types::{Bitfield, ContentId, PieceIndex, PieceLayout, Wanted};

pub use self::error::{DiscardError, FinishError, ReadError, WriteError};
use self::finished::Finished;
use crate::buffer::Pool;
use crate::disk;
use crate::epoch::Epoch;
use crate::hashing::both_hashes;
use crate::header::{Header, Phase};
use crate::part::PartFile;
use crate::place::Place;
use crate::placeholder::Taking;
use crate::record::Records;
use crate::stamp::{FileId, Stamp};

/// A content on disk. Clones share it, and every method may be called from several threads.
///
/// Every method may block on the disk. Dropping the last clone of an unfinished content keeps its part file and
/// records for the next time, exactly as a killed process does.
#[derive(Clone, Debug)]
pub struct Content {
    inner: Arc<Inner>,
}

/// What all clones share.
#[derive(Debug)]
pub(crate) struct Inner {
    manifest: Manifest,
    place: Place,
    taking: Mutex<Taking>,
    records: Records,
    pool: Arc<Pool>,
    at: RwLock<At>,
    have: Mutex<Bitfield>,
}

/// Where the bytes are.
#[derive(Debug)]
enum At {
    Part(PartFile),
    Finished(Arc<Finished>),
    /// Discarded, gone, or lost.
    Nowhere,
}

impl Content {
    /// A content that is being written to a part file.
    pub(crate) fn partial(
        manifest: Manifest,
        place: Place,
        taking: Taking,
        (records, pool): (Records, Arc<Pool>),
        (part, have): (PartFile, Bitfield),
    ) -> io::Result<Self> {
        let phase = Phase::Part { epoch: Epoch::of(part.file()), id: FileId::from(&part.file().metadata()?) };
        let content = Self::new(manifest, place, taking, (records, pool), At::Part(part), have);
        content.inner.write_header(phase)?;
        Ok(content)
    }

    /// A content whose destination holds all of it: every piece was hashed while the file had this stamp, or was
    /// proven by an earlier process of this epoch.
    pub(crate) fn complete(
        manifest: Manifest,
        place: Place,
        (records, pool): (Records, Arc<Pool>),
        (file, stamp): (std::fs::File, Stamp),
        proven: bool,
    ) -> io::Result<Self> {
        let layout = manifest.layout();
        let have = Bitfield::all(&layout);
        let proofs = if proven { have.clone() } else { Bitfield::none(&layout) };
        let epoch = Epoch::of(&file);
        let finished = Finished::new(file, stamp, proofs);
        let phase = Phase::Finished { epoch, stamp, proven: finished.proves(&have) };
        let at = At::Finished(Arc::new(finished));
        let content = Self::new(manifest, place, Taking::default(), (records, pool), at, have);
        content.inner.write_header(phase)?;
        Ok(content)
    }

    fn new(
        manifest: Manifest,
        place: Place,
        taking: Taking,
        (records, pool): (Records, Arc<Pool>),
        at: At,
        have: Bitfield,
    ) -> Self {
        let (at, have, taking) = (RwLock::new(at), Mutex::new(have), Mutex::new(taking));
        Self { inner: Arc::new(Inner { manifest, place, taking, records, pool, at, have }) }
    }

    pub(crate) fn from_shared(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    pub(crate) fn shared(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// From now on the end may replace this too.
    pub(crate) fn may_take(&self, more: Taking) {
        let mut taking = self.inner.taking.lock().unwrap_or_else(PoisonError::into_inner);
        taking.force |= more.force;
        taking.placeholder = more.placeholder.or(taking.placeholder);
    }

    /// From now on the end replaces whatever stands at the destination.
    pub fn allow_replacing(&self) {
        self.may_take(Taking { force: true, placeholder: None });
    }

    /// Its name.
    pub fn id(&self) -> ContentId {
        self.inner.manifest.content()
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// How it is cut.
    pub fn layout(&self) -> PieceLayout {
        self.inner.manifest.layout()
    }

    /// Where it stands when it is finished; absolute.
    pub fn destination(&self) -> &Path {
        self.inner.place.path()
    }

    /// The pieces that are had.
    pub fn have(&self) -> Bitfield {
        self.inner.have().clone()
    }

    /// Whether one piece is had.
    pub fn has(&self, piece: PieceIndex) -> bool {
        self.inner.have().has(piece)
    }

    /// Whether the destination holds it, as far as is known.
    pub fn is_finished(&self) -> bool {
        matches!(*self.inner.at(), At::Finished(_)) && self.inner.have().is_all()
    }

    /// Whether it is complete at a destination that looked so when it was last looked at.
    pub(crate) fn is_finished_as(&self, stamp: Stamp) -> bool {
        matches!(&*self.inner.at(), At::Finished(finished) if finished.stamp() == stamp)
            && self.inner.have().is_all()
    }

    /// Whether pieces go into a part file.
    pub(crate) fn is_writable(&self) -> bool {
        matches!(*self.inner.at(), At::Part(_))
    }

    /// Whether it was discarded or its file is gone; it must then be begun anew.
    pub fn is_closed(&self) -> bool {
        matches!(*self.inner.at(), At::Nowhere)
    }

    /// Writes a piece if its bytes are those that the manifest names. The parts are laid one behind the other.
    ///
    /// A piece that is had already is left alone. Costs SHA-256 and BLAKE3 of the piece on the calling thread and
    /// two writes.
    ///
    /// # Errors
    /// [`WriteError::Size`] and [`WriteError::Hash`] before anything is written; otherwise what the disk says.
    pub fn write(&self, piece: PieceIndex, parts: &[Bytes]) -> Result<(), WriteError> {
        let inner = &*self.inner;
        let range = self.layout().range_of(piece);
        let got = parts.iter().map(|part| part.len() as u64).sum();
        if got != range.size() {
            return Err(WriteError::Size { piece, want: range.size(), got });
        }
        let (sha256, blake3) = both_hashes(parts);
        if sha256 != inner.manifest.digest(piece) {
            return Err(WriteError::Hash { piece });
        }
        let at = inner.at();
        if inner.have().has(piece) {
            return Ok(());
        }
        let At::Part(part) = &*at else {
            return Err(WriteError::Closed { path: self.destination().to_owned() });
        };
        disk::write_parts_at(part.file(), parts, range.start())
            .map_err(|source| write_error(self.destination(), part.file(), range.size(), source))?;
        // Only now: a record without its bytes would be believed after a kill.
        let records = &inner.records;
        records
            .set(piece.get(), &blake3)
            .map_err(|source| write_error(records.path(), records.file(), blake3.len() as u64, source))?;
        inner.have().insert(piece);
        Ok(())
    }

    /// Copies what is wanted of what another place of the same content has and this one has not. Returns how many pieces.
    ///
    /// Pieces that cannot be read there, or turn out to be wrong, are left out.
    ///
    /// # Errors
    /// When a piece cannot be written here.
    ///
    /// # Panics
    /// When `other` is another content.
    pub fn fill_from(&self, other: &Content, wanted: &Wanted) -> Result<u32, WriteError> {
        assert_eq!(self.id(), other.id(), "pieces of one content are not pieces of another");
        let mut filled = 0;
        let have = self.have();
        for piece in wanted.pieces().filter(|piece| !have.has(*piece) && other.has(*piece)) {
            let Ok(bytes) = other.read(piece, 0, self.layout().size_of(piece)) else { continue };
            match self.write(piece, &[bytes]) {
                Ok(()) => filled += 1,
                Err(error) if error.is_senders_fault() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

impl Inner {
    fn have(&self) -> MutexGuard<'_, Bitfield> {
        self.have.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self) -> RwLockReadGuard<'_, At> {
        self.at.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn at_mut(&self) -> RwLockWriteGuard<'_, At> {
        self.at.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn taking(&self) -> Taking {
        *self.taking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_header(&self, phase: Phase) -> io::Result<()> {
        let (content, layout) = (self.manifest.content(), self.manifest.layout());
        self.records.set_header(&Header::new(content, &layout, self.place.path(), self.taking().force, phase))
    }

    /// Keeps which file is about to take the destination's name in place of the part file.
    fn note_handing_over(&self, id: FileId) -> io::Result<()> {
        let header: Header = self.records.header().ok_or(io::ErrorKind::InvalidData)?;
        self.records.set_header(&header.handing_over(id))
    }
}

pub(crate) fn write_error(path: &Path, file: &std::fs::File, needed: u64, source: io::Error) -> WriteError {
    let path = path.to_owned();
    if disk::is_full(&source) {
        let (_, free) = disk::free_bytes(file).unwrap_or_default();
        return WriteError::Full { path, needed, free, source };
    }
    WriteError::File { path, source }
}
