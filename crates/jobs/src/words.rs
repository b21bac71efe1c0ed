//! The words of the job API: codes, names, numbers and shapes that callers of both faces share.
//!
//! Everything here is data that a program, a page of documentation or a binary interface can read off. Nothing here
//! decides.

#[macro_use]
mod numbered;

mod guid;
mod hresult;
mod time;

mod flags;
mod number;
mod value;

mod phase;
mod range;

mod status;

mod interface;
mod property;

pub use flags::{CostPolicyFlags, LinkCost, NotifyFlags, SecurityFlags};
pub use guid::{Guid, ParseGuidError, clsid, guid_text, parse_guid};
pub use hresult::{Code, ERRNO_BASE, HResult, Usage};
pub use interface::{Answer, INTERFACES, Interface, Method, NOT_IMPLEMENTED_INTERFACES, Party, iid};
pub use number::{
    DownloadCostPolicy, DownloadMode, DownloadState, ErrorContext, JobPriority, JobState, JobType, Numbered,
    SwarmStatus,
};
pub use phase::Phase;
pub use property::{
    Access, DOWNLOAD_PROPERTIES, DownloadProperty, FILE_PROPERTIES, FileProperty, HTTP_RESPONSE_HEADERS,
    JOB_EXTENDED_ERROR_INFO, JOB_PROPERTIES, JobProperty, PropertyRow, SettableIn,
};
pub use range::{FileRange, TO_END, check_ranges};
pub use status::{
    DownloadStatus, ErrorInfo, FileProgress, JobProgress, JobTimes, SIZE_UNKNOWN, SwarmStats, Traffic,
};
pub use time::FileTime;
pub use value::{Token, Value, ValueKind};
