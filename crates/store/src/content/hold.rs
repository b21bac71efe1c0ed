//! Contents that are here and not handed over yet, and the file that is made of some ranges of one.
//!
//! A content is held by doing nothing: it stays in its part file, is served from there, and is found there after a
//! restart. What is made of ranges is a file of its own, written beside the destination and renamed like a part file.

use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use swarmline_types::{ByteRange, PieceIndex, Wanted};

use super::{At, Content, FinishError, ReadError, WriteError, write_error};
use crate::disk;
use crate::part::{PartError, PartFile};
use crate::stamp::FileId;

impl Content {
    /// Takes room on the disk for the pieces that are wanted and not had, so that a full disk is found now. For a
    /// content that was begun [sparse](crate::Room::Sparse).
    ///
    /// # Errors
    /// [`WriteError::Full`]; room that was taken until then stays taken.
    pub fn reserve(&self, wanted: &Wanted) -> Result<(), WriteError> {
        let at = self.inner.at();
        let At::Part(part) = &*at else { return Ok(()) };
        let (layout, have) = (self.layout(), self.have());
        let missing = wanted.pieces().filter(|piece| !have.has(*piece));
        let needed = missing.map(|piece| u64::from(layout.size_of(piece))).sum();
        let error = |source| write_error(part.path(), part.file(), needed, source);
        disk::expect_room(part.file(), needed).map_err(error)?;
        let spans = wanted.ranges().iter().map(|range| layout.span(*range));
        spans.into_iter().try_for_each(|span| disk::promise_span(part.file(), span)).map_err(error)
    }

    /// Brings what is wanted to the disk, where it stays until [`finish`](Self::finish) or
    /// [`hand_over`](Self::hand_over) gives it to its user, or [`discard`](Self::discard) takes it away. It is served
    /// meanwhile; after a restart, beginning again finds it as it was.
    ///
    /// # Errors
    /// [`FinishError::Incomplete`] if wanted pieces are missing, [`FinishError::Sync`] as in `finish`.
    pub fn hold(&self, wanted: &Wanted) -> Result<(), FinishError> {
        self.flush(wanted)
    }

    /// Makes a file of these bytes at the destination, one range behind the other in the order given. The part file stays
    /// and is served from; [`discard`](Self::discard) it once nobody reads it any more.
    ///
    /// Every piece that is touched is hashed again on the way. The file is written whole beside the destination and
    /// flushed before it gets the name. May be called again after an error.
    ///
    /// # Errors
    /// [`FinishError::Range`] if a range leaves the content, [`FinishError::Incomplete`] if a piece is missing,
    /// [`FinishError::Changed`] if somebody changed the part file, so that a piece must be fetched again; otherwise as
    /// in `finish`. The content is as it was.
    pub fn hand_over(&self, ranges: &[ByteRange]) -> Result<(), FinishError> {
        let inner = &*self.inner;
        let path = inner.place.pack(self.id().as_bytes());
        let pack_error = |source| FinishError::Pack { path: path.clone(), source };
        self.check_ranges(ranges)?;
        let pack = PartFile::open(&path).map_err(|error| {
            pack_error(match error {
                PartError::Busy => io::ErrorKind::WouldBlock.into(),
                PartError::Foreign => io::ErrorKind::AlreadyExists.into(),
                PartError::Io(source) => source,
            })
        })?;
        let placed = self.pack(ranges, &pack).and_then(|()| self.place_pack(&pack));
        if let Err(error) = placed {
            let _ = pack.remove(); // a leftover costs room, nothing else, and is written anew
            return Err(error);
        }
        Ok(())
    }

    fn check_ranges(&self, ranges: &[ByteRange]) -> Result<(), FinishError> {
        let (layout, have, path) = (self.layout(), self.have(), self.destination());
        let pieces: Option<Vec<_>> = ranges.iter().map(|range| layout.pieces_of(*range)).collect();
        let Some(pieces) = pieces else { return Err(FinishError::Range { path: path.to_owned() }) };
        let missing = Wanted::of(pieces.iter().copied()).pieces().filter(|piece| !have.has(*piece)).count();
        let missing = u32::try_from(missing).expect("no more than the content has");
        match missing {
            0 => Ok(()),
            _ => {
                Err(FinishError::Incomplete { path: path.to_owned(), missing, pieces: layout.piece_count() })
            }
        }
    }

    fn pack(&self, ranges: &[ByteRange], pack: &PartFile) -> Result<(), FinishError> {
        let pack_error = |source| FinishError::Pack { path: pack.path().to_owned(), source };
        let size = ranges.iter().map(|range| range.size()).sum();
        pack.file().set_len(0).and_then(|()| disk::promise(pack.file(), size)).map_err(pack_error)?;
        let layout = self.layout();
        // Ranges are often in one piece: it is read and hashed once.
        let mut last: Option<(PieceIndex, Bytes)> = None;
        let mut to = 0;
        for range in ranges {
            for piece in layout.pieces_of(*range).into_iter().flat_map(|pieces| pieces.pieces()) {
                let bytes = match last.take() {
                    Some((known, bytes)) if known == piece => bytes,
                    _ => self.read_hashed(piece)?,
                };
                let of_piece = layout.range_of(piece);
                let cut = |at: u64| {
                    let inside = at.clamp(of_piece.start(), of_piece.end()) - of_piece.start();
                    usize::try_from(inside).expect("no piece is larger than 16 MiB")
                };
                let part = bytes.slice(cut(range.start())..cut(range.end()));
                pack.file().write_all_at(&part, to).map_err(pack_error)?;
                to += part.len() as u64;
                last = Some((piece, bytes));
            }
        }
        pack.file().set_len(to).and_then(|()| pack.file().sync_data()).map_err(pack_error)
    }

    /// A piece of which every byte was hashed just now.
    fn read_hashed(&self, piece: PieceIndex) -> Result<Bytes, FinishError> {
        let inner = &*self.inner;
        let read = || -> Result<Option<Bytes>, ReadError> {
            let bytes = self.read(piece, 0, self.layout().size_of(piece))?;
            let recorded = inner.records.get(piece.get());
            let recorded = recorded
                .map_err(|source| ReadError::File { path: inner.records.path().to_owned(), source })?;
            Ok((recorded == Some(*blake3::hash(&bytes).as_bytes())).then_some(bytes))
        };
        let changed = |path| FinishError::Changed { path, piece };
        match read() {
            Ok(Some(bytes)) => Ok(bytes),
            Err(ReadError::File { path, source }) if source.kind() != io::ErrorKind::UnexpectedEof => {
                Err(FinishError::Pack { path, source })
            }
            _ => {
                inner.forget(piece);
                Err(changed(self.destination().to_owned()))
            }
        }
    }

    fn place_pack(&self, pack: &PartFile) -> Result<(), FinishError> {
        let inner = &*self.inner;
        let rename_error = |source| FinishError::Rename { path: self.destination().to_owned(), source };
        let id = pack.file().metadata().map(|meta| FileId::from(&meta)).map_err(rename_error)?;
        // Told beforehand, so that whoever is killed behind the rename is not asked to do it again.
        inner.note_handing_over(id).map_err(rename_error)?;
        self.take_name(pack)?;
        disk::sync_directory(inner.place.dir()).map_err(rename_error)
    }
}
