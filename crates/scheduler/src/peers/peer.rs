//! One peer, as a node knows it.

use std::time::Duration;

use swarmline_types::{Bitfield, MonoTime, PieceIndex, PieceLayout, Wanted};

use crate::bucket::Level;
use crate::config::{RUMOUR_BURST, SNUB_MAX};

/// What one node knows of another that shares the content.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(super) has: Bitfield,
    /// What decides whether we are neighbours, the same at both ends.
    pub(crate) draw: u64,
    /// We met because one of us chose the other: in a site where not everybody is connected with everybody.
    pub(crate) is_chosen: bool,
    /// It is told of pieces and asked for them. Kept up by [`Site`](crate::site::Site).
    pub(crate) is_neighbour: bool,
    /// What it may still pass on before it is held to flood.
    pub(crate) rumours: Level,
    /// What it says that it wants; all until it says so.
    pub(super) wanted: Wanted,
    /// How many pieces it wants and has not.
    pub(super) lacking: u32,
    /// Its first bitmap has come; before that it is not asked for anything.
    pub(crate) is_known: bool,
    /// Has delivered a good piece.
    pub(super) is_proven: bool,
    /// Whether its pieces are in the coverage. Changed only by `Peers::judge`.
    pub(super) counts: bool,
    /// When it was first asked for something without having delivered since.
    pub(super) asked_since: Option<MonoTime>,
    /// Since when it owes an answer and gave no sign of life.
    pub(super) silent_since: Option<MonoTime>,
    /// Somebody who has not delivered either says to have got from it what only it had.
    pub(super) is_vouched_for: bool,
    /// My requests that it has not answered.
    pub(crate) in_flight: usize,
    pub(super) snub: Pause,
    pub(super) busy: Pause,
    /// Mean time from a request to its piece.
    pub(super) service: Option<Duration>,
}

/// A pause that doubles each time, until something good resets it.
#[derive(Debug, Default)]
pub(super) struct Pause {
    pub(super) until: MonoTime,
    pub(super) times: u32,
}

impl Pause {
    /// How often in a row, of which time forgives one for each [`SNUB_MAX`] since the last ended.
    pub(super) fn times_by(&self, now: MonoTime) -> u32 {
        let forgiven = now.since(self.until).as_micros() / SNUB_MAX.as_micros();
        self.times.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }
}

impl Peer {
    pub(super) fn new(draw: u64, is_chosen: bool, layout: &PieceLayout) -> Self {
        Self {
            has: Bitfield::none(layout),
            draw,
            is_chosen,
            is_neighbour: true,
            rumours: Level::full(RUMOUR_BURST),
            wanted: Wanted::all(layout),
            lacking: layout.piece_count(),
            is_known: false,
            is_proven: false,
            counts: true,
            asked_since: None,
            silent_since: None,
            is_vouched_for: false,
            in_flight: 0,
            snub: Pause::default(),
            busy: Pause::default(),
            service: None,
        }
    }

    pub(crate) fn has(&self, piece: PieceIndex) -> bool {
        self.has.has(piece)
    }

    pub(crate) fn bitmap(&self) -> &Bitfield {
        &self.has
    }

    pub(crate) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Whether it wants pieces that it has not; known only once its bitmap has come.
    pub(crate) fn is_lacking(&self) -> bool {
        self.is_known && self.lacking > 0
    }

    pub(super) fn recount(&mut self) {
        let lacking = match self.wanted.ranges() {
            [all] if all.count() == self.has.piece_count() => self.has.piece_count() - self.has.count(),
            _ => u32::try_from(self.wanted.pieces().filter(|piece| !self.has.has(*piece)).count())
                .expect("no more than the content has"),
        };
        self.lacking = lacking;
    }

    pub(crate) fn is_proven(&self) -> bool {
        self.is_proven
    }

    /// Whether others say to have got something from it.
    pub(crate) fn is_vouched_for(&self) -> bool {
        self.is_vouched_for
    }

    /// Whether its word that it has a piece keeps others from fetching that piece.
    pub(crate) fn counts(&self) -> bool {
        self.counts
    }

    /// Whether it has every piece and is believed so.
    pub(crate) fn is_source(&self) -> bool {
        self.is_known && self.counts && self.has.is_all()
    }

    /// Whether holders of everything need not give the piece: this one has it, is none of them, and answers.
    pub(crate) fn relieves_holders_of(&self, piece: PieceIndex) -> bool {
        self.has(piece) && !self.is_source() && !self.is_overdue()
    }

    /// Whether it takes far longer than others do, so that it is better left to those who need what only it has.
    pub(crate) fn is_slower_than(&self, usual: Option<Duration>) -> bool {
        let usual = usual.map_or(SLOW_SENDER, |usual| SLOW_SENDER.max(usual * SLOW_SENDER_FACTOR));
        self.service.is_some_and(|service| service > usual)
    }

    /// Whether it has let requests time out and delivered nothing since.
    pub(crate) fn is_overdue(&self) -> bool {
        self.snub.times > 0
    }

    /// Mean time from a request to its piece, the latest as much as all before; `None` before the first.
    pub(crate) fn service(&self) -> Option<Duration> {
        self.service
    }

    /// When its silence or busyness ends, if it is not usable now.
    pub(super) fn pauses(&self) -> [MonoTime; 2] {
        [self.snub.until, self.busy.until]
    }

    /// When silence ends the credit that a stranger has.
    pub(super) fn credit_ends(&self, patience: Duration) -> Option<MonoTime> {
        let patience = if self.is_vouched_for { patience.max(VOUCHED_SILENCE) } else { patience };
        self.silent_since.filter(|_| !self.is_proven).map(|since| since + patience)
    }

    /// Whether it may be asked now.
    pub(crate) fn is_usable(&self, now: MonoTime) -> bool {
        self.is_known && now >= self.snub.until && now >= self.busy.until
    }
}

/// How long a stranger may be silent, or do nothing but reject, when another stranger says to have got something from it.
pub(super) const VOUCHED_SILENCE: Duration = Duration::from_secs(10);
/// A sender is slow when it takes longer than this,
const SLOW_SENDER: Duration = Duration::from_millis(500);
/// and so many times as long as others.
const SLOW_SENDER_FACTOR: u32 = 4;
