//! A destination that is taken before its content is here: an empty file, which the content replaces and nothing else
//! does. And the last step of every download: the name, in one step, never from a file that is not ours to replace.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::place::{Place, PlaceError};
use crate::stamp::{FileId, leads_nowhere};

/// An empty file that was made at a destination to take it. Can be kept over a restart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Placeholder(FileId);

/// Why a destination could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceholderError {
    /// Nothing can stand there.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Something stands there.
    #[error("{} exists", path.display())]
    Exists {
        /// The destination.
        path: PathBuf,
    },
    /// The file cannot be made.
    #[error("could not create {}", path.display())]
    Create {
        /// The destination.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Placeholder {
    /// Makes an empty file where nothing stands.
    ///
    /// # Errors
    /// [`PlaceholderError::Exists`] if something does; otherwise what is wrong with the path.
    pub fn create(destination: &Path) -> Result<Self, PlaceholderError> {
        let path = Place::resolve(destination)?.path().to_owned();
        let id = File::create_new(&path).and_then(|file| file.metadata()).map(|meta| FileId::from(&meta));
        id.map(Self).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => PlaceholderError::Exists { path },
            _ => PlaceholderError::Create { path, source },
        })
    }

    /// Whether it still stands there, and still is empty.
    ///
    /// # Errors
    /// When that cannot be seen.
    pub fn stands(&self, destination: &Path) -> io::Result<bool> {
        match std::fs::symlink_metadata(destination) {
            Ok(meta) => Ok(meta.is_file() && meta.len() == 0 && FileId::from(&meta) == self.0),
            Err(error) if leads_nowhere(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes it if it still stands there and is empty; `true` if it did. Whatever else stands there stays.
    ///
    /// # Errors
    /// What the file system says.
    pub fn remove(&self, destination: &Path) -> io::Result<bool> {
        let stands = self.stands(destination)?;
        if stands {
            std::fs::remove_file(destination)?;
        }
        Ok(stands)
    }
}

/// What may be replaced at a destination, by the final rename.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taking {
    /// Whatever stands there.
    pub(crate) force: bool,
    /// This file, as long as it is empty.
    pub(crate) placeholder: Option<Placeholder>,
}

impl Taking {
    /// Whether what stands there may be replaced without a look at it.
    pub(crate) fn is_placeholder(&self, path: &Path) -> bool {
        self.placeholder.is_some_and(|it| it.stands(path).unwrap_or(false))
    }

    /// Gives a file its final name; `AlreadyExists` if something stands there that is not to be replaced.
    pub(crate) fn take(&self, from: &Path, to: &Path) -> io::Result<()> {
        match (disk::rename(from, to, self.force), self.placeholder) {
            (Err(error), Some(placeholder)) if error.kind() == io::ErrorKind::AlreadyExists => {
                if placeholder.stands(to)? { exchange(from, to, placeholder) } else { Err(error) }
            }
            (other, _) => other,
        }
    }
}

/// Swaps the two names and looks at what came out, so that a file which took the placeholder's place at the last
/// moment is put back.
fn exchange(from: &Path, to: &Path, placeholder: Placeholder) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::EXCHANGE) {
            Ok(()) if placeholder.remove(from)? => return Ok(()),
            Ok(()) => {
                renameat_with(CWD, from, CWD, to, RenameFlags::EXCHANGE)?;
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let _ = placeholder;
    std::fs::rename(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| dir.path().join(name));
        std::fs::write(&from, "content").unwrap();
        (dir, from, to)
    }

    #[test]
    fn a_placeholder_takes_what_is_free_and_nothing_else() {
        let (_dir, _, to) = dir();
        let placeholder = Placeholder::create(&to).unwrap();
        assert!(placeholder.stands(&to).unwrap());
        assert!(matches!(Placeholder::create(&to), Err(PlaceholderError::Exists { .. })));
        let kept: Placeholder = serde_json::from_str(&serde_json::to_string(&placeholder).unwrap()).unwrap();
        assert!(kept.remove(&to).unwrap() && !kept.remove(&to).unwrap());
    }

    #[test]
    fn only_the_content_replaces_it_and_only_while_it_is_empty() {
        let (dir, from, to) = dir();
        let placeholder = Placeholder::create(&to).unwrap();
        let taking = Taking { force: false, placeholder: Some(placeholder) };
        assert!(Taking::default().take(&from, &to).is_err());
        taking.take(&from, &to).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"content");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the placeholder is gone");

        std::fs::remove_file(&to).unwrap();
        std::fs::write(&from, "content").unwrap();
        let placeholder = Placeholder::create(&to).unwrap();
        let taking = Taking { force: false, placeholder: Some(placeholder) };
        std::fs::write(&to, "the user's").unwrap();
        assert_eq!(taking.take(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(!placeholder.remove(&to).unwrap());
        assert_eq!(std::fs::read(&to).unwrap(), b"the user's");
        assert_eq!(std::fs::read(&from).unwrap(), b"content");
    }

    /// Between the look and the rename somebody puts a file there: it is put back.
    #[test]
    fn a_file_that_came_at_the_last_moment_is_put_back() {
        let (_dir, from, to) = dir();
        let placeholder = Placeholder::create(&to).unwrap();
        std::fs::write(&to, "the user's").unwrap();
        let error = exchange(&from, &to, placeholder).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&to).unwrap(), b"the user's");
        assert_eq!(std::fs::read(&from).unwrap(), b"content");
    }
}
