//! Where a content shall stand, what stands there already, and the part file beside it.
//!
//! A link at the destination counts as what it leads to when the question is whether the content is already
//! complete, and as itself when it is replaced: force takes the link away and never touches the file behind it.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rustix::fs::{Mode, OFlags};

use crate::hashing::open_regular;
use crate::stamp::{FileId, leads_nowhere};

/// Why nothing can be put at a path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// The path ends in `..` or is the root.
    #[error("{} names no file", path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// Its directory is missing, is none, or may not be searched.
    #[error("directory {} cannot be used", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A directory stands there.
    #[error("{} is a directory", path.display())]
    IsDirectory {
        /// The path.
        path: PathBuf,
    },
    /// A device, pipe or socket stands there, which is never replaced.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// What stands there cannot be looked at.
    #[error("could not open {}", path.display())]
    Open {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A destination: a name in a directory that exists, whatever the current directory becomes.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Place {
    dir: PathBuf,
    path: PathBuf,
}

/// What stands at a destination.
#[derive(Debug)]
pub(crate) enum Standing {
    Nothing,
    File(File),
    /// A link that leads nowhere.
    DeadLink,
}

impl Place {
    pub(crate) fn resolve(path: &Path) -> Result<Self, PlaceError> {
        let name = path.file_name().ok_or_else(|| PlaceError::NoName { path: path.to_owned() })?;
        let dir = crate::disk::directory_of(path);
        let unusable = |source| PlaceError::Directory { path: dir.to_owned(), source };
        let dir = dir.canonicalize().map_err(unusable)?;
        if !dir.is_dir() {
            return Err(unusable(io::ErrorKind::NotADirectory.into()));
        }
        let path = dir.join(name);
        Ok(Self { dir, path })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Names this place in the state directory: 16 hexadecimal digits.
    pub(crate) fn key(&self) -> String {
        HEXLOWER.encode(&blake3::hash(self.path.as_os_str().as_bytes()).as_bytes()[..8])
    }

    /// The part file: hidden, beside the destination, the same for every process that fetches `what` to here.
    ///
    /// `.NAME.<first 8 hex digits of what>.swarmline-part`; a name too long for that is replaced by its hash.
    pub(crate) fn part(&self, what: &[u8; 32]) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default();
        let what = HEXLOWER.encode(&what[..4]);
        let hashed = HEXLOWER.encode(&blake3::hash(name.as_bytes()).as_bytes()[..16]);
        let fits = name.len() + PART_NAME_EXTRA <= NAME_MAX;
        let name = if fits { name } else { OsStr::new(&hashed) };
        let mut part = std::ffi::OsString::from(".");
        part.push(name);
        part.push(format!(".{what}.swarmline-part"));
        self.dir.join(part)
    }

    pub(crate) fn look(&self) -> Result<Standing, PlaceError> {
        let path = || self.path.clone();
        let open = |source| PlaceError::Open { path: path(), source };
        match std::fs::symlink_metadata(&self.path) {
            Err(error) if leads_nowhere(&error) => return Ok(Standing::Nothing),
            other => other.map_err(open)?,
        };
        match std::fs::metadata(&self.path) {
            Err(error) if leads_nowhere(&error) => return Ok(Standing::DeadLink),
            Err(error) => return Err(open(error)),
            Ok(meta) if meta.is_dir() => return Err(PlaceError::IsDirectory { path: path() }),
            // looked at before it is opened: opening alone makes some devices act
            Ok(meta) if !meta.is_file() => return Err(PlaceError::NotAFile { path: path() }),
            Ok(_) => {}
        }
        match open_regular(&self.path) {
            Ok(Some(file)) => Ok(Standing::File(file)),
            Ok(None) => Err(PlaceError::NotAFile { path: path() }),
            Err(error) if leads_nowhere(&error) => Ok(Standing::Nothing),
            Err(error) => Err(open(error)),
        }
    }
}

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
    file: File,
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
            let part = Self { file, path: path.to_owned(), created };
            match part.file.try_lock() {
                Ok(()) => {}
                Err(std::fs::TryLockError::WouldBlock) => return Err(PartError::Busy),
                Err(std::fs::TryLockError::Error(error)) => return Err(PartError::Io(error)),
            }
            // The process that held the lock may have renamed or removed the file before it let go.
            if part.is_at_its_path().map_err(PartError::Io)? {
                return if part.is_ours_alone().map_err(PartError::Io)? {
                    Ok(part)
                } else {
                    Err(PartError::Foreign)
                };
            }
        }
        Err(PartError::Busy)
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

/// Longest name of a file on the file systems in use.
const NAME_MAX: usize = 255;
/// What a part file's name has beside the destination's: two dots, 8 digits and the ending.
const PART_NAME_EXTRA: usize = 2 + 8 + ".swarmline-part".len();
/// How often a part file may vanish between opening and locking; each time another process has come to its end.
const OPEN_ATTEMPTS: usize = 16;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn place(path: &Path) -> Place {
        Place::resolve(path).unwrap()
    }

    #[test]
    fn the_part_file_is_hidden_beside_the_destination_and_fits_any_name() {
        let dir = tempfile::tempdir().unwrap();
        let part = place(&dir.path().join("a.iso")).part(&[0xab; 32]);
        assert_eq!(part.file_name().unwrap(), ".a.iso.abababab.swarmline-part");
        assert_eq!(part.parent().unwrap(), dir.path().canonicalize().unwrap());
        for len in [NAME_MAX - PART_NAME_EXTRA, NAME_MAX - PART_NAME_EXTRA + 1, NAME_MAX] {
            let part = place(&dir.path().join("x".repeat(len))).part(&[0; 32]);
            assert!(part.file_name().unwrap().len() <= NAME_MAX);
            assert_eq!(part.to_str().unwrap().contains("xx"), len + PART_NAME_EXTRA <= NAME_MAX);
        }
    }

    #[test]
    fn a_path_below_a_file_or_below_nothing_names_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        for below in ["file/x", "missing/x"] {
            let error = Place::resolve(&dir.path().join(below)).unwrap_err();
            let PlaceError::Directory { path, .. } = &error else { panic!("{error:?}") };
            assert_eq!(path, dir.path().join(below).parent().unwrap());
        }
        assert!(matches!(Place::resolve(Path::new("/")), Err(PlaceError::NoName { .. })));
        assert!(matches!(Place::resolve(Path::new("..")), Err(PlaceError::NoName { .. })));
    }

    #[test]
    fn what_stands_at_a_place_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        symlink("file", at("link")).unwrap();
        symlink("none", at("dead")).unwrap();
        symlink(".", at("dirlink")).unwrap();
        assert!(matches!(place(&at("none")).look(), Ok(Standing::Nothing)));
        assert!(matches!(place(&at("file")).look(), Ok(Standing::File(_))));
        assert!(matches!(place(&at("link")).look(), Ok(Standing::File(_))));
        assert!(matches!(place(&at("dead")).look(), Ok(Standing::DeadLink)));
        assert!(matches!(place(&at("dirlink")).look(), Err(PlaceError::IsDirectory { .. })));
        assert!(matches!(place(Path::new("/dev/null")).look(), Err(PlaceError::NotAFile { .. })));
    }

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
