//! What a run came to, for people and as JSON.

mod sums;

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::bound;
use super::heard::Tally;
use super::office::{Download, Measured};
use super::plan::Plan;
use super::scenario::Scenario;
use super::targets::Figures;
use super::twin::Twin;

/// The report of one run. Bytes are bytes on the wire unless they are said to be of contents; ratios of bytes are over
/// the size of all files.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) scenario: Scenario,
    seed: u64,
    sites: usize,
    pub(super) hosts: usize,
    /// Those of them that had met before the first download.
    residents: usize,
    /// All files together.
    pub(super) file_bytes: u64,
    pub(super) wan_bits_per_s: u64,
    pub(super) lan_bits_per_s: u64,
    /// Hosts that download and are left alone.
    pub(super) survivors: usize,
    /// Survivors that have all files in time.
    pub(super) complete: usize,
    /// Whether every survivor has the right bytes.
    hashes_equal: bool,
    /// When the last survivor had all files; absent when one has not.
    pub(super) makespan_s: Option<f64>,
    pub(super) bound_s: f64,
    first_s: Option<f64>,
    /// Mean time from a survivor's own start until it had all files.
    mean_s: Option<f64>,
    #[serde(flatten)]
    pub(super) figures: Figures,
    /// What the simulator says of the same run; absent when another program is measured.
    pub(super) simulated: Option<Twin>,
    origin_bytes: u64,
    origin_requests: u64,
    origin_body_bytes: u64,
    host_received_ratio_mean: f64,
    host_sent_ratio_max: f64,
    /// What became of the content bytes of all survivors; absent when one says nothing of it.
    tally: Option<Tally>,
    cpu_s: f64,
    /// Share of the time in which the cores had something to do, be it of the run or not.
    pub(super) machine_busy: f64,
    /// Part of it that another machine on the same hardware took. Figures are worth little then.
    machine_stolen: f64,
    peak_memory_bytes_max: u64,
    nodes: Vec<NodeReport>,
}

/// What came of one file on one host.
#[derive(Debug, Serialize)]
struct NodeReport {
    host: usize,
    site: usize,
    part: &'static str,
    file: &'static str,
    started_s: f64,
    completed_s: Option<f64>,
    /// Whether its file has the right bytes.
    right: bool,
    /// Whether it was ended before its time, as it was to be.
    ended_early: bool,
    peers_seen_s: Option<f64>,
    tally: Option<Tally>,
    cpu_s: f64,
    peak_memory_bytes: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    last_words: String,
}

impl NodeReport {
    fn new(download: Download) -> Self {
        let Download { role, file, right, outcome } = download;
        Self {
            host: role.number,
            site: role.site + 1,
            part: role.part.name(),
            file: file.name,
            started_s: seconds(role.starts_at),
            completed_s: outcome.completed.map(seconds),
            right,
            ended_early: outcome.ended_early,
            peers_seen_s: outcome.heard.peers_seen_s,
            tally: outcome.heard.tally,
            cpu_s: seconds(outcome.cpu),
            peak_memory_bytes: outcome.peak_memory_bytes,
            last_words: outcome.last_words,
        }
    }

    fn failure(&self) -> Option<String> {
        let what = match self {
            Self { ended_early: true, .. } => return None,
            Self { completed_s: None, .. } => "did not get the file",
            Self { right: false, .. } => "has wrong bytes",
            _ => return None,
        };
        let said = if self.last_words.is_empty() { "" } else { ": " };
        Some(format!("host {} {what}{said}{}", self.host, self.last_words))
    }
}

