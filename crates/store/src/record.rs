//! A record file in the state directory: a small header and one BLAKE3 digest per piece or block.
//!
//! A digest is written with one call right after the bytes it speaks of, and lies inside one page, so a killed
//! process leaves it whole or absent. The header carries its own checksum: whatever else happened to it, it reads as
//! absent. Which records to believe is decided by who reads them.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::disk::{self, Room};

/// BLAKE3 of a piece or block. All zeros stands for none, which no bytes hash to.
pub(crate) type Digest = [u8; DIGEST];

/// A header and a table of digests, open for reading and writing.
#[derive(Debug)]
pub(crate) struct Records {
    file: File,
    path: PathBuf,
}

impl Records {
    /// Opens the file, or creates it empty.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file =
            File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Opens the file if there is one.
    pub(crate) fn open_existing(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// What [`set_header`](Self::set_header) wrote; `None` if it is damaged, of another kind, or was never written.
    pub(crate) fn header<H: DeserializeOwned>(&self) -> Option<H> {
        let mut region = vec![0; HEADER];
        let read = read_up_to(&self.file, &mut region, 0).ok()?;
        let (magic, rest) = region[..read].split_first_chunk::<8>()?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let (digest, rest) = rest.split_first_chunk::<DIGEST>()?;
        let json = rest.get(..u32::from_le_bytes(*len) as usize)?;
        (magic == MAGIC && blake3::hash(json).as_bytes() == digest).then_some(())?;
        serde_json::from_slice(json).ok()
    }

    /// Replaces the header with one write.
    pub(crate) fn set_header<H: Serialize>(&self, header: &H) -> io::Result<()> {
        let json = serde_json::to_vec(header)?;
        let len = u32::try_from(json.len()).ok().filter(|len| *len as usize <= HEADER - PREFIX);
        let len = len.ok_or(io::ErrorKind::InvalidInput)?;
        let region =
            [&MAGIC[..], &len.to_le_bytes()[..], &blake3::hash(&json).as_bytes()[..], &json[..]].concat();
        self.file.write_all_at(&region, 0)
    }

    /// Forgets header and digests.
    pub(crate) fn reset(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// Makes room for `count` digests, so that a full disk is found now.
    pub(crate) fn reserve(&self, count: u32) -> io::Result<()> {
        disk::make_room(&self.file, offset_of(count), Room::Promised)
    }

    /// The digest at `index`, if there is one.
    pub(crate) fn get(&self, index: u32) -> io::Result<Option<Digest>> {
        let mut digest = [0; DIGEST];
        let read = read_up_to(&self.file, &mut digest, offset_of(index))?;
        Ok((read == DIGEST && digest != NONE).then_some(digest))
    }

    pub(crate) fn set(&self, index: u32, digest: &Digest) -> io::Result<()> {
        self.file.write_all_at(digest, offset_of(index))
    }

    pub(crate) fn clear(&self, index: u32) -> io::Result<()> {
        self.set(index, &NONE)
    }

    /// Replaces all digests; the header is left alone.
    pub(crate) fn set_all(&self, digests: &[Digest]) -> io::Result<()> {
        self.file.write_all_at(digests.as_flattened(), offset_of(0))
    }

    /// Calls `found` for every digest among the first `count`, ascending.
    pub(crate) fn scan(&self, count: u32, mut found: impl FnMut(u32)) -> io::Result<()> {
        let mut buffer = vec![0; SCAN as usize * DIGEST];
        for first in (0..count).step_by(SCAN as usize) {
            let want = (count - first).min(SCAN) as usize * DIGEST;
            let read = read_up_to(&self.file, &mut buffer[..want], offset_of(first))?;
            let (digests, _) = buffer[..read].as_chunks::<DIGEST>();
            (first..).zip(digests).filter(|(_, digest)| **digest != NONE).for_each(|(index, _)| found(index));
        }
        Ok(())
    }

    /// Deletes the file, if it is still there.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

/// Fills the buffer from `at` on, or as much of it as the file has.
pub(crate) fn read_up_to(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Where the digest at `index` stands.
pub(crate) const fn offset_of(index: u32) -> u64 {
    HEADER as u64 + index as u64 * DIGEST as u64
}

const MAGIC: &[u8; 8] = b"SWRLREC1";
/// Bytes of a digest.
pub(crate) const DIGEST: usize = 32;
const NONE: Digest = [0; DIGEST];
/// Magic, length and checksum.
const PREFIX: usize = 8 + 4 + DIGEST;
/// Room for the header: a path of 4 KiB in base64 and more. Digests behind it never cross a page.
const HEADER: usize = 16 << 10;
/// Digests read at once: 64 KiB.
const SCAN: u32 = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> (tempfile::TempDir, Records) {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open(&dir.path().join("r")).unwrap();
        (dir, records)
    }

    #[test]
    fn header_and_digests_come_back_as_they_were() {
        let (_dir, records) = records();
        records.set_header(&"first, longer").unwrap();
        records.set_header(&"second").unwrap();
        records.reserve(5000).unwrap();
        for index in [0, 2047, 2048, 4999] {
            records.set(index, &[7; 32]).unwrap();
        }
        records.clear(2047).unwrap();
        let mut found = vec![];
        records.scan(5000, |index| found.push(index)).unwrap();
        assert_eq!(found, [0, 2048, 4999]);
        assert_eq!(records.header::<String>().as_deref(), Some("second"));
        assert_eq!((records.get(0).unwrap(), records.get(1).unwrap()), (Some([7; 32]), None));
        assert_eq!(records.get(1 << 19).unwrap(), None);
    }

    #[test]
    fn any_flipped_byte_makes_the_header_absent() {
        let (_dir, records) = records();
        records.set_header(&"header").unwrap();
        for at in 0..(PREFIX + 8) as u64 {
            let mut byte = [0];
            records.file.read_exact_at(&mut byte, at).unwrap();
            records.file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
            assert_eq!(records.header::<String>(), None, "byte {at}");
            records.file.write_all_at(&byte, at).unwrap();
        }
        assert!(records.header::<String>().is_some());
        records.file.set_len(PREFIX as u64 + 3).unwrap();
        assert_eq!(records.header::<String>(), None);
    }

    #[test]
    fn a_header_too_long_is_refused_before_it_reaches_the_digests() {
        let (_dir, records) = records();
        assert!(records.set_header(&"x".repeat(HEADER - PREFIX - 2)).is_ok());
        assert!(records.set_header(&"x".repeat(HEADER - PREFIX - 1)).is_err());
    }
}
