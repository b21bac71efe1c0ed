//! Which pieces somebody has.

use std::fmt;

use bitvec::prelude::{BitVec, Msb0};

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
/// Takes `piece_count / 8` bytes, 128 KiB at most.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Bitfield {
    bits: BitVec<u8, Msb0>,
    ones: u32,
}

impl Bitfield {
    /// No piece of this content.
    pub fn none(layout: &PieceLayout) -> Self {
        Self { bits: BitVec::repeat(false, layout.piece_count() as usize), ones: 0 }
    }

    /// Every piece of this content.
    pub fn all(layout: &PieceLayout) -> Self {
        Self { bits: BitVec::repeat(true, layout.piece_count() as usize), ones: layout.piece_count() }
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
        let mut bits = BitVec::<u8, Msb0>::from_slice(bytes);
        if bits[pieces as usize..].any() {
            return Err(BitfieldError::SpareBit { last: pieces });
        }
        bits.truncate(pieces as usize);
        let ones = u32::try_from(bits.count_ones()).expect("no more ones than pieces");
        Ok(Self { bits, ones })
    }

    /// The bytes that [`from_bytes`](Self::from_bytes) reads; spare bits are 0.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bits = self.bits.clone();
        bits.set_uninitialized(false);
        bits.into_vec()
    }

    /// Whether the piece is set.
    pub fn has(&self, piece: PieceIndex) -> bool {
        self.bits[piece.as_usize()]
    }

    /// Sets a piece; `true` if it was not set before.
    pub fn insert(&mut self, piece: PieceIndex) -> bool {
        let new = !self.bits.replace(piece.as_usize(), true);
        self.ones += u32::from(new);
        new
    }

    /// Clears a piece; `true` if it was set before.
    pub fn remove(&mut self, piece: PieceIndex) -> bool {
        let was = self.bits.replace(piece.as_usize(), false);
        self.ones -= u32::from(was);
        was
    }

    /// How many pieces are set.
    pub fn count(&self) -> u32 {
        self.ones
    }

    /// Number of pieces of the content.
    pub fn piece_count(&self) -> u32 {
        u32::try_from(self.bits.len()).expect("made from a layout, which bounds the count")
    }

    /// Whether every piece is set. True for a content without pieces.
    pub fn is_all(&self) -> bool {
        self.ones as usize == self.bits.len()
    }

    /// Whether no piece is set.
    pub fn is_none(&self) -> bool {
        self.ones == 0
    }

    /// The pieces that are set, ascending.
    pub fn pieces(&self) -> impl Iterator<Item = PieceIndex> + '_ {
        self.bits.iter_ones().map(PieceIndex::from_bit)
    }

    /// The pieces that are not set, ascending.
    pub fn missing(&self) -> impl Iterator<Item = PieceIndex> + '_ {
        self.bits.iter_zeros().map(PieceIndex::from_bit)
    }
}

impl fmt::Debug for Bitfield {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits.len() > 64 {
            return write!(f, "Bitfield({} of {})", self.ones, self.bits.len());
        }
        let line: String = self.bits.iter().map(|bit| if *bit { 'x' } else { '.' }).collect();
        write!(f, "Bitfield({line})")
    }
}

#[cfg(test)]
mod tests {
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
