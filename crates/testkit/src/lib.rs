//! What tests share: contents that can be told apart, and an origin that misbehaves to order.
//!
//! - [`pattern`] makes bytes from a seed, or stamps each piece with its index, at any size.
//! - [`Content`] is such bytes as one file, held in memory or made on the fly.
//! - [`TestOrigin`] serves contents over HTTP on loopback, counts what it sends, keeps to a rate and plays faults.
//!
//! Only for tests: it panics where a program would report, and nothing here is fast for its own sake.
//!
//! ```
//! use swarmline_testkit::{Content, Fault, TestOrigin};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let origin = TestOrigin::start(Content::random(7, 1 << 20)).await;
//! origin.inject("/file", Fault::status(503).first(2));
//! // … fetch origin.url() …
//! assert_eq!(origin.counts("/file").body_bytes, 0);
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod pattern;

mod content;

mod origin;

pub use content::{Content, phf_of};
pub use origin::{Counts, Fault, Request, Rule, TestOrigin};
