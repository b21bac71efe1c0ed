//! Texts with a length: UTF-16 units, a zero behind them, the number of bytes in the four bytes before them.

use core::ffi::c_void;

use swarmline_jobs::HResult;

use super::reach;
use super::task::{task_alloc, task_free};
use super::wide::{WIDE_UNITS_MAX, decode};

/// Bytes before the text.
const PREFIX: usize = size_of::<u32>();

/// A copy of these units; NULL where there is no memory, or for more than [`WIDE_UNITS_MAX`].
pub(crate) fn bstr_from_units(units: &[u16]) -> *mut u16 {
    if units.len() > WIDE_UNITS_MAX {
        return std::ptr::null_mut();
    }
    let len = size_of_val(units);
    let block = task_alloc(PREFIX + len + size_of::<u16>());
    if block.is_null() {
        return std::ptr::null_mut();
    }
    let len_bytes = u32::try_from(len).expect("the number of units is bounded");
    // SAFETY: the block has room for prefix, units and zero, and is aligned for all of them.
    unsafe {
        block.cast::<u32>().write(len_bytes);
        let text = block.byte_add(PREFIX).cast::<u16>();
        text.copy_from_nonoverlapping(units.as_ptr(), units.len());
        text.add(units.len()).write(0);
        text
    }
}

/// A copy of this text.
///
/// # Errors
/// `E_OUTOFMEMORY`, also for a text that is too long.
pub(super) fn bstr_from_text(text: &str) -> Result<*mut u16, HResult> {
    let bstr = bstr_from_units(&text.encode_utf16().collect::<Vec<u16>>());
    if bstr.is_null() { Err(HResult::E_OUTOFMEMORY) } else { Ok(bstr) }
}

/// Its length in bytes, 0 for NULL.
///
/// # Errors
/// `E_INVALIDARG` where there is no BSTR.
pub(crate) fn bstr_len_bytes(bstr: *const u16) -> Result<u32, HResult> {
    if bstr.is_null() {
        return Ok(0);
    }
    reach::read(bstr.wrapping_byte_sub(PREFIX).cast::<u32>()).ok_or(HResult::E_INVALIDARG)
}

/// Its units, none for NULL.
///
/// # Errors
/// `E_INVALIDARG` for a length that is odd, over [`WIDE_UNITS_MAX`], or more than can be read.
pub(crate) fn bstr_units(bstr: *const u16) -> Result<Vec<u16>, HResult> {
    let len = bstr_len_bytes(bstr)? as usize;
    if !len.is_multiple_of(size_of::<u16>()) || len / size_of::<u16>() > WIDE_UNITS_MAX {
        return Err(HResult::E_INVALIDARG);
    }
    reach::read_many(bstr, len / size_of::<u16>()).ok_or(HResult::E_INVALIDARG)
}

/// Its text.
///
/// # Errors
/// `E_INVALIDARG` for units that are no UTF-16, and for a zero inside, behind which half of all readers would not look.
pub(super) fn bstr_text(bstr: *const u16) -> Result<String, HResult> {
    let units = bstr_units(bstr)?;
    if units.contains(&0) { Err(HResult::E_INVALIDARG) } else { decode(&units) }
}

/// Frees it. NULL is nothing.
///
/// # Safety
/// `bstr` is NULL or came from here and was not freed.
pub(crate) unsafe fn bstr_release(bstr: *mut u16) {
    if !bstr.is_null() {
        // SAFETY: the block begins at the prefix.
        unsafe { task_free(bstr.byte_sub(PREFIX).cast::<c_void>()) };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reach::tests::Guarded;
    use super::*;

    #[test]
    fn the_length_counts_bytes_and_the_zero_is_behind_it() {
        let bstr = bstr_from_units(&[97, 98]);
        assert_eq!(bstr_len_bytes(bstr), Ok(4));
        // SAFETY: two units and a zero, as just made; then it is freed once.
        unsafe {
            assert_eq!(bstr.add(2).read(), 0);
            bstr_release(bstr);
        }
        assert_eq!(bstr_text(std::ptr::null()), Ok(String::new()));
    }

    #[test]
    fn a_length_that_is_not_true_is_refused() {
        let pages = Guarded::new();
        let with_len = |len: u32, units: &[u16]| {
            let mut bytes = len.to_ne_bytes().to_vec();
            bytes.extend(units.iter().flat_map(|unit| unit.to_ne_bytes()));
            bstr_text(pages.ending_with(&bytes).wrapping_add(PREFIX).cast())
        };
        assert_eq!(with_len(4, &[97, 98]), Ok("ab".to_owned()));
        for len in [3, 6, u32::MAX, 2 * (u32::try_from(WIDE_UNITS_MAX).expect("small") + 1)] {
            assert_eq!(with_len(len, &[97, 98]), Err(HResult::E_INVALIDARG), "{len}");
        }
        assert_eq!(with_len(4, &[97, 0]), Err(HResult::E_INVALIDARG));
    }

    #[test]
    fn a_text_over_the_bound_is_not_made() {
        assert!(bstr_from_units(&vec![97; WIDE_UNITS_MAX + 1]).is_null());
    }

    proptest! {
        #[test]
        fn whatever_the_units_are_it_is_their_text_or_refused(units in proptest::collection::vec(any::<u16>(), 0..50)) {
            let bstr = bstr_from_units(&units);
            let expected = match String::from_utf16(&units) {
                Ok(text) if !units.contains(&0) => Ok(text),
                _ => Err(HResult::E_INVALIDARG),
            };
            prop_assert_eq!(bstr_text(bstr), expected);
            // SAFETY: made above, freed once.
            unsafe { bstr_release(bstr) };
        }
    }
}
