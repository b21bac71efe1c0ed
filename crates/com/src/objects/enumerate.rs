//! Enumerators: snapshots of lists. The objects in them show what is, not what was.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use swarmline_jobs::{BackgroundCopyFile, BackgroundCopyJob, DoDownload, HResult};

use crate::abi::{
    Answer, Class, IUnknownVtbl, Interface, Out, OutElements, OutInterface, OutWhenAsked, Pointer, Slot,
    Success, create,
};
use crate::interfaces::{
    IBackgroundCopyFileVtbl, IBackgroundCopyJobVtbl, IEnumBackgroundCopyFiles, IEnumBackgroundCopyFilesVtbl,
    IEnumBackgroundCopyJobs, IEnumBackgroundCopyJobsVtbl, IEnumUnknown, IEnumUnknownVtbl,
};

/// What is enumerated.
pub(super) trait Element: Clone + Send + Sync + 'static {
    /// An object that shows it.
    fn object(&self) -> Pointer<IUnknownVtbl>;
}

impl Element for BackgroundCopyFile {
    fn object(&self) -> Pointer<IUnknownVtbl> {
        super::file(self.clone())
    }
}

impl Element for BackgroundCopyJob {
    fn object(&self) -> Pointer<IUnknownVtbl> {
        super::job(self.clone())
    }
}

impl Element for DoDownload {
    fn object(&self) -> Pointer<IUnknownVtbl> {
        super::download(self.clone())
    }
}

/// A list and a place in it.
pub(super) struct Enumerator<E> {
    elements: Arc<[E]>,
    at: AtomicUsize,
}

impl<E: Element> Enumerator<E> {
    /// At the beginning of these.
    pub(super) fn new(elements: Vec<E>) -> Self {
        Self { elements: elements.into(), at: AtomicUsize::new(0) }
    }

    /// Goes on by `count`, or to the end. Returns what it passed.
    fn pass(&self, count: u32) -> &[E] {
        let end = |at: usize| at.saturating_add(count as usize).min(self.elements.len());
        let at = self.at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| Some(end(at)));
        let at = at.unwrap_or_else(|at| at);
        &self.elements[at..end(at)]
    }

    /// The next ones. Who asks for other than one wants to know how many they are.
    fn next<I: Interface>(
        &self,
        count: u32,
        elements: OutElements<'_, I>,
        fetched: OutWhenAsked<'_, u32>,
    ) -> Answer {
        if count != 1 && fetched.is_null() || count != 0 && elements.is_null() {
            return Err(HResult::E_INVALIDARG);
        }
        let objects: Vec<Pointer<IUnknownVtbl>> = self.pass(count).iter().map(Element::object).collect();
        elements.put(&objects)?;
        let passed = u32::try_from(objects.len()).expect("no more than were asked for");
        fetched.put(passed);
        Ok(all_of(count, passed))
    }

    fn skip(&self, count: u32) -> Answer {
        let passed = u32::try_from(self.pass(count).len()).expect("no more than were asked for");
        Ok(all_of(count, passed))
    }

    fn reset(&self) -> Answer {
        self.at.store(0, Ordering::Relaxed);
        Ok(Success::Full)
    }

    /// Another one at the same place.
    fn copy(&self) -> Self {
        Self { elements: Arc::clone(&self.elements), at: AtomicUsize::new(self.at.load(Ordering::Relaxed)) }
    }

    fn count(&self, count: Out<'_, u32>) -> Answer {
        count.put(u32::try_from(self.elements.len()).map_err(|_| HResult::E_UNEXPECTED)?)
    }
}

fn all_of(count: u32, passed: u32) -> Success {
    if passed == count { Success::Full } else { Success::Short }
}

impl Class for Enumerator<BackgroundCopyFile> {
    const INTERFACES: &'static [Slot] = &[Slot::new(&IEnumBackgroundCopyFilesVtbl::of::<Self, 0>())];
}

impl IEnumBackgroundCopyFiles for Enumerator<BackgroundCopyFile> {
    fn next(
        &self,
        count: u32,
        elements: OutElements<'_, IBackgroundCopyFileVtbl>,
        fetched: OutWhenAsked<'_, u32>,
    ) -> Answer {
        self.next(count, elements, fetched)
    }

    fn skip(&self, count: u32) -> Answer {
        self.skip(count)
    }

    fn reset(&self) -> Answer {
        self.reset()
    }

    fn clone(&self, copy: OutInterface<'_, IEnumBackgroundCopyFilesVtbl>) -> Answer {
        copy.put(&create(self.copy()))
    }

    fn get_count(&self, count: Out<'_, u32>) -> Answer {
        self.count(count)
    }
}

impl Class for Enumerator<BackgroundCopyJob> {
    const INTERFACES: &'static [Slot] = &[Slot::new(&IEnumBackgroundCopyJobsVtbl::of::<Self, 0>())];
}

impl IEnumBackgroundCopyJobs for Enumerator<BackgroundCopyJob> {
    fn next(
        &self,
        count: u32,
        elements: OutElements<'_, IBackgroundCopyJobVtbl>,
        fetched: OutWhenAsked<'_, u32>,
    ) -> Answer {
        self.next(count, elements, fetched)
    }

    fn skip(&self, count: u32) -> Answer {
        self.skip(count)
    }

    fn reset(&self) -> Answer {
        self.reset()
    }

    fn clone(&self, copy: OutInterface<'_, IEnumBackgroundCopyJobsVtbl>) -> Answer {
        copy.put(&create(self.copy()))
    }

    fn get_count(&self, count: Out<'_, u32>) -> Answer {
        self.count(count)
    }
}

impl Class for Enumerator<DoDownload> {
    const INTERFACES: &'static [Slot] = &[Slot::new(&IEnumUnknownVtbl::of::<Self, 0>())];
}

impl IEnumUnknown for Enumerator<DoDownload> {
    fn next(
        &self,
        count: u32,
        elements: OutElements<'_, IUnknownVtbl>,
        fetched: OutWhenAsked<'_, u32>,
    ) -> Answer {
        self.next(count, elements, fetched)
    }

    fn skip(&self, count: u32) -> Answer {
        self.skip(count)
    }

    fn reset(&self) -> Answer {
        self.reset()
    }

    fn clone(&self, copy: OutInterface<'_, IEnumUnknownVtbl>) -> Answer {
        copy.put(&create(self.copy()))
    }
}
