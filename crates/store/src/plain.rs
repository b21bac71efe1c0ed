//! A download without a manifest: bytes in order, of known or unknown length, resumed where it ended.
//!
//! There are no piece hashes, so nothing here is ever shared with peers. What can be promised is that the bytes of
//! two versions are never mixed: what was received belongs to one URL and one validator (`ETag` or `Last-Modified`),
//! and without a validator nothing is resumed. Blocks of 16 MiB are recorded by a BLAKE3 that is keyed with both; the
//! bytes behind the last whole block count only within the epoch in which they were written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::buffer::BUFFER;
use crate::content::{DiscardError, FinishError, WriteError, write_error};
use crate::disk;
use crate::epoch::Epoch;
use crate::header::{path_from_text, path_to_text};
use crate::part::PartFile;
use crate::place::Place;
use crate::placeholder::{Placeholder, Taking};
use crate::record::{DIGEST, Records, read_up_to};
use crate::stamp::FileId;

/// A file that grows at its end until it takes the destination's name. Dropping it keeps it for the next time.
#[derive(Debug)]
pub struct PlainPart {
    place: Place,
    how: BeginPlain,
    part: PartFile,
    records: Records,
    header: PlainHeader,
    received: u64,
    /// Hashes the block that is being received.
    block: blake3::Hasher,
}

/// How a plain download treats what it finds, and what it must be in the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct BeginPlain {
    /// Whether a file at the destination is replaced, by the final rename. Default: no.
    pub force: bool,
    /// An empty file that was made at the destination for this download: it counts as nothing, and is replaced.
    pub placeholder: Option<Placeholder>,
    /// SHA-256 that the whole file must have. Default: any.
    pub sha256: Option<[u8; 32]>,
}

impl BeginPlain {
    pub(crate) fn taking(self) -> Taking {
        Taking { force: self.force, placeholder: self.placeholder }
    }
}

