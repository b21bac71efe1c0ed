//! What the machines of a node were told and what they ordered, as a file that can be kept, read and run again.
//!
//! A trace is taken at the border between a driver and the scheduler: every fact that a
//! [`Content`](swarmline_scheduler::Content) was given, what its node allowed it meanwhile, and every order that came of
//! it, each with its time. That is all there is to know of a run: who came and went and what they had, how fast bytes
//! came from whom, what the origin answered, who claimed what and why it was fetched. And since the machines are pure,
//! the same facts give the same orders [again](again::again).
//!
//! - [`Scribe`]: writes. The driver asks it around each input and order; where nobody traces it costs nothing.
//! - [`Reader`]: reads, whoever wrote it: every length, index and kind is checked against its bound.
//! - [`again`]: gives the facts to new machines and compares their orders.
//!
//! A trace holds no URL, no address, no credential and no byte of a content; nodes are named by their ids, contents by
//! their hash. Not here: files and threads. Whoever keeps a trace is a [`Sink`].

mod error;
mod record;

mod bytes;

mod decode;
mod encode;

mod open;

mod reader;
mod scribe;

pub mod again;

pub use error::ReadError;
pub use reader::Reader;
pub use record::{Allowed, End, NodeFacts, Opened, Order, Record, Slot};
pub use scribe::{Scribe, Sink};

/// What a trace begins with; the last byte is the version of the format.
pub const MAGIC: [u8; 16] = *b"swarmline trace\x01";
/// Most bytes of one record behind its length. The largest that is written holds the bitmap of 2^20 pieces.
pub const RECORD_MAX: usize = 512 << 10;
/// Most nodes that one trace names.
pub const NAMES_MAX: u32 = 1 << 16;
/// Most openings of contents in one trace.
pub const SLOTS_MAX: u32 = 1 << 16;
/// Most pieces of all contents that are driven at a time: whoever runs a trace again keeps something for each.
pub const PIECES_MAX: u64 = 1 << 22;
/// Most questions that one input may have put to its node.
pub const ANSWERS_MAX: u64 = 4096;
/// Most bytes of the name of the software.
pub const AGENT_MAX: usize = 64;
