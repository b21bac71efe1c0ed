//! The store's rules, each tried on a real directory.

mod begin;
mod elsewhere;
mod finish;
mod hold;
mod list;
mod plain;
mod resume;
mod serve;
mod sizes;
mod texts;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use swarmline_proto::Manifest;
use swarmline_types::{PieceHash, PieceIndex, PieceLayout};

use crate::header::{Header, Phase};
use crate::record::Records;
use crate::stamp::QUIET;
use crate::{Begin, BeginError, Begun, Content, Store};

/// The smallest piece, so that a few of them are written quickly.
const PIECE: u32 = 1 << 14;

/// A state directory, a content, and a place for it.
struct Bench {
    dir: tempfile::TempDir,
    bytes: Vec<u8>,
    manifest: Manifest,
}

impl Bench {
    fn new(len: usize) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            bytes: bytes_of(len),
            manifest: manifest_of(&bytes_of(len)),
        }
    }

    /// Five pieces and a bit.
    fn small() -> Self {
        Self::new(5 * PIECE as usize + 77)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(name)
    }

    fn destination(&self) -> PathBuf {
        self.path("file.iso")
    }

    fn part(&self) -> PathBuf {
        self.path(&format!(".file.iso.{}.swarmline-part", &self.manifest.content().hex()[..8]))
    }

    fn store(&self) -> Store {
        self.store_named("state")
    }

    fn store_named(&self, name: &str) -> Store {
        Store::open(&self.path(name)).unwrap()
    }

    fn try_begin(&self, store: &Store, how: Begin) -> Result<Begun, BeginError> {
        store.begin(&self.manifest, &self.destination(), how)
    }

    /// Begins, and insists that something is missing.
    fn begin(&self, store: &Store) -> Content {
        match self.try_begin(store, Begin::default()).unwrap() {
            Begun::Partial(content) => content,
            Begun::Complete(_) => panic!("it is complete already"),
        }
    }

    /// Begins, and insists that nothing is missing.
    fn complete(&self, store: &Store) -> Content {
        match self.try_begin(store, Begin::default()).unwrap() {
            Begun::Complete(content) => content,
            Begun::Partial(content) => panic!("only {:?} is had", content.have()),
        }
    }

    fn piece(&self, index: u32) -> PieceIndex {
        self.manifest.layout().piece(index).unwrap()
    }

    fn bytes_of(&self, piece: PieceIndex) -> Bytes {
        let range = self.manifest.layout().range_of(piece);
        let [start, end] = [range.start(), range.end()].map(|at| usize::try_from(at).unwrap());
        Bytes::copy_from_slice(&self.bytes[start..end])
    }

    fn write(&self, content: &Content, pieces: &[u32]) {
        for piece in pieces.iter().map(|index| self.piece(*index)) {
            content.write(piece, &[self.bytes_of(piece)]).unwrap();
        }
    }

    fn write_all(&self, content: &Content) {
        let missing: Vec<_> = content.have().missing().map(PieceIndex::get).collect();
        self.write(content, &missing);
    }

    /// Downloads all of it.
    fn finished(&self, store: &Store) -> Content {
        let content = self.begin(store);
        self.write_all(&content);
        content.finish().unwrap();
        content
    }

    /// Reads every piece that is had and insists on its bytes; returns those that could be read.
    fn readable(&self, content: &Content) -> Vec<u32> {
        let mut readable = vec![];
        for piece in self.manifest.layout().pieces() {
            if let Ok(bytes) = content.read(piece, 0, self.manifest.layout().size_of(piece)) {
                assert_eq!(bytes, self.bytes_of(piece), "a wrong byte of {piece} was given out");
                readable.push(piece.get());
            }
        }
        readable
    }

    fn records(&self) -> PathBuf {
        let mut found = std::fs::read_dir(self.path("state/contents")).unwrap();
        found
            .find_map(|entry| Some(entry.unwrap().path()).filter(|path| path.extension().unwrap() == "have"))
            .unwrap()
    }

    /// Makes the records look as if the machine had been switched off since.
    fn reboot(&self) {
        let records = Records::open(&self.records()).unwrap();
        let mut header: Header = records.header().unwrap();
        match &mut header.phase {
            Phase::Part { epoch, .. } | Phase::Finished { epoch, .. } => {
                let text =
                    serde_json::to_string(epoch).unwrap().replace("\"boot\":\"", "\"boot\":\"another-");
                *epoch = serde_json::from_str(&text).unwrap();
            }
        }
        records.set_header(&header).unwrap();
    }
}

/// Bytes in which every block of 64 differs from every other.
fn bytes_of(len: usize) -> Vec<u8> {
    (0..len.div_ceil(64)).flat_map(|block| [block.to_le_bytes(); 8].concat()).take(len).collect()
}

fn manifest_of(bytes: &[u8]) -> Manifest {
    let layout = PieceLayout::new(bytes.len() as u64, PIECE).unwrap();
    let digests = bytes.chunks(PIECE as usize).map(|piece| PieceHash::new(Sha256::digest(piece).into()));
    Manifest::from_digests(layout, digests.collect()).unwrap()
}

/// Changes a byte of a file behind everybody's back.
fn flip(path: &Path, at: u64) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[!byte[0]], at).unwrap();
}

/// Gives a file a modification time after everything that was written until now.
fn touch_later(path: &Path) {
    let later = SystemTime::now() + Duration::from_secs(5);
    File::options().write(true).open(path).unwrap().set_modified(later).unwrap();
}

fn indices(content: &Content) -> Vec<u32> {
    content.have().pieces().map(PieceIndex::get).collect()
}

/// The files in a directory, hidden ones too.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_stamp_must_be_older_than_a_minute_to_be_quiet() {
    assert!(QUIET > Duration::from_secs(60));
}
