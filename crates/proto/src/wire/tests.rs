//! The wire contract, tested from outside: known bytes, generated messages, and everything that must be refused.

mod properties;
mod refusals;
mod vectors;

use swarmline_types::PieceLayout;
use swarmline_types::message::{ContentMessage, Message};

use super::*;

/// Reads a body as its receiver does. `None` for a kind that is not known.
fn read(body: &[u8], layout: &PieceLayout) -> Result<Option<Message<ContentMessage>>, WireError> {
    Ok(match decode(body)? {
        None => None,
        Some(Message::About { content, body }) => Some(Message::About { content, body: body.check(layout)? }),
        Some(Message::Hello(hello)) => Some(Message::Hello(hello)),
        Some(Message::Join(content)) => Some(Message::Join(content)),
        Some(Message::Leave(content)) => Some(Message::Leave(content)),
        Some(Message::Members { content, members }) => Some(Message::Members { content, members }),
        Some(Message::ManifestAsk { content, first }) => Some(Message::ManifestAsk { content, first }),
        Some(Message::ManifestPart { content, part }) => Some(Message::ManifestPart { content, part }),
        Some(Message::HintAsk(url)) => Some(Message::HintAsk(url)),
        Some(Message::HintAnswer { url, hint }) => Some(Message::HintAnswer { url, hint }),
    })
}

/// The body of a frame whose length must be right.
fn body(frame: &[u8]) -> &[u8] {
    let (prefix, body) = frame.split_first_chunk().unwrap();
    assert_eq!(body_len(*prefix), Ok(body.len()));
    body
}
