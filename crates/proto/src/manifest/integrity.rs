//! `IntegrityCheckInfo`: the small JSON by which a publisher pins a manifest.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use swarmline_types::{ContentId, ParseIdError};

use super::Manifest;
use super::phf::{PHF_BYTES_MAX, PhfError};

/// Most bytes of the JSON: 64 KiB.
pub const INTEGRITY_INFO_BYTES_MAX: usize = 64 << 10;

/// Name of the only digest algorithm.
const SHA256: &str = "SHA256";

/// Why a text is not an `IntegrityCheckInfo`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntegrityError {
    /// Too long to be one.
    #[error("integrity info of {got} bytes, at most {INTEGRITY_INFO_BYTES_MAX} are allowed")]
    Size {
        /// Its bytes.
        got: usize,
    },
    /// Not a JSON object, or a key has another type than text, or `HashOfHashes` is absent.
    #[error("integrity info is not readable")]
    Json(#[source] serde_json::Error),
    /// `HashOfHashes` is not 32 bytes of base64.
    #[error("HashOfHashes of the integrity info is not a hash")]
    HashOfHashes(#[source] ParseIdError),
    /// `PiecesHashFileDigest` is not 32 bytes of base64.
    #[error("PiecesHashFileDigest of the integrity info is not a hash")]
    Digest(#[source] ParseIdError),
    /// A digest that cannot be checked here.
    #[error("PiecesHashFileDigestAlgorithm is {got:?}, only {SHA256} is known")]
    Algorithm {
        /// The name that was given, at most its first 60 characters.
        got: String,
    },
}

/// What a publisher tells those who fetch a content about its manifest, over a channel they trust.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IntegrityCheckInfo {
    /// The content: a manifest with another id is refused.
    pub content: ContentId,
    /// Where the piece hash file lies.
    pub phf_url: Option<String>,
    /// SHA-256 of the piece hash file's bytes.
    pub phf_digest: Option<[u8; 32]>,
}

/// The keys as they stand in the JSON, in that order.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Keys {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pieces_hash_file_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pieces_hash_file_digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pieces_hash_file_digest_algorithm: Option<String>,
    hash_of_hashes: String,
}

impl IntegrityCheckInfo {
    /// Describes a manifest that is published as these bytes of a piece hash file, at this address if it is known.
    pub fn of(manifest: &Manifest, phf: &[u8], phf_url: Option<String>) -> Self {
        Self { content: manifest.content(), phf_url, phf_digest: Some(Sha256::digest(phf).into()) }
    }

    /// Reads the JSON. Only `HashOfHashes` must be there; unknown keys are ignored.
    ///
    /// # Errors
    /// When the text is no such JSON, or one of the hashes is none.
    pub fn parse(text: &str) -> Result<Self, IntegrityError> {
        if text.len() > INTEGRITY_INFO_BYTES_MAX {
            return Err(IntegrityError::Size { got: text.len() });
        }
        let keys: Keys = serde_json::from_str(text).map_err(IntegrityError::Json)?;
        if let Some(name) = keys.pieces_hash_file_digest_algorithm
            && !matches!(name.to_ascii_uppercase().as_str(), "" | SHA256 | "SHA-256")
        {
            return Err(IntegrityError::Algorithm { got: name.chars().take(60).collect() });
        }
        let hash = |text: String| text.parse::<ContentId>();
        let digest = keys.pieces_hash_file_digest.filter(|text| !text.is_empty()).map(hash).transpose();
        Ok(Self {
            content: hash(keys.hash_of_hashes).map_err(IntegrityError::HashOfHashes)?,
            phf_url: keys.pieces_hash_file_url.filter(|url| !url.is_empty()),
            phf_digest: digest.map_err(IntegrityError::Digest)?.map(|id| *id.as_bytes()),
        })
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        let keys = Keys {
            pieces_hash_file_url: self.phf_url.clone(),
            pieces_hash_file_digest: self.phf_digest.map(|digest| BASE64.encode(&digest)),
            pieces_hash_file_digest_algorithm: self.phf_digest.map(|_| SHA256.to_owned()),
            hash_of_hashes: self.content.to_string(),
        };
        serde_json::to_string(&keys).expect("texts are always JSON")
    }

    /// Reads the piece hash file that this describes: its digest first, if one is given, then its contents.
    ///
    /// # Errors
    /// When it is another file, or no manifest of this content.
    pub fn open(&self, phf: &[u8]) -> Result<Manifest, PhfError> {
        if phf.len() > PHF_BYTES_MAX {
            return Err(PhfError::Size { got: phf.len() });
        }
        if let Some(want) = self.phf_digest {
            let got: [u8; 32] = Sha256::digest(phf).into();
            if got != want {
                return Err(PhfError::Digest { want: BASE64.encode(&want), got: BASE64.encode(&got) });
            }
        }
        Manifest::parse_phf_of(phf, self.content)
    }
}
