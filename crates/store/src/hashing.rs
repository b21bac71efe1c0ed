//! Hashing files on all cores: each worker takes the next piece and reads it itself, with one buffer of its own.
//! Bound by the disk or by SHA-256.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use swarmline_proto::Manifest;
use swarmline_types::{LayoutError, PieceHash, PieceIndex, PieceLayout};

use crate::buffer::BUFFER;
use crate::record::{Digest, read_up_to};
use crate::stamp::Stamp;

/// Why a file did not become a manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// It cannot be opened.
    #[error("could not open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is a directory, a device or something else without a length.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// What is none.
        path: PathBuf,
    },
    /// It cannot be read to its end.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody wrote to it meanwhile, so the digests may be of bytes that never were there together.
    #[error("{} changed while it was read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Its length and the piece size make no layout.
    #[error("{} cannot be cut into pieces", path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// Which bound is broken.
        source: LayoutError,
    },
}

/// Makes the manifest of a file, on all cores.
///
/// `progress` gets the bytes hashed since its last call, from several threads, about once per MiB.
///
/// # Errors
/// When the file cannot be read, is none, cannot be cut with this piece size, or changes meanwhile.
pub fn hash_file(
    path: &Path,
    piece_size: u32,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Manifest, HashError> {
    let read_error = |source| HashError::Read { path: path.to_owned(), source };
    let file = open_regular(path)
        .map_err(|source| HashError::Open { path: path.to_owned(), source })?
        .ok_or_else(|| HashError::NotAFile { path: path.to_owned() })?;
    let before = Stamp::of(&file).map_err(read_error)?;
    let layout = PieceLayout::new(before.size, piece_size)
        .map_err(|source| HashError::Layout { path: path.to_owned(), source })?;

    let digests = Mutex::new(vec![PieceHash::new([0; 32]); layout.piece_count() as usize]);
    let hashed = for_each_piece(&layout, |piece, buffer| {
        let mut sha = Sha256::new();
        read_piece(&file, &layout, piece, buffer, |slice| {
            sha.update(slice);
            progress(slice.len() as u64);
        })?;
        let digest = PieceHash::new(sha.finalize().into());
        digests.lock().unwrap_or_else(PoisonError::into_inner)[piece.as_usize()] = digest;
        Ok(())
    });
    // A file cut short while it is read ends before its pieces do: that is a change, not a failure to read.
    if Stamp::of(&file).map_err(read_error)? != before {
        return Err(HashError::Changed { path: path.to_owned() });
    }
    hashed.map_err(read_error)?;
    let digests = digests.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Manifest::from_digests(layout, digests).expect("there is one digest for each piece of the layout"))
}

/// Opens a file for reading; `None` if it is not a regular one. Does not wait for the other end of a pipe.
pub(crate) fn open_regular(path: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    Ok(file.metadata()?.is_file().then_some(file))
}

/// Both hashes of bytes in memory, taken slice by slice so that the second finds them in the cache.
pub(crate) fn both_hashes(parts: &[Bytes]) -> (PieceHash, Digest) {
    let mut both = Both::default();
    parts.iter().flat_map(|part| part.chunks(CACHED)).for_each(|slice| both.update(slice));
    both.finish()
}

/// SHA-256 and BLAKE3 side by side.
#[derive(Default)]
pub(crate) struct Both {
    sha: Sha256,
    blake: blake3::Hasher,
}

impl Both {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        for slice in bytes.chunks(CACHED) {
            self.sha.update(slice);
            self.blake.update(slice);
        }
    }

    pub(crate) fn finish(self) -> (PieceHash, Digest) {
        (PieceHash::new(self.sha.finalize().into()), *self.blake.finalize().as_bytes())
    }
}

