//! What happened over time.

use serde::Serialize;

/// What happened over time, in steps of equal length that begin at 0. Each list has one entry for each step.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Series {
    /// Length of a step.
    pub step_s: f64,
    /// Bytes that the origin sent in each step.
    pub egress: Egress,
    /// What the lines of all sites, or the origin's own, could have carried in a step, in bytes; `None` if nothing limits
    /// them.
    pub capacity: Option<f64>,
    /// Bytes that peers received from each other in each step.
    pub exchanged: Vec<u64>,
    /// Honest peers that were done at the end of each step.
    pub completions: Vec<u32>,
    /// Honest peers that were there at the end of each step.
    pub present: Vec<u32>,
    /// Who had what on site 0, for each content.
    pub holders: Vec<Holders>,
}

/// Bytes that the origin sent in each step, by why they were asked for. What was asked for again is in `again`, and not in
/// the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Egress {
    /// By owners.
    pub owner: Vec<u64>,
    /// By those who took over.
    pub take_over: Vec<u64>,
    /// For second copies.
    pub second_copy: Vec<u64>,
    /// By those who were alone, agree with nobody, or gave no reason.
    pub alone: Vec<u64>,
    /// Pieces of which the origin had sent some or all to the same site before.
    pub again: Vec<u64>,
}

/// How many honest peers had the pieces of a content, over time: a healthy swarm is a thin diagonal front.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Holders {
    /// The content, by its place in the scenario.
    pub content: u32,
    /// Peers that 1.0 stands for.
    pub peers: u32,
    /// Pieces of each row: consecutive in the lane's order, the first row first.
    pub pieces: Vec<u32>,
    /// For each step, for each row: mean part of the peers that had its pieces, in thousandths.
    pub filled: Vec<Vec<u16>>,
}