/// Why a plain download was not finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FinishPlainError {
    /// It is not the file that was asked for. It has been removed.
    #[error("{} was to have sha-256 {}, the origin sent {}", path.display(), HEXLOWER.encode(want), HEXLOWER.encode(got))]
    Sha256 {
        /// The destination, where nothing was put.
        path: PathBuf,
        /// What was asked for.
        want: [u8; 32],
        /// What came.
        got: [u8; 32],
    },
    /// It cannot be read again.
    #[error("could not read {}", path.display())]
    Read {
        /// The part file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It did not get to its place.
    #[error(transparent)]
    Finish(#[from] FinishError),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct PlainHeader {
    url: String,
    #[serde(serialize_with = "path_to_text", deserialize_with = "path_from_text")]
    destination: PathBuf,
    epoch: Option<Epoch>,
    id: FileId,
    validator: Option<String>,
    /// Bytes of the whole file, once all of them are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<u64>,
}

impl PlainPart {
    /// Takes over a part file and finds out what of it belongs to this URL and can be believed.
    pub(crate) fn resume(
        url: &str,
        place: Place,
        how: BeginPlain,
        part: PartFile,
        records: Records,
    ) -> io::Result<Self> {
        let url = PlainHeader::name(url);
        let (epoch, id) = (Epoch::of(part.file()), FileId::from(&part.file().metadata()?));
        let recorded = records.header::<PlainHeader>().filter(|header| {
            header.url == url && header.destination == place.path() && header.id == id && !part.is_new()
        });
        let validator = recorded.as_ref().and_then(|header| header.validator.clone());
        let held = recorded.as_ref().and_then(|header| header.held);
        let same_epoch = recorded.is_some_and(|header| header.epoch.is_some() && header.epoch == epoch);
        let destination = place.path().to_owned();
        let header = PlainHeader { url, destination, epoch, id, validator, held };
        let block = header.block_hasher();
        let mut plain = Self { place, how, part, records, header, received: 0, block };
        if plain.header.validator.is_some() || held.is_some() {
            plain.believe(same_epoch)?;
            plain.header.held = held.filter(|held| *held == plain.received);
        }
        if plain.header.validator.is_some() || plain.is_held() {
            plain.part.file().set_len(plain.received)?;
            plain.records.set_header(&plain.header)?;
        } else {
            plain.start_anew()?;
        }
        Ok(plain)
    }

    /// Bytes received so far: where the next [`append`](Self::append) writes.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// What the origin called the version of which bytes were received. Send it along when the rest is asked for.
    pub fn validator(&self) -> Option<&str> {
        self.header.validator.as_deref()
    }

    /// Whether all of it is here, as [`hold`](Self::hold) found.
    pub fn is_held(&self) -> bool {
        self.header.held.is_some()
    }

    /// All of it is here, and [checked](Self::check): brings it to the disk, where it stays until [`finish`](Self::finish) or
    /// [`discard`](Self::discard), over restarts and also if no validator names its version.
    ///
    /// # Errors
    /// When it cannot be brought to the disk, or that not be recorded.
    pub fn hold(&mut self) -> Result<(), WriteError> {
        let hold = |plain: &mut Self| -> io::Result<()> {
            plain.part.file().set_len(plain.received)?;
            plain.part.file().sync_data()?;
            // The end of the file is less than a block, and after a power loss only blocks are believed.
            if !plain.received.is_multiple_of(BLOCK) {
                plain.records.set(plain.block_index(), plain.block.finalize().as_bytes())?;
            }
            plain.header.held = Some(plain.received);
            plain.records.set_header(&plain.header)?;
            plain.records.file().sync_data()
        };
        hold(self).map_err(|source| self.write_error(0, source))
    }

    /// The part file, open for reading what was received. Stays open when the file takes its name.
    ///
    /// # Errors
    /// What the file system says.
    pub fn reader(&self) -> io::Result<File> {
        File::open(self.part.path())
    }

    /// Where it stands when it is finished; absolute.
    pub fn destination(&self) -> &Path {
        self.place.path()
    }

    /// Drops what was received: what comes from now on is the version that `validator` names. To be called before
    /// the first bytes too.
    ///
    /// A validator over [`VALIDATOR_MAX`] counts as none; without one, an interrupted download starts anew.
    ///
    /// # Errors
    /// When the file cannot be cut or the record not written.
    pub fn restart(&mut self, validator: Option<&str>) -> Result<(), WriteError> {
        self.header.validator = validator.filter(|text| text.len() <= VALIDATOR_MAX).map(str::to_owned);
        self.start_anew().map_err(|source| self.write_error(0, source))
    }

    /// Takes room for a file of `size` bytes, so that a full disk is found now.
    ///
    /// # Errors
    /// [`WriteError::Full`]; what was received is kept.
    pub fn expect(&self, size: u64) -> Result<(), WriteError> {
        let room = if size > self.received { disk::promise(self.part.file(), size) } else { Ok(()) };
        room.map_err(|source| self.write_error(size - self.received, source))
    }

    /// Writes bytes behind those received.
    ///
    /// # Errors
    /// When the disk is full or broken; [`received`](Self::received) says how much was taken of them.
    pub fn append(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        while !bytes.is_empty() {
            let room = usize::try_from(BLOCK - self.received % BLOCK).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            let written = self.part.file().write_all_at(now, self.received);
            written.map_err(|source| self.write_error(now.len() as u64, source))?;
            let counted = self.count(now);
            counted.map_err(|source| {
                write_error(self.records.path(), self.records.file(), DIGEST as u64, source)
            })?;
            bytes = later;
        }
        Ok(())
    }

    /// From now on the end replaces whatever stands at the destination.
    pub fn allow_replacing(&mut self) {
        self.how.force = true;
    }

    /// Compares the SHA-256 asked for with what was received. Reads all of it.
    ///
    /// # Errors
    /// [`FinishPlainError::Sha256`], with the part file gone.
    pub fn check(&self) -> Result<(), FinishPlainError> {
        if let Some(want) = self.how.sha256 {
            let path = self.part.path().to_owned();
            let got = sha256_of(self.part.file(), self.received)
                .map_err(|source| FinishPlainError::Read { path, source })?;
            if got != want {
                let path = self.destination().to_owned();
                let _ = self.discard(); // what stays is other bytes for the next attempt to find out about
                return Err(FinishPlainError::Sha256 { path, want, got });
            }
        }
        Ok(())
    }

    /// Gives the file its name, after the SHA-256 asked for has been compared. May be called again after an error, and
    /// once only without.
    ///
    /// # Errors
    /// [`FinishPlainError::Sha256`], with nothing at the destination and the part file gone; otherwise the part file
    /// is kept.
    pub fn finish(&self) -> Result<(), FinishPlainError> {
        if !self.is_held() {
            self.check()?;
        }
        let sync_error = |source| FinishError::Sync { path: self.part.path().to_owned(), source };
        let cut = self.part.file().set_len(self.received);
        cut.and_then(|()| self.part.file().sync_data()).map_err(sync_error)?;
        let rename_error = |source| FinishError::Rename { path: self.destination().to_owned(), source };
        if !self.part.is_at_its_path().map_err(rename_error)? {
            return Err(FinishError::PartGone { path: self.part.path().to_owned() }.into());
        }
        match self.how.taking().take(self.part.path(), self.destination()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(FinishError::Exists { path: self.destination().to_owned() }.into());
            }
            other => other.map_err(rename_error)?,
        }
        let _ = self.records.remove(); // it names a part file that is no more
        Ok(disk::sync_directory(self.place.dir()).map_err(rename_error)?)
    }

    /// Removes the part file and its record.
    ///
    /// # Errors
    /// When one of them cannot be removed.
    pub fn discard(&self) -> Result<(), DiscardError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| DiscardError { path, source }
        };
        self.records.remove().map_err(failed(self.records.path()))?;
        self.part.remove().map_err(failed(self.part.path()))
    }

    fn start_anew(&mut self) -> io::Result<()> {
        self.received = 0;
        self.header.held = None;
        self.block = self.header.block_hasher();
        self.part.file().set_len(0)?;
        self.records.reset()?;
        self.records.set_header(&self.header)
    }

    /// Goes through the file block by block up to the first that is not what was recorded.
    fn believe(&mut self, same_epoch: bool) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
        loop {
            let (start, before) = (self.received, self.block.clone());
            let recorded = self.records.get(self.block_index())?;
            while self.received < start + BLOCK {
                let read = read_up_to(self.part.file(), &mut buffer, self.received)?;
                self.block.update(&buffer[..read]);
                self.received += read as u64;
                if read < BUFFER {
                    break;
                }
            }
            // The last block of a held file may be short.
            let whole = self.received == start + BLOCK || self.header.held == Some(self.received);
            let digest = *self.block.finalize().as_bytes();
            let believed = match recorded {
                Some(recorded) => whole && recorded == digest,
                // Killed before it could be recorded; a power loss may have damaged it.
                None => same_epoch,
            };
            if !believed {
                (self.received, self.block) = (start, before);
            }
            if !(believed && self.received == start + BLOCK) {
                return Ok(());
            }
            self.block = self.header.block_hasher();
            self.records.set(self.block_index() - 1, &digest)?;
        }
    }

    /// Bytes have been written at the end.
    fn count(&mut self, bytes: &[u8]) -> io::Result<()> {
        let index = self.block_index();
        self.block.update(bytes);
        self.received += bytes.len() as u64;
        if self.received.is_multiple_of(BLOCK) {
            let digest = *self.block.finalize().as_bytes();
            self.block = self.header.block_hasher();
            self.records.set(index, &digest)?;
        }
        Ok(())
    }

    /// The block that is being received.
    fn block_index(&self) -> u32 {
        u32::try_from(self.received / BLOCK).expect("no file system holds 2^56 bytes in a file")
    }

    /// Names the destination, which people know; the part file is ours.
    fn write_error(&self, needed: u64, source: io::Error) -> WriteError {
        write_error(self.destination(), self.part.file(), needed, source)
    }
}

