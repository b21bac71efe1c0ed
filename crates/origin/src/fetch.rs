//! One fetch: what was asked, what the answer is, and its bytes.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_RANGE, HeaderMap, HeaderValue, IF_RANGE, RANGE, RETRY_AFTER,
};
use reqwest::{Response, StatusCode};
use swarmline_proto::http::{ContentRange, range_header, retry_after};
use swarmline_types::ByteRange;
use tokio::time::Instant;
use url::Url;

use crate::classify::Attempt;
use crate::client::{Answered, Origin};
use crate::error::{FetchError, Phase};
use crate::redact::Redacted;
use crate::version::{Validator, Version};

/// What to fetch.
#[derive(Clone)]
pub struct FetchRequest {
    /// From where. http or https.
    pub url: Url,
    /// Which bytes; `None` for the whole file.
    pub range: Option<ByteRange>,
    /// What is known of the file. An answer that contradicts it is [`FetchError::Changed`].
    pub known: Version,
}

/// What the origin answered with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// Exactly the range asked for.
    Range {
        /// That range.
        range: ByteRange,
    },
    /// The whole file, from its first byte: none but that was asked for, or the origin does not serve ranges.
    Whole {
        /// Bytes of the file, if the origin says so beforehand.
        len: Option<u64>,
    },
}

/// An answer whose body is still to come. Dropping it at any point is safe: over HTTP/1.1 it closes the connection
/// unless the body is complete, over HTTP/2 it ends the stream. Nothing more is downloaded than is buffered already.
pub struct Fetch {
    attempt: Attempt,
    answer: Answer,
    version: Version,
    response: Response,
    /// Bytes due, if that is known.
    want: Option<u64>,
    got: u64,
}

impl Origin {
    /// Asks for a file or a range of it. Returns with the head of the answer; [`Fetch::next`] gives its bytes.
    ///
    /// Takes at most the connect timeout and the idle timeout for each redirect. Dropping it half-way is safe.
    ///
    /// # Errors
    /// Any but [`FetchError::TooLarge`].
    pub async fn fetch(&self, request: FetchRequest) -> Result<Fetch, FetchError> {
        let headers = request.range.map(|range| range_headers(range, &request.known)).unwrap_or_default();
        let answered = self.get(&request.url, &headers).await?;
        Fetch::open(request.range, request.known, answered)
    }
}

impl Fetch {
    /// What the origin answered with.
    pub fn answer(&self) -> Answer {
        self.answer
    }

    /// What the answer says of the file.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Where the redirects have led.
    pub fn url(&self) -> &Url {
        &self.attempt.url
    }

    /// The next bytes, never none; `None` once all that were due have come. Waits for at most the idle timeout.
    ///
    /// A whole file of unknown length ends where the origin ends it, and as late: the caller bounds it. Dropping it
    /// half-way is safe and loses no byte. After an error there is nothing more to come.
    ///
    /// # Errors
    /// [`FetchError::Short`], [`FetchError::Long`], [`FetchError::Timeout`], [`FetchError::Broken`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let Some(bytes) = self.chunk().await? else {
            return match self.want {
                Some(want) if self.got < want => Err(FetchError::Short { want, got: self.got }),
                _ => Ok(None),
            };
        };
        self.got += bytes.len() as u64;
        match self.want {
            Some(want) if self.got > want => Err(FetchError::Long { want }),
            _ => Ok(Some(bytes)),
        }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        // One deadline for all empty frames together: only bytes are a sign of life.
        let deadline = Instant::now() + self.attempt.patience(Phase::Body);
        loop {
            let chunk = tokio::time::timeout_at(deadline, self.response.chunk())
                .await
                .map_err(|_| self.attempt.timeout(Phase::Body))?
                .map_err(|error| self.attempt.broken_body(&error, self.want, self.got))?;
            if chunk.as_ref().is_none_or(|bytes| !bytes.is_empty()) {
                return Ok(chunk);
            }
        }
    }

    /// Checks the head of an answer against what was asked.
    pub(crate) fn open(
        range: Option<ByteRange>,
        known: Version,
        answered: Answered,
    ) -> Result<Self, FetchError> {
        let Answered { attempt, response } = answered;
        let headers = response.headers();
        let (answer, len) = match (response.status(), range) {
            (StatusCode::PARTIAL_CONTENT, Some(range)) => {
                refuse_encoding(headers)?;
                let len = part(headers, range, &known)?;
                (Answer::Range { range }, len)
            }
            (StatusCode::OK, _) => {
                refuse_encoding(headers)?;
                let len = response.content_length();
                (Answer::Whole { len }, len)
            }
            (status, range) => return Err(refusal(status, headers, range, known)),
        };
        refuse_change(&known, headers, len)?;
        let announced = response.content_length();
        let want = match answer {
            Answer::Range { range } => Some(range.size()),
            Answer::Whole { len } => len.or(known.len),
        };
        refuse_length(want, announced)?;
        let version = Version { validator: Validator::of(headers), len: len.or(known.len) };
        Ok(Self { attempt, answer, version, response, want, got: 0 })
    }
}

