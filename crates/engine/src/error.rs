//! Failures as the users of an engine meet them.

use std::error::Error;
use std::io;

use swarmline_ipc::message::{Cause, ErrorKind, FaultAt, IntegrityFault, OriginFault, TransferError};
use swarmline_net::NetError;
use swarmline_origin::FetchError;
use swarmline_proto::manifest::PhfError;
use swarmline_store::{
    AddError, BeginError, DiscardError, FinishError, FinishPlainError, ListError, PlaceError, ReadError,
    WriteError,
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
    /// The trace that was asked for cannot be begun.
    #[error("could not write a trace to {}", path.display())]
    Trace {
        /// Where.
        path: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A failure of this kind, with this text.
pub(crate) fn failure(kind: ErrorKind, message: impl Into<String>) -> TransferError {
    TransferError::new(kind, message)
}

/// What went wrong while it is tried again, or why nothing more is.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) text: String,
    pub(crate) cause: Cause,
}

impl Trouble {
    pub(crate) fn of(error: &impl IntoFailure) -> Self {
        Self { text: with_causes(error), cause: error.details() }
    }

    /// A defect of our own.
    pub(crate) fn ours(text: &str) -> Self {
        Self { text: text.into(), cause: Cause::default() }
    }
}

/// The failure that an error is to the user.
pub(crate) trait IntoFailure: Error + Sized + 'static {
    fn kind(&self) -> ErrorKind;

    /// Unless said otherwise a file is at fault.
    fn details(&self) -> Cause {
        let taken = (self.kind() == ErrorKind::Exists).then_some(EEXIST);
        Cause { at: Some(FaultAt::Disk), errno: errno(self).or(taken), ..Cause::default() }
    }

    fn into_failure(self) -> TransferError {
        failure(self.kind(), with_causes(&self)).because(self.details())
    }
}

/// What the system calls a name that is taken.
const EEXIST: i32 = 17;

/// What the system said, innermost.
fn errno(error: &(dyn Error + 'static)) -> Option<i32> {
    let chain = std::iter::successors(Some(error), |error| (*error).source());
    chain.filter_map(|error| error.downcast_ref::<io::Error>()?.raw_os_error()).last()
}

/// Bytes that are not what they should be.
pub(crate) fn integrity(fault: IntegrityFault, at: FaultAt) -> Cause {
    Cause { at: Some(at), integrity: Some(fault), ..Cause::default() }
}

/// What is wrong with a piece hash file.
pub(crate) fn of_manifest(error: &PhfError) -> Cause {
    let fault = match error {
        PhfError::Digest { .. } => IntegrityFault::Digest,
        PhfError::MajorVersion { .. } | PhfError::MinorVersion { .. } => IntegrityFault::Version,
        PhfError::HashOfHashes { .. } => IntegrityFault::HashOfHashes,
        PhfError::Unexpected { .. } => IntegrityFault::OtherContent,
        PhfError::ContentLength { .. } => IntegrityFault::ContentLength,
        PhfError::PieceSize { .. } | PhfError::PieceCount { .. } => IntegrityFault::PieceSize,
        PhfError::Pieces { .. } | PhfError::PiecesCount { .. } | PhfError::PieceHash { .. } => {
            IntegrityFault::Pieces
        }
        PhfError::Contradiction { .. } => IntegrityFault::Contradiction,
        _ => IntegrityFault::Json,
    };
    integrity(fault, FaultAt::Manifest)
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

impl IntoFailure for ReadError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Disk
    }
}

impl IntoFailure for DiscardError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Disk
    }
}

impl IntoFailure for FinishError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Exists { .. } => ErrorKind::Exists,
            Self::Range { .. } => ErrorKind::Range,
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

    fn details(&self) -> Cause {
        match self {
            Self::Sha256 { .. } => integrity(IntegrityFault::Sha256, FaultAt::Origin),
            Self::Finish(error) => error.details(),
            other => Cause { at: Some(FaultAt::Disk), errno: errno(other), ..Cause::default() },
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

    fn details(&self) -> Cause {
        let fault = match self {
            Self::Url { .. } => OriginFault::Url,
            // The system numbers every refusal of a connection, and no failure of a look-up.
            Self::Connect { source, .. } if source.raw_os_error().is_none() => OriginFault::NameNotResolved,
            Self::Connect { .. } => OriginFault::Unreachable,
            Self::Tls { .. } if !self.is_transient() => OriginFault::Certificate,
            Self::Tls { .. } => OriginFault::Tls,
            Self::Timeout { .. } => OriginFault::Timeout,
            Self::Redirects { .. } | Self::Downgrade { .. } => OriginFault::Redirect,
            Self::Status { .. } => OriginFault::Status,
            Self::ContentRange { .. } => OriginFault::NoRanges,
            Self::Changed { .. } => OriginFault::Changed,
            Self::Short { .. } | Self::Long { .. } => OriginFault::WrongAmount,
            Self::Broken { .. } => OriginFault::Broken,
            _ => OriginFault::Protocol,
        };
        Cause {
            at: Some(FaultAt::Origin),
            is_transient: self.is_transient(),
            origin: Some(fault),
            http_status: self.status(),
            errno: errno(self),
            integrity: (fault == OriginFault::Changed).then_some(IntegrityFault::Changed),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_that_the_system_gave_is_found_below_the_causes() {
        let full = || io::Error::from_raw_os_error(28);
        let error = WriteError::Full { path: "/f".into(), needed: 1, free: 0, source: full() }.into_failure();
        assert_eq!((error.cause.errno, error.cause.at), (Some(28), Some(FaultAt::Disk)));
        let nested = FinishPlainError::Finish(FinishError::Rename { path: "/f".into(), source: full() });
        assert_eq!(nested.into_failure().cause.errno, Some(28));
        let taken = FinishError::Exists { path: "/f".into() }.into_failure();
        assert_eq!((taken.kind, taken.cause.errno), (ErrorKind::Exists, Some(EEXIST)));
    }

    #[test]
    fn a_status_goes_along_and_says_whether_it_may_pass() {
        for (status, is_transient) in [(404, false), (403, false), (503, true)] {
            let cause = FetchError::Status { status, range: None, retry_after: None }.details();
            assert_eq!((cause.http_status, cause.is_transient), (Some(status), is_transient));
            assert_eq!(cause.origin, Some(OriginFault::Status));
        }
    }

    #[test]
    fn a_host_without_an_address_is_told_from_one_that_does_not_answer() {
        let connect = |source| FetchError::Connect { host: "h".into(), source }.details().origin;
        assert_eq!(connect(io::Error::other("no such name")), Some(OriginFault::NameNotResolved));
        assert_eq!(connect(io::Error::from_raw_os_error(111)), Some(OriginFault::Unreachable));
    }
}
