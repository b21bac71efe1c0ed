//! Which bytes a download is for, and how much of them is here, in the order in which they are handed over.

use swarmline_ipc::message::{Cause, ErrorKind, FaultAt, Span, TransferError};
use swarmline_store::Content;
use swarmline_types::{ByteRange, PieceIndex, PieceLayout, Wanted};

use crate::error::failure;

/// The bytes that a download is for, of a content whose layout is known.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    layout: PieceLayout,
    spans: Vec<ByteRange>,
    wanted: Wanted,
    is_packed: bool,
}

/// Bytes at a place of what is handed over: in one piece, as far as one range goes.
pub(crate) struct Slice {
    pub(crate) piece: PieceIndex,
    pub(crate) offset: u32,
    pub(crate) size: u32,
}

impl Wish {
    /// The whole content if no range is asked for.
    pub(crate) fn of(ranges: &[Span], layout: PieceLayout) -> Result<Self, TransferError> {
        if ranges.is_empty() {
            let spans = ByteRange::new(0, layout.content_len()).into_iter().collect();
            return Ok(Self { layout, spans, wanted: Wanted::all(&layout), is_packed: false });
        }
        let spans = resolve(ranges, Some(layout.content_len()))?;
        let pieces = spans.iter().filter_map(|span| layout.pieces_of(*span));
        let wanted = Wanted::of(pieces);
        Ok(Self { layout, spans, wanted, is_packed: true })
    }

    /// Whether ranges are put together, so that the file is another than the content.
    pub(crate) fn is_packed(&self) -> bool {
        self.is_packed
    }

    /// The ranges, in the order in which they are handed over.
    pub(crate) fn spans(&self) -> &[ByteRange] {
        &self.spans
    }

    /// The pieces in which they lie.
    pub(crate) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Bytes that are handed over.
    pub(crate) fn size(&self) -> u64 {
        self.spans.iter().map(|span| span.size()).sum()
    }

    /// The pieces of so many bytes behind `from`, of what is handed over.
    pub(crate) fn ahead(&self, from: u64, bytes: u64) -> Wanted {
        let end = from.saturating_add(bytes);
        let mut begin = 0;
        let stretches = self.spans.iter().filter_map(|span| {
            // Counted from where the span begins.
            let (skip, take) = (from.saturating_sub(begin), end.saturating_sub(begin).min(span.size()));
            begin += span.size();
            let part = ByteRange::new(span.start() + skip.min(take), span.start() + take)?;
            self.layout.pieces_of(part)
        });
        Wanted::of(stretches)
    }

    /// Bytes of them that a file has.
    pub(crate) fn had_by(&self, file: &Content) -> u64 {
        let have = file.have();
        let pieces = self.spans.iter().flat_map(|span| {
            let pieces = self.layout.pieces_of(*span).into_iter().flat_map(|pieces| pieces.pieces());
            pieces.map(move |piece| (*span, piece))
        });
        pieces.filter(|(_, piece)| have.has(*piece)).map(|(span, piece)| self.overlap(span, piece)).sum()
    }

    /// What stands `at` this place of what is handed over, at most `max` bytes of it.
    pub(crate) fn slice(&self, mut at: u64, max: u32) -> Option<Slice> {
        let span = self.spans.iter().find(|span| {
            let is_inside = at < span.size();
            at -= if is_inside { 0 } else { span.size() };
            is_inside
        })?;
        let start = span.start() + at;
        let piece = self.piece_at(start)?;
        let of_piece = self.layout.range_of(piece);
        let left = of_piece.end().min(span.end()) - start;
        let offset = u32::try_from(start - of_piece.start()).expect("inside a piece");
        let size = u32::try_from(left.min(u64::from(max))).expect("at most `max`");
        Some(Slice { piece, offset, size })
    }

    fn piece_at(&self, at: u64) -> Option<PieceIndex> {
        self.layout.piece(u32::try_from(at / u64::from(self.layout.piece_size())).ok()?)
    }

    fn overlap(&self, span: ByteRange, piece: PieceIndex) -> u64 {
        let of_piece = self.layout.range_of(piece);
        span.end().min(of_piece.end()) - span.start().max(of_piece.start())
    }
}

/// Ranges as callers give them, in a file of that length, if it is known.
pub(crate) fn resolve(ranges: &[Span], len: Option<u64>) -> Result<Vec<ByteRange>, TransferError> {
    let span = |span: &Span| {
        let end = span.length.map_or(len, |length| span.offset.checked_add(length));
        let range = end.filter(|end| len.is_none_or(|len| *end <= len));
        range.and_then(|end| ByteRange::new(span.offset, end)).ok_or_else(|| out_of(span, len))
    };
    ranges.iter().map(span).collect()
}

