//! Interfaces as tables of functions, and the way from a function into an object.

use core::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use swarmline_jobs::{Guid, HResult, iid};

use super::object::Hold;
use super::{Answer, Argument, Class, RawGuid, Success};

/// A table of functions.
///
/// # Safety
/// The type is `repr(C)`, holds nothing but function pointers, and begins with [`Base`](Self::Base).
pub(crate) unsafe trait Interface: Sized + 'static {
    /// The interface whose slots come first; IUnknown is its own.
    type Base: Interface;
    /// Its id.
    const IID: Guid;
    /// Its published name.
    #[cfg(test)]
    const NAME: &'static str;
    /// The methods it adds to its base.
    #[cfg(test)]
    const METHODS: &'static [&'static str];

    /// Whether a pointer to this table also is a pointer to the interface with that id.
    fn answers(iid: Guid) -> bool;
}

/// Declares interfaces: for each a trait that objects implement, whose methods give `E_NOTIMPL` unless they are
/// implemented, and a table that leads there.
///
/// Parameters are what lies in registers, so each type is an [`Argument`] with the layout of the C type. Out parameters
/// are cleared, and required pointers looked at, before the method runs.
macro_rules! interfaces {
    ($(
        $(#[$doc:meta])*
        interface $name:ident ($table:ident) : $base:ident ($base_table:ident) = $iid:ident {
            $( fn $method:ident ( $( $argument:ident : $type:ty ),* $(,)? ); )*
        }
    )*) => { $(
        $(#[$doc])*
        #[allow(unused_variables, dead_code, reason = "slots without a use here have their place in the table")]
        pub(crate) trait $name: $base {
            $(
                #[allow(clippy::too_many_arguments, reason = "the interface is published")]
                fn $method(&self, $($argument: $type),*) -> $crate::abi::Answer {
                    Err(swarmline_jobs::HResult::E_NOTIMPL)
                }
            )*
        }

        #[repr(C)]
        #[allow(dead_code, reason = "as above")]
        pub(crate) struct $table {
            pub(crate) base: $base_table,
            $(
                pub(crate) $method:
                    unsafe extern "C-unwind" fn(this: *mut core::ffi::c_void, $($argument: $type),*) -> i32,
            )*
        }

        // SAFETY: `repr(C)`, the base first, and functions behind it.
        unsafe impl $crate::abi::Interface for $table {
            type Base = $base_table;
            const IID: swarmline_jobs::Guid = swarmline_jobs::iid::$iid;
            #[cfg(test)]
            const NAME: &'static str = stringify!($name);
            #[cfg(test)]
            const METHODS: &'static [&'static str] = &[$(stringify!($method)),*];

            fn answers(iid: swarmline_jobs::Guid) -> bool {
                iid == Self::IID || <$base_table as $crate::abi::Interface>::answers(iid)
            }
        }

        #[allow(dead_code, reason = "tables of what clients implement are only read")]
        impl $table {
            /// The table that leads from slot `SLOT` of an object into its methods.
            pub(crate) const fn of<T: $crate::abi::Class + $name, const SLOT: usize>() -> Self {
                $(
                    unsafe extern "C-unwind" fn $method<T: $crate::abi::Class + $name, const SLOT: usize>(
                        this: *mut core::ffi::c_void,
                        $($argument: $type),*
                    ) -> i32 {
                        let arguments: &[&dyn $crate::abi::Argument] = &[$(&$argument),*];
                        let body = |object: &T| <T as $name>::$method(object, $($argument),*);
                        // SAFETY: this function stands in tables of slot `SLOT` of `T` alone, so a client that calls it
                        // by the rules has such a pointer.
                        unsafe { $crate::abi::enter::<T, SLOT>(this, arguments, body) }
                    }
                )*
                Self { base: <$base_table>::of::<T, SLOT>(), $($method: $method::<T, SLOT>),* }
            }
        }
    )* };
}

/// What every object has; the runtime implements it.
pub(crate) trait IUnknown {}

impl<T: Class> IUnknown for T {}

/// The first three slots of every table.
#[repr(C)]
pub(crate) struct IUnknownVtbl {
    pub(crate) query_interface:
        unsafe extern "C-unwind" fn(*mut c_void, *const RawGuid, *mut *mut c_void) -> i32,
    pub(crate) add_ref: unsafe extern "C-unwind" fn(*mut c_void) -> u32,
    pub(crate) release: unsafe extern "C-unwind" fn(*mut c_void) -> u32,
}

// SAFETY: `repr(C)`, three functions, and the beginning of itself.
unsafe impl Interface for IUnknownVtbl {
    type Base = Self;
    const IID: Guid = iid::UNKNOWN;
    #[cfg(test)]
    const NAME: &'static str = "IUnknown";
    #[cfg(test)]
    const METHODS: &'static [&'static str] = &["query_interface", "add_ref", "release"];

    fn answers(iid: Guid) -> bool {
        iid == Self::IID
    }
}

