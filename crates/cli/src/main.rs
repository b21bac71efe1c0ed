//! The `swarmline` command: it attaches to the process that owns the state directory, or runs an engine itself.
//!
//! Here stand arguments, words for people, and exit codes; what happens with bytes is the engine's business.

mod exit;
mod paths;
mod screen;
mod values;
mod words;

mod limits;
mod log;
mod memory;
mod signals;

mod settings;
mod show;

mod session;

mod commands;

mod args;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;

use args::{Cli, Command};
use exit::{Exit, Failure};
use show::{Failed, Line, Stopwatch};

fn main() -> ExitCode {
    let watch = Stopwatch::start();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => return say_as_clap(&told).into(),
    };
    log::start(cli.global.verbose, cli.global.color);
    let ended = run(&cli.command, watch);
    let failure = match ended {
        Ok(_) if screen::is_lost() => return Exit::Disk.into(),
        Ok(exit) => return exit.into(),
        Err(error) => match error.downcast::<Failure>() {
            Ok(failure) => failure,
            Err(error) => Failure::new(Exit::Other, format!("{error:#}")),
        },
    };
    if cli.command.wants_json() {
        Line::new("failed", watch.elapsed(), Failed::new(watch.elapsed(), &failure)).say();
    }
    screen::note(&format!("error: {failure}"));
    failure.exit.into()
}

/// Help and version go to stdout, what is wrong with the command line to stderr.
fn say_as_clap(told: &clap::Error) -> Exit {
    let written = told.print().and_then(|()| io::stdout().flush());
    if told.use_stderr() {
        return Exit::Usage;
    }
    screen::judge(written);
    if screen::is_lost() { Exit::Disk } else { Exit::Success }
}

fn run(command: &Command, watch: Stopwatch) -> anyhow::Result<Exit> {
    match command {
        // These do nothing that waits.
        Command::Publish(args) => Ok(commands::publish::run(args, watch)?),
        Command::Completion(args) => Ok(commands::completion::run(args)),
        Command::ExitCodes => {
            screen::say(Exit::table().trim_end());
            Ok(Exit::Success)
        }
        Command::Get(args) => in_runtime(commands::get::run(args, watch)),
        Command::Daemon(args) => in_runtime(commands::daemon::run(args, watch)),
        Command::Add(args) => in_runtime(commands::add::run(args, watch)),
        Command::Status(args) => in_runtime(commands::status::run(args, watch)),
        Command::Jobs(args) => in_runtime(commands::jobs::run(args, watch)),
        Command::Demo(args) => in_runtime(commands::demo::run(args, watch)),
        Command::Sim(args) => in_runtime(commands::sim::run(args, watch)),
    }
}

fn in_runtime(command: impl Future<Output = Result<Exit, Failure>>) -> anyhow::Result<Exit> {
    limits::raise();
    memory::keep();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start the threads of the program")?;
    let ended = runtime.block_on(command);
    // Disk work that is still under way has a moment to come to its end; nothing depends on it.
    runtime.shutdown_timeout(LAST_WORK_MAX);
    Ok(ended?)
}

/// How long the program waits for disk work that was under way when its command ended.
const LAST_WORK_MAX: Duration = Duration::from_secs(2);
