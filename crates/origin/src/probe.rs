//! What a file is, learnt with one request for one byte.

use std::fmt;

use reqwest::StatusCode;
use swarmline_types::ByteRange;
use url::Url;

use crate::client::Origin;
use crate::error::FetchError;
use crate::fetch::{Answer, Fetch, range_headers, unsatisfied_len};
use crate::redact::Redacted;
use crate::version::{Validator, Version};

/// What the origin says of a file.
#[derive(Clone, Eq, PartialEq)]
pub struct OriginInfo {
    /// Where the redirects have led. A signed address may expire: keep the first one too.
    pub url: Url,
    /// Its length and validator, each if the origin says so.
    pub version: Version,
    /// Whether ranges of it can be fetched.
    pub ranges: bool,
}

impl Origin {
    /// Learns length, validator, range support and final URL of a file with one GET for its first byte.
    ///
    /// An origin without ranges begins to send everything: its connection is closed at once. Takes as long as
    /// [`fetch`](Self::fetch), and is as safe to drop.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch), except [`FetchError::Changed`].
    pub async fn probe(&self, url: &Url) -> Result<OriginInfo, FetchError> {
        let first_byte = ByteRange::new(0, 1).expect("0 < 1");
        let known = Version::default();
        let answered = self.get(url, &range_headers(first_byte, &known)).await?;
        let headers = answered.response.headers();
        if answered.response.status() == StatusCode::RANGE_NOT_SATISFIABLE
            && unsatisfied_len(headers) == Some(0)
        {
            let version = Version { validator: Validator::of(headers), len: Some(0) };
            return Ok(OriginInfo { url: answered.attempt.url, version, ranges: true });
        }
        let mut fetch = Fetch::open(Some(first_byte), known, answered)?;
        let ranges = matches!(fetch.answer(), Answer::Range { .. });
        if ranges {
            // Reading the one byte to its end keeps the connection for the fetches to come.
            while fetch.next().await?.is_some() {}
        }
        Ok(OriginInfo { url: fetch.url().clone(), version: fetch.version().clone(), ranges })
    }
}

impl fmt::Debug for OriginInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginInfo")
            .field("url", &Redacted(&self.url))
            .field("version", &self.version)
            .field("ranges", &self.ranges)
            .finish()
    }
}
