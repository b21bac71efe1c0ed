//! Where a job stands, for both faces at once.

use serde::{Deserialize, Serialize};

use super::{DownloadState, JobState, SwarmStatus};

/// The states behind both faces. A job is one thing; each face has its own words for where it stands.
///
/// ```
/// use swarmline_jobs::{DownloadState, JobState, Phase};
///
/// assert_eq!(Phase::Retrying.job_state(), JobState::TransientError);
/// assert_eq!(Phase::Retrying.download_state(), DownloadState::Transferring);
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Never started.
    New,
    /// Started; waits for its turn.
    Queued,
    /// At least one of its files is being fetched.
    Running,
    /// Paused by the client.
    Suspended,
    /// Failed for now; the next attempt has its time.
    Retrying,
    /// Waits for a condition outside the job: network, cost, power.
    Blocked,
    /// Failed until the client does something about it.
    Failed,
    /// All that was asked for is here.
    Arrived,
    /// Final: handed over.
    HandedOver,
    /// Final: discarded.
    Discarded,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::New,
        Self::Queued,
        Self::Running,
        Self::Suspended,
        Self::Retrying,
        Self::Blocked,
        Self::Failed,
        Self::Arrived,
        Self::HandedOver,
        Self::Discarded,
    ];

    /// What the legacy face calls it.
    pub fn job_state(self) -> JobState {
        match self {
            Self::New | Self::Suspended => JobState::Suspended,
            Self::Queued => JobState::Queued,
            Self::Running => JobState::Transferring,
            Self::Retrying | Self::Blocked => JobState::TransientError,
            Self::Failed => JobState::Error,
            Self::Arrived => JobState::Transferred,
            Self::HandedOver => JobState::Acknowledged,
            Self::Discarded => JobState::Cancelled,
        }
    }

    /// What the modern face calls it.
    pub fn download_state(self) -> DownloadState {
        match self {
            Self::New => DownloadState::Created,
            Self::Queued | Self::Running | Self::Retrying => DownloadState::Transferring,
            Self::Suspended | Self::Blocked | Self::Failed => DownloadState::Paused,
            Self::Arrived => DownloadState::Transferred,
            Self::HandedOver => DownloadState::Finalized,
            Self::Discarded => DownloadState::Aborted,
        }
    }

    /// What a file's statistics call it.
    pub fn swarm_status(self) -> SwarmStatus {
        match self {
            Self::Queued | Self::Running => SwarmStatus::Downloading,
            Self::Arrived => SwarmStatus::Complete,
            Self::HandedOver => SwarmStatus::Caching,
            Self::New | Self::Suspended | Self::Retrying | Self::Blocked | Self::Failed | Self::Discarded => {
                SwarmStatus::Paused
            }
        }
    }

    /// No way leads out of it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::HandedOver | Self::Discarded)
    }

    /// The job wants to move bytes: it does, waits for its turn, for another attempt or for a condition.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Retrying | Self::Blocked)
    }
}
