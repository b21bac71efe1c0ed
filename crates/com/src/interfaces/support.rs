//! Interfaces that the others use: class factory, enumerator of objects, streams.

use core::ffi::c_void;

use crate::abi::{IUnknown, IUnknownVtbl, InGuid, InObject, OutAny, OutElements, OutInterface, OutWhenAsked};

interfaces! {
    /// Makes objects of a class.
    interface IClassFactory (IClassFactoryVtbl) : IUnknown (IUnknownVtbl) = CLASS_FACTORY {
        fn create_instance(outer: InObject<'_>, iid: InGuid<'_>, object: OutAny<'_>);
        fn lock_server(lock: i32);
    }

    /// A list of objects.
    interface IEnumUnknown (IEnumUnknownVtbl) : IUnknown (IUnknownVtbl) = ENUM_UNKNOWN {
        fn next(count: u32, elements: OutElements<'_, IUnknownVtbl>, fetched: OutWhenAsked<'_, u32>);
        fn skip(count: u32);
        fn reset();
        fn clone(copy: OutInterface<'_, IEnumUnknownVtbl>);
    }

    /// Bytes in order; the client's.
    interface ISequentialStream (ISequentialStreamVtbl) : IUnknown (IUnknownVtbl) = SEQUENTIAL_STREAM {
        fn read(bytes: *mut c_void, count: u32, read: *mut u32);
        fn write(bytes: *const c_void, count: u32, written: *mut u32);
    }

    /// A stream; the client's. Only what its base has is called.
    interface IStream (IStreamVtbl) : ISequentialStream (ISequentialStreamVtbl) = STREAM {
        fn seek(by: u64, origin: u32, position: *mut c_void);
        fn set_size(size: u64);
        fn copy_to(target: *mut c_void, count: u64, read: *mut c_void, written: *mut c_void);
        fn commit(flags: u32);
        fn revert();
        fn lock_region(offset: u64, count: u64, kind: u32);
        fn unlock_region(offset: u64, count: u64, kind: u32);
        fn stat(stat: *mut c_void, flags: u32);
        fn clone(copy: *mut c_void);
    }
}
