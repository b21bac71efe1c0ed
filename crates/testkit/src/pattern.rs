//! Bytes that a test can predict at every offset.
//!
//! Two kinds: noise from a seed, which no compressor shrinks and no two offsets share, and stamps, where each piece
//! begins with its own index and is otherwise zero, so that a file of many GiB costs no memory and little disk.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use swarmline_types::PieceLayout;

/// Bytes of the stamp at the start of each piece: its index as a big-endian `u64`.
pub const STAMP_SIZE: usize = 8;

/// `len` bytes of noise: what [`fill`] gives at offset 0.
pub fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    fill(seed, 0, &mut bytes);
    bytes
}

/// Fills `out` with the noise of `seed` that lies at `offset`. The same bytes whatever the cut.
pub fn fill(seed: u64, offset: u64, out: &mut [u8]) {
    let mut at = offset;
    let mut rest = out;
    while !rest.is_empty() {
        let word = noise(seed, at / 8).to_le_bytes();
        let skip = usize::try_from(at % 8).expect("a remainder of 8");
        let size = rest.len().min(8 - skip);
        let (now, later) = rest.split_at_mut(size);
        now.copy_from_slice(&word[skip..skip + size]);
        at += size as u64;
        rest = later;
    }
}

/// Word `index` of the noise: a counter under a mixer of 64 bits, so that any offset costs the same.
fn noise(seed: u64, index: u64) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut word = seed.wrapping_mul(0xd6e8_feb8_6659_fd93).wrapping_add((index + 1).wrapping_mul(GOLDEN));
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Fills `out` with what a stamped content holds at `offset`.
pub fn fill_stamped(layout: &PieceLayout, offset: u64, out: &mut [u8]) {
    out.fill(0);
    let size = u64::from(layout.piece_size());
    let end = offset + out.len() as u64;
    for piece in offset / size..end.div_ceil(size) {
        for (at, byte) in (piece * size..).zip(piece.to_be_bytes()) {
            if (offset..end).contains(&at) {
                out[usize::try_from(at - offset).expect("inside `out`")] = byte;
            }
        }
    }
}

/// Writes a stamped content as a sparse file: one small write per piece, the rest are holes.
///
/// # Panics
/// When the file cannot be written.
pub fn write_stamped(path: &Path, layout: &PieceLayout) {
    let mut file = File::create(path).expect("the test's directory is writable");
    file.set_len(layout.content_len()).expect("the file system has sparse files");
    for piece in layout.pieces() {
        let range = layout.range_of(piece);
        let size = usize::try_from(range.size()).map_or(STAMP_SIZE, |size| size.min(STAMP_SIZE));
        file.seek(SeekFrom::Start(range.start())).expect("inside the file");
        file.write_all(&u64::from(piece.get()).to_be_bytes()[..size]).expect("room for a stamp");
    }
}

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_the_same_however_it_is_cut() {
        let whole = bytes(3, 1000);
        for cut in [0, 1, 7, 8, 9, 500, 999, 1000] {
            let mut parts = vec![0; 1000];
            let (left, right) = parts.split_at_mut(cut);
            fill(3, 0, left);
            fill(3, cut as u64, right);
            assert_eq!(parts, whole, "cut at {cut}");
        }
    }

    #[test]
    fn seeds_and_offsets_give_different_noise() {
        let noise = bytes(1, 1 << 16);
        assert_ne!(noise, bytes(2, 1 << 16));
        let mut words: Vec<_> = noise.chunks(8).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), (1 << 16) / 8, "no word comes twice");
        let ones: u32 = noise.iter().map(|byte| byte.count_ones()).sum();
        assert!((260_000..264_500).contains(&ones), "{ones} of 524288 bits are set");
    }

    #[test]
    fn a_stamped_file_is_what_the_generator_says() {
        let layout = PieceLayout::new((3 << 14) + 5, 1 << 14).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stamped");
        write_stamped(&path, &layout);

        let file = std::fs::read(&path).unwrap();
        let mut made = vec![0xff; file.len()];
        fill_stamped(&layout, 0, &mut made);
        assert_eq!(file, made);
        assert_eq!(&file[2 << 14..][..8], &[0, 0, 0, 0, 0, 0, 0, 2]);

        let mut part = [0xff; 6];
        fill_stamped(&layout, (2 << 14) + 3, &mut part);
        assert_eq!(part, [0, 0, 0, 0, 2, 0]);
    }

    #[test]
    fn stamps_beyond_four_gib_are_told_apart() {
        let layout = PieceLayout::new(5 << 30, 1 << 20).unwrap();
        let mut stamp = [0; 8];
        fill_stamped(&layout, (1 << 32) + (7 << 20), &mut stamp);
        assert_eq!(u64::from_be_bytes(stamp), 4096 + 7);
    }

    #[test]
    fn sha256_is_the_known_one() {
        assert_eq!(sha256(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
