//! Lines and what they carry: the model of the network's capacity.
//!
//! A node's way out is a server that sends slices one after another, of the answers in the making in turn. Its way in is
//! a clock that says when it is free again. A WAN line is shared evenly by its connections, exactly; a queue would hide
//! both the gap in which it idles and the storm in which everybody takes over from everybody. A radio cell is one more
//! server that all slices of the cell pass. Not max-min over all flows: far slower, and no different where lines are
//! either nearly idle or full.

mod cell;
mod line;
mod uplink;
mod wan;

pub(crate) use cell::Cell;
pub(crate) use line::{Inlet, Pipe};
pub(crate) use uplink::{Answer, Uplink, slice_size};
pub(crate) use wan::Wan;

/// Part of a line's rate that is left for content when each packet of 1,514 bytes carries 1,448 of it.
pub(crate) const PAYLOAD: f64 = 1448.0 / 1514.0;

/// What goes back for so many bytes of content, by the same measure: for every second packet one of 66 bytes.
pub(crate) fn acknowledgement_of(bytes: u64) -> u64 {
    bytes * 33 / 1514
}
