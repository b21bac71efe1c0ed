//! A file that one process at a time has locked, and that is free the moment its owner lets go.

use std::fs::{File, TryLockError};
use std::ops::Deref;

/// A locked file. Dropping it unlocks it, in so many words: the lock belongs to the open file, which a child process
/// that is just being started has too until it runs its own program, so closing ours alone might not free it yet.
#[derive(Debug)]
pub(crate) struct Locked(File);

impl Locked {
    /// Locks the file.
    ///
    /// # Errors
    /// [`TryLockError::WouldBlock`] if somebody else has it locked.
    pub(crate) fn new(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let _ = self.0.unlock(); // closing it is the second way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_a_starting_child_still_has_does_not_keep_it_locked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let locked = Locked::new(File::create(&path).unwrap()).unwrap();
        assert!(matches!(Locked::new(File::open(&path).unwrap()), Err(TryLockError::WouldBlock)));
        let inherited = locked.try_clone().unwrap();
        drop(locked);
        Locked::new(File::open(&path).unwrap()).unwrap();
        drop(inherited);
    }
}
