//! Yamux with frames as large as their writer makes them.
//!
//! On the wire it is `/yamux/1.0.0` as every libp2p speaks it. The stock muxer cuts everything into frames of 16 KiB,
//! which costs a fifth of the throughput; here a write of up to 1 MiB is one frame, and how large a write may be
//! without holding others up is the writer's knowledge (see `pace`).

use std::collections::VecDeque;
use std::future::Ready;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::UpgradeInfo;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use yamux::{Connection, ConnectionError, Mode};

use super::queues::{Queues, Tap};
use crate::pace::TURN_BYTES_MAX;

/// The upgrade, for both directions.
#[derive(Clone)]
pub(crate) struct Mux(yamux::Config);

impl Mux {
    pub(crate) fn new() -> Self {
        let mut config = yamux::Config::default();
        config.set_max_num_streams(STREAMS_MAX);
        config.set_max_connection_receive_window(Some(RECEIVE_MAX));
        config.set_split_send_size(TURN_BYTES_MAX);
        Self(config)
    }

    fn start<C>(self, socket: C, mode: Mode) -> Ready<Result<Muxer<C>, io::Error>>
    where
        C: AsyncRead + AsyncWrite + Unpin,
    {
        let queues = Queues::default();
        let connection = Connection::new(Tap::new(socket, queues.clone()), self.0, mode);
        std::future::ready(Ok(Muxer { connection, queues, inbound: VecDeque::new(), waiting: None }))
    }
}

impl UpgradeInfo for Mux {
    type Info = &'static str;
    type InfoIter = std::iter::Once<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once(PROTOCOL)
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> InboundConnectionUpgrade<C> for Mux {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, socket: C, _: Self::Info) -> Self::Future {
        self.start(socket, Mode::Server)
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> OutboundConnectionUpgrade<C> for Mux {
    type Output = Muxer<C>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, socket: C, _: Self::Info) -> Self::Future {
        self.start(socket, Mode::Client)
    }
}

/// One connection with its streams.
pub(crate) struct Muxer<C> {
    connection: Connection<Tap<C>>,
    queues: Queues,
    /// Opened by the peer and not yet asked for. At most [`INBOUND_MAX`].
    inbound: VecDeque<Substream>,
    /// Who asked for one when there was none.
    waiting: Option<Waker>,
}

impl<C: AsyncRead + AsyncWrite + Unpin> Muxer<C> {
    /// Moves everything on until the peer opens a stream. Nothing else drives the connection.
    fn poll_connection(&mut self, cx: &mut Context<'_>) -> Poll<Result<Substream, MuxError>> {
        match ready!(self.connection.poll_next_inbound(cx)) {
            None => Poll::Ready(Err(MuxError(ConnectionError::Closed))),
            Some(stream) => Poll::Ready(Ok(Substream::new(stream?, &self.queues))),
        }
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> StreamMuxer for Muxer<C> {
    type Substream = Substream;
    type Error = MuxError;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        if let Some(stream) = self.inbound.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        self.waiting = Some(cx.waker().clone());
        self.poll_connection(cx)
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        let stream = ready!(self.connection.poll_new_outbound(cx))?;
        Poll::Ready(Ok(Substream::new(stream, &self.queues)))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        ready!(self.connection.poll_close(cx))?;
        Poll::Ready(Ok(()))
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        loop {
            let stream = ready!(self.poll_connection(cx))?;
            if self.inbound.len() == INBOUND_MAX {
                tracing::debug!("a peer opens streams faster than they can be looked at: one is reset");
                continue;
            }
            self.inbound.push_back(stream);
            if let Some(waker) = self.waiting.take() {
                waker.wake();
            }
        }
    }
}

impl<C> Drop for Muxer<C> {
    fn drop(&mut self) {
        self.queues.close();
    }
}

/// One stream. A write of up to 1 MiB is one frame; the next one waits until it left the muxer.
pub(crate) struct Substream {
    stream: yamux::Stream,
    id: u32,
    queues: Queues,
}

impl Substream {
    fn new(stream: yamux::Stream, queues: &Queues) -> Self {
        let id = stream.id().val();
        queues.open(id);
        Self { stream, id, queues: queues.clone() }
    }
}

impl AsyncRead for Substream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Substream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.queues.poll_room(self.id, cx));
        let size = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.queues.entered(self.id, size);
        Poll::Ready(Ok(size))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl Drop for Substream {
    fn drop(&mut self) {
        self.queues.forget(self.id);
    }
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
#[error("the muxer ended")]
pub(crate) struct MuxError(#[from] ConnectionError);

impl From<MuxError> for io::Error {
    fn from(error: MuxError) -> Self {
        match error.0 {
            ConnectionError::Io(error) => error,
            error => Self::other(error),
        }
    }
}

const PROTOCOL: &str = "/yamux/1.0.0";
/// Streams of one connection, both directions together: ours are two, identify and ping take a few in passing. A peer
/// that opens more loses the connection.
const STREAMS_MAX: usize = 16;
/// Streams that a peer has opened and nobody has looked at.
const INBOUND_MAX: usize = 8;
/// Most bytes received ahead of their use on one connection: 256 KiB for each stream, and 8 MiB more for those whose
/// peer is fast and whose bytes are read.
const RECEIVE_MAX: usize = (STREAMS_MAX << 18) + (8 << 20);
