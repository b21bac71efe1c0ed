//! A file: `IBackgroundCopyFile` to `5`, `IDeliveryOptimizationFile` and `2`.

use std::sync::Arc;

use swarmline_jobs::{BackgroundCopyFile, FileProperty, HResult, HTTP_RESPONSE_HEADERS};

use super::property::{self, Setting};
use crate::abi::{
    Answer, Class, IUnknownVtbl, InText, InVariant, Out, OutArray, OutText, OutVariant, Pointer, Slot,
    Success, create,
};
use crate::client::Stream;
use crate::interfaces::{
    IBackgroundCopyFile, IBackgroundCopyFile2, IBackgroundCopyFile3, IBackgroundCopyFile4,
    IBackgroundCopyFile5, IBackgroundCopyFile5Vtbl, IDeliveryOptimizationFile, IDeliveryOptimizationFile2,
    IDeliveryOptimizationFile2Vtbl, IDeliveryOptimizationFileVtbl, RawFileProgress, RawRange, RawStats,
};

pub(super) struct File(BackgroundCopyFile);

/// An object that shows this file.
pub(crate) fn file(file: BackgroundCopyFile) -> Pointer<IUnknownVtbl> {
    create(File(file))
}

impl Class for File {
    const INTERFACES: &'static [Slot] = &[
        Slot::new(&IBackgroundCopyFile5Vtbl::of::<Self, 0>()),
        Slot::new(&IDeliveryOptimizationFileVtbl::of::<Self, 1>()),
        Slot::new(&IDeliveryOptimizationFile2Vtbl::of::<Self, 2>()),
    ];
}

impl IBackgroundCopyFile for File {
    fn get_remote_name(&self, name: OutText<'_>) -> Answer {
        name.put(&self.0.get_remote_name()?)
    }

    fn get_local_name(&self, name: OutText<'_>) -> Answer {
        name.put(&self.0.get_local_name()?)
    }

    fn get_progress(&self, progress: Out<'_, RawFileProgress>) -> Answer {
        progress.put(self.0.get_progress()?.into())
    }
}

impl IBackgroundCopyFile2 for File {
    /// `S_FALSE` and nothing for a file that is wanted whole.
    fn get_file_ranges(&self, count: Out<'_, u32>, ranges: OutArray<'_, RawRange>) -> Answer {
        let Some(wanted) = self.0.get_file_ranges()? else { return Ok(Success::Short) };
        let wanted: Vec<RawRange> = wanted.into_iter().map(RawRange::from).collect();
        let number = u32::try_from(wanted.len()).map_err(|_| HResult::E_UNEXPECTED)?;
        ranges.put(&wanted)?;
        count.put(number)
    }

    fn set_remote_name(&self, name: InText<'_>) -> Answer {
        self.0.set_remote_name(&name.required()?)?;
        Ok(Success::Full)
    }
}

impl IBackgroundCopyFile3 for File {}

impl IBackgroundCopyFile4 for File {}

impl IBackgroundCopyFile5 for File {
    /// No property of this interface can be set, so the value is never looked at.
    fn set_property(&self, id: u32, _value: InText<'_>) -> Answer {
        Err(match id {
            HTTP_RESPONSE_HEADERS => HResult::DO_E_READ_ONLY_PROPERTY,
            _ => HResult::DO_E_UNKNOWN_PROPERTY_ID,
        })
    }

    fn get_property(&self, id: u32, value: OutText<'_>) -> Answer {
        match id {
            HTTP_RESPONSE_HEADERS => value.put(&self.0.get_response_headers()?),
            _ => Err(HResult::DO_E_UNKNOWN_PROPERTY_ID),
        }
    }
}

impl IDeliveryOptimizationFile for File {
    fn get_stats(&self, stats: Out<'_, RawStats>) -> Answer {
        stats.put(RawStats::of(&self.0.get_stats()?)?)
    }

    fn get_stats_2(&self, stats: Out<'_, RawStats>) -> Answer {
        self.get_stats(stats)
    }
}

impl IDeliveryOptimizationFile2 for File {
    fn get_property(&self, id: u32, value: OutVariant<'_>) -> Answer {
        let found = self.0.get_property(FileProperty::of(id)?)?;
        value.put(property::variant(self.0.job().service(), found)?)
    }

    fn set_property(&self, id: u32, value: InVariant<'_>) -> Answer {
        let property = FileProperty::of(id)?;
        match property::setting(property.row(), value)? {
            Setting::Value(value) => self.0.set_property(property, value)?,
            Setting::Object(object) => self.0.set_stream(Arc::new(Stream::of(&object)?))?,
        }
        Ok(Success::Full)
    }
}
