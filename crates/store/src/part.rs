//! The part file: hidden beside the destination, written by one process at a time, never somebody else's file.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::lock::Locked;
use crate::stamp::{FileId, leads_nowhere};

/// Why a part file cannot be had.
#[derive(Debug)]
pub(crate) enum PartError {
    /// Another process, or another transfer of this one, writes it.
    Busy,
    /// Somebody else's file stands under its name: a link, another owner, more than one name.
    Foreign,
    Io(io::Error),
}

/// A part file that nobody else writes while this lives. Dropping it keeps the file.
#[derive(Debug)]
pub(crate) struct PartFile {
    file: Locked,
    path: PathBuf,
    created: bool,
}

impl PartFile {
    /// Opens the part file and locks it, or creates it.
    ///
    /// Its name can be guessed and the directory may be shared, so a planted link is not followed and a file that
    /// is not ours alone is not touched.
    pub(crate) fn open(path: &Path) -> Result<Self, PartError> {
        for _ in 0..OPEN_ATTEMPTS {
            let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
            let (file, created) = match rustix::fs::open(
                path,
                flags | OFlags::CREATE | OFlags::EXCL,
                Mode::from_raw_mode(0o666),
            ) {
                Ok(file) => (File::from(file), true),
                Err(rustix::io::Errno::EXIST) => match rustix::fs::open(path, flags, Mode::empty()) {
                    Ok(file) => (File::from(file), false),
                    Err(rustix::io::Errno::NOENT) => continue,
                    Err(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO) => return Err(PartError::Foreign),
                    Err(error) => return Err(PartError::Io(error.into())),
                },
                Err(error) => return Err(PartError::Io(error.into())),
            };
            if let Some(part) = Self::lock(file, path, created)? {
                return Ok(part);
            }
        }
        Err(PartError::Busy)
    }

    /// Takes the lock of an opened file; `None` if the path no longer leads to it, for the process that held the
    /// lock may have renamed or removed the file before it let go.
    fn lock(file: File, path: &Path, created: bool) -> Result<Option<Self>, PartError> {
        let file = Locked::new(file).map_err(|error| match error {
            TryLockError::WouldBlock => PartError::Busy,
            TryLockError::Error(error) => PartError::Io(error),
        })?;
        let part = Self { file, path: path.to_owned(), created };
        if !part.is_at_its_path().map_err(PartError::Io)? {
            return Ok(None);
        }
        if part.is_ours_alone().map_err(PartError::Io)? { Ok(Some(part)) } else { Err(PartError::Foreign) }
    }

    /// Removes a part file that nobody writes any more, if there is one.
    pub(crate) fn remove_leftover(path: &Path) {
        if path.symlink_metadata().is_ok()
            && let Ok(part) = Self::open(path)
        {
            let _ = part.remove(); // an orphan costs room, nothing else
        }
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether [`open`](Self::open) made it.
    pub(crate) fn is_new(&self) -> bool {
        self.created
    }

    /// Whether the path still leads to this file: only then may it be renamed or removed by name.
    pub(crate) fn is_at_its_path(&self) -> io::Result<bool> {
        let here = FileId::from(&self.file.metadata()?);
        match std::fs::symlink_metadata(&self.path) {
            Ok(meta) => Ok(FileId::from(&meta) == here),
            Err(error) if leads_nowhere(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes the file. Its lock is let go afterwards, so nobody takes it for resumable.
    pub(crate) fn remove(&self) -> io::Result<()> {
        if self.is_at_its_path()? { std::fs::remove_file(&self.path) } else { Ok(()) }
    }

    fn is_ours_alone(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        let meta = self.file.metadata()?;
        let ours = self.created || meta.uid() == rustix::process::geteuid().as_raw();
        Ok(meta.is_file() && meta.nlink() == 1 && ours)
    }
}

/// How often a part file may vanish between opening and locking; each time another process has come to its end.
const OPEN_ATTEMPTS: usize = 16;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_part_file_has_one_writer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("part");
        let first = PartFile::open(&path).unwrap();
        assert!(first.is_new());
        assert!(matches!(PartFile::open(&path), Err(PartError::Busy)));
        drop(first);
        let second = PartFile::open(&path).unwrap();
        assert!(!second.is_new());
        std::fs::rename(&path, dir.path().join("destination")).unwrap();
        assert!(PartFile::open(&path).unwrap().is_new(), "a name that was taken away is free");
        std::fs::write(&path, "").unwrap();
        second.remove().unwrap();
        assert!(path.exists(), "a file that is not ours any more is left alone");
    }

    #[test]
    fn a_part_file_that_was_finished_before_it_could_be_locked_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("part");
        let opened = File::create(&path).unwrap();
        std::fs::rename(&path, dir.path().join("destination")).unwrap();
        assert!(PartFile::lock(opened, &path, false).unwrap().is_none());
    }

    #[test]
    fn a_planted_link_is_not_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let (victim, part) = (dir.path().join("victim"), dir.path().join("part"));
        std::fs::write(&victim, "precious").unwrap();
        symlink(&victim, &part).unwrap();
        assert!(matches!(PartFile::open(&part), Err(PartError::Foreign)));
        std::fs::remove_file(&part).unwrap();
        std::fs::hard_link(&victim, &part).unwrap();
        assert!(matches!(PartFile::open(&part), Err(PartError::Foreign)));
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    }
}
