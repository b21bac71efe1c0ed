use std::sync::Arc;

use swarmline_jobs::{HResult, iid};

use super::super::{Answer, Out, Success};
use super::*;
use crate::interfaces::{
    IBackgroundCopyError, IBackgroundCopyErrorVtbl, IEnumBackgroundCopyFiles, IEnumBackgroundCopyFilesVtbl,
};

/// An object with two interfaces beside each other, that counts in `GetCount` and panics in `Reset`.
struct Sample {
    alive: Arc<AtomicUsize>,
}

impl IEnumBackgroundCopyFiles for Sample {
    fn get_count(&self, count: Out<'_, u32>) -> Answer {
        count.put(7)
    }

    fn reset(&self) -> Answer {
        panic!("on purpose")
    }
}

impl IBackgroundCopyError for Sample {}

impl Class for Sample {
    const INTERFACES: &'static [Slot] = &[
        Slot::new(&IEnumBackgroundCopyFilesVtbl::of::<Self, 0>()),
        Slot::new(&IBackgroundCopyErrorVtbl::of::<Self, 1>()),
    ];
}

impl Drop for Sample {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

fn sample() -> (Pointer<IUnknownVtbl>, Arc<AtomicUsize>) {
    let alive = Arc::new(AtomicUsize::new(1));
    (create(Sample { alive: Arc::clone(&alive) }), alive)
}

/// Calls `GetCount` the way a client does.
fn get_count(enumerator: &Pointer<IEnumBackgroundCopyFilesVtbl>, count: *mut u32) -> HResult {
    // SAFETY: `Out` is a pointer in memory; the table belongs to the object.
    let code = unsafe {
        let argument = std::mem::transmute::<*mut u32, Out<'_, u32>>(count);
        (enumerator.vtable().get_count)(enumerator.as_raw(), argument)
    };
    HResult::from_i32(code)
}

#[test]
fn from_every_interface_the_way_leads_to_every_other_and_to_one_identity() {
    let (object, _) = sample();
    let files = object.query::<IEnumBackgroundCopyFilesVtbl>().expect("has it");
    let error = object.query::<IBackgroundCopyErrorVtbl>().expect("has it");
    assert_ne!(files.as_raw(), error.as_raw());
    for unknown in [files.query::<IUnknownVtbl>(), error.query(), object.query()] {
        assert_eq!(unknown.expect("has it").as_raw(), object.as_raw());
    }
    assert_eq!(error.query::<IEnumBackgroundCopyFilesVtbl>().expect("symmetric").as_raw(), files.as_raw());
    assert_eq!(files.query::<IBackgroundCopyErrorVtbl>().expect("symmetric").as_raw(), error.as_raw());
    assert!(error.query_raw(iid::BACKGROUND_COPY_JOB.into()).is_err());
}

#[test]
fn the_last_reference_through_any_interface_ends_the_object() {
    let (object, alive) = sample();
    let error = object.query::<IBackgroundCopyErrorVtbl>().expect("has it");
    drop(object);
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    drop(error);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn a_pointer_that_was_released_answers_that_nobody_is_there() {
    let (object, alive) = sample();
    let stale = std::mem::ManuallyDrop::new(object.query::<IEnumBackgroundCopyFilesVtbl>().expect("has it"));
    // SAFETY: `stale` gives its reference away here, and keeps the pointer as a careless client would.
    unsafe { ((*stale).vtable().base.release)(stale.as_raw()) };
    drop(object);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    let mut count = 9;
    assert_eq!(get_count(&stale, &raw mut count), HResult::CO_E_OBJNOTCONNECTED);
    assert_eq!(count, 0);
    assert!(matches!(stale.query_raw(iid::UNKNOWN.into()), Err(HResult::CO_E_OBJNOTCONNECTED)));
    // SAFETY: the memory is kept; that is what is tested.
    unsafe {
        assert_eq!((stale.vtable().base.add_ref)(stale.as_raw()), 0);
        assert_eq!((stale.vtable().base.release)(stale.as_raw()), 0);
    }
}

#[test]
fn what_is_returned_is_cleared_and_null_is_refused() {
    let (object, _) = sample();
    let files = object.query::<IEnumBackgroundCopyFilesVtbl>().expect("has it");
    let mut count = 9;
    assert_eq!(get_count(&files, &raw mut count), HResult::S_OK);
    assert_eq!(count, 7);
    assert_eq!(get_count(&files, std::ptr::null_mut()), HResult::E_INVALIDARG);
}

#[test]
fn a_slot_without_a_method_gives_not_implemented_and_a_panic_stays_inside() {
    let (object, _) = sample();
    let files = object.query::<IEnumBackgroundCopyFilesVtbl>().expect("has it");
    // SAFETY: methods of the object's own table.
    let (skip, reset) =
        unsafe { ((files.vtable().skip)(files.as_raw(), 1), (files.vtable().reset)(files.as_raw())) };
    assert_eq!(HResult::from_i32(skip), HResult::E_NOTIMPL);
    assert_eq!(HResult::from_i32(reset), HResult::E_UNEXPECTED);
    let mut count = 0;
    assert_eq!(get_count(&files, &raw mut count), HResult::S_OK, "and the object goes on");
}

#[test]
fn an_object_may_be_released_by_what_its_method_calls() {
    /// Gives its own last reference back while a method runs.
    struct Fragile {
        own: Mutex<Option<Pointer<IUnknownVtbl>>>,
        alive: Arc<AtomicUsize>,
    }
    impl IEnumBackgroundCopyFiles for Fragile {
        fn reset(&self) -> Answer {
            drop(self.own.lock().expect("not poisoned").take());
            assert_eq!(self.alive.load(Ordering::SeqCst), 1, "held until the method returns");
            Ok(Success::Full)
        }
    }
    impl Class for Fragile {
        const INTERFACES: &'static [Slot] = &[Slot::new(&IEnumBackgroundCopyFilesVtbl::of::<Self, 0>())];
    }
    impl Drop for Fragile {
        fn drop(&mut self) {
            self.alive.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let alive = Arc::new(AtomicUsize::new(1));
    let object = create(Fragile { own: Mutex::new(None), alive: Arc::clone(&alive) });
    let table = object.query::<IEnumBackgroundCopyFilesVtbl>().expect("has it");
    // SAFETY: the object is alive, and its value is a `Fragile`.
    unsafe {
        let hold = Hold::<Fragile>::enter::<0>(object.as_raw()).expect("alive");
        *hold.value().own.lock().expect("not poisoned") = Some(object);
    }
    let (raw, reset) = (table.as_raw(), table.vtable().reset);
    drop(table);
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    // SAFETY: the object holds itself until this call.
    assert_eq!(unsafe { reset(raw) }, 0);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn references_are_counted_by_many_threads_at_once() {
    let (object, alive) = sample();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    let error = object.query::<IBackgroundCopyErrorVtbl>().expect("has it");
                    drop(error.clone());
                }
            });
        }
    });
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    drop(object);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}
