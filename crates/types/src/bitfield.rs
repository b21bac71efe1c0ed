//! Which pieces somebody has.

use std::fmt;
use std::ops::Range;

use bitvec::prelude::{BitSlice, Msb0};

use crate::layout::{PieceIndex, PieceLayout};

/// Why bytes are not the bitfield of a content.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BitfieldError {
    /// The number of bytes does not fit the number of pieces.
    #[error("a bitfield of {pieces} pieces has {want} bytes, not {got}")]
    Length {
        /// Pieces of the content.
        pieces: u32,
        /// Bytes that they need.
        want: usize,
        /// Bytes that came.
        got: usize,
    },
    /// A bit behind the last piece is set.
    #[error("a spare bit behind piece {last} is set")]
    SpareBit {
        /// Number of pieces of the content.
        last: u32,
    },
}

/// One bit per piece of one content. Piece 0 is the highest bit of the first byte.
///
/// Takes `piece_count / 8` bytes, 128 KiB at most; none while no piece is set, or every one, which most are for most of the
/// time.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Bitfield {
    /// Empty where the number of ones says it all.
    bytes: Box<[u8]>,
    pieces: u32,
    ones: u32,
}

impl Bitfield {
    /// No piece of this content.
    pub fn none(layout: &PieceLayout) -> Self {
        Self { bytes: Box::default(), pieces: layout.piece_count(), ones: 0 }
    }

    /// Every piece of this content.
    pub fn all(layout: &PieceLayout) -> Self {
        Self { ones: layout.piece_count(), ..Self::none(layout) }
    }

    /// Reads what a peer or a file sent.
    ///
    /// # Errors
    /// When the length is not that of `layout`, or a spare bit is set.
    pub fn from_bytes(layout: &PieceLayout, bytes: &[u8]) -> Result<Self, BitfieldError> {
        let pieces = layout.piece_count();
        let want = (pieces as usize).div_ceil(8);
        if bytes.len() != want {
            return Err(BitfieldError::Length { pieces, want, got: bytes.len() });
        }
        let (bits, spare) = bits_of(bytes).split_at(pieces as usize);
        if spare.any() {
            return Err(BitfieldError::SpareBit { last: pieces });
        }
        let ones = u32::try_from(bits.count_ones()).expect("no more ones than pieces");
        let says_it_all = ones == 0 || ones == pieces;
        Ok(Self { bytes: if says_it_all { Box::default() } else { bytes.into() }, pieces, ones })
    }

    /// The bytes that [`from_bytes`](Self::from_bytes) reads; spare bits are 0.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self.even() {
            Some(is_set) => even_bytes(self.pieces, is_set),
            None => self.bytes.to_vec(),
        }
    }

    /// Whether all pieces are alike, and then whether they are set.
    fn even(&self) -> Option<bool> {
        self.bytes.is_empty().then_some(self.ones > 0)
    }

    /// The bits of pieces that are not all alike; otherwise none.
    fn bits(&self) -> &BitSlice<u8, Msb0> {
        let pieces = if self.bytes.is_empty() { 0 } else { self.pieces as usize };
        &bits_of(&self.bytes)[..pieces]
    }

    /// Whether the piece is set.
    pub fn has(&self, piece: PieceIndex) -> bool {
        self.even().unwrap_or_else(|| self.bits()[piece.as_usize()])
    }

    /// Sets a piece; `true` if it was not set before.
    pub fn insert(&mut self, piece: PieceIndex) -> bool {
        self.change(piece, true)
    }

    /// Clears a piece; `true` if it was set before.
    pub fn remove(&mut self, piece: PieceIndex) -> bool {
        self.change(piece, false)
    }

    fn change(&mut self, piece: PieceIndex, is_set: bool) -> bool {
        if self.has(piece) == is_set {
            return false;
        }
        if let Some(before) = self.even() {
            self.bytes = even_bytes(self.pieces, before).into();
        }
        bits_of_mut(&mut self.bytes).set(piece.as_usize(), is_set);
        self.ones = if is_set { self.ones + 1 } else { self.ones - 1 };
        if self.is_none() || self.is_all() {
            self.bytes = Box::default();
        }
        true
    }

    /// How many pieces are set.
    pub fn count(&self) -> u32 {
        self.ones
    }

    /// Number of pieces of the content.
    pub fn piece_count(&self) -> u32 {
        self.pieces
    }

    /// Whether every piece is set. True for a content without pieces.
    pub fn is_all(&self) -> bool {
        self.ones == self.pieces
    }

    /// Whether no piece is set.
    pub fn is_none(&self) -> bool {
        self.ones == 0
    }

    /// The pieces that are set, ascending.
    pub fn pieces(&self) -> impl Iterator<Item = PieceIndex> + '_ {
        self.even_pieces(true).chain(self.bits().iter_ones()).map(PieceIndex::from_bit)
    }

    /// The pieces that are not set, ascending.
    pub fn missing(&self) -> impl Iterator<Item = PieceIndex> + '_ {
        self.even_pieces(false).chain(self.bits().iter_zeros()).map(PieceIndex::from_bit)
    }

    /// All pieces if that is what all of them are; otherwise none.
    fn even_pieces(&self, is_set: bool) -> Range<usize> {
        0..if self.even() == Some(is_set) { self.pieces as usize } else { 0 }
    }
}

