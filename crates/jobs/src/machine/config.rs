//! Every bound and span of the machine.

use std::time::Duration;

use crate::record::FILES_MAX;

/// Most jobs that a configuration may allow.
pub const JOBS_HARD_MAX: usize = 50_000;

/// Bounds and spans. What is out of its range is drawn into it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Jobs and downloads that are not final. Default 20 000, at most [`JOBS_HARD_MAX`].
    pub jobs_max: usize,
    /// Those of one user; root is exempt. Default 20 000.
    pub jobs_per_user_max: usize,
    /// Files of one job. Default 1000, at most [`FILES_MAX`]; each change of a job writes all of its record.
    pub files_per_job_max: usize,
    /// Ranges of one file. Default 1000.
    pub ranges_per_file_max: usize,
    /// Files that are fetched at a time. Default 64, at least 2.
    pub running_files_max: usize,
    /// Of these, places that the background leaves to the foreground. Default 8, less than all.
    pub foreground_reserve: usize,
    /// Pause before the second attempt; each further one waits twice as long. Default 1 s.
    pub retry_min: Duration,
    /// Longest pause between attempts. Default 30 s.
    pub retry_max: Duration,
    /// How long an attempt may go without a byte. Then it has failed for now, and another one follows. Default 30 s, at
    /// most a day.
    pub stall_after: Duration,
    /// Timeout without progress in the foreground, unless the job sets its own. Default 1 h.
    pub no_progress_foreground: Duration,
    /// The same in the background. Default 24 h.
    pub no_progress_background: Duration,
    /// Age at which a job is removed: of a transferred one since then, of others since their creation. Default 30 days.
    pub retention: Duration,
    /// How often ages are looked at. Default 10 min.
    pub retention_check: Duration,
    /// Least span between two notices of change of one job. Default 500 ms.
    pub modification_interval: Duration,
    /// Pause before a callback is repeated that was not answered with `S_OK`; it doubles. Default 5 s.
    pub callback_retry_min: Duration,
    /// Longest such pause. Default 5 min.
    pub callback_retry_max: Duration,
    /// How long progress may go unsaved. Calls and states are saved at once. Default 5 s.
    pub save_interval: Duration,
    /// Final jobs that still answer whoever holds them. Default 4096, the oldest are forgotten first.
    pub final_jobs_kept: usize,
    /// Calls that may wait for one job: while it creates, checks or renames files, and for the end of a blocking start.
    /// Default 256.
    pub waiting_calls_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            jobs_max: 20_000,
            jobs_per_user_max: 20_000,
            files_per_job_max: 1000,
            ranges_per_file_max: 1000,
            running_files_max: 64,
            foreground_reserve: 8,
            retry_min: Duration::from_secs(1),
            retry_max: Duration::from_secs(30),
            stall_after: Duration::from_secs(30),
            no_progress_foreground: Duration::from_secs(3600),
            no_progress_background: Duration::from_secs(86_400),
            retention: Duration::from_secs(30 * 86_400),
            retention_check: Duration::from_secs(600),
            modification_interval: Duration::from_millis(500),
            callback_retry_min: Duration::from_secs(5),
            callback_retry_max: Duration::from_secs(300),
            save_interval: Duration::from_secs(5),
            final_jobs_kept: 4096,
            waiting_calls_max: 256,
        }
    }
}

impl Config {
    /// The same with every value in its range.
    pub(crate) fn in_range(mut self) -> Self {
        self.jobs_max = self.jobs_max.min(JOBS_HARD_MAX);
        self.stall_after = self.stall_after.min(Duration::from_secs(86_400));
        self.files_per_job_max = self.files_per_job_max.min(FILES_MAX);
        self.running_files_max = self.running_files_max.max(2);
        self.foreground_reserve = self.foreground_reserve.min(self.running_files_max - 1);
        self
    }
}
