//! How long the page cache can be believed.
//!
//! A process that dies takes nothing with it: what it wrote stays in the kernel's page cache and reaches the disk
//! later. Only the end of the kernel's run or of the mount (power loss, reset, a pulled disk) can lose it. Both are
//! named here, so that a record written in another run is checked before it is believed. What cannot be named is
//! never equal to anything, which costs a check and never a wrong byte.

use std::fs::File;

use serde::{Deserialize, Serialize};

/// One run of the kernel and one mount in it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Epoch {
    boot: String,
    mount: Option<u64>,
}

impl Epoch {
    /// The run in which `file` is open; `None` where the system does not tell.
    pub(crate) fn of(file: &File) -> Option<Self> {
        let boot = std::fs::read_to_string(BOOT_ID).ok()?.trim().to_owned();
        (!boot.is_empty()).then(|| Self { boot, mount: mount_of(file) })
    }
}

/// A number that no other mount of this boot has or had; `None` before Linux 6.8 and elsewhere.
#[cfg(target_os = "linux")]
fn mount_of(file: &File) -> Option<u64> {
    use rustix::fs::{AtFlags, StatxFlags};

    let unique = StatxFlags::from_bits_retain(STATX_MNT_ID_UNIQUE);
    let stat = rustix::fs::statx(file, c"", AtFlags::EMPTY_PATH, unique).ok()?;
    (stat.stx_mask & STATX_MNT_ID_UNIQUE != 0).then_some(stat.stx_mnt_id)
}

#[cfg(not(target_os = "linux"))]
fn mount_of(_file: &File) -> Option<u64> {
    None
}

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// From the kernel's `linux/stat.h`; the plain mount id may be given again after an unmount.
#[cfg(target_os = "linux")]
const STATX_MNT_ID_UNIQUE: u32 = 0x4000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_the_same_for_every_file_of_a_mount() {
        let dir = tempfile::tempdir().unwrap();
        let one = File::create(dir.path().join("one")).unwrap();
        let two = File::create(dir.path().join("two")).unwrap();
        assert!(Epoch::of(&one).is_some());
        assert_eq!(Epoch::of(&one), Epoch::of(&two));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn another_mount_is_another_epoch() {
        let dir = tempfile::tempdir().unwrap();
        let here = File::create(dir.path().join("one")).unwrap();
        let elsewhere = File::open("/proc/self/status").unwrap();
        assert!(mount_of(&here).is_none() || Epoch::of(&here) != Epoch::of(&elsewhere));
    }
}
