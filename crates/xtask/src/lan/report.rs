//! What a run came to, for people and as JSON, and the bounds that a good run keeps.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::node::Outcome;
use super::office::{Counters, Measured};
use super::plan::{Plan, Scenario};
use super::program::Program;

/// Bytes that the origin may put on the wire, in files; packet headers alone make it 1.03.
const ORIGIN_RATIO_MAX: f64 = 1.08;
/// The same when a quarter of the hosts is killed.
const ORIGIN_RATIO_MAX_KILL: f64 = 1.3;
/// Time until the last host has the file, in bounds; packet headers alone make it 1.05.
const MAKESPAN_RATIO_MAX: f64 = 1.15;
/// Time until every node is connected with all others.
const PEERS_SEEN_S_MAX: f64 = 3.0;

/// The report of one run. Bytes are bytes on the wire; ratios of bytes are over the size of the file.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    scenario: Scenario,
    hosts: usize,
    file_bytes: u64,
    wan_bits_per_s: u64,
    lan_bits_per_s: u64,
    congestion_control: String,
    /// Hosts that were left alone.
    survivors: usize,
    /// Survivors that have the file in time.
    complete: usize,
    /// Whether every survivor has the right bytes.
    hashes_equal: bool,
    /// When the last survivor had the file; absent when one has it not.
    makespan_s: Option<f64>,
    bound_s: f64,
    makespan_ratio: Option<f64>,
    first_s: Option<f64>,
    mean_s: Option<f64>,
    origin_bytes: u64,
    origin_ratio: f64,
    origin_requests: u64,
    origin_body_bytes: u64,
    host_received_ratio_mean: f64,
    host_sent_ratio_max: f64,
    /// When the last survivor was connected with all others; absent when one never said so.
    peers_seen_s: Option<f64>,
    cpu_s: f64,
    peak_memory_bytes_max: u64,
    nodes: Vec<HostReport>,
}

/// What came of one host.
#[derive(Debug, Serialize)]
pub(super) struct HostReport {
    host: usize,
    completed_s: Option<f64>,
    /// Whether its file has the right bytes.
    right: bool,
    killed: bool,
    peers_seen_s: Option<f64>,
    cpu_s: f64,
    peak_memory_bytes: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    last_words: String,
}

impl HostReport {
    pub(super) fn new(host: usize, right: bool, outcome: Outcome) -> Self {
        Self {
            host,
            completed_s: outcome.completed.map(seconds),
            right,
            killed: outcome.killed,
            peers_seen_s: outcome.peers_seen_s,
            cpu_s: seconds(outcome.cpu),
            peak_memory_bytes: outcome.peak_memory_bytes,
            last_words: outcome.last_words,
        }
    }
}

impl Report {
    pub(super) fn new(plan: &Plan, nodes: Vec<HostReport>, measured: &Measured) -> Self {
        let Measured { passed: Counters { origin, hosts }, served, congestion_control } = measured;
        let survivors: Vec<&HostReport> = nodes.iter().filter(|node| !node.killed).collect();
        let times: Vec<f64> = survivors.iter().filter_map(|node| node.completed_s).collect();
        let all = times.len() == survivors.len();
        let makespan_s = all.then(|| largest(times.iter().copied())).flatten();
        let bound_s = seconds(plan.bound());
        let file = plan.size_bytes as f64;
        let seen: Option<Vec<f64>> = survivors.iter().map(|node| node.peers_seen_s).collect();
        let received: u64 = hosts.iter().map(|host| host.received_bytes).sum();
        let sent = hosts.iter().map(|host| host.sent_bytes).max().unwrap_or(0);
        Self {
            scenario: plan.scenario,
            hosts: plan.hosts,
            file_bytes: plan.size_bytes,
            wan_bits_per_s: plan.wan_bits_per_s,
            lan_bits_per_s: plan.lan_bits_per_s,
            congestion_control: congestion_control.clone(),
            survivors: survivors.len(),
            complete: times.len(),
            hashes_equal: survivors.iter().all(|node| node.right),
            makespan_s,
            bound_s,
            makespan_ratio: makespan_s.filter(|_| bound_s > 0.0).map(|makespan| rounded(makespan / bound_s)),
            first_s: times.iter().copied().reduce(f64::min),
            mean_s: (!times.is_empty()).then(|| rounded(times.iter().sum::<f64>() / times.len() as f64)),
            origin_bytes: origin.sent_bytes,
            origin_ratio: rounded(origin.sent_bytes as f64 / file),
            origin_requests: served.requests,
            origin_body_bytes: served.body_bytes,
            host_received_ratio_mean: rounded(received as f64 / file / hosts.len() as f64),
            host_sent_ratio_max: rounded(sent as f64 / file),
            peers_seen_s: seen.and_then(|seen| largest(seen.into_iter())),
            cpu_s: rounded(nodes.iter().map(|node| node.cpu_s).sum()),
            peak_memory_bytes_max: nodes.iter().map(|node| node.peak_memory_bytes).max().unwrap_or(0),
            nodes,
        }
    }

