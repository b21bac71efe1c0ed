//! How a script is run: the command line, checked and completed.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::program::Program;
use super::quantity;
use super::scenario::{Choice, Scale, Scenario};
use super::script::Script;

/// Options of `lan`.
#[derive(clap::Args)]
#[command(after_help = "\
A node command given by --node-cmd is done when it ends with status 0. It may use
{i} (number of the host, from 1), {hosts} (how many there are), {ip}, {peers}
(addresses of all other hosts of its site, comma separated), {url}, {dir} and {out}.

Exit codes:
   0  every host that was left alone has the right files
   1  one has not, or a bound of --check is broken
  77  not measured: this machine has no root, iproute2 or namespaces

Examples:
  cargo xtask lan --check
  cargo xtask lan kill --json
  cargo xtask lan all --daemons --hosts 8,16,32 --table lan.md
  cargo xtask lan --size 8MiB --node-cmd 'curl -sf -o {out} {url}'")]
pub(crate) struct Options {
    /// What happens
    #[arg(value_enum, default_value = "flash")]
    scenario: Choice,
    /// The swarmline program [default: built now, in release mode]
    #[arg(long, value_name = "PATH", conflicts_with = "node_cmd")]
    bin: Option<PathBuf>,
    /// The program of hosts that misbehave [default: built with the other one, or `examples/hostile` beside --bin]
    #[arg(long, value_name = "PATH")]
    hostile: Option<PathBuf>,
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
    /// Number of hosts, at most 250; several numbers, separated by commas, make several runs
    #[arg(long, default_value = "8", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=250))]
    hosts: Vec<u8>,
    /// Size of the file, random bytes [default: 64MiB, from s1 to h1 256MiB or 128MiB]
    #[arg(long, value_parser = quantity::size)]
    size: Option<u64>,
    /// What the origin may send to each site [default: 20mbit, with more than 16 hosts 10mbit]
    #[arg(long, value_name = "RATE", value_parser = quantity::rate)]
    wan: Option<u64>,
    /// What each host may send and receive, and what the origin may receive [default: 12500kbit to 200mbit]
    #[arg(long, value_name = "RATE", value_parser = quantity::rate)]
    lan: Option<u64>,
    /// Decides who misbehaves and when
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Kill host I after T seconds with SIGKILL (may be repeated) [default in `kill`: every fourth, at half time]
    #[arg(long, value_name = "I@T", value_parser = kill)]
    kill: Vec<(usize, Duration)>,
    /// Hosts that are there from the start run a daemon, and have met before the first download begins; otherwise a
    /// node comes with its download, as the first of a day does
    #[arg(long, conflicts_with_all = ["node_cmd", "node_args"])]
    daemons: bool,
    /// Seconds between the starts of two hosts
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = quantity::seconds)]
    stagger: Duration,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = quantity::seconds)]
    timeout: Duration,
    /// Fail when a bound of the scenario is broken
    #[arg(long)]
    check: bool,
    /// Print the report as one JSON object, that of each run on a line of its own
    #[arg(long)]
    json: bool,
    /// Write a table of all runs there, in Markdown, anew after each
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
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

    /// Whether reports are for programs.
    pub(super) fn json(&self) -> bool {
        self.json
    }

    /// Where a table of all runs is wanted.
    pub(super) fn table(&self) -> Option<&PathBuf> {
        self.table.as_ref()
    }

    /// All runs that are asked for, in their order. Builds the product where it is to be measured.
    pub(super) fn plans(&self) -> Result<Vec<Plan>> {
        let scenarios = self.scenario.scenarios();
        let mut scripts = Vec::new();
        for scenario in &scenarios {
            for hosts in &self.hosts {
                scripts.push(self.script(*scenario, usize::from(*hosts))?);
            }
        }
        let program = match &self.node_cmd {
            Some(template) => Program::shell(template, self.hostile.as_deref()),
            None => {
                let lies = scripts.iter().flat_map(|script| &script.hosts).any(|role| role.part.lies());
                Program::swarmline(self.bin.as_deref(), self.hostile.as_deref(), &self.node_args, lies)?
            }
        };
        scripts.into_iter().map(|script| self.plan(script, &program)).collect()
    }

    fn script(&self, scenario: Scenario, hosts: usize) -> Result<Script> {
        let usual = scenario.scale(hosts);
        let scale = Scale {
            size_bytes: self.size.unwrap_or(usual.size_bytes),
            wan_bits_per_s: self.wan.unwrap_or(usual.wan_bits_per_s),
            lan_bits_per_s: self.lan.unwrap_or(usual.lan_bits_per_s),
        };
        let mut script = Script::new(scenario, hosts, scale, self.seed, &self.kill)?;
        script.daemons = self.daemons;
        for role in &mut script.hosts {
            role.starts_at +=
                self.stagger * u32::try_from(role.number - 1).expect("there are at most 250 hosts");
        }
        Ok(script)
    }

    fn plan(&self, script: Script, program: &Program) -> Result<Plan> {
        program.can_play(&script)?;
        ensure!(self.timeout > Duration::ZERO, "--timeout: no run takes no time");
        Ok(Plan {
            script,
            timeout: self.timeout,
            program: program.clone(),
            keep: self.keep,
            work: self.work.clone().unwrap_or_else(std::env::temp_dir),
        })
    }
}

/// A checked and complete plan of one run.
pub(super) struct Plan {
    pub(super) script: Script,
    pub(super) timeout: Duration,
    pub(super) program: Program,
    pub(super) keep: bool,
    pub(super) work: PathBuf,
}

/// Number of the host, from 1, and the moment since the start of the first.
fn kill(text: &str) -> Result<(usize, Duration), String> {
    let (host, at) = text.split_once('@').ok_or("write it like 3@13.4")?;
    let host = host.parse().map_err(|_| "write it like 3@13.4")?;
    Ok((host, quantity::seconds(at)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_names_host_and_moment() {
        assert_eq!(kill("3@1.5"), Ok((3, Duration::from_millis(1500))));
        assert!(kill("3").is_err() && kill("x@1").is_err() && kill("3@-1").is_err());
    }
}
