//! Helpers for task memory, BSTR, VARIANT and SAFEARRAY.
//!
//! All names begin with our own. Under their plain names the header defines them, weak and hidden, in programs that ask
//! for that. The library itself must not have them: the loader lets the first library that has a name answer for all of
//! the process, weak or not, so another runtime's own calls would come here.

use core::ffi::c_void;

use swarmline_jobs::HResult;

use crate::abi::{
    SafeArray, Success, Variant, WIDE_UNITS_MAX, array_create, array_destroy, array_lock, array_unlock,
    bstr_from_units, bstr_len_bytes, bstr_release, guarded, read_many, read_units, task_alloc, task_free,
    task_realloc, variant_clear, variant_copy,
};

/// `VT_UI1`, the one type of elements that arrays here have.
const VT_UI1: u16 = 17;

/// Exports functions by these names.
macro_rules! exports {
    ($(
        $exported:literal
        fn $name:ident ( $( $argument:ident : $type:ty ),* ) $( -> $result:ty )? $body:block
    )*) => { $(
        #[unsafe(export_name = $exported)]
        unsafe extern "C" fn $name($($argument: $type),*) $(-> $result)? $body
    )* };
}

/// The code of a helper that gives nothing back.
fn code(body: impl FnOnce() -> Result<(), HResult>) -> i32 {
    guarded(|| body().map(|()| Success::Full))
}

exports! {
    "swarmline_CoTaskMemAlloc"
    fn alloc(size: usize) -> *mut c_void {
        task_alloc(size)
    }

    "swarmline_CoTaskMemRealloc"
    fn realloc(memory: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: the caller hands in task memory.
        unsafe { task_realloc(memory, size) }
    }

    "swarmline_CoTaskMemFree"
    fn free(memory: *mut c_void) {
        // SAFETY: as above.
        unsafe { task_free(memory) }
    }

    "swarmline_SysAllocString"
    fn alloc_string(text: *const u16) -> *mut u16 {
        read_units(text, WIDE_UNITS_MAX).map_or(std::ptr::null_mut(), |units| bstr_from_units(&units))
    }

    "swarmline_SysAllocStringLen"
    fn alloc_string_len(units: *const u16, count: u32) -> *mut u16 {
        let count = count as usize;
        if count > WIDE_UNITS_MAX {
            return std::ptr::null_mut();
        }
        let copied = if units.is_null() { Some(vec![0; count]) } else { read_many(units, count) };
        copied.map_or(std::ptr::null_mut(), |units| bstr_from_units(&units))
    }

    "swarmline_SysStringLen"
    fn string_len(text: *const u16) -> u32 {
        bstr_len_bytes(text).unwrap_or(0) / 2
    }

    "swarmline_SysStringByteLen"
    fn string_byte_len(text: *const u16) -> u32 {
        bstr_len_bytes(text).unwrap_or(0)
    }

    "swarmline_SysFreeString"
    fn free_string(text: *mut u16) {
        // SAFETY: the caller hands in a BSTR.
        unsafe { bstr_release(text) }
    }

    "swarmline_VariantInit"
    fn init(value: *mut Variant) {
        if !value.is_null() {
            // SAFETY: not NULL, so it leads to room for a VARIANT.
            unsafe { value.write(Variant::EMPTY) }
        }
    }

    "swarmline_VariantClear"
    fn clear(value: *mut Variant) -> i32 {
        if value.is_null() {
            return HResult::E_INVALIDARG.to_i32();
        }
        // SAFETY: the caller hands in a VARIANT of his own.
        code(|| unsafe { variant_clear(value) })
    }

    "swarmline_VariantCopy"
    fn copy(to: *mut Variant, from: *const Variant) -> i32 {
        if to.is_null() || from.is_null() {
            return HResult::E_INVALIDARG.to_i32();
        }
        // SAFETY: as above, for both.
        code(|| unsafe { variant_copy(to, from) })
    }

    "swarmline_SafeArrayCreateVector"
    fn create_vector(kind: u16, lower_bound: i32, count: u32) -> *mut SafeArray {
        if kind == VT_UI1 { array_create(lower_bound, count) } else { std::ptr::null_mut() }
    }

    "swarmline_SafeArrayDestroy"
    fn destroy(array: *mut SafeArray) -> i32 {
        // SAFETY: the caller hands in an array of his own.
        code(|| unsafe { array_destroy(array) })
    }

    "swarmline_SafeArrayAccessData"
    fn access_data(array: *mut SafeArray, data: *mut *mut c_void) -> i32 {
        if array.is_null() || data.is_null() {
            return HResult::E_INVALIDARG.to_i32();
        }
        code(|| {
            // SAFETY: as above, and `data` leads to room for a pointer.
            unsafe { data.write(array_lock(array)?) };
            Ok(())
        })
    }

    "swarmline_SafeArrayUnaccessData"
    fn unaccess_data(array: *mut SafeArray) -> i32 {
        if array.is_null() {
            return HResult::E_INVALIDARG.to_i32();
        }
        // SAFETY: as above.
        code(|| unsafe { array_unlock(array) })
    }
}
