//! Why bytes are no trace.

use swarmline_proto::wire::WireError;
use swarmline_types::{BitfieldError, LayoutError};

/// Why a trace cannot be read on. All but the first two name the offset in the file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It does not begin as a trace does.
    #[error("this is no trace: it does not begin with \"swarmline trace\"")]
    Magic,
    /// Another version of the format.
    #[error("this is a trace of version {got}, and this program reads version 1")]
    Version {
        /// What it says.
        got: u8,
    },
    /// The first record does not say whose trace it is, or a later one says so again.
    #[error("at byte {offset}: the first record of a trace, and no other, names its node")]
    Node {
        /// Where.
        offset: usize,
    },
    /// A number beyond its bound.
    #[error("at byte {offset}: {what} is {got}, and may be at most {max}")]
    Bound {
        /// Where.
        offset: usize,
        /// Of what.
        what: &'static str,
        /// What it is.
        got: u64,
        /// What it may be.
        max: u64,
    },
    /// A number that nothing has.
    #[error("at byte {offset}: there is no {what} {got}")]
    Unknown {
        /// Where.
        offset: usize,
        /// Of what.
        what: &'static str,
        /// What it is.
        got: u64,
    },
    /// A record that ends too early.
    #[error("at byte {offset}: the record ends before its {what}")]
    Short {
        /// Where.
        offset: usize,
        /// What is missing.
        what: &'static str,
    },
    /// A record with more in it than it should have.
    #[error("at byte {offset}: {left} bytes are left over at the end of the record")]
    Left {
        /// Where.
        offset: usize,
        /// How many.
        left: usize,
    },
    /// Sizes that make no content.
    #[error("at byte {offset}: the content cannot be")]
    Layout {
        /// Where.
        offset: usize,
        /// Why not.
        source: LayoutError,
    },
    /// Bits that do not fit the content.
    #[error("at byte {offset}: what was had cannot be")]
    Have {
        /// Where.
        offset: usize,
        /// Why not.
        source: BitfieldError,
    },
    /// What a peer said does not follow the protocol.
    #[error("at byte {offset}: the message cannot be")]
    Message {
        /// Where.
        offset: usize,
        /// Why not.
        source: WireError,
    },
}
