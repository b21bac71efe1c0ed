//! The command line as a whole; what each command takes stands in its module.

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::commands::{add, completion, daemon, demo, get, jobs, publish, sim, status};
use crate::exit::Exit;
use crate::log::Color;

/// Delivers large files into offices and clusters: read once from their origin, passed on between the machines
///
/// Every machine runs `swarmline get` with the same URL. They find each other, agree on who reads which part from
/// the origin, pass the pieces on, and check every piece by its hash before anybody uses it.
#[derive(Debug, Parser)]
#[command(name = "swarmline", version, after_help = AFTER, after_long_help = AFTER_LONG)]
#[command(max_term_width = 100, arg_required_else_help = true, infer_subcommands = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Log more to stderr: -v what an operator acts on, -vv each step, -vvv everything
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = 900)]
    pub(crate) verbose: u8,

    /// When to use colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, display_order = 901)]
    pub(crate) color: Color,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "one a run")]
pub(crate) enum Command {
    Demo(demo::DemoArgs),
    Publish(publish::PublishArgs),
    Get(get::GetArgs),
    Daemon(daemon::DaemonArgs),
    Add(add::AddArgs),
    Status(status::StatusArgs),
    Jobs(jobs::JobsArgs),
    Sim(Box<sim::SimArgs>),
    Completion(completion::CompletionArgs),
    /// List the exit codes and what they mean
    #[command(long_about = exit_codes())]
    ExitCodes,
}

impl Command {
    /// Whether a failure is told as JSON, too.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::Demo(args) => args.json,
            Self::Publish(args) => args.json,
            Self::Get(args) => args.json,
            Self::Daemon(args) => args.json,
            Self::Add(args) => args.json,
            Self::Status(args) => args.json,
            Self::Jobs(args) => args.json,
            Self::Sim(args) => args.wants_json(),
            Self::Completion(_) | Self::ExitCodes => false,
        }
    }
}

fn exit_codes() -> String {
    format!("List the exit codes and what they mean\n\n{}", Exit::table().trim_end())
}

const AFTER: &str = "\
Start here:
  swarmline demo                          watch an office of eight nodes share one file
  swarmline publish disk.iso              write disk.iso.phf; put both on a web server
  swarmline get http://server/disk.iso    on every machine
  swarmline sim run office                what patch day would do to an office of 300

`swarmline help <command>` tells more, with examples.";

const AFTER_LONG: &str = "\
Start here:
  swarmline demo                          watch an office of eight nodes share one file
  swarmline publish disk.iso              write disk.iso.phf; put both on a web server
  swarmline get http://server/disk.iso    on every machine
  swarmline sim run office                what patch day would do to an office of 300

Environment:
  SWARMLINE_STATE_DIR                     the state directory, like --state-dir
  HTTP_PROXY, HTTPS_PROXY, NO_PROXY       proxies on the way to the origin, as curl knows them
  NO_COLOR                                no colours

Exit codes: `swarmline help exit-codes`. Results go to stdout, everything else to stderr.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_of_the_command_line_holds() {
        Cli::command().debug_assert();
    }
}
