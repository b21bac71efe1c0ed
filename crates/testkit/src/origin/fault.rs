//! What an origin can be told to do wrong.

/// One way to misbehave at one path. Several act together where that makes sense.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Answer with this status and no body.
    Status {
        /// The status code.
        status: u16,
        /// Text of a Retry-After header.
        retry_after: Option<String>,
    },
    /// Answer 302 to this location, taken as it is.
    Redirect(String),
    /// Read the request and say nothing until the client leaves.
    HangBeforeHeaders,
    /// Answer with something that is not HTTP, then close.
    Garbage,
    /// Say nothing more once this many bytes of the body are sent; with 0 right after the headers.
    HangAfter(u64),
    /// Close the connection instead of answering.
    CloseBeforeHeaders,
    /// Close the connection once this many bytes of the body are sent.
    CloseAfter(u64),
    /// Announce a Content-Length that is off by this much from what is sent; then close.
    LengthOff(i64),
    /// Send this many zero bytes more than the answer should have, and announce them where a length is announced.
    Excess(u64),
    /// Do not announce a length: the end of the connection is the end of the body.
    NoLength,
    /// Do not announce a length: send the body chunked.
    Chunked,
    /// Do not know ranges: answer 200 with everything.
    IgnoreRange,
    /// Do not know If-Range: answer 206 whatever the client's validator.
    IgnoreIfRange,
    /// Send this Content-Range with a 206, or none at all. The body stays that of the range asked for.
    ContentRange(Option<String>),
    /// Claim this Content-Encoding. The body stays as it is.
    Encoding(String),
    /// Mark the ETag as weak.
    WeakEtag,
    /// Send no ETag.
    NoEtag,
    /// Send no Last-Modified.
    NoLastModified,
}

impl Fault {
    /// Answer with this status, without Retry-After.
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None }
    }

    /// Only for the next `requests` requests.
    pub fn first(self, requests: u32) -> Rule {
        Rule { fault: self, left: Some(requests) }
    }
}

/// A fault and for how many more requests it acts.
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    left: Option<u32>,
}

impl From<Fault> for Rule {
    /// Until healed.
    fn from(fault: Fault) -> Self {
        Self { fault, left: None }
    }
}

/// The faults that act on the next request; those that have had their turn are dropped.
pub(super) fn take_turn(rules: &mut Vec<Rule>) -> Vec<Fault> {
    rules.retain(|rule| rule.left != Some(0));
    rules
        .iter_mut()
        .map(|rule| {
            rule.left = rule.left.map(|left| left - 1);
            rule.fault.clone()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_acts_as_often_as_it_says() {
        let mut rules = vec![Fault::status(500).first(2), Fault::NoEtag.into()];
        for _ in 0..2 {
            assert_eq!(take_turn(&mut rules), [Fault::status(500), Fault::NoEtag]);
        }
        assert_eq!(take_turn(&mut rules), [Fault::NoEtag]);
    }
}
