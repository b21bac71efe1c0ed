//! What one node saw: who was there and had what, what came from whom and when, and what the origin said.

mod reading;

use std::collections::BTreeMap;
use std::time::Duration;

use swarmline_scheduler::{Config, Failure, FetchReason, Policy};
use swarmline_trace::NodeFacts;
use swarmline_types::{CapacityClass, ContentId, MonoTime, NodeId, PieceLayout, Wanted};

use super::flow::Flow;

/// One trace, read.
#[derive(Debug)]
pub(super) struct View {
    pub(super) facts: NodeFacts,
    pub(super) members: BTreeMap<NodeId, Member>,
    pub(super) contents: BTreeMap<ContentId, Seen>,
    /// Own fetches from the origin.
    pub(super) fetches: Vec<Fetch>,
    /// Pieces that peers sent.
    pub(super) transfers: Vec<Transfer>,
    /// Bytes from the origin that others said they received.
    pub(super) heard: BTreeMap<NodeId, Vec<Flow>>,
    pub(super) errors: Vec<OriginError>,
    pub(super) config: Option<Config>,
    /// What it was told of waiting, as it was in force last.
    pub(super) delays: Delays,
    pub(super) dropped: u64,
    pub(super) ends: MonoTime,
    /// Whether the node was stopped then.
    pub(super) is_stopped: bool,
}

/// A member of the office, from one side.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) class: CapacityClass,
    /// When it was first seen.
    pub(super) came: MonoTime,
    /// When it was last seen to go, and whether it said so; none while it is there.
    pub(super) went: Option<(MonoTime, bool)>,
    pub(super) sent_bad: bool,
    pub(super) of: BTreeMap<ContentId, Share>,
}

/// What a member has of a content.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Share {
    /// Part that it had when it was first heard of.
    pub(super) had: Option<f64>,
    pub(super) begun: MonoTime,
    /// Which pieces it wants, as it said last; none: all, or it is not known.
    pub(super) wanted: Option<Wanted>,
    /// When it had all it wants.
    pub(super) complete: Option<MonoTime>,
}

/// A node's policy, counted from the opening of what it wants.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Delays {
    pub(super) foreground: Duration,
    pub(super) background: Duration,
    pub(super) deadline: Option<Duration>,
}

impl Delays {
    pub(super) fn of(policy: Policy, opened: MonoTime) -> Self {
        Self {
            foreground: policy.foreground_delay,
            background: policy.background_delay,
            deadline: policy.deadline.map(|deadline| deadline.since(opened)),
        }
    }
}

/// A content.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) layout: PieceLayout,
    pub(super) config: Config,
    /// Something of it was asked for.
    pub(super) is_fetched: bool,
}

/// A request to the origin.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    pub(super) begun: MonoTime,
    pub(super) answered: Option<MonoTime>,
    pub(super) why: Option<FetchReason>,
    pub(super) flows: Vec<Flow>,
}

/// A piece of a peer that came whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    pub(super) from: NodeId,
    pub(super) flow: Flow,
}

/// The origin did not do what was asked of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct OriginError {
    pub(super) begun: MonoTime,
    pub(super) at: MonoTime,
    pub(super) why: Failure,
    /// Whether bytes had come.
    pub(super) broke_off: bool,
}

impl View {
    /// Lays this over another whose time begins so much earlier, or later.
    pub(super) fn shift(&mut self, micros: i128) {
        let moved = |at: &mut MonoTime| {
            let to = i128::from(at.as_micros()).saturating_add(micros).max(0);
            *at = MonoTime::from_micros(u64::try_from(to).unwrap_or(u64::MAX));
        };
        let of_flow = |flow: &mut Flow| {
            moved(&mut flow.from);
            moved(&mut flow.to);
        };
        for member in self.members.values_mut() {
            moved(&mut member.came);
            member.went.iter_mut().for_each(|(at, _)| moved(at));
            for share in member.of.values_mut() {
                moved(&mut share.begun);
                share.complete.iter_mut().for_each(moved);
            }
        }
        for fetch in &mut self.fetches {
            moved(&mut fetch.begun);
            fetch.answered.iter_mut().for_each(moved);
            fetch.flows.iter_mut().for_each(of_flow);
        }
        self.transfers.iter_mut().for_each(|transfer| of_flow(&mut transfer.flow));
        self.heard.values_mut().flatten().for_each(of_flow);
        for error in &mut self.errors {
            moved(&mut error.begun);
            moved(&mut error.at);
        }
        moved(&mut self.ends);
    }
}
