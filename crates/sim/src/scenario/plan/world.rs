//! What is around the peers: the origin, the network, and when who comes.

use serde::{Deserialize, Serialize};

use crate::scenario::units::{Line, Share, Span, When};

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
    /// What an overloaded server says: come back after so many whole seconds. Default nothing.
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
    /// From dialling to hello, beside the LAN's latency. Default 5 ms, at most 1 m.
    pub handshake: Span,
    /// Part of the pairs of a site that cannot reach each other for a while. Default none.
    pub unknown: Share,
    /// For how long, from the start. Default 60 s.
    pub unknown_for: Span,
    /// What a control message waits for beside the latency, drawn for each; order is kept. Default `0s..300us`: without
    /// any, whoever is told first of a piece would always be the same, and be asked by all.
    pub delay: When,
    /// Part of the lane's messages that are lost. Default none.
    pub lane_loss: Share,
    /// When the other end of a connection that fell silent is noticed. Default 15 s, at most 1 h.
    pub notice: Span,
    /// Whether packet headers count: 1,448 of each 1,514 bytes on a line are content, as with TCP over Ethernet, and for
    /// every second packet one of 66 bytes goes back. Default no.
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

impl Default for OriginPlan {
    fn default() -> Self {
        Self { egress: Line::UNLIMITED, ranges: true, exists: true }
    }
}

impl Default for Outage {
    fn default() -> Self {
        let until = crate::scenario::TIME_MAX;
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
            delay: When::Spans(Span::secs(0), Span(std::time::Duration::from_micros(300))),
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
