//! One of everything that a driver may say, chosen by numbers: likely and unlikely, true and false, early and late.

use std::time::Duration;

use proptest::prelude::*;
use swarmline_scheduler::{Failure, Input, Policy, RequestId, Source};
use swarmline_types::message::{LaneMessage, OriginNews, Rumour, Word};
use swarmline_types::{Bitfield, CapacityClass, MonoTime, NodeId, PieceIndex, PieceRange, Priority, Wanted};

use super::{Desk, NAMES, id};

/// What happens, to whom, where, and a number for the rest.
pub(crate) type Step = (u8, u8, u32, u32);

/// Kinds of things that may happen.
const KINDS: u8 = 28;
/// Rumours in one message, as the wire allows.
const RUMOURS_MAX: u32 = 32;

/// So many things at most that happen one after another.
pub(crate) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..KINDS, 0u8..5, 0u32..1000, 0u32..4000), 1..most)
}

impl Desk {
    pub(crate) fn anything(&mut self, (what, who, piece, number): Step) {
        let name = NAMES[usize::from(who)];
        let piece = piece % self.layout.piece_count();
        let (peer, index) = (id(name), self.piece(piece));
        match what {
            0 => self.input(Input::PeerUp { peer, class: class(number) }),
            1 => self.input(Input::PeerDown { peer, clean: number.is_multiple_of(2) }),
            2 => self.any_bitmap(peer, number),
            3 => {
                let next = self.piece((piece + number) % self.layout.piece_count());
                self.input(Input::Have { peer, pieces: vec![index, next] });
            }
            4 => {
                let wanted = Wanted::of(self.every_fifth(number).map(PieceRange::one));
                self.input(Input::PeerWants { peer, wanted });
            }
            5 => self.input(Input::Want { wanted: Wanted::of([self.run(piece)]) }),
            6 => self.input(Input::Lost { piece: index }),
            7 if number.is_multiple_of(2) => self.input(Input::Priority(Priority::Background)),
            7 => self.input(Input::Priority(Priority::Foreground)),
            8 => self.policy(self.any_policy(number)),
            9 => self.input(Input::Timer),
            10..=12 => self.sleeps_until(self.now + Duration::from_millis(number.into())),
            13 => self.sleeps_until(self.now + Duration::from_millis(100 * u64::from(number))),
            14..=17 => self.any_lane(peer, what - 14, piece, number),
            18 | 19 => self.any_rumour(name, who, piece, number),
            20 => self.any_flood(peer, number),
            _ => self.any_answer(what - 21, index, number),
        }
    }

    fn any_bitmap(&mut self, peer: NodeId, number: u32) {
        let is_had =
            |piece: &PieceIndex| number.is_multiple_of(4) || (piece.get() * 7 + number).is_multiple_of(3);
        let mut has = Bitfield::none(&self.layout);
        self.layout.pieces().filter(is_had).for_each(|piece| _ = has.insert(piece));
        self.input(Input::Bitmap { peer, has });
    }

    fn every_fifth(&self, number: u32) -> impl Iterator<Item = PieceIndex> + use<> {
        self.layout.pieces().filter(move |piece| piece.get() % 5 == number % 7)
    }

    fn any_policy(&self, number: u32) -> Policy {
        let delay =
            if number.is_multiple_of(17) { Duration::MAX } else { Duration::from_millis(number.into()) };
        let deadline = match number % 4 {
            0 => Some(self.now + delay.saturating_mul(2)),
            1 => Some(MonoTime::from_micros(number.into())),
            _ => None,
        };
        Policy { foreground_delay: delay, background_delay: delay.saturating_mul(3), deadline }
    }

    /// What a peer says in the lane: of runs, and of what is none.
    fn any_lane(&mut self, from: NodeId, what: u8, piece: u32, number: u32) {
        let pieces = match number % 16 {
            0 => self.layout.whole().unwrap(),
            1 => self.layout.piece_range(piece, 1 + number % (self.layout.piece_count() - piece)).unwrap(),
            _ => self.run(piece),
        };
        let message = match what {
            0 => LaneMessage::Claim(pieces),
            1 => LaneMessage::Progress(vec![(pieces, huge(number)), (self.run(0), 1), (pieces, 0)]),
            2 if number.is_multiple_of(2) => LaneMessage::Almost(pieces),
            2 => LaneMessage::Done(pieces),
            _ => LaneMessage::Release { pieces, origin: news(number) },
        };
        self.input(Input::Lane { from, message });
    }

