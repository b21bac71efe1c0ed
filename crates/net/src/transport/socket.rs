//! The TCP socket below everything: bounds what the kernel holds back unsent.
//!
//! What has been written to a socket can no longer be overtaken, so a control message waits for all of it. The kernel
//! would take megabytes; we allow about one turn of the measured rate, and follow the link when it changes.
//!
//! The kernel looks at its bound only before it begins a segment, which then grows to 64 KiB. That is 26 ms at 20
//! Mbit/s, so on a slow link we ask it ourselves, before every write of half a turn.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures::{AsyncRead, AsyncWrite};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;
use tokio::io::{AsyncRead as _, AsyncWrite as _, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::pace::Pace;

/// A connected TCP socket whose unsent bytes are bounded.
pub(crate) struct Socket {
    tcp: TcpStream,
    pace: Pace,
    /// What the kernel was last told.
    unsent_max: usize,
    /// Bytes written since the socket was last full.
    unhindered: usize,
}

impl Socket {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        let sock = SockRef::from(&tcp);
        if let Err(error) = sock.set_tcp_user_timeout(Some(DEAD_AFTER)) {
            tracing::debug!(%error, "no bound on how long a dead peer is waited for");
        }
        let mut socket = Self { tcp, pace: Pace::new(), unsent_max: 0, unhindered: 0 };
        socket.bound_unsent(UNSENT_AT_START);
        socket
    }

    fn bound_unsent(&mut self, bytes: usize) {
        self.unsent_max = bytes;
        let bytes = u32::try_from(bytes).expect("a turn is at most 1 MiB");
        if let Err(error) = SockRef::from(&self.tcp).set_tcp_notsent_lowat(bytes) {
            tracing::debug!(%error, bytes, "no bound on the unsent bytes of a socket");
        }
    }

    /// Looks at what a write gave: bytes are progress, a full socket means that the link is the limit.
    fn measure(&mut self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.unhindered = self.unhindered.saturating_add(*bytes);
                self.pace.took(*bytes, Instant::now());
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                self.unhindered = 0;
                self.pace.busy(Instant::now());
                let turn = self.pace.turn();
                // A system call only for a change that matters.
                if turn.abs_diff(self.unsent_max) > self.unsent_max / 4 {
                    self.bound_unsent(turn);
                }
            }
        }
    }

    /// Whether a segment of the kernel is worth more than a turn of this link. A socket that took much without being
    /// full once is not a slow link any more, whatever it was.
    fn is_slow(&self) -> bool {
        self.pace.is_measured() && self.pace.turn() < SEGMENT_MAX && self.unhindered < UNHINDERED_MAX
    }

    /// How many of `size` bytes may be written now. On a slow link ready when less than half of the bound is unsent.
    fn poll_room(&self, size: usize, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if !self.is_slow() {
            return Poll::Ready(Ok(size));
        }
        loop {
            ready!(self.tcp.poll_write_ready(cx))?;
            match self.tcp.try_io(Interest::WRITABLE, || has_room(&self.tcp)) {
                Ok(()) => return Poll::Ready(Ok(size.min(self.unsent_max / 2))),
                // Now the kernel owes a word when there is room.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

/// `WouldBlock` while the kernel holds half of its bound or more.
fn has_room(tcp: &TcpStream) -> io::Result<()> {
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    match poll(&mut [PollFd::new(tcp, PollFlags::OUT)], Some(&at_once))? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let written = match this.poll_room(buf.len(), cx) {
            Poll::Ready(Ok(size)) => Pin::new(&mut this.tcp).poll_write(cx, &buf[..size]),
            full_or_broken => full_or_broken,
        };
        this.measure(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Who flushes has nothing more to write at the moment.
        self.pace.idle();
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// Unsent bytes allowed before anything was measured.
const UNSENT_AT_START: usize = 32 << 10;
/// Most bytes of a segment as the kernel builds it.
const SEGMENT_MAX: usize = 64 << 10;
/// What no slow link takes without being full once, since it is full with less than a segment.
const UNHINDERED_MAX: usize = 4 * SEGMENT_MAX;
/// A peer that acknowledges nothing for so long is gone, although nobody closed the connection.
const DEAD_AFTER: std::time::Duration = std::time::Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use futures::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::pace::{TURN, TURN_BYTES_MIN};

    async fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(addr), listener.accept());
        (Socket::new(near.unwrap()), far.unwrap().0)
    }

    /// Bytes that the kernel has not sent yet: SIOCOUTQNSD is out of reach without unsafe code, so count what it takes
    /// from us while nobody reads, less what can lie in flight.
    #[tokio::test]
    async fn the_kernel_is_told_how_much_it_may_hold() {
        let (mut socket, far) = pair().await;
        assert_eq!(SockRef::from(&socket.tcp).tcp_notsent_lowat().unwrap() as usize, UNSENT_AT_START);
        let chunk = vec![0; 1 << 20];
        // Nobody reads at the far end, so the socket fills.
        while tokio::time::timeout(std::time::Duration::from_millis(50), socket.write(&chunk)).await.is_ok() {
        }
        let told = SockRef::from(&socket.tcp).tcp_notsent_lowat().unwrap() as usize;
        assert_eq!(told, socket.unsent_max);
        assert!(told <= crate::pace::TURN_BYTES_MAX);
        assert_eq!(has_room(&socket.tcp).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(far);
    }

    #[tokio::test]
    async fn a_slow_link_is_given_half_a_turn_at_a_time_until_it_takes_much_unhindered() {
        let (mut socket, _far) = pair().await;
        assert!(!socket.is_slow(), "nothing is known yet");
        let start = Instant::now();
        socket.pace.busy(start);
        (1..=9).for_each(|turn| socket.pace.took(TURN_BYTES_MIN, start + turn * TURN));
        socket.pace.idle();
        let chunk = vec![0; 1 << 20];
        assert_eq!(socket.write(&chunk).await.unwrap(), UNSENT_AT_START / 2);
        socket.unhindered = UNHINDERED_MAX;
        assert!(socket.write(&chunk).await.unwrap() > UNSENT_AT_START / 2);
    }
}
