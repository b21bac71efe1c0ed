//! Where a scenario comes from: a file, or one that comes with the program.

use std::io::{ErrorKind, Read};
use std::path::Path;

use swarmline_sim::Scenario;
use swarmline_sim::library;
use swarmline_sim::scenario::nasty;

use crate::exit::{Exit, Failure, with_causes};

/// A scenario and how the user called it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// As it was given.
    pub(super) given: String,
    /// Its text, before anything is set.
    pub(super) text: String,
}

impl Source {
    /// Finds the text: the file of this name, or else what comes with the program under it, or the nasty scenario that is
    /// meant.
    pub(super) fn find(given: &str) -> Result<Self, Failure> {
        let text = match read(Path::new(given)) {
            Ok(text) => text,
            Err(Unread::Missing) => match (library::find(given), nasty_of(given)) {
                (Some(entry), _) => entry.text.to_owned(),
                (None, Some(seed)) => nasty(seed).to_toml(),
                (None, None) => return Err(Failure::new(Exit::Usage, missing(given))),
            },
            Err(Unread::TooLong) => return Err(too_long(&given)),
            Err(Unread::Failed(error)) => {
                return Err(Failure::new(
                    Exit::Disk,
                    format!("could not read {given}: {}", with_causes(&error)),
                ));
            }
        };
        Ok(Self { given: given.to_owned(), text })
    }

    /// The text of a file that is no scenario of its own.
    pub(super) fn read_file(path: &Path) -> Result<String, Failure> {
        let name = path.display();
        read(path).map_err(|why| match why {
            Unread::Missing => Failure::new(Exit::Usage, format!("there is no file {name}")),
            Unread::TooLong => too_long(&name),
            Unread::Failed(error) => {
                Failure::new(Exit::Disk, format!("could not read {name}: {}", with_causes(&error)))
            }
        })
    }

    /// The scenario with these values set, and its name taken from the file where it says none.
    pub(super) fn scenario<S: AsRef<str>>(&self, overrides: &[S]) -> Result<Scenario, Failure> {
        let mut scenario = Scenario::parse_with(&self.text, overrides).map_err(|error| {
            Failure::new(Exit::Usage, format!("{}: {}", self.given, one_line(&with_causes(&error))))
        })?;
        if scenario.name == "unnamed"
            && let Some(stem) = Path::new(&self.given).file_stem()
        {
            scenario.name = stem.to_string_lossy().into_owned();
        }
        Ok(scenario)
    }
}

fn too_long(name: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Usage, format!("{name} is longer than {} KiB; that is no scenario", BYTES_MAX >> 10))
}

/// The seed of `nasty-25`.
fn nasty_of(given: &str) -> Option<u64> {
    given.strip_prefix("nasty-")?.parse().ok()
}

/// Why a file was not read.
enum Unread {
    Missing,
    TooLong,
    Failed(std::io::Error),
}

fn read(path: &Path) -> Result<String, Unread> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Unread::Missing,
        _ => Unread::Failed(error),
    };
    // A directory opens and does not read; its name may be that of a scenario.
    if path.is_dir() {
        return Err(Unread::Missing);
    }
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > BYTES_MAX { Err(Unread::TooLong) } else { Ok(text) }
}

fn missing(given: &str) -> String {
    let stem = Path::new(given).file_stem().map(|stem| stem.to_string_lossy());
    match stem.and_then(|stem| library::find(&stem)) {
        Some(entry) if entry.name != given => {
            format!("there is no file {given}; did you mean {}, which comes with the program?", entry.name)
        }
        _ => {
            format!("there is no file {given}, and no scenario of that name; `swarmline sim list` shows all")
        }
    }
}

/// Errors of TOML draw the line that is wrong; here it is told in one.
fn one_line(text: &str) -> String {
    text.split_whitespace()
        .filter(|word| !word.chars().all(|c| "|^".contains(c)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Longest scenario that is read: 1 MiB.
const BYTES_MAX: u64 = 1 << 20;
