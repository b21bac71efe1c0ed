//! The end of a part file: it becomes the destination, or it goes.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use swarmline_types::{Bitfield, Wanted};
use tracing::warn;

use super::finished::Finished;
use super::{At, Content, DiscardError, FinishError};
use crate::disk;
use crate::epoch::Epoch;
use crate::hashing::open_regular;
use crate::header::Phase;
use crate::part::PartFile;
use crate::stamp::{FileId, Stamp, seal};

impl Content {
    /// Makes the part file the destination: cut to length, flushed, renamed, and the name flushed. May be called
    /// again after it succeeded.
    ///
    /// # Errors
    /// [`FinishError::Exists`] if something has come to stand at the destination and force was not asked for; the
    /// part file is kept. [`FinishError::Incomplete`] if pieces are missing.
    pub fn finish(&self) -> Result<(), FinishError> {
        let inner = &*self.inner;
        self.flush(&Wanted::all(&self.layout()))?;
        let mut at = inner.at_mut();
        let part = match &*at {
            At::Part(part) => part,
            At::Finished(_) => return Ok(()),
            At::Nowhere => return Err(self.closed()),
        };
        // No write can be running here, so from the seal on the file's times change by other hands only.
        let rename_error = |source| FinishError::Rename { path: self.destination().to_owned(), source };
        let sealed = seal(part.file()).unwrap_or(None);
        self.take_name(part)?;
        let (file, stamp) = self.open_finished(part).map_err(rename_error)?;
        let have = inner.have().clone();
        // Whoever wrote to the file since has broken the seal.
        let unbroken = sealed.is_some_and(|seal| stamp.has(seal));
        let proven = if unbroken { have.clone() } else { Bitfield::none(&self.layout()) };
        let epoch = Epoch::of(&file);
        let finished = Finished::new(file, stamp, proven);
        let phase = Phase::Finished { epoch, stamp, proven: finished.proves(&have) };
        // The part file's handle goes here, and with it the lock and the right to write.
        *at = At::Finished(Arc::new(finished));
        drop(at);
        if let Err(error) = inner.write_header(phase) {
            warn!(path = %self.destination().display(), %error, "the end of a download could not be recorded");
        }
        disk::sync_directory(inner.place.dir()).map_err(rename_error)
    }

    /// Forgets the content: removes the part file and the records. A finished destination stays.
    ///
    /// # Errors
    /// When a file cannot be removed; the content is closed all the same.
    pub fn discard(&self) -> Result<(), DiscardError> {
        let inner = &*self.inner;
        let mut at = inner.at_mut();
        let before = std::mem::replace(&mut *at, At::Nowhere);
        *inner.have() = Bitfield::none(&self.layout());
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| DiscardError { path, source }
        };
        PartFile::remove_leftover(&inner.place.pack(self.id().as_bytes()));
        inner.records.remove().map_err(failed(inner.records.path()))?;
        match &before {
            At::Part(part) => part.remove().map_err(failed(part.path())),
            At::Finished(_) | At::Nowhere => Ok(()),
        }
    }

    /// Brings a part file to the disk that holds all that is wanted. Others may read from it meanwhile.
    pub(super) fn flush(&self, wanted: &Wanted) -> Result<(), FinishError> {
        let inner = &*self.inner;
        let at = inner.at();
        let part = match &*at {
            At::Part(part) => part,
            At::Finished(_) => return Ok(()),
            At::Nowhere => return Err(self.closed()),
        };
        let have = self.have();
        let missing = wanted.pieces().filter(|piece| !have.has(*piece)).count();
        if missing > 0 {
            let (path, pieces) = (self.destination().to_owned(), self.layout().piece_count());
            let missing = u32::try_from(missing).expect("no more than the content has");
            return Err(FinishError::Incomplete { path, missing, pieces });
        }
        let flushed = part.file().set_len(self.layout().content_len()).and_then(|()| part.file().sync_data());
        let path = part.path().to_owned();
        drop(at);
        flushed.map_err(|source| {
            // A failed flush is reported once, and the page cache may show what the disk has lost.
            *inner.at_mut() = At::Nowhere;
            *inner.have() = Bitfield::none(&self.layout());
            if let Err(error) = inner.records.remove() {
                warn!(%error, "records of a damaged part file could not be removed");
            }
            FinishError::Sync { path, source }
        })
    }

    /// Gives a file of ours the destination's name.
    pub(super) fn take_name(&self, part: &PartFile) -> Result<(), FinishError> {
        let rename_error = |source| FinishError::Rename { path: self.destination().to_owned(), source };
        if !part.is_at_its_path().map_err(rename_error)? {
            return Err(FinishError::PartGone { path: part.path().to_owned() });
        }
        match self.inner.taking().take(part.path(), self.destination()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(FinishError::Exists { path: self.destination().to_owned() })
            }
            other => other.map_err(rename_error),
        }
    }

    /// Opens the destination for reading only: a file open for writing cannot be executed.
    fn open_finished(&self, part: &PartFile) -> io::Result<(File, Stamp)> {
        let file = open_regular(self.destination())?.ok_or(io::ErrorKind::NotFound)?;
        if FileId::from(&file.metadata()?) != FileId::from(&part.file().metadata()?) {
            return Err(io::Error::other("another file took its place"));
        }
        let stamp = Stamp::of(&file)?;
        Ok((file, stamp))
    }

    fn closed(&self) -> FinishError {
        FinishError::Closed { path: self.destination().to_owned() }
    }
}
