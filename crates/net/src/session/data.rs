//! The two loops of the data stream.

use std::time::Instant;

use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use swarmline_proto::wire::{DATA_FRAME_MAX, DataHeader};

use super::Peer;
use super::answers::Answer;
use super::expectations::{Outcome, Target};
use crate::error::CloseReason;
use crate::event::NetEvent;
use crate::pace::{Pace, TURN_BYTES_MAX};

impl Peer<'_> {
    /// Reads answers straight into the buffers of their requests, until something is wrong.
    pub(super) async fn receive<R: AsyncRead + Unpin>(&self, stream: &mut R) -> CloseReason {
        loop {
            match self.receive_frame(stream).await {
                Ok(()) => {}
                Err(why @ CloseReason::Lost(_)) => return self.after_the_last_word(why).await,
                Err(why) => return why,
            }
        }
    }

    async fn receive_frame<R: AsyncRead + Unpin>(&self, stream: &mut R) -> Result<(), CloseReason> {
        let mut header = [0; DataHeader::SIZE];
        stream.read_exact(&mut header).await?;
        let header = DataHeader::decode(header)?;
        let target = self.session.expectations().begin(header)?;
        let buffer = match target {
            Target::Keep { mut buffer, at } => {
                stream.read_exact(&mut buffer.as_mut()[at..at + header.size as usize]).await?;
                Some(buffer)
            }
            Target::Discard => {
                discard(stream, header.size as usize).await?;
                None
            }
        };
        let DataHeader { request, size: bytes } = header;
        let outcome = self.session.expectations().end(header, buffer);
        let from = self.node;
        self.tell(match outcome {
            Outcome::Progress(received) => NetEvent::Progress { from, request, received },
            Outcome::Arrived(data) => NetEvent::Arrived { from, request, data },
            Outcome::Discarded => NetEvent::Discarded { from, request, bytes },
        })
        .await
    }

    /// Sends the answers that are queued for the peer, one after the other.
    pub(super) async fn supply<W: AsyncWrite + Unpin>(&self, stream: &mut W) -> CloseReason {
        let mut pace = Pace::new();
        loop {
            let answer = match self.session.0.answers.try_next() {
                Some(answer) => answer,
                None => {
                    pace.idle();
                    self.session.0.answers.next().await
                }
            };
            pace.busy(Instant::now());
            let request = answer.request;
            let bytes = match self.send_answer(stream, answer, &mut pace).await {
                Ok(bytes) => bytes,
                Err(error) => return self.after_the_last_word(error.into()).await,
            };
            self.turns.answered(bytes);
            if let Err(why) = self.tell(NetEvent::Served { to: self.node, request, bytes }).await {
                return why;
            }
        }
    }

    /// Cuts an answer into frames of one turn each, so that others on the connection get theirs in between. Stops
    /// between two frames when the answer is withdrawn. Returns the bytes handed over.
    async fn send_answer<W: AsyncWrite + Unpin>(
        &self,
        stream: &mut W,
        answer: Answer,
        pace: &mut Pace,
    ) -> std::io::Result<u32> {
        let Answer { request, data: mut rest } = answer;
        let mut sent = 0;
        while !rest.is_empty() && self.session.0.answers.is_wanted(request) {
            let frame = rest.split_to(pace.turn().min(rest.len()));
            let size = frame_size(&frame);
            stream.write_all(&DataHeader { request, size }.encode()).await?;
            stream.write_all(&frame).await?;
            pace.took(frame.len(), Instant::now());
            sent += size;
        }
        stream.flush().await?;
        Ok(sent)
    }
}

async fn discard<R: AsyncRead + Unpin>(stream: &mut R, mut left: usize) -> std::io::Result<()> {
    let mut block = vec![0; left.min(DISCARD_SIZE)];
    while left > 0 {
        let size = left.min(block.len());
        stream.read_exact(&mut block[..size]).await?;
        left -= size;
    }
    Ok(())
}

fn frame_size(frame: &Bytes) -> u32 {
    u32::try_from(frame.len()).expect("a turn fits a frame, as is checked below")
}

const _: () = assert!(TURN_BYTES_MAX as u64 <= DATA_FRAME_MAX as u64);

/// Bytes of no use are read this many at a time.
const DISCARD_SIZE: usize = 64 << 10;
