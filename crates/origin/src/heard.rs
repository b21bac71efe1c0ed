//! The head of the last answer, kept for whoever wants to show it.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Response;

/// Most bytes that are kept of a head: 8 KiB. What follows is cut off, at the end of a line.
const HEAD_BYTES_MAX: usize = 8 << 10;

/// What an origin said last to [whoever shares this](crate::Origin::heard_by): status line and headers, also of an answer
/// that is a refusal or a redirect.
#[derive(Debug, Default)]
pub struct LastAnswer {
    head: Mutex<Option<Arc<str>>>,
}

impl LastAnswer {
    /// The head, each line ended by CR LF; `None` before the first answer. A later answer is another text, even if it says
    /// the same.
    pub fn head(&self) -> Option<Arc<str>> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, response: &Response) {
        let head = head_of(response);
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Some(head.into());
    }
}

fn head_of(response: &Response) -> String {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("{:?} {} {reason}\r\n", response.version(), status.as_u16());
    for (name, value) in response.headers() {
        let line = format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
        if head.len() + line.len() > HEAD_BYTES_MAX {
            break;
        }
        head += &line;
    }
    head
}
