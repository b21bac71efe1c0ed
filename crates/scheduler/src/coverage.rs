//! Who has what: my pieces, how many peers hold each piece, how many requests for it are in flight. From that, what
//! the lane must still fetch and what the mesh may ask for.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use swarmline_types::{Bitfield, PieceIndex, Wanted};

use crate::numbers::Numbers;
use crate::runs::{RunIndex, Runs};

/// Counts per piece and per run, kept up to date with every change so that nothing is scanned.
///
/// I *lack* a piece that I want and do not have. A piece is *open* while I lack it and no peer that counts holds it:
/// then only the origin can bring it.
#[derive(Debug)]
pub(crate) struct Coverage {
    runs: Runs,
    have: Bitfield,
    wanted: Wanted,
    /// Pieces that I lack.
    lacking: u32,
    /// Per piece: peers that count and hold it.
    holders: Vec<u16>,
    /// Per piece: requests in flight.
    copies: Vec<u8>,
    /// Pieces that I lack, held by a peer that counts, and not asked for.
    useful: PieceSet,
    /// Pieces in flight that I lack.
    lacking_in_flight: u32,
    /// Per run, what of it is lacking and open. Empty while one run is all: then the sums say it.
    of_run: Vec<OfRun>,
    /// Pieces that are open in all runs together.
    open: u32,
    /// Goes up whenever a run has more or fewer pieces that are open or lacking.
    lane_changes: u32,
    /// Goes up whenever the mesh may find what it did not find before.
    mesh_changes: u32,
    /// Goes up whenever runs are cut anew, or one lacks more than it did.
    growths: u32,
}

/// What of a run is lacking and open. A run has no more than 64 pieces, unless it is the only one.
#[derive(Clone, Copy, Debug, Default)]
struct OfRun {
    lacking: u8,
    open: u8,
    /// Lacking and not open, and the lane has seen it: there is nothing to do until that changes.
    is_at_rest: bool,
}

impl Coverage {
    pub(crate) fn new(runs: Runs, have: Bitfield, wanted: Wanted) -> Self {
        let pieces = runs.layout().piece_count() as usize;
        let mut new = Self {
            runs,
            have,
            wanted,
            lacking: 0,
            holders: vec![0; pieces],
            copies: vec![0; pieces],
            useful: PieceSet::new(pieces),
            lacking_in_flight: 0,
            of_run: Vec::new(),
            open: 0,
            lane_changes: 0,
            mesh_changes: 0,
            growths: 0,
        };
        new.recount();
        new
    }

    /// Cuts the content into other runs.
    pub(crate) fn set_runs(&mut self, runs: Runs) {
        self.runs = runs;
        self.recount();
    }

    /// Wants more. `true` if that is more than before.
    pub(crate) fn want(&mut self, more: &Wanted) -> bool {
        let is_more = self.wanted.add(more);
        if is_more {
            self.recount();
            more.pieces().for_each(|piece| self.sort_in(piece));
        }
        is_more
    }

    fn recount(&mut self) {
        self.growths += 1;
        let runs = self.runs.count();
        self.of_run = vec![OfRun::default(); if runs > 1 { runs } else { 0 }];
        (self.lacking, self.open) = (0, 0);
        self.lacking_in_flight = 0;
        for piece in self.wanted.pieces().filter(|piece| !self.have.has(*piece)) {
            let is_open = self.holders[piece.as_usize()] == 0;
            self.lane_changes += 1;
            self.lacking += 1;
            self.open += u32::from(is_open);
            self.lacking_in_flight += u32::from(self.copies[piece.as_usize()] > 0);
            if let Some(run) = self.of_run.get_mut(self.runs.of(piece).as_usize()) {
                run.lacking += 1;
                run.open += u8::from(is_open);
            }
        }
        self.lane_changes += 1;
    }

    /// Goes up whenever a run has more or fewer pieces that are open or lacking.
    pub(crate) fn lane_changes(&self) -> u32 {
        self.lane_changes
    }

    /// Goes up whenever the mesh may find what it did not find before.
    pub(crate) fn mesh_changes(&self) -> u32 {
        self.mesh_changes
    }

    /// Goes up whenever runs are cut anew, or one lacks more than it did.
    pub(crate) fn growths(&self) -> u32 {
        self.growths
    }

    pub(crate) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Pieces that I lack.
    pub(crate) fn lacking(&self) -> u32 {
        self.lacking
    }

    /// Whether I lack nothing.
    pub(crate) fn is_satisfied(&self) -> bool {
        self.lacking == 0
    }

    pub(crate) fn lacks(&self, piece: PieceIndex) -> bool {
        !self.has(piece) && self.wanted.has(piece)
    }

    pub(crate) fn runs(&self) -> &Runs {
        &self.runs
    }

    pub(crate) fn have(&self) -> &Bitfield {
        &self.have
    }