fn out_of(span: &Span, len: Option<u64>) -> TransferError {
    let file = len.map_or("a file of unknown length".to_owned(), |len| format!("a file of {len} bytes"));
    let length = span.length.map_or("all bytes".to_owned(), |length| format!("{length} bytes"));
    let text = format!("{length} from {} on are not inside {file}", span.offset);
    failure(ErrorKind::Range, text).because(Cause { at: Some(FaultAt::Origin), ..Cause::default() })
}

/// How far one has come through a wish. Each step is made once, however often it is asked for.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Bytes from the beginning on that are here.
    prefix: u64,
    /// All pieces before this one that are wanted are here.
    lacking: u32,
}

impl Walk {
    /// Bytes that are here from the beginning of what is handed over on.
    pub(crate) fn prefix(&mut self, wish: &Wish, file: &Content) -> u64 {
        while let Some(slice) = wish.slice(self.prefix, u32::MAX)
            && file.has(slice.piece)
        {
            self.prefix += u64::from(slice.size);
        }
        self.prefix
    }

    /// Whether all that is wanted is here.
    pub(crate) fn is_over(&mut self, wish: &Wish, file: &Content) -> bool {
        let ahead = wish.wanted.pieces().filter(|piece| piece.get() >= self.lacking);
        match ahead.into_iter().find(|piece| !file.has(*piece)) {
            Some(piece) => {
                self.lacking = piece.get();
                false
            }
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: u64 = 1 << 14;

    fn layout() -> PieceLayout {
        PieceLayout::new(5 * PIECE + 77, 1 << 14).unwrap()
    }

    fn spans(pairs: &[(u64, u64)]) -> Vec<Span> {
        pairs.iter().map(|(offset, length)| Span { offset: *offset, length: Some(*length) }).collect()
    }

    /// Every byte of what is handed over, as the byte of the content that stands there.
    fn bytes(wish: &Wish, max: u32) -> Vec<u64> {
        let mut bytes = Vec::new();
        while let Some(slice) = wish.slice(bytes.len() as u64, max) {
            let start = layout().range_of(slice.piece).start() + u64::from(slice.offset);
            bytes.extend(start..start + u64::from(slice.size));
        }
        bytes
    }

    #[test]
    fn slices_make_the_ranges_in_their_order() {
        let pairs = [(PIECE - 3, 2 * PIECE), (5, 1), (5 * PIECE, 77)];
        let want: Vec<u64> = pairs.iter().flat_map(|(offset, length)| *offset..offset + length).collect();
        let wish = Wish::of(&spans(&pairs), layout()).unwrap();
        for max in [u32::MAX, 1000, 7] {
            assert_eq!(bytes(&wish, max), want, "at most {max}");
        }
        assert_eq!(wish.size(), want.len() as u64);
        assert_eq!(format!("{:?}", wish.wanted()), "[#0-2, #5]");
        assert!(wish.is_packed());
    }

    #[test]
    fn what_lies_ahead_follows_the_order_in_which_it_is_handed_over() {
        let wish = Wish::of(&spans(&[(3 * PIECE, PIECE), (5, 1), (PIECE - 1, 2)]), layout()).unwrap();
        let ahead = |from, bytes| format!("{:?}", wish.ahead(from, bytes));
        assert_eq!(ahead(0, PIECE), "[#3]");
        assert_eq!(ahead(PIECE - 1, 2), "[#0, #3]");
        assert_eq!(ahead(PIECE + 1, 1), "[#0]");
        assert_eq!(ahead(PIECE + 2, u64::MAX), "[#1]");
        assert_eq!(ahead(PIECE + 3, 9), "[]");
        let whole = Wish::of(&[], layout()).unwrap();
        assert_eq!(format!("{:?}", whole.ahead(PIECE, 2 * PIECE)), "[#1-2]");
    }

    #[test]
    fn without_ranges_it_is_all_of_it() {
        let wish = Wish::of(&[], layout()).unwrap();
        assert!(!wish.is_packed() && wish.wanted().is_all(&layout()));
        assert_eq!(bytes(&wish, u32::MAX).len() as u64, layout().content_len());
        let empty = PieceLayout::new(0, 1 << 14).unwrap();
        assert_eq!(Wish::of(&[], empty).unwrap().size(), 0);
    }

    #[test]
    fn a_range_ends_inside_its_file_and_may_be_open() {
        let open = |offset| vec![Span { offset, length: None }];
        assert_eq!(resolve(&open(2), Some(5)).unwrap(), [ByteRange::new(2, 5).unwrap()]);
        assert_eq!(resolve(&spans(&[(7, 9)]), None).unwrap(), [ByteRange::new(7, 16).unwrap()]);
        for (ranges, len) in [(open(5), Some(5)), (open(2), None), (spans(&[(4, 2)]), Some(5))] {
            let error = resolve(&ranges, len).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Range, "{error}");
        }
    }
}
