//! The client against an origin that behaves, and against one that does not. Nothing leaves loopback.

#![allow(clippy::unwrap_used, reason = "all of it is a test, and a helper that fails fails the test")]

mod connect;
mod faults;
mod fetch;
mod heard;
mod probe;
mod proxy;
mod redirect;
mod small;
mod terms;

use std::time::Duration;

use swarmline_origin::{Fetch, FetchError, FetchRequest, Origin, OriginConfig, Version};
use swarmline_testkit::TestOrigin;
use swarmline_types::ByteRange;
use url::Url;

/// A client with the limits of a user.
fn client() -> Origin {
    Origin::new(OriginConfig::default())
}

/// A client that takes a tenth of a second for silence.
fn impatient() -> Origin {
    Origin::new(OriginConfig { idle_timeout: SILENCE, connect_timeout: SILENCE, ..OriginConfig::default() })
}

const SILENCE: Duration = Duration::from_millis(100);

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn range(start: u64, end: u64) -> ByteRange {
    ByteRange::new(start, end).unwrap()
}

fn request(origin: &TestOrigin, range: Option<ByteRange>) -> FetchRequest {
    FetchRequest { url: url(&origin.url()), range, known: Version::default() }
}

/// Fetches bytes 100 to 199 of `/file`.
async fn hundred(client: &Origin, origin: &TestOrigin) -> Result<Vec<u8>, FetchError> {
    read(client.fetch(request(origin, Some(range(100, 200)))).await?).await
}

/// Fetches all of `/file`.
async fn whole(client: &Origin, origin: &TestOrigin) -> Result<Vec<u8>, FetchError> {
    read(client.fetch(request(origin, None)).await?).await
}

async fn read(mut fetch: Fetch) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    while let Some(more) = fetch.next().await? {
        assert!(!more.is_empty());
        bytes.extend_from_slice(&more);
    }
    Ok(bytes)
}
