//! The records of an open TLS connection, as a byte stream.
//!
//! rustls keeps the cipher, we keep the bytes. Its buffered face reads 4 KiB at a time and makes each record a buffer
//! of its own; with our buffers a whole turn is one read or write of the socket. What was encrypted can no longer be
//! overtaken, so at most one turn ever waits here: the next write waits until the socket took the last one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::{AsyncRead, AsyncWrite};
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus, WriteTraffic};
use rustls::{ClientConfig, CommonState, ServerConfig};

use super::buffer::Buffer;
use crate::pace::TURN_BYTES_MAX;

/// A TLS connection over a socket `C`.
pub(crate) struct Records<C> {
    socket: C,
    session: Session,
    /// Encrypted, from the socket.
    incoming: Buffer,
    /// Encrypted, for the socket.
    outgoing: Buffer,
    /// Decrypted while nobody read. At most what `incoming` can hold.
    plain: Buffer,
    /// The peer said that nothing follows.
    ended: bool,
    /// We said it.
    closed: bool,
}

enum Session {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

/// What is wanted of the session beside its own business.
enum Want<'a> {
    Nothing,
    /// Decrypted bytes, counted in the second field.
    Read(&'a mut [u8], &'a mut usize),
    Encrypt(&'a [u8]),
    Goodbye,
}

/// What one step of the session came to.
#[derive(Eq, PartialEq)]
enum Step {
    /// There is more to do at once.
    Again,
    /// Nothing more without bytes from the peer; data cannot be sent yet.
    Blocked,
    /// Nothing more without bytes from the peer; data can be sent.
    Open,
    /// What was to be sent has been encrypted.
    Sent,
    /// The peer will send nothing more.
    Ended,
}

impl<C: AsyncRead + AsyncWrite + Unpin> Records<C> {
    /// Shakes hands as the side that dialled. Dropping it half-way drops the socket.
    pub(super) async fn connect(
        socket: C,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<Self> {
        let session = UnbufferedClientConnection::new(config, name).map_err(invalid)?;
        Self::new(socket, Session::Client(session)).shake_hands().await
    }

    /// Shakes hands as the side that was dialled. Dropping it half-way drops the socket.
    pub(super) async fn accept(socket: C, config: Arc<ServerConfig>) -> io::Result<Self> {
        let session = UnbufferedServerConnection::new(config).map_err(invalid)?;
        Self::new(socket, Session::Server(session)).shake_hands().await
    }

    /// The certificate that the peer showed and proved to own.
    pub(super) fn peer_certificate(&self) -> Option<&CertificateDer<'static>> {
        self.session.state().peer_certificates()?.first()
    }

    #[cfg(test)]
    pub(super) fn cipher(&self) -> Option<rustls::CipherSuite> {
        Some(self.session.state().negotiated_cipher_suite()?.suite())
    }

    fn new(socket: C, session: Session) -> Self {
        let [incoming, outgoing, plain] = std::array::from_fn(|_| Buffer::new());
        Self { socket, session, incoming, outgoing, plain, ended: false, closed: false }
    }