    /// What a peer passes on of somebody known, also of itself and of this node.
    fn any_rumour(&mut self, via: &str, who: u8, piece: u32, number: u32) {
        let word = match number % 8 {
            0 => self.here(),
            1 => Word::Known(Wanted::default()),
            2 => Word::Gone,
            3 => self.done(piece),
            4 => Word::Lane(LaneMessage::Progress(vec![(self.run(piece), huge(number / 8))])),
            5 => Word::Lane(LaneMessage::Almost(self.run(piece))),
            6 => Word::Lane(LaneMessage::Release { pieces: self.run(piece), origin: news(number) }),
            _ => self.claim(piece),
        };
        let member = match number % 50 {
            0 => "me",
            1..=5 => via,
            _ => NAMES[usize::from(who + 1) % NAMES.len()],
        };
        let rumour = Rumour {
            member: id(member),
            class: class(number),
            number: huge(number),
            has_all: number.is_multiple_of(9),
            word,
        };
        self.input(Input::Rumours { from: id(via), rumours: [rumour].into() });
    }

    /// As many as a message may hold, of names that nobody has heard of, or of one name again and again.
    fn any_flood(&mut self, from: NodeId, number: u32) {
        let run_of = |at: u32| at % self.layout.piece_count();
        let rumour = |at: u32| {
            let mut member = [0xdd; 32];
            let name = if number.is_multiple_of(3) { number } else { number * RUMOURS_MAX + at };
            member[..4].copy_from_slice(&name.to_be_bytes());
            let word = match (number + at) % 4 {
                0 => self.here(),
                1 => self.claim(run_of(at)),
                2 => self.done(run_of(at)),
                _ => Word::Known(Wanted::of([self.run(run_of(at))])),
            };
            let number = huge(number + at).saturating_add(at.into());
            Rumour { member: NodeId::new(member), class: class(at), number, has_all: at == 17, word }
        };
        let rumours = (0..1 + number % RUMOURS_MAX).map(rumour).collect();
        self.input(Input::Rumours { from, rumours });
    }

    /// What becomes of something that was asked for; also of what is over, or never was.
    fn any_answer(&mut self, what: u8, piece: PieceIndex, number: u32) {
        let open = self.open.keys().nth(number as usize % self.open.len().max(1)).copied();
        let Some(request) = open.filter(|_| what < 6) else {
            let request = RequestId::new(u64::from(number) % (self.watch.last() + 2));
            if !self.open.contains_key(&request) {
                self.too_late(request, piece, number);
            }
            return;
        };
        let (from, pieces) = self.open[&request];
        match what {
            0 => self.input(Input::Progress { request, received: huge(number) }),
            1..=3 => {
                let next = self.watch.next_unjudged(request);
                self.input(Input::Verified {
                    request,
                    piece: next,
                    ok: what < 3 || !number.is_multiple_of(9),
                });
            }
            4 => self.input(Input::Failed { request, why: failure(number) }),
            _ if from != Source::Origin => self.input(Input::Rejected { request }),
            _ => self.input(Input::Progress { request, received: self.layout.span(pieces).size() }),
        }
    }

    fn too_late(&mut self, request: RequestId, piece: PieceIndex, number: u32) {
        let input = match number % 5 {
            0 => Input::Progress { request, received: huge(number) },
            1 => Input::Verified { request, piece, ok: true },
            2 => Input::Verified { request, piece, ok: false },
            3 => Input::Failed { request, why: failure(number) },
            _ => Input::Rejected { request },
        };
        self.input(input);
    }
}

/// Mostly as numbers are, now and then as no honest one is.
fn huge(number: u32) -> u64 {
    match number % 23 {
        0 => u64::MAX,
        1 => 1 << 40,
        2 => u32::MAX.into(),
        3 => 0,
        4..=13 => u64::from(number) * 3000,
        _ => number.into(),
    }
}

fn class(number: u32) -> CapacityClass {
    match number % 11 {
        0 => CapacityClass::Never,
        1 => CapacityClass::Slow,
        2 => CapacityClass::Wifi,
        _ => CapacityClass::Wired,
    }
}

fn news(number: u32) -> OriginNews {
    match number % 40 {
        0 => OriginNews::NoRanges,
        1 => OriginNews::Pause(Duration::from_secs(9)),
        2 => OriginNews::Pause(Duration::MAX),
        _ => OriginNews::Nothing,
    }
}

fn failure(number: u32) -> Failure {
    match number % 40 {
        0 => Failure::NoRanges,
        1 => Failure::Fatal,
        2 => Failure::Contradiction,
        3 => Failure::Transient { retry_after: Some(Duration::MAX) },
        4 => Failure::Transient { retry_after: Some(Duration::from_secs(7)) },
        _ => Failure::Transient { retry_after: None },
    }
}
