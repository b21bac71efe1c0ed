//! HTTP header values that a range client reads and writes. Text only: no requests, no clock.
//!
//! Values come from an origin or a proxy that may be old, broken or hostile, so each parser refuses what it does not
//! fully understand. What a refusal means for the transfer is decided by the origin client.

mod content_range;
mod entity_tag;
#[expect(
    clippy::disallowed_types,
    reason = "HTTP dates are of the wall clock: `now` is an argument, nothing reads it"
)]
mod retry_after;

pub use content_range::{ContentRange, ContentRangeError, range_header};
pub use entity_tag::{ENTITY_TAG_MAX, EntityTag, EntityTagError};
pub use retry_after::{RETRY_AFTER_MAX, RetryAfterError, retry_after};

/// What stands in a header, as text, cut for an error message.
fn shown(value: &[u8]) -> String {
    const SHOWN_MAX: usize = 60;
    String::from_utf8_lossy(&value[..value.len().min(SHOWN_MAX)]).into_owned()
}
