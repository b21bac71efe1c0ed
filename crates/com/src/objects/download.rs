//! A download: `IDODownload`.

use std::sync::Arc;

use swarmline_jobs::{DoDownload, DownloadProperty, FileRange, HResult};

use super::property::{self, Setting};
use crate::abi::{
    Answer, Class, IUnknownVtbl, In, InVariant, Out, OutVariant, Pointer, Slot, Success, create,
};
use crate::client::{DownloadCallback, Stream};
use crate::interfaces::{IDODownload, IDODownloadVtbl, RawDownloadStatus, RawRange, RawRanges};

/// One call names no more ranges; the bounds of a download are closer.
const RANGES_MAX: u32 = 1 << 16;

struct Download(DoDownload);

/// An object that shows this download.
pub(crate) fn download(download: DoDownload) -> Pointer<IUnknownVtbl> {
    create(Download(download))
}

impl Class for Download {
    const INTERFACES: &'static [Slot] = &[Slot::new(&IDODownloadVtbl::of::<Self, 0>())];
}

fn done(result: Result<(), HResult>) -> Answer {
    result.map(|()| Success::Full)
}

/// # Errors
/// `BG_E_TOO_MANY_RANGES_IN_FILE`, and `E_INVALIDARG` where there are fewer than were named.
fn ranges(info: In<'_, RawRanges>) -> Result<Option<Vec<FileRange>>, HResult> {
    let Some(RawRanges { count }) = info.read()? else { return Ok(None) };
    if count > RANGES_MAX {
        return Err(HResult::BG_E_TOO_MANY_RANGES_IN_FILE);
    }
    let ranges = info.trailing::<RawRange>(RawRanges::FIRST, count as usize)?;
    Ok(Some(ranges.into_iter().map(FileRange::from).collect()))
}

impl IDODownload for Download {
    fn start(&self, info: In<'_, RawRanges>) -> Answer {
        done(self.0.start(ranges(info)?.as_deref()))
    }

    fn pause(&self) -> Answer {
        done(self.0.pause())
    }

    fn abort(&self) -> Answer {
        done(self.0.abort())
    }

    fn finalize(&self) -> Answer {
        done(self.0.finalize())
    }

    fn get_status(&self, status: Out<'_, RawDownloadStatus>) -> Answer {
        status.put(self.0.get_status()?.into())
    }

    fn get_property(&self, id: u32, value: OutVariant<'_>) -> Answer {
        let found = self.0.get_property(DownloadProperty::of(id)?)?;
        value.put(property::variant(self.0.service(), found)?)
    }

    fn set_property(&self, id: u32, value: InVariant<'_>) -> Answer {
        let property = DownloadProperty::of(id)?;
        done(match property::setting(property.row(), value)? {
            Setting::Value(value) => self.0.set_property(property, value),
            Setting::Object(object) if property == DownloadProperty::StreamInterface => {
                self.0.set_stream(Arc::new(Stream::of(&object)?))
            }
            Setting::Object(object) => self.0.set_callback(Some(Arc::new(DownloadCallback::of(&object)?))),
        })
    }
}
