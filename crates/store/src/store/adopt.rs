//! Files that are already there: verified against a manifest, then served like a finished download.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use swarmline_proto::Manifest;
use swarmline_types::PieceIndex;

use super::Store;
use crate::content::Content;
use crate::content::resume::recorded_pieces;
use crate::epoch::Epoch;
use crate::hashing::{Both, for_each_piece, read_piece};
use crate::header::{Header, Phase};
use crate::place::{Place, PlaceError, Standing};
use crate::record::Records;
use crate::stamp::Stamp;

/// Why a file is not offered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// Nothing can stand there.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// There is no file.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// It is longer or shorter than the manifest says.
    #[error("{} has {got} bytes, its manifest says {want}", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Bytes by the manifest.
        want: u64,
        /// Bytes of the file.
        got: u64,
    },
    /// A piece has another hash than the manifest says; others may too.
    #[error("{} differs from its manifest in piece {piece}", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// A piece that differs.
        piece: PieceIndex,
    },
    /// Somebody wrote to it meanwhile.
    #[error("{} changed while it was read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What was learnt cannot be kept.
    #[error("could not write {}", path.display())]
    Record {
        /// The have-map or the manifest's copy.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Store {
    /// Verifies a file against a manifest, on all cores, and offers it from where it lies.
    ///
    /// A file that was verified before and not touched since is not read again.
    ///
    /// # Errors
    /// When it is not this content, cannot be read, or changes meanwhile.
    pub fn add(&self, path: &Path, manifest: &Manifest) -> Result<Content, AddError> {
        let place = Place::resolve(path)?;
        let Standing::File(file) = place.look()? else {
            return Err(AddError::Missing { path: place.path().to_owned() });
        };
        self.adopt(manifest, place, file)
    }

    /// Takes over what stands at a place if it is this content.
    pub(super) fn adopt(&self, manifest: &Manifest, place: Place, file: File) -> Result<Content, AddError> {
        let read_error = |source| AddError::Read { path: place.path().to_owned(), source };
        let stamp = Stamp::of(&file).map_err(read_error)?;
        if let Some(content) = self.live(manifest.content(), &place)
            && content.is_finished_as(stamp)
        {
            return Ok(content);
        }
        let path = self.records_path(manifest.content(), &place);
        let record_error = |source| AddError::Record { path: path.clone(), source };
        let known = self.known(manifest, &place, &file, stamp);
        let (records, proven) = match known {
            Some(known) => known,
            None => {
                let now = SystemTime::now();
                let digests = verify(manifest, place.path(), &file, stamp)?;
                let records = Records::open(&path).map_err(record_error)?;
                records.reset().and_then(|()| records.set_all(&digests)).map_err(record_error)?;
                (records, stamp.is_quiet(now))
            }
        };
        let manifest_error =
            |source| AddError::Record { path: self.manifest_path(manifest.content()), source };
        self.keep_manifest(manifest).map_err(manifest_error)?;
        let pool = Arc::clone(&self.inner.pool);
        let content =
            Content::complete(manifest.clone(), place.clone(), (records, pool), (file, stamp), proven);
        let content = content.map_err(record_error)?;
        self.remember(&content, place);
        Ok(content)
    }

    /// Records of exactly this file, complete and with this stamp, and whether they need no further proof.
    fn known(
        &self,
        manifest: &Manifest,
        place: &Place,
        file: &File,
        stamp: Stamp,
    ) -> Option<(Records, bool)> {
        let layout = manifest.layout();
        let records = Records::open_existing(&self.records_path(manifest.content(), place)).ok()?;
        let header: Header = records.header()?;
        let Phase::Finished { epoch, stamp: recorded, proven } = &header.phase else { return None };
        let same_file = *recorded == stamp && header.is_of(manifest.content(), &layout, place.path());
        // After a power loss the file may hold an edit whose stamp was lost: pieces are hashed again as they are read.
        let proven = *proven && epoch.is_some() && *epoch == Epoch::of(file);
        let complete = same_file && recorded_pieces(&records, &layout).ok()?.is_all();
        complete.then_some((records, proven))
    }
}

/// Compares a whole file with a manifest and returns the BLAKE3 of every piece.
fn verify(manifest: &Manifest, path: &Path, file: &File, stamp: Stamp) -> Result<Vec<[u8; 32]>, AddError> {
    let path = || path.to_owned();
    let layout = manifest.layout();
    if stamp.size != layout.content_len() {
        return Err(AddError::Size { path: path(), want: layout.content_len(), got: stamp.size });
    }
    let digests = Mutex::new(vec![[0; 32]; layout.piece_count() as usize]);
    let verified = for_each_piece(&layout, |piece, buffer| {
        let mut both = Both::default();
        read_piece(file, &layout, piece, buffer, |slice| both.update(slice))
            .map_err(|source| AddError::Read { path: path(), source })?;
        let (sha256, blake3) = both.finish();
        if sha256 != manifest.digest(piece) {
            return Err(AddError::Mismatch { path: path(), piece });
        }
        digests.lock().unwrap_or_else(PoisonError::into_inner)[piece.as_usize()] = blake3;
        Ok(())
    });
    // Before the verdict: bytes that were never there together prove nothing, neither way.
    if Stamp::of(file).map_err(|source| AddError::Read { path: path(), source })? != stamp {
        return Err(AddError::Changed { path: path() });
    }
    verified?;
    Ok(digests.into_inner().unwrap_or_else(PoisonError::into_inner))
}
