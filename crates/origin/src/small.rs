//! Small files, held in memory: manifests.

use reqwest::StatusCode;
use swarmline_proto::http::ContentRange;
use swarmline_types::ByteRange;
use url::Url;

use crate::client::{Answered, Origin};
use crate::error::FetchError;
use crate::fetch::{Answer, Fetch, FetchRequest, content_range, range_headers, unsatisfied_len};
use crate::version::Version;

/// Room made before the first byte is here, whatever length is announced.
const FIRST_ROOM_MAX: u64 = 1 << 20;

/// The beginning of a file, or all of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Beginning {
    /// The whole file: it is no longer than what was asked for, or the origin does not serve ranges.
    Whole(Vec<u8>),
    /// As many bytes as were asked for, of a file that goes on.
    Part {
        /// The bytes.
        bytes: Vec<u8>,
        /// Bytes of the whole file, if the origin says so.
        len: Option<u64>,
    },
}

impl Origin {
    /// Fetches a whole file of at most `limit` bytes into memory. Dropping it half-way is safe.
    ///
    /// # Errors
    /// [`FetchError::TooLarge`] as soon as the length or the bytes show it; otherwise as [`fetch`](Self::fetch).
    /// [`FetchError::status`] tells "there is none" (404) from "you may not" (403).
    pub async fn get_small(&self, url: &Url, limit: u64) -> Result<Vec<u8>, FetchError> {
        let request = FetchRequest { url: url.clone(), range: None, known: Version::default() };
        collect(self.fetch(request).await?, limit).await
    }

    /// Fetches the first `size` bytes of a file with one request, or the whole file if it is not longer. An origin that
    /// does not serve ranges sends the whole file, which is taken if it has at most `limit` bytes. Dropping it half-way
    /// is safe.
    ///
    /// # Errors
    /// As [`get_small`](Self::get_small), and [`FetchError::ContentRange`] if another range comes.
    ///
    /// # Panics
    /// When `size` is 0.
    pub async fn get_beginning(&self, url: &Url, size: u64, limit: u64) -> Result<Beginning, FetchError> {
        let range = ByteRange::new(0, size).expect("a beginning has a first byte");
        let known = Version::default();
        let answered = self.get(url, &range_headers(range, &known)).await?;
        if is_of_empty_file(&answered) {
            return Ok(Beginning::Whole(Vec::new()));
        }
        let fetch = Fetch::open(Some(range_due(range, &answered)), known, answered)?;
        let (answer, len) = (fetch.answer(), fetch.version().len);
        let bytes = collect(fetch, limit).await?;
        Ok(match answer {
            Answer::Range { range } if len != Some(range.end()) => Beginning::Part { bytes, len },
            _ => Beginning::Whole(bytes),
        })
    }
}

async fn collect(mut fetch: Fetch, limit: u64) -> Result<Vec<u8>, FetchError> {
    let len = match fetch.answer() {
        Answer::Whole { len } => len.unwrap_or(0),
        Answer::Range { range } => range.size(),
    };
    if len > limit {
        return Err(FetchError::TooLarge { limit });
    }
    let room = usize::try_from(len.min(FIRST_ROOM_MAX)).expect("at most 1 MiB");
    let mut bytes = Vec::with_capacity(room);
    while let Some(more) = fetch.next().await? {
        if (bytes.len() + more.len()) as u64 > limit {
            return Err(FetchError::TooLarge { limit });
        }
        bytes.extend_from_slice(&more);
    }
    Ok(bytes)
}

/// No byte of an empty file is a first byte.
fn is_of_empty_file(answered: &Answered) -> bool {
    answered.response.status() == StatusCode::RANGE_NOT_SATISFIABLE
        && unsatisfied_len(answered.response.headers()) == Some(0)
}

/// The range that a proper answer carries: what was asked for, or all of a file that ends before.
fn range_due(asked: ByteRange, answered: &Answered) -> ByteRange {
    match content_range(answered.response.headers()) {
        Some(ContentRange::Part { range, content_len: Some(len) })
            if range.start() == 0 && range.end() == len && len < asked.end() =>
        {
            range
        }
        _ => asked,
    }
}
