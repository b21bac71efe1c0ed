//! What a scenario says: the whole schema, each field with its default and its bounds.

use serde::{Deserialize, Serialize};
use swarmline_types::{CapacityClass, Priority};

use super::units::{Line, Share, Size, Span, When};

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
    /// Parameters of the scheduler under test, where they are to differ from its own defaults.
    pub scheduler: SchedulerPlan,
    /// What is recorded, and how finely.
    pub record: RecordPlan,
    /// What is checked while it runs.
    pub check: CheckPlan,
    /// What must come out; `swarmline-sim` itself only judges it when asked ([`Expect::judge`](super::Expect::judge)).
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
}

/// Sites that are alike.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SitePlan {
    /// How many of them. Default 1, 1 to 100,000.
    pub count: u32,
    /// Peers of each that want the contents. Default 10, 1 to 100,000; all sites together at most 1,000,000.
    pub peers: u32,
    /// Nodes of each, beside the peers, that hold everything from the start and never leave. Default 0.
    pub holders: u32,
    /// Nodes of each, beside the peers, that are there from the start, fetch like a peer and never leave: cache nodes.
    /// Default 0.
    pub caches: u32,
    /// The line to the origin, shared evenly by the connections that are open on it. Default 20 Mbit/s.
    pub wan: Line,
    /// Round trip to the origin: from request to first byte. Default 20 ms.
    pub wan_latency: Span,
    /// Most that one connection to the origin gets. Default unlimited.
    pub connection: Line,
    /// What each peer sends and receives on the LAN, in each direction. Default 1 Gbit/s.
    pub lan: Line,
    /// From one peer to another, one way. Default 200 us.
    pub lan_latency: Span,
    /// Goodput of the radio cell that all peers of groups with `wifi = true` share. Default 100 Mbit/s.
    pub cell: Line,
}

/// What a peer is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeerPlan {
    /// What it does to others. Default honest.
    pub behaviour: Option<Behaviour>,
    /// How much of the site's origin work it takes on. Default wired; wifi for peers of the cell.
    pub class: Option<CapacityClass>,
    /// What it sends. Default the site's `lan`.
    pub up: Option<Line>,
    /// What it receives, of WAN and LAN together. Default the site's `lan`.
    pub down: Option<Line>,
    /// What its disk writes. Default unlimited.
    pub disk: Option<Line>,
    /// It is in the site's radio cell, through which then all passes that it sends and receives. Default no.
    pub wifi: Option<bool>,
    /// Its limit on what it receives, kept by the scheduler. Default unlimited.
    pub download_limit: Option<Line>,
    /// Its limit on what it sends to peers, kept by the scheduler. Default unlimited.
    pub upload_limit: Option<Line>,
    /// Which part of each content it has at the start: random pieces. Default none.
    pub has: Option<Share>,
    /// How long it stays once it has all it wants, with a goodbye. Default for ever.
    pub linger: Option<Span>,
    /// When it goes, counted from its arrival, finished or not. Default never.
    pub ends: Option<When>,
    /// How it goes then. Default `crash`.
    pub ending: Option<Ending>,
    /// How long after its end it comes back, with what it had. Default never.
    pub back: Option<When>,
}

/// Peers that differ from the others of their site in what is said here.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroupPlan {
    /// A name for the report. Default `group-1` and so on.
    pub name: String,
    /// Part of each site's peers. Groups are drawn at random and never overlap; together at most all. Either this or
    /// `count`. Default none.
    pub share: Option<Share>,
    /// Peers of each site.
    pub count: Option<u32>,
    /// What they are. In a file these keys stand in the group itself.
    pub peer: PeerPlan,
}

/// What a peer does to others.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// What the scheduler says.
    #[default]
    Honest,
    /// Says it has all, and sends bytes of its own making.
    Corrupts,
    /// Says it has all, and never answers.
    Stalls,
    /// Says it has all, and rejects every request.
    Rejects,
    /// Claims every run every second, and fetches none.
    Claims,
    /// As `claims`, with heartbeats that grow.
    Heartbeats,
    /// Says it wants nothing, and fetches and takes all the same.
    Hides,
    /// Takes, and sends nothing: says that it has nothing.
    Leeches,
}

impl Behaviour {
    /// Whether it keeps to the protocol. Only such peers count in figures.
    pub fn is_honest(self) -> bool {
        matches!(self, Self::Honest)
    }
}

/// How a peer goes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Its process dies: the others' connections break at once.
    #[default]
    Crash,
    /// Its power goes: the others find out after [`Network::notice`].
    Vanish,
    /// It says goodbye.
    Leave,
}

/// The HTTP server.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct OriginPlan {
    /// What it sends to all sites together, shared evenly by connections. Default unlimited.
    pub egress: Line,
    /// Whether it serves ranges. Default yes.
    pub ranges: bool,
    /// Whether the peers have an origin at all. Default yes.
    pub exists: bool,
}

/// A time in which the server misbehaves.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outage {
    /// When it begins. Default 0 s.
    pub from: Span,
    /// When it ends. Default never (`1000h`).
    pub until: Span,
    /// What happens to a request. Default `overloaded`.
    pub answer: Answer,
    /// Part of the requests that this happens to. Default all.
    pub share: Share,
    /// What an overloaded server says: come back after. Default nothing.
    pub retry_after: Option<Span>,
}

/// What the server does to a request.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// 503, or 429 with a time to come back.
    #[default]
    Overloaded,
    /// 404.
    Missing,
    /// Breaks off half-way.
    Resets,
    /// Ignores the range and begins to send everything.
    NoRanges,
    /// Sends another content.
    Changed,
    /// Sends at a twentieth of its share of the line.
    Starves,
}

