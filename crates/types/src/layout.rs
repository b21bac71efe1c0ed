//! How a content is cut into pieces, and the only place where indices and ranges are made.

use std::fmt;

/// Bytes of a piece unless the publisher says otherwise: 1 MiB, as in every known piece hash file.
pub const PIECE_SIZE_DEFAULT: u32 = 1 << 20;
/// Smallest piece: 16 KiB.
pub const PIECE_SIZE_MIN: u32 = 1 << 14;
/// Largest piece: 16 MiB.
pub const PIECE_SIZE_MAX: u32 = 1 << 24;
/// Most pieces of one content: 2^20. With it a content has at most 16 TiB.
pub const PIECE_COUNT_MAX: u32 = 1 << 20;

/// Why a length and a piece size do not make a layout.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LayoutError {
    /// Not a power of two from 16 KiB to 16 MiB.
    #[error("piece size {got} is not a power of two from {PIECE_SIZE_MIN} to {PIECE_SIZE_MAX}")]
    PieceSize {
        /// The size that was given.
        got: u64,
    },
    /// More pieces than a content may have.
    #[error(
        "{content_len} bytes in pieces of {piece_size} are more than {PIECE_COUNT_MAX} pieces; take larger pieces"
    )]
    PieceCount {
        /// The length that was given.
        content_len: u64,
        /// The piece size that was given.
        piece_size: u32,
    },
}

/// Index of a piece in its content, counted from 0. Made only by [`PieceLayout`] and read from a bitfield.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PieceIndex(u32);

impl PieceIndex {
    pub(crate) fn from_bit(bit: usize) -> Self {
        Self(u32::try_from(bit).expect("a bitfield has at most 2^20 bits"))
    }

    /// The number, for the wire and for display.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number, to index a table with one entry per piece.
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for PieceIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Display for PieceIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Consecutive pieces, never none.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PieceRange {
    start: u32,
    end: u32,
}

impl PieceRange {
    /// One piece.
    pub const fn one(piece: PieceIndex) -> Self {
        Self { start: piece.0, end: piece.0 + 1 }
    }

    /// The first piece.
    pub const fn first(self) -> PieceIndex {
        PieceIndex(self.start)
    }

    /// The last piece.
    pub const fn last(self) -> PieceIndex {
        PieceIndex(self.end - 1)
    }

    /// How many pieces, at least 1.
    pub const fn count(self) -> u32 {
        self.end - self.start
    }

    /// Whether the piece lies inside.
    pub const fn contains(self, piece: PieceIndex) -> bool {
        self.start <= piece.0 && piece.0 < self.end
    }

    /// The smallest range that holds both.
    pub fn hull(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The pieces, ascending.
    pub fn pieces(self) -> impl DoubleEndedIterator<Item = PieceIndex> + ExactSizeIterator {
        (self.start..self.end).map(PieceIndex)
    }
}

impl fmt::Debug for PieceRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            1 => write!(f, "#{}", self.start),
            _ => write!(f, "#{}-{}", self.start, self.end - 1),
        }
    }
}

/// Half-open range of bytes in the content, never empty.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ByteRange {
    start: u64,
    end: u64,
}

impl ByteRange {
    /// `None` unless `start < end`.
    pub const fn new(start: u64, end: u64) -> Option<Self> {
        if start < end { Some(Self { start, end }) } else { None }
    }

    /// First byte.
    pub const fn start(self) -> u64 {
        self.start
    }

    /// Byte behind the last.
    pub const fn end(self) -> u64 {
        self.end
    }

    /// How many bytes, at least 1.
    pub const fn size(self) -> u64 {
        self.end - self.start
    }
}

impl fmt::Display for ByteRange {
    /// As HTTP writes it: first and last byte, both inclusive.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end - 1)
    }
}

/// How a content is cut: all pieces of one size, the last one shorter. A content of 0 bytes has no piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PieceLayout {
    content_len: u64,
    piece_size: u32,
}

impl PieceLayout {
    /// Cuts `content_len` bytes into pieces of `piece_size` bytes.
    ///
    /// # Errors
    /// When the piece size is not a power of two in bounds, or there would be more than [`PIECE_COUNT_MAX`].
    pub const fn new(content_len: u64, piece_size: u32) -> Result<Self, LayoutError> {
        if !piece_size.is_power_of_two() || piece_size < PIECE_SIZE_MIN || piece_size > PIECE_SIZE_MAX {
            return Err(LayoutError::PieceSize { got: piece_size as u64 });
        }
        if content_len.div_ceil(piece_size as u64) > PIECE_COUNT_MAX as u64 {
            return Err(LayoutError::PieceCount { content_len, piece_size });
        }
        Ok(Self { content_len, piece_size })
    }

    /// Bytes of the content.
    pub const fn content_len(&self) -> u64 {
        self.content_len
    }

    /// Bytes of every piece but the last.
    pub const fn piece_size(&self) -> u32 {
        self.piece_size
    }

    /// Number of pieces; 0 for an empty content.
    #[expect(clippy::cast_possible_truncation, reason = "bounded by PIECE_COUNT_MAX in `new`")]
    pub const fn piece_count(&self) -> u32 {
        self.content_len.div_ceil(self.piece_size as u64) as u32
    }

