//! Runs: what the lane claims. Consecutive pieces that make up to 1 MiB, or one piece where pieces are larger.
//!
//! Claiming runs instead of pieces keeps the window a matter of bytes, an origin request worth its headers, and the
//! lane's messages few, whatever the piece size. With pieces of 1 MiB a run is a piece.

use swarmline_types::{ContentId, PieceIndex, PieceLayout, PieceRange};

use crate::config::RUN_SIZE;
use crate::numbers::Numbers;
use crate::score;

/// Index of a run in its content, counted from 0.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct RunIndex(u32);

impl RunIndex {
    pub(crate) fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// How a content is cut into runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs {
    layout: PieceLayout,
    pieces_per_run: u32,
}

impl Runs {
    pub(crate) fn new(layout: PieceLayout) -> Self {
        Self { layout, pieces_per_run: (RUN_SIZE / layout.piece_size()).max(1) }
    }

    /// One run that holds everything, for an origin without ranges.
    pub(crate) fn whole(layout: PieceLayout) -> Self {
        Self { layout, pieces_per_run: layout.piece_count().max(1) }
    }

    pub(crate) fn layout(&self) -> &PieceLayout {
        &self.layout
    }

    pub(crate) fn count(&self) -> usize {
        self.layout.piece_count().div_ceil(self.pieces_per_run) as usize
    }

    pub(crate) fn of(&self, piece: PieceIndex) -> RunIndex {
        RunIndex(piece.get() / self.pieces_per_run)
    }

    pub(crate) fn pieces(&self, run: RunIndex) -> PieceRange {
        let first = run.0 * self.pieces_per_run;
        let count = self.pieces_per_run.min(self.layout.piece_count() - first);
        self.layout.piece_range(first, count).expect("made by `of` or `in_order`, so inside the content")
    }

    /// The run that covers exactly these pieces, if there is one.
    pub(crate) fn exactly(&self, pieces: PieceRange) -> Option<RunIndex> {
        let run = self.of(pieces.first());
        (self.pieces(run) == pieces).then_some(run)
    }

    /// All runs, ascending.
    pub(crate) fn all(&self) -> impl Iterator<Item = RunIndex> + use<> {
        let count = u32::try_from(self.count()).expect("no more runs than pieces");
        (0..count).map(RunIndex)
    }

    /// All runs in the order in which the site fetches them.
    pub(crate) fn in_order(&self, content: &ContentId) -> Order {
        let mut runs: Vec<_> = self.all().collect();
        runs.sort_by_cached_key(|run| (score::order(content, self.pieces(*run).first()), *run));
        let mut order = Numbers::zeros(runs.len());
        runs.into_iter().enumerate().for_each(|(at, run)| order.set(at, run.0));
        Order(order)
    }
}

/// All runs of a content, in some order.
#[derive(Debug)]
pub(crate) struct Order(Numbers);

impl Order {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, at: usize) -> RunIndex {
        RunIndex(self.0.get(at))
    }

    /// From so many on.
    pub(crate) fn from(&self, first: usize) -> impl Iterator<Item = RunIndex> + '_ {
        (first..self.len()).map(|at| self.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_the_pieces_once() {
        for (pieces, size, runs) in
            [(130u64, 1u32 << 14, 3), (5, 1 << 20, 5), (5, 1 << 24, 5), (1, 1 << 14, 1)]
        {
            let all = Runs::new(PieceLayout::new(pieces * u64::from(size), size).unwrap());
            assert_eq!(all.count(), runs);
            let mut covered: Vec<_> =
                all.in_order(&ContentId::new([1; 32])).from(0).flat_map(|r| all.pieces(r).pieces()).collect();
            covered.sort();
            assert!(covered.into_iter().eq(all.layout().pieces()));
        }
    }

    #[test]
    fn a_claim_must_name_a_run_exactly() {
        let layout = PieceLayout::new(130 << 14, 1 << 14).unwrap();
        let runs = Runs::new(layout);
        assert_eq!(runs.exactly(layout.piece_range(64, 64).unwrap()), Some(RunIndex(1)));
        assert_eq!(runs.exactly(layout.piece_range(128, 2).unwrap()), Some(RunIndex(2)));
        assert_eq!(runs.exactly(layout.piece_range(64, 63).unwrap()), None);
        assert_eq!(Runs::whole(layout).exactly(layout.whole().unwrap()), Some(RunIndex(0)));
    }
}
