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

use crate::scenario::StrategyName;
use crate::strategy::{Machine, Opening, Production, Strategy};

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
}

#[cfg(test)]
mod tests;
