//! What came of one run: figures, times, series, and why each byte came from the origin.
//!
//! Everything is serialised in a fixed order, without hash maps, so that one scenario and one seed give the same bytes of
//! JSON on any machine and any number of threads. Times are in seconds of virtual time, rates and sizes in bytes; a
//! *ratio* is over the bound or over one copy of the content. Only honest peers count, unless a field says otherwise.

mod figures;
mod series;

use serde::Serialize;
use swarmline_scheduler::FetchReason;
use swarmline_types::{CapacityClass, Priority};

pub(crate) use figures::ratio;
pub use figures::{Figures, Messages, Traffic};
pub use series::{Egress, Holders, Series};

use crate::scenario::Behaviour;

/// What came of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The scenario's name.
    pub scenario: String,
    /// The scenario's question.
    pub question: String,
    /// Which scheduler ran, [`Strategy::name`](crate::Strategy::name).
    pub strategy: String,
    /// The seed.
    pub seed: u64,
    /// Events that were simulated.
    pub events: u64,
    /// Virtual time at the end.
    pub ended_s: f64,
    /// All sites and contents together; ratios of time are those of the worst site.
    pub total: Figures,
    /// Each site, in order of the scenario.
    pub sites: Vec<SiteOutcome>,
    /// Each content, over all sites.
    pub contents: Vec<ContentOutcome>,
    /// When peers were done.
    pub completions: Completions,
    /// What happened over time, all sites together; the map of holders is of site 0.
    pub series: Series,
    /// Fetches from the origin, by time of their beginning, of all sites: who, what, and why.
    pub fetches: Vec<FetchRecord>,
    /// Fetches beyond [`RecordPlan::fetches_max`](crate::scenario::RecordPlan::fetches_max), which are not in the list.
    pub fetches_left_out: u64,
}

/// What came of one site.
#[derive(Clone, Debug, Serialize)]
pub struct SiteOutcome {
    /// Its number, counted from 0.
    pub site: u32,
    /// Its figures.
    pub figures: Figures,
    /// What each content came to on this site, in order of the scenario.
    pub contents: Vec<ContentOutcome>,
}

/// What came of one content.
#[derive(Clone, Debug, Serialize)]
pub struct ContentOutcome {
    /// Its name.
    pub name: String,
    /// Foreground or background.
    pub priority: Priority,
    /// Its bytes.
    pub size: u64,
    /// Its pieces.
    pub pieces: u32,
    /// Its figures. The bound is that of the content alone, as if no other were fetched.
    pub figures: Figures,
}

/// When peers were done.
#[derive(Clone, Debug, Serialize)]
pub struct Completions {
    /// Each peer, honest or not, by site and number; empty when there are more than
    /// [`RecordPlan::peers_max`](crate::scenario::RecordPlan::peers_max).
    pub peers: Vec<PeerOutcome>,
    /// Of all honest peers that finished: seconds from the first arrival of the run to completion, in 100 steps of equal
    /// share; entry *i* is the time at which *i* % were done. Empty if nobody was.
    pub percentiles_s: Vec<f64>,
}

/// What came of one peer.
#[derive(Clone, Debug, Serialize)]
pub struct PeerOutcome {
    /// Its site.
    pub site: u32,
    /// Its number on the site, counted from 0.
    pub peer: u32,
    /// Name of its group; empty for those in none, `holder` and `cache` for those.
    pub group: String,
    /// What it did to others.
    pub behaviour: Behaviour,
    /// How much of the site's origin work it took on.
    pub class: CapacityClass,
    /// When it came.
    pub arrived_s: f64,
    /// When it had all it wanted of all contents; `None` if never.
    pub done_s: Option<f64>,
    /// The same for each content, in order of the scenario; `None` also for what it does not want.
    pub contents_done_s: Vec<Option<f64>>,
    /// When it went for good; `None` if it stayed.
    pub gone_s: Option<f64>,
    /// Content bytes that it sent to peers.
    pub sent: u64,
    /// Content bytes that it received, from peers and origin, whatever became of them.
    pub received: u64,
    /// Of these, from the origin.
    pub from_origin: u64,
}

/// One request to the origin.
#[derive(Clone, Debug, Serialize)]
pub struct FetchRecord {
    /// When it began.
    pub at_s: f64,
    /// The site.
    pub site: u32,
    /// The peer that asked, by its number on the site.
    pub peer: u32,
    /// The content, by its place in the scenario.
    pub content: u32,
    /// First piece.
    pub piece: u32,
    /// How many pieces.
    pub count: u32,
    /// Why by this peer.
    pub why: Why,
    /// Bytes that came.
    pub bytes: u64,
    /// When it was over; `None` if it was not at the end of the run.
    pub over_s: Option<f64>,
    /// How it ended.
    pub end: FetchEnd,
}

/// Why a peer asked the origin.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It ranked first.
    Owner,
    /// Whoever ranked before it did not come, or fell silent.
    TakeOver,
    /// The claim of another crawled.
    SecondCopy,
    /// It knew nobody, or nobody served it.
    Alone,
    /// The origin is one more source beside the peers, and nobody agrees with others who asks it for what.
    Beside,
    /// Nothing is shared: each asks for all.
    Unshared,
    /// The scheduler gave no reason.
    Untold,
}

impl Why {
    /// The reason that the product's scheduler told.
    pub fn of(told: Option<FetchReason>) -> Self {
        match told {
            Some(FetchReason::Owner) => Self::Owner,
            Some(FetchReason::TakeOver) => Self::TakeOver,
            Some(FetchReason::SecondCopy) => Self::SecondCopy,
            Some(FetchReason::Alone) => Self::Alone,
            None => Self::Untold,
        }
    }
}

/// How a request to the origin ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FetchEnd {
    /// All of it came.
    Complete,
    /// The peer took it back.
    Cancelled,
    /// The server refused it or broke off.
    Failed,
    /// The peer went.
    Gone,
    /// It was not over at the end of the run.
    Open,
}
