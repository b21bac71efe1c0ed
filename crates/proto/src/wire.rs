//! What nodes say to each other, as bytes: control messages on one stream, pieces of content on another.
//!
//! A control message is a length of four bytes, big endian, and that many bytes of protobuf. Reading takes two
//! steps, because indices and bitfields can be checked only by somebody who knows how the content is cut:
//! [`decode`] checks everything else, [`RawBody::check`] the rest. Any [`WireError`] is a violation by the sender,
//! and the connection ends with it. What a newer node adds (kinds, fields) is not a violation: it is skipped.
//!
//! Not here: streams, order of messages, and what may be said when; that is the network's business.

mod error;
mod schema;

mod body;
mod data;

mod decode;
mod encode;

#[cfg(test)]
mod tests;

pub use body::RawBody;
pub use data::DataHeader;
pub use decode::{body_len, decode};
pub use encode::{encode, encode_body};
pub use error::WireError;

use std::time::Duration;

/// Name under which the control stream is negotiated. The number grows when old nodes could not follow.
pub const CONTROL_PROTOCOL: &str = "/swarmline/control/1";
/// Name under which the data stream is negotiated.
pub const DATA_PROTOCOL: &str = "/swarmline/data/1";

/// Most bytes of a control message behind its length: 256 KiB. The largest legal one, the bitmap of 2^20 pieces,
/// takes half of it; the rest is room for what newer nodes add.
pub const FRAME_MAX: usize = 256 << 10;
/// Bytes of the length before a control message.
pub const PREFIX_SIZE: usize = 4;

/// Most bytes of an agent text: 64.
pub const AGENT_MAX: usize = 64;
/// Most contents in a hello: 1,024.
pub const CONTENTS_MAX: usize = 1024;
/// Most members in one message: 64.
pub const MEMBERS_MAX: usize = 64;
/// Most addresses of one member: 4.
pub const ADDRS_MAX: usize = 4;
/// Most digests in one part of a manifest: 1,024.
pub const DIGESTS_MAX: usize = 1024;
/// Most contents in what a node knows of a URL: 4.
pub const HINTS_MAX: usize = 4;
/// Most pieces in one have message: 4,096.
pub const HAVE_MAX: usize = 4096;
/// Most claims in one progress message: 64.
pub const PROGRESS_MAX: usize = 64;
/// Most ranges in a wanted message: 64.
pub const WANTED_MAX: usize = swarmline_types::WANTED_MAX;
/// Most rumours in one message: 32.
pub const RUMOURS_MAX: usize = 32;
/// Longest pause that an origin may impose: one hour.
pub const PAUSE_MAX: Duration = Duration::from_secs(3600);

/// Most bytes that one request may ask for: 1 MiB.
pub const REQUEST_MAX: u32 = 1 << 20;
/// Most bytes of content in one data frame: 1 MiB.
pub const DATA_FRAME_MAX: u32 = 1 << 20;

// Lists are unpacked into memory many times their size on the wire, so the messages that hold them may not be as
// large as a bitmap. Each bound is at least twice the largest legal message of today.

/// Most bytes of members, whose 64 entries of at most 124 bytes make 8 KiB.
const MEMBERS_BYTES_MAX: usize = 16 << 10;
/// Most bytes of a have list, whose 4,096 numbers of at most 3 bytes make 12 KiB.
const HAVE_BYTES_MAX: usize = 32 << 10;
/// Most bytes of a lane message, of which progress with 64 entries of at most 22 bytes is the largest.
const LANE_BYTES_MAX: usize = 4 << 10;
/// Most bytes of a wanted message, whose 64 ranges of at most 10 bytes make less than 1 KiB.
const WANTED_BYTES_MAX: usize = 2 << 10;
/// Most bytes of rumours, whose 32 entries of at most 1.5 KiB make 48 KiB.
const RUMOURS_BYTES_MAX: usize = 96 << 10;
