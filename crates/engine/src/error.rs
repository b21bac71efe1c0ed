//! Failures as the users of an engine meet them.

use swarmline_ipc::message::{ErrorKind, TransferError};
use swarmline_net::NetError;
use swarmline_origin::FetchError;
use swarmline_store::{
    AddError, BeginError, FinishError, FinishPlainError, ListError, PlaceError, WriteError,
};

use crate::content::with_causes;

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The network could not be started.
    #[error("could not start the network")]
    Net(#[from] NetError),
    /// What the state directory holds could not be listed.
    #[error(transparent)]
    List(#[from] ListError),
}

/// A failure of this kind, with this text.
pub(crate) fn failure(kind: ErrorKind, message: impl Into<String>) -> TransferError {
    TransferError { kind, message: message.into() }
}

/// The failure that an error is to the user.
pub(crate) trait IntoFailure: std::error::Error + Sized {
    fn kind(&self) -> ErrorKind;

    fn into_failure(self) -> TransferError {
        failure(self.kind(), with_causes(&self))
    }
}

impl IntoFailure for BeginError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::OtherContent { .. } => ErrorKind::Exists,
            Self::Place(error) => error.kind(),
            _ => ErrorKind::Disk,
        }
    }
}

impl IntoFailure for PlaceError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::IsDirectory { .. } | Self::NotAFile { .. } => ErrorKind::Exists,
            Self::NoName { .. } => ErrorKind::Usage,
            _ => ErrorKind::Disk,
        }
    }
}

impl IntoFailure for WriteError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Disk
    }
}

impl IntoFailure for FinishError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Exists { .. } => ErrorKind::Exists,
            _ => ErrorKind::Disk,
        }
    }
}

impl IntoFailure for FinishPlainError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Sha256 { .. } => ErrorKind::Integrity,
            Self::Finish(error) => error.kind(),
            _ => ErrorKind::Disk,
        }
    }
}

impl IntoFailure for FetchError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Url { .. } => ErrorKind::Usage,
            Self::Changed { .. } => ErrorKind::Integrity,
            _ => ErrorKind::Origin,
        }
    }
}

impl IntoFailure for AddError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Mismatch { .. } | Self::Size { .. } => ErrorKind::Integrity,
            _ => ErrorKind::Disk,
        }
    }
}
