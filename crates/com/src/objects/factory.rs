//! The class factory: `IClassFactory` of the one class there is.

use std::sync::atomic::{AtomicU32, Ordering};

use swarmline_jobs::HResult;

use crate::abi::{Answer, Class, IUnknownVtbl, InGuid, InObject, OutAny, Pointer, Slot, Success, create};
use crate::interfaces::{IClassFactory, IClassFactoryVtbl};
use crate::service;

/// How often clients have locked the library.
static LOCKS: AtomicU32 = AtomicU32::new(0);

struct Factory;

/// A factory of managers.
pub(crate) fn factory() -> Pointer<IUnknownVtbl> {
    create(Factory)
}

/// Whether a client wants the library to stay.
pub(crate) fn is_locked() -> bool {
    LOCKS.load(Ordering::Relaxed) > 0
}

impl Class for Factory {
    const INTERFACES: &'static [Slot] = &[Slot::new(&IClassFactoryVtbl::of::<Self, 0>())];
}

impl IClassFactory for Factory {
    fn create_instance(&self, outer: InObject<'_>, iid: InGuid<'_>, object: OutAny<'_>) -> Answer {
        if outer.get()?.is_some() {
            return Err(HResult::CLASS_E_NOAGGREGATION);
        }
        object.put(&super::manager(service::current()?), iid.read()?)
    }

    fn lock_server(&self, lock: i32) -> Answer {
        let count = |locks: u32| if lock != 0 { locks.checked_add(1) } else { locks.checked_sub(1) };
        let counted = LOCKS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count);
        counted.map(|_| Success::Full).map_err(|_| HResult::E_UNEXPECTED)
    }
}