/// Reads a piece in slices of the buffer; `UnexpectedEof` if the file ends inside it.
pub(crate) fn read_piece(
    file: &File,
    layout: &PieceLayout,
    piece: PieceIndex,
    buffer: &mut [u8],
    mut slice: impl FnMut(&[u8]),
) -> io::Result<()> {
    let range = layout.range_of(piece);
    let mut at = range.start();
    while at < range.end() {
        let want = usize::try_from(range.end() - at).unwrap_or(usize::MAX).min(buffer.len());
        if read_up_to(file, &mut buffer[..want], at)? < want {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        slice(&buffer[..want]);
        at += want as u64;
    }
    Ok(())
}

/// BLAKE3 of a piece as it lies in the file; `None` if the file ends inside it.
pub(crate) fn blake3_of_piece(
    file: &File,
    layout: &PieceLayout,
    piece: PieceIndex,
    buffer: &mut [u8],
) -> io::Result<Option<Digest>> {
    let mut hasher = blake3::Hasher::new();
    match read_piece(file, layout, piece, buffer, |slice| _ = hasher.update(slice)) {
        Ok(()) => Ok(Some(*hasher.finalize().as_bytes())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Calls `work` once for every piece, in ascending order of beginning, with a buffer of [`BUFFER`] bytes.
///
/// The first error ends it; pieces begun by then are worked to their end.
pub(crate) fn for_each_piece<E: Send>(
    layout: &PieceLayout,
    work: impl Fn(PieceIndex, &mut [u8]) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let next = AtomicU32::new(0);
    let failed = AtomicBool::new(false);
    let first_error = Mutex::new(None);
    let worker = || {
        let mut buffer = vec![0; BUFFER];
        while !failed.load(Ordering::Relaxed) {
            let Some(piece) = layout.piece(next.fetch_add(1, Ordering::Relaxed)) else { break };
            if let Err(error) = work(piece, &mut buffer) {
                failed.store(true, Ordering::Relaxed);
                first_error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, |cores| cores.get()).min(WORKERS_MAX);
    let workers = workers.min(layout.piece_count() as usize);
    thread::scope(|scope| {
        for _ in 1..workers {
            // Fewer workers than cores are slower, nothing else.
            let _ = thread::Builder::new().name("hash".into()).spawn_scoped(scope, worker);
        }
        worker();
    });
    first_error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// Most workers on one file, so at most 32 MiB of buffers.
const WORKERS_MAX: usize = 32;
/// A slice that stays in a core's second-level cache while two hashes go over it.
const CACHED: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;
    use std::sync::atomic::AtomicU64;

    use super::*;

    const PIECE: u32 = 1 << 14;

    fn file_of(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn each_piece_gets_the_hash_of_its_bytes() {
        let piece = PIECE as usize;
        for len in [0, 1, piece - 1, piece, piece + 1, 9 * piece + 5] {
            let bytes: Vec<u8> = (0..len).map(|at| (at / 100).to_le_bytes()[0]).collect();
            let progress = AtomicU64::new(0);
            let manifest = hash_file(file_of(&bytes).path(), PIECE, &|more| {
                progress.fetch_add(more, Ordering::Relaxed);
            });
            let want: Vec<_> =
                bytes.chunks(piece).map(|piece| PieceHash::new(Sha256::digest(piece).into())).collect();
            assert_eq!(manifest.unwrap().digests(), want);
            assert_eq!(progress.into_inner(), len as u64);
        }
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_makes_no_manifest() {
        let file = file_of(&[1; 3 << 14]);
        // the seal makes the change visible inside one tick of the kernel's clock
        crate::stamp::seal(file.as_file()).unwrap();
        let edited = hash_file(file.path(), PIECE, &|_| file.as_file().write_all_at(b"x", 0).unwrap());
        assert!(matches!(edited, Err(HashError::Changed { .. })), "{edited:?}");
        let cut = hash_file(file.path(), PIECE, &|_| file.as_file().set_len(5).unwrap());
        assert!(matches!(cut, Err(HashError::Changed { .. })), "{cut:?}");
    }

    #[test]
    fn what_is_no_file_is_told_apart_from_what_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(hash_file(dir.path(), PIECE, &|_| ()), Err(HashError::NotAFile { .. })));
        let missing = hash_file(&dir.path().join("none"), PIECE, &|_| ());
        assert!(matches!(missing, Err(HashError::Open { .. })));
        assert!(matches!(hash_file(file_of(b"").path(), 3, &|_| ()), Err(HashError::Layout { .. })));
    }

    #[test]
    fn the_error_of_one_piece_is_the_result() {
        let layout = PieceLayout::new(1 << 24, PIECE).unwrap();
        let result = for_each_piece(&layout, |piece, _| if piece.get() == 3 { Err("stop") } else { Ok(()) });
        assert_eq!(result, Err("stop"));
        assert_eq!(for_each_piece(&layout, |_, _| Ok::<(), ()>(())), Ok(()));
    }
}
