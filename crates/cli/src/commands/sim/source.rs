//! Where a scenario comes from: a file, or one that comes with the program. And how people are told that it is none.

use std::fmt::Display;
use std::io::{ErrorKind, Read};
use std::path::Path;

use swarmline_sim::Scenario;
use swarmline_sim::library;
use swarmline_sim::scenario::{ScenarioError, nasty};

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
            // A folder may have the name of a scenario.
            Err(why @ (Unread::Missing | Unread::Folder)) => of_program(given).ok_or_else(|| match why {
                Unread::Missing => Failure::new(Exit::Usage, missing(given)),
                why => why.told(&given),
            })?,
            Err(why) => return Err(why.told(&given)),
        };
        Ok(Self { given: given.to_owned(), text })
    }

    /// The text of a file that is no scenario of its own.
    pub(super) fn read_file(path: &Path) -> Result<String, Failure> {
        read(path).map_err(|why| why.told(&path.display()))
    }

    /// The scenario with these values set, and its name taken from the file where it says none.
    pub(super) fn scenario<S: AsRef<str>>(&self, overrides: &[S]) -> Result<Scenario, Failure> {
        let mut scenario = Scenario::parse_with(&self.text, overrides)
            .map_err(|error| refused(&self.given, &self.text, &error))?;
        if scenario.name == "unnamed"
            && let Some(stem) = Path::new(&self.given).file_stem()
        {
            scenario.name = stem.to_string_lossy().into_owned();
        }
        Ok(scenario)
    }
}

/// The text that comes with the program under this name: a scenario of the library, or `nasty-25`.
fn of_program(given: &str) -> Option<String> {
    if let Some(entry) = library::find(given) {
        return Some(entry.text.to_owned());
    }
    let seed = given.strip_prefix("nasty-")?.parse().ok()?;
    Some(nasty(seed).to_toml())
}

/// A text that is no scenario or no policy, in one line. `name` is what people call the text.
pub(super) fn refused(name: &dyn Display, text: &str, error: &ScenarioError) -> Failure {
    let why = match error {
        // TOML draws the line that is wrong; its number says as much.
        ScenarioError::Syntax { source } => {
            let place = source.span().map_or(String::new(), |span| place(text, span.start));
            format!("this is not TOML: {place}{}", source.message())
        }
        error => with_causes(error),
    };
    Failure::new(Exit::Usage, format!("{name}: {}", one_line(&why)))
}

/// Line and column of a byte, both counted from 1, with what is put between them and the reason.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    format!("line {}, column {}: ", before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Errors of the schema say in a second line where they are.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Why a file was not read.
enum Unread {
    Missing,
    Folder,
    TooLong,
    NoText { is_utf_16: bool },
    Failed(std::io::Error),
}

impl Unread {
    fn told(&self, name: &dyn Display) -> Failure {
        let usage = |why: String| Failure::new(Exit::Usage, why);
        match self {
            Self::Missing => usage(format!("there is no file {name}")),
            Self::Folder => usage(format!("{name} is a folder; name a file in it")),
            Self::TooLong => {
                usage(format!("{name} is longer than {} KiB; that is no scenario", BYTES_MAX >> 10))
            }
            Self::NoText { is_utf_16: true } => {
                usage(format!("{name} is written in UTF-16; save it as UTF-8"))
            }
            Self::NoText { is_utf_16: false } => usage(format!("{name} is no text; it must be UTF-8")),
            Self::Failed(error) => {
                Failure::new(Exit::Disk, format!("could not read {name}: {}", with_causes(error)))
            }
        }
    }
}

fn read(path: &Path) -> Result<String, Unread> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Unread::Missing,
        _ => Unread::Failed(error),
    };
    // A folder opens and does not read.
    if path.is_dir() {
        return Err(Unread::Folder);
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    text_of(bytes)
}

fn text_of(bytes: Vec<u8>) -> Result<String, Unread> {
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Unread::TooLong);
    }
    // What editors of Windows put in front of it, in either order of bytes.
    let is_utf_16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    String::from_utf8(bytes).map_err(|_| Unread::NoText { is_utf_16 })
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

/// Longest scenario that is read: 1 MiB.
const BYTES_MAX: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, overrides: &[&str]) -> String {
        let source = Source { given: "a.toml".into(), text: text.into() };
        source.scenario(overrides).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_place_and_the_reason() {
        let syntax = "a.toml: this is not TOML: ";
        for (text, why) in [
            ("a = [", "line 1, column 6: unclosed array, expected `]`"),
            (
                "seeds = 2\nquestion = 'é' x",
                "line 2, column 16: unexpected key or value, expected newline, `#`",
            ),
            ("[site]\n[site]", "line 2, column 2: duplicate key"),
        ] {
            assert_eq!(told(text, &[]), format!("{syntax}{why}"));
        }
    }

    #[test]
    fn every_refusal_is_one_line() {
        for (text, set) in [("[site]\npears = 3", "seeds=1"), ("", "site.pears=3"), ("", "site.lan='1|2  x'")]
        {
            let told = told(text, &[set]);
            assert!(told.starts_with("a.toml: the scenario does not follow the schema: "), "{told}");
            assert!(told.contains(" in `site") && !told.contains('\n'), "{told:?}");
        }
        assert!(told("", &["site.lan='1|2'"]).contains("\"1|2\" is not a rate"));
    }

    #[test]
    fn what_is_no_text_says_what_it_should_be() {
        let why = |bytes: &[u8]| {
            let failure = text_of(bytes.to_vec()).unwrap_err().told(&"x");
            (failure.exit, failure.message)
        };
        assert_eq!(why(b"\xff\xfea\0"), (Exit::Usage, "x is written in UTF-16; save it as UTF-8".to_owned()));
        assert_eq!(why(b"a = '\xe4'"), (Exit::Usage, "x is no text; it must be UTF-8".to_owned()));
        assert_eq!(text_of(vec![b' '; 1 << 20]).map_err(|_| ()), Ok(" ".repeat(1 << 20)));
        assert!(matches!(text_of(vec![b' '; (1 << 20) + 1]), Err(Unread::TooLong)));
    }

    #[test]
    fn a_folder_is_not_a_file_that_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let name = dir.path().to_str().unwrap();
        let told = format!("{name} is a folder; name a file in it");
        assert_eq!(Source::find(name).unwrap_err().message, told);
        assert_eq!(Source::read_file(dir.path()).unwrap_err().message, told);
        let gone = format!("{name}/gone");
        assert_eq!(
            Source::read_file(Path::new(&gone)).unwrap_err().message,
            format!("there is no file {gone}")
        );
    }
}
