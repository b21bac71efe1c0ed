//! Why a transfer failed, from the words of the engine into those of the job API: one table.

use std::io;

use swarmline_ipc::message::{Cause, ErrorKind, IntegrityFault, OriginFault, TransferError};
use swarmline_jobs::HResult;
use swarmline_jobs::machine::Fault;

/// Number of the system for input and output that failed for a reason of which it said nothing.
const EIO: u16 = 5;
/// Number of the system for a name that is taken.
const EEXIST: u16 = 17;
/// Status for a redirect that is not followed.
const REDIRECT: u16 = 302;

/// The code of an error of the file system.
pub(super) fn code_of(error: &io::Error) -> HResult {
    Fault::Io { errno: error.raw_os_error().map_or(EIO, number) }.code()
}

/// The code of a failure, for a call that is answered with it.
pub(super) fn code_of_failure(error: &TransferError) -> HResult {
    fault_of(error).code()
}

/// The failure as the machine knows it.
pub(super) fn fault_of(error: &TransferError) -> Fault {
    let cause = &error.cause;
    match error.kind {
        ErrorKind::Usage => Fault::InvalidUrl,
        ErrorKind::Integrity => Fault::BadPiece,
        ErrorKind::Manifest => {
            let cause = cause.integrity.map_or(HResult::S_OK, code_of_manifest);
            Fault::NoManifest { cause }
        }
        ErrorKind::Exists => Fault::Io { errno: cause.errno.map_or(EEXIST, number) },
        ErrorKind::Disk => Fault::Io { errno: cause.errno.map_or(EIO, number) },
        ErrorKind::Range => Fault::OutOfRange,
        ErrorKind::NoRanges => Fault::NoRanges,
        // The process ends; whoever owns the directory next tries again.
        ErrorKind::Stopped => Fault::Exhausted,
        ErrorKind::Origin => at_origin(cause).unwrap_or(Fault::NotFound),
        ErrorKind::NoProgress => at_origin(cause).unwrap_or(Fault::Timeout),
        ErrorKind::Other => Fault::Internal,
    }
}

/// Why nothing comes, as far as it passes by itself: what keeps bytes from coming that was told of last.
pub(super) fn fault_of_stall(trouble: Option<&Cause>) -> Fault {
    trouble.and_then(at_origin).filter(Fault::is_transient).unwrap_or(Fault::Timeout)
}

fn at_origin(cause: &Cause) -> Option<Fault> {
    cause.origin.map(|fault| fault_of_origin(fault, cause.http_status))
}

/// What the origin did, with the status that it answered.
pub(super) fn fault_of_origin(fault: OriginFault, status: Option<u16>) -> Fault {
    match (fault, status) {
        (OriginFault::Status, Some(status)) => Fault::Http { status },
        (OriginFault::Redirect, status) => Fault::Http { status: status.unwrap_or(REDIRECT) },
        (OriginFault::Url, _) => Fault::InvalidUrl,
        (OriginFault::NameNotResolved, _) => Fault::NameNotResolved,
        (OriginFault::Certificate, _) => Fault::Certificate,
        (OriginFault::Timeout, _) => Fault::Timeout,
        (OriginFault::NoRanges, _) => Fault::NoRanges,
        (OriginFault::Changed | OriginFault::WrongAmount, _) => Fault::WrongAmount,
        (
            OriginFault::Unreachable
            | OriginFault::Tls
            | OriginFault::Broken
            | OriginFault::Protocol
            | OriginFault::Status,
            _,
        ) => Fault::CannotConnect,
    }
}

fn code_of_manifest(fault: IntegrityFault) -> HResult {
    match fault {
        IntegrityFault::Absent => HResult::S_OK,
        IntegrityFault::Digest => HResult::DO_E_METAINFO_DIGEST_MATCH,
        IntegrityFault::Json => HResult::DO_E_METAINFO_CONTENT,
        IntegrityFault::Version => HResult::DO_E_METAINFO_VERSION,
        IntegrityFault::HashOfHashes => HResult::DO_E_METAINFO_PARSE_HOH,
        IntegrityFault::OtherContent => HResult::DO_E_METAINFO_HOH_MATCH,
        IntegrityFault::Contradiction => HResult::DO_E_METAINFO_HOH_FINAL_MATCH,
        IntegrityFault::ContentLength => HResult::DO_E_METAINFO_CONTENT_LENGTH,
        IntegrityFault::PieceSize => HResult::DO_E_METAINFO_PIECE_SIZE,
        IntegrityFault::Pieces => HResult::DO_E_METAINFO_PARSE_PIECEHASHES,
        IntegrityFault::Piece | IntegrityFault::Sha256 | IntegrityFault::Changed => {
            HResult::DO_E_BAD_PIECE_HASH
        }
    }
}