impl IUnknownVtbl {
    /// These slots for slot `SLOT` of an object.
    pub(crate) const fn of<T: Class, const SLOT: usize>() -> Self {
        unsafe extern "C-unwind" fn query_interface<T: Class, const SLOT: usize>(
            this: *mut c_void,
            iid: *const RawGuid,
            found: *mut *mut c_void,
        ) -> i32 {
            if found.is_null() {
                return HResult::E_POINTER.to_i32();
            }
            // SAFETY: not NULL, so it leads to where an interface pointer goes.
            unsafe { found.write(std::ptr::null_mut()) };
            guarded(|| {
                let iid = super::reach::read(iid).ok_or(HResult::E_POINTER)?;
                // SAFETY: as for every function of this table, `this` is a pointer to slot `SLOT` of a `T`.
                let hold = unsafe { Hold::<T>::enter::<SLOT>(this) }.ok_or(HResult::CO_E_OBJNOTCONNECTED)?;
                let interface = hold.query(iid.into()).ok_or(HResult::E_NOINTERFACE)?;
                // SAFETY: as above.
                unsafe { found.write(interface) };
                Ok(Success::Full)
            })
        }
        unsafe extern "C-unwind" fn add_ref<T: Class, const SLOT: usize>(this: *mut c_void) -> u32 {
            // SAFETY: `this` is a pointer to slot `SLOT` of a `T`.
            unsafe { super::object::add_ref::<T, SLOT>(this) }
        }
        unsafe extern "C-unwind" fn release<T: Class, const SLOT: usize>(this: *mut c_void) -> u32 {
            let mut left = 0;
            guarded(|| {
                // SAFETY: as above.
                left = unsafe { super::object::release::<T, SLOT>(this) };
                Ok(Success::Full)
            });
            left
        }
        Self {
            query_interface: query_interface::<T, SLOT>,
            add_ref: add_ref::<T, SLOT>,
            release: release::<T, SLOT>,
        }
    }
}

/// Runs a method of an object: clears what it returns through pointers, refuses missing ones, and holds the object for as
/// long as it runs, so that it may be released by whoever the method calls.
///
/// # Safety
/// `this` is NULL or a pointer to slot `SLOT` of a `T`.
pub(crate) unsafe fn enter<T: Class, const SLOT: usize>(
    this: *mut c_void,
    arguments: &[&dyn Argument],
    body: impl FnOnce(&T) -> Answer,
) -> i32 {
    called(arguments, || {
        // SAFETY: as promised by the caller.
        let hold = unsafe { Hold::<T>::enter::<SLOT>(this) }.ok_or(HResult::CO_E_OBJNOTCONNECTED)?;
        body(hold.value())
    })
}

/// Runs a function: clears what it returns through pointers, and refuses missing ones.
pub(crate) fn called(arguments: &[&dyn Argument], body: impl FnOnce() -> Answer) -> i32 {
    for argument in arguments {
        argument.clear();
    }
    if arguments.iter().any(|argument| argument.is_missing()) {
        return HResult::E_INVALIDARG.to_i32();
    }
    guarded(body)
}

/// The code that a body answers; `E_UNEXPECTED` if it panics. Nothing else comes out of it.
pub(crate) fn guarded(body: impl FnOnce() -> Answer) -> i32 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(Success::Full)) => HResult::S_OK.to_i32(),
        Ok(Ok(Success::Short)) => HResult::S_FALSE.to_i32(),
        Ok(Err(code)) => code.to_i32(),
        Err(payload) => {
            // What was thrown may panic when it is dropped; what that throws is let lie.
            catch_unwind(AssertUnwindSafe(|| drop(payload))).unwrap_or_else(std::mem::forget);
            HResult::E_UNEXPECTED.to_i32()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_code_even_if_its_payload_panics_too() {
        struct Spiteful;
        impl Drop for Spiteful {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        assert_eq!(guarded(|| std::panic::panic_any(Spiteful)), HResult::E_UNEXPECTED.to_i32());
        assert_eq!(guarded(|| Ok(Success::Short)), 1);
    }
}
