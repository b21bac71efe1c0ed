//! What is simulated: the schema of a scenario, how it is read, and within which bounds.
//!
//! A scenario is TOML with units; every field has a default. It holds no seed: the same scenario is run with several.

mod strategy_name;
mod stretch;
mod units;

mod plan;

mod error;

mod numbers;

mod check;
mod parse;
mod text;

mod nasty;

pub use check::{ENTRIES_MAX, HOSTS_MAX, SITE_PLANS_MAX, SITES_MAX, TIME_MAX};
pub use error::ScenarioError;
pub use nasty::nasty;
pub(crate) use numbers::{check as check_numbers, whole};
pub use plan::{
    Answer, Arrival, Arrive, Behaviour, CheckPlan, ContentPlan, Ending, Expect, GroupPlan, Network,
    OriginPlan, Outage, Partition, PeerPlan, RecordPlan, Scenario, SchedulerPlan, SitePlan,
};
pub use strategy_name::{StrategyName, UnknownStrategy};
pub use stretch::{ParseStretchError, Stretch};
pub use units::{
    Cap, Clock, DayPart, Line, ParseLineError, ParseShareError, ParseWhenError, Share, Size, Span, When,
};

#[cfg(test)]
mod tests;
