//! The records of jobs on disk: one file per job, `jobs/<id>.json`. Blocking.
//!
//! A record is replaced by a rename, so what stands there was written to its end. Nothing is flushed: what a process wrote
//! outlives it in the system's memory, and a power loss may take the last seconds of it.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use swarmline_jobs::JobId;
use swarmline_jobs::machine::JOBS_HARD_MAX;
use swarmline_jobs::record::{RECORD_BYTES_MAX, Record};
use tracing::warn;

use crate::content::with_causes;

/// What becomes of the record of a job.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// It is this one from now on.
    Save(Box<Record>),
    /// It is removed.
    Forget,
}

/// The directory of records. Its owner holds the lock of the state directory.
#[derive(Clone, Debug)]
pub(super) struct Records {
    dir: PathBuf,
}

/// Behind the id in the name of a record.
const RECORD: &str = "json";
/// Behind the id while a record is being written.
const UNFINISHED: &str = "new";

impl Records {
    /// Opens the directory, creating it for this user alone.
    pub(super) fn open(state_dir: &Path) -> io::Result<Self> {
        let dir = state_dir.join("jobs");
        DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        Ok(Self { dir })
    }

    /// All records that can be read, at most [`JOBS_HARD_MAX`], in the order of their ids. Removes what a process that
    /// died had begun to write. A damaged record is told to the log and stays where it is.
    pub(super) fn load(&self) -> io::Result<Vec<Record>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            match path.extension().and_then(OsStr::to_str) {
                Some(RECORD) => paths.push(path),
                Some(UNFINISHED) => fs::remove_file(&path)?,
                _ => {}
            }
        }
        paths.sort_unstable();
        if paths.len() > JOBS_HARD_MAX {
            warn!(records = paths.len(), most = JOBS_HARD_MAX, "too many jobs; the last are not read");
        }
        let read = |path: &PathBuf| {
            read(path)
                .map_err(|error| warn!(path = %path.display(), error = with_causes(&*error), "not a job"))
                .ok()
        };
        Ok(paths.iter().take(JOBS_HARD_MAX).filter_map(read).collect())
    }

    /// The record of one job.
    pub(super) fn read(&self, job: JobId) -> io::Result<Record> {
        read(&self.path(job, RECORD)).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Carries out changes; gives those that failed.
    pub(super) fn change(&self, changes: &BTreeMap<JobId, Change>) -> BTreeMap<JobId, io::Error> {
        let change = |(job, change): (&JobId, &Change)| {
            let failed = match change {
                Change::Save(record) => self.save(*job, record),
                Change::Forget => self.forget(*job),
            };
            failed.err().map(|error| (*job, error))
        };
        changes.iter().filter_map(change).collect()
    }

    fn save(&self, job: JobId, record: &Record) -> io::Result<()> {
        let unfinished = self.path(job, UNFINISHED);
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        let written =
            file.write_all(&record.to_json()).and_then(|()| fs::rename(&unfinished, self.path(job, RECORD)));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    fn forget(&self, job: JobId) -> io::Result<()> {
        match fs::remove_file(self.path(job, RECORD)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, job: JobId, ending: &str) -> PathBuf {
        self.dir.join(format!("{}.{ending}", job.0))
    }
}

/// Reads one record, whose name must be its job's.
fn read(path: &Path) -> Result<Record, Box<dyn Error + Send + Sync>> {
    let mut bytes = Vec::new();
    // One byte more than may be tells that there are too many.
    fs::File::open(path)?.take(RECORD_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    let record = Record::from_json(&bytes)?;
    if path.file_stem() != Some(OsStr::new(&record.job.0.to_string())) {
        return Err(format!("it is the record of job {}", record.job).into());
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use swarmline_jobs::record::{FaceRecord, LegacyRecord, VERSION};
    use swarmline_jobs::{FileTime, Guid, JobPriority, Phase};

    use super::*;

    fn job(number: u128) -> JobId {
        JobId(Guid::from_u128(number))
    }

    fn record(number: u128, name: &str) -> Box<Record> {
        Box::new(Record {
            version: VERSION,
            job: job(number),
            user: 0,
            order: 0,
            name: name.into(),
            phase: Phase::New,
            completing_for: None,
            priority: JobPriority::Normal,
            no_progress_timeout_s: None,
            created: FileTime::ZERO,
            modified: FileTime::ZERO,
            arrived: FileTime::ZERO,
            error: None,
            error_count: 0,
            face: FaceRecord::Legacy(LegacyRecord::default()),
            files: Vec::new(),
        })
    }

    fn records() -> (tempfile::TempDir, Records) {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open(dir.path()).unwrap();
        (dir, records)
    }

    fn changed(records: &Records, changes: impl IntoIterator<Item = (u128, Change)>) -> Vec<JobId> {
        let changes = changes.into_iter().map(|(number, change)| (job(number), change)).collect();
        records.change(&changes).into_keys().collect()
    }

    fn names(records: &Records) -> Vec<String> {
        records.load().unwrap().into_iter().map(|record| record.name).collect()
    }

    #[test]
    fn the_last_change_is_what_stands_there() {
        let (_dir, records) = records();
        assert!(names(&records).is_empty());
        changed(&records, [(1, Change::Save(record(1, "a"))), (2, Change::Save(record(2, "b")))]);
        changed(&records, [(2, Change::Save(record(2, "c")))]);
        assert_eq!(names(&records), ["a", "c"]);
        assert!(changed(&records, [(1, Change::Forget), (3, Change::Forget)]).is_empty());
        assert_eq!(names(&records), ["c"]);
    }

    #[test]
    fn what_is_no_record_is_passed_over_and_stays() {
        let (_dir, records) = records();
        changed(&records, [(1, Change::Save(record(1, "a"))), (2, Change::Save(record(2, "b")))]);
        fs::write(records.path(job(3), RECORD), b"{\"version\":1").unwrap();
        fs::copy(records.path(job(2), RECORD), records.path(job(4), RECORD)).unwrap();
        assert_eq!(names(&records), ["a", "b"]);
        assert!(records.path(job(3), RECORD).exists());
    }

    #[test]
    fn what_a_process_that_died_had_begun_is_removed() {
        let (_dir, records) = records();
        changed(&records, [(1, Change::Save(record(1, "a")))]);
        let unfinished = records.path(job(1), UNFINISHED);
        fs::write(&unfinished, b"{").unwrap();
        assert_eq!(names(&records), ["a"]);
        assert!(!unfinished.exists());
    }

    #[test]
    fn a_change_that_fails_is_told_and_leaves_what_was() {
        let (_dir, records) = records();
        changed(&records, [(1, Change::Save(record(1, "a")))]);
        fs::create_dir(records.path(job(1), UNFINISHED)).unwrap();
        let both = [(1, Change::Save(record(1, "b"))), (2, Change::Save(record(2, "c")))];
        assert_eq!(changed(&records, both), [job(1)]);
        fs::remove_dir(records.path(job(1), UNFINISHED)).unwrap();
        assert_eq!(names(&records), ["a", "c"]);
    }

    #[test]
    fn records_may_hold_secrets_and_are_for_their_owner_alone() {
        let (_dir, records) = records();
        changed(&records, [(1, Change::Save(record(1, "a")))]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&records.dir), mode(&records.path(job(1), RECORD))), (0o700, 0o600));
    }
}
