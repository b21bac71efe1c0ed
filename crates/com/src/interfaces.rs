//! The published interfaces: their tables, and the structs that travel through them.
//!
//! Names, ids and the order of slots are those of the header; a test compares all three with it. What a method does
//! stands at the objects.

mod record;

mod support;

mod legacy;
mod modern;

pub(crate) use legacy::{
    IBackgroundCopyCallback2Vtbl, IBackgroundCopyCallbackVtbl, IBackgroundCopyError,
    IBackgroundCopyErrorVtbl, IBackgroundCopyFile, IBackgroundCopyFile2, IBackgroundCopyFile3,
    IBackgroundCopyFile4, IBackgroundCopyFile5, IBackgroundCopyFile5Vtbl, IBackgroundCopyFileVtbl,
    IBackgroundCopyJob, IBackgroundCopyJob2, IBackgroundCopyJob3, IBackgroundCopyJob4, IBackgroundCopyJob5,
    IBackgroundCopyJob5Vtbl, IBackgroundCopyJobVtbl, IBackgroundCopyManager, IBackgroundCopyManagerVtbl,
    IDeliveryOptimizationFile, IDeliveryOptimizationFile2, IDeliveryOptimizationFile2Vtbl,
    IDeliveryOptimizationFileVtbl, IDeliveryOptimizationJob, IDeliveryOptimizationJob2,
    IDeliveryOptimizationJob2Vtbl, IDeliveryOptimizationJobVtbl, IEnumBackgroundCopyFiles,
    IEnumBackgroundCopyFilesVtbl, IEnumBackgroundCopyJobs, IEnumBackgroundCopyJobsVtbl,
};
pub(crate) use modern::{
    IDODownload, IDODownloadStatusCallbackVtbl, IDODownloadVtbl, IDOManager, IDOManagerVtbl,
};
pub(crate) use record::{
    RawCategory, RawDownloadStatus, RawFileInfo, RawFileProgress, RawJobProgress, RawJobTimes, RawJobValue,
    RawRange, RawRanges, RawStats,
};
pub(crate) use support::{
    IClassFactory, IClassFactoryVtbl, IEnumUnknown, IEnumUnknownVtbl, ISequentialStreamVtbl, IStreamVtbl,
};

#[cfg(test)]
mod tests;
