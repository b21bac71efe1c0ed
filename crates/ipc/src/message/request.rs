//! What a client asks for.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use swarmline_types::{ContentId, Priority};
use url::Url;

use super::failure::{TransferError, sha256, usage};
use super::options::GetOptions;

/// What a client asks. One request a connection; [`Request::Jobs`] is followed by a conversation of its own.
#[expect(clippy::large_enum_variant, reason = "one a connection")]
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Download a file; answered by [`Event::Progress`] until [`Event::Completed`] or [`Event::Failed`]. Closing the
    /// connection before that cancels; the part file stays for the next attempt.
    ///
    /// [`Event::Progress`]: super::Event::Progress
    /// [`Event::Completed`]: super::Event::Completed
    /// [`Event::Failed`]: super::Event::Failed
    Get(GetRequest),
    /// Verify a file and offer it to peers; answered by [`Event::Added`] or [`Event::Failed`].
    ///
    /// [`Event::Added`]: super::Event::Added
    /// [`Event::Failed`]: super::Event::Failed
    Add(AddRequest),
    /// What the node is doing; answered by [`Event::Node`](super::Event::Node).
    Status,
    /// Turns the connection into a [job session](crate::jobs), or is refused by [`Event::Failed`].
    ///
    /// [`Event::Failed`]: super::Event::Failed
    Jobs,
}

impl Request {
    /// Checks what a type cannot say: absolute paths, http or https, 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](super::ErrorKind::Usage), naming the field and the value.
    pub fn check(&self) -> Result<(), TransferError> {
        match self {
            Self::Get(get) => get.check(),
            Self::Add(add) => {
                absolute("path", &add.path)?;
                add.phf.as_deref().map_or(Ok(()), |phf| absolute("phf", phf))
            }
            Self::Status | Self::Jobs => Ok(()),
        }
    }
}

impl GetRequest {
    /// Checks what a type cannot say.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](super::ErrorKind::Usage), naming the field and the value.
    pub fn check(&self) -> Result<(), TransferError> {
        match (&self.url, &self.manifest) {
            (Some(url), _) => fetchable("url", url)?,
            (None, ManifestSource::Pinned { .. }) => {}
            (None, _) => return Err(usage("url: without one the content has to be named".into())),
        }
        absolute("destination", &self.destination)?;
        match &self.manifest {
            ManifestSource::File { path, .. } => absolute("manifest.path", path)?,
            ManifestSource::Url { url, .. } => fetchable("manifest.url", url)?,
            ManifestSource::Origin | ManifestSource::Pinned { .. } => {}
        }
        sha256("sha256", self.sha256.as_deref())?;
        self.options.check()
    }
}

fn absolute(field: &str, path: &Path) -> Result<(), TransferError> {
    if path.is_absolute() {
        return Ok(());
    }
    Err(usage(format!("{field}: {} is not an absolute path", path.display())))
}

fn fetchable(field: &str, url: &Url) -> Result<(), TransferError> {
    match url.scheme() {
        "http" | "https" => Ok(()),
        other => Err(usage(format!("{field}: only http and https can be fetched, not {other}"))),
    }
}

/// A download.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GetRequest {
    /// Where the origin has it: http or https. Without one it comes from peers alone, and the manifest has to be
    /// [`Pinned`](ManifestSource::Pinned).
    pub url: Option<Url>,
    /// Where it shall stand: an absolute path.
    pub destination: PathBuf,
    /// Which manifest to trust.
    pub manifest: ManifestSource,
    /// SHA-256 of the whole file, 64 hexadecimal digits: checked at the end, whatever the manifest says.
    pub sha256: Option<String>,
    /// Replace a destination that holds something else.
    pub force: bool,
    /// Whether somebody waits for it.
    pub priority: Priority,
    /// What else is wished.
    #[serde(default)]
    pub options: GetOptions,
}

/// Which manifest a download trusts.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum ManifestSource {
    /// The one beside the file at the origin, if there is one; otherwise plain HTTP, not shared.
    Origin,
    /// A piece hash file on disk: an absolute path.
    File {
        /// Where.
        path: PathBuf,
        /// Its `HashOfHashes`, if the caller knows that too.
        pinned: Option<ContentId>,
    },
    /// A piece hash file at another address.
    Url {
        /// Where.
        url: Url,
        /// Its `HashOfHashes`, if the caller knows that too.
        pinned: Option<ContentId>,
    },
    /// Whatever has this `HashOfHashes`: from a peer, or from beside the file at the origin.
    Pinned {
        /// The `HashOfHashes`.
        content: ContentId,
    },
}

/// A file to offer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AddRequest {
    /// The file: an absolute path.
    pub path: PathBuf,
    /// Its piece hash file: an absolute path. Default: the file's name with `.phf` behind it.
    pub phf: Option<PathBuf>,
}
