//! `sim list`: the scenarios that come with the program, each with the question that it answers.

use clap::Args;
use serde::Serialize;
use swarmline_sim::Scenario;
use swarmline_sim::library::{ENTRIES, Entry};

use crate::exit::Exit;
use crate::screen;
use crate::show::{Line, Stopwatch};

/// List the scenarios that come with the program, with the question that each answers
///
/// `swarmline sim run NAME` runs one. With --show its text is printed: the best way to begin one of your own.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  swarmline sim list
  swarmline sim list --show office > my-office.toml")]
pub(super) struct ListArgs {
    /// Print the text of this scenario instead
    #[arg(long, value_name = "NAME", value_parser = named)]
    show: Option<&'static Entry>,

    /// Print one JSON object
    #[arg(long, conflicts_with = "show")]
    pub(super) json: bool,
}

fn named(name: &str) -> Result<&'static Entry, String> {
    let all = || ENTRIES.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
    swarmline_sim::library::find(name).ok_or_else(|| format!("there are {}", all()))
}

pub(super) fn run(args: &ListArgs, watch: Stopwatch) -> Exit {
    match args.show {
        Some(entry) => screen::say(entry.text.trim_end()),
        None if args.json => {
            let scenarios = ENTRIES.iter().map(Listed::of).collect();
            Line::new("scenarios", watch.elapsed(), Scenarios { scenarios }).say();
        }
        None => screen::say(text().trim_end()),
    }
    Exit::Success
}

fn text() -> String {
    let width = ENTRIES.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    let of = |is_target: bool| {
        let lines = ENTRIES.iter().filter(move |entry| entry.is_target == is_target);
        lines.map(|entry| format!("  {:<width$} {}\n", entry.name, question(entry))).collect::<String>()
    };
    format!("Questions:\n{}\nTargets that the algorithm is held to:\n{}", of(false), of(true))
}

fn question(entry: &Entry) -> String {
    Scenario::parse(entry.text).map_or_else(|error| error.to_string(), |scenario| scenario.question)
}

#[derive(Serialize)]
struct Scenarios {
    scenarios: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    path: &'static str,
    is_target: bool,
    question: String,
}

impl Listed {
    fn of(entry: &Entry) -> Self {
        Self { name: entry.name, path: entry.path, is_target: entry.is_target, question: question(entry) }
    }
}
