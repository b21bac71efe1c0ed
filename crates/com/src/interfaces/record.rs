//! Structs as they lie in memory; the words of the job API go in and out.

use std::mem::offset_of;

use swarmline_jobs::{
    DownloadStatus, FileProgress, FileRange, FileTime, Guid, HResult, JobProgress, JobTimes, SwarmStats,
    Value, ValueKind,
};

use crate::abi::{Argument, InText, Plain, RawGuid, task_free, task_text};

/// `FILETIME`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct RawTime {
    low: u32,
    high: u32,
}

impl From<FileTime> for RawTime {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the number")]
    fn from(time: FileTime) -> Self {
        Self { low: time.ticks() as u32, high: (time.ticks() >> 32) as u32 }
    }
}

/// `BG_FILE_PROGRESS`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RawFileProgress {
    bytes_total: u64,
    bytes_transferred: u64,
    completed: i32,
}

impl From<FileProgress> for RawFileProgress {
    fn from(progress: FileProgress) -> Self {
        Self {
            bytes_total: progress.bytes_total,
            bytes_transferred: progress.bytes_transferred,
            completed: progress.completed.into(),
        }
    }
}

/// `BG_JOB_PROGRESS`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RawJobProgress {
    bytes_total: u64,
    bytes_transferred: u64,
    files_total: u32,
    files_transferred: u32,
}

impl From<JobProgress> for RawJobProgress {
    fn from(progress: JobProgress) -> Self {
        Self {
            bytes_total: progress.bytes_total,
            bytes_transferred: progress.bytes_transferred,
            files_total: progress.files_total,
            files_transferred: progress.files_transferred,
        }
    }
}

/// `BG_JOB_TIMES`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RawJobTimes {
    creation: RawTime,
    modification: RawTime,
    transfer_completion: RawTime,
}

impl From<JobTimes> for RawJobTimes {
    fn from(times: JobTimes) -> Self {
        Self {
            creation: times.creation.into(),
            modification: times.modification.into(),
            transfer_completion: times.transfer_completion.into(),
        }
    }
}

/// `BG_FILE_RANGE` and `DO_DOWNLOAD_RANGE`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RawRange {
    offset: u64,
    length: u64,
}

impl From<FileRange> for RawRange {
    fn from(range: FileRange) -> Self {
        Self { offset: range.offset, length: range.length }
    }
}

impl From<RawRange> for FileRange {
    fn from(raw: RawRange) -> Self {
        Self { offset: raw.offset, length: raw.length }
    }
}

/// `DO_DOWNLOAD_RANGES_INFO` up to its ranges.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RawRanges {
    pub(crate) count: u32,
}

impl RawRanges {
    /// Where the ranges begin, in bytes.
    pub(crate) const FIRST: usize = 8;
}

/// `BG_FILE_INFO`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct RawFileInfo {
    pub(crate) remote: InText<'static>,
    pub(crate) local: InText<'static>,
}

/// `DO_DOWNLOAD_ENUM_CATEGORY`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct RawCategory {
    pub(crate) property: u32,
    pub(crate) value: InText<'static>,
}

/// `BITS_JOB_PROPERTY_VALUE`, a union of 16 bytes: numbers lie in the lower ones. By value it travels in two integer
/// registers, as two numbers do.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub(crate) struct RawJobValue {
    low: u64,
    high: u64,
}

impl Argument for RawJobValue {}

impl RawJobValue {
    /// What it is, for a property of this kind; `None` for kinds that do not fit in.
    pub(crate) fn value(self, kind: ValueKind) -> Option<Value> {
        #[expect(clippy::cast_possible_truncation, reason = "as many bits as the member has")]
        Some(match kind {
            ValueKind::U32 => Value::U32(self.low as u32),
            ValueKind::Bool => Value::Bool(self.low as u32 != 0),
            ValueKind::U64 => Value::U64(self.low),
            ValueKind::Guid => Value::Guid(self.guid()),
            ValueKind::Text | ValueKind::Bytes | ValueKind::Interface => return None,
        })
    }

    fn guid(self) -> Guid {
        let (low, high) = (self.low.to_ne_bytes(), self.high.to_ne_bytes());
        let first = u32::from_ne_bytes([low[0], low[1], low[2], low[3]]);
        let second = u16::from_ne_bytes([low[4], low[5]]);
        let third = u16::from_ne_bytes([low[6], low[7]]);
        Guid::from_fields(first, second, third, &high)
    }
}

impl TryFrom<Value> for RawJobValue {
    type Error = HResult;

    /// # Errors
    /// `E_UNEXPECTED` for a value that does not fit in: no such property is known.
    fn try_from(value: Value) -> Result<Self, HResult> {
        let low = match value {
            Value::U32(number) => number.into(),
            Value::Bool(value) => value.into(),
            Value::U64(number) => number,
            Value::Guid(guid) => return Ok(Self::of(guid)),
            Value::Empty | Value::Text(_) | Value::Bytes(_) | Value::Interface(_) => {
                return Err(HResult::E_UNEXPECTED);
            }
        };
        Ok(Self { low, high: 0 })
    }
}

impl RawJobValue {
    fn of(guid: Guid) -> Self {
        let (first, second, third, rest) = guid.as_fields();
        let ([a, b, c, d], [e, f], [g, h]) = (first.to_ne_bytes(), second.to_ne_bytes(), third.to_ne_bytes());
        Self { low: u64::from_ne_bytes([a, b, c, d, e, f, g, h]), high: u64::from_ne_bytes(*rest) }
    }
}

