//! What a client reads: nothing here changes anything.

use std::time::Duration;

use super::super::desk::Desk;
use super::{Job, Stage};
use crate::face::JobSummary;
use crate::words::{
    DownloadCostPolicy, DownloadMode, DownloadStatus, ErrorInfo, FileProgress, HResult, JobPriority,
    JobProgress, JobTimes, Phase, SIZE_UNKNOWN, SwarmStats, TO_END,
};

impl Job {
    /// Bytes that are wanted of a file: of all of it or of its ranges.
    pub(super) fn wanted(&self, file: usize) -> Option<u64> {
        let record = &self.kept.files[file];
        let size = record.size.or(record.size_given);
        if record.ranges.is_empty() {
            return size;
        }
        record.ranges.iter().try_fold(0_u64, |sum, range| {
            let length =
                if range.length == TO_END { size?.saturating_sub(range.offset) } else { range.length };
            Some(sum.saturating_add(length))
        })
    }

    pub(in super::super) fn file_progress(&self, file: usize) -> FileProgress {
        let record = &self.kept.files[file];
        FileProgress {
            bytes_total: self.wanted(file).unwrap_or(SIZE_UNKNOWN),
            bytes_transferred: record.transferred,
            // A stream has its bytes already; it completes with its job.
            completed: record.placed || (record.stream && record.here && self.phase() == Phase::HandedOver),
        }
    }

    pub(in super::super) fn progress(&self) -> JobProgress {
        let total =
            (0..self.live.len()).try_fold(0_u64, |sum, file| Some(sum.saturating_add(self.wanted(file)?)));
        let files = &self.kept.files;
        let count = |files: usize| u32::try_from(files).unwrap_or(u32::MAX);
        JobProgress {
            bytes_total: total.unwrap_or(SIZE_UNKNOWN),
            bytes_transferred: files.iter().fold(0, |sum, file| sum.saturating_add(file.transferred)),
            files_total: count(files.len()),
            files_transferred: count(files.iter().filter(|file| file.here).count()),
        }
    }

    pub(in super::super) fn times(&self) -> JobTimes {
        JobTimes {
            creation: self.kept.created,
            modification: self.kept.modified,
            transfer_completion: self.kept.arrived,
        }
    }

    pub(in super::super) fn summary(&self) -> JobSummary {
        JobSummary {
            job: self.id(),
            name: self.kept.name.clone(),
            user: self.kept.user,
            state: self.phase().job_state(),
            priority: self.kept.priority,
            progress: self.progress(),
        }
    }

    /// The error that a client may read now.
    pub(in super::super) fn error(&self) -> Option<&ErrorInfo> {
        self.kept.error.as_ref().filter(|_| self.phase() != Phase::Arrived && !self.phase().is_final())
    }

    pub(in super::super) fn status(&self) -> DownloadStatus {
        let (code, behind) =
            self.kept.error.as_ref().map_or_else(Default::default, |error| (error.code, error.extended));
        let (error, extended_error) = match self.phase() {
            Phase::Retrying => (code, HResult::S_OK),
            Phase::Blocked => (HResult::S_OK, code),
            Phase::Failed => (code, behind),
            // Removed by age is the one end that has a reason.
            Phase::Discarded if code == HResult::DO_E_JOB_TOO_OLD => (code, HResult::S_OK),
            _ => (HResult::S_OK, HResult::S_OK),
        };
        let progress = self.progress();
        DownloadStatus {
            bytes_total: progress.bytes_total,
            bytes_transferred: progress.bytes_transferred,
            state: self.phase().download_state(),
            error,
            extended_error,
        }
    }

    pub(in super::super) fn stats(&self, desk: &Desk, file: usize) -> SwarmStats {
        let record = &self.kept.files[file];
        let running = match self.live[file].stage {
            Stage::Fetching { since: Some(since), .. } => desk.now.since(since),
            _ => Duration::ZERO,
        };
        let duration_ms =
            u64::try_from(running.as_millis()).unwrap_or(u64::MAX).saturating_add(record.duration_ms);
        let url = record.url.clone().unwrap_or_default();
        SwarmStats {
            file_id: record.id.clone().unwrap_or_else(|| url.clone()),
            source_url: url,
            file_size: record.size.or(record.size_given).unwrap_or(SIZE_UNKNOWN),
            total_bytes_downloaded: record.traffic.received(),
            traffic: record.traffic,
            download_duration_ms: u32::try_from(duration_ms).unwrap_or(u32::MAX),
            download_mode: record.mode.unwrap_or(DownloadMode::CdnOnly),
            status: self.phase().swarm_status(),
            is_background: self.kept.priority != JobPriority::Foreground,
        }
    }

    /// The cost policy of a download: its own, or that of its class.
    pub(in super::super) fn cost_policy(&self) -> DownloadCostPolicy {
        let own = self.modern().and_then(|modern| modern.cost);
        own.unwrap_or(match self.kept.priority {
            JobPriority::Foreground => DownloadCostPolicy::Always,
            _ => DownloadCostPolicy::Standard,
        })
    }
}
