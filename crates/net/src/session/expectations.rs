//! Which answers we wait for from one peer, and the buffers they are read into.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use swarmline_proto::wire::DataHeader;
use swarmline_types::message::WireRequest;

use crate::buffers::{Buffer, Buffers};
use crate::error::Violation;

/// The open requests to one peer: at most [`OPEN_MAX`], and [`CANCELLED_MAX`] more of which late bytes may come.
#[derive(Debug)]
pub(super) struct Expectations {
    stock: Buffers,
    open: BTreeMap<WireRequest, Expected>,
    /// Cancelled ones, oldest first.
    cancelled: VecDeque<WireRequest>,
}

#[derive(Debug)]
struct Expected {
    size: u32,
    received: u32,
    /// Allocated with the first byte; away while a frame is being read into it.
    buffer: Option<Buffer>,
    cancelled: bool,
}

/// Where the bytes of a frame go.
#[derive(Debug)]
pub(super) enum Target {
    /// Into this buffer, from this place on. It comes back with [`Expectations::end`].
    Keep { buffer: Buffer, at: usize },
    /// Nowhere.
    Discard,
}

/// What a frame came to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// So many bytes are there, more must come.
    Progress(u32),
    /// That was all.
    Arrived(Bytes),
    /// The frame's bytes are of no use.
    Discarded,
}

impl Expectations {
    pub(super) fn new(stock: Buffers) -> Self {
        Self { stock, open: BTreeMap::new(), cancelled: VecDeque::new() }
    }

    /// Waits for an answer from now on. `false`: too many are open, or one of this name.
    pub(super) fn expect(&mut self, request: WireRequest, size: u32) -> bool {
        let known = self.open.contains_key(&request);
        if known || self.open.len() - self.cancelled.len() >= OPEN_MAX {
            return false;
        }
        self.open.insert(request, Expected { size, received: 0, buffer: None, cancelled: false });
        true
    }

    /// No longer wants an answer. Gives the bytes thrown away; `None` if the request is not open.
    pub(super) fn cancel(&mut self, request: WireRequest) -> Option<u32> {
        let expected = self.open.get_mut(&request).filter(|expected| !expected.cancelled)?;
        expected.cancelled = true;
        expected.buffer = None;
        let received = expected.received;
        self.cancelled.push_back(request);
        if self.cancelled.len() > CANCELLED_MAX {
            // So much later, the peer has long heard of it.
            self.cancelled.pop_front().map(|oldest| self.open.remove(&oldest));
        }
        Some(received)
    }

    /// The peer will not answer. Gives the bytes thrown away.
    pub(super) fn release(&mut self, request: WireRequest) -> u32 {
        self.cancelled.retain(|cancelled| *cancelled != request);
        self.open
            .remove(&request)
            .filter(|expected| !expected.cancelled)
            .map_or(0, |expected| expected.received)
    }

    /// A frame begins.
    pub(super) fn begin(&mut self, header: DataHeader) -> Result<Target, Violation> {
        let DataHeader { request, size } = header;
        let expected = self.open.get_mut(&request).ok_or(Violation::Unasked { request })?;
        let left = expected.size - expected.received;
        if size > left {
            return Err(Violation::TooMuch { request, got: size, left });
        }
        if expected.cancelled {
            return Ok(Target::Discard);
        }
        let buffer = expected.buffer.take().unwrap_or_else(|| self.stock.take(expected.size as usize));
        Ok(Target::Keep { buffer, at: expected.received as usize })
    }

    /// All bytes of the frame are there. Takes the buffer back.
    pub(super) fn end(&mut self, header: DataHeader, buffer: Option<Buffer>) -> Outcome {
        let DataHeader { request, size } = header;
        let Some(expected) = self.open.get_mut(&request) else { return Outcome::Discarded };
        expected.received += size;
        let complete = expected.received == expected.size;
        if expected.cancelled {
            if complete {
                self.release(request);
            }
            return Outcome::Discarded;
        }
        let buffer = buffer.expect("only a cancelled request is read without a buffer");
        if complete {
            self.open.remove(&request);
            return Outcome::Arrived(buffer.into_bytes());
        }
        expected.buffer = Some(buffer);
        Outcome::Progress(expected.received)
    }

    /// Nothing more will come: gives the requests of which some bytes did.
    pub(super) fn finish(&mut self) -> Vec<(WireRequest, u32)> {
        self.cancelled.clear();
        let open = std::mem::take(&mut self.open).into_iter();
        open.filter(|(_, expected)| !expected.cancelled && expected.received > 0)
            .map(|(request, expected)| (request, expected.received))
            .collect()
    }
}

