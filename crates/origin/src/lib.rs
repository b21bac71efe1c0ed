//! HTTP range client for origins and cache hosts.
//!
//! **One call is one attempt.** This crate learns what a file is ([`Origin::probe`]), fetches a range of it
//! ([`Origin::fetch`]), a small file ([`Origin::get_small`]) or its beginning, and says exactly what went wrong and whether the
//! same attempt may succeed later ([`FetchError::is_transient`], [`FetchError::retry_after`]). It never retries,
//! backs off, or decides what to fetch: the scheduler does. (What the origin provably did not look at, a refused
//! HTTP/2 stream or a kept connection found closed, the HTTP library sends again by itself.)
//!
//! ```no_run
//! use swarmline_origin::{Answer, FetchRequest, Origin, OriginConfig};
//! use swarmline_types::ByteRange;
//! use url::Url;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let origin = Origin::new(OriginConfig::default());
//! let url = Url::parse("https://example.com/image.iso")?;
//! let info = origin.probe(&url).await?;
//!
//! let range = ByteRange::new(0, 1 << 20);
//! let mut fetch = origin.fetch(FetchRequest { url, range, known: info.version }).await?;
//! if let Answer::Range { .. } = fetch.answer() {
//!     while let Some(bytes) = fetch.next().await? {
//!         println!("{} bytes", bytes.len());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is checked
//! A range is the range asked for, byte for byte, or an error: [`Content-Range`](FetchError::ContentRange), the
//! announced length and the bytes that come must agree, and the file must still be the [`Version`] that the caller
//! knows. Content codings are refused, since pieces are hashed as they lie at the origin. Whether the bytes are the
//! right ones is not this crate's business: hashes say so.
//!
//! # Redirects
//! Up to [`redirects_max`](OriginConfig::redirects_max) are followed, from http to https but never back, unless the
//! caller's [`Terms`] allow it.
//! User name and password of a URL, and the headers of [`Terms`], go along within one origin (scheme, host, port) and
//! never to another.
//!
//! # Certificates
//! An https origin proves who it is by a certificate that the system's authorities vouch for. A caller may have something of
//! it let pass by [`Waivers`]. Revocation is not looked at.
//!
//! # Proxies
//! `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` (or in lower case) name the proxy for http, https and all other
//! URLs, with user name and password if it wants them; `NO_PROXY` lists what goes without: hosts and their
//! subdomains, addresses, networks like `10.0.0.0/8`, or `*`. On macOS and Windows the system's settings apply
//! where no variable is set. They are read once, before the first request that could need them.
//! **Loopback never goes through a proxy.**
//!
//! # Bounds
//! A connection carries one fetch over HTTP/1.1, or many over HTTP/2 (TLS only); the caller bounds its fetches. At
//! most 8 idle connections per host are kept, for a minute. A fetch that nobody reads buffers at most
//! about 512 KiB over HTTP/1.1 and 2 MiB over HTTP/2 (8 MiB a connection), then the origin has to wait.

mod redact;
mod version;
mod waivers;

mod error;

mod classify;
mod heard;
mod redirect;
mod terms;

mod client;

mod fetch;
mod probe;
mod small;

pub use client::{Origin, OriginConfig};
pub use error::{FetchError, Phase};
pub use fetch::{Answer, Fetch, FetchRequest};
pub use heard::LastAnswer;
pub use probe::OriginInfo;
pub use redact::Redacted;
pub use small::Beginning;
pub use terms::Terms;
pub use version::{ParseValidatorError, Validator, Version};
pub use waivers::Waivers;
