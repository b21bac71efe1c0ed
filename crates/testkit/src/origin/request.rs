//! Heads of requests, as much of them as the tests' origin understands.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Most bytes of a request's head: 16 KiB.
const HEAD_MAX: usize = 16 << 10;

/// The head of a request.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Request {
    /// `GET` or `HEAD`; anything else is answered with 405.
    pub method: String,
    /// The target as it stood in the request line; a client that takes us for its proxy sends a whole URL.
    pub target: String,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// The first header of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The target without scheme, authority and query.
    pub fn path(&self) -> &str {
        let path = match self.target.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => &self.target,
        };
        path.split_once('?').map_or(path, |(path, _)| path)
    }

    /// The single range asked for: first byte and, unless it is open, last byte. Other forms count as no range.
    pub(super) fn range(&self) -> Option<(u64, Option<u64>)> {
        let (first, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
        Some((first.parse().ok()?, last))
    }

    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let headers = lines
            .take_while(|line| !line.is_empty())
            .map(|line| line.split_once(':'))
            .map(|pair| pair.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())))
            .collect::<Option<_>>()?;
        Some(Self { method, target, headers })
    }
}

/// Reads the next head; `None` when the client has left. What follows it stays in `buffer`.
pub(super) async fn read_head(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Request>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<u8> = buffer.drain(..end + 4).collect();
            let text = String::from_utf8_lossy(&head);
            return Request::parse(&text).map(Some).ok_or_else(|| io::ErrorKind::InvalidData.into());
        }
        if buffer.len() >= HEAD_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_taken_apart() {
        let request = Request::parse("GET /a?b=1 HTTP/1.1\r\nHost: x\r\nRange: bytes=3-9\r\n\r\n").unwrap();
        assert_eq!((request.method.as_str(), request.path()), ("GET", "/a"));
        assert_eq!(request.header("range"), Some("bytes=3-9"));
        assert_eq!(request.range(), Some((3, Some(9))));
    }

    #[test]
    fn a_proxys_target_has_the_same_path() {
        let request = Request::parse("GET http://far.invalid/a?b HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(request.path(), "/a");
    }

    #[test]
    fn odd_ranges_count_as_none() {
        let range = |text: &str| {
            let headers = vec![("range".to_owned(), text.to_owned())];
            Request { headers, ..Request::default() }.range()
        };
        assert_eq!(range("bytes=7-"), Some((7, None)));
        for odd in ["bytes=-5", "bytes=0-1,3-4", "lines=1-2", "bytes=x-1"] {
            assert_eq!(range(odd), None, "{odd}");
        }
    }

    #[tokio::test]
    async fn two_requests_in_one_packet_are_two() {
        let mut stream: &[u8] = b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n";
        let mut buffer = Vec::new();
        for path in ["/1", "/2"] {
            let request = read_head(&mut stream, &mut buffer).await.unwrap().unwrap();
            assert_eq!(request.path(), path);
        }
        assert_eq!(read_head(&mut stream, &mut buffer).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_head_without_end_is_refused() {
        let mut stream: &[u8] = &[b'x'; 2 * HEAD_MAX];
        assert!(read_head(&mut stream, &mut Vec::new()).await.is_err());
    }
}
