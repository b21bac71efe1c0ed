//! Small files, held in memory: manifests.

use url::Url;

use crate::client::Origin;
use crate::error::FetchError;
use crate::fetch::{Answer, FetchRequest};
use crate::version::Version;

/// Room made before the first byte is here, whatever length is announced.
const FIRST_ROOM_MAX: u64 = 1 << 20;

impl Origin {
    /// Fetches a whole file of at most `limit` bytes into memory. Dropping it half-way is safe.
    ///
    /// # Errors
    /// [`FetchError::TooLarge`] as soon as the length or the bytes show it; otherwise as [`fetch`](Self::fetch).
    /// [`FetchError::status`] tells "there is none" (404) from "you may not" (403).
    pub async fn get_small(&self, url: &Url, limit: u64) -> Result<Vec<u8>, FetchError> {
        let request = FetchRequest { url: url.clone(), range: None, known: Version::default() };
        let mut fetch = self.fetch(request).await?;
        let len = match fetch.answer() {
            Answer::Whole { len } => len.unwrap_or(0),
            Answer::Range { .. } => unreachable!("no range was asked for"),
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
}