/// When peers come.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Arrive {
    /// How. Default `together`.
    pub how: Arrival,
    /// Over how long. Default 0 s.
    pub over: Span,
}

/// How peers come.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrival {
    /// At a random time each, evenly over the span; with no span all at once.
    #[default]
    Together,
    /// One after another at random distances (a Poisson process), as many as fill the span on average. The first at 0.
    Poisson,
    /// As people come to work: few, many, few.
    Office,
}

/// What the network does.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// When two peers of a site hear of each other, after both are there. Default `0s..200ms`.
    pub discover: When,
    /// Other peers that a newcomer hears of at most; beyond it random ones, the rest by introduction. Default 128, 1 to
    /// 1,024.
    pub finds: u32,
    /// From dialling to hello, beside the LAN's latency. Default 5 ms.
    pub handshake: Span,
    /// Part of the pairs of a site that cannot reach each other for a while. Default none.
    pub unknown: Share,
    /// For how long, from the start. Default 60 s.
    pub unknown_for: Span,
    /// What a control message waits for beside the latency, drawn for each; order is kept. Default 0 s.
    pub delay: When,
    /// Part of the lane's messages that are lost. Default none.
    pub lane_loss: Share,
    /// When the other end of a connection that fell silent is noticed. Default 15 s.
    pub notice: Span,
    /// Whether packet headers count: 1,448 of each 1,514 bytes on a line are content, as with TCP over Ethernet.
    /// Default no.
    pub headers: bool,
    /// Whether a new connection to the origin begins slowly and doubles each round trip. Default no.
    pub slow_start: bool,
    /// Every so manyth message goes through the real encoding and back. Default 256; 0 for none.
    pub encode_every: u32,
}

/// A time in which a site is cut in two.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Partition {
    /// When it begins. Default 0 s.
    pub from: Span,
    /// When it ends. Default 60 s.
    pub until: Span,
    /// The smaller half's part of the peers. Default 50 %.
    pub share: Share,
}

/// Parameters of [`Config`](swarmline_scheduler::Config) and [`NodeConfig`](swarmline_scheduler::NodeConfig); each absent
/// one stays as it is there.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchedulerPlan {
    /// Runs that the site fetches at the same time: 1 to 64.
    pub window: Option<u32>,
    /// Wait before the first claim.
    pub discovery_wait: Option<Span>,
    /// How long a node that met nobody holds back.
    pub settle: Option<Span>,
    /// Members up to which everybody is everybody's neighbour.
    pub full_mesh_max: Option<u32>,
    /// Mean number of neighbours beyond that: 1 to 64.
    pub degree: Option<u32>,
    /// Without a byte from anybody for this long the content fails.
    pub no_progress_timeout: Option<Span>,
    /// How long a content without a usable origin waits for somebody who offers it.
    pub orphan_grace: Option<Span>,
    /// Connections that a node opens and takes: 1 to 64.
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
    /// Peers up to which each is listed with its times; beyond it there is a histogram only. Default 1,000.
    pub peers_max: u32,
    /// Origin fetches up to which each is listed with its reason. Default 10,000.
    pub fetches_max: u32,
}

/// What is checked while it runs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckPlan {
    /// Every so manyth event, one peer is compared with what the simulator knows of it. Default 64; 0 for never. At the end
    /// all are compared.
    pub every: u32,
    /// Most events of one site, against runs that never end. Default 2^33.
    pub events_max: u64,
}

/// What must come out, of each run. What is absent may be anything.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Time of the last peer over the bound, of the worst site.
    pub makespan_max: Option<f64>,
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

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: "unnamed".into(),
            question: String::new(),
            seeds: 1,
            limit: Span::secs(24 * 3600),
            content: vec![ContentPlan::default()],
            site: vec![SitePlan::default()],
            group: Vec::new(),
            peer: PeerPlan::default(),
            origin: OriginPlan::default(),
            outage: Vec::new(),
            arrive: Arrive::default(),
            network: Network::default(),
            partition: Vec::new(),
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

impl Default for OriginPlan {
    fn default() -> Self {
        Self { egress: Line::UNLIMITED, ranges: true, exists: true }
    }
}

impl Default for Outage {
    fn default() -> Self {
        let until = Span::secs(3_600_000);
        Self { from: Span::secs(0), until, answer: Answer::default(), share: Share::ALL, retry_after: None }
    }
}

impl Default for Arrive {
    fn default() -> Self {
        Self { how: Arrival::Together, over: Span::secs(0) }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            discover: When::Spans(Span::secs(0), Span::millis(200)),
            finds: 128,
            handshake: Span::millis(5),
            unknown: Share::NONE,
            unknown_for: Span::secs(60),
            delay: When::Spans(Span::secs(0), Span::secs(0)),
            lane_loss: Share::NONE,
            notice: Span::secs(15),
            headers: false,
            slow_start: false,
            encode_every: 256,
        }
    }
}

impl Default for Partition {
    fn default() -> Self {
        let half = Share::new(0.5).expect("from 0 to 1");
        Self { from: Span::secs(0), until: Span::secs(60), share: half }
    }
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

impl Default for Expect {
    fn default() -> Self {
        Self {
            makespan_max: None,
            mean_max: None,
            origin_max: None,
            duplicate_max: None,
            bad_max: None,
            have_max: None,
            requests_max: None,
            upload_spread_max: None,
            unfinished_max: 0,
        }
    }
}

fn mbit(rate: u64) -> Line {
    Line(swarmline_types::Rate::bytes_per_s(rate * 125_000))
}
