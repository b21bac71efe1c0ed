//! The functions of the library: the way to a manager, and helpers for memory that changes hands.
//!
//! Their declarations, with what each does, stand in `include/swarmline_do.h`.

mod memory;

use swarmline_jobs::{Guid, HResult, clsid};

use crate::abi::{IUnknownVtbl, InGuid, OutAny, OutText, Pointer, Success, called, guarded, live_objects};
use crate::{objects, service};

/// Gives what `make` makes by the interface that is asked for.
fn give(
    iid: InGuid<'_>,
    object: OutAny<'_>,
    make: impl FnOnce() -> Result<Pointer<IUnknownVtbl>, HResult>,
) -> i32 {
    called(&[&iid, &object], || {
        let iid: Guid = iid.read()?;
        object.put(&make()?, iid)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn SwarmlineCreateManager(iid: InGuid<'_>, manager: OutAny<'_>) -> i32 {
    give(iid, manager, || Ok(objects::manager(service::current()?)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn SwarmlineGetServiceError(text: OutText<'_>) -> i32 {
    called(&[&text], || match service::failure() {
        Some(failure) => text.put(&failure),
        None => Ok(Success::Short),
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn DllGetClassObject(class: InGuid<'_>, iid: InGuid<'_>, factory: OutAny<'_>) -> i32 {
    give(iid, factory, || match class.read()? {
        clsid::DELIVERY_OPTIMIZATION => Ok(objects::factory()),
        _ => Err(HResult::CLASS_E_CLASSNOTAVAILABLE),
    })
}

#[unsafe(no_mangle)]
extern "C" fn DllCanUnloadNow() -> i32 {
    let in_use = live_objects() > 0 || objects::is_locked() || service::is_running();
    guarded(|| Ok(if in_use { Success::Short } else { Success::Full }))
}
