//! How many bytes of each stream wait inside the muxer.
//!
//! The muxer takes a dozen frames of every stream before it pushes back. With large frames that is megabytes, all of
//! them ahead of the next one, and the rate at which it takes them says nothing about the link. It does not tell what
//! it has sent either; but all it sends passes through [`Tap`], which reads the headers of the frames.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use futures::{AsyncRead, AsyncWrite};

/// The streams of one connection. At most as many as the muxer allows.
#[derive(Clone, Default)]
pub(super) struct Queues(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    streams: BTreeMap<u32, Queue>,
    closed: bool,
}

#[derive(Default)]
struct Queue {
    /// Below zero for a moment when the muxer's task is quicker than the writer's in telling of one frame.
    waiting: i64,
    writer: Option<Waker>,
}

impl Queues {
    /// A stream begins. What is told of others is ignored.
    pub(super) fn open(&self, stream: u32) {
        self.lock().streams.insert(stream, Queue::default());
    }

    /// Ready when more of this stream may be handed to the muxer: when next to nothing of it waits there. A closed
    /// connection is always ready; the muxer then says why it is closed.
    pub(super) fn poll_room(&self, stream: u32, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.closed {
            return Poll::Ready(());
        }
        let Some(queue) = state.streams.get_mut(&stream) else { return Poll::Ready(()) };
        if queue.waiting <= LITTLE_MAX {
            return Poll::Ready(());
        }
        queue.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The muxer took `size` bytes of this stream.
    pub(super) fn entered(&self, stream: u32, size: usize) {
        if let Some(queue) = self.lock().streams.get_mut(&stream) {
            queue.waiting += signed(size);
        }
    }

    /// Nobody writes to this stream any more.
    pub(super) fn forget(&self, stream: u32) {
        self.lock().streams.remove(&stream);
    }

    /// The connection is over: nobody need wait.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let waiting = std::mem::take(&mut state.streams);
        drop(state);
        waiting.into_values().filter_map(|queue| queue.writer).for_each(Waker::wake);
    }

    fn left(&self, stream: u32, size: usize) {
        let mut state = self.lock();
        let Some(queue) = state.streams.get_mut(&stream) else { return };
        queue.waiting -= signed(size);
        if queue.waiting <= LITTLE_MAX
            && let Some(writer) = queue.writer.take()
        {
            drop(state);
            writer.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before the lock is released, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signed(size: usize) -> i64 {
    i64::try_from(size).expect("no frame has 2^63 bytes")
}

/// The socket as the muxer sees it: passes everything, and reads along what frames go out.
pub(super) struct Tap<C> {
    socket: C,
    queues: Queues,
    place: Place,
}

/// Where in the outgoing bytes the next one falls.
enum Place {
    Header { bytes: [u8; HEADER_SIZE], have: usize },
    Body { stream: u32, left: usize },
}

impl<C> Tap<C> {
    pub(super) fn new(socket: C, queues: Queues) -> Self {
        Self { socket, queues, place: Place::start() }
    }

    fn passed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match &mut self.place {
                Place::Header { bytes: header, have } => {
                    let (now, rest) = bytes.split_at(bytes.len().min(HEADER_SIZE - *have));
                    header[*have..*have + now.len()].copy_from_slice(now);
                    *have += now.len();
                    bytes = rest;
                    if *have == HEADER_SIZE {
                        self.place = Place::behind(header);
                    }
                }
                Place::Body { stream, left } => {
                    let size = bytes.len().min(*left);
                    *left -= size;
                    bytes = &bytes[size..];
                    self.queues.left(*stream, size);
                    if *left == 0 {
                        self.place = Place::start();
                    }
                }
            }
        }
    }
}

impl Place {
    fn start() -> Self {
        Self::Header { bytes: [0; HEADER_SIZE], have: 0 }
    }

    /// Version, type (0 is data), two of flags, four of stream, four of length: only data has a body.
    fn behind(header: &[u8; HEADER_SIZE]) -> Self {
        let [_, kind, _, _, s0, s1, s2, s3, l0, l1, l2, l3] = *header;
        let left = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if kind != 0 || left == 0 {
            return Self::start();
        }
        Self::Body { stream: u32::from_be_bytes([s0, s1, s2, s3]), left }
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Tap<C> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Tap<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let size = ready!(Pin::new(&mut self.socket).poll_write(cx, buf))?;
        self.passed(&buf[..size]);
        Poll::Ready(Ok(size))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx)
    }
}

/// Bytes of a frame's header.
const HEADER_SIZE: usize = 12;
/// What waits may be followed: 1 KiB, so that the header of an answer does not hold up the answer, and no more than one
/// turn waits.
const LITTLE_MAX: i64 = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, stream: u32, len: u32) -> Vec<u8> {
        let body = if kind == 0 { len as usize } else { 0 };
        [&[0, kind, 0, 0][..], &stream.to_be_bytes(), &len.to_be_bytes(), &vec![9; body]].concat()
    }

    fn queues(streams: [u32; 2]) -> Queues {
        let queues = Queues::default();
        streams.into_iter().for_each(|stream| queues.open(stream));
        queues
    }

    fn has_room(queues: &Queues, stream: u32) -> bool {
        let waker = Waker::noop();
        queues.poll_room(stream, &Context::from_waker(waker)).is_ready()
    }

    /// Cuts of every kind must not confuse the reading along, so the frames go through byte by byte and in one piece.
    #[test]
    fn what_left_is_counted_for_its_own_stream() {
        let wire =
            [frame(1, 3, 1 << 20), frame(0, 3, 40_000), frame(2, 0, 77), frame(0, 5, 50), frame(0, 3, 10)]
                .concat();
        for step in [1, 7, wire.len()] {
            let queues = queues([3, 5]);
            let mut tap = Tap::new((), queues.clone());
            queues.entered(3, 40_010);
            queues.entered(5, 2050);
            assert!(!has_room(&queues, 3));
            wire.chunks(step).for_each(|part| tap.passed(part));
            assert!(has_room(&queues, 3), "all of it left");
            assert!(!has_room(&queues, 5), "2,000 bytes still wait");
        }
    }

    #[test]
    fn a_frame_waits_for_the_one_before_and_not_for_a_header() {
        let queues = queues([1, 2]);
        queues.entered(1, 12);
        assert!(has_room(&queues, 1));
        queues.entered(1, 8 << 10);
        assert!(!has_room(&queues, 1));
        assert!(has_room(&queues, 2), "another stream is not affected");
    }

    #[test]
    fn a_muxer_that_is_quicker_than_the_writer_blocks_nobody() {
        let queues = queues([1, 2]);
        queues.left(1, 1 << 20);
        queues.entered(1, 1 << 20);
        assert!(has_room(&queues, 1));
    }

    #[test]
    fn the_end_of_the_connection_lets_every_writer_go() {
        let queues = queues([1, 2]);
        queues.entered(1, 1 << 20);
        assert!(!has_room(&queues, 1));
        queues.close();
        assert!(has_room(&queues, 1));
    }
}
