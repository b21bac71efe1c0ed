//! Reading pieces, from the part file while it is written and from the destination afterwards.

use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use swarmline_types::PieceIndex;
use tracing::debug;

use super::finished::{Finished, Outcome};
use super::{At, Content, Inner, ReadError};
use crate::epoch::Epoch;
use crate::hashing::for_each_piece;
use crate::header::Phase;

impl Content {
    /// Reads bytes of a piece that is had. What comes out is what the manifest names, also if somebody edits the
    /// finished file at this very moment.
    ///
    /// Costs two looks at the file and one read; after the file was touched, and on file systems whose stamps prove
    /// nothing, the whole piece is read and hashed with BLAKE3. Give `size` up to 1 MiB, else memory is not reused.
    ///
    /// # Errors
    /// [`ReadError::NotHad`] for pieces that are not had; [`ReadError::Changed`] and [`ReadError::Gone`] once, when
    /// it turns out that pieces are not had any more.
    pub fn read(&self, piece: PieceIndex, offset: u32, size: u32) -> Result<Bytes, ReadError> {
        let inner = &*self.inner;
        let piece_size = self.layout().size_of(piece);
        if size == 0 || offset.checked_add(size).is_none_or(|end| end > piece_size) {
            return Err(ReadError::Range { piece, offset, size, piece_size });
        }
        for _ in 0..READ_ATTEMPTS {
            let finished = {
                let at = inner.at();
                if !inner.have().has(piece) {
                    return Err(ReadError::NotHad { piece });
                }
                match &*at {
                    At::Part(part) => {
                        let mut buffer = inner.pool.take(size as usize);
                        let start = self.layout().range_of(piece).start() + u64::from(offset);
                        let read = part.file().read_exact_at(&mut buffer, start);
                        read.map_err(|source| ReadError::File { path: part.path().to_owned(), source })?;
                        return Ok(buffer.freeze());
                    }
                    At::Finished(finished) => Arc::clone(finished),
                    At::Nowhere => return Err(ReadError::NotHad { piece }),
                }
            };
            let what = (piece, offset, size);
            let outcome =
                finished.read(self.destination(), &self.layout(), what, &inner.records, &inner.pool);
            match outcome.map_err(|source| self.read_error(source))? {
                Outcome::Bytes(bytes) => return Ok(bytes),
                Outcome::Changed => break,
                Outcome::Gone => return Err(self.gone(&finished)),
                Outcome::Moved => self.look_again(&finished)?,
            }
        }
        inner.forget(piece);
        Err(ReadError::Changed { piece, path: self.destination().to_owned() })
    }

    /// Hashes every piece that is had of a finished file, on all cores, and returns those that are had no more.
    ///
    /// [`read`](Self::read) never gives out a wrong byte, but finds a changed piece only when it is asked for. Call
    /// this after the first [`ReadError::Changed`], so that the others are not promised to anybody.
    ///
    /// # Errors
    /// [`ReadError::Gone`] if the file is not there any more; otherwise what the disk says. Pieces found changed by
    /// then are forgotten all the same.
    pub fn recheck(&self) -> Result<Vec<PieceIndex>, ReadError> {
        let inner = &*self.inner;
        let Some(finished) = inner.finished() else { return Ok(Vec::new()) };
        self.look_again(&finished)?;
        let Some(finished) = inner.finished() else { return Ok(Vec::new()) };
        let (layout, have) = (self.layout(), self.have());
        let lost = Mutex::new(Vec::new());
        let checked = for_each_piece(&layout, |piece, buffer| {
            if have.has(piece) && !finished.check(&layout, piece, &inner.records, buffer)? {
                inner.forget(piece);
                lost.lock().unwrap_or_else(PoisonError::into_inner).push(piece);
            }
            Ok::<(), io::Error>(())
        });
        checked.map_err(|source| self.read_error(source))?;
        let mut lost = lost.into_inner().unwrap_or_else(PoisonError::into_inner);
        lost.sort_unstable();
        Ok(lost)
    }

    /// Opens the file that the destination leads to now, unless another thread has done so since `seen`.
    fn look_again(&self, seen: &Arc<Finished>) -> Result<(), ReadError> {
        let inner = &*self.inner;
        let now =
            Finished::open(self.destination(), &self.layout()).map_err(|source| self.read_error(source))?;
        let Some(now) = now else { return Err(self.gone(seen)) };
        let mut at = inner.at_mut();
        match &*at {
            At::Finished(current) if Arc::ptr_eq(current, seen) && now.stamp() != seen.stamp() => {}
            _ => return Ok(()),
        }
        debug!(path = %self.destination().display(), "the finished file was touched, its pieces are hashed again");
        let phase = Phase::Finished { epoch: Epoch::of(now.file()), stamp: now.stamp(), proven: false };
        *at = At::Finished(Arc::new(now));
        drop(at);
        if let Err(error) = inner.write_header(phase) {
            // The old header is of a stamp that the file no longer has, so nobody will believe it either.
            debug!(%error, "the have-map could not be updated");
        }
        Ok(())
    }

    /// There is no file at the destination: nothing is had, unless another thread has seen it come back.
    fn gone(&self, seen: &Arc<Finished>) -> ReadError {
        let mut at = self.inner.at_mut();
        if matches!(&*at, At::Finished(current) if Arc::ptr_eq(current, seen)) {
            *at = At::Nowhere;
            *self.inner.have() = swarmline_types::Bitfield::none(&self.layout());
        }
        ReadError::Gone { path: self.destination().to_owned() }
    }

    fn read_error(&self, source: io::Error) -> ReadError {
        ReadError::File { path: self.destination().to_owned(), source }
    }
}

impl Inner {
    fn finished(&self) -> Option<Arc<Finished>> {
        match &*self.at() {
            At::Finished(finished) => Some(Arc::clone(finished)),
            At::Part(_) | At::Nowhere => None,
        }
    }

    /// The piece is had no more, now and after a restart.
    pub(super) fn forget(&self, piece: PieceIndex) {
        self.have().remove(piece);
        if let Err(error) = self.records.clear(piece.get()) {
            // Its digest differs from the bytes, so it is not believed after a restart either.
            debug!(%piece, %error, "a record could not be cleared");
        }
    }
}

/// How often a file may be touched during one read before the piece counts as changed.
const READ_ATTEMPTS: u32 = 3;
