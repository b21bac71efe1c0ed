//! What really happened, in the figures that the simulator has too.

use serde::Serialize;
use swarmline_scheduler::FetchReason;
use swarmline_types::MonoTime;

use super::flow::{Flow, line_rate, percentile, sum};
use super::merge::Merged;
use super::view::{Member, Transfer, View};

/// An office as it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Happened {
    /// Nodes of which there is a trace.
    pub traces: u32,
    /// Nodes that wanted something and sent nothing bad, those without a trace among them.
    pub peers: u32,
    /// Nodes that held everything from the beginning.
    pub holders: u32,
    /// Of the peers, those that are known to have got all they wanted.
    pub finished: u32,
    /// Seconds from the first arrival to the last of these.
    pub makespan_s: Option<f64>,
    /// Content bytes that the origin sent, as far as is known.
    pub origin_bytes: u64,
    /// Of these, to owners of a run, among the nodes that have a trace.
    pub owner_bytes: u64,
    /// To those that took a run over.
    pub take_over_bytes: u64,
    /// For second copies.
    pub second_copy_bytes: u64,
    /// To those that were on their own, or gave no reason.
    pub alone_bytes: u64,
    /// To nodes without a trace, as they said themselves.
    pub others_bytes: u64,
    /// Bytes that nodes with a trace got from peers.
    pub peer_bytes: u64,
    /// Requests to the origin that failed.
    pub origin_errors: u32,
    /// What the line to the origin carried, in bytes a second.
    pub wan_bytes_per_s: Option<f64>,
    /// From request to first byte at the origin, in seconds: the middle one.
    pub first_byte_s: Option<f64>,
    /// How fast pieces came from peers, in bytes a second.
    pub lan_bytes_per_s: Option<f64>,
    /// Records that are missing in the traces.
    pub dropped: u64,
}

impl Happened {
    pub(super) fn of(merged: &Merged) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let members = || merged.members.values();
        let peers: Vec<_> = members().filter(|member| role(member) == Role::Peer).collect();
        let holders: Vec<_> = members().filter(|member| role(member) == Role::Holder).collect();
        let done: Vec<_> = peers.iter().filter_map(|member| done_at(member)).collect();
        let first = peers.iter().map(|member| member.came).min();
        let makespan_s = done.iter().max().zip(first).map(|(last, first)| last.since(first).as_secs_f64());
        let fetches = || merged.views.iter().flat_map(|view| &view.fetches);
        let of = |why: &[Option<FetchReason>]| {
            let of = fetches().filter(|fetch| why.contains(&fetch.why));
            of.fold(0, |bytes: u64, fetch| bytes.saturating_add(sum(&fetch.flows)))
        };
        let first_bytes =
            fetches().filter_map(|fetch| Some(fetch.answered?.since(fetch.begun).as_secs_f64())).collect();
        Self {
            traces: count(merged.views.len()),
            peers: count(peers.len()),
            holders: count(holders.len()),
            finished: count(done.len()),
            makespan_s,
            origin_bytes: sum(&merged.flows()),
            owner_bytes: of(&[Some(FetchReason::Owner)]),
            take_over_bytes: of(&[Some(FetchReason::TakeOver)]),
            second_copy_bytes: of(&[Some(FetchReason::SecondCopy)]),
            alone_bytes: of(&[Some(FetchReason::Alone), None]),
            others_bytes: sum(&merged.heard),
            peer_bytes: sum(&transfers(merged).map(|it| it.flow).collect::<Vec<_>>()),
            origin_errors: count(merged.views.iter().map(|view| view.errors.len()).sum()),
            wan_bytes_per_s: line_rate(&merged.flows()),
            first_byte_s: percentile(first_bytes, 50),
            lan_bytes_per_s: lan_rate(merged),
            dropped: merged.views.iter().fold(0, |sum, view| sum.saturating_add(view.dropped)),
        }
    }
}

/// What a member was in its office.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// It wanted something.
    Peer,
    /// It had everything from the beginning.
    Holder,
    /// It sent pieces that were wrong.
    Liar,
}

/// Of whom nothing is known, nothing was there.
pub(super) fn role(member: &Member) -> Role {
    match member.of.values().any(|share| share.had.unwrap_or(0.0) < 1.0) {
        _ if member.sent_bad => Role::Liar,
        true => Role::Peer,
        false => Role::Holder,
    }
}

/// When a member had all it wanted.
pub(super) fn done_at(member: &Member) -> Option<MonoTime> {
    let all: Option<Vec<_>> = member.of.values().map(|share| share.complete).collect();
    all?.into_iter().max()
}

pub(super) fn transfers(merged: &Merged) -> impl Iterator<Item = &Transfer> {
    merged.views.iter().flat_map(|view| &view.transfers)
}

/// What a node received from peers at a time, of the node that received most.
fn lan_rate(merged: &Merged) -> Option<f64> {
    let of = |view: &View| rate_of(&view.transfers.iter().map(|it| it.flow).collect::<Vec<_>>());
    merged.views.iter().filter_map(of).reduce(f64::max)
}

/// How fast pieces came. Single ones come at the rate of the line where nobody else asks, and all together where many do.
pub(super) fn rate_of(flows: &[Flow]) -> Option<f64> {
    let rate = |it: &Flow| it.bytes as f64 / it.to.since(it.from).as_secs_f64().max(1e-6);
    let single = percentile(flows.iter().map(rate).collect(), FAST_PERCENT);
    [single, line_rate(flows)].into_iter().flatten().reduce(f64::max)
}

/// Single pieces that were slower than the one that counts, in percent.
const FAST_PERCENT: usize = 90;
