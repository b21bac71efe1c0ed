//! How it is run: parameters of the scheduler, what is recorded and checked, and what must come out.

use serde::{Deserialize, Serialize};

use crate::scenario::units::{Size, Span};

/// Parameters of [`Config`](swarmline_scheduler::Config) and [`NodeConfig`](swarmline_scheduler::NodeConfig); each absent
/// one stays as it is there.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchedulerPlan {
    /// Runs that the site fetches at the same time until its line is measured: 1 to 24.
    pub window: Option<u32>,
    /// Wait before the first claim.
    pub discovery_wait: Option<Span>,
    /// How long a node that met nobody holds back.
    pub settle: Option<Span>,
    /// Members up to which everybody is everybody's neighbour: 1 to 1,000.
    pub full_mesh_max: Option<u32>,
    /// Mean number of neighbours beyond that: 1 to 64.
    pub degree: Option<u32>,
    /// Without a byte from anybody for this long the content fails: 1 s to 1,000 h.
    pub no_progress_timeout: Option<Span>,
    /// How long a content without a usable origin waits for somebody who offers it.
    pub orphan_grace: Option<Span>,
    /// Connections that a node opens and takes: 1 to 1,024. Nodes of the product hold 64 at most; baselines, which hear
    /// everything themselves, need more.
    pub connections_max: Option<u32>,
    /// Bytes of pieces in flight.
    pub buffer_bytes_max: Option<Size>,
}

/// What is recorded.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordPlan {
    /// Points of a time series. Default 200, 10 to 10,000; a run that lasts longer than its bound has up to twice as many.
    pub points: u32,
    /// Rows of the map of holders; more pieces share a row. Default 128, 1 to 4,096.
    pub rows: u32,
    /// Peers up to which each is listed with its times; beyond it there is a histogram only. Default 1,000, at
    /// most 1,000,000.
    pub peers_max: u32,
    /// Origin fetches up to which each is listed with its reason. Default 10,000, at most 10,000,000.
    pub fetches_max: u32,
}

/// What is checked while it runs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckPlan {
    /// Every so manyth event, one peer is gone through whole, whatever happened to it. Default 64; 0 for never. At the end
    /// all are. What an event touches is held against the rules in any case.
    pub every: u32,
    /// Most events of one site, against runs that never end; counted whatever `every` says. Default 2^33, 1 to 2^40.
    pub events_max: u64,
}

/// What must come out, of each run. Each is a number from 0 on; what is absent may be anything.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Time of the last peer over the bound, of the worst site.
    pub makespan_max: Option<f64>,
    /// How much later than the bound the last peer may be. For runs so short that a ratio says little.
    pub over_bound_max: Option<Span>,
    /// Mean time of a peer from its arrival over the bound for one that comes first.
    pub mean_max: Option<f64>,
    /// Bytes the origin sent over one copy for each site.
    pub origin_max: Option<f64>,
    /// Bytes received twice over all that had to be received.
    pub duplicate_max: Option<f64>,
    /// Bytes with a wrong hash over all that had to be received.
    pub bad_max: Option<f64>,
    /// Messages HAVE per peer and piece.
    pub have_max: Option<f64>,
    /// Requests to peers, per peer and piece.
    pub requests_max: Option<f64>,
    /// What the busiest peer sent over the mean.
    pub upload_spread_max: Option<f64>,
    /// Honest peers that stayed to the end without all they want. Default 0.
    pub unfinished_max: u32,
}

impl Default for RecordPlan {
    fn default() -> Self {
        Self { points: 200, rows: 128, peers_max: 1_000, fetches_max: 10_000 }
    }
}

impl Default for CheckPlan {
    fn default() -> Self {
        Self { every: 64, events_max: 1 << 33 }
    }
}
