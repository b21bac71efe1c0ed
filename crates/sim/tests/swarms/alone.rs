//! A scheduler that knows no peers: each fetches everything itself. The model is checked against it, since what it must
//! come to can be computed.

use std::collections::{BTreeMap, VecDeque};

use swarmline_scheduler::{Action, Allowance, Input, Ledger, RequestId, Source, Stage};
use swarmline_sim::{Machine, Opening, Strategy};
use swarmline_types::{Bitfield, MonoTime, PieceIndex, PieceRange};

/// Everybody for himself.
pub(crate) struct Alone;

/// Requests at a time.
const WINDOW: usize = 4;

impl Strategy for Alone {
    fn name(&self) -> &str {
        "alone"
    }

    fn open(&self, opening: Opening) -> Box<dyn Machine> {
        let missing = opening.layout.pieces().filter(|piece| !opening.have.has(*piece)).collect();
        let have = opening.have;
        let size = u64::from(opening.layout.piece_size());
        Box::new(AloneMachine {
            missing,
            have,
            size,
            next: 0,
            in_flight: BTreeMap::new(),
            actions: VecDeque::new(),
        })
    }
}

struct AloneMachine {
    missing: VecDeque<PieceIndex>,
    have: Bitfield,
    size: u64,
    next: u64,
    in_flight: BTreeMap<RequestId, PieceIndex>,
    actions: VecDeque<Action>,
}

impl Machine for AloneMachine {
    fn handle(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime) {
        if let Input::Verified { request, piece, ok } = input {
            self.in_flight.remove(&request);
            allowance.end(Source::Origin, self.size, self.size);
            match ok {
                true => _ = self.have.insert(piece),
                false => self.missing.push_back(piece),
            }
            if self.have.is_all() {
                self.actions.push_back(Action::Completed);
            }
        }
        while self.in_flight.len() < WINDOW && !self.missing.is_empty() {
            if !allowance.try_start(Source::Origin, self.size, now) {
                return;
            }
            let piece = self.missing.pop_front().unwrap();
            let request = RequestId::new(self.next);
            self.next += 1;
            self.in_flight.insert(request, piece);
            self.actions.push_back(Action::Request {
                request,
                from: Source::Origin,
                pieces: PieceRange::one(piece),
            });
        }
    }

    fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn poll_timeout(&self) -> Option<MonoTime> {
        None
    }

    fn stage(&self) -> Stage {
        if self.have.is_all() { Stage::Complete } else { Stage::Fetching }
    }

    fn have(&self) -> &Bitfield {
        &self.have
    }

    fn ledger(&self) -> Option<&Ledger> {
        None
    }

    fn is_in_flight(&self, request: RequestId) -> bool {
        self.in_flight.contains_key(&request)
    }
}
