//! Destinations before and after their download. Blocking.
//!
//! With the rights of this process: who may ask is its own user, or root, who may do no less.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;
use swarmline_jobs::HResult;
use swarmline_jobs::machine::Answered;

use super::fault::code_of;

/// Whether files can be created, or replaced, at all these paths.
pub(super) fn check(paths: &[String]) -> Result<Answered, HResult> {
    paths.iter().try_for_each(|path| check_one(Path::new(path))).map_err(|error| code_of(&error))?;
    Ok(Answered::Done)
}

fn check_one(path: &Path) -> io::Result<()> {
    let dir = path.parent().filter(|_| path.file_name().is_some()).ok_or(Errno::INVAL)?;
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(Errno::ISDIR.into()),
        Ok(there) if !there.is_file() => return Err(Errno::EXIST.into()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if !fs::metadata(dir)?.is_dir() {
        return Err(Errno::NOTDIR.into());
    }
    Ok(access(dir, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Creates an empty file, or finds one that can be written.
pub(super) fn create(path: &str) -> Result<Answered, HResult> {
    let path = Path::new(path);
    let created =
        check_one(path).and_then(|()| OpenOptions::new().write(true).create_new(true).mode(0o666).open(path));
    match created {
        Ok(_) => Ok(Answered::Done),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let writable = fs::metadata(path).and_then(|there| {
                if !there.is_file() {
                    return Err(Errno::EXIST.into());
                }
                Ok(access(path, Access::WRITE_OK)?)
            });
            writable.map(|()| Answered::Existed).map_err(|error| code_of(&error))
        }
        Err(error) => Err(code_of(&error)),
    }
}

/// Removes a destination that was created for a download. What is no plain file is not it.
pub(super) fn remove(path: &str) {
    if fs::symlink_metadata(path).is_ok_and(|there| there.is_file())
        && let Err(error) = fs::remove_file(path)
    {
        tracing::warn!(path, %error, "a destination could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> String {
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_file_may_be_created_or_replaced_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        assert_eq!(check(&[text(&file), text(&dir.path().join("new"))]), Ok(Answered::Done));
        for (path, errno) in [
            (dir.path().to_owned(), 21),
            (dir.path().join("none/new"), 2),
            (file.join("new"), 20),
            ("/dev/null".into(), 17),
            ("/".into(), 22),
        ] {
            assert_eq!(check(&[text(&path)]), Err(HResult::from_errno(errno)), "{}", path.display());
            assert!(create(&text(&path)).is_err(), "{}", path.display());
        }
        assert_eq!(fs::read(&file).unwrap(), b"x");
    }

    #[test]
    fn a_destination_is_created_once_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new");
        assert_eq!(create(&text(&path)), Ok(Answered::Done));
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        assert_eq!(create(&text(&path)), Ok(Answered::Existed));
        remove(&text(&path));
        assert!(!path.exists());
        remove(&text(dir.path()));
        assert!(dir.path().exists());
    }
}
