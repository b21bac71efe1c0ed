//! The words of swarmline as types.
//!
//! A number from outside is not an index: everything here is made by a constructor that checks it once, so the
//! code behind the border never checks again. Pure: no clock, socket, file, thread or ambient randomness.
//!
//! ```
//! use swarmline_types::PieceLayout;
//!
//! let layout = PieceLayout::new(2_500_000, 1 << 20)?;
//! assert_eq!(layout.piece_count(), 3);
//! let last = layout.piece(2).expect("three pieces are counted 0, 1, 2");
//! assert_eq!(layout.size_of(last), 402_848);
//! assert!(layout.piece(3).is_none());
//! # Ok::<(), swarmline_types::LayoutError>(())
//! ```

mod flat;
mod id;
mod quantity;
mod time;

mod layout;

mod bitfield;
mod node;
mod wanted;

pub mod message;

pub use bitfield::{Bitfield, BitfieldError};
pub use flat::FlatMap;
pub use id::{ContentId, NodeId, ParseIdError, PieceHash, UrlHash};
pub use layout::{
    ByteRange, LayoutError, PIECE_COUNT_MAX, PIECE_SIZE_DEFAULT, PIECE_SIZE_MAX, PIECE_SIZE_MIN, PieceIndex,
    PieceLayout, PieceRange,
};
pub use node::{CapacityClass, Priority};
pub use quantity::{ParseQuantityError, Rate, parse_duration, parse_size};
pub use time::MonoTime;
pub use wanted::{WANTED_MAX, Wanted};
