//! What a client reads: progress, times, errors, statistics.

use serde::{Deserialize, Serialize};

use super::{DownloadState, ErrorContext, FileTime, HResult};

/// Stands for a size that is not known yet.
pub const SIZE_UNKNOWN: u64 = u64::MAX;

/// Progress of one file.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FileProgress {
    /// Bytes of the file, or of its ranges together; [`SIZE_UNKNOWN`] until it is known.
    pub bytes_total: u64,
    /// Bytes of these that are here.
    pub bytes_transferred: u64,
    /// The file stands under its final name: after `Complete`.
    pub completed: bool,
}

/// Progress of one job.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct JobProgress {
    /// Bytes of all files; [`SIZE_UNKNOWN`] while one of them is unknown.
    pub bytes_total: u64,
    /// Bytes of these that are here.
    pub bytes_transferred: u64,
    /// Files of the job.
    pub files_total: u32,
    /// Files that are here.
    pub files_transferred: u32,
}

/// When things happened to a job.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct JobTimes {
    /// It was created.
    pub creation: FileTime,
    /// Anything about it changed: bytes, files, properties, state.
    pub modification: FileTime,
    /// All files were here; [`FileTime::ZERO`] before.
    pub transfer_completion: FileTime,
}

/// The last failure of a job.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ErrorInfo {
    /// Where it happened.
    pub context: ErrorContext,
    /// What.
    pub code: HResult,
    /// The file, by its place in the job; `None` when it belongs to none.
    pub file: Option<u32>,
    /// What lay behind it; `S_OK` if nothing is known.
    pub extended: HResult,
    /// The server's status, if it was one.
    pub http_status: Option<u16>,
}

impl ErrorInfo {
    /// The text of the property `ExtendedErrorInfo`: a JSON object with `code`, `extended` and `httpStatus`.
    pub fn to_json(&self) -> String {
        serde_json::json!({
            "code": self.code.to_string(),
            "extended": self.extended.to_string(),
            "httpStatus": self.http_status,
            "file": self.file,
        })
        .to_string()
    }

    /// English text for people.
    pub fn description(&self) -> String {
        let meaning = self.code.meaning().unwrap_or("the system reported an error");
        match self.http_status {
            Some(status) => format!("{meaning}: HTTP status {status} [{}]", self.code),
            None => format!("{meaning} [{}]", self.code),
        }
    }
}

/// Status of one download of the modern face.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DownloadStatus {
    /// Bytes that were asked for; [`SIZE_UNKNOWN`] until it is known.
    pub bytes_total: u64,
    /// Bytes of these that are here.
    pub bytes_transferred: u64,
    /// Where it stands.
    pub state: DownloadState,
    /// The failure; `S_OK` if none. While `Transferring`: of the last attempt, the next one is planned.
    pub error: HResult,
    /// What lay behind it; in `Paused` without a failure, the condition it waits for.
    pub extended_error: HResult,
}

/// Where the bytes of a transfer came from and went to. Counted from the transfer's start.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Traffic {
    /// Bytes from peers of the same network.
    pub from_lan_peers: u64,
    /// Bytes from peers of the group.
    pub from_group_peers: u64,
    /// Bytes from peers anywhere else.
    pub from_internet_peers: u64,
    /// Bytes from the origin.
    pub from_http: u64,
    /// Bytes from a cache host.
    pub from_cache_host: u64,
    /// Bytes to peers of the same network.
    pub to_lan_peers: u64,
    /// Bytes to peers of the group.
    pub to_group_peers: u64,
    /// Bytes to peers anywhere else.
    pub to_internet_peers: u64,
    /// Connections with the origin.
    pub http_connections: u32,
    /// Connections with cache hosts.
    pub cache_host_connections: u32,
    /// Connections with peers of the same network.
    pub lan_connections: u32,
    /// Connections with peers of the group.
    pub group_connections: u32,
    /// Connections with peers anywhere else.
    pub internet_connections: u32,
}

impl Traffic {
    /// Both together: bytes and connections of one transfer after another.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            from_lan_peers: self.from_lan_peers.saturating_add(more.from_lan_peers),
            from_group_peers: self.from_group_peers.saturating_add(more.from_group_peers),
            from_internet_peers: self.from_internet_peers.saturating_add(more.from_internet_peers),
            from_http: self.from_http.saturating_add(more.from_http),
            from_cache_host: self.from_cache_host.saturating_add(more.from_cache_host),
            to_lan_peers: self.to_lan_peers.saturating_add(more.to_lan_peers),
            to_group_peers: self.to_group_peers.saturating_add(more.to_group_peers),
            to_internet_peers: self.to_internet_peers.saturating_add(more.to_internet_peers),
            http_connections: self.http_connections.saturating_add(more.http_connections),
            cache_host_connections: self.cache_host_connections.saturating_add(more.cache_host_connections),
            lan_connections: self.lan_connections.saturating_add(more.lan_connections),
            group_connections: self.group_connections.saturating_add(more.group_connections),
            internet_connections: self.internet_connections.saturating_add(more.internet_connections),
        }
    }

    /// All bytes that came.
    pub fn received(&self) -> u64 {
        [
            self.from_lan_peers,
            self.from_group_peers,
            self.from_internet_peers,
            self.from_http,
            self.from_cache_host,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }
}

/// Statistics of one file: `DOSwarmStats`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SwarmStats {
    /// The id under which the file was added; its address if none was given.
    pub file_id: String,
    /// Where it comes from; empty if only its content id is known.
    pub source_url: String,
    /// Bytes of the file; [`SIZE_UNKNOWN`] until it is known.
    pub file_size: u64,
    /// Bytes that came, from all sources: the sum of [`Traffic`]'s `from_*`.
    pub total_bytes_downloaded: u64,
    /// Where bytes came from and went to, over all attempts.
    pub traffic: Traffic,
    /// How long the file was being fetched, in ms; stops at 49 days.
    pub download_duration_ms: u32,
    /// Whom it may share with.
    pub download_mode: super::DownloadMode,
    /// Where it stands.
    pub status: super::SwarmStatus,
    /// It does not run in the foreground.
    pub is_background: bool,
}
