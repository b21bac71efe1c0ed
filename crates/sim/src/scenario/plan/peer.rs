//! Peers, and how they differ.

use std::fmt;

use serde::{Deserialize, Serialize};
use swarmline_types::CapacityClass;

use crate::scenario::stretch::Stretch;
use crate::scenario::units::{Cap, DayPart, Line, Share, Span, When};

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
    /// Its limit on what comes from the origin for foreground contents, kept by the scheduler; outside the
    /// [hours](Self::hours), where there are any. Default unlimited.
    pub foreground_limit: Option<Cap>,
    /// The same for background contents. Default unlimited.
    pub background_limit: Option<Cap>,
    /// Hours of each day in which other limits are in force. Default none.
    pub hours: Option<DayPart>,
    /// Limit on foreground contents within the hours. Default as without.
    pub foreground_limit_in_hours: Option<Cap>,
    /// The same for background contents. Default as without.
    pub background_limit_in_hours: Option<Cap>,
    /// How long after it begins to want a foreground content it leaves the origin alone. Default not at all, at most
    /// 1,000 h.
    pub foreground_delay: Option<Span>,
    /// The same for a background content. Default not at all, at most 1,000 h.
    pub background_delay: Option<Span>,
    /// How long after it begins to want a content it should have it; a delay ends early enough for that. Default none, at
    /// most 1,000 h.
    pub deadline: Option<Span>,
    /// Which part of each content it has at the start: random pieces. Default none.
    pub has: Option<Share>,
    /// Which part of each content it wants. Default all.
    pub wants: Option<Stretch>,
    /// When it comes, counted from the start, instead of as [`Scenario::arrive`](super::Scenario::arrive) says. Default as
    /// that says.
    pub arrives: Option<When>,
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
    /// Peers of each site; all groups together at most as many as each has.
    pub count: Option<u32>,
    /// What they are. In a file these keys stand in the group itself.
    pub peer: PeerPlan,
}

impl GroupPlan {
    /// So many peers of a site with `peers`; a share is rounded.
    pub(crate) fn peers_of(&self, peers: u32) -> u32 {
        let of_share = self.share.map_or(0, |share| share.of(peers as usize));
        self.count.unwrap_or(u32::try_from(of_share).unwrap_or(peers))
    }
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
    /// Speaks for a thousand members each second that are not there.
    Invents,
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
    /// Its power goes: the others find out after [`Network::notice`](super::Network::notice).
    Vanish,
    /// It says goodbye.
    Leave,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crash => "crash",
            Self::Vanish => "vanish",
            Self::Leave => "leave",
        })
    }
}
