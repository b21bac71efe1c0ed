//! Where a content shall stand, what stands there already, and what the part file beside it is called.
//!
//! A link at the destination counts as what it leads to when the question is whether the content is already
//! complete, and as itself when it is replaced: force takes the link away and never touches the file behind it.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use crate::hashing::open_regular;
use crate::stamp::leads_nowhere;

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
        self.hidden(what, "swarmline-part")
    }

    /// The file that ranges are written to before it takes the destination's name: beside the part file, `-pack` in
    /// place of `-part`.
    pub(crate) fn pack(&self, what: &[u8; 32]) -> PathBuf {
        self.hidden(what, "swarmline-pack")
    }

    /// Every file beside the destination that may be a part file or a packed one for it.
    pub(crate) fn leftovers(&self) -> io::Result<Vec<PathBuf>> {
        let [part, pack] = [self.part(&[0; 32]), self.pack(&[0; 32])];
        let is_one = |path: &PathBuf| {
            [&part, &pack].iter().any(|like| {
                let [name, like] =
                    [path.as_path(), like.as_path()].map(|it| it.file_name().unwrap_or_default().as_bytes());
                let at = like.len() - LEFTOVER_ENDING;
                name.len() == like.len()
                    && name[..at] == like[..at]
                    && name[at..at + 8].iter().all(|digit| digit.is_ascii_hexdigit())
                    && name[at + 8..] == like[at + 8..]
            })
        };
        let paths = std::fs::read_dir(&self.dir)?.map(|entry| entry.map(|entry| entry.path()));
        Ok(paths.collect::<io::Result<Vec<_>>>()?.into_iter().filter(is_one).collect())
    }

    fn hidden(&self, what: &[u8; 32], ending: &str) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default();
        let what = HEXLOWER.encode(&what[..4]);
        let hashed = HEXLOWER.encode(&blake3::hash(name.as_bytes()).as_bytes()[..16]);
        let fits = name.len() + PART_NAME_EXTRA <= NAME_MAX;
        let name = if fits { name } else { OsStr::new(&hashed) };
        let mut part = std::ffi::OsString::from(".");
        part.push(name);
        part.push(format!(".{what}.{ending}"));
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

/// Longest name of a file on the file systems in use.
const NAME_MAX: usize = 255;
/// What stands behind the dot at the end of such a name: 8 digits and the ending.
const LEFTOVER_ENDING: usize = 8 + ".swarmline-part".len();
/// What a part file's name has beside the destination's: two dots, 8 digits and the ending.
const PART_NAME_EXTRA: usize = 2 + 8 + ".swarmline-part".len();

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
}
