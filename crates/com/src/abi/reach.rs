//! Whether memory that a client names is there to be read.
//!
//! A text without an end, or an array shorter than its count, runs into memory that may not be read. The kernel is asked
//! at each page that is entered, so such a call fails instead of ending the process. What another thread takes away
//! between question and read is not covered; nothing could.

use std::mem::MaybeUninit;

/// The smallest page there is; larger ones are multiples of it.
pub(super) const PAGE: usize = 4096;

/// A type of which every pattern of bits is a value.
///
/// # Safety
/// No bit pattern may be invalid, all zeroes in particular, and it owns nothing.
pub(crate) unsafe trait Plain: Copy + 'static {}

macro_rules! plain {
    ($($name:ty),* $(,)?) => {
        // SAFETY: numbers, raw pointers, and structs of nothing else.
        $( unsafe impl Plain for $name {} )*
    };
}

plain!(u8, u16, u32, u64, i32, *mut u8, *mut u16, *mut core::ffi::c_void, super::RawGuid);

/// Whether the byte at this address can be read.
pub(super) fn is_readable(address: usize) -> bool {
    let mut byte = MaybeUninit::<u8>::uninit();
    let local = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    let remote = libc::iovec { iov_base: std::ptr::without_provenance_mut(address), iov_len: 1 };
    // SAFETY: the kernel writes one byte into `byte`, and answers EFAULT where `address` leads nowhere.
    let read =
        unsafe { libc::process_vm_readv(libc::getpid(), &raw const local, 1, &raw const remote, 1, 0) };
    // Where a sandbox forbids the question, the memory is taken on trust, as every C function does.
    read == 1 || std::io::Error::last_os_error().raw_os_error() != Some(libc::EFAULT)
}

/// Whether all of these bytes can be read. `false` for NULL.
pub(super) fn is_readable_span(address: usize, len: usize) -> bool {
    let Some(last) = address.checked_add(len.saturating_sub(1)) else { return false };
    address != 0 && (address / PAGE..=last / PAGE).all(|page| is_readable(address.max(page * PAGE)))
}

/// The value behind a pointer, `None` where nothing can be read.
pub(super) fn read<T: Plain>(pointer: *const T) -> Option<T> {
    // SAFETY: the span was just found readable, and every pattern of bits is a `T`.
    is_readable_span(pointer.addr(), size_of::<T>()).then(|| unsafe { pointer.read_unaligned() })
}

/// So many values from a pointer on, `None` where not all of them can be read. The caller has bounded `count`.
pub(crate) fn read_many<T: Plain>(pointer: *const T, count: usize) -> Option<Vec<T>> {
    let len = count.checked_mul(size_of::<T>())?;
    if count == 0 {
        return Some(Vec::new());
    }
    let values = |index| {
        // SAFETY: the whole span is readable, and every pattern of bits is a `T`.
        unsafe { pointer.add(index).read_unaligned() }
    };
    is_readable_span(pointer.addr(), len).then(|| (0..count).map(values).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One page that can be read, and behind it one that cannot.
    pub(crate) struct Guarded(*mut u8);

    impl Guarded {
        pub(crate) fn new() -> Self {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            // SAFETY: a fresh mapping of two pages, of which the second is closed; both calls are checked.
            unsafe {
                let start = libc::mmap(
                    std::ptr::null_mut(),
                    2 * PAGE,
                    libc::PROT_READ | libc::PROT_WRITE,
                    flags,
                    -1,
                    0,
                );
                assert_ne!(start, libc::MAP_FAILED);
                assert_eq!(libc::mprotect(start.byte_add(PAGE), PAGE, libc::PROT_NONE), 0);
                Self(start.cast())
            }
        }

        /// These bytes, so that the last one is the last that can be read.
        pub(crate) fn ending_with(&self, bytes: &[u8]) -> *mut u8 {
            assert!(bytes.len() <= PAGE);
            // SAFETY: inside the first page.
            unsafe {
                let at = self.0.add(PAGE - bytes.len());
                at.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
                at
            }
        }
    }

    impl Drop for Guarded {
        fn drop(&mut self) {
            // SAFETY: the mapping that `new` made.
            unsafe { libc::munmap(self.0.cast(), 2 * PAGE) };
        }
    }

    #[test]
    fn memory_is_readable_up_to_the_closed_page_and_not_beyond() {
        let pages = Guarded::new();
        let at = pages.ending_with(&[1, 2, 3, 4]);
        assert_eq!(read(at.cast::<u32>()), Some(u32::from_ne_bytes([1, 2, 3, 4])));
        assert_eq!(read(at.wrapping_add(1).cast::<u32>()), None);
        assert_eq!(read_many(at, 4), Some(vec![1, 2, 3, 4]));
        assert_eq!(read_many(at, 5), None);
        assert_eq!(read_many::<u8>(std::ptr::null(), 1), None);
        assert_eq!(read_many::<u64>(at.cast(), usize::MAX / 2), None);
        assert_eq!(read_many::<u8>(std::ptr::without_provenance(usize::MAX), 2), None);
    }
}
