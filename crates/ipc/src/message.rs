//! What a client asks of the process that owns a state directory, and what it is told.
//!
//! The engine speaks the same words, so a command behaves alike whether it runs an engine itself or attaches to one.

mod cause;
mod options;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use swarmline_types::{ContentId, NodeId, Priority};
use url::Url;

pub use cause::{Cause, FaultAt, IntegrityFault, OriginFault};
pub use options::{GetOptions, HEADERS_BYTES_MAX, HEADERS_MAX, Headers, RANGES_MAX, Span};

/// What a client asks. One request a connection; [`Request::Jobs`] is followed by a conversation of its own.
#[expect(clippy::large_enum_variant, reason = "one a connection")]
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Download a file; answered by [`Event::Progress`] until [`Event::Completed`] or [`Event::Failed`]. Closing the
    /// connection before that cancels; the part file stays for the next attempt.
    Get(GetRequest),
    /// Verify a file and offer it to peers; answered by [`Event::Added`] or [`Event::Failed`].
    Add(AddRequest),
    /// What the node is doing; answered by [`Event::Node`].
    Status,
    /// Turns the connection into a [job session](crate::jobs), or is refused by [`Event::Failed`].
    Jobs,
}

impl Request {
    /// Checks what a type cannot say: absolute paths, http or https, 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`], naming the field and the value.
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
    /// [`ErrorKind::Usage`], naming the field and the value.
    pub fn check(&self) -> Result<(), TransferError> {
        fetchable("url", &self.url)?;
        absolute("destination", &self.destination)?;
        match &self.manifest {
            ManifestSource::File { path, .. } => absolute("manifest.path", path)?,
            ManifestSource::Url { url, .. } => fetchable("manifest.url", url)?,
            ManifestSource::Origin | ManifestSource::Pinned { .. } => {}
        }
        match &self.sha256 {
            Some(hex) if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
                Err(usage(format!("sha256: {hex:?} is not 64 hexadecimal digits")))
            }
            _ => self.options.check(),
        }
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

fn usage(message: String) -> TransferError {
    TransferError::new(ErrorKind::Usage, message)
}

/// A download.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GetRequest {
    /// Where the origin has it: http or https.
    pub url: Url,
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

/// What a client is told.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// How far a download is; several a second at most.
    Progress(Progress),
    /// The destination holds the complete content.
    Completed(Progress),
    /// All that was asked for is here and verified, and waits to be handed over. Comes again when something about it
    /// changes.
    Held(Progress),
    /// The file is offered.
    Added {
        /// Its `HashOfHashes`.
        content: ContentId,
        /// Bytes of it.
        bytes: u64,
    },
    /// What the node is doing.
    Node(NodeStatus),
    /// It did not work; nothing more follows.
    Failed(TransferError),
}

/// How far a download is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// The swarm, once known.
    pub content: Option<ContentId>,
    /// Why the bytes are believed, and whether they are shared.
    pub trust: Trust,
    /// Bytes of the file, once known.
    pub bytes_total: Option<u64>,
    /// Bytes that are verified and written (or only written, without a manifest).
    pub bytes_have: u64,
    /// Of these, bytes that were here when the download began.
    pub bytes_resumed: u64,
    /// Content bytes received since the download began, useful or not: the sum of the next two.
    #[serde(default)]
    pub received: u64,
    /// Of these, from the origin.
    pub from_origin: u64,
    /// Of these, from peers, which are all on the LAN.
    pub from_peers: u64,
    /// Requests to the origin that are being answered.
    #[serde(default)]
    pub origin_connections: u32,
    /// Peers that something is asked of.
    #[serde(default)]
    pub peer_connections: u32,
    /// Bytes received in vain: the sum of the next three.
    pub wasted: u64,
    /// Of these, bytes of pieces that somebody else had brought before.
    #[serde(default)]
    pub duplicate: u64,
    /// Of these, bytes of pieces with a wrong hash.
    #[serde(default)]
    pub failed_hash: u64,
    /// Of these, bytes of requests that were cancelled or broke off.
    #[serde(default)]
    pub cancelled: u64,
    /// Nodes that this node is connected to.
    pub connected: u32,
    /// Of these, nodes that share this content.
    pub sharing: u32,
    /// Whether one of them still lacks something that is here.
    pub needed: bool,
    /// What went wrong last, while it is tried again.
    pub trouble: Option<String>,
}

