//! Interfaces of the modern face.

use core::ffi::c_void;

use super::record::{RawCategory, RawDownloadStatus, RawRanges};
use super::support::IEnumUnknownVtbl;
use crate::abi::{IUnknown, IUnknownVtbl, In, InVariant, Out, OutInterface, OutVariant};

interfaces! {
    /// Makes and lists downloads.
    interface IDOManager (IDOManagerVtbl) : IUnknown (IUnknownVtbl) = DO_MANAGER {
        fn create_download(download: OutInterface<'_, IDODownloadVtbl>);
        fn enum_downloads(category: In<'_, RawCategory>, downloads: OutInterface<'_, IEnumUnknownVtbl>);
    }

    /// A download.
    interface IDODownload (IDODownloadVtbl) : IUnknown (IUnknownVtbl) = DO_DOWNLOAD {
        fn start(ranges: In<'_, RawRanges>);
        fn pause();
        fn abort();
        fn finalize();
        fn get_status(status: Out<'_, RawDownloadStatus>);
        fn get_property(id: u32, value: OutVariant<'_>);
        fn set_property(id: u32, value: InVariant<'_>);
    }

    /// The client's: told about a download.
    interface IDODownloadStatusCallback (IDODownloadStatusCallbackVtbl) : IUnknown (IUnknownVtbl)
        = DO_DOWNLOAD_STATUS_CALLBACK
    {
        fn on_status_change(download: *mut c_void, status: *const RawDownloadStatus);
    }
}
