//! What of a job outlives its process: one record per job or download, as JSON.
//!
//! A record holds what the client gave, where the job stands, and its last error; never a callback, stream or transfer.
//! Reading takes any bytes: a damaged or hostile file is an error that names what is wrong, never a panic, and costs no
//! more memory than its size.

mod check;

use serde::{Deserialize, Serialize};

use crate::face::JobId;
use crate::words::{
    CostPolicyFlags, DownloadCostPolicy, DownloadMode, ErrorInfo, FileRange, FileTime, Guid, JobPriority,
    NotifyFlags, Phase, SecurityFlags, Traffic,
};

/// The version that this code writes and the only one it reads.
pub const VERSION: u32 = 1;

/// Most files that one job can have.
pub const FILES_MAX: usize = 10_000;

/// Longest record that is read: 64 MiB.
pub const RECORD_BYTES_MAX: usize = 64 << 20;

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It is longer than any record.
    #[error("the record has {got} bytes, at most {RECORD_BYTES_MAX} are read")]
    TooLong {
        /// Its length.
        got: usize,
    },
    /// It is not the JSON of a record.
    #[error("the record is damaged")]
    Damaged(#[source] serde_json::Error),
    /// It was written by another version.
    #[error("the record has version {got}, this program reads version {VERSION}")]
    Version {
        /// Its version.
        got: u32,
    },
    /// It says something that no job can be.
    #[error("the record is inconsistent: {what}")]
    Inconsistent {
        /// What.
        what: &'static str,
    },
}

/// One job or download.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`VERSION`].
    pub version: u32,
    /// Its id.
    pub job: JobId,
    /// The user it belongs to.
    pub user: u32,
    /// Its place in the order of creation.
    pub order: u64,
    /// Name for people.
    pub name: String,
    /// Where it stands.
    pub phase: Phase,
    /// It is being completed, and the files go to this user: to be finished after a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completing_for: Option<u32>,
    /// How urgent it is.
    pub priority: JobPriority,
    /// Timeout without progress that the client set, in s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_progress_timeout_s: Option<u32>,
    /// When it was created.
    pub created: FileTime,
    /// When anything about it changed.
    pub modified: FileTime,
    /// When all its files were here; zero before.
    #[serde(default)]
    pub arrived: FileTime,
    /// Its last failure, until bytes flow again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorInfo>,
    /// How often it failed.
    #[serde(default)]
    pub error_count: u32,
    /// What only one of the faces knows.
    pub face: FaceRecord,
    /// Its files, in the order in which they were added; a download has one.
    pub files: Vec<FileRecord>,
}

/// What only one of the faces knows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaceRecord {
    /// A job.
    Legacy(LegacyRecord),
    /// A download.
    Modern(ModernRecord),
}

/// What only a job has.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LegacyRecord {
    /// The callbacks that the client chose.
    pub notify: NotifyFlags,
    /// On which links it may run.
    pub cost: CostPolicyFlags,
    /// Class of a callback server; kept for the client.
    pub notification_class: Guid,
}

/// What only a download has.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModernRecord {
    /// Survives a restart. The record of one that does not is kept only so that its leftovers are removed.
    pub non_volatile: bool,
    /// On which links it may run, if the client said so.
    pub cost: Option<DownloadCostPolicy>,
    /// Never on cellular links.
    pub disallow_cellular: bool,
    /// Call back each so many percent; 0 is off.
    pub callback_percent: u32,
    /// Call back each so many seconds; 0 is off.
    pub callback_seconds: u32,
    /// `Start` blocks.
    pub blocking: bool,
    /// The client gave it a name, be it an empty one.
    pub named: bool,
    /// Kept for the client.
    pub correlation_vector: Option<String>,
}

impl Default for ModernRecord {
    fn default() -> Self {
        Self {
            non_volatile: false,
            cost: None,
            disallow_cellular: false,
            callback_percent: 0,
            callback_seconds: 1,
            blocking: false,
            named: false,
            correlation_vector: None,
        }
    }
}

/// One file.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileRecord {
    /// The id under which it was added: a content id, or any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its bytes go to a stream, which is gone after a restart.
    pub stream: bool,
    /// What of it is wanted; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<FileRange>,
    /// Its size as the client gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_given: Option<u64>,
    /// Its size as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Bytes of what is wanted that are here.
    pub transferred: u64,
    /// All of it is here.
    pub here: bool,
    /// It stands under its final name.
    pub placed: bool,
    /// The download made its destination, empty, and may remove it.
    pub placeholder: bool,
    /// Where bytes came from and went to, in all attempts that are over.
    pub traffic: Traffic,
    /// How long it was being fetched, in ms.
    pub duration_ms: u64,
    /// Whom it shares with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<DownloadMode>,
    /// What the client set beside address and destination.
    #[serde(skip_serializing_if = "FileOptions::is_default")]
    pub options: FileOptions,
}

/// What a client may set for a file beside its address and destination.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileOptions {
    /// JSON object; nothing here can decrypt, so it only refuses to start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decryption: Option<String>,
    /// JSON object that pins the piece hash file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
    /// It fails without a valid piece hash file.
    pub integrity_mandatory: bool,
    /// Header lines for requests of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<String>,
    /// Header lines for a server that asks who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_headers: Option<String>,
    /// How lenient TLS is.
    pub security: SecurityFlags,
    /// Redirects from https to http are followed.
    pub allow_insecure_redirect: bool,
}

impl FileOptions {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// When it is too long, damaged, of another version, or says what no job can be.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RecordError> {
        /// The version is looked at first, since another one may have other fields.
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(RecordError::TooLong { got: bytes.len() });
        }
        let Versioned { version } = serde_json::from_slice(bytes).map_err(RecordError::Damaged)?;
        if version != VERSION {
            return Err(RecordError::Version { got: version });
        }
        let record: Self = serde_json::from_slice(bytes).map_err(RecordError::Damaged)?;
        check::check(&record)?;
        Ok(record)
    }

    /// Writes the record.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a record holds nothing that JSON cannot hold")
    }
}
