//! Series over time: steps of equal length that grow when the run lasts longer than foreseen.

use std::time::Duration;

use swarmline_scheduler::score;
use swarmline_types::{ContentId, MonoTime, PieceIndex, PieceLayout};

use crate::outcome::{Egress, Holders, Series, Why};

/// What one site records.
#[derive(Debug)]
pub(crate) struct Recorder {
    step: Duration,
    points: usize,
    pub(crate) egress: [Vec<u64>; 5],
    pub(crate) exchanged: Vec<u64>,
    pub(crate) completions: Vec<u32>,
    pub(crate) present: Vec<u32>,
    pub(crate) maps: Vec<Map>,
}

/// Who has what of one content.
#[derive(Debug)]
pub(crate) struct Map {
    peers: u32,
    row_of: Vec<u32>,
    pieces: Vec<u32>,
    held: Vec<u64>,
    filled: Vec<Vec<u16>>,
}

/// Place of a kind of egress in the recorder.
fn kind(why: Why, is_again: bool) -> usize {
    match why {
        _ if is_again => 4,
        Why::Owner => 0,
        Why::TakeOver => 1,
        Why::SecondCopy => 2,
        Why::Alone | Why::Beside | Why::Unshared | Why::Untold => 3,
    }
}

impl Recorder {
    /// About `points` steps in `expected`.
    pub(crate) fn new(expected: Duration, points: u32) -> Self {
        let micros = expected.as_micros() / u128::from(points.max(1));
        let step = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)).max(STEP_MIN);
        Self {
            step,
            points: points as usize,
            egress: Default::default(),
            exchanged: Vec::new(),
            completions: Vec::new(),
            present: Vec::new(),
            maps: Vec::new(),
        }
    }

    /// Draws a map of a content too, in the lane's order, of at most `rows` rows.
    pub(crate) fn draw_map(&mut self, content: &ContentId, layout: &PieceLayout, rows: u32, peers: u32) {
        let mut order: Vec<PieceIndex> = layout.pieces().collect();
        order.sort_by_cached_key(|piece| (score::order(content, *piece), *piece));
        let per_row = order.len().div_ceil(rows as usize).max(1);
        let mut row_of = vec![0; order.len()];
        for (place, piece) in order.iter().enumerate() {
            row_of[piece.as_usize()] = u32::try_from(place / per_row).expect("no more rows than pieces");
        }
        let pieces: Vec<_> =
            order.chunks(per_row).map(|row| u32::try_from(row.len()).unwrap_or(u32::MAX)).collect();
        let held = vec![0; pieces.len()];
        self.maps.push(Map { peers, row_of, pieces, held, filled: Vec::new() });
    }

    /// The origin sent so many bytes from `since` to `at`, `again` of them once more.
    pub(crate) fn on_origin(&mut self, since: MonoTime, at: MonoTime, why: Why, bytes: u64, again: u64) {
        self.spread(kind(why, false), since, at, bytes - again);
        self.spread(kind(why, true), since, at, again);
    }

    /// Bytes flow evenly, though they are told of together: each step gets its part, and the last what is left.
    fn spread(&mut self, kind: usize, since: MonoTime, at: MonoTime, bytes: u64) {
        let whole = at.since(since).as_micros();
        let step = u64::try_from(self.step.as_micros()).unwrap_or(u64::MAX);
        let (mut from, mut left) = (since, bytes);
        while from < at && left > 0 {
            let border = MonoTime::from_micros((from.as_micros() / step + 1).saturating_mul(step));
            let until = border.min(at);
            let part = u128::from(bytes) * until.since(from).as_micros() / whole;
            let part = u64::try_from(part).unwrap_or(u64::MAX).min(left);
            self.add(kind, from, part);
            (from, left) = (until, left - part);
        }
        self.add(kind, at, left);
    }

    fn add(&mut self, kind: usize, at: MonoTime, bytes: u64) {
        let step = self.step_of(at);
        let series = &mut self.egress[kind];
        if series.len() <= step {
            series.resize(step + 1, 0);
        }
        series[step] += bytes;
    }

    pub(crate) fn on_exchanged(&mut self, at: MonoTime, bytes: u64) {
        let step = self.step_of(at);
        if self.exchanged.len() <= step {
            self.exchanged.resize(step + 1, 0);
        }
        self.exchanged[step] += bytes;
    }

    /// A peer that counts got a piece, or took it away with it.
    pub(crate) fn on_held(&mut self, content: usize, piece: PieceIndex, is_gain: bool) {
        if let Some(map) = self.maps.get_mut(content) {
            let held = &mut map.held[map.row_of[piece.as_usize()] as usize];
            *held = if is_gain { *held + 1 } else { held.saturating_sub(1) };
        }
    }

    /// Which step a time lies in. Two steps become one when there are too many.
    fn step_of(&mut self, at: MonoTime) -> usize {
        loop {
            let step = at.as_micros() / u64::try_from(self.step.as_micros()).unwrap_or(u64::MAX);
            match usize::try_from(step) {
                Ok(step) if step < 2 * self.points => return step,
                _ => self.coarsen(),
            }
        }
    }

    fn coarsen(&mut self) {
        self.step *= 2;
        self.egress.iter_mut().chain([&mut self.exchanged]).for_each(sum_pairs);
        keep_later(&mut self.completions);
        keep_later(&mut self.present);
        self.maps.iter_mut().for_each(|map| keep_later(&mut map.filled));
    }

    /// When the next step ends.
    pub(crate) fn due(&self) -> MonoTime {
        let ended = u32::try_from(self.completions.len() + 1).unwrap_or(u32::MAX);
        MonoTime::ZERO + self.step.saturating_mul(ended)
    }

    /// A step ends: so many are done, and so many are there.
    pub(crate) fn end_step(&mut self, completions: u32, present: u32) {
        self.completions.push(completions);
        self.present.push(present);
        self.maps.iter_mut().for_each(Map::end_step);
        if self.completions.len() >= 2 * self.points {
            self.coarsen();
        }
    }

    /// Brings this and another to steps of the same length.
    fn align(&mut self, step: Duration) {
        while self.step < step {
            self.coarsen();
        }
    }

    /// Adds what another site recorded. Both began with the same step.
    pub(crate) fn merge(&mut self, mut other: Self) {
        self.align(other.step);
        other.align(self.step);
        for (mine, theirs) in self.egress.iter_mut().zip(other.egress) {
            add_all(mine, &theirs, 0);
        }
        add_all(&mut self.exchanged, &other.exchanged, 0);
        // A site that is over stays as it was.
        let last = |list: &[u32]| list.last().copied().unwrap_or(0);
        for (mine, theirs) in [(&mut self.completions, other.completions), (&mut self.present, other.present)]
        {
            let (own_end, end) = (last(mine), last(&theirs));
            let len = mine.len().max(theirs.len());
            mine.resize(len, own_end);
            let theirs = theirs.into_iter().chain(std::iter::repeat(end));
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
    }

    pub(crate) fn into_series(self, capacity_bytes_per_s: Option<f64>) -> Series {
        let step_s = self.step.as_secs_f64();
        let len = self.completions.len();
        let [owner, take_over, second_copy, alone, again] = self.egress.map(|list| to_len(list, len));
        let holders = self.maps.into_iter().enumerate().map(|(content, map)| Holders {
            content: u32::try_from(content).unwrap_or(u32::MAX),
            peers: map.peers,
            pieces: map.pieces,
            filled: map.filled,
        });
        Series {
            step_s,
            egress: Egress { owner, take_over, second_copy, alone, again },
            capacity: capacity_bytes_per_s.map(|rate| rate * step_s),
            exchanged: to_len(self.exchanged, len),
            completions: self.completions,
            present: self.present,
            holders: holders.collect(),
        }
    }
}

