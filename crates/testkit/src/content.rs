//! One file of a test: bytes in memory, or a function that makes them.

use std::fmt;
use std::sync::Arc;

use swarmline_proto::Manifest;
use swarmline_types::{PieceHash, PieceLayout};

use crate::pattern;

/// A file's bytes. Cheap to clone.
#[derive(Clone)]
pub struct Content {
    len: u64,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Held(Arc<[u8]>),
    Made(Arc<Fill>),
}

/// Fills a slice with the bytes at an offset.
type Fill = dyn Fn(u64, &mut [u8]) + Send + Sync;

impl Content {
    /// `len` bytes of noise from `seed`, made on the fly.
    pub fn random(seed: u64, len: u64) -> Self {
        Self::made(len, move |offset, out| pattern::fill(seed, offset, out))
    }

    /// A content whose pieces begin with their index, made on the fly.
    pub fn stamped(layout: PieceLayout) -> Self {
        Self::made(layout.content_len(), move |offset, out| pattern::fill_stamped(&layout, offset, out))
    }

    /// `len` bytes from a function that fills a slice with what lies at an offset.
    pub fn made(len: u64, fill: impl Fn(u64, &mut [u8]) + Send + Sync + 'static) -> Self {
        Self { len, source: Source::Made(Arc::new(fill)) }
    }

    /// Number of bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Fills `out` with the bytes at `offset`.
    ///
    /// # Panics
    /// When they leave the content.
    pub fn read(&self, offset: u64, out: &mut [u8]) {
        let end = offset + out.len() as u64;
        assert!(end <= self.len, "{offset} to {end} leaves a content of {} bytes", self.len);
        match &self.source {
            Source::Held(bytes) => {
                let start = usize::try_from(offset).expect("inside a slice");
                out.copy_from_slice(&bytes[start..start + out.len()]);
            }
            Source::Made(fill) => fill(offset, out),
        }
    }

    /// `size` bytes at `offset`, as [`read`](Self::read) gives them.
    pub fn slice(&self, offset: u64, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        self.read(offset, &mut bytes);
        bytes
    }

    /// All bytes, in memory.
    pub fn to_vec(&self) -> Vec<u8> {
        self.slice(0, usize::try_from(self.len).expect("a content that fits memory"))
    }

    /// Its manifest for this piece size, which hashes every byte.
    ///
    /// # Panics
    /// When length and piece size make no layout.
    pub fn manifest(&self, piece_size: u32) -> Manifest {
        let layout = PieceLayout::new(self.len, piece_size).expect("the test's sizes make a layout");
        let digest = |piece| {
            let size = usize::try_from(layout.size_of(piece)).expect("a piece fits memory");
            PieceHash::new(pattern::sha256(&self.slice(layout.range_of(piece).start(), size)))
        };
        let digests = layout.pieces().map(digest).collect();
        Manifest::from_digests(layout, digests).expect("one digest per piece")
    }

    /// The same content with the byte at `offset` inverted.
    ///
    /// # Panics
    /// When `offset` lies outside.
    pub fn flipped(&self, offset: u64) -> Self {
        assert!(offset < self.len, "byte {offset} of {}", self.len);
        let whole = self.clone();
        Self::made(self.len, move |at, out| {
            whole.read(at, out);
            if let Some(byte) = offset.checked_sub(at).and_then(|i| out.get_mut(usize::try_from(i).ok()?)) {
                *byte = !*byte;
            }
        })
    }
}

/// The piece hash file of `bytes`, as a publisher would write it.
///
/// # Panics
/// When length and piece size make no layout.
pub fn phf_of(bytes: &[u8], piece_size: u32) -> Vec<u8> {
    Content::from(bytes).manifest(piece_size).to_phf()
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Arc::<[u8]>::from(bytes).into()
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        Arc::<[u8]>::from(bytes).into()
    }
}

impl From<Arc<[u8]>> for Content {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self { len: bytes.len() as u64, source: Source::Held(bytes) }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_and_made_bytes_read_alike() {
        let made = Content::random(5, 100);
        let held = Content::from(made.to_vec());
        assert_eq!(made.slice(33, 20), held.slice(33, 20));
        assert_eq!(held.slice(33, 20), pattern::bytes(5, 100)[33..53]);
    }

    #[test]
    fn a_flipped_byte_is_the_only_difference() {
        let good = Content::random(5, 100);
        let bad = good.flipped(40);
        let differ: Vec<_> = (0..100).filter(|&i| good.slice(i, 1) != bad.slice(i, 1)).collect();
        assert_eq!(differ, [40]);
        assert_eq!(bad.slice(30, 20)[10], !good.slice(40, 1)[0]);
    }

    #[test]
    fn a_manifest_holds_the_hash_of_each_piece() {
        let content = Content::random(5, (1 << 14) + 1);
        let manifest = content.manifest(1 << 14);
        let hash_of_last = PieceHash::new(pattern::sha256(&content.slice(1 << 14, 1)));
        assert_eq!(manifest.digests().len(), 2);
        assert_eq!(manifest.digests()[1], hash_of_last);
        let phf = phf_of(&content.to_vec(), 1 << 14);
        assert_eq!(Manifest::parse_phf(&phf).unwrap(), manifest);
    }

    #[test]
    #[should_panic(expected = "leaves a content of 100 bytes")]
    fn reading_past_the_end_is_the_tests_fault() {
        Content::random(5, 100).slice(90, 11);
    }
}
