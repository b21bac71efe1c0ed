//! What a file looked like, and what may be concluded from it still looking so.
//!
//! A stamp that has not moved proves unchanged bytes only under conditions, which are decided here:
//!
//! 1. The file system stamps a file *before* it changes a byte of it, for `write` and for a store into a mapping
//!    alike ([`stamps_before_writing`]). The local disk file systems named there do; memory file systems do not
//!    stamp every store into a mapping, and network file systems show other machines' stamps late.
//! 2. A change after the stamp was taken gets another stamp. Kernel times move in ticks of up to 10 ms, so a stamp
//!    younger than a tick proves nothing. Two ways out: our own files get a modification time from the fine clock
//!    ([`seal`]), which lies between two ticks where no later write can land; other files must be quiet.
//! 3. No write that began before the stamp is still copying: a `write` stamps when it begins and may copy up to
//!    2 GiB afterwards, and a page of a mapping stays writable without a further stamp until the kernel has flushed
//!    it, which it does after half a minute. Hence [`QUIET`] is minutes and not a tick.
//!
//! Where a condition fails the bytes themselves are hashed on every read. Change time is compared beside
//! modification time since nobody can set it back.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Identity, size and times of a file.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Stamp {
    pub(crate) id: FileId,
    pub(crate) size: u64,
    modified: Time,
    changed: Time,
}

/// Which file, as long as it exists.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct FileId {
    dev: u64,
    ino: u64,
}

/// Seconds and nanoseconds since 1970.
type Time = (i64, i64);

impl Stamp {
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|meta| Self::from(&meta))
    }

    /// Of the regular file that the path leads to; `None` if it leads to none.
    pub(crate) fn at(path: &Path) -> io::Result<Option<Self>> {
        match std::fs::metadata(path) {
            Ok(meta) => Ok(meta.is_file().then(|| Self::from(&meta))),
            Err(error) if leads_nowhere(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether every write that is still running, and every later one, must give another stamp.
    pub(crate) fn is_quiet(&self, now: SystemTime) -> bool {
        let (s, ns) = self.modified.max(self.changed);
        let Ok(now) = now.duration_since(UNIX_EPOCH) else { return false };
        let last = i128::from(s) * NANOS + i128::from(ns);
        i128::try_from(now.as_nanos()).is_ok_and(|now| now - last >= QUIET.as_nanos().cast_signed())
    }

    /// Whether nobody has written to the file since [`seal`] gave this.
    pub(crate) fn has(&self, seal: Seal) -> bool {
        self.modified == seal.0
    }

    /// Whether the file was written to after `other` was.
    pub(crate) fn is_modified_after(&self, other: &Self) -> bool {
        self.modified > other.modified
    }
}

impl From<&Metadata> for Stamp {
    fn from(meta: &Metadata) -> Self {
        Self {
            id: FileId::from(meta),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

impl From<&Metadata> for FileId {
    fn from(meta: &Metadata) -> Self {
        Self { dev: meta.dev(), ino: meta.ino() }
    }
}

/// Whether an error says that there is nothing at a path.
pub(crate) fn leads_nowhere(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A modification time that no later write can repeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seal(Time);

/// Gives a file that only we have written a modification time that no later write can repeat; `None` if the file
/// system cannot hold one.
///
/// The time is read from the fine clock. Tick times are rarer by far than nanoseconds, so it lies between two of
/// them, and a write that comes later is stamped with the tick before, a tick after, or a later fine time. An odd
/// number of nanoseconds shows when a file system keeps coarser times.
pub(crate) fn seal(file: &File) -> io::Result<Option<Seal>> {
    let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return Ok(None) };
    let Ok(s) = i64::try_from(now.as_secs()) else { return Ok(None) };
    let ns = i64::from(now.subsec_nanos() | 1);
    rustix::fs::futimens(
        file,
        &rustix::fs::Timestamps {
            last_access: rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
            last_modification: rustix::fs::Timespec { tv_sec: s, tv_nsec: ns },
        },
    )?;
    let seal = Seal((s, ns));
    Ok(Stamp::of(file)?.has(seal).then_some(seal))
}

/// Whether the file lies on a file system known to stamp before it changes a byte; unknown ones count as not.
#[cfg(target_os = "linux")]
pub(crate) fn stamps_before_writing(file: &File) -> bool {
    const EXT: u32 = 0xEF53;
    const XFS: u32 = 0x5846_5342;
    const BTRFS: u32 = 0x9123_683E;
    const F2FS: u32 = 0xF2F5_2010;
    rustix::fs::fstatfs(file).is_ok_and(|stat| {
        u32::try_from(stat.f_type).is_ok_and(|kind| [EXT, XFS, BTRFS, F2FS].contains(&kind))
    })
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn stamps_before_writing(_file: &File) -> bool {
    false
}

/// How old a stamp of somebody else's file must be to prove its bytes: longer than one `write` call, which moves at
/// most 2 GiB, takes on a disk of 17 MiB/s.
pub(crate) const QUIET: Duration = Duration::from_secs(120);
const NANOS: i128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(modified: Time, changed: Time) -> Stamp {
        Stamp { id: FileId { dev: 1, ino: 1 }, size: 1, modified, changed }
    }

    #[test]
    fn a_stamp_is_quiet_when_both_times_are_old() {
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        assert!(stamp((880, 0), (880, 0)).is_quiet(now));
        assert!(!stamp((880, 1), (880, 0)).is_quiet(now));
        // `touch -d` sets the modification time back, never the change time
        assert!(!stamp((1, 0), (900, 0)).is_quiet(now));
    }

    #[test]
    fn a_stamp_from_the_future_is_never_quiet() {
        assert!(!stamp((5000, 0), (10, 0)).is_quiet(UNIX_EPOCH + Duration::from_secs(1000)));
    }

    #[test]
    fn a_write_right_after_the_seal_gives_another_stamp() {
        use std::os::unix::fs::FileExt;
        let file = tempfile::tempfile().unwrap();
        for round in 0..50 {
            file.write_all_at(b"ours", 0).unwrap();
            let Some(seal) = seal(&file).unwrap() else {
                return; // a file system with coarse times, which is what `None` is for
            };
            let sealed = Stamp::of(&file).unwrap();
            file.write_all_at(b"user", 0).unwrap();
            assert_ne!(Stamp::of(&file).unwrap(), sealed, "round {round}");
            assert!(sealed.has(seal) && !Stamp::of(&file).unwrap().has(seal));
        }
    }

    #[test]
    fn setting_the_modification_time_back_gives_another_stamp() {
        let file = tempfile::tempfile().unwrap();
        let old = SystemTime::now() - Duration::from_secs(500);
        file.set_modified(old).unwrap();
        let before = Stamp { changed: (1, 0), ..Stamp::of(&file).unwrap() };
        file.set_modified(old).unwrap();
        let after = Stamp::of(&file).unwrap();
        assert_eq!(after.modified, before.modified);
        assert_ne!(after, before);
    }
}
