//! Arrays of bytes that know their length: the one kind of SAFEARRAY that this API uses.

use core::ffi::c_void;

use swarmline_jobs::HResult;

use super::reach::{self, Plain};
use super::task::{task_alloc, task_copy, task_free};

/// No array holds more bytes.
pub(crate) const ARRAY_BYTES_MAX: usize = 1 << 20;

/// The descriptor of an array with one dimension.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct SafeArray {
    dimensions: u16,
    features: u16,
    element_size: u32,
    locks: u32,
    data: *mut c_void,
    count: u32,
    lower_bound: i32,
}

const _: () = assert!(size_of::<SafeArray>() == 32 && std::mem::offset_of!(SafeArray, data) == 16);

// SAFETY: numbers and a raw pointer.
unsafe impl Plain for SafeArray {}

/// An array of so many zero bytes; NULL for more than [`ARRAY_BYTES_MAX`], or where there is no memory.
pub(crate) fn array_create(lower_bound: i32, count: u32) -> *mut SafeArray {
    if count as usize > ARRAY_BYTES_MAX {
        return std::ptr::null_mut();
    }
    array_from_bytes(lower_bound, &vec![0; count as usize])
}

/// An array of these bytes; NULL as above.
pub(super) fn array_from_bytes(lower_bound: i32, bytes: &[u8]) -> *mut SafeArray {
    let Some(count) = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= ARRAY_BYTES_MAX) else {
        return std::ptr::null_mut();
    };
    let data = task_copy(bytes).cast::<c_void>();
    let array = task_alloc(size_of::<SafeArray>()).cast::<SafeArray>();
    if data.is_null() || array.is_null() {
        // SAFETY: each is NULL or was allocated above.
        unsafe {
            task_free(data);
            task_free(array.cast());
        }
        return std::ptr::null_mut();
    }
    let descriptor =
        SafeArray { dimensions: 1, features: 0, element_size: 1, locks: 0, data, count, lower_bound };
    // SAFETY: fresh, large enough and aligned by malloc.
    unsafe { array.write(descriptor) };
    array
}

/// Its bytes.
///
/// # Errors
/// `E_INVALIDARG` for anything but one dimension of at most [`ARRAY_BYTES_MAX`] bytes that can all be read.
pub(super) fn array_bytes(array: *const SafeArray) -> Result<Vec<u8>, HResult> {
    let descriptor = reach::read(array).ok_or(HResult::E_INVALIDARG)?;
    let is_bytes = descriptor.dimensions == 1 && descriptor.element_size == 1;
    if !is_bytes || descriptor.count as usize > ARRAY_BYTES_MAX {
        return Err(HResult::E_INVALIDARG);
    }
    reach::read_many(descriptor.data.cast::<u8>(), descriptor.count as usize).ok_or(HResult::E_INVALIDARG)
}

/// `DISP_E_ARRAYISLOCKED`: somebody is at its data.
const LOCKED: HResult = HResult::from_u32(0x8002_000D);

/// Frees it. NULL is nothing.
///
/// # Errors
/// `DISP_E_ARRAYISLOCKED` while its data is in use.
///
/// # Safety
/// `array` is NULL or came from here and was not freed.
pub(crate) unsafe fn array_destroy(array: *mut SafeArray) -> Result<(), HResult> {
    if array.is_null() {
        return Ok(());
    }
    // SAFETY: it is an array that was made here; it goes once.
    unsafe {
        if (*array).locks > 0 {
            return Err(LOCKED);
        }
        task_free((*array).data);
        task_free(array.cast());
    }
    Ok(())
}

/// Where its bytes are, until [`array_unlock`].
///
/// # Errors
/// `E_UNEXPECTED` when it is in use as often as can be counted.
///
/// # Safety
/// `array` came from here and was not freed.
pub(crate) unsafe fn array_lock(array: *mut SafeArray) -> Result<*mut c_void, HResult> {
    // SAFETY: as promised.
    unsafe {
        (*array).locks = (*array).locks.checked_add(1).ok_or(HResult::E_UNEXPECTED)?;
        Ok((*array).data)
    }
}

/// The end of one [`array_lock`].
///
/// # Errors
/// `E_UNEXPECTED` without one.
///
/// # Safety
/// As for [`array_lock`].
pub(crate) unsafe fn array_unlock(array: *mut SafeArray) -> Result<(), HResult> {
    // SAFETY: as promised.
    unsafe {
        (*array).locks = (*array).locks.checked_sub(1).ok_or(HResult::E_UNEXPECTED)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_in_use_is_not_freed() {
        let array = array_from_bytes(0, &[1, 2]);
        assert_eq!(array_bytes(array), Ok(vec![1, 2]));
        // SAFETY: it was made above and is freed at the end.
        unsafe {
            array_lock(array).expect("not in use");
            assert_eq!(array_destroy(array), Err(LOCKED));
            array_unlock(array).expect("in use");
            assert_eq!(array_unlock(array), Err(HResult::E_UNEXPECTED));
            assert_eq!(array_destroy(array), Ok(()));
        }
    }

    #[test]
    fn what_is_not_an_array_of_bytes_is_refused() {
        let good = SafeArray {
            dimensions: 1,
            features: 0,
            element_size: 1,
            locks: 0,
            data: [7u8].as_ptr().cast_mut().cast(),
            count: 1,
            lower_bound: 0,
        };
        assert_eq!(array_bytes(&raw const good), Ok(vec![7]));
        let too_many = u32::try_from(ARRAY_BYTES_MAX).expect("small") + 1;
        for bad in [
            SafeArray { dimensions: 2, ..good },
            SafeArray { dimensions: 0, ..good },
            SafeArray { element_size: 2, ..good },
            SafeArray { count: too_many, ..good },
            SafeArray { data: std::ptr::null_mut(), ..good },
        ] {
            assert_eq!(array_bytes(&raw const bad), Err(HResult::E_INVALIDARG), "{bad:?}");
        }
        assert_eq!(array_bytes(std::ptr::null()), Err(HResult::E_INVALIDARG));
        assert!(array_create(0, too_many).is_null());
    }
}