    pub(crate) fn has(&self, piece: PieceIndex) -> bool {
        self.have.has(piece)
    }

    pub(crate) fn holders(&self, piece: PieceIndex) -> u16 {
        self.holders[piece.as_usize()]
    }

    pub(crate) fn is_open(&self, piece: PieceIndex) -> bool {
        self.holders(piece) == 0 && self.lacks(piece)
    }

    /// Pieces of the run that only the origin can bring.
    pub(crate) fn open_in(&self, run: RunIndex) -> u32 {
        self.of_run.get(run.as_usize()).map_or(self.open, |run| u32::from(run.open))
    }

    /// The lane has seen that nothing of the run is open.
    pub(crate) fn lay_to_rest(&mut self, run: RunIndex) {
        if let Some(run) = self.of_run.get_mut(run.as_usize()) {
            run.is_at_rest = run.open == 0 && run.lacking > 0;
        }
    }

    /// Whether the run is as the lane saw it when it laid it to rest: lacking, and only peers can bring it.
    pub(crate) fn is_at_rest(&self, run: RunIndex) -> bool {
        self.of_run.get(run.as_usize()).is_some_and(|run| run.is_at_rest)
    }

    /// Whether there is a piece that only the origin can bring.
    pub(crate) fn has_open(&self) -> bool {
        self.open > 0
    }

    /// Pieces of the run that I lack.
    pub(crate) fn lacking_in(&self, run: RunIndex) -> u32 {
        self.of_run.get(run.as_usize()).map_or(self.lacking, |run| u32::from(run.lacking))
    }

    /// Requests in flight for the piece.
    pub(crate) fn copies(&self, piece: PieceIndex) -> usize {
        usize::from(self.copies[piece.as_usize()])
    }

    /// Whether every piece that I lack is asked for.
    pub(crate) fn all_lacking_in_flight(&self) -> bool {
        self.lacking_in_flight == self.lacking
    }

    /// Whether the mesh could ask for anything.
    pub(crate) fn has_useful(&self) -> bool {
        !self.useful.items.is_empty()
    }

    /// Whether the mesh could ask for it.
    pub(crate) fn is_useful(&self, piece: PieceIndex) -> bool {
        self.useful.places.get(piece.as_usize()) > 0
    }

    /// As [`rarest_of`](Self::rarest_of), of pieces with more than so many holders only.
    pub(crate) fn rarest_shared(
        &self,
        choices: usize,
        holders: u16,
        rng: &mut Pcg64Mcg,
    ) -> Option<PieceIndex> {
        let items = &self.useful.items;
        if items.is_empty() {
            return None;
        }
        let drawn = (0..4 * choices).map(|_| items[rng.random_range(0..items.len())]);
        let shared = drawn.filter(|piece| self.holders(*piece) > holders);
        shared.take(choices).min_by_key(|piece| self.holders(*piece))
    }

    /// Of `choices` random useful pieces, the one with the fewest holders.
    pub(crate) fn rarest_of(&self, choices: usize, rng: &mut Pcg64Mcg) -> Option<PieceIndex> {
        let items = &self.useful.items;
        if items.is_empty() {
            return None;
        }
        (0..choices).map(|_| items[rng.random_range(0..items.len())]).min_by_key(|piece| self.holders(*piece))
    }

    /// `true` if it was new.
    pub(crate) fn gain(&mut self, piece: PieceIndex) -> bool {
        let new = self.have.insert(piece);
        if new && self.wanted.has(piece) {
            self.lacking -= 1;
            self.lane_changes += 1;
            if let Some(run) = self.of_run.get_mut(self.runs.of(piece).as_usize()) {
                run.lacking -= 1;
                run.is_at_rest &= run.lacking > 0;
            }
            if self.holders(piece) == 0 {
                self.close(piece);
            }
            self.lacking_in_flight -= u32::from(self.copies(piece) > 0);
            self.sort_in(piece);
        }
        new
    }

    /// `true` if I had it.
    pub(crate) fn lose(&mut self, piece: PieceIndex) -> bool {
        let had = self.have.remove(piece);
        if had && self.wanted.has(piece) {
            self.growths += 1;
            self.lacking += 1;
            if let Some(run) = self.of_run.get_mut(self.runs.of(piece).as_usize()) {
                run.lacking += 1;
            }
            if self.holders(piece) == 0 {
                self.reopen(piece);
            }
            self.lacking_in_flight += u32::from(self.copies(piece) > 0);
            self.sort_in(piece);
        }
        had
    }

    pub(crate) fn add_holder(&mut self, piece: PieceIndex) {
        if self.is_open(piece) {
            self.close(piece);
        }
        self.holders[piece.as_usize()] += 1;
        self.sort_in(piece);
        // In the endgame it may be the second source of what is asked for already.
        self.mesh_changes += u32::from(self.all_lacking_in_flight() && self.lacks(piece));
    }

