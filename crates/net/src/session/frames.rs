//! Control messages on their stream: cutting them out of the bytes, and writing them in batches.
//!
//! A message of no bytes, which cannot be any other, says goodbye: nothing follows it in its direction. Only so a peer
//! that leaves can be told from one that dies, whose system closes the connection as politely.

use bytes::{Buf, BytesMut};
use futures::io::{ReadHalf, WriteHalf};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::Stream;
use swarmline_proto::wire::{self, PREFIX_SIZE, RawBody};
use swarmline_types::message::{ContentMessage, Message};

use crate::error::CloseReason;

/// One thing that a peer said.
#[derive(Debug, PartialEq)]
pub(super) enum Frame {
    Message(Message<RawBody>),
    Goodbye,
}

/// The incoming half of a control stream.
pub(super) struct ControlReader<R = ReadHalf<Stream>> {
    stream: R,
    /// Read and not yet cut: at most one message and [`READ_SIZE`].
    bytes: BytesMut,
    /// What a read fills, so that a read given up half-way leaves nothing behind.
    block: Box<[u8; READ_SIZE]>,
}

impl<R: AsyncRead + Unpin> ControlReader<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { stream, bytes: BytesMut::new(), block: Box::new([0; READ_SIZE]) }
    }

    /// The next message of a known kind. Dropping it half-way loses nothing.
    pub(super) async fn next(&mut self) -> Result<Frame, CloseReason> {
        loop {
            while let Some(body) = self.cut()? {
                if body.is_empty() {
                    return Ok(Frame::Goodbye);
                }
                if let Some(message) = wire::decode(&body)? {
                    return Ok(Frame::Message(message));
                }
                tracing::trace!(bytes = body.len(), "a message of a kind that is not known here");
            }
            let size = self.stream.read(&mut self.block[..]).await?;
            if size == 0 {
                return Err(CloseReason::Lost("it ended without goodbye".into()));
            }
            self.bytes.extend_from_slice(&self.block[..size]);
        }
    }

    fn cut(&mut self) -> Result<Option<BytesMut>, CloseReason> {
        let Some(prefix) = self.bytes.first_chunk::<PREFIX_SIZE>() else { return Ok(None) };
        let end = PREFIX_SIZE + wire::body_len(*prefix)?;
        if self.bytes.len() < end {
            return Ok(None);
        }
        let mut frame = self.bytes.split_to(end);
        frame.advance(PREFIX_SIZE);
        Ok(Some(frame))
    }
}

/// The outgoing half of a control stream.
pub(super) struct ControlWriter<W = WriteHalf<Stream>> {
    stream: W,
    /// Encoded and not yet written: at most [`BATCH_MAX`] and one message.
    bytes: BytesMut,
}

impl<W: AsyncWrite + Unpin> ControlWriter<W> {
    pub(super) fn new(stream: W) -> Self {
        Self { stream, bytes: BytesMut::new() }
    }

    /// Adds a message to the batch; [`write`](Self::write) sends it.
    pub(super) fn push(&mut self, message: &Message<ContentMessage>) {
        self.bytes.extend_from_slice(&wire::encode(message));
    }

    /// Whether the batch should be written before more is added.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_MAX
    }

    /// Writes the batch. Dropping it half-way loses nothing: the next call goes on where this one stopped.
    pub(super) async fn write(&mut self) -> std::io::Result<()> {
        while !self.bytes.is_empty() {
            let size = self.stream.write(&self.bytes).await?;
            if size == 0 {
                return Err(std::io::ErrorKind::WriteZero.into());
            }
            self.bytes.advance(size);
        }
        self.stream.flush().await
    }

    /// Writes what is left, and that nothing follows.
    pub(super) async fn goodbye(&mut self) -> std::io::Result<()> {
        self.bytes.extend_from_slice(&[0; PREFIX_SIZE]);
        self.write().await
    }
}

/// Most messages are much smaller: 2 KiB.
const READ_SIZE: usize = 2 << 10;
/// Messages are written together up to 16 KiB, which is two turns on the slowest link.
const BATCH_MAX: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use futures::io::Cursor;
    use swarmline_proto::wire::{FRAME_MAX, WireError};
    use swarmline_types::ContentId;

    use super::*;
    use crate::error::Violation;

    fn join(name: u8) -> Message<ContentMessage> {
        Message::Join(ContentId::new([name; 32]))
    }

    async fn written(messages: &[Message<ContentMessage>]) -> Vec<u8> {
        let mut writer = ControlWriter::new(Vec::new());
        messages.iter().for_each(|message| writer.push(message));
        writer.write().await.unwrap();
        writer.goodbye().await.unwrap();
        writer.stream
    }

    /// Hands out one byte at a time.
    struct Drip(Cursor<Vec<u8>>);

    impl AsyncRead for Drip {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
            buf: &mut [u8],
        ) -> std::task::Poll<std::io::Result<usize>> {
            std::pin::Pin::new(&mut self.0).poll_read(cx, &mut buf[..1])
        }
    }

    #[tokio::test]
    async fn messages_are_cut_out_of_any_pieces_of_the_stream() {
        let bytes = written(&[join(1), join(2)]).await;
        let mut whole = ControlReader::new(Cursor::new(bytes.clone()));
        let mut drip = ControlReader::new(Drip(Cursor::new(bytes)));
        for name in [1, 2] {
            let want = Frame::Message(Message::Join(ContentId::new([name; 32])));
            assert_eq!(whole.next().await.unwrap(), want);
            assert_eq!(drip.next().await.unwrap(), want);
        }
        assert_eq!(whole.next().await.unwrap(), Frame::Goodbye);
        assert_eq!(drip.next().await.unwrap(), Frame::Goodbye);
        assert!(matches!(whole.next().await, Err(CloseReason::Lost(_))));
    }

    #[tokio::test]
    async fn a_message_that_is_too_large_is_refused_by_its_length() {
        let length = u32::try_from(FRAME_MAX + 1).unwrap().to_be_bytes();
        let mut reader = ControlReader::new(Cursor::new(length.to_vec()));
        let error = reader.next().await.unwrap_err();
        assert_eq!(error, Violation::Wire(WireError::Frame { got: FRAME_MAX + 1 }).into());
    }

    #[tokio::test]
    async fn garbage_is_a_violation() {
        let mut reader = ControlReader::new(Cursor::new(vec![0, 0, 0, 3, 0xff, 0xff, 0xff]));
        assert!(reader.next().await.unwrap_err().is_violation());
    }
}
