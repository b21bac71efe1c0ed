//! Interfaces of the legacy face.

use core::ffi::c_void;

use super::record::{RawFileInfo, RawFileProgress, RawJobProgress, RawJobTimes, RawJobValue, RawRange};
use crate::abi::{
    IUnknown, IUnknownVtbl, InArray, InGuid, InObject, InText, InVariant, Out, OutAny, OutArray, OutElements,
    OutInterface, OutText, OutVariant, OutWhenAsked,
};

interfaces! {
    /// Makes and finds jobs.
    interface IBackgroundCopyManager (IBackgroundCopyManagerVtbl) : IUnknown (IUnknownVtbl) = BACKGROUND_COPY_MANAGER {
        fn create_job(
            name: InText<'_>,
            kind: u32,
            id: Out<'_, crate::abi::RawGuid>,
            job: OutInterface<'_, IBackgroundCopyJobVtbl>,
        );
        fn get_job(id: InGuid<'_>, job: OutInterface<'_, IBackgroundCopyJobVtbl>);
        fn enum_jobs(flags: u32, jobs: OutInterface<'_, IEnumBackgroundCopyJobsVtbl>);
        fn get_error_description(code: i32, language: u32, text: OutText<'_>);
    }

    /// A job.
    interface IBackgroundCopyJob (IBackgroundCopyJobVtbl) : IUnknown (IUnknownVtbl) = BACKGROUND_COPY_JOB {
        fn add_file_set(count: u32, files: InArray<'_, RawFileInfo>);
        fn add_file(remote: InText<'_>, local: InText<'_>);
        fn enum_files(files: OutInterface<'_, IEnumBackgroundCopyFilesVtbl>);
        fn suspend();
        fn resume();
        fn cancel();
        fn complete();
        fn get_id(id: Out<'_, crate::abi::RawGuid>);
        fn get_type(kind: Out<'_, u32>);
        fn get_progress(progress: Out<'_, RawJobProgress>);
        fn get_times(times: Out<'_, RawJobTimes>);
        fn get_state(state: Out<'_, u32>);
        fn get_error(error: OutInterface<'_, IBackgroundCopyErrorVtbl>);
        fn get_owner(owner: OutText<'_>);
        fn set_display_name(name: InText<'_>);
        fn get_display_name(name: OutText<'_>);
        fn set_description(text: InText<'_>);
        fn get_description(text: OutText<'_>);
        fn set_priority(priority: u32);
        fn get_priority(priority: Out<'_, u32>);
        fn set_notify_flags(flags: u32);
        fn get_notify_flags(flags: Out<'_, u32>);
        fn set_notify_interface(callback: InObject<'_>);
        fn get_notify_interface(callback: OutInterface<'_, IUnknownVtbl>);
        fn set_minimum_retry_delay(seconds: u32);
        fn get_minimum_retry_delay(seconds: Out<'_, u32>);
        fn set_no_progress_timeout(seconds: u32);
        fn get_no_progress_timeout(seconds: Out<'_, u32>);
        fn get_error_count(count: Out<'_, u32>);
        fn set_proxy_settings(usage: u32, list: InText<'_>, bypass: InText<'_>);
        fn get_proxy_settings(usage: Out<'_, u32>, list: OutText<'_>, bypass: OutText<'_>);
        fn take_ownership();
    }

    /// Command lines, replies, credentials: none of it is offered.
    interface IBackgroundCopyJob2 (IBackgroundCopyJob2Vtbl) : IBackgroundCopyJob (IBackgroundCopyJobVtbl)
        = BACKGROUND_COPY_JOB2
    {
        fn set_notify_cmd_line(program: InText<'_>, parameters: InText<'_>);
        fn get_notify_cmd_line(program: OutText<'_>, parameters: OutText<'_>);
        fn get_reply_progress(progress: Out<'_, RawRange>);
        fn get_reply_data(bytes: OutArray<'_, u8>, count: Out<'_, u64>);
        fn set_reply_file_name(name: InText<'_>);
        fn get_reply_file_name(name: OutText<'_>);
        fn set_credentials(credentials: *const c_void);
        fn remove_credentials(target: u32, scheme: u32);
    }

    /// None of it is offered; ranges come through `IDeliveryOptimizationJob`.
    interface IBackgroundCopyJob3 (IBackgroundCopyJob3Vtbl) : IBackgroundCopyJob2 (IBackgroundCopyJob2Vtbl)
        = BACKGROUND_COPY_JOB3
    {
        fn replace_remote_prefix(old: InText<'_>, new: InText<'_>);
        fn add_file_with_ranges(remote: InText<'_>, local: InText<'_>, count: u32, ranges: InArray<'_, RawRange>);
        fn set_file_acl_flags(flags: u32);
        fn get_file_acl_flags(flags: Out<'_, u32>);
    }

    /// None of it is offered.
    interface IBackgroundCopyJob4 (IBackgroundCopyJob4Vtbl) : IBackgroundCopyJob3 (IBackgroundCopyJob3Vtbl)
        = BACKGROUND_COPY_JOB4
    {
        fn set_peer_caching_flags(flags: u32);
        fn get_peer_caching_flags(flags: Out<'_, u32>);
        fn get_owner_integrity_level(level: Out<'_, u32>);
        fn get_owner_elevation_state(elevated: Out<'_, i32>);
        fn set_maximum_download_time(seconds: u32);
        fn get_maximum_download_time(seconds: Out<'_, u32>);
    }

    /// Properties of a job.
    interface IBackgroundCopyJob5 (IBackgroundCopyJob5Vtbl) : IBackgroundCopyJob4 (IBackgroundCopyJob4Vtbl)
        = BACKGROUND_COPY_JOB5
    {
        fn set_property(id: u32, value: RawJobValue);
        fn get_property(id: u32, value: Out<'_, RawJobValue>);
    }

    /// Files with ranges.
    interface IDeliveryOptimizationJob (IDeliveryOptimizationJobVtbl) : IUnknown (IUnknownVtbl)
        = DELIVERY_OPTIMIZATION_JOB
    {
        fn add_file_with_ranges(
            file_id: InText<'_>,
            remote: InText<'_>,
            local: InText<'_>,
            count: u32,
            ranges: InArray<'_, RawRange>,
            size: u64,
        );
    }

    /// Files whose sink is a property.
    interface IDeliveryOptimizationJob2 (IDeliveryOptimizationJob2Vtbl) : IUnknown (IUnknownVtbl)
        = DELIVERY_OPTIMIZATION_JOB2
    {
        fn add_file(
            file_id: InText<'_>,
            remote: InText<'_>,
            count: u32,
            ranges: InArray<'_, RawRange>,
            iid: InGuid<'_>,
            file: OutAny<'_>,
        );
        fn get_property(id: u32, value: OutVariant<'_>);
        fn set_property(id: u32, value: InVariant<'_>);
    }

    /// A list of jobs.
    interface IEnumBackgroundCopyJobs (IEnumBackgroundCopyJobsVtbl) : IUnknown (IUnknownVtbl)
        = ENUM_BACKGROUND_COPY_JOBS
    {
        fn next(count: u32, elements: OutElements<'_, IBackgroundCopyJobVtbl>, fetched: OutWhenAsked<'_, u32>);
        fn skip(count: u32);
        fn reset();
        fn clone(copy: OutInterface<'_, IEnumBackgroundCopyJobsVtbl>);
        fn get_count(count: Out<'_, u32>);
    }

    /// A file of a job.
    interface IBackgroundCopyFile (IBackgroundCopyFileVtbl) : IUnknown (IUnknownVtbl) = BACKGROUND_COPY_FILE {
        fn get_remote_name(name: OutText<'_>);
        fn get_local_name(name: OutText<'_>);
        fn get_progress(progress: Out<'_, RawFileProgress>);
    }

    /// Its ranges, and another address for it.
    interface IBackgroundCopyFile2 (IBackgroundCopyFile2Vtbl) : IBackgroundCopyFile (IBackgroundCopyFileVtbl)
        = BACKGROUND_COPY_FILE2
    {
        fn get_file_ranges(count: Out<'_, u32>, ranges: OutArray<'_, RawRange>);
        fn set_remote_name(name: InText<'_>);
    }

    /// None of it is offered.
    interface IBackgroundCopyFile3 (IBackgroundCopyFile3Vtbl) : IBackgroundCopyFile2 (IBackgroundCopyFile2Vtbl)
        = BACKGROUND_COPY_FILE3
    {
        fn get_temporary_name(name: OutText<'_>);
        fn set_validation_state(state: i32);
        fn get_validation_state(state: Out<'_, i32>);
        fn is_downloaded_from_peer(from_peer: Out<'_, i32>);
    }

    /// Not offered; `IDeliveryOptimizationFile` tells more.
    interface IBackgroundCopyFile4 (IBackgroundCopyFile4Vtbl) : IBackgroundCopyFile3 (IBackgroundCopyFile3Vtbl)
        = BACKGROUND_COPY_FILE4
    {
        fn get_peer_download_stats(from_origin: Out<'_, u64>, from_peers: Out<'_, u64>);
    }

    /// The headers of the last answer. The value that is set is a union of one pointer.
    interface IBackgroundCopyFile5 (IBackgroundCopyFile5Vtbl) : IBackgroundCopyFile4 (IBackgroundCopyFile4Vtbl)
        = BACKGROUND_COPY_FILE5
    {
        fn set_property(id: u32, value: InText<'_>);
        fn get_property(id: u32, value: OutText<'_>);
    }

    /// Where its bytes came from. Clients of two kinds are known, one calls the first slot and one the second.
    interface IDeliveryOptimizationFile (IDeliveryOptimizationFileVtbl) : IUnknown (IUnknownVtbl)
        = DELIVERY_OPTIMIZATION_FILE
    {
        fn get_stats(stats: Out<'_, super::RawStats>);
        fn get_stats_2(stats: Out<'_, super::RawStats>);
    }

    /// Properties of a file.
    interface IDeliveryOptimizationFile2 (IDeliveryOptimizationFile2Vtbl) : IUnknown (IUnknownVtbl)
        = DELIVERY_OPTIMIZATION_FILE2
    {
        fn get_property(id: u32, value: OutVariant<'_>);
        fn set_property(id: u32, value: InVariant<'_>);
    }

    /// A list of files.
    interface IEnumBackgroundCopyFiles (IEnumBackgroundCopyFilesVtbl) : IUnknown (IUnknownVtbl)
        = ENUM_BACKGROUND_COPY_FILES
    {
        fn next(count: u32, elements: OutElements<'_, IBackgroundCopyFileVtbl>, fetched: OutWhenAsked<'_, u32>);
        fn skip(count: u32);
        fn reset();
        fn clone(copy: OutInterface<'_, IEnumBackgroundCopyFilesVtbl>);
        fn get_count(count: Out<'_, u32>);
    }

    /// A failure.
    interface IBackgroundCopyError (IBackgroundCopyErrorVtbl) : IUnknown (IUnknownVtbl) = BACKGROUND_COPY_ERROR {
        fn get_error(context: Out<'_, u32>, code: Out<'_, i32>);
        fn get_file(file: OutInterface<'_, IBackgroundCopyFileVtbl>);
        fn get_error_description(language: u32, text: OutText<'_>);
        fn get_error_context_description(language: u32, text: OutText<'_>);
        fn get_protocol(name: OutText<'_>);
    }

    /// The client's: told about a job.
    interface IBackgroundCopyCallback (IBackgroundCopyCallbackVtbl) : IUnknown (IUnknownVtbl)
        = BACKGROUND_COPY_CALLBACK
    {
        fn job_transferred(job: *mut c_void);
        fn job_error(job: *mut c_void, error: *mut c_void);
        fn job_modification(job: *mut c_void, reserved: u32);
    }

    /// The client's: told about a file.
    interface IBackgroundCopyCallback2 (IBackgroundCopyCallback2Vtbl)
        : IBackgroundCopyCallback (IBackgroundCopyCallbackVtbl) = BACKGROUND_COPY_CALLBACK2
    {
        fn file_transferred(job: *mut c_void, file: *mut c_void);
    }
}
