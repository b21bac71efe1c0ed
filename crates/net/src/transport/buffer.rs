//! A contiguous byte queue between a socket and a cipher.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{AsyncRead, AsyncWrite};

/// Bytes go in behind and out in front. Grows to what its user asks for, and shrinks after a long calm, so that a
/// connection with little traffic costs [`SMALL`] bytes; while there is none it [`rest`](Self::rest)s and costs nothing.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    filled: Range<usize>,
    /// Most bytes held since the buffer was last empty.
    peak: usize,
    /// How often in a row the buffer was emptied without having needed its size.
    calm: u32,
    /// The last read took all the room there was: more would have been there.
    hungry: bool,
}

impl Buffer {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), filled: 0..0, peak: 0, calm: 0, hungry: false }
    }

    pub(super) fn len(&self) -> usize {
        self.filled.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[self.filled.clone()]
    }

    pub(super) fn filled_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled.clone()]
    }

    /// Free space behind the filled part, at least `size` bytes.
    pub(super) fn room(&mut self, size: usize) -> &mut [u8] {
        if self.bytes.len() - self.filled.end < size {
            self.bytes.copy_within(self.filled.clone(), 0);
            self.filled = 0..self.filled.len();
            let needed = (self.filled.end + size).max(SMALL);
            if self.bytes.len() < needed {
                self.bytes.resize(needed, 0);
            }
        }
        &mut self.bytes[self.filled.end..]
    }

    /// `size` bytes of the room have been written.
    pub(super) fn fill(&mut self, size: usize) {
        self.filled.end += size;
        self.peak = self.peak.max(self.filled.len());
        debug_assert!(self.filled.end <= self.bytes.len());
    }

    /// The first `size` bytes are done with.
    pub(super) fn consume(&mut self, size: usize) {
        self.filled.start += size;
        debug_assert!(self.filled.start <= self.filled.end);
        if self.filled.is_empty() {
            self.filled = 0..0;
            self.calm_down();
        }
    }

    /// Moves as many bytes as fit to `to`.
    pub(super) fn take(&mut self, to: &mut [u8]) -> usize {
        let size = to.len().min(self.len());
        to[..size].copy_from_slice(&self.filled()[..size]);
        self.consume(size);
        size
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.fill(bytes.len());
    }

    /// Reads once from a socket, so that at most `max` bytes are held; 0 means that the socket ended. Doubling while
    /// reads take all the room finds the size that the link needs.
    pub(super) fn poll_fill<C: AsyncRead + Unpin>(
        &mut self,
        socket: &mut C,
        cx: &mut Context<'_>,
        max: usize,
    ) -> Poll<io::Result<usize>> {
        let held = self.len();
        let mut size = self.bytes.len().max(SMALL);
        if self.hungry || held == size {
            size *= 2;
        }
        let Some(room) = size.min(max).checked_sub(held).filter(|room| *room > 0) else {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a record that never ends")));
        };
        let into = self.room(room);
        let room = into.len();
        let size = ready!(Pin::new(socket).poll_read(cx, into))?;
        self.hungry = size == room;
        self.fill(size);
        Poll::Ready(Ok(size))
    }

    /// Nothing comes at the moment: gives the memory back that a buffer has in any case, if nothing is in it.
    pub(super) fn rest(&mut self) {
        if self.is_empty() && self.bytes.len() <= SMALL {
            self.bytes = Vec::new();
        }
    }

    /// Writes everything to a socket.
    pub(super) fn poll_drain<C: AsyncWrite + Unpin>(
        &mut self,
        socket: &mut C,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            match ready!(Pin::new(&mut *socket).poll_write(cx, self.filled()))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                size => self.consume(size),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn calm_down(&mut self) {
        let oversized = self.bytes.len() > SMALL && self.peak < self.bytes.len() / 4;
        self.calm = if oversized { self.calm + 1 } else { 0 };
        self.peak = 0;
        if self.calm == CALM_MAX {
            *self = Self::new();
        }
    }
}

/// Size that a buffer has while little goes through it: more than one record of TLS.
pub(super) const SMALL: usize = 20 << 10;
/// Emptied so often without having needed a quarter of its size, a buffer gives its memory back.
const CALM_MAX: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_in_the_order_they_went_in() {
        let mut buffer = Buffer::new();
        let mut out = Vec::new();
        for round in 0..100u8 {
            buffer.append(&vec![round; 700]);
            let mut part = [0; 500];
            let size = buffer.take(&mut part);
            out.extend_from_slice(&part[..size]);
        }
        out.extend_from_slice(buffer.filled());
        let want: Vec<u8> = (0..100u8).flat_map(|round| [round; 700]).collect();
        assert_eq!(out, want);
    }

    #[test]
    fn a_buffer_rests_only_when_nothing_is_in_it_and_not_while_much_goes_through_it() {
        let mut buffer = Buffer::new();
        buffer.append(&[7; 100]);
        buffer.rest();
        assert_eq!(buffer.filled(), [7; 100]);
        buffer.consume(100);
        buffer.rest();
        assert_eq!(buffer.bytes.capacity(), 0);
        buffer.append(&vec![7; SMALL + 1]);
        buffer.consume(SMALL + 1);
        buffer.rest();
        assert!(buffer.bytes.len() > SMALL);
    }

    #[test]
    fn a_buffer_that_was_large_once_gives_its_memory_back() {
        let mut buffer = Buffer::new();
        buffer.append(&vec![0; 1 << 20]);
        buffer.consume(1 << 20);
        for _ in 0..CALM_MAX {
            assert!(buffer.bytes.len() >= 1 << 20);
            buffer.append(&[0; 100]);
            buffer.consume(100);
        }
        assert_eq!(buffer.bytes.len(), 0);
    }
}
