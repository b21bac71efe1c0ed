//! The head of a request: read with bounds, and the byte range it asks for.

use std::io::{BufRead, Read};
use std::ops::Range;

/// A request line and headers longer than this together are refused.
const HEAD_BYTES_MAX: u64 = 16 * 1024;

/// An understood request.
#[derive(Debug, Default)]
pub(super) struct Request {
    head_only: bool,
    path: String,
    range: Option<String>,
    if_range: Option<String>,
    closes: bool,
}

/// Why a request is not answered and its connection closed.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
    /// The status line's number and text.
    pub(super) status: &'static str,
}

/// What part of a file is asked for.
#[derive(Debug, PartialEq)]
pub(super) enum Span {
    /// All of it.
    Whole,
    /// This part, not empty and inside the file.
    Part(Range<u64>),
    /// A part of which nothing lies in the file.
    Outside,
}

impl Request {
    /// Reads one request up to the empty line behind its headers.
    pub(super) fn read(reader: &mut impl BufRead) -> std::io::Result<Result<Self, Refusal>> {
        let mut lines = Vec::new();
        let mut bounded = reader.take(HEAD_BYTES_MAX);
        loop {
            let mut line = Vec::new();
            bounded.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                let status = if bounded.limit() == 0 {
                    "431 Request Header Fields Too Large"
                } else {
                    "400 Bad Request"
                };
                return Ok(Err(Refusal { status }));
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if line.is_empty() {
                return Ok(Self::parse(&lines));
            }
            lines.push(line);
        }
    }

    fn parse(lines: &[String]) -> Result<Self, Refusal> {
        let bad = || Refusal { status: "400 Bad Request" };
        let (first, headers) = lines.split_first().ok_or_else(bad)?;
        let words: Vec<&str> = first.split(' ').collect();
        let [method, target, version] = words[..] else { return Err(bad()) };
        let head_only = match method {
            "GET" => false,
            "HEAD" => true,
            _ => return Err(Refusal { status: "405 Method Not Allowed" }),
        };
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let mut request = Self { head_only, path, closes: version != "HTTP/1.1", ..Self::default() };
        for header in headers {
            let (name, value) = header.split_once(':').ok_or_else(bad)?;
            request.on_header(&name.to_ascii_lowercase(), value.trim()).ok_or_else(bad)?;
        }
        Ok(request)
    }

    /// `None` when the header announces a body, which nothing here takes.
    fn on_header(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "range" => self.range = Some(value.into()),
            "if-range" => self.if_range = Some(value.into()),
            "connection" if value.eq_ignore_ascii_case("close") => self.closes = true,
            "content-length" if value != "0" => return None,
            "transfer-encoding" => return None,
            _ => {}
        }
        Some(())
    }

    /// The path asked for, as it was sent, without what follows a `?`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Whether the client wants more than the headers.
    pub(super) fn wants_body(&self) -> bool {
        !self.head_only
    }

    /// Whether the connection ends with the answer.
    pub(super) fn closes(&self) -> bool {
        self.closes
    }

    /// What is asked of a file of `size` bytes whose ETag is `tag`. A range that is no single range of bytes, or that
    /// is meant for another version of the file, asks for all of it.
    pub(super) fn span(&self, size: u64, tag: &str) -> Span {
        let stale = self.if_range.as_ref().is_some_and(|version| version != tag);
        let range = self.range.as_deref().filter(|_| !stale);
        range.and_then(|range| span(range, size)).unwrap_or(Span::Whole)
    }
}

/// `bytes=2-5`, `bytes=2-` or `bytes=-5`; `None` for everything else.
fn span(range: &str, size: u64) -> Option<Span> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let part = match (first, last) {
        ("", last) => size.saturating_sub(last.parse().ok()?)..size,
        (first, "") => first.parse().ok()?..size,
        (first, last) => {
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            if first > last {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
    };
    Some(if part.is_empty() { Span::Outside } else { Span::Part(part) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Request, Refusal> {
        Request::read(&mut text.as_bytes()).unwrap()
    }

    #[test]
    fn a_range_is_cut_to_the_file() {
        assert_eq!(span("bytes=2-5", 10), Some(Span::Part(2..6)));
        assert_eq!(span("bytes=2-", 10), Some(Span::Part(2..10)));
        assert_eq!(span("bytes=-3", 10), Some(Span::Part(7..10)));
        assert_eq!(span("bytes=-30", 10), Some(Span::Part(0..10)));
        assert_eq!(span("bytes=9-18446744073709551615", 10), Some(Span::Part(9..10)));
        assert_eq!(span("bytes=10-12", 10), Some(Span::Outside));
        assert_eq!(span("bytes=-0", 10), Some(Span::Outside));
        assert_eq!(span("bytes=0-", 0), Some(Span::Outside));
    }

    #[test]
    fn what_is_no_single_range_of_bytes_asks_for_the_whole() {
        for range in ["bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b", "bytes=-", "bytes="] {
            assert_eq!(span(range, 10), None, "{range}");
        }
    }

    #[test]
    fn a_range_for_another_version_asks_for_the_whole() {
        let request = read("GET /a HTTP/1.1\r\nRange: bytes=0-1\r\nIf-Range: \"old\"\r\n\r\n").unwrap();
        assert_eq!(request.span(10, "\"new\""), Span::Whole);
        assert_eq!(request.span(10, "\"old\""), Span::Part(0..2));
    }

    #[test]
    fn a_head_that_never_ends_is_refused() {
        let long = format!("GET /a HTTP/1.1\r\nX: {}", "y".repeat(20_000));
        assert_eq!(read(&long).unwrap_err().status, "431 Request Header Fields Too Large");
        assert_eq!(read("GET /a HTTP/1.1\r\n").unwrap_err().status, "400 Bad Request");
    }

    #[test]
    fn other_methods_and_bodies_are_refused() {
        assert_eq!(read("PUT /a HTTP/1.1\r\n\r\n").unwrap_err().status, "405 Method Not Allowed");
        assert_eq!(
            read("GET /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n").unwrap_err().status,
            "400 Bad Request"
        );
        assert_eq!(read("GET\r\n\r\n").unwrap_err().status, "400 Bad Request");
    }
}