    async fn shake_hands(mut self) -> io::Result<Self> {
        std::future::poll_fn(|cx| self.poll_handshake(cx)).await?;
        Ok(self)
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let step = match self.step(Want::Nothing) {
                Ok(step) => step,
                Err(error) => return self.poll_alert(cx, error),
            };
            if step == Step::Again {
                continue;
            }
            ready!(self.outgoing.poll_drain(&mut self.socket, cx))?;
            ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
            if step == Step::Open && !self.session.state().is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            if step == Step::Ended || ready!(self.poll_fill(cx))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Tells the peer why, if that goes at once.
    fn poll_alert<T>(&mut self, cx: &mut Context<'_>, error: io::Error) -> Poll<io::Result<T>> {
        while let Ok(Step::Again) = self.step(Want::Nothing) {}
        let _ = self.outgoing.poll_drain(&mut self.socket, cx);
        Poll::Ready(Err(error))
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let filled = self.incoming.poll_fill(&mut self.socket, cx, INCOMING_MAX);
        if filled.is_pending() {
            [&mut self.incoming, &mut self.outgoing, &mut self.plain].into_iter().for_each(Buffer::rest);
        }
        filled
    }

    /// Lets the session do one thing.
    fn step(&mut self, want: Want<'_>) -> io::Result<Step> {
        let incoming = self.incoming.filled_mut();
        let (discard, step) = match &mut self.session {
            Session::Client(session) => {
                carry_out(session.process_tls_records(incoming), want, &mut self.outgoing, &mut self.plain)
            }
            Session::Server(session) => {
                carry_out(session.process_tls_records(incoming), want, &mut self.outgoing, &mut self.plain)
            }
        };
        self.incoming.consume(discard);
        self.ended |= matches!(step, Ok(Step::Ended));
        step
    }
}

impl Session {
    fn state(&self) -> &CommonState {
        match self {
            Self::Client(session) => session,
            Self::Server(session) => session,
        }
    }
}

/// Carries out what the session says, and how many bytes of `incoming` it is done with.
fn carry_out<Data>(
    status: UnbufferedStatus<'_, '_, Data>,
    want: Want<'_>,
    outgoing: &mut Buffer,
    plain: &mut Buffer,
) -> (usize, io::Result<Step>) {
    let mut discard = status.discard;
    let step = match status.state {
        Err(error) => Err(invalid(error)),
        Ok(ConnectionState::ReadTraffic(mut traffic)) => {
            let (to, count) = match want {
                Want::Read(to, count) => (to, count),
                _ => (&mut [][..], &mut 0),
            };
            loop {
                match traffic.next_record() {
                    None => break Ok(Step::Again),
                    Some(Err(error)) => break Err(invalid(error)),
                    Some(Ok(record)) => {
                        discard += record.discard;
                        let (now, later) =
                            record.payload.split_at(record.payload.len().min(to.len() - *count));
                        to[*count..*count + now.len()].copy_from_slice(now);
                        *count += now.len();
                        plain.append(later);
                    }
                }
            }
        }
        Ok(ConnectionState::EncodeTlsData(mut data)) => {
            let mut room = 0;
            loop {
                match data.encode(outgoing.room(room)) {
                    Ok(size) => break outgoing.fill(size),
                    Err(EncodeError::InsufficientSize(needed)) => room = needed.required_size,
                    Err(EncodeError::AlreadyEncoded) => break,
                }
            }
            Ok(Step::Again)
        }
        // What was encoded lies in `outgoing` and goes out in order.
        Ok(ConnectionState::TransmitTlsData(data)) => {
            data.done();
            Ok(Step::Again)
        }
        Ok(ConnectionState::WriteTraffic(traffic)) => write(traffic, want, outgoing),
        Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => Ok(Step::Ended),
        Ok(_) => Ok(Step::Blocked),
    };
    (discard, step)
}

fn write<Data>(
    mut traffic: WriteTraffic<'_, Data>,
    want: Want<'_>,
    outgoing: &mut Buffer,
) -> io::Result<Step> {
    let (mut room, data) = match &want {
        Want::Encrypt(data) => (data.len() + (data.len() / RECORD_MAX + 1) * RECORD_OVERHEAD, Some(*data)),
        Want::Goodbye => (RECORD_OVERHEAD, None),
        Want::Nothing | Want::Read(..) => return Ok(Step::Open),
    };
    loop {
        let written = match data {
            Some(data) => traffic.encrypt(data, outgoing.room(room)),
            None => traffic.queue_close_notify(outgoing.room(room)),
        };
        match written {
            Ok(size) => {
                outgoing.fill(size);
                return Ok(Step::Sent);
            }
            Err(EncryptError::InsufficientSize(needed)) => room = needed.required_size,
            Err(error @ EncryptError::EncryptExhausted) => return Err(invalid(error)),
        }
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> AsyncRead for Records<C> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let mut count = this.plain.take(buf);
        while count < buf.len() && !this.ended {
            match this.step(Want::Read(buf, &mut count))? {
                Step::Again | Step::Ended => {}
                Step::Blocked | Step::Open | Step::Sent if count > 0 => break,
                Step::Blocked | Step::Open | Step::Sent => {
                    // New keys are agreed upon in passing; the answer must not wait for the next write.
                    if let Poll::Ready(drained) = this.outgoing.poll_drain(&mut this.socket, cx) {
                        drained?;
                    }
                    if ready!(this.poll_fill(cx))? == 0 {
                        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                    }
                }
            }
        }
        Poll::Ready(Ok(count))
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Records<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.outgoing.len() > COALESCE_MAX {
            ready!(this.outgoing.poll_drain(&mut this.socket, cx))?;
        }
        let data = &buf[..buf.len().min(TURN_BYTES_MAX)];
        loop {
            match this.step(Want::Encrypt(data))? {
                Step::Again => {}
                Step::Sent => return Poll::Ready(Ok(data.len())),
                // The peer may have ended its own direction only.
                Step::Ended if !this.closed => {}
                Step::Ended | Step::Blocked | Step::Open => {
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.outgoing.poll_drain(&mut this.socket, cx))?;
        Pin::new(&mut this.socket).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.closed {
            this.closed = true;
            // Step after step; a session in error has nothing more to say.
            while matches!(this.step(Want::Goodbye), Ok(Step::Again)) {}
        }
        ready!(this.outgoing.poll_drain(&mut this.socket, cx))?;
        Pin::new(&mut this.socket).poll_close(cx)
    }
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Most encrypted bytes read ahead of their use: 256 KiB, 16 records.
const INCOMING_MAX: usize = 256 << 10;
/// Encrypted bytes up to which another write is added to those that wait, so that the muxer's header of a frame leaves
/// together with its body.
const COALESCE_MAX: usize = 4 << 10;
/// Most plain bytes in a record.
const RECORD_MAX: usize = 16 << 10;
/// Header, type and tag of a record are 22 bytes; some more for a change of keys.
const RECORD_OVERHEAD: usize = 64;
