//! One JSON object per line, of bounded length, in both directions.

use std::io;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Most bytes of a line, without the newline that ends it: 1 MiB.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Why no line came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    #[error("a line is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    #[error("the connection ended inside a line")]
    CutOff,
    #[error("the connection broke")]
    Broken(#[source] io::Error),
}

/// Reads lines. Holds one line and one small buffer at most.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    from: BufReader<R>,
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from: BufReader::new(from), line: Vec::new() }
    }

    /// The next line without its newline; `None` when the other side has closed between two lines.
    ///
    /// Safe to drop half-way: what was read of a line is kept for the next call.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, LineError> {
        loop {
            let bytes = match self.from.fill_buf().await {
                Ok(bytes) => bytes,
                // Closing a socket on which something lies unread arrives here as a reset.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => &[],
                Err(error) => return Err(LineError::Broken(error)),
            };
            if bytes.is_empty() {
                return if self.line.is_empty() { Ok(None) } else { Err(LineError::CutOff) };
            }
            let newline = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..newline.unwrap_or(bytes.len())];
            if self.line.len() + part.len() > LINE_BYTES_MAX {
                return Err(LineError::TooLong);
            }
            self.line.extend_from_slice(part);
            let used = part.len() + usize::from(newline.is_some());
            self.from.consume(used);
            if newline.is_some() {
                return Ok(Some(std::mem::take(&mut self.line)));
            }
        }
    }

    /// Waits until the other side closes, or says anything at all. Safe to drop half-way.
    pub(crate) async fn anything(&mut self) {
        let _ = self.from.fill_buf().await;
    }
}

/// A value as one line.
///
/// # Errors
/// When it cannot be written as JSON, such as a path that is not UTF-8.
pub(crate) fn to_line(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines_of(bytes: &[u8]) -> (Vec<Vec<u8>>, Option<LineError>) {
        let mut lines = Lines::new(bytes);
        let mut all = Vec::new();
        loop {
            match lines.next().await {
                Ok(Some(line)) => all.push(line),
                Ok(None) => return (all, None),
                Err(error) => return (all, Some(error)),
            }
        }
    }

    #[tokio::test]
    async fn lines_come_one_by_one_without_their_newline() {
        let (lines, error) = lines_of(b"one\n\ntwo\n").await;
        assert_eq!(lines, [&b"one"[..], b"", b"two"]);
        assert!(error.is_none(), "{error:?}");
    }

    #[tokio::test]
    async fn a_line_without_its_end_is_none() {
        let (lines, error) = lines_of(b"one\ntw").await;
        assert_eq!(lines, [b"one"]);
        assert!(matches!(error, Some(LineError::CutOff)), "{error:?}");
    }

    #[tokio::test]
    async fn the_longest_line_is_read_and_one_byte_more_is_refused() {
        let mut bytes = vec![b'x'; LINE_BYTES_MAX];
        bytes.push(b'\n');
        assert_eq!(lines_of(&bytes).await.0.len(), 1);
        bytes.insert(0, b'x');
        assert!(matches!(lines_of(&bytes).await.1, Some(LineError::TooLong)));
    }
}