/// What a download is doing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Looking for the manifest.
    #[default]
    Manifest,
    /// Waiting for another process that writes the same destination.
    Waiting,
    /// Checking what is here already.
    Checking,
    /// Fetching pieces.
    Fetching,
    /// Putting the file in its place.
    Finishing,
    /// Waiting to be handed over.
    Held,
    /// The destination holds the complete content.
    Complete,
}

/// Why the bytes of a download are believed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "trust", rename_all = "snake_case")]
pub enum Trust {
    /// Not known yet.
    #[default]
    Unknown,
    /// The caller named the manifest or its hash: shared.
    Pinned,
    /// The origin gave the manifest over https: shared.
    Origin,
    /// The origin gave the manifest over plain http: shared; integrity against the origin's answer only.
    OriginUnauthenticated,
    /// No manifest: plain HTTP, never shared.
    None {
        /// Why there is none.
        reason: String,
    },
}

/// What a node is doing.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NodeStatus {
    /// Who it is.
    pub node: NodeId,
    /// Where it accepts connections.
    pub listen: Vec<std::net::SocketAddr>,
    /// Peers that it is connected to.
    pub connected: Vec<NodeId>,
    /// What it holds or fetches.
    pub contents: Vec<ContentStatus>,
    /// How long it has been running.
    pub uptime: Duration,
}

/// One content of a node.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ContentStatus {
    /// Its `HashOfHashes`.
    pub content: ContentId,
    /// Where it stands.
    pub path: PathBuf,
    /// Bytes of it.
    pub bytes_total: u64,
    /// Bytes that are here.
    pub bytes_have: u64,
    /// Peers that share it.
    pub sharing: u32,
    /// Bytes served to peers since the node started.
    pub served: u64,
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn request(change: impl FnOnce(&mut GetRequest)) -> Request {
        let mut get = GetRequest {
            url: "http://origin/file".parse().unwrap(),
            destination: "/tmp/file".into(),
            manifest: ManifestSource::Origin,
            sha256: Some("ab".repeat(32)),
            force: false,
            priority: Priority::Foreground,
            options: GetOptions::default(),
        };
        change(&mut get);
        Request::Get(get)
    }

    #[test]
    fn what_a_type_cannot_say_is_checked_and_named() {
        let refused = |request: Request| request.check().unwrap_err().message;
        assert_eq!(request(|_| ()).check(), Ok(()));
        assert_eq!(Request::Status.check(), Ok(()));
        assert_eq!(
            refused(request(|get| get.url = "ftp://origin/file".parse().unwrap())),
            "url: only http and https can be fetched, not ftp"
        );
        assert_eq!(
            refused(request(|get| get.destination = "file".into())),
            "destination: file is not an absolute path"
        );
        let phf = ManifestSource::File { path: "file.phf".into(), pinned: None };
        assert!(refused(request(|get| get.manifest = phf)).starts_with("manifest.path: "));
        assert!(refused(request(|get| get.sha256 = Some("xy".repeat(32)))).starts_with("sha256: "));
        assert!(refused(request(|get| get.sha256 = Some("ab".repeat(31)))).starts_with("sha256: "));
        let add = AddRequest { path: "/file".into(), phf: Some("file.phf".into()) };
        assert!(refused(Request::Add(add)).starts_with("phf: "));
    }

    #[test]
    fn a_request_and_an_event_survive_their_line() {
        let line = serde_json::to_string(&request(|_| ())).unwrap();
        assert!(
            line.starts_with(r#"{"request":"get","url":"http://origin/file","destination":"/tmp/file","#),
            "{line}"
        );
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Request>(&line).unwrap()).unwrap(), line);
        assert!(
            serde_json::from_str::<Request>(r#"{"request":"add","path":"/a","phf":null,"more":1}"#).is_err()
        );

        // What an older client says, and what an older owner of the directory does.
        let (older, options) = line.split_once(r#","options""#).unwrap();
        let read: Request = serde_json::from_str(&format!("{older}}}")).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), line, "{options}");
        let failed: TransferError = serde_json::from_str(r#"{"kind":"disk","message":"full"}"#).unwrap();
        assert_eq!(failed, TransferError::new(ErrorKind::Disk, "full"));

        let trust = Trust::None { reason: "no manifest".into() };
        let progress = Progress { trust, bytes_total: Some(5), ..Progress::default() };
        let line = serde_json::to_string(&Event::Completed(progress.clone())).unwrap();
        let Event::Completed(read) = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
        assert_eq!(read, progress);
    }
}
