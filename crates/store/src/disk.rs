//! Positioned writes, room on the disk, and names that change all at once. Decides nothing about content.

use std::fs::{File, Permissions};
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use bytes::Bytes;
use rustix::io::Errno;
use swarmline_types::ByteRange;

/// Writes a file so that at any moment the path holds the old bytes or all of the new ones, also after a power loss.
///
/// The bytes go into a temporary file of the same directory, are flushed, and take the name by a rename. A link at
/// `path` is replaced, not followed. Permissions follow the process's umask.
///
/// # Errors
/// What the file system says; `path` is then as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = directory_of(path);
    replace(path, bytes, 0o666, true)?;
    sync_directory(dir)
}

/// The directory in which a path names something.
pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

/// Puts bytes at a path by a rename. Without `sync` a power loss may leave them damaged, never a process death.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32, sync: bool) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".swarmline-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory_of(path))?;
    file.write_all(bytes)?;
    if sync {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Makes the names in a directory durable, where the file system knows how.
pub(crate) fn sync_directory(dir: &Path) -> io::Result<()> {
    match File::open(dir)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}

/// Writes all parts one behind the other, in as few calls as the system allows.
pub(crate) fn write_parts_at(file: &File, parts: &[Bytes], mut at: u64) -> io::Result<()> {
    for parts in parts.chunks(SLICES_MAX) {
        let mut slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut rest = &mut slices[..];
        IoSlice::advance_slices(&mut rest, 0); // empty ones in front count as written
        while !rest.is_empty() {
            match rustix::io::pwritev(file, rest, at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    at += written as u64;
                    IoSlice::advance_slices(&mut rest, written);
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// How a file gets its room on the disk.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Room {
    /// All of it at the beginning, so that a full disk is found before the first byte is fetched. Where the file
    /// system cannot promise room, it is taken as bytes come.
    #[default]
    Promised,
    /// As bytes come.
    Sparse,
}

/// Brings a file to `size` bytes without changing a byte it holds, with room for all of them if `room` says so.
///
/// On an error the file is as long as before.
pub(crate) fn make_room(file: &File, size: u64, room: Room) -> io::Result<()> {
    if room == Room::Promised && size > 0 {
        promise(file, size)?;
    }
    if file.metadata()?.size() == size { Ok(()) } else { file.set_len(size) }
}

/// Takes room for `size` bytes without making the file longer; nothing where the file system cannot promise room.
///
/// On an error no room is taken.
#[cfg(target_os = "linux")]
pub(crate) fn promise(file: &File, size: u64) -> io::Result<()> {
    // Looked at first, for a promise that fails half-way has filled the disk for a moment, under everybody.
    let meta = file.metadata()?;
    let held = meta.blocks().saturating_mul(512);
    if free_bytes(file).is_some_and(|(most, _)| size.saturating_sub(held) > most) {
        return Err(Errno::NOSPC.into());
    }
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, size) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
        Err(error) => {
            // also gives back what was taken behind the file's end
            file.set_len(meta.size())?;
            Err(error.into())
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn promise(_file: &File, _size: u64) -> io::Result<()> {
    Ok(())
}

/// `StorageFull` if so many more bytes do not fit beside `file`.
pub(crate) fn expect_room(file: &File, more: u64) -> io::Result<()> {
    match free_bytes(file) {
        Some((most, _)) if more > most => Err(Errno::NOSPC.into()),
        _ => Ok(()),
    }
}

/// Takes room for a part of a file, which stays as long as it is; nothing where the file system cannot promise room.
#[cfg(target_os = "linux")]
pub(crate) fn promise_span(file: &File, span: ByteRange) -> io::Result<()> {
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::KEEP_SIZE, span.start(), span.size()) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn promise_span(_file: &File, _span: ByteRange) -> io::Result<()> {
    Ok(())
}

/// Bytes free on the file system of `file`: with those kept for the administrator, and without.
pub(crate) fn free_bytes(file: &File) -> Option<(u64, u64)> {
    let stat = rustix::fs::fstatvfs(file).ok()?;
    Some((stat.f_bfree.saturating_mul(stat.f_frsize), stat.f_bavail.saturating_mul(stat.f_frsize)))
}

/// Whether an error says that the disk, or the user's share of it, is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Gives a file another name in one step; unless `replace`, fails with `AlreadyExists` when the name is taken.
///
/// Where the file system cannot refuse a taken name itself, it is looked at just before. A name taken in the
/// microseconds between is then replaced; the other way round, a process killed in between would leave an empty
/// file that claims to be the content.
pub(crate) fn rename(from: &Path, to: &Path, replace: bool) -> io::Result<()> {
    if replace {
        return std::fs::rename(from, to);
    }
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags};
        match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            other => return other.map_err(io::Error::from),
        }
    }
    match std::fs::symlink_metadata(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::fs::rename(from, to),
        Err(error) => Err(error),
    }
}

/// Most slices in one vectored write: what Linux takes.
const SLICES_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn parts_of_any_number_and_size_are_written_in_order() {
        let file = tempfile::tempfile().unwrap();
        let parts: Vec<Bytes> =
            (0..3000).map(|n: usize| Bytes::from(n.to_le_bytes()[..n % 5].to_vec())).collect();
        let want: Vec<u8> = parts.concat();
        write_parts_at(&file, &parts, 7).unwrap();
        let mut got = vec![0; want.len()];
        file.read_exact_at(&mut got, 7).unwrap();
        assert_eq!(got, want);
        assert_eq!(file.metadata().unwrap().size(), 7 + want.len() as u64);
    }

    #[test]
    fn room_changes_no_byte_and_no_more_than_the_length() {
        for room in [Room::Promised, Room::Sparse] {
            let file = tempfile::tempfile().unwrap();
            file.write_all_at(b"kept", 0).unwrap();
            make_room(&file, 1 << 20, room).unwrap();
            assert_eq!(file.metadata().unwrap().size(), 1 << 20);
            let mut got = [1; 8];
            file.read_exact_at(&mut got, 0).unwrap();
            assert_eq!(&got, b"kept\0\0\0\0");
            assert_eq!(file.metadata().unwrap().blocks() > 64, room == Room::Promised);
            make_room(&file, 2, room).unwrap();
            assert_eq!(file.metadata().unwrap().size(), 2);
        }
    }

    #[test]
    fn more_room_than_the_disk_has_is_refused_and_leaves_the_file() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(b"kept", 0).unwrap();
        let error = make_room(&file, 1 << 43, Room::Promised).unwrap_err();
        assert!(is_full(&error), "{error}");
        assert_eq!(file.metadata().unwrap().size(), 4);
    }

    #[test]
    fn a_rename_without_force_never_replaces() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| dir.path().join(name));
        std::fs::write(&from, "new").unwrap();
        std::fs::write(&to, "old").unwrap();
        assert_eq!(rename(&from, &to, false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&to).unwrap(), b"old");
        rename(&from, &to, true).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"new");
    }

    #[test]
    fn an_atomic_write_replaces_the_whole_file_and_leaves_nothing_beside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file.phf");
        write_atomically(&path, b"a longer first version").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
