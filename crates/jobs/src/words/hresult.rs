//! Result codes: one 32-bit word that says how a call went.

mod codes;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use codes::{Code, Usage};

/// Base of the codes that carry an error number of the system: `0xC0D00000 | errno`.
pub const ERRNO_BASE: u32 = 0xC0D0_0000;

/// Base of the codes that carry an HTTP status.
const HTTP_BASE: u32 = 0x8019_0000;

/// The result of a call, as a number that both faces and the binary interface share.
///
/// In this crate a call that succeeds returns `Ok`, so a value of this type in `Err` is a failure. What a client answers
/// to a callback is one of these as well, [`S_OK`](Self::S_OK) or not.
///
/// ```
/// use swarmline_jobs::HResult;
///
/// assert_eq!(HResult::DO_E_INVALID_STATE.to_string(), "DO_E_INVALID_STATE (0x80D02013)");
/// assert_eq!(HResult::from_http_status(404).to_string(), "HTTP_E_STATUS_404 (0x80190194)");
/// assert_eq!(HResult::from_errno(28).to_string(), "errno 28 (0xC0D0001C)");
/// ```
#[derive(Clone, Copy, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct HResult(u32);

impl HResult {
    /// The code with this value.
    pub const fn from_u32(value: u32) -> Self {
        Self(value)
    }

    /// The code with this value, as the binary interface has it.
    pub const fn from_i32(value: i32) -> Self {
        Self(value.cast_unsigned())
    }

    /// Its value.
    pub const fn to_u32(self) -> u32 {
        self.0
    }

    /// Its value, negative for a failure.
    pub const fn to_i32(self) -> i32 {
        self.0.cast_signed()
    }

    /// Whether it says that something failed.
    pub const fn is_failure(self) -> bool {
        self.to_i32() < 0
    }

    /// A code of the family that a condition outside the job causes and lifts.
    pub const fn is_transient_zone(self) -> bool {
        self.0 >> 16 == 0x80D0 && self.0 & 0xF800 == 0x3800
    }

    /// What stands for an error number of the system.
    pub const fn from_errno(errno: u16) -> Self {
        Self(ERRNO_BASE | errno as u32)
    }

    /// The error number of the system that this code stands for.
    pub const fn errno(self) -> Option<u16> {
        if self.0 & 0xFFFF_0000 == ERRNO_BASE {
            #[expect(clippy::cast_possible_truncation, reason = "the upper half was just compared")]
            return Some(self.0 as u16);
        }
        None
    }

    /// What stands for an HTTP status: `S_OK` for the successes, else a code of few classes. Statuses that a client
    /// treats alike share a code, so the status itself belongs beside it where it matters.
    pub const fn from_http_status(status: u16) -> Self {
        let class = match status {
            200..=204 | 206 => return Self::S_OK,
            301..=303 => 0x003,
            400 | 405 | 409 | 411 | 412 | 414 | 415 => 400,
            401 => 401,
            403 => 403,
            404 | 410 => 404,
            406 => 406,
            407 => 407,
            408 => 408,
            413 => 413,
            300 | 500 | 503 => 500,
            501 | 505 => 501,
            305 | 502 | 504 => 502,
            _ => 0x001,
        };
        Self(HTTP_BASE | class)
    }

    /// Its published name; `None` for a code that is not in [`ALL`](Self::ALL).
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|code| code.name)
    }

    /// What it means, in one line.
    pub fn meaning(self) -> Option<&'static str> {
        self.entry().map(|code| code.meaning)
    }

    fn entry(self) -> Option<&'static Code> {
        Self::ALL.iter().find(|code| code.value == self)
    }
}

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self.errno()) {
            (Some(name), _) => write!(f, "{name} (0x{:08X})", self.0),
            (None, Some(errno)) => write!(f, "errno {errno} (0x{:08X})", self.0),
            (None, None) => write!(f, "0x{:08X}", self.0),
        }
    }
}

impl fmt::Debug for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for HResult {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_and_no_name_stands_twice() {
        let mut values: Vec<_> = HResult::ALL.iter().map(|code| code.value).collect();
        let mut names: Vec<_> = HResult::ALL.iter().map(|code| code.name).collect();
        let count = values.len();
        values.sort_unstable();
        values.dedup();
        names.sort_unstable();
        names.dedup();
        assert_eq!((values.len(), names.len()), (count, count));
    }

    #[test]
    fn the_sign_tells_failure() {
        assert!(!HResult::S_FALSE.is_failure());
        assert!(HResult::DO_E_NO_SERVICE.is_failure());
        assert_eq!(HResult::E_ABORT.to_i32(), -2_147_467_260);
        assert_eq!(HResult::from_i32(-2_147_467_260), HResult::E_ABORT);
    }

    #[test]
    fn conditions_have_a_zone_of_their_own() {
        for code in HResult::ALL {
            let condition = code.value.to_u32() & 0xFFFF_FF00 == 0x80D0_3800;
            assert_eq!(code.value.is_transient_zone(), condition, "{}", code.value);
        }
    }

    #[test]
    fn each_http_status_has_its_class() {
        for (status, value) in [
            (200, 0),
            (206, 0),
            (301, 0x8019_0003),
            (409, 0x8019_0190),
            (403, 0x8019_0193),
            (410, 0x8019_0194),
            (413, 0x8019_019D),
            (503, 0x8019_01F4),
            (505, 0x8019_01F5),
            (504, 0x8019_01F6),
            (205, 0x8019_0001),
            (429, 0x8019_0001),
        ] {
            assert_eq!(HResult::from_http_status(status).to_u32(), value, "{status}");
        }
    }

    #[test]
    fn an_error_number_goes_in_and_comes_out() {
        assert_eq!(HResult::from_errno(13).errno(), Some(13));
        assert_eq!(HResult::E_ACCESSDENIED.errno(), None);
    }
}
