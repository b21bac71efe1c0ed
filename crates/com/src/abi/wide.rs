//! Texts of UTF-16 that end in a zero unit.

use swarmline_jobs::HResult;

use super::reach::{PAGE, is_readable};
use super::task::task_copy;

/// No text is longer, in units without the zero. What a text is for may bound it closer.
pub(crate) const WIDE_UNITS_MAX: usize = 1 << 16;

/// The text at a pointer.
///
/// # Errors
/// `E_INVALIDARG` for NULL, a pointer that leads nowhere, a text without end, and units that are no UTF-16.
pub(super) fn read_wide(pointer: *const u16, units_max: usize) -> Result<String, HResult> {
    read_units(pointer, units_max).and_then(|units| decode(&units))
}

/// Its units, without the zero; they need not be UTF-16.
///
/// # Errors
/// As [`read_wide`].
pub(crate) fn read_units(pointer: *const u16, units_max: usize) -> Result<Vec<u16>, HResult> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(HResult::E_INVALIDARG);
    }
    let mut units = Vec::new();
    for index in 0..=units_max {
        let at = pointer.wrapping_add(index);
        let enters_page = index == 0 || at.addr().is_multiple_of(PAGE);
        if enters_page && !is_readable(at.addr()) {
            return Err(HResult::E_INVALIDARG);
        }
        // SAFETY: aligned, so it does not cross pages, and its page was found readable.
        match unsafe { at.read() } {
            0 => return Ok(units),
            unit => units.push(unit),
        }
    }
    Err(HResult::E_INVALIDARG)
}

/// # Errors
/// `E_INVALIDARG` for lone surrogates.
pub(super) fn decode(units: &[u16]) -> Result<String, HResult> {
    String::from_utf16(units).map_err(|_| HResult::E_INVALIDARG)
}

/// A copy in task memory, with its zero.
///
/// # Errors
/// `E_OUTOFMEMORY`.
pub(crate) fn task_text(text: &str) -> Result<*mut u16, HResult> {
    let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
    let memory = task_copy(&units);
    if memory.is_null() { Err(HResult::E_OUTOFMEMORY) } else { Ok(memory) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reach::tests::Guarded;
    use super::super::task::task_free;
    use super::*;

    const INVALID: Result<String, HResult> = Err(HResult::E_INVALIDARG);

    fn bytes_of(units: &[u16]) -> Vec<u8> {
        units.iter().flat_map(|unit| unit.to_ne_bytes()).collect()
    }

    #[test]
    fn a_text_is_as_long_as_its_bound_and_no_longer() {
        let units = [97, 98, 99, 0];
        assert_eq!(read_wide(units.as_ptr(), 3), Ok("abc".to_owned()));
        assert_eq!(read_wide(units.as_ptr(), 2), INVALID);
        assert_eq!(read_wide([0].as_ptr(), 0), Ok(String::new()));
    }

    #[test]
    fn null_odd_addresses_and_addresses_that_lead_nowhere_are_no_texts() {
        assert_eq!(read_wide(std::ptr::null(), 9), INVALID);
        assert_eq!(read_wide(std::ptr::without_provenance(16), 9), INVALID);
        assert_eq!(read_wide([0u16; 2].as_ptr().wrapping_byte_add(1), 1), INVALID);
    }

    #[test]
    fn a_text_without_end_stops_before_the_closed_page() {
        let pages = Guarded::new();
        assert_eq!(read_wide(pages.ending_with(&bytes_of(&[97; 5])).cast(), WIDE_UNITS_MAX), INVALID);
        let ends = pages.ending_with(&bytes_of(&[97, 0]));
        assert_eq!(read_wide(ends.cast(), WIDE_UNITS_MAX), Ok("a".to_owned()));
    }

    #[test]
    fn lone_surrogates_are_no_text() {
        for units in [[0xD83D, 0, 0], [0xDC00, 0, 0], [0xD83D, 97, 0]] {
            assert_eq!(read_wide(units.as_ptr(), 9), INVALID);
        }
        assert_eq!(read_wide([0xD83D, 0xDE00, 0].as_ptr(), 9), Ok("😀".to_owned()));
    }

    proptest! {
        #[test]
        fn a_text_that_was_given_out_reads_as_it_was(text in "[^\\x00]{0,200}") {
            let memory = task_text(&text).expect("memory");
            prop_assert_eq!(read_wide(memory, WIDE_UNITS_MAX), Ok(text));
            // SAFETY: it came from task memory just now.
            unsafe { task_free(memory.cast()) };
        }
    }
}
