//! What a record must be besides readable: what the machine would have made itself.

use super::{FILES_MAX, FaceRecord, FileRecord, Record, RecordError};
use crate::words::{Phase, check_ranges};

/// # Errors
/// The first thing that no job can be.
pub(super) fn check(record: &Record) -> Result<(), RecordError> {
    let wrong = |what| Err(RecordError::Inconsistent { what });
    let (here, all) = (record.files.iter().filter(|file| file.here).count(), record.files.len());
    match &record.face {
        _ if all > FILES_MAX => return wrong("more files than a job can have"),
        FaceRecord::Modern(_) if all != 1 => return wrong("a download has one file"),
        FaceRecord::Modern(_) if record.completing_for.is_some() => {
            return wrong("a download is not completed");
        }
        FaceRecord::Modern(_) if record.phase == Phase::Arrived && here != all => {
            return wrong("a download has arrived without its file");
        }
        FaceRecord::Legacy(_) if record.phase == Phase::Arrived && here == 0 => {
            return wrong("a job has arrived without a file");
        }
        FaceRecord::Legacy(_) if record.phase.is_active() && all == 0 => {
            return wrong("a job runs without a file");
        }
        _ => {}
    }
    if record.phase.is_active() && here == all {
        return wrong("a job runs whose files are all here");
    }
    if record.error.as_ref().and_then(|error| error.file).is_some_and(|file| file as usize >= all) {
        return wrong("an error of a file that is not there");
    }
    record.files.iter().try_for_each(check_file)
}

fn check_file(file: &FileRecord) -> Result<(), RecordError> {
    let wrong = |what| Err(RecordError::Inconsistent { what });
    if check_ranges(&file.ranges).is_err() {
        return wrong("ranges that are empty or overlap");
    }
    if file.stream && file.path.is_some() {
        return wrong("a file has a path and a stream");
    }
    if file.path.as_ref().is_some_and(|path| !path.starts_with('/')) {
        return wrong("a destination is not absolute");
    }
    if file.placed && !file.here {
        return wrong("a file has its name and is not here");
    }
    Ok(())
}
