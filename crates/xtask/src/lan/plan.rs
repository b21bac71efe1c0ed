//! What is to be run: the command line, checked and completed.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::Serialize;

use super::program::Program;
use super::quantity;

/// In the scenario `kill`, one host of so many is killed.
const ONE_KILLED_OF: usize = 4;

/// Options of `lan`.
#[derive(clap::Args)]
#[command(after_help = "\
A node command given by --node-cmd is done when it ends with status 0. It may use
{i} (number of the host, from 1), {hosts} (how many there are), {ip}, {peers}
(addresses of all other hosts, comma separated), {url}, {dir} and {out}.

Exit codes:
   0  every host that was left alone has the right file
   1  one has not, or a bound of --check is broken
  77  not measured: this machine has no root, iproute2 or namespaces

Examples:
  cargo xtask lan --check
  cargo xtask lan kill --json
  cargo xtask lan --size 8MiB --node-cmd 'curl -sf -o {out} {url}'")]
pub(crate) struct Options {
    /// What happens
    #[arg(value_enum, default_value_t = Scenario::Flash)]
    scenario: Scenario,
    /// The swarmline program [default: built now, in release mode]
    #[arg(long, value_name = "PATH", conflicts_with = "node_cmd")]
    bin: Option<PathBuf>,
    /// More arguments for `swarmline get`, separated by spaces
    #[arg(
        long,
        value_name = "ARGS",
        allow_hyphen_values = true,
        default_value = "",
        conflicts_with = "node_cmd"
    )]
    node_args: String,
    /// Run this shell command on each host instead, to compare
    #[arg(long, value_name = "TEMPLATE")]
    node_cmd: Option<String>,
    /// Number of hosts, at most 250
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=250))]
    hosts: u8,
    /// Size of the file, random bytes
    #[arg(long, default_value = "64MiB", value_parser = quantity::size)]
    size: u64,
    /// What the origin may send
    #[arg(long, value_name = "RATE", default_value = "20mbit", value_parser = quantity::rate)]
    wan: u64,
    /// What each host may send and receive, and what the origin may receive
    #[arg(long, value_name = "RATE", default_value = "200mbit", value_parser = quantity::rate)]
    lan: u64,
    /// Kill host I after T seconds with SIGKILL (may be repeated) [default in `kill`: every fourth, at half time]
    #[arg(long, value_name = "I@T", value_parser = Kill::parse)]
    kill: Vec<Kill>,
    /// Seconds between the starts of two hosts
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = quantity::seconds)]
    stagger: Duration,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = quantity::seconds)]
    timeout: Duration,
    /// Fail when a bound of the scenario is broken
    #[arg(long)]
    check: bool,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
    /// Keep the folder with all files and logs, and say where it is
    #[arg(long)]
    keep: bool,
    /// Make that folder here [default: the folder for temporary files]
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
}

impl Options {
    /// Whether the bounds of the scenario count.
    pub(super) fn check(&self) -> bool {
        self.check
    }

    /// Whether the report is for programs.
    pub(super) fn json(&self) -> bool {
        self.json
    }

    fn program(&self) -> Result<Program> {
        match &self.node_cmd {
            Some(template) => Ok(Program::Shell { template: template.clone() }),
            None => Program::swarmline(self.bin.as_deref(), &self.node_args),
        }
    }
}

/// What happens in a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scenario {
    /// All hosts want the file at the same moment
    Flash,
    /// The same, and a quarter of the hosts is killed at half time
    Kill,
}

/// One host is killed at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kill {
    /// Number of the host, from 1.
    pub(super) host: usize,
    /// Since the start of the first host.
    pub(super) at: Duration,
}

impl Kill {
    fn parse(text: &str) -> Result<Self, String> {
        let (host, at) = text.split_once('@').ok_or("write it like 3@13.4")?;
        let host = host.parse().map_err(|_| "write it like 3@13.4")?;
        Ok(Self { host, at: quantity::seconds(at)? })
    }
}

/// A checked and complete plan of one run.
pub(super) struct Plan {
    pub(super) scenario: Scenario,
    pub(super) hosts: usize,
    pub(super) size_bytes: u64,
    pub(super) wan_bits_per_s: u64,
    pub(super) lan_bits_per_s: u64,
    pub(super) kills: Vec<Kill>,
    pub(super) stagger: Duration,
    pub(super) timeout: Duration,
    pub(super) program: Program,
    pub(super) keep: bool,
    pub(super) work: PathBuf,
}

impl Plan {
    /// Fills in what the scenario says and builds the product where it is to be measured.
    pub(super) fn new(options: &Options) -> Result<Self> {
        let hosts = usize::from(options.hosts);
        let bound = bound(options.size, options.wan, options.lan);
        let kills = match options.scenario {
            Scenario::Kill if options.kill.is_empty() => every_fourth(hosts, bound / 2),
            _ => options.kill.clone(),
        };
        for kill in &kills {
            ensure!((1..=hosts).contains(&kill.host), "--kill: there is no host {}", kill.host);
        }
        Ok(Self {
            scenario: options.scenario,
            hosts,
            size_bytes: options.size,
            wan_bits_per_s: options.wan,
            lan_bits_per_s: options.lan,
            kills,
            stagger: options.stagger,
            timeout: options.timeout,
            program: options.program()?,
            keep: options.keep,
            work: options.work.clone().unwrap_or_else(std::env::temp_dir),
        })
    }

    /// No run is faster: the file has to pass the origin's line once, and each host's.
    pub(super) fn bound(&self) -> Duration {
        bound(self.size_bytes, self.wan_bits_per_s, self.lan_bits_per_s)
    }
}

fn bound(size_bytes: u64, wan_bits_per_s: u64, lan_bits_per_s: u64) -> Duration {
    let slowest = [wan_bits_per_s, lan_bits_per_s].into_iter().filter(|rate| *rate > 0).min();
    slowest.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(size_bytes as f64 * 8.0 / rate as f64))
}

/// Hosts 2, 6, 10, …: spread over the office, whatever order its nodes have.
fn every_fourth(hosts: usize, at: Duration) -> Vec<Kill> {
    (2..=hosts).step_by(ONE_KILLED_OF).map(|host| Kill { host, at }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_slowest_line_that_the_file_passes() {
        let seconds = |wan, lan| bound(64 << 20, wan, lan).as_secs_f64();
        assert!((seconds(20_000_000, 200_000_000) - 26.84).abs() < 0.01);
        assert!((seconds(0, 200_000_000) - 2.68).abs() < 0.01);
        assert_eq!(bound(64 << 20, 0, 0), Duration::ZERO);
    }

    #[test]
    fn a_quarter_of_the_hosts_is_killed() {
        let hosts =
            |count| every_fourth(count, Duration::ZERO).iter().map(|kill| kill.host).collect::<Vec<_>>();
        assert_eq!(hosts(8), [2, 6]);
        assert_eq!(hosts(4), [2]);
        assert_eq!(hosts(1), [0; 0]);
    }

    #[test]
    fn a_kill_names_host_and_moment() {
        assert_eq!(Kill::parse("3@1.5"), Ok(Kill { host: 3, at: Duration::from_millis(1500) }));
        assert!(Kill::parse("3").is_err() && Kill::parse("x@1").is_err() && Kill::parse("3@-1").is_err());
    }
}