    /// What went wrong: always a host without the right file; with `check` also each broken bound of the scenario.
    pub(super) fn failures(&self, plan: &Plan, check: bool) -> Vec<String> {
        let mut failures: Vec<String> = self.nodes.iter().filter_map(failure_of).collect();
        if check {
            failures.extend(self.broken_bounds(matches!(plan.program, Program::Swarmline { .. })));
        }
        failures
    }

    /// `tells_peers`: the nodes print how many others they are connected with.
    fn broken_bounds(&self, tells_peers: bool) -> Vec<String> {
        let mut broken = Vec::new();
        let origin_max = match self.scenario {
            Scenario::Flash => ORIGIN_RATIO_MAX,
            Scenario::Kill => ORIGIN_RATIO_MAX_KILL,
        };
        if self.origin_ratio > origin_max {
            broken.push(format!(
                "the origin sent {} × the file, at most {origin_max} is good",
                self.origin_ratio
            ));
        }
        if self.scenario == Scenario::Kill {
            return broken;
        }
        if let Some(ratio) = self.makespan_ratio.filter(|ratio| *ratio > MAKESPAN_RATIO_MAX) {
            broken.push(format!(
                "the last host took {ratio} × the bound, at most {MAKESPAN_RATIO_MAX} is good"
            ));
        }
        if tells_peers && self.hosts > 1 && !self.peers_seen_s.is_some_and(|seen| seen <= PEERS_SEEN_S_MAX) {
            let seen =
                self.peers_seen_s.map_or_else(|| "not at all".into(), |seen| format!("after {seen} s"));
            broken.push(format!("the last node saw all others {seen}, at most {PEERS_SEEN_S_MAX} s is good"));
        }
        broken
    }
}

fn failure_of(node: &HostReport) -> Option<String> {
    let what = match node {
        HostReport { killed: true, .. } => return None,
        HostReport { completed_s: None, .. } => "did not get the file",
        HostReport { right: false, .. } => "has wrong bytes",
        _ => return None,
    };
    let said = if node.last_words.is_empty() { "" } else { ": " };
    Some(format!("host {} {what}{said}{}", node.host, node.last_words))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mbit = |bits: u64| match bits {
            0 => "any speed".into(),
            bits => format!("{} Mbit/s", bits as f64 / 1e6),
        };
        let known = |value: Option<f64>| value.map_or_else(|| "?".into(), |value| format!("{value}"));
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let (lan, wan) = (mbit(self.lan_bits_per_s), mbit(self.wan_bits_per_s));
        writeln!(
            f,
            "{} hosts at {lan}, origin at {wan}, {:.2} MiB, {}",
            self.hosts,
            mib(self.file_bytes),
            self.congestion_control
        )?;
        let equal = if self.hashes_equal { "all files right" } else { "not all files right" };
        writeln!(f, "  complete    {} of {}, {equal}", self.complete, self.survivors)?;
        let (makespan, ratio) = (known(self.makespan_s), known(self.makespan_ratio));
        writeln!(f, "  makespan    {makespan} s = {ratio} × the bound of {} s", self.bound_s)?;
        writeln!(f, "  completion  first {} s, mean {} s", known(self.first_s), known(self.mean_s))?;
        writeln!(
            f,
            "  origin      sent {} × the file in {} requests",
            self.origin_ratio, self.origin_requests
        )?;
        let (received, sent) = (self.host_received_ratio_mean, self.host_sent_ratio_max);
        writeln!(f, "  hosts       received {received} × on average, sent at most {sent} ×")?;
        if let Some(seen) = self.peers_seen_s {
            writeln!(f, "  peers       all seen by every node after {seen} s")?;
        }
        let memory = mib(self.peak_memory_bytes_max);
        write!(f, "  cost        {} CPU-s in all, {memory:.1} MiB of memory at most", self.cpu_s)
    }
}

fn largest(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.reduce(f64::max)
}

fn seconds(span: Duration) -> f64 {
    rounded(span.as_secs_f64())
}

/// Three digits behind the point: more is noise.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests;
