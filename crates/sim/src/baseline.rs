//! What one would use otherwise, behind the border at which the production scheduler stands: to compare with.
//!
//! Each is a whole scheduler of one content, built as its users would build it, with the same lines, peers and serving
//! queues as the production one. None of them has the lane: that nobody agrees on who fetches what from the origin is
//! what they show.

mod desk;
mod neighbours;

mod exchange;

mod origin_only;
mod rarest_first;
mod rendezvous;

use swarmline_scheduler::{Action, Allowance, FetchReason, Input, Ledger, RequestId, Stage};
use swarmline_types::{Bitfield, MonoTime};

use crate::outcome::Why;
use crate::scenario::StrategyName;
use crate::strategy::{Machine, Opening, Production, Strategy};

use desk::Desk;

/// A scheduler that keeps its affairs at a desk: only what it does with a fact is its own.
trait Baseline: Send {
    fn desk(&self) -> &Desk;
    fn desk_mut(&mut self) -> &mut Desk;
    /// Takes in one fact and orders what follows from it.
    fn take_turn(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime);
}

impl<B: Baseline> Machine for B {
    fn handle(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime) {
        self.take_turn(input, allowance, now);
    }

    fn poll_action(&mut self) -> Option<Action> {
        self.desk_mut().poll_action()
    }

    fn poll_timeout(&self) -> Option<MonoTime> {
        self.desk().poll_timeout()
    }

    fn stage(&self) -> Stage {
        self.desk().stage
    }

    fn have(&self) -> &Bitfield {
        self.desk().have()
    }

    fn ledger(&self) -> Option<&Ledger> {
        None
    }

    fn is_in_flight(&self, request: RequestId) -> bool {
        self.desk().request(request).is_some()
    }
}

impl Strategy for StrategyName {
    fn name(&self) -> &str {
        Self::name(*self)
    }

    fn open(&self, opening: Opening) -> Box<dyn Machine> {
        match self {
            Self::LaneAndMesh => Production.open(opening),
            Self::OriginOnly => Box::new(origin_only::OriginOnly::new(opening)),
            Self::RarestFirst => Box::new(rarest_first::RarestFirst::new(opening)),
            Self::Rendezvous => Box::new(rendezvous::Rendezvous::new(opening)),
        }
    }

    /// Who agrees with nobody is not alone for that.
    fn why(&self, told: Option<FetchReason>) -> Why {
        match (self, Why::of(told)) {
            (Self::OriginOnly, Why::Alone) => Why::Unshared,
            (Self::RarestFirst, Why::Alone) => Why::Beside,
            (_, why) => why,
        }
    }

    fn connections(&self) -> Option<u32> {
        match self {
            Self::LaneAndMesh | Self::OriginOnly => None,
            Self::RarestFirst | Self::Rendezvous => Some(CONNECTIONS),
        }
    }
}

/// Nobody passes on what others do, so each must hear it himself: as many connections as clients of BitTorrent hold in all.
const CONNECTIONS: u32 = 200;

#[cfg(test)]
mod tests;
