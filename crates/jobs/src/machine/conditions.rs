//! Conditions outside a job, under which it waits: network, cost, power.

use crate::words::{HResult, LinkCost};

/// What the machine this runs on allows now. Told by whoever watches the system; a system that nobody watches has the
/// default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Conditions {
    /// There is a network. Default true.
    pub network: bool,
    /// What the link costs. Default unrestricted.
    pub cost: LinkCost,
    /// The link is cellular. Default false.
    pub cellular: bool,
    /// The machine is on battery, and a policy says to wait. Default false.
    pub battery_blocks: bool,
    /// The link is a VPN, and a policy says to wait. Default false.
    pub vpn_blocks: bool,
    /// Memory is critically short. Default false.
    pub memory_blocks: bool,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            network: true,
            cost: LinkCost::UNRESTRICTED,
            cellular: false,
            battery_blocks: false,
            vpn_blocks: false,
            memory_blocks: false,
        }
    }
}

impl Conditions {
    /// Why a job waits, the weightiest reason first; `None` when it may run. The two arguments are the job's own
    /// policies: whether they allow the link's cost, and its being cellular.
    pub(crate) fn block(&self, cost_allowed: bool, cellular_allowed: bool) -> Option<HResult> {
        [
            (!self.network, HResult::DO_E_BLOCKED_BY_NO_NETWORK),
            (!cost_allowed, HResult::DO_E_BLOCKED_BY_COST_TRANSFER_POLICY),
            (self.cellular && !cellular_allowed, HResult::DO_E_BLOCKED_BY_CELLULAR_POLICY),
            (self.battery_blocks, HResult::DO_E_BLOCKED_BY_POWER_STATE),
            (self.vpn_blocks, HResult::DO_E_BLOCKED_BY_VPN_POLICY),
            (self.memory_blocks, HResult::DO_E_BLOCKED_BY_CRITICAL_MEMORY_USAGE),
        ]
        .into_iter()
        .find_map(|(blocks, code)| blocks.then_some(code))
    }
}
