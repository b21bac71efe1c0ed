//! Failures of a transfer, and what becomes of them: code, context, whether they pass by themselves.

use crate::words::{ErrorContext, ErrorInfo, HResult};

/// Which contexts a fault can have. All others of [`ErrorContext`] are never reported.
pub const CONTEXTS: [ErrorContext; 2] = [ErrorContext::None, ErrorContext::RemoteFile];

/// Why a transfer ended without its file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The origin answered with this status.
    Http {
        /// The status.
        status: u16,
    },
    /// The origin did not answer in time, or fell silent.
    Timeout,
    /// The origin's name cannot be resolved.
    NameNotResolved,
    /// No connection with the origin, or it broke.
    CannotConnect,
    /// The origin's certificate is not accepted.
    Certificate,
    /// The origin does not serve ranges, and ranges are needed.
    NoRanges,
    /// A range that is wanted lies outside the file.
    OutOfRange,
    /// The origin serves another amount than it announced.
    WrongAmount,
    /// The origin's answer with this status does not tell the size.
    SizeUnknown {
        /// The status.
        status: u16,
    },
    /// The address cannot be fetched from.
    InvalidUrl,
    /// The content id names nothing that can be found.
    NotFound,
    /// Pieces are wrong, and nobody has right ones.
    BadPiece,
    /// The piece hash file cannot be had or is wrong, and the check is mandatory.
    NoManifest {
        /// What is wrong with it, one of the `DO_E_METAINFO_` codes; `S_OK` when it cannot be had.
        cause: HResult,
    },
    /// Content was expected to be encrypted.
    NotEncrypted,
    /// The system refused to write, with this error number: no space, no right, a bad disk.
    Io {
        /// The error number.
        errno: u16,
    },
    /// The client's stream failed with this code.
    Stream {
        /// What it returned; `RPC_E_DISCONNECTED` when it is gone.
        code: HResult,
    },
    /// A bound of this process is reached for now: memory, open files.
    Exhausted,
    /// A defect of the service.
    Internal,
}

impl Fault {
    /// Whether another attempt may succeed though nobody changes anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Http { status } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Timeout
            | Self::NameNotResolved
            | Self::CannotConnect
            | Self::WrongAmount
            | Self::NotFound
            | Self::Exhausted => true,
            Self::Certificate
            | Self::NoRanges
            | Self::OutOfRange
            | Self::SizeUnknown { .. }
            | Self::InvalidUrl
            | Self::BadPiece
            | Self::NoManifest { .. }
            | Self::NotEncrypted
            | Self::Io { .. }
            | Self::Stream { .. }
            | Self::Internal => false,
        }
    }

    /// The code that a client is shown.
    pub fn code(&self) -> HResult {
        match self {
            Self::Http { status } => match HResult::from_http_status(*status) {
                // A success that ended a transfer was not the success that was needed.
                HResult::S_OK => HResult::DO_E_UNEXPECTED_HTTP_STATUS_2XX,
                code => code,
            },
            Self::Timeout => HResult::WININET_E_TIMEOUT,
            Self::NameNotResolved => HResult::WININET_E_NAME_NOT_RESOLVED,
            Self::CannotConnect => HResult::WININET_E_CANNOT_CONNECT,
            Self::Certificate => HResult::DO_E_HTTP_CERT_VALIDATION,
            Self::NoRanges => HResult::DO_E_INSUFFICIENT_RANGE_SUPPORT,
            Self::OutOfRange => HResult::DO_E_INVALID_RANGE,
            Self::WrongAmount => HResult::DO_E_HTTP_BLOCKSIZE_MISMATCH,
            Self::SizeUnknown { status: 200 } => HResult::DO_E_FILE_SIZE_UNKNOWN_HTTP_200,
            Self::SizeUnknown { status: 206 } => HResult::DO_E_FILE_SIZE_UNKNOWN_HTTP_206,
            Self::SizeUnknown { .. } => HResult::DO_E_FILE_SIZE_UNKNOWN_HTTP_2XX,
            Self::InvalidUrl => HResult::INET_E_INVALID_URL,
            Self::NotFound => HResult::DO_E_UNRECOGNIZED_SWARM,
            Self::BadPiece => HResult::DO_E_BAD_PIECE_HASH,
            Self::NoManifest { .. } => HResult::DO_E_INTEGRITYCHECKINFO_UNAVAILABLE,
            Self::NotEncrypted => HResult::DO_E_FILE_ENCRYPTION_EXPECTED,
            Self::Io { errno: 1 | 13 } => HResult::E_ACCESSDENIED,
            Self::Io { errno } => HResult::from_errno(*errno),
            Self::Stream { code } => *code,
            Self::Exhausted => HResult::E_OUTOFMEMORY,
            Self::Internal => HResult::DO_E_FATAL_CORE_ERROR,
        }
    }

    /// The error of the file with this place in its job.
    pub(crate) fn info(&self, file: u32) -> ErrorInfo {
        let (extended, http_status) = match self {
            Self::Http { status } => (HResult::S_OK, Some(*status)),
            Self::NoManifest { cause } => (*cause, None),
            _ => (HResult::S_OK, None),
        };
        let context = match self {
            Self::Http { status: 403 } => ErrorContext::RemoteFile,
            _ => ErrorContext::None,
        };
        ErrorInfo { context, code: self.code(), file: Some(file), extended, http_status }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_must_repair_is_for_good_and_the_rest_passes() {
        for status in [400, 401, 403, 404, 410, 416] {
            assert!(!Fault::Http { status }.is_transient(), "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(Fault::Http { status }.is_transient(), "{status}");
        }
        assert!(!Fault::Io { errno: 28 }.is_transient());
        assert!(Fault::Timeout.is_transient());
    }

    #[test]
    fn a_fault_never_reads_as_success() {
        assert_eq!(Fault::Http { status: 204 }.code(), HResult::DO_E_UNEXPECTED_HTTP_STATUS_2XX);
        assert_eq!(Fault::Io { errno: 13 }.code(), HResult::E_ACCESSDENIED);
        assert_eq!(Fault::Io { errno: 28 }.code().errno(), Some(28));
    }

    #[test]
    fn only_a_403_has_a_context() {
        assert_eq!(Fault::Http { status: 403 }.info(2).context, ErrorContext::RemoteFile);
        let other = Fault::Http { status: 404 }.info(2);
        assert_eq!((other.context, other.file, other.http_status), (ErrorContext::None, Some(2), Some(404)));
    }
}
