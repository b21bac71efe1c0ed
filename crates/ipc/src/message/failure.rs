//! Why a request failed: for people a text, for programs a kind and a cause.

use serde::{Deserialize, Serialize};

use super::cause::Cause;

/// Why a request failed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct TransferError {
    /// Whose fault it is; decides the exit code.
    pub kind: ErrorKind,
    /// For people: what, where, and the way out.
    pub message: String,
    /// What is known beside.
    #[serde(default)]
    pub cause: Cause,
}

impl TransferError {
    /// A failure of which nothing else is known.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: Cause::default() }
    }

    /// The same failure, of which this is known.
    #[must_use]
    pub fn because(self, cause: Cause) -> Self {
        Self { cause, ..self }
    }
}

/// Sorts of failures. Each has an exit code of the command line.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request makes no sense.
    Usage,
    /// The origin refused, or serves no such file, and no peer has it.
    Origin,
    /// Bytes are not what the manifest or the given hash says.
    Integrity,
    /// The manifest cannot be had or is malformed.
    Manifest,
    /// The destination holds something else, or is a directory.
    Exists,
    /// The disk is full, or a path cannot be written.
    Disk,
    /// No byte came for too long.
    NoProgress,
    /// Ranges were asked for and leave the file.
    Range,
    /// Ranges were asked for, there is no manifest, and the origin does not serve ranges.
    NoRanges,
    /// The process that did the work was stopped.
    Stopped,
    /// None of these.
    Other,
}

pub(super) fn usage(message: String) -> TransferError {
    TransferError::new(ErrorKind::Usage, message)
}

/// Refuses what are not 64 hexadecimal digits.
pub(super) fn sha256(field: &str, hex: Option<&str>) -> Result<(), TransferError> {
    match hex {
        Some(hex) if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            Err(usage(format!("{field}: {hex:?} is not 64 hexadecimal digits")))
        }
        _ => Ok(()),
    }
}
