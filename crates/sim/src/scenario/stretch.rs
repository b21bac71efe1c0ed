//! A part of a content by its place.

use std::fmt;
use std::str::FromStr;

use swarmline_types::{PieceLayout, PieceRange, Wanted};

use super::{ParseShareError, Share};

/// A part of a content by its place, at least one piece: `25%..75%` or `0.25..0.75`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    from: Share,
    to: Share,
}

/// Why a text is no part of a content.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParseStretchError {
    /// One end is no share.
    #[error(transparent)]
    Share(#[from] ParseShareError),
    /// It has one end only, or the first lies behind the second.
    #[error("{0:?} is no part of a content; write where it begins and ends, like \"25%..75%\"")]
    Ends(String),
}

impl Stretch {
    /// All of it.
    pub const ALL: Self = Self { from: Share::NONE, to: Share::ALL };

    /// From one place to another. `None` if that is nothing, or backwards.
    pub fn new(from: Share, to: Share) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// What touches these pieces and no others.
    pub fn around(pieces: PieceRange, layout: &PieceLayout) -> Self {
        let count = f64::from(layout.piece_count()).max(1.0);
        let (first, end) = (f64::from(pieces.first().get()), f64::from(pieces.last().get()) + 1.0);
        let part = |place: f64| Share::new(place / count).unwrap_or(Share::ALL);
        let exact = Self { from: part(first), to: part(end) };
        // What is not a number that can be written down exactly may lie on the wrong side of it.
        let is_exact = exact.of(layout).ranges() == [pieces];
        if is_exact { exact } else { Self { from: part(first + 0.25), to: part(end - 0.25) } }
    }

    /// From where the first of both begins to where the last ends.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        let from = if other.from < self.from { other.from } else { self.from };
        let to = if other.to > self.to { other.to } else { self.to };
        Self { from, to }
    }

    /// The pieces that it touches.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to the number of pieces"
    )]
    pub fn of(self, layout: &PieceLayout) -> Wanted {
        let count = f64::from(layout.piece_count());
        let first = (self.from.get() * count).floor() as u32;
        let end = (self.to.get() * count).ceil() as u32;
        Wanted::of(layout.piece_range(first, end.saturating_sub(first)))
    }
}

impl FromStr for Stretch {
    type Err = ParseStretchError;

    fn from_str(text: &str) -> Result<Self, ParseStretchError> {
        let error = || ParseStretchError::Ends(text.into());
        let (from, to) = text.split_once("..").ok_or_else(error)?;
        Self::new(from.parse()?, to.parse()?).ok_or_else(error)
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_content_is_the_pieces_that_it_touches() {
        let layout = PieceLayout::new(10 << 20, 1 << 20).unwrap();
        let of = |text: &str| {
            let wanted = text.parse::<Stretch>().unwrap().of(&layout);
            wanted.pieces().map(|piece| piece.get()).collect::<Vec<_>>()
        };
        assert_eq!(of("0..100%"), (0..10).collect::<Vec<_>>());
        assert_eq!(of("25%..50%"), [2, 3, 4]);
        assert_eq!(of("99.9%..1"), [9]);
        for shown in ["0.25..0.75", "0..1"] {
            assert_eq!(shown.parse::<Stretch>().unwrap().to_string(), shown);
        }
        for wrong in ["50%", "50%..50%", "60%..50%", "0..101%", "x..y"] {
            assert!(wrong.parse::<Stretch>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stretch_around_pieces_touches_these_and_no_others_however_it_is_written() {
        for count in [1, 2, 3, 7, 10, 49, 99] {
            let layout = PieceLayout::new(u64::from(count) << 20, 1 << 20).unwrap();
            let ranges = (0..count).flat_map(|first| (1..=count - first).map(move |many| (first, many)));
            for range in ranges.filter_map(|(first, many)| layout.piece_range(first, many)) {
                let stretch = Stretch::around(range, &layout);
                let read: Stretch = stretch.to_string().parse().unwrap();
                assert_eq!((read.of(&layout).ranges(), read), (&[range][..], stretch), "of {count}");
            }
        }
    }
}