/// Most answers waited for from one peer. A scheduler has a few dozen in flight at most.
pub(super) const OPEN_MAX: usize = 1024;
/// Most cancelled requests remembered.
const CANCELLED_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: WireRequest = WireRequest(1);

    fn header(request: WireRequest, size: u32) -> DataHeader {
        DataHeader { request, size }
    }

    fn expectations() -> Expectations {
        Expectations::new(Buffers::default())
    }

    /// One frame, and what it came to as text.
    fn frame(
        expectations: &mut Expectations,
        request: WireRequest,
        bytes: &[u8],
    ) -> Result<String, Violation> {
        let header = header(request, u32::try_from(bytes.len()).unwrap());
        let buffer = match expectations.begin(header)? {
            Target::Keep { mut buffer, at } => {
                buffer.as_mut()[at..at + bytes.len()].copy_from_slice(bytes);
                Some(buffer)
            }
            Target::Discard => None,
        };
        Ok(match expectations.end(header, buffer) {
            Outcome::Progress(received) => format!("{received} received"),
            Outcome::Arrived(data) => String::from_utf8(data.to_vec()).unwrap(),
            Outcome::Discarded => "discarded".into(),
        })
    }

    #[test]
    fn an_answer_comes_in_frames_of_any_size() {
        let mut e = expectations();
        assert!(e.expect(ONE, 6));
        assert_eq!(frame(&mut e, ONE, b"a"), Ok("1 received".into()));
        assert_eq!(frame(&mut e, ONE, b"bcde"), Ok("5 received".into()));
        assert_eq!(frame(&mut e, ONE, b"f"), Ok("abcdef".into()));
        assert_eq!(frame(&mut e, ONE, b"g"), Err(Violation::Unasked { request: ONE }), "it is finished");
    }

    #[test]
    fn more_than_was_asked_for_is_a_violation_before_it_is_read() {
        let mut e = expectations();
        e.expect(ONE, 6);
        frame(&mut e, ONE, b"abcd").unwrap();
        assert_eq!(
            e.begin(header(ONE, 3)).unwrap_err(),
            Violation::TooMuch { request: ONE, got: 3, left: 2 }
        );
        let unknown = WireRequest(2);
        assert_eq!(e.begin(header(unknown, 1)).unwrap_err(), Violation::Unasked { request: unknown });
    }

    #[test]
    fn bytes_of_a_cancelled_request_are_discarded_and_still_counted() {
        let mut e = expectations();
        e.expect(ONE, 6);
        frame(&mut e, ONE, b"ab").unwrap();
        assert_eq!(e.cancel(ONE), Some(2));
        assert_eq!(e.cancel(ONE), None, "once");
        assert_eq!(frame(&mut e, ONE, b"cd"), Ok("discarded".into()));
        assert!(e.begin(header(ONE, 3)).is_err(), "the bound holds for them too");
        assert_eq!(frame(&mut e, ONE, b"ef"), Ok("discarded".into()));
        assert!(e.begin(header(ONE, 1)).is_err(), "forgotten with its last byte");
    }

    #[test]
    fn a_request_cancelled_while_its_frame_is_read_gives_the_buffer_up() {
        let mut e = expectations();
        e.expect(ONE, 4);
        let Ok(Target::Keep { buffer, .. }) = e.begin(header(ONE, 4)) else { panic!("wanted") };
        assert_eq!(e.cancel(ONE), Some(0));
        assert!(matches!(e.end(header(ONE, 4), Some(buffer)), Outcome::Discarded));
    }

    #[test]
    fn a_rejected_request_is_forgotten_and_its_name_is_free() {
        let mut e = expectations();
        e.expect(ONE, 4);
        assert!(!e.expect(ONE, 4), "the name is taken");
        assert_eq!(e.release(ONE), 0);
        assert!(e.expect(ONE, 4));
    }

    #[test]
    fn open_and_cancelled_requests_are_bounded() {
        let mut e = expectations();
        let names = |from| (from..).map(WireRequest);
        assert!(names(0).take(OPEN_MAX).all(|name| e.expect(name, 1)));
        assert!(!e.expect(WireRequest(9999), 1));
        names(0).take(OPEN_MAX).for_each(|name| assert!(e.cancel(name).is_some()));
        assert!(names(10_000).take(OPEN_MAX).all(|name| e.expect(name, 1)), "cancelled ones take no place");
        names(10_000).take(10).for_each(|name| assert!(e.cancel(name).is_some()));
        assert_eq!(e.cancelled.len(), CANCELLED_MAX);
        assert_eq!(e.open.len(), OPEN_MAX - 10 + CANCELLED_MAX);
        assert!(e.begin(header(WireRequest(0), 1)).is_err(), "the oldest is forgotten");
    }

    #[test]
    fn what_is_half_there_at_the_end_is_told() {
        let mut e = expectations();
        (1..=3).for_each(|name| assert!(e.expect(WireRequest(name), 4)));
        frame(&mut e, WireRequest(1), b"ab").unwrap();
        frame(&mut e, WireRequest(2), b"abc").unwrap();
        e.cancel(WireRequest(2));
        assert_eq!(e.finish(), [(WireRequest(1), 2)]);
        assert_eq!(e.finish(), []);
    }
}
