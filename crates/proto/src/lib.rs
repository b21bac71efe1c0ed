//! Every parser of bytes from strangers: piece hash files, peer messages, HTTP range headers.
//!
//! Whatever comes out of here is checked; whatever is malformed comes out as an error with the value and the limit
//! in it, never as a panic and never as an allocation much larger than the input. Nothing here does I/O or trusts
//! a length. `docs/protocol.md` says what the bytes mean and holds the same test vectors as this crate.
//!
//! ```
//! use swarmline_proto::{Manifest, wire};
//! use swarmline_types::message::{ContentMessage, Message};
//! use swarmline_types::{PieceHash, PieceLayout};
//!
//! let layout = PieceLayout::new(3, 1 << 20)?;
//! let manifest = Manifest::from_digests(layout, vec![PieceHash::new([7; 32])])?;
//!
//! // A manifest survives its journey as a file ...
//! assert_eq!(Manifest::parse_phf(&manifest.to_phf())?, manifest);
//!
//! // ... and a message its journey between two nodes.
//! let message: Message<ContentMessage> = Message::Join(manifest.content());
//! let frame = wire::encode(&message);
//! let (prefix, body) = frame.split_first_chunk().expect("a frame begins with its length");
//! assert_eq!(wire::body_len(*prefix)?, body.len());
//! assert_eq!(wire::decode(body)?, Some(Message::Join(manifest.content())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod wire;

pub mod http;
pub mod manifest;

pub use manifest::Manifest;