    pub(crate) fn remove_holder(&mut self, piece: PieceIndex) {
        self.holders[piece.as_usize()] -= 1;
        if self.is_open(piece) {
            self.reopen(piece);
        }
        self.sort_in(piece);
    }

    /// A request for the piece begins.
    pub(crate) fn add_copy(&mut self, piece: PieceIndex) {
        self.copies[piece.as_usize()] += 1;
        self.lacking_in_flight += u32::from(self.copies(piece) == 1 && self.lacks(piece));
        self.sort_in(piece);
    }

    /// A request for the piece is over.
    pub(crate) fn remove_copy(&mut self, piece: PieceIndex) {
        self.copies[piece.as_usize()] -= 1;
        self.lacking_in_flight -= u32::from(self.copies(piece) == 0 && self.lacks(piece));
        self.sort_in(piece);
    }

    fn close(&mut self, piece: PieceIndex) {
        self.lane_changes += 1;
        self.open -= 1;
        if let Some(run) = self.of_run.get_mut(self.runs.of(piece).as_usize()) {
            run.open -= 1;
        }
    }

    fn reopen(&mut self, piece: PieceIndex) {
        self.lane_changes += 1;
        self.open += 1;
        if let Some(run) = self.of_run.get_mut(self.runs.of(piece).as_usize()) {
            run.open += 1;
            run.is_at_rest = false;
        }
    }

    fn sort_in(&mut self, piece: PieceIndex) {
        if self.holders(piece) > 0 && self.copies(piece) == 0 && self.lacks(piece) {
            self.mesh_changes += 1;
            self.useful.insert(piece);
        } else {
            self.useful.remove(piece);
        }
    }
}

/// A set of pieces from which one can be drawn at random.
#[derive(Debug)]
struct PieceSet {
    items: Vec<PieceIndex>,
    /// Per piece: one more than its place in `items`; 0 if it is not there.
    places: Numbers,
}

impl PieceSet {
    fn new(pieces: usize) -> Self {
        Self { items: Vec::new(), places: Numbers::zeros(pieces) }
    }

    fn insert(&mut self, piece: PieceIndex) {
        if self.places.get(piece.as_usize()) == 0 {
            self.items.push(piece);
            self.places
                .set(piece.as_usize(), u32::try_from(self.items.len()).expect("no more than 2^20 pieces"));
        }
    }

    fn remove(&mut self, piece: PieceIndex) {
        let place = self.places.get(piece.as_usize());
        if place > 0 {
            self.places.set(piece.as_usize(), 0);
            self.items.swap_remove(place as usize - 1);
            if let Some(moved) = self.items.get(place as usize - 1) {
                self.places.set(moved.as_usize(), place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use swarmline_types::{PieceLayout, PieceRange};

    use super::*;

    proptest! {
        /// The counts that are carried along are those that a scan would find.
        #[test]
        fn counts_never_drift(steps in prop::collection::vec((0u32..150, 0u8..7), 0..300)) {
            let layout = PieceLayout::new(150 << 14, 1 << 14).unwrap();
            let runs = Runs::new(layout);
            let half = Wanted::of(layout.piece_range(40, 60));
            let mut coverage = Coverage::new(runs, Bitfield::none(&layout), half);
            for (piece, what) in steps {
                let piece = layout.piece(piece).unwrap();
                match what {
                    0 => { coverage.gain(piece); }
                    1 => { coverage.lose(piece); }
                    2 => coverage.add_holder(piece),
                    3 if coverage.holders(piece) > 0 => coverage.remove_holder(piece),
                    4 if coverage.copies(piece) < 2 => coverage.add_copy(piece),
                    5 if coverage.copies(piece) > 0 => coverage.remove_copy(piece),
                    6 => { coverage.want(&Wanted::of([PieceRange::one(piece)])); }
                    _ => {}
                }
                let of_runs = |c: &Coverage| c.of_run.iter().map(|run| (run.lacking, run.open)).collect::<Vec<_>>();
                let counts = |c: &Coverage| (c.lacking, c.lacking_in_flight, of_runs(c), c.open);
                let carried = counts(&coverage);
                coverage.recount();
                prop_assert_eq!(carried, counts(&coverage));
                let mut useful = coverage.useful.items.clone();
                useful.sort();
                let want: Vec<_> = layout
                    .pieces()
                    .filter(|p| coverage.lacks(*p) && coverage.holders(*p) > 0 && coverage.copies(*p) == 0)
                    .collect();
                prop_assert_eq!(useful, want);
                let lacking: Vec<_> = layout.pieces().filter(|p| coverage.lacks(*p)).collect();
                prop_assert_eq!(coverage.lacking as usize, lacking.len());
                let in_flight = lacking.iter().filter(|p| coverage.copies(**p) > 0).count();
                prop_assert_eq!(coverage.lacking_in_flight as usize, in_flight);
            }
        }
    }
}
