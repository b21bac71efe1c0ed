//! What a scenario says: the whole schema, each field with its default and its bounds.

mod peer;
mod run;
mod world;

mod swarm;

pub use peer::{Behaviour, Ending, GroupPlan, PeerPlan};
pub use run::{CheckPlan, Expect, RecordPlan, SchedulerPlan};
pub use swarm::{ContentPlan, Scenario, SitePlan};
pub use world::{Answer, Arrival, Arrive, Network, OriginPlan, Outage, Partition};
