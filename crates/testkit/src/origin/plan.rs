//! Turns a request and a script into what to send. Pure: all of the origin's HTTP is decided here.

use std::ops::Range;

use super::fault::Fault;
use super::request::Request;
use crate::content::Content;

/// What lies at a path, and how often it has been replaced.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) content: Content,
    pub(super) version: u32,
}

/// How the end of the body is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    Close,
}

/// Where the answer stops short, and whether the connection stays open then.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stop {
    HangBeforeHeaders,
    CloseBeforeHeaders,
    Garbage,
    HangAfter(u64),
    CloseAfter(u64),
}

/// An answer, complete but for sending it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) framing: Framing,
    /// The content and which of its bytes to send.
    pub(super) body: Option<(Content, Range<u64>)>,
    /// Zero bytes behind the body.
    pub(super) excess: u64,
    pub(super) stop: Option<Stop>,
    /// Whether the connection ends with this answer.
    pub(super) close: bool,
}

impl Plan {
    /// A status without body.
    pub(super) fn status(status: u16) -> Self {
        let framing = Framing::Length(0);
        Self { status, headers: Vec::new(), framing, body: None, excess: 0, stop: None, close: false }
    }

    /// What to send for `request` when `resource` lies at its path.
    pub(super) fn new(request: &Request, resource: Option<Resource>, faults: &[Fault]) -> Self {
        let mut plan = Self::honest(request, resource, faults);
        plan.close |= request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        for fault in faults {
            plan.bend(fault);
        }
        plan
    }

    /// The answer before faults that change its shape; those that change what is asked or known act here.
    fn honest(request: &Request, resource: Option<Resource>, faults: &[Fault]) -> Self {
        if let Some(early) = faults.iter().find_map(instead) {
            return early;
        }
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return Self::status(405);
        }
        let Some(resource) = resource else { return Self::status(404) };
        let validators = Validators::new(&resource, faults);
        let len = resource.content.len();
        let mut plan = match wanted(request, &validators, faults) {
            None => Self::body(200, resource.content, 0..len),
            Some((first, _)) if first >= len => Self::unsatisfiable(len),
            Some((first, last)) => {
                let end = last.map_or(len, |last| len.min(last.saturating_add(1)));
                let mut plan = Self::body(206, resource.content, first..end);
                plan.headers.extend(content_range(first, end, len, faults));
                plan
            }
        };
        plan.headers.push(("Accept-Ranges", "bytes".into()));
        plan.headers.extend(validators.etag.map(|value| ("ETag", value)));
        plan.headers.extend(validators.last_modified.map(|value| ("Last-Modified", value)));
        plan
    }

    fn body(status: u16, content: Content, range: Range<u64>) -> Self {
        let framing = Framing::Length(range.end - range.start);
        Self { framing, body: Some((content, range)), ..Self::status(status) }
    }

    fn unsatisfiable(len: u64) -> Self {
        Self { headers: vec![("Content-Range", format!("bytes */{len}"))], ..Self::status(416) }
    }

    fn bend(&mut self, fault: &Fault) {
        match fault {
            Fault::HangBeforeHeaders => self.stop = Some(Stop::HangBeforeHeaders),
            Fault::CloseBeforeHeaders => self.stop = Some(Stop::CloseBeforeHeaders),
            Fault::Garbage => self.stop = Some(Stop::Garbage),
            Fault::HangAfter(bytes) => self.stop = Some(Stop::HangAfter(*bytes)),
            Fault::CloseAfter(bytes) => self.stop = Some(Stop::CloseAfter(*bytes)),
            Fault::Encoding(name) => self.headers.push(("Content-Encoding", name.clone())),
            Fault::NoLength => (self.framing, self.close) = (Framing::Close, true),
            Fault::Chunked => self.framing = Framing::Chunked,
            Fault::LengthOff(by) => {
                self.shift_length(*by);
                self.close = true;
            }
            Fault::Excess(bytes) => {
                self.excess = *bytes;
                self.shift_length(i64::try_from(*bytes).expect("a test's excess is small"));
            }
            // These have acted in `honest`.
            Fault::Status { .. }
            | Fault::Redirect(_)
            | Fault::IgnoreRange
            | Fault::IgnoreIfRange
            | Fault::ContentRange(_)
            | Fault::WeakEtag
            | Fault::NoEtag
            | Fault::NoLastModified => {}
        }
    }

    fn shift_length(&mut self, by: i64) {
        if let Framing::Length(len) = &mut self.framing {
            *len = len.saturating_add_signed(by);
        }
    }

    /// The status line and headers, with the empty line behind them.
    pub(super) fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        let framing = match self.framing {
            Framing::Length(len) => Some(("Content-Length", len.to_string())),
            Framing::Chunked => Some(("Transfer-Encoding", "chunked".into())),
            Framing::Close => None,
        };
        let close = self.close.then(|| ("Connection", "close".into()));
        for (name, value) in self.headers.iter().chain(&framing).chain(&close) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head + "\r\n"
    }
}

