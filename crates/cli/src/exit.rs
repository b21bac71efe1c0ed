//! How a run of the program ends: the one table of exit codes, and the failure that carries one to `main`.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use swarmline_ipc::message::{ErrorKind, TransferError};

/// How a run ended. The numbers are a promise to scripts; `docs/cli.md` and `swarmline help exit-codes` show them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Exit {
    Success = 0,
    Other = 1,
    Usage = 2,
    Origin = 3,
    Integrity = 4,
    Manifest = 5,
    Exists = 6,
    Disk = 7,
    NoProgress = 8,
    Stopped = 9,
    NotRunning = 10,
    Busy = 11,
    Missed = 12,
    Interrupted = 130,
    Terminated = 143,
}

impl Exit {
    /// Every way to end, in the order of the table.
    pub(crate) const ALL: [Self; 15] = [
        Self::Success,
        Self::Other,
        Self::Usage,
        Self::Origin,
        Self::Integrity,
        Self::Manifest,
        Self::Exists,
        Self::Disk,
        Self::NoProgress,
        Self::Stopped,
        Self::NotRunning,
        Self::Busy,
        Self::Missed,
        Self::Interrupted,
        Self::Terminated,
    ];

    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// The word in the `kind` field of a `failed` line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Other => "other",
            Self::Usage => "usage",
            Self::Origin => "origin",
            Self::Integrity => "integrity",
            Self::Manifest => "manifest",
            Self::Exists => "exists",
            Self::Disk => "disk",
            Self::NoProgress => "no_progress",
            Self::Stopped => "stopped",
            Self::NotRunning => "not_running",
            Self::Busy => "busy",
            Self::Missed => "missed",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// What it means, for people.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "what was asked for is done",
            Self::Other => "none of the reasons below",
            Self::Usage => "the command line, the configuration or a request makes no sense",
            Self::Origin => "the origin refused or has no such file, and no peer has it",
            Self::Integrity => "bytes are not what the manifest or the given hash says",
            Self::Manifest => "the manifest cannot be had or is malformed",
            Self::Exists => "something else stands at the destination, or it is a directory",
            Self::Disk => "a disk is full, or a path, stdout among them, cannot be read or written",
            Self::NoProgress => "no byte came for too long",
            Self::Stopped => "the process that did the work was stopped",
            Self::NotRunning => "no process owns the state directory",
            Self::Busy => "another process owns the state directory, or does not answer",
            Self::Missed => "a simulated scenario missed one of its targets",
            Self::Interrupted => "Ctrl-C came before the end",
            Self::Terminated => "SIGTERM came before the end",
        }
    }

    /// The table as the help shows it.
    pub(crate) fn table() -> String {
        let line = |exit: Self| format!("  {:>3}  {:<12} {}\n", exit.code(), exit.name(), exit.meaning());
        Self::ALL.into_iter().map(line).collect()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Usage | ErrorKind::Range => Self::Usage,
            ErrorKind::Origin | ErrorKind::NoRanges => Self::Origin,
            ErrorKind::Integrity => Self::Integrity,
            ErrorKind::Manifest => Self::Manifest,
            ErrorKind::Exists => Self::Exists,
            ErrorKind::Disk => Self::Disk,
            ErrorKind::NoProgress => Self::NoProgress,
            ErrorKind::Stopped => Self::Stopped,
            ErrorKind::Other => Self::Other,
        }
    }
}

/// Why a command did not do what was asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// For people: what, where, and the way out. Without a full stop.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// An error with its causes: `what: why: why that`.
    pub(crate) fn caused_by(exit: Exit, error: &dyn Error) -> Self {
        Self { exit, message: with_causes(error) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        Self { exit: error.kind.into(), message: error.message }
    }
}

/// An error and its causes in one line; a cause that only repeats is left out.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_and_name_is_used_once() {
        let codes: BTreeSet<_> = Exit::ALL.into_iter().map(Exit::code).collect();
        let names: BTreeSet<_> = Exit::ALL.into_iter().map(Exit::name).collect();
        assert_eq!((codes.len(), names.len()), (Exit::ALL.len(), Exit::ALL.len()));
    }

    #[test]
    fn the_manual_shows_the_same_table() {
        let manual = include_str!("../../../docs/cli.md");
        for exit in Exit::ALL {
            let row = format!("| {} | `{}` | {} |", exit.code(), exit.name(), exit.meaning());
            assert!(manual.contains(&row), "docs/cli.md lacks the row {row}");
        }
    }

    #[test]
    fn causes_follow_and_repetitions_do_not() {
        #[derive(Debug, thiserror::Error)]
        #[error("could not open /x")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("no such file"));
        assert_eq!(with_causes(&error), "could not open /x: no such file");
        #[derive(Debug, thiserror::Error)]
        #[error(transparent)]
        struct Same(Outer);
        assert_eq!(with_causes(&Same(error)), "could not open /x: no such file");
    }
}