impl PlainHeader {
    /// How a URL is kept: it may hold credentials.
    fn name(url: &str) -> String {
        HEXLOWER.encode(blake3::hash(url.as_bytes()).as_bytes())
    }

    /// Whether the file at its destination is the one that was received from this URL and held.
    pub(crate) fn was_handed_over(&self, url: &str, place: &Place) -> bool {
        let is_it =
            || std::fs::symlink_metadata(place.path()).is_ok_and(|meta| FileId::from(&meta) == self.id);
        self.held.is_some() && self.url == Self::name(url) && self.destination == place.path() && is_it()
    }

    /// Blocks of another version, or of another URL, never match a record of this one.
    fn block_hasher(&self) -> blake3::Hasher {
        let validator = self.validator.as_deref().unwrap_or_default();
        let version = blake3::hash(format!("{} {validator}", self.url).as_bytes());
        blake3::Hasher::new_keyed(version.as_bytes())
    }
}

/// SHA-256 of the first `len` bytes of a file, on the calling thread.
pub(crate) fn sha256_of(file: &File, len: u64) -> io::Result<[u8; 32]> {
    let mut sha = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut at = 0;
    while at < len {
        let want = usize::try_from(len - at).unwrap_or(usize::MAX).min(buffer.len());
        file.read_exact_at(&mut buffer[..want], at)?;
        sha.update(&buffer[..want]);
        at += want as u64;
    }
    Ok(sha.finalize().into())
}

/// Longest validator that is kept: 1 KiB.
pub const VALIDATOR_MAX: usize = 1 << 10;
/// Bytes under one record: 16 MiB, the most that a power loss takes beside what the disk had not yet got.
const BLOCK: u64 = 16 << 20;