    /// Checks a number that came from a peer or a file.
    pub fn piece(&self, index: u32) -> Option<PieceIndex> {
        (index < self.piece_count()).then_some(PieceIndex(index))
    }

    /// Checks a range of pieces that came from a peer: `None` when it is empty or leaves the content.
    pub fn piece_range(&self, first: u32, count: u32) -> Option<PieceRange> {
        let end = first.checked_add(count)?;
        (count > 0 && end <= self.piece_count()).then_some(PieceRange { start: first, end })
    }

    /// The pieces in which these bytes lie: `None` when they leave the content.
    pub fn pieces_of(&self, bytes: ByteRange) -> Option<PieceRange> {
        if bytes.end > self.content_len {
            return None;
        }
        let size = u64::from(self.piece_size);
        let [start, end] = [bytes.start / size, bytes.end.div_ceil(size)].map(u32::try_from);
        Some(PieceRange { start: start.ok()?, end: end.ok()? })
    }

    /// All pieces; `None` for an empty content.
    pub fn whole(&self) -> Option<PieceRange> {
        self.piece_range(0, self.piece_count())
    }

    /// The pieces, ascending.
    pub fn pieces(&self) -> impl DoubleEndedIterator<Item = PieceIndex> + ExactSizeIterator + use<> {
        (0..self.piece_count()).map(PieceIndex)
    }

    /// Where a piece of this content begins and ends.
    pub fn range_of(&self, piece: PieceIndex) -> ByteRange {
        self.span(PieceRange::one(piece))
    }

    /// Where a range of pieces of this content begins and ends.
    pub fn span(&self, pieces: PieceRange) -> ByteRange {
        let start = u64::from(pieces.start) * u64::from(self.piece_size);
        let end = (u64::from(pieces.end) * u64::from(self.piece_size)).min(self.content_len);
        debug_assert!(start < end, "{pieces:?} is of another layout");
        ByteRange { start, end }
    }

    /// Bytes of one piece: [`piece_size`](Self::piece_size), or fewer for the last.
    #[expect(clippy::cast_possible_truncation, reason = "no piece is larger than the piece size, a u32")]
    pub fn size_of(&self, piece: PieceIndex) -> u32 {
        self.range_of(piece).size() as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_cover_the_content_once(pieces in 1u64..500, bits in 14u32..25, short_by in 0u64..1 << 14) {
            let len = (pieces << bits) - short_by;
            let layout = PieceLayout::new(len, 1 << bits).unwrap();
            let end = layout
                .pieces()
                .map(|p| layout.range_of(p))
                .try_fold(0, |at, range| (range.start() == at).then_some(range.end()));
            prop_assert_eq!(end, Some(len));
        }
    }

    #[test]
    fn sizes_around_a_piece() {
        let size = PIECE_SIZE_DEFAULT;
        for (len, count, last) in [
            (0, 0, None),
            (1, 1, Some(1)),
            (u64::from(size) - 1, 1, Some(size - 1)),
            (u64::from(size), 1, Some(size)),
            (u64::from(size) + 1, 2, Some(1)),
        ] {
            let layout = PieceLayout::new(len, size).unwrap();
            assert_eq!(layout.piece_count(), count);
            assert_eq!(layout.pieces().last().map(|p| layout.size_of(p)), last);
        }
    }

    #[test]
    fn bounds_are_named_in_the_error() {
        for size in [0, 1, (1 << 14) - 1, 3 << 14, 1 << 25] {
            assert_eq!(PieceLayout::new(1, size), Err(LayoutError::PieceSize { got: u64::from(size) }));
        }
        let most = u64::from(PIECE_COUNT_MAX) << 14;
        assert!(PieceLayout::new(most, 1 << 14).is_ok());
        let error = PieceLayout::new(most + 1, 1 << 14).unwrap_err();
        assert!(error.to_string().contains("take larger pieces"), "{error}");
        assert!(PieceLayout::new(u64::MAX, 1 << 24).is_err());
    }

    #[test]
    fn bytes_lie_in_the_pieces_that_they_touch() {
        let layout = PieceLayout::new((5 << 14) - 1, 1 << 14).unwrap();
        let of = |start, end| layout.pieces_of(ByteRange::new(start, end).unwrap());
        assert_eq!(of(0, 1), layout.piece_range(0, 1));
        assert_eq!(of((1 << 14) - 1, (1 << 14) + 1), layout.piece_range(0, 2));
        assert_eq!(of(1 << 14, 2 << 14), layout.piece_range(1, 1));
        assert_eq!(of(0, (5 << 14) - 1), layout.whole());
        assert_eq!(of(0, 5 << 14), None);
    }

    #[test]
    fn a_range_from_a_peer_must_stay_inside() {
        let layout = PieceLayout::new(5 << 14, 1 << 14).unwrap();
        assert_eq!(layout.piece_range(1, 4).map(PieceRange::count), Some(4));
        assert_eq!(layout.piece_range(1, 5), None);
        assert_eq!(layout.piece_range(1, 0), None);
        assert_eq!(layout.piece_range(u32::MAX, 2), None);
    }
}