/// As many bits as there are pieces, all alike, in bytes; spare bits are 0.
fn even_bytes(pieces: u32, is_set: bool) -> Vec<u8> {
    let mut bytes = vec![0; (pieces as usize).div_ceil(8)];
    bits_of_mut(&mut bytes)[..pieces as usize].fill(is_set);
    bytes
}

fn bits_of(bytes: &[u8]) -> &BitSlice<u8, Msb0> {
    BitSlice::from_slice(bytes)
}

fn bits_of_mut(bytes: &mut [u8]) -> &mut BitSlice<u8, Msb0> {
    BitSlice::from_slice_mut(bytes)
}

impl fmt::Debug for Bitfield {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pieces > 64 {
            return write!(f, "Bitfield({} of {})", self.ones, self.pieces);
        }
        let bytes = self.to_bytes();
        let bits = bits_of(&bytes)[..self.pieces as usize].iter();
        let line: String = bits.map(|bit| if *bit { 'x' } else { '.' }).collect();
        write!(f, "Bitfield({line})")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn layout(pieces: u64) -> PieceLayout {
        PieceLayout::new(pieces << 14, 1 << 14).unwrap()
    }

    #[test]
    fn bytes_come_back_as_they_were() {
        for pieces in [0, 1, 7, 8, 9, 64, 65] {
            let layout = layout(pieces);
            let mut field = Bitfield::none(&layout);
            layout.pieces().step_by(3).for_each(|piece| assert!(field.insert(piece)));
            let back = Bitfield::from_bytes(&layout, &field.to_bytes()).unwrap();
            assert_eq!(back, field);
            assert_eq!(back.count(), u32::try_from(back.pieces().count()).unwrap());
        }
    }

    proptest! {
        /// Whatever way a set came about, it is one of those that say it all, or has bytes, and never both.
        #[test]
        fn it_is_the_set_that_a_tree_would_be(pieces in 0u64..20, steps in prop::collection::vec((0u32..20, any::<bool>()), 0..60)) {
            let layout = layout(pieces);
            let (mut field, mut tree) = (Bitfield::none(&layout), BTreeSet::new());
            for (piece, is_set) in steps {
                let Some(piece) = layout.piece(piece) else { continue };
                match is_set {
                    true => prop_assert_eq!(field.insert(piece), tree.insert(piece)),
                    false => prop_assert_eq!(field.remove(piece), tree.remove(&piece)),
                }
                prop_assert!(field.pieces().eq(tree.iter().copied()));
                prop_assert!(field.missing().eq(layout.pieces().filter(|piece| !tree.contains(piece))));
                prop_assert!(layout.pieces().all(|piece| field.has(piece) == tree.contains(&piece)));
                prop_assert_eq!(&Bitfield::from_bytes(&layout, &field.to_bytes()).unwrap(), &field);
                prop_assert_eq!(field.bytes.is_empty(), field.is_none() || field.is_all());
            }
        }
    }

    #[test]
    fn none_and_all_take_no_memory_of_their_own() {
        assert_eq!(
            format!("{:?} {:?}", Bitfield::none(&layout(3)), Bitfield::all(&layout(3))),
            "Bitfield(...) Bitfield(xxx)"
        );
        assert_eq!(Bitfield::all(&layout(9)).to_bytes(), [0xff, 0x80]);
        assert_eq!(Bitfield::from_bytes(&layout(9), &[0xff, 0x80]).unwrap(), Bitfield::all(&layout(9)));
        assert!(size_of::<Bitfield>() <= 24);
    }

    #[test]
    fn a_wrong_length_and_a_spare_bit_are_refused() {
        let layout = layout(9);
        assert_eq!(
            Bitfield::from_bytes(&layout, &[0xff]),
            Err(BitfieldError::Length { pieces: 9, want: 2, got: 1 })
        );
        assert_eq!(Bitfield::from_bytes(&layout, &[0, 0x40]), Err(BitfieldError::SpareBit { last: 9 }));
        assert!(Bitfield::from_bytes(&layout, &[0xff, 0x80]).unwrap().is_all());
    }

    #[test]
    fn counting_follows_every_change() {
        let layout = layout(3);
        let mut field = Bitfield::all(&layout);
        let first = layout.piece(0).unwrap();
        assert!(field.remove(first) && !field.remove(first));
        assert_eq!((field.count(), field.is_all()), (2, false));
        assert!(field.insert(first) && !field.insert(first));
        assert!(field.is_all());
    }
}