/// Faults that stand in for the whole answer.
fn instead(fault: &Fault) -> Option<Plan> {
    match fault {
        Fault::Status { status, retry_after } => {
            let headers = retry_after.iter().map(|value| ("Retry-After", value.clone())).collect();
            Some(Plan { headers, ..Plan::status(*status) })
        }
        Fault::Redirect(to) => Some(Plan { headers: vec![("Location", to.clone())], ..Plan::status(302) }),
        _ => None,
    }
}

struct Validators {
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Validators {
    fn new(resource: &Resource, faults: &[Fault]) -> Self {
        let weak = if faults.contains(&Fault::WeakEtag) { "W/" } else { "" };
        let etag = format!("{weak}\"{}-{}\"", resource.version, resource.content.len());
        let last_modified = format!("Mon, 01 Jan 2024 00:{:02}:00 GMT", resource.version % 60);
        Self {
            etag: (!faults.contains(&Fault::NoEtag)).then_some(etag),
            last_modified: (!faults.contains(&Fault::NoLastModified)).then_some(last_modified),
        }
    }

    fn match_if_range(&self, value: &str) -> bool {
        let strong = self.etag.as_deref().filter(|etag| !etag.starts_with("W/"));
        [strong, self.last_modified.as_deref()].contains(&Some(value))
    }
}

/// The range to serve, unless the request has none or its condition does not hold.
fn wanted(request: &Request, validators: &Validators, faults: &[Fault]) -> Option<(u64, Option<u64>)> {
    let condition = request.header("if-range").filter(|_| !faults.contains(&Fault::IgnoreIfRange));
    let holds = condition.is_none_or(|value| validators.match_if_range(value));
    request.range().filter(|_| holds && !faults.contains(&Fault::IgnoreRange))
}

fn content_range(first: u64, end: u64, len: u64, faults: &[Fault]) -> Option<(&'static str, String)> {
    let forged = faults.iter().find_map(|fault| match fault {
        Fault::ContentRange(value) => Some(value.clone()),
        _ => None,
    });
    let value = forged.unwrap_or_else(|| Some(format!("bytes {first}-{}/{len}", end - 1)))?;
    Some(("Content-Range", value))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        404 => "Not Found",
        416 => "Range Not Satisfiable",
        _ => "As Told",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(headers: &[(&str, &str)], faults: &[Fault]) -> Plan {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let request = Request { method: "GET".into(), target: "/file".into(), headers };
        let resource = Resource { content: Content::random(1, 100), version: 1 };
        Plan::new(&request, Some(resource), faults)
    }

    fn header<'a>(plan: &'a Plan, name: &str) -> Option<&'a str> {
        plan.headers.iter().find(|(have, _)| *have == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn ranges_are_cut_at_the_end() {
        for (asked, sent, says) in [
            ("bytes=0-0", 0..1, "bytes 0-0/100"),
            ("bytes=90-", 90..100, "bytes 90-99/100"),
            ("bytes=90-500", 90..100, "bytes 90-99/100"),
        ] {
            let plan = plan(&[("range", asked)], &[]);
            assert_eq!((plan.status, header(&plan, "Content-Range")), (206, Some(says)));
            assert_eq!(plan.body.unwrap().1, sent);
        }
        let beyond = plan(&[("range", "bytes=100-")], &[]);
        assert_eq!((beyond.status, header(&beyond, "Content-Range")), (416, Some("bytes */100")));
    }

    #[test]
    fn a_stale_validator_gets_everything() {
        let of = |value| plan(&[("range", "bytes=0-9"), ("if-range", value)], &[]).status;
        assert_eq!(of("\"1-100\""), 206);
        assert_eq!(of("Mon, 01 Jan 2024 00:01:00 GMT"), 206);
        assert_eq!(of("\"0-100\""), 200);
        let ignored = plan(&[("range", "bytes=0-9"), ("if-range", "\"0\"")], &[Fault::IgnoreIfRange]);
        assert_eq!(ignored.status, 206);
    }

    #[test]
    fn faults_act_together() {
        let plan = plan(&[("range", "bytes=0-9")], &[Fault::IgnoreRange, Fault::NoLength, Fault::NoEtag]);
        assert_eq!((plan.status, plan.framing, plan.close), (200, Framing::Close, true));
        assert_eq!(header(&plan, "ETag"), None);
        assert!(!plan.head().contains("Content-Length"), "{}", plan.head());
    }

    #[test]
    fn a_wrong_length_is_only_announced() {
        let plan = plan(&[], &[Fault::LengthOff(-30)]);
        assert_eq!(plan.framing, Framing::Length(70));
        assert_eq!(plan.body.unwrap().1, 0..100);
    }
}
