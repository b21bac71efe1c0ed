//! A disk that really is full: a tiny memory file system, mounted for the test. Needs root and `mount`; skipped
//! visibly otherwise.

#![allow(clippy::unwrap_used, reason = "a test with its own harness")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bytes::Bytes;
use libtest_mimic::{Arguments, Failed, Trial};
use sha2::{Digest, Sha256};
use swarmline_proto::Manifest;
use swarmline_store::{Begin, BeginError, BeginPlain, Begun, Content, PlainBegun, Room, Store, WriteError};
use swarmline_types::{PieceHash, PieceLayout};

const PIECE: usize = 1 << 18;
const DISK: usize = 2 << 20;
/// The rule, and what tries to break it.
type Test = (&'static str, fn(&Disk));

const TESTS: [Test; 5] = [
    ("a_content_larger_than_the_disk_is_refused_at_the_beginning", refused_at_the_beginning),
    ("a_disk_that_fills_up_keeps_what_is_had", fills_up),
    ("a_part_file_that_was_there_is_kept_when_there_is_no_room", part_is_kept),
    ("a_plain_download_keeps_what_it_received", plain_keeps),
    ("a_full_state_directory_is_told_from_a_full_destination", full_state),
];

fn main() -> ExitCode {
    let mountable = Disk::mount().is_some();
    let trials = TESTS.map(|(name, test)| {
        let run = move || {
            let disk = Disk::mount().ok_or_else(|| Failed::from("the memory disk could not be mounted"))?;
            test(&disk);
            Ok(())
        };
        Trial::test(name, run).with_ignored_flag(!mountable).with_kind(if mountable {
            ""
        } else {
            "needs root"
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

/// A mounted file system of 2 MiB, and a directory outside of it.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    fn mount() -> Option<Self> {
        let disk = Self { dir: tempfile::tempdir().ok()? };
        std::fs::create_dir(disk.path("")).ok()?;
        let options = format!("size={DISK},mode=700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "swarmline-test"]).arg(disk.path(""));
        let done = mount.output().ok()?;
        done.status.success().then_some(disk)
    }

    /// On the small disk.
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("disk").join(name)
    }

    fn store(&self) -> Store {
        Store::open(&self.dir.path().join("state")).unwrap()
    }

    /// Takes all room but `left` bytes.
    fn fill(&self, left: usize) {
        std::fs::write(self.path("ballast"), vec![1; DISK - left]).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path("")).output();
    }
}

/// Piece `index` of every content here.
fn piece(index: usize) -> Bytes {
    Bytes::from(vec![u8::try_from(index).unwrap() + 1; PIECE])
}

fn manifest(pieces: usize) -> Manifest {
    let layout = PieceLayout::new((pieces * PIECE) as u64, 1 << 18).unwrap();
    let digests = (0..pieces).map(|index| PieceHash::new(Sha256::digest(piece(index)).into()));
    Manifest::from_digests(layout, digests.collect()).unwrap()
}

fn begin(store: &Store, path: &Path, pieces: usize, room: Room) -> Result<Content, BeginError> {
    store.begin(&manifest(pieces), path, Begin { room, ..Begin::default() }).map(Begun::into_content)
}

fn write(content: &Content, index: usize) -> Result<(), WriteError> {
    let layout = content.layout();
    content.write(layout.piece(u32::try_from(index).unwrap()).unwrap(), &[piece(index)])
}

fn names(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

/// Fails unless the error says where there is no room, how much is needed and how much there is.
fn assert_names(error: &WriteError, destination: &Path, want: u64) {
    let WriteError::Full { path, needed, free, .. } = error else { panic!("{error:?}") };
    let destination = destination.parent().unwrap().canonicalize().unwrap().join("file");
    assert_eq!((path, *needed), (&destination, want));
    assert!(*free < want, "{error:?}");
}

fn refused_at_the_beginning(disk: &Disk) {
    let store = disk.store();
    let error = begin(&store, &disk.path("file"), 9, Room::Promised).unwrap_err();
    let BeginError::Full { path, needed, free, .. } = &error else { panic!("{error:?}") };
    assert_eq!((path, *needed), (&disk.path("file").canonicalize().unwrap_or(disk.path("file")), 9 << 18));
    assert!(*free <= DISK as u64);
    assert_eq!(names(&disk.path("")), 0);
    // without the promise's early look, the file system's own refusal
    disk.fill(PIECE);
    begin(&store, &disk.path("file"), 7, Room::Promised).unwrap_err();
    assert_eq!(names(&disk.path("")), 1);
    std::fs::write(disk.path("room"), vec![1; PIECE / 2]).unwrap();
}

fn fills_up(disk: &Disk) {
    disk.fill(PIECE + PIECE / 2);
    let store = disk.store();
    let content = begin(&store, &disk.path("file"), 3, Room::Sparse).unwrap();
    write(&content, 1).unwrap();
    let error = write(&content, 0).unwrap_err();
    assert_names(&error, &disk.path("file"), PIECE as u64);
    assert!(!error.is_senders_fault());
    assert_eq!(content.have().pieces().map(|piece| piece.get()).collect::<Vec<_>>(), [1]);
    std::fs::remove_file(disk.path("ballast")).unwrap();
    write(&content, 0).unwrap();
    write(&content, 2).unwrap();
    content.finish().unwrap();
    assert_eq!(std::fs::read(disk.path("file")).unwrap(), [piece(0), piece(1), piece(2)].concat());
}

fn part_is_kept(disk: &Disk) {
    let store = disk.store();
    let content = begin(&store, &disk.path("file"), 6, Room::Sparse).unwrap();
    write(&content, 0).unwrap();
    drop(content);
    disk.fill(2 * PIECE);
    let error = begin(&store, &disk.path("file"), 6, Room::Promised).unwrap_err();
    assert!(matches!(error, BeginError::Full { .. }), "{error:?}");
    std::fs::remove_file(disk.path("ballast")).unwrap();
    let content = begin(&store, &disk.path("file"), 6, Room::Promised).unwrap();
    assert_eq!(content.have().count(), 1);
}

fn plain_keeps(disk: &Disk) {
    disk.fill(PIECE);
    let store = disk.store();
    let begin = || match store.begin_plain("http://o/f", &disk.path("file"), BeginPlain::default()).unwrap() {
        PlainBegun::Partial(part) => part,
        PlainBegun::Complete(_) => panic!("nothing stands there"),
    };
    let mut part = begin();
    part.restart(Some("v")).unwrap();
    assert_names(&part.expect(5 * PIECE as u64).unwrap_err(), &disk.path("file"), 5 * PIECE as u64);
    part.append(&piece(0)[..PIECE / 2]).unwrap();
    let rest = 5 * PIECE as u64 - PIECE as u64 / 2;
    assert_names(&part.expect(5 * PIECE as u64).unwrap_err(), &disk.path("file"), rest);
    let error = part.append(&[piece(1), piece(2)].concat()).unwrap_err();
    assert_names(&error, &disk.path("file"), 2 * PIECE as u64);
    drop(part);
    let part = begin();
    assert!(part.received() >= PIECE as u64 / 2 && part.received() <= PIECE as u64, "{}", part.received());
}

fn full_state(disk: &Disk) {
    let store = Store::open(&disk.path("state")).unwrap();
    let taken = disk.dir.path().join("file");
    disk.fill(3 << 12);
    let error = begin(&store, &taken, 3, Room::Promised).unwrap_err();
    let path = match &error {
        BeginError::Full { path, .. } | BeginError::Prepare { path, .. } => path,
        other => panic!("{other:?}"),
    };
    assert!(path.starts_with(disk.path("state").canonicalize().unwrap()), "{error:?}");
    assert_eq!(names(disk.dir.path()), 1, "no part file is left");
}