/// `DO_DOWNLOAD_STATUS`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RawDownloadStatus {
    bytes_total: u64,
    bytes_transferred: u64,
    state: u32,
    error: i32,
    extended_error: i32,
    padding: u32,
}

impl From<DownloadStatus> for RawDownloadStatus {
    fn from(status: DownloadStatus) -> Self {
        Self {
            bytes_total: status.bytes_total,
            bytes_transferred: status.bytes_transferred,
            state: status.state as u32,
            error: status.error.to_i32(),
            extended_error: status.extended_error.to_i32(),
            padding: 0,
        }
    }
}

/// `DOSwarmStats`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RawStats {
    file_id: *mut u16,
    source_url: *mut u16,
    file_size: u64,
    total_bytes_downloaded: u64,
    bytes_from_lan_peers: u64,
    bytes_from_group_peers: u64,
    bytes_from_internet_peers: u64,
    bytes_from_http: u64,
    bytes_from_cache_host: u64,
    bytes_to_lan_peers: u64,
    bytes_to_group_peers: u64,
    bytes_to_internet_peers: u64,
    http_connections: u32,
    cache_host_connections: u32,
    lan_connections: u32,
    group_connections: u32,
    internet_connections: u32,
    download_duration_ms: u32,
    download_mode: u32,
    status: u32,
    is_background: i32,
    padding: u32,
}

impl RawStats {
    /// With texts that the receiver frees.
    ///
    /// # Errors
    /// `E_OUTOFMEMORY`.
    pub(crate) fn of(stats: &SwarmStats) -> Result<Self, HResult> {
        let file_id = task_text(&stats.file_id)?;
        let source_url = task_text(&stats.source_url).inspect_err(|_| {
            // SAFETY: it came from there a line ago, and nobody else knows it.
            unsafe { task_free(file_id.cast()) };
        })?;
        let traffic = stats.traffic;
        Ok(Self {
            file_id,
            source_url,
            file_size: stats.file_size,
            total_bytes_downloaded: stats.total_bytes_downloaded,
            bytes_from_lan_peers: traffic.from_lan_peers,
            bytes_from_group_peers: traffic.from_group_peers,
            bytes_from_internet_peers: traffic.from_internet_peers,
            bytes_from_http: traffic.from_http,
            bytes_from_cache_host: traffic.from_cache_host,
            bytes_to_lan_peers: traffic.to_lan_peers,
            bytes_to_group_peers: traffic.to_group_peers,
            bytes_to_internet_peers: traffic.to_internet_peers,
            http_connections: traffic.http_connections,
            cache_host_connections: traffic.cache_host_connections,
            lan_connections: traffic.lan_connections,
            group_connections: traffic.group_connections,
            internet_connections: traffic.internet_connections,
            download_duration_ms: stats.download_duration_ms,
            download_mode: stats.download_mode as u32,
            status: stats.status as u32,
            is_background: stats.is_background.into(),
            padding: 0,
        })
    }
}

macro_rules! plain {
    ($( $name:ident $size:literal ( $( $field:ident $offset:literal ),* ) )*) => { $(
        // SAFETY: numbers and raw pointers.
        unsafe impl Plain for $name {}
        const _: () = assert!(size_of::<$name>() == $size $( && offset_of!($name, $field) == $offset )*);
    )* };
}

plain! {
    RawFileProgress 24 (bytes_transferred 8, completed 16)
    RawJobProgress 24 (bytes_transferred 8, files_total 16, files_transferred 20)
    RawJobTimes 24 (modification 8, transfer_completion 16)
    RawRange 16 (length 8)
    RawRanges 4 ()
    RawFileInfo 16 (local 8)
    RawCategory 16 (value 8)
    RawJobValue 16 (high 8)
    RawDownloadStatus 32 (state 16, error 20, extended_error 24)
    RawStats 136 (bytes_from_cache_host 64, http_connections 96, download_mode 120, is_background 128)
}

const _: () = assert!(size_of::<RawGuid>() == size_of::<RawJobValue>());

#[cfg(test)]
mod tests {
    use swarmline_jobs::clsid;

    use super::*;

    #[test]
    fn a_guid_fills_the_union_and_numbers_its_lower_bits() {
        let guid = Value::Guid(clsid::DELIVERY_OPTIMIZATION);
        let raw = RawJobValue::try_from(guid.clone()).expect("fits");
        assert_eq!(raw.low & 0xFFFF_FFFF, 0x5B99_FA76);
        assert_eq!(raw.value(ValueKind::Guid), Some(guid));
        let dirty = RawJobValue { low: 0xAAAA_AAAA_0000_0001, high: 9 };
        assert_eq!(dirty.value(ValueKind::U32), Some(Value::U32(1)));
        assert_eq!(dirty.value(ValueKind::Bool), Some(Value::Bool(true)));
        assert_eq!(dirty.value(ValueKind::U64), Some(Value::U64(dirty.low)));
        assert_eq!(dirty.value(ValueKind::Text), None);
    }

    #[test]
    fn a_time_is_cut_in_two_halves() {
        let raw = RawTime::from(FileTime::from_ticks(0x0123_4567_89AB_CDEF));
        assert_eq!(raw, RawTime { low: 0x89AB_CDEF, high: 0x0123_4567 });
    }
}