impl Report {
    pub(super) fn new(plan: &Plan, measured: Measured) -> Self {
        let script = &plan.script;
        let bound_s = seconds(bound::makespan(script));
        let (sums, figures) = sums::of(script, &measured, bound_s);
        let Measured { downloads, passed, served, machine, twin } = measured;
        let file = script.size_bytes() as f64;
        let stayed = script.hosts.iter().zip(&passed.hosts).filter(|(role, _)| role.part.completes());
        let received: u64 = stayed.map(|(_, passed)| passed.received_bytes).sum();
        let sent = passed.hosts.iter().map(|host| host.sent_bytes).max().unwrap_or(0);
        let nodes: Vec<NodeReport> = downloads.into_iter().map(NodeReport::new).collect();
        Self {
            scenario: script.scenario,
            seed: script.seed,
            sites: script.scenario.sites(),
            hosts: script.hosts.len(),
            residents: script.hosts.iter().filter(|role| script.is_resident(role)).count(),
            file_bytes: script.size_bytes(),
            wan_bits_per_s: script.scale.wan_bits_per_s,
            lan_bits_per_s: script.scale.lan_bits_per_s,
            survivors: sums.survivors,
            complete: sums.completed.len(),
            hashes_equal: sums.all_right,
            makespan_s: sums.makespan_s,
            bound_s,
            first_s: sums.completed.iter().map(|done| done.at_s).reduce(f64::min),
            mean_s: mean(sums.completed.iter().map(|done| done.took_s)),
            figures,
            simulated: twin,
            origin_bytes: passed.origin.iter().map(|line| line.sent_bytes).sum(),
            origin_requests: served.requests,
            origin_body_bytes: served.body_bytes.values().sum(),
            host_received_ratio_mean: rounded(received as f64 / file / sums.survivors.max(1) as f64),
            host_sent_ratio_max: rounded(sent as f64 / file),
            tally: sums.tally,
            cpu_s: rounded(nodes.iter().map(|node| node.cpu_s).sum()),
            machine_busy: rounded(machine.busy),
            machine_stolen: rounded(machine.stolen),
            peak_memory_bytes_max: nodes.iter().map(|node| node.peak_memory_bytes).max().unwrap_or(0),
            nodes,
        }
    }

    /// Each host that was left alone and has not the right files.
    pub(super) fn failures(&self) -> Vec<String> {
        self.nodes.iter().filter_map(NodeReport::failure).collect()
    }

    /// Each broken bound of the scenario. `tells`: the nodes print what becomes of their bytes and connections.
    pub(super) fn broken(&self, tells: bool) -> Vec<String> {
        self.scenario.targets().broken(&self.figures, tells && self.hosts > 1)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mbit = |bits: u64| match bits {
            0 => "any speed".into(),
            bits => format!("{} Mbit/s", bits as f64 / 1e6),
        };
        let known = |value: Option<f64>| value.map_or_else(|| "?".into(), |value| format!("{value}"));
        let (lan, wan) = (mbit(self.lan_bits_per_s), mbit(self.wan_bits_per_s));
        let (name, hosts, size) = (self.scenario.name(), self.hosts, mib(self.file_bytes));
        writeln!(f, "{name}: {hosts} hosts at {lan}, origin at {wan}, {size:.2} MiB")?;
        let equal = if self.hashes_equal { "all files right" } else { "not all files right" };
        writeln!(f, "  complete    {} of {}, {equal}", self.complete, self.survivors)?;
        let (makespan, ratio) = (known(self.makespan_s), known(self.figures.makespan_ratio));
        writeln!(f, "  makespan    {makespan} s = {ratio} × the bound of {} s", self.bound_s)?;
        writeln!(f, "  completion  first {} s, mean {} s", known(self.first_s), known(self.mean_s))?;
        if let Some(ratio) = self.figures.urgent_ratio {
            writeln!(f, "  foreground  {ratio} × its own bound")?;
        }
        let (origin, requests) = (self.figures.origin_ratio, self.origin_requests);
        let worst = if self.sites > 1 { " to the site that took most" } else { "" };
        writeln!(f, "  origin      sent {origin} × the file{worst} in {requests} requests")?;
        let (received, sent) = (self.host_received_ratio_mean, self.host_sent_ratio_max);
        writeln!(f, "  hosts       received {received} × on average, sent at most {sent} ×")?;
        if let Some(Twin { makespan_s, origin_ratio }) = self.simulated {
            writeln!(f, "  simulated   makespan {makespan_s} s, origin {origin_ratio} × the file")?;
        }
        if let Some((tally, ratio)) = self.tally.zip(self.figures.duplicates_ratio) {
            let (percent, bad) = (rounded(ratio * 100.0), mib(tally.failed_hash));
            writeln!(f, "  in vain     {percent} % twice or too late, {bad:.1} MiB wrong")?;
        }
        if self.residents > 0 {
            writeln!(f, "  daemons     {} had met before the first download", self.residents)?;
        }
        if let Some(seen) = self.figures.peers_seen_s {
            writeln!(f, "  peers       all seen by every node after {seen} s")?;
        }
        let memory = mib(self.peak_memory_bytes_max);
        writeln!(f, "  cost        {} CPU-s in all, {memory:.1} MiB of memory at most", self.cpu_s)?;
        let (busy, stolen) = (self.machine_busy * 100.0, self.machine_stolen * 100.0);
        write!(f, "  machine     {busy:.0} % busy, of which others on its hardware took {stolen:.0} %")
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| rounded(values.sum::<f64>() / count as f64))
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
