//! `sim`: whole swarms in virtual time, from a file that says what is there and what happens.

mod conduct;
mod source;
mod write;

mod json;
mod tables;

mod compare;
mod explain;
mod list;
mod nasty;
mod replay;
mod run;
mod sweep;

use clap::{Args, Subcommand};
use swarmline_sim::scenario::StrategyName;

use crate::exit::{Exit, Failure};
use crate::show::Stopwatch;

/// Simulate a whole swarm: what would happen, how long it takes, what the line carries
///
/// The scheduler that the product runs decides; machines, lines and the origin are simulated, in virtual time. An hour
/// of a hundred machines takes seconds. A scenario is a file with units (docs/simulations.md shows all keys); several
/// come with the program (`swarmline sim list`). One scenario and one seed give the same numbers on any machine.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_long_help = "\
Examples:
  swarmline sim list
  swarmline sim run office --html office.html
  swarmline sim run simulations/office.toml --set site.wan=50mbit --set site.peers=400
  swarmline sim compare office --with strategy=origin-only
  swarmline sim sweep s2 --over scheduler.degree=4..24
  swarmline sim explain bad-day --piece 17
  swarmline sim replay node.trace --policy other.toml"
)]
pub(crate) struct SimArgs {
    #[command(subcommand)]
    command: SimCommand,
}

#[derive(Debug, Subcommand)]
enum SimCommand {
    Run(run::RunArgs),
    Compare(compare::CompareArgs),
    Sweep(sweep::SweepArgs),
    List(list::ListArgs),
    Explain(explain::ExplainArgs),
    Replay(replay::ReplayArgs),
    Nasty(nasty::NastyArgs),
}

impl SimArgs {
    /// Whether a failure is told as JSON, too.
    pub(crate) fn wants_json(&self) -> bool {
        match &self.command {
            SimCommand::Run(args) => args.json,
            SimCommand::Compare(args) => args.json,
            SimCommand::Sweep(args) => args.json,
            SimCommand::List(args) => args.json,
            SimCommand::Explain(args) => args.json,
            SimCommand::Replay(args) => args.json,
            SimCommand::Nasty(args) => args.json,
        }
    }
}

/// With which seeds a scenario is run.
#[derive(Args, Clone, Copy, Debug)]
struct Seeds {
    /// The first seed; further ones follow it
    #[arg(id = "seed", long, value_name = "N", default_value_t = 1)]
    first: u64,

    /// How many seeds: 1 to 1000 [default: what the scenario asks for]
    #[arg(id = "seeds", long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    count: Option<u32>,
}

impl Seeds {
    fn one(seed: u64) -> Self {
        Self { first: seed, count: Some(1) }
    }

    /// The options that are needed to say the same again, with a space before each.
    fn as_written(self) -> String {
        let count = self.count.map_or(String::new(), |count| format!(" --seeds {count}"));
        format!(" --seed {}{count}", self.first)
    }
}

/// What every command that simulates takes.
#[derive(Args, Clone, Debug)]
struct Common {
    /// Change a value of the scenario (may be repeated): site.peers=100, network.lane_loss=5%, content.size=1GiB
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Which scheduler runs: lane-and-mesh, origin-only, rarest-first, rendezvous [default: what the scenario says]
    #[arg(long, value_name = "NAME")]
    strategy: Option<StrategyName>,

    /// Threads to simulate with: 1 to 256 [default: the machine's cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

impl Common {
    /// All that changes the scenario; the strategy is one more key.
    fn overrides(&self) -> Vec<String> {
        let strategy = self.strategy.map(|strategy| format!("strategy={strategy}"));
        self.set.iter().cloned().chain(strategy).collect()
    }

    /// The options that are needed to say the same again, with a space before each.
    fn as_written(&self) -> String {
        let mut out = String::new();
        self.set.iter().for_each(|set| out += &format!(" --set {}", quoted(set)));
        self.strategy.iter().for_each(|strategy| out += &format!(" --strategy {strategy}"));
        out
    }
}

/// The command that runs a scenario with these values set; its seeds come behind it.
fn run_of(given: &str, overrides: &[String]) -> String {
    let set: String = overrides.iter().map(|set| format!(" --set {}", quoted(set))).collect();
    format!("swarmline sim run {}{set}", quoted(given))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,%+@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

pub(crate) async fn run(args: &SimArgs, watch: Stopwatch) -> Result<Exit, Failure> {
    match &args.command {
        SimCommand::Run(args) => run::run(args, watch).await,
        SimCommand::Compare(args) => compare::run(args, watch).await,
        SimCommand::Sweep(args) => sweep::run(args, watch).await,
        SimCommand::List(args) => Ok(list::run(args, watch)),
        SimCommand::Explain(args) => explain::run(args, watch).await,
        SimCommand::Replay(args) => replay::run(args, watch).await,
        SimCommand::Nasty(args) => nasty::run(args, watch).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        assert_eq!(quoted("site.peers=100"), "site.peers=100");
        assert_eq!(quoted("network.discover=1s..2s"), "network.discover=1s..2s");
        assert_eq!(quoted("name=it's $HOME"), "'name=it'\\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_command_holds_all_that_was_set_in_its_order() {
        let common = Common {
            set: vec!["site.peers=5".into(), "name=two words".into()],
            strategy: Some(StrategyName::OriginOnly),
            threads: Some(1),
        };
        let set = " --set site.peers=5 --set 'name=two words'";
        assert_eq!(common.as_written(), format!("{set} --strategy origin-only"));
        assert_eq!(
            run_of("my dir/a.toml", &common.overrides()),
            format!("swarmline sim run 'my dir/a.toml'{set} --set strategy=origin-only")
        );
        assert_eq!(Seeds { first: 3, count: None }.as_written(), " --seed 3");
        assert_eq!(Seeds::one(7).as_written(), " --seed 7 --seeds 1");
    }
}
