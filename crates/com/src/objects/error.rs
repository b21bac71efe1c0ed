//! `IBackgroundCopyError`.

use swarmline_jobs::BackgroundCopyError;

use crate::abi::{Answer, Class, IUnknownVtbl, Out, OutInterface, OutText, Pointer, Slot, create};
use crate::interfaces::{IBackgroundCopyError, IBackgroundCopyErrorVtbl, IBackgroundCopyFileVtbl};

struct Error(BackgroundCopyError);

/// An object that shows this failure.
pub(crate) fn error(error: BackgroundCopyError) -> Pointer<IUnknownVtbl> {
    create(Error(error))
}

impl Class for Error {
    const INTERFACES: &'static [Slot] = &[Slot::new(&IBackgroundCopyErrorVtbl::of::<Self, 0>())];
}

impl IBackgroundCopyError for Error {
    fn get_error(&self, context: Out<'_, u32>, code: Out<'_, i32>) -> Answer {
        let (where_from, what) = self.0.get_error();
        context.put(where_from as u32)?;
        code.put(what.to_i32())
    }

    fn get_file(&self, file: OutInterface<'_, IBackgroundCopyFileVtbl>) -> Answer {
        file.put(&super::file(self.0.get_file()?))
    }

    fn get_error_description(&self, _language: u32, text: OutText<'_>) -> Answer {
        text.put(&self.0.get_error_description())
    }
}
