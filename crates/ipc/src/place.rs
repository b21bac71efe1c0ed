//! Where the socket is. The system takes names of at most 107 bytes; a longer one is reached through its directory.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// A name by which the system takes a socket, valid as long as this lives.
#[derive(Debug)]
pub(crate) struct Place {
    name: PathBuf,
    _dir: Option<OwnedFd>,
}

impl Place {
    /// Finds a name for `path`. Opens its directory if the path itself is too long; does not look at the socket.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= NAME_BYTES_MAX {
            return Ok(Self { name: path.to_owned(), _dir: None });
        }
        let (Some(parent), Some(file)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let dir =
            rustix::fs::open(parent, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let name = PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd())).join(file);
        if name.as_os_str().as_bytes().len() > NAME_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidFilename, "the name of the socket is too long"));
        }
        Ok(Self { name, _dir: Some(dir) })
    }

    pub(crate) fn name(&self) -> &Path {
        &self.name
    }
}

/// Longest name in a socket address, without the zero that ends it.
const NAME_BYTES_MAX: usize = 107;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_path_is_its_own_name_and_a_long_one_goes_through_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        std::fs::write(deep.join("ipc.sock"), "here").unwrap();
        let place = Place::of(&deep.join("ipc.sock")).unwrap();
        assert!(place.name().as_os_str().len() <= NAME_BYTES_MAX);
        assert_eq!(std::fs::read(place.name()).unwrap(), b"here");

        let short = Path::new("/run/x/ipc.sock");
        assert_eq!(Place::of(short).unwrap().name(), short);
    }

    #[test]
    fn a_long_path_whose_directory_is_missing_is_an_error() {
        let missing = PathBuf::from(format!("/{}/ipc.sock", "d".repeat(120)));
        assert_eq!(Place::of(&missing).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
