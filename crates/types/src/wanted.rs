//! Which pieces of a content somebody wants.

use std::fmt;

use crate::layout::{PieceIndex, PieceLayout, PieceRange};

/// Most ranges of one [`Wanted`]: 64.
pub const WANTED_MAX: usize = 64;

/// The pieces that somebody wants of one content: ranges that ascend and neither overlap nor touch. The default wants
/// nothing.
///
/// Bounded by [`WANTED_MAX`]: beyond it, ranges are joined where the gap is smallest, so that more is wanted than was
/// asked for, and never less.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Wanted {
    ranges: Ranges,
}

/// Nearly everybody wants all, which is one range: that takes no memory of its own, since every rumour of a member says it.
#[derive(Clone, Default, Eq, PartialEq)]
enum Ranges {
    #[default]
    None,
    One([PieceRange; 1]),
    /// Two at least.
    More(Box<[PieceRange]>),
}

impl Wanted {
    /// Every piece of this content.
    pub fn all(layout: &PieceLayout) -> Self {
        Self { ranges: layout.whole().map_or(Ranges::None, |whole| Ranges::One([whole])) }
    }

    /// These pieces, in whatever order they are named.
    pub fn of(ranges: impl IntoIterator<Item = PieceRange>) -> Self {
        let mut sorted: Vec<_> = ranges.into_iter().collect();
        sorted.sort_unstable();
        let mut joined: Vec<PieceRange> = Vec::new();
        for range in sorted {
            match joined.last_mut() {
                Some(last) if gap(*last, range) == 0 => *last = last.hull(range),
                _ => joined.push(range),
            }
        }
        while joined.len() > WANTED_MAX {
            let narrowest = (1..joined.len()).min_by_key(|at| gap(joined[at - 1], joined[*at]));
            let at = narrowest.expect("more than one range");
            let second = joined.remove(at);
            joined[at - 1] = joined[at - 1].hull(second);
        }
        let ranges = match joined.as_slice() {
            [] => Ranges::None,
            [one] => Ranges::One([*one]),
            _ => Ranges::More(joined.into()),
        };
        Self { ranges }
    }

    /// The ranges, ascending; at most [`WANTED_MAX`].
    pub fn ranges(&self) -> &[PieceRange] {
        match &self.ranges {
            Ranges::None => &[],
            Ranges::One(one) => one,
            Ranges::More(more) => more,
        }
    }

    /// Whether nothing is wanted.
    pub fn is_nothing(&self) -> bool {
        self.ranges().is_empty()
    }

    /// Whether every piece of this content is wanted.
    pub fn is_all(&self, layout: &PieceLayout) -> bool {
        self.ranges().first().copied() == layout.whole()
    }

    /// Whether this piece is wanted.
    pub fn has(&self, piece: PieceIndex) -> bool {
        let at = self.ranges().partition_point(|range| range.last() < piece);
        self.ranges().get(at).is_some_and(|range| range.contains(piece))
    }

    /// Whether a piece of this range is wanted.
    pub fn meets(&self, pieces: PieceRange) -> bool {
        let at = self.ranges().partition_point(|range| range.last() < pieces.first());
        self.ranges().get(at).is_some_and(|range| range.first() <= pieces.last())
    }

    /// The pieces, ascending.
    pub fn pieces(&self) -> impl Iterator<Item = PieceIndex> + '_ {
        self.ranges().iter().flat_map(|range| range.pieces())
    }

    /// Wants all that `other` does, too. `true` if that is more than before.
    pub fn add(&mut self, other: &Self) -> bool {
        let sum = Self::of(self.ranges().iter().chain(other.ranges()).copied());
        let is_more = sum != *self;
        *self = sum;
        is_more
    }
}

/// Pieces between two ranges of which the second does not begin before the first; 0 where they touch or overlap.
fn gap(first: PieceRange, second: PieceRange) -> u32 {
    second.first().get().saturating_sub(first.last().get() + 1)
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ranges()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn layout() -> PieceLayout {
        PieceLayout::new(1000 << 14, 1 << 14).unwrap()
    }

    fn ranges(pairs: &[(u32, u32)]) -> Vec<PieceRange> {
        pairs.iter().map(|(first, count)| layout().piece_range(*first, *count).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn it_is_the_set_of_the_named_pieces(pairs in prop::collection::vec((0u32..900, 1u32..100), 0..40)) {
            let wanted = Wanted::of(ranges(&pairs));
            let named: BTreeSet<u32> = pairs.iter().flat_map(|(first, count)| *first..first + count).collect();
            prop_assert!(wanted.pieces().map(PieceIndex::get).eq(named.iter().copied()));
            for piece in layout().pieces() {
                prop_assert_eq!(wanted.has(piece), named.contains(&piece.get()));
                let pair = layout().piece_range(piece.get(), 2.min(1000 - piece.get())).unwrap();
                prop_assert_eq!(wanted.meets(pair), pair.pieces().any(|piece| wanted.has(piece)));
            }
        }
    }

    #[test]
    fn ranges_that_touch_are_one() {
        let wanted = Wanted::of(ranges(&[(5, 5), (0, 3), (3, 2), (20, 1), (2, 4)]));
        assert_eq!(format!("{wanted:?}"), "[#0-9, #20]");
    }

    #[test]
    fn too_many_ranges_are_joined_over_the_smallest_gaps() {
        let mut pairs: Vec<_> = (0..64).map(|n| (n * 10, 1)).collect();
        assert_eq!(Wanted::of(ranges(&pairs)).ranges().len(), WANTED_MAX);
        pairs.push((632, 1));
        let wanted = Wanted::of(ranges(&pairs));
        assert_eq!(wanted.ranges().len(), WANTED_MAX);
        assert_eq!(format!("{:?}", wanted.ranges()[63]), "#630-632");
    }

    #[test]
    fn all_and_nothing_are_known() {
        let (all, none) = (Wanted::all(&layout()), Wanted::default());
        assert!(all.is_all(&layout()) && !all.is_nothing());
        assert!(none.is_nothing() && !none.is_all(&layout()));
        let empty = PieceLayout::new(0, 1 << 14).unwrap();
        assert!(Wanted::all(&empty).is_all(&empty));
        let mut half = Wanted::of(ranges(&[(0, 500)]));
        assert!(!half.add(&Wanted::of(ranges(&[(10, 20)]))));
        assert!(half.add(&Wanted::of(ranges(&[(500, 500)]))));
        assert!(half.is_all(&layout()));
    }
}
