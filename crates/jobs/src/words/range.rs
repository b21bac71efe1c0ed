//! Byte ranges of a file as callers give them.

use serde::{Deserialize, Serialize};

use super::HResult;

/// A length that means: up to the end of the file.
pub const TO_END: u64 = u64::MAX;

/// A range of bytes that a caller wants. Checked by [`check_ranges`]; against the file as soon as its size is known.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FileRange {
    /// First byte, counted from 0.
    pub offset: u64,
    /// Bytes; never 0. [`TO_END`] for all that follow.
    pub length: u64,
}

impl FileRange {
    /// The byte behind the last one, in a file of that size. `None` when the range reaches past the end, or is empty.
    pub fn end_in(self, size: u64) -> Option<u64> {
        let end = if self.length == TO_END { size } else { self.offset.checked_add(self.length)? };
        (self.offset < end && end <= size).then_some(end)
    }

    /// How many bytes it has in a file of that size.
    ///
    /// # Errors
    /// `DO_E_INVALID_RANGE` when it reaches past the end.
    pub fn length_in(self, size: u64) -> Result<u64, HResult> {
        self.end_in(size).map(|end| end - self.offset).ok_or(HResult::DO_E_INVALID_RANGE)
    }

    fn end(self) -> Option<u64> {
        if self.length == TO_END { Some(TO_END) } else { self.offset.checked_add(self.length) }
    }
}

/// Checks ranges that come from outside. They need not be in order, and keep the order in which they were given.
///
/// # Errors
/// `DO_E_INVALID_RANGE` for one that is empty, starts at the marker for "the end", or ends past what 64 bits count;
/// `DO_E_OVERLAPPING_RANGES` when two share a byte.
pub fn check_ranges(ranges: &[FileRange]) -> Result<(), HResult> {
    let mut sorted = Vec::with_capacity(ranges.len());
    for range in ranges {
        let end = range.end().filter(|_| range.offset != TO_END && range.length != 0);
        sorted.push((range.offset, end.ok_or(HResult::DO_E_INVALID_RANGE)?));
    }
    sorted.sort_by_key(|(offset, _)| *offset);
    match sorted.is_sorted_by(|(_, end), (next, _)| end <= next) {
        true => Ok(()),
        false => Err(HResult::DO_E_OVERLAPPING_RANGES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(ranges: &[(u64, u64)]) -> Result<(), HResult> {
        check_ranges(
            &ranges
                .iter()
                .map(|(offset, length)| FileRange { offset: *offset, length: *length })
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn ranges_may_touch_but_not_overlap_in_any_order() {
        assert_eq!(checked(&[]), Ok(()));
        assert_eq!(checked(&[(100, 5), (0, 100), (105, TO_END)]), Ok(()));
        for overlapping in
            [&[(0, 10), (9, 1)][..], &[(5, 5), (5, 5)], &[(20, 1), (0, TO_END)], &[(9, 1), (0, 10)]]
        {
            assert_eq!(checked(overlapping), Err(HResult::DO_E_OVERLAPPING_RANGES), "{overlapping:?}");
        }
    }

    #[test]
    fn a_range_is_not_empty_and_ends_within_64_bits() {
        for bad in [(0, 0), (TO_END, 1), (TO_END, TO_END), (2, u64::MAX - 1)] {
            assert_eq!(checked(&[bad]), Err(HResult::DO_E_INVALID_RANGE), "{bad:?}");
        }
    }

    #[test]
    fn a_range_ends_inside_its_file() {
        let length = |offset, length, size| FileRange { offset, length }.length_in(size);
        assert_eq!(length(2, 3, 5), Ok(3));
        assert_eq!(length(2, TO_END, 5), Ok(3));
        assert_eq!(length(2, 4, 5), Err(HResult::DO_E_INVALID_RANGE));
        assert_eq!(length(5, TO_END, 5), Err(HResult::DO_E_INVALID_RANGE));
    }
}
