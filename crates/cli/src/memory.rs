//! How much freed memory the allocator keeps for the next use.
//!
//! A transfer takes and gives back buffers of up to 1 MiB thousands of times a second. Left to itself, the allocator of
//! the GNU system returns them to the kernel and gets them again page by page, which costs more than what is done with
//! the bytes. Other allocators need no such word.

/// Keeps up to [`KEPT`] of what was freed, also of large buffers. To be called before there are threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "the allocator has no other door")]
pub(crate) fn keep() {
    let settings = [(libc::M_TRIM_THRESHOLD, KEPT), (libc::M_MMAP_THRESHOLD, LARGE)];
    for (which, bytes) in settings {
        // SAFETY: it takes two numbers and no pointer; one it does not like it refuses.
        if unsafe { libc::mallopt(which, bytes) } == 0 {
            tracing::debug!(which, bytes, "the allocator keeps as much memory as it likes");
        }
    }
}

/// Nothing to say.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep() {}

/// Freed memory at the end of a heap that stays: 16 MiB.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: libc::c_int = 16 << 20;
/// Buffers from this size on come from the kernel and go back to it: 4 MiB.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 4 << 20;
