//! A finished file that is served from: reads that never give out a byte its owner has changed.
//!
//! A read compares the stamp of the path before and of the open file after. If both are the stamp that was taken
//! when the piece was *proven*, the bytes in between are the piece, for the reasons that `stamp` gives. A piece that
//! is not proven is read whole, hashed in memory and compared with its record, and exactly the hashed bytes are
//! given out, so no edit can come in between. Its proof counts for later reads only if the stamp was quiet before
//! the bytes were read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use swarmline_types::{Bitfield, PieceIndex, PieceLayout};

use crate::buffer::Pool;
use crate::hashing::{blake3_of_piece, open_regular};
use crate::record::Records;
use crate::stamp::{Stamp, leads_nowhere, stamps_before_writing};

/// The file as it was when it was opened.
#[derive(Debug)]
pub(super) struct Finished {
    file: File,
    stamp: Stamp,
    /// Whether a stamp can prove anything on this file system.
    provable: bool,
    proven: Mutex<Bitfield>,
}

/// What became of a read.
pub(super) enum Outcome {
    Bytes(Bytes),
    /// The piece's bytes are not what they were.
    Changed,
    /// The file is not what it was: open it anew and ask again.
    Moved,
    /// The path leads to no file.
    Gone,
}

impl Finished {
    /// Takes over a file whose stamp is `stamp`, with these pieces proven under it.
    pub(super) fn new(file: File, stamp: Stamp, proven: Bitfield) -> Self {
        let provable = stamps_before_writing(&file);
        Self { file, stamp, provable, proven: Mutex::new(proven) }
    }

    /// Opens whatever file the path leads to now, with nothing proven; `None` if it leads to none.
    pub(super) fn open(path: &Path, layout: &PieceLayout) -> io::Result<Option<Self>> {
        let file = match open_regular(path) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(None),
            Err(error) if leads_nowhere(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let stamp = Stamp::of(&file)?;
        Ok(Some(Self::new(file, stamp, Bitfield::none(layout))))
    }

    pub(super) fn stamp(&self) -> Stamp {
        self.stamp
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether the stamp proves every one of these pieces.
    pub(super) fn proves(&self, have: &Bitfield) -> bool {
        let proven = self.proven();
        self.provable && have.pieces().all(|piece| proven.has(piece))
    }

    pub(super) fn read(
        &self,
        path: &Path,
        layout: &PieceLayout,
        (piece, offset, size): (PieceIndex, u32, u32),
        records: &Records,
        pool: &Arc<Pool>,
    ) -> io::Result<Outcome> {
        let now = SystemTime::now();
        match Stamp::at(path)? {
            None => return Ok(Outcome::Gone),
            Some(stamp) if stamp != self.stamp => return Ok(Outcome::Moved),
            Some(_) => {}
        }
        let proven = self.provable && self.proven().has(piece);
        let (first, len) = if proven { (offset, size) } else { (0, layout.size_of(piece)) };
        let mut buffer = pool.take(len as usize);
        match self.file.read_exact_at(&mut buffer, layout.range_of(piece).start() + u64::from(first)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return self.moved_or_changed(),
            other => other?,
        }
        let matches = proven || records.get(piece.get())? == Some(*blake3::hash(&buffer).as_bytes());
        if !matches || Stamp::of(&self.file)? != self.stamp {
            return self.moved_or_changed();
        }
        if !proven {
            self.prove(piece, now);
        }
        let start = (offset - first) as usize;
        Ok(Outcome::Bytes(buffer.freeze().slice(start..start + size as usize)))
    }

    /// Hashes a piece where it lies: whether it is still the one recorded.
    pub(super) fn check(
        &self,
        layout: &PieceLayout,
        piece: PieceIndex,
        records: &Records,
        buffer: &mut [u8],
    ) -> io::Result<bool> {
        let now = SystemTime::now();
        let digest = blake3_of_piece(&self.file, layout, piece, buffer)?;
        let matches = digest.is_some() && digest == records.get(piece.get())?;
        if matches && Stamp::of(&self.file)? == self.stamp {
            self.prove(piece, now);
        }
        Ok(matches)
    }

    /// A piece was hashed after `now` and found right, with the stamp the same before and after.
    fn prove(&self, piece: PieceIndex, now: SystemTime) {
        if self.provable && self.stamp.is_quiet(now) {
            self.proven().insert(piece);
        }
    }

    fn moved_or_changed(&self) -> io::Result<Outcome> {
        Ok(if Stamp::of(&self.file)? == self.stamp { Outcome::Changed } else { Outcome::Moved })
    }

    fn proven(&self) -> MutexGuard<'_, Bitfield> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_while_the_file_moved_are_not_given_out() {
        // The look before passes and the look after does not, as with an edit in between: the open file is another
        // one than the path leads to, and every piece of it is believed.
        let dir = tempfile::tempdir().unwrap();
        let [path, other, records] = ["path", "other", "records"].map(|name| dir.path().join(name));
        std::fs::write(&path, "right").unwrap();
        std::fs::write(&other, "wrong").unwrap();
        let layout = PieceLayout::new(5, 1 << 14).unwrap();
        let stamp = Stamp::at(&path).unwrap().unwrap();
        let edited = Finished::new(File::open(&other).unwrap(), stamp, Bitfield::all(&layout));
        if !edited.provable {
            return; // then it is hashed, which other tests show
        }
        let records = Records::open(&records).unwrap();
        let what = (layout.piece(0).unwrap(), 0, 5);
        let outcome = edited.read(&path, &layout, what, &records, &Arc::default()).unwrap();
        assert!(matches!(outcome, Outcome::Moved));
    }
}
