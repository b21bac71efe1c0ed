//! What a piece hash file says, wherever it lies, and why it says nothing.

use swarmline_ipc::message::{Cause, FaultAt, IntegrityFault};
use swarmline_origin::{Beginning, FetchError, Redacted};
use swarmline_proto::Manifest;
use swarmline_proto::manifest::{PHF_BYTES_MAX, PhfError, PhfHead};
use swarmline_types::ContentId;
use tracing::debug;
use url::Url;

use crate::content::with_causes;
use crate::error::{IntoFailure, integrity, of_manifest};
use crate::sha256::sha256_hex;

/// Why a place has no manifest, for good.
pub(crate) struct Absent(pub(crate) String, pub(crate) Cause);

/// The origin's word for a manifest of which only the beginning was read.
pub(super) struct Named {
    pub(super) head: PhfHead,
    /// Bytes of the whole file; 0 if the origin does not say.
    pub(super) bytes: u64,
}

impl Named {
    /// The digests prove the `HashOfHashes`, which covers length and piece size: they must be those of the head.
    pub(super) fn agrees(&self, url: &Url, manifest: Manifest) -> Result<Manifest, Absent> {
        if manifest.layout() == self.head.layout {
            return Ok(manifest);
        }
        let why = "the file contradicts its HashOfHashes";
        let cause = integrity(IntegrityFault::Contradiction, FaultAt::Manifest);
        Err(Absent(format!("{}: {why}", Redacted(url)), cause))
    }

    pub(super) fn is_not(&self, url: &Url, want: ContentId) -> Absent {
        let error = PhfError::Unexpected { want, got: self.head.content };
        Absent(format!("{}: {error}", Redacted(url)), of_manifest(&error))
    }
}

/// What the beginning of a file names, if it is one that goes on as a manifest may.
pub(super) fn named_by(beginning: &Beginning) -> Option<Named> {
    let Beginning::Part { bytes, len } = beginning else { return None };
    let len = len.unwrap_or(0);
    match PhfHead::parse(bytes) {
        Ok(head) if len <= PHF_BYTES_MAX as u64 => Some(Named { head, bytes: len }),
        Ok(_) => None,
        Err(error) => {
            debug!(error = with_causes(&error), "the head of the manifest says too little");
            None
        }
    }
}

pub(super) fn absent(url: &Url, error: &FetchError) -> Absent {
    let cause =
        Cause { integrity: Some(IntegrityFault::Absent), at: Some(FaultAt::Manifest), ..error.details() };
    match error.status() {
        Some(status) => Absent(format!("{} is not there ({status})", Redacted(url)), cause),
        None => Absent(format!("{}: {}", Redacted(url), with_causes(error)), cause),
    }
}

pub(super) fn parse(phf: &[u8], want: Option<ContentId>, sha256: Option<&str>) -> Result<Manifest, Absent> {
    if let Some(want) = sha256
        && let got = sha256_hex(phf)
        && !got.eq_ignore_ascii_case(want)
    {
        let why = format!("the file was to have sha-256 {want}, it has {got}");
        return Err(Absent(why, integrity(IntegrityFault::Digest, FaultAt::Manifest)));
    }
    let parsed = match want {
        Some(want) => Manifest::parse_phf_of(phf, want),
        None => Manifest::parse_phf(phf),
    };
    parsed.map_err(|error| Absent(with_causes(&error), of_manifest(&error)))
}

/// Reads a piece hash file from disk. Blocking.
pub(crate) fn read_phf(
    path: &std::path::Path,
    want: Option<ContentId>,
    sha256: Option<&str>,
) -> Result<Manifest, Absent> {
    let unreadable = |error: std::io::Error| {
        let cause = integrity(IntegrityFault::Absent, FaultAt::Manifest);
        Absent(error.to_string(), Cause { errno: error.raw_os_error(), ..cause })
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > PHF_BYTES_MAX as u64 {
        let text = format!("{size} bytes are too many for a piece hash file, {PHF_BYTES_MAX} are allowed");
        return Err(Absent(text, integrity(IntegrityFault::Json, FaultAt::Manifest)));
    }
    let phf = std::fs::read(path).map_err(unreadable)?;
    parse(&phf, want, sha256)
}