impl fmt::Debug for FetchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchRequest")
            .field("url", &Redacted(&self.url))
            .field("range", &self.range)
            .field("known", &self.known)
            .finish()
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch")
            .field("url", &Redacted(self.url()))
            .field("answer", &self.answer)
            .field("version", &self.version)
            .field("got", &self.got)
            .finish_non_exhaustive()
    }
}

/// Asks for a range, and for the whole file instead if it is no longer the one that is known.
pub(crate) fn range_headers(range: ByteRange, known: &Version) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([(RANGE, header(&range_header(range)))]);
    headers.extend(known.validator.as_ref().map(|validator| (IF_RANGE, header(&validator.to_string()))));
    headers
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("ranges and validators are visible ASCII")
}

/// Checks that a 206 carries `want` and gives the length of the whole file.
fn part(headers: &HeaderMap, want: ByteRange, known: &Version) -> Result<Option<u64>, FetchError> {
    match content_range(headers) {
        Some(ContentRange::Part { range, content_len }) => {
            // A file that shrank is cut at its new end; that it changed says more than that the range is another.
            refuse_change(known, headers, content_len)?;
            if range == want {
                return Ok(content_len);
            }
        }
        Some(ContentRange::Unsatisfied { .. }) | None => {}
    }
    Err(FetchError::ContentRange { want, got: headers.get(CONTENT_RANGE).map(shown) })
}

/// What an answer that is neither 200 nor the 206 asked for means.
fn refusal(status: StatusCode, headers: &HeaderMap, range: Option<ByteRange>, known: Version) -> FetchError {
    if let (StatusCode::RANGE_NOT_SATISFIABLE, Some(len)) = (status, unsatisfied_len(headers))
        && let Err(changed) = refuse_change(&known, headers, Some(len))
    {
        return changed;
    }
    let pause = headers.get(RETRY_AFTER).and_then(|value| retry_after(value, SystemTime::now()).ok());
    FetchError::Status { status: status.as_u16(), range, retry_after: pause }
}

/// The length of the file that a 416 tells.
pub(crate) fn unsatisfied_len(headers: &HeaderMap) -> Option<u64> {
    match content_range(headers)? {
        ContentRange::Unsatisfied { content_len } => Some(content_len),
        ContentRange::Part { .. } => None,
    }
}

/// What the answer says of its range, if that can be read.
pub(crate) fn content_range(headers: &HeaderMap) -> Option<ContentRange> {
    ContentRange::parse(headers.get(CONTENT_RANGE)?).ok()
}

fn refuse_change(known: &Version, headers: &HeaderMap, len: Option<u64>) -> Result<(), FetchError> {
    if !known.is_contradicted_by(headers, len) {
        return Ok(());
    }
    let new = Version { validator: Validator::of(headers), len };
    Err(FetchError::Changed { old: Box::new(known.clone()), new: Box::new(new) })
}

fn refuse_encoding(headers: &HeaderMap) -> Result<(), FetchError> {
    match headers.get(CONTENT_ENCODING) {
        Some(value) if !value.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(FetchError::Encoding { encoding: shown(value) })
        }
        _ => Ok(()),
    }
}

/// A length announced for the body must be the one that is due; then no byte need be read to know better.
fn refuse_length(want: Option<u64>, announced: Option<u64>) -> Result<(), FetchError> {
    match (want, announced) {
        (Some(want), Some(got)) if got < want => Err(FetchError::Short { want, got }),
        (Some(want), Some(got)) if got > want => Err(FetchError::Long { want }),
        _ => Ok(()),
    }
}

/// A header value for an error message.
fn shown(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).chars().take(60).collect()
}