fn number(errno: i32) -> u16 {
    u16::try_from(errno).unwrap_or(EIO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(kind: ErrorKind, change: impl FnOnce(&mut Cause)) -> HResult {
        let mut cause = Cause::default();
        change(&mut cause);
        code_of_failure(&TransferError::new(kind, "text").because(cause))
    }

    fn origin(fault: OriginFault) -> impl FnOnce(&mut Cause) {
        move |cause| cause.origin = Some(fault)
    }

    fn status(status: u16) -> impl FnOnce(&mut Cause) {
        move |cause| (cause.origin, cause.http_status) = (Some(OriginFault::Status), Some(status))
    }

    #[test]
    fn each_failure_has_its_documented_code() {
        use ErrorKind as K;
        for (got, want) in [
            (code(K::Origin, status(404)), "HTTP_E_STATUS_404 (0x80190194)"),
            (code(K::Origin, status(403)), "HTTP_E_STATUS_403 (0x80190193)"),
            (code(K::NoProgress, status(503)), "HTTP_E_STATUS_500 (0x801901F4)"),
            (code(K::Origin, origin(OriginFault::Timeout)), "WININET_E_TIMEOUT (0x80072EE2)"),
            (code(K::NoProgress, |_| ()), "WININET_E_TIMEOUT (0x80072EE2)"),
            (
                code(K::Origin, origin(OriginFault::NameNotResolved)),
                "WININET_E_NAME_NOT_RESOLVED (0x80072EE7)",
            ),
            (code(K::Origin, origin(OriginFault::Unreachable)), "WININET_E_CANNOT_CONNECT (0x80072EFD)"),
            (code(K::Origin, origin(OriginFault::Certificate)), "DO_E_HTTP_CERT_VALIDATION (0x80D05002)"),
            (code(K::Origin, origin(OriginFault::Redirect)), "HTTP_E_STATUS_REDIRECT (0x80190003)"),
            (code(K::Origin, origin(OriginFault::WrongAmount)), "DO_E_HTTP_BLOCKSIZE_MISMATCH (0x80D05001)"),
            (code(K::NoRanges, |_| ()), "DO_E_INSUFFICIENT_RANGE_SUPPORT (0x80D05011)"),
            (code(K::Origin, |_| ()), "DO_E_UNRECOGNIZED_SWARM (0x80D06812)"),
            (code(K::Disk, |cause| cause.errno = Some(28)), "errno 28 (0xC0D0001C)"),
            (code(K::Disk, |cause| cause.errno = Some(13)), "E_ACCESSDENIED (0x80070005)"),
            (code(K::Disk, |_| ()), "errno 5 (0xC0D00005)"),
            (code(K::Exists, |_| ()), "errno 17 (0xC0D00011)"),
            (code(K::Integrity, |_| ()), "DO_E_BAD_PIECE_HASH (0x80D06805)"),
            (code(K::Manifest, |_| ()), "DO_E_INTEGRITYCHECKINFO_UNAVAILABLE (0x80D02017)"),
            (code(K::Usage, |_| ()), "INET_E_INVALID_URL (0x800C0002)"),
            (code(K::Range, |_| ()), "DO_E_INVALID_RANGE (0x80D05010)"),
            (code(K::Other, |_| ()), "DO_E_FATAL_CORE_ERROR (0x80D06802)"),
        ] {
            assert_eq!(got.to_string(), want);
        }
    }

    #[test]
    fn what_passes_by_itself_is_tried_again_and_the_rest_waits_for_the_client() {
        let transient = |kind, change: Box<dyn FnOnce(&mut Cause)>| {
            let mut cause = Cause::default();
            change(&mut cause);
            fault_of(&TransferError::new(kind, "text").because(cause)).is_transient()
        };
        assert!(transient(ErrorKind::NoProgress, Box::new(|_| ())));
        assert!(transient(ErrorKind::Origin, Box::new(origin(OriginFault::Broken))));
        assert!(transient(ErrorKind::NoProgress, Box::new(status(503))));
        assert!(transient(ErrorKind::Stopped, Box::new(|_| ())));
        for kind in [
            ErrorKind::Disk,
            ErrorKind::Integrity,
            ErrorKind::Manifest,
            ErrorKind::Range,
            ErrorKind::NoRanges,
        ] {
            assert!(!transient(kind, Box::new(|_| ())), "{kind:?}");
        }
        assert!(!transient(ErrorKind::Origin, Box::new(status(404))));
    }

    #[test]
    fn what_stands_still_fails_by_its_last_trouble_if_that_passes() {
        let stalled = |change: Box<dyn FnOnce(&mut Cause)>| {
            let mut cause = Cause::default();
            change(&mut cause);
            fault_of_stall(Some(&cause))
        };
        assert_eq!(fault_of_stall(None), Fault::Timeout);
        assert_eq!(stalled(Box::new(status(503))), Fault::Http { status: 503 });
        assert_eq!(stalled(Box::new(origin(OriginFault::Unreachable))), Fault::CannotConnect);
        // The origin refuses, and peers that have it are silent: they may speak again.
        assert_eq!(stalled(Box::new(status(404))), Fault::Timeout);
    }

    #[test]
    fn a_bad_piece_hash_file_says_what_is_wrong_with_it() {
        let error = TransferError::new(ErrorKind::Manifest, "text")
            .because(Cause { integrity: Some(IntegrityFault::OtherContent), ..Cause::default() });
        assert_eq!(fault_of(&error), Fault::NoManifest { cause: HResult::DO_E_METAINFO_HOH_MATCH });
    }
}
