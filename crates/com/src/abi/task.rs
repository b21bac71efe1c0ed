//! Memory that changes hands: whoever receives it frees it.
//!
//! It is `malloc`'s. A client that frees with a helper of the same name from somewhere else, or with `free`, does no harm.

use core::ffi::c_void;

/// So many bytes, NULL where there are none to be had.
pub(crate) fn task_alloc(size: usize) -> *mut c_void {
    // SAFETY: any size may be asked for. One byte at least, since NULL means failure here.
    unsafe { libc::malloc(size.max(1)) }
}

/// The same bytes with room for `size`, NULL where there is none; then the old ones stay.
///
/// # Safety
/// `memory` is NULL or came from here and was not freed.
pub(crate) unsafe fn task_realloc(memory: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: as promised by the caller.
    unsafe { libc::realloc(memory, size.max(1)) }
}

/// Frees it. NULL is nothing.
///
/// # Safety
/// As for [`task_realloc`].
pub(crate) unsafe fn task_free(memory: *mut c_void) {
    // SAFETY: as promised by the caller.
    unsafe { libc::free(memory) }
}

/// A copy of these values in task memory, NULL where there is none.
pub(super) fn task_copy<T: super::Plain>(values: &[T]) -> *mut T {
    let memory = task_alloc(size_of_val(values)).cast::<T>();
    if !memory.is_null() {
        // SAFETY: `memory` has room for all of them, is fresh, and malloc aligns for every basic type.
        unsafe { memory.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
    }
    memory
}
