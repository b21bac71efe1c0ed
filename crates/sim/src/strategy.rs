//! The border at which a scheduler is put into a host: the production one, or another to compare it with.

use swarmline_scheduler::{Action, Allowance, Config, Content, FetchReason, Input, Ledger, RequestId, Stage};
use swarmline_types::{Bitfield, ContentId, MonoTime, NodeId, PieceLayout};

use crate::outcome::Why;

/// Makes the machine of each content of each host.
pub trait Strategy: Sync {
    /// How it is called in reports.
    fn name(&self) -> &str;
    /// A machine for a content of which `have` is here already. Same arguments and same inputs must give the same orders.
    fn open(&self, opening: Opening) -> Box<dyn Machine>;
    /// Why a machine fetches from the origin, by what it told. Default as the product's means it.
    fn why(&self, told: Option<FetchReason>) -> Why {
        Why::of(told)
    }
    /// Connections that its nodes hold, where the scenario does not say. Default the product's.
    fn connections(&self) -> Option<u32> {
        None
    }
}

/// What a machine is made of; the arguments of [`Content::new`].
#[derive(Clone, Debug)]
pub struct Opening {
    /// Its parameters.
    pub config: Config,
    /// Which content.
    pub content: ContentId,
    /// How the content is cut.
    pub layout: PieceLayout,
    /// What is here.
    pub have: Bitfield,
    /// Whose machine it is.
    pub me: NodeId,
    /// Its chance.
    pub seed: u64,
    /// When.
    pub now: MonoTime,
}

/// A scheduler of one content, driven as [`Content`] is: one input, drain the orders, wait.
pub trait Machine: Send {
    /// Takes in one fact.
    fn handle(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime);
    /// Next order; `None` means drained.
    fn poll_action(&mut self) -> Option<Action>;
    /// Whether there is surely no order; `false` says nothing.
    fn is_drained(&self) -> bool {
        false
    }
    /// When to come back with [`Input::Timer`] if nothing happens first.
    fn poll_timeout(&self) -> Option<MonoTime>;
    /// How far it is.
    fn stage(&self) -> Stage;
    /// What is here. What it marks as here must have come in [`Input::Verified`], or the run ends as broken.
    fn have(&self) -> &Bitfield;
    /// Where its bytes came from, if it keeps books; those are then compared with the simulator's.
    fn ledger(&self) -> Option<&Ledger>;
    /// Whether more is to come of a request.
    fn is_in_flight(&self, request: RequestId) -> bool;
    /// Runs that it remembers others to claim, as [`Content::claimed_runs`]; the simulator checks the bound. Default none.
    fn claimed_runs(&self) -> usize {
        0
    }
    /// Members that it remembers, as [`Content::member_count`]; the simulator checks the bound. Default none.
    fn member_count(&self) -> usize {
        0
    }
}

impl Machine for Content {
    fn handle(&mut self, input: Input, allowance: &mut dyn Allowance, now: MonoTime) {
        self.handle(input, allowance, now);
    }

    fn poll_action(&mut self) -> Option<Action> {
        self.poll_action()
    }

    fn is_drained(&self) -> bool {
        self.is_drained()
    }

    fn poll_timeout(&self) -> Option<MonoTime> {
        self.poll_timeout()
    }

    fn stage(&self) -> Stage {
        self.stage()
    }

    fn have(&self) -> &Bitfield {
        self.have()
    }

    fn ledger(&self) -> Option<&Ledger> {
        Some(self.ledger())
    }

    fn is_in_flight(&self, request: RequestId) -> bool {
        self.is_in_flight(request)
    }

    fn claimed_runs(&self) -> usize {
        self.claimed_runs()
    }

    fn member_count(&self) -> usize {
        self.member_count()
    }
}

/// The scheduler that the product runs: lane and mesh.
#[derive(Clone, Copy, Debug, Default)]
pub struct Production;

impl Strategy for Production {
    fn name(&self) -> &str {
        "lane and mesh"
    }

    fn open(&self, opening: Opening) -> Box<dyn Machine> {
        let Opening { config, content, layout, have, me, seed, now } = opening;
        Box::new(Content::new(config, content, layout, have, me, seed, now))
    }
}