impl Map {
    fn end_step(&mut self) {
        let full = |pieces: &u32| u64::from(*pieces) * u64::from(self.peers.max(1));
        let part =
            |(held, pieces): (&u64, &u32)| u16::try_from(held * 1000 / full(pieces).max(1)).unwrap_or(1000);
        self.filled.push(self.held.iter().zip(&self.pieces).map(part).collect());
    }
}

/// Shortest step: 1 ms.
const STEP_MIN: Duration = Duration::from_millis(1);

fn sum_pairs(list: &mut Vec<u64>) {
    *list = list.chunks(2).map(|pair| pair.iter().sum()).collect();
}

fn keep_later<T>(list: &mut Vec<T>) {
    let mut place = 0;
    list.retain(|_| {
        place += 1;
        place % 2 == 0
    });
}

fn add_all(mine: &mut Vec<u64>, theirs: &[u64], fill: u64) {
    mine.resize(mine.len().max(theirs.len()), fill);
    mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
}

/// What came after the last whole step belongs to that step.
fn to_len(mut list: Vec<u64>, len: usize) -> Vec<u64> {
    let rest: u64 = list.drain(len.min(list.len())..).sum();
    list.resize(len, 0);
    if let Some(last) = list.last_mut() {
        *last += rest;
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_and_nothing_is_lost() {
        let mut recorder = Recorder::new(Duration::from_secs(10), 10);
        for second in 0..100 {
            let at = MonoTime::from_millis(second * 1000 + 500);
            while recorder.due() <= at {
                recorder.end_step(1, 2);
            }
            recorder.on_origin(at, at, Why::Owner, 10, 3);
            recorder.on_exchanged(at, 5);
        }
        recorder.end_step(7, 2);
        let series = recorder.into_series(Some(1.0));
        assert!(series.completions.len() <= 20, "{}", series.completions.len());
        assert_eq!(series.egress.owner.iter().sum::<u64>(), 700);
        assert_eq!(series.egress.again.iter().sum::<u64>(), 300);
        assert_eq!(series.exchanged.iter().sum::<u64>(), 500);
        assert_eq!(series.egress.owner.len(), series.completions.len());
        assert_eq!(series.completions.last(), Some(&7));
    }

    #[test]
    fn what_is_told_together_is_counted_when_it_flowed() {
        let mut recorder = Recorder::new(Duration::from_secs(10), 10);
        recorder.on_origin(MonoTime::from_millis(500), MonoTime::from_millis(3000), Why::Owner, 251, 1);
        (0..3).for_each(|_| recorder.end_step(0, 1));
        let egress = recorder.into_series(None).egress;
        assert_eq!(egress.owner[..3], [50, 100, 100]);
        assert_eq!((egress.owner.iter().sum::<u64>(), egress.again.iter().sum::<u64>()), (250, 1));
    }

    #[test]
    fn sites_of_other_lengths_are_added() {
        let site = |seconds: u64| {
            let mut recorder = Recorder::new(Duration::from_secs(10), 10);
            for second in 0..seconds {
                let at = MonoTime::from_millis(second * 1000);
                while recorder.due() <= at {
                    recorder.end_step(3, 4);
                }
                recorder.on_origin(at, at, Why::Alone, 1, 0);
            }
            recorder.end_step(3, 4);
            recorder
        };
        let mut sum = site(50);
        sum.merge(site(5));
        let series = sum.into_series(None);
        assert_eq!(series.egress.alone.iter().sum::<u64>(), 55);
        assert_eq!(series.completions.last(), Some(&6), "the shorter one stays as it was");
    }

    #[test]
    fn the_map_goes_by_the_order_of_the_lane() {
        let layout = PieceLayout::new(64 << 20, 1 << 20).unwrap();
        let content = ContentId::new([1; 32]);
        let mut recorder = Recorder::new(Duration::from_secs(10), 10);
        recorder.draw_map(&content, &layout, 32, 2);
        let first = layout.pieces().min_by_key(|piece| score::order(&content, *piece)).unwrap();
        recorder.on_held(0, first, true);
        recorder.end_step(0, 2);
        let holders = &recorder.into_series(None).holders[0];
        assert_eq!((holders.pieces.len(), holders.filled[0].len()), (32, 32));
        assert_eq!(holders.filled[0][0], 250, "one of two pieces at one of two peers");
        assert_eq!(holders.filled[0].iter().map(|part| u32::from(*part)).sum::<u32>(), 250);
    }
}
