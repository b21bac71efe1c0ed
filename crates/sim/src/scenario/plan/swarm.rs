//! The whole scenario, what is fetched, and where.

use serde::{Deserialize, Serialize};
use swarmline_types::Priority;

use super::peer::{GroupPlan, PeerPlan};
use super::run::{CheckPlan, Expect, RecordPlan, SchedulerPlan};
use super::world::{Arrive, Network, OriginPlan, Outage, Partition};
use crate::scenario::StrategyName;
use crate::scenario::units::{Clock, Line, Share, Size, Span};

/// A swarm and what happens to it. Every field has a default, so an empty file is a scenario: one site of ten peers that
/// start together, behind a WAN line of 20 Mbit/s, and want one file of 64 MiB.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// A short name. Default `unnamed`.
    pub name: String,
    /// What the scenario is to find out, for whoever reads its report. Default empty.
    pub question: String,
    /// How many seeds a report needs, from 1 on. Default 1, 1 to 1,000.
    pub seeds: u32,
    /// Virtual time at which the run ends; who has not finished then never does. Default 24 h, 1 s to 1,000 h.
    pub limit: Span,
    /// What the clocks on the walls show at the start: hours of policy are by them. Default 0:00.
    pub clock: Clock,
    /// What is fetched, 1 to 64 contents; `[content]` writes one, `[[content]]` several. Default one of 64 MiB.
    pub content: Vec<ContentPlan>,
    /// Where, 1 to 1,000 entries; `[site]` writes one, `[[site]]` several. Default one of ten peers.
    pub site: Vec<SitePlan>,
    /// Peers that differ from the others, up to 64 groups; `[group]` writes one, `[[group]]` several. Default none.
    pub group: Vec<GroupPlan>,
    /// What all peers are that are in no group, and what a group does not say. Only the fields of behaviour and lines.
    pub peer: PeerPlan,
    /// The HTTP server.
    pub origin: OriginPlan,
    /// Times in which the server misbehaves, up to 64; `[outage]` writes one, `[[outage]]` several. Default none.
    pub outage: Vec<Outage>,
    /// When peers come.
    pub arrive: Arrive,
    /// What the network does to messages and connections.
    pub network: Network,
    /// Times in which a site is cut in two, up to 64; `[partition]` writes one, `[[partition]]` several. Default none.
    pub partition: Vec<Partition>,
    /// Which scheduler runs in the hosts: `lane-and-mesh`, `origin-only`, `rarest-first` or `rendezvous`. Default
    /// `lane-and-mesh`, the product's.
    pub strategy: StrategyName,
    /// Parameters of the scheduler under test, where they are to differ from its own defaults.
    pub scheduler: SchedulerPlan,
    /// What is recorded, and how finely.
    pub record: RecordPlan,
    /// What is checked while it runs.
    pub check: CheckPlan,
    /// What must come out; [`Study::is_met`](crate::study::Study::is_met) says whether it does.
    pub expect: Expect,
}

/// One content.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContentPlan {
    /// A name for the report. Default `file`; the next ones are `file-2` and so on.
    pub name: String,
    /// Its bytes. Default 64 MiB, up to 16 TiB as pieces allow.
    pub size: Size,
    /// Bytes of a piece: a power of two from 16 KiB to 16 MiB. Default 1 MiB.
    pub piece: Size,
    /// `foreground` (somebody waits) or `background`. Default foreground.
    pub priority: Priority,
    /// How long after its arrival a peer begins to want it. Default 0 s.
    pub start: Span,
    /// Which part of each site's peers wants it. Default all.
    pub share: Share,
    /// What its time over its own bound may be at most, on average of the seeds: from 0 on. Default anything.
    pub makespan_max: Option<f64>,
}

/// Sites that are alike.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SitePlan {
    /// How many of them. Default 1, 1 to 100,000.
    pub count: u32,
    /// Peers of each that want the contents. Default 10, 1 to 100,000; all sites together at most 1,000,000.
    pub peers: u32,
    /// Nodes of each, beside the peers, that hold everything from the start and never leave. Default 0, at most
    /// 1,000.
    pub holders: u32,
    /// Nodes of each, beside the peers, that are there from the start, fetch like a peer and never leave: cache nodes.
    /// Default 0, at most 1,000.
    pub caches: u32,
    /// The line to the origin, shared evenly by the connections that are open on it. Default 20 Mbit/s.
    pub wan: Line,
    /// Round trip to the origin: from request to first byte. Default 20 ms, at most 10 s.
    pub wan_latency: Span,
    /// Most that one connection to the origin gets. Default unlimited.
    pub connection: Line,
    /// What each peer sends and receives on the LAN, in each direction. Default 1 Gbit/s.
    pub lan: Line,
    /// From one peer to another, one way. Default 200 us, at most 10 s.
    pub lan_latency: Span,
    /// Goodput of the radio cell that all peers of groups with `wifi = true` share. Default 100 Mbit/s.
    pub cell: Line,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: "unnamed".into(),
            question: String::new(),
            seeds: 1,
            limit: Span::secs(24 * 3600),
            clock: Clock::default(),
            content: vec![ContentPlan::default()],
            site: vec![SitePlan::default()],
            group: Vec::new(),
            peer: PeerPlan::default(),
            origin: OriginPlan::default(),
            outage: Vec::new(),
            arrive: Arrive::default(),
            network: Network::default(),
            partition: Vec::new(),
            strategy: StrategyName::default(),
            scheduler: SchedulerPlan::default(),
            record: RecordPlan::default(),
            check: CheckPlan::default(),
            expect: Expect::default(),
        }
    }
}

impl Default for ContentPlan {
    fn default() -> Self {
        Self {
            name: String::new(),
            size: Size(64 << 20),
            piece: Size(1 << 20),
            priority: Priority::Foreground,
            start: Span::secs(0),
            share: Share::ALL,
            makespan_max: None,
        }
    }
}

impl Default for SitePlan {
    fn default() -> Self {
        Self {
            count: 1,
            peers: 10,
            holders: 0,
            caches: 0,
            wan: mbit(20),
            wan_latency: Span::millis(20),
            connection: Line::UNLIMITED,
            lan: mbit(1000),
            lan_latency: Span(std::time::Duration::from_micros(200)),
            cell: mbit(100),
        }
    }
}

fn mbit(rate: u64) -> Line {
    Line(swarmline_types::Rate::bytes_per_s(rate * 125_000))
}
