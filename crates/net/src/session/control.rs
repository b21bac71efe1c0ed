//! The two loops of the control stream.

use std::time::Duration;

use futures::{AsyncRead, AsyncWrite};
use swarmline_proto::wire::RawBody;
use swarmline_types::message::{ContentMessage, Message};
use tokio::sync::mpsc;

use super::Peer;
use super::frames::{ControlReader, ControlWriter, Frame};
use crate::address::is_believable;
use crate::error::{CloseReason, Violation};
use crate::event::NetEvent;

impl Peer<'_> {
    /// Tells the engine what the peer says, until it says goodbye or something wrong.
    pub(super) async fn hear<R: AsyncRead + Unpin>(&self, reader: &mut ControlReader<R>) -> CloseReason {
        loop {
            self.turns.take().await;
            let message = match reader.next().await {
                Ok(Frame::Message(message)) => message,
                Ok(Frame::Goodbye) => return CloseReason::Goodbye,
                Err(why) => return why,
            };
            if matches!(message, Message::Hello(_)) {
                return Violation::SecondHello.into();
            }
            let message = self.without_far_addresses(message);
            if let Err(why) = self.tell(NetEvent::Message { from: self.node, message }).await {
                return why;
            }
        }
    }

    fn without_far_addresses(&self, mut message: Message<RawBody>) -> Message<RawBody> {
        if let Message::Members { members, .. } = &mut message {
            members
                .iter_mut()
                .for_each(|member| member.addrs.retain(|addr| is_believable(*addr, self.loopback)));
        }
        message
    }

    /// Writes what is queued for the peer, as much at a time as there is.
    pub(super) async fn speak<W: AsyncWrite + Unpin>(
        &self,
        writer: &mut ControlWriter<W>,
        queue: &mut mpsc::Receiver<Message<ContentMessage>>,
    ) -> CloseReason {
        loop {
            if let Err(error) = writer.write().await {
                return self.after_the_last_word(error.into()).await;
            }
            // The session itself holds a sender, so the queue does not end before it does.
            let Some(message) = queue.recv().await else { return CloseReason::Shutdown };
            writer.push(&message);
            while !writer.is_full()
                && let Ok(message) = queue.try_recv()
            {
                writer.push(&message);
            }
        }
    }

    /// The connection broke in one place; what the peer said last may still lie on the control stream, and says more
    /// about why.
    pub(super) async fn after_the_last_word(&self, why: CloseReason) -> CloseReason {
        tokio::time::sleep(LAST_WORD_MAX).await;
        why
    }
}

/// How long the last words of a peer are waited for.
const LAST_WORD_MAX: Duration = Duration::from_millis(500);
