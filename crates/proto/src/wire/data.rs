//! The eight bytes before each frame of the data stream.

use swarmline_types::message::WireRequest;

use super::{DATA_FRAME_MAX, WireError};

/// Says whose bytes follow, and how many.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DataHeader {
    /// The request that the bytes answer.
    pub request: WireRequest,
    /// Bytes that follow, 1 to [`DATA_FRAME_MAX`].
    pub size: u32,
}

impl DataHeader {
    /// Bytes of the header itself: 8.
    pub const SIZE: usize = 8;

    /// As it goes over the wire: request, then size, both big endian.
    pub fn encode(self) -> [u8; Self::SIZE] {
        debug_assert!((1..=DATA_FRAME_MAX).contains(&self.size), "the sender cuts frames to size");
        let both = (u64::from(self.request.0) << 32) | u64::from(self.size);
        both.to_be_bytes()
    }

    /// Reads what a peer sent.
    ///
    /// # Errors
    /// When the frame is empty or larger than [`DATA_FRAME_MAX`].
    pub fn decode(bytes: [u8; Self::SIZE]) -> Result<Self, WireError> {
        let [r0, r1, r2, r3, s0, s1, s2, s3] = bytes;
        let size = u32::from_be_bytes([s0, s1, s2, s3]);
        if !(1..=DATA_FRAME_MAX).contains(&size) {
            return Err(WireError::DataFrame { got: size });
        }
        Ok(Self { request: WireRequest(u32::from_be_bytes([r0, r1, r2, r3])), size })
    }
}
