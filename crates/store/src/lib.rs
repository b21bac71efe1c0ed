//! Content on disk: verified writes, durable have-map, destinations.
//!
//! A download is written once, into a part file beside its destination, piece by piece as pieces pass their hash.
//! What is had is recorded in the state directory; killing the process at any instruction loses at most the pieces
//! in flight. At the end the part file takes the destination's name, so that a destination holds the complete
//! content or nothing. From then on it is served from where it stands, as long as it is what it was.
//!
//! A content may also be held: it stays in its part file, complete or as far as it is wanted, until somebody hands it
//! over or discards it. Ranges of a content are handed over as a file of their own.
//!
//! Everything here blocks: call it from threads made for that, never from an async task. Nothing here knows a
//! network, and nothing decides what to fetch.
//!
//! ```
//! use swarmline_store::{Begin, Begun, Store, hash_file};
//!
//! # let dir = tempfile::tempdir()?;
//! # let [state, source, destination] = ["state", "source", "copy"].map(|name| dir.path().join(name));
//! # std::fs::write(&source, vec![7; 40_000])?;
//! let store = Store::open(&state)?;
//! let seed = store.add(&source, &hash_file(&source, 1 << 14, &|_bytes| ())?)?;
//!
//! let Begun::Partial(copy) = store.begin(seed.manifest(), &destination, Begin::default())? else {
//!     unreachable!("nothing stands there yet");
//! };
//! for piece in seed.layout().pieces() {
//!     copy.write(piece, &[seed.read(piece, 0, seed.layout().size_of(piece))?])?;
//! }
//! copy.finish()?;
//! assert_eq!(std::fs::read(&destination)?, std::fs::read(&source)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod buffer;
mod disk;
mod epoch;
mod lock;
mod stamp;

mod header;
mod record;

mod hashing;

mod part;
mod place;
mod placeholder;
mod state;

mod content;

mod plain;

mod store;

#[cfg(test)]
mod tests;

pub use content::{Content, DiscardError, FinishError, ReadError, WriteError};
pub use disk::{Room, write_atomically};
pub use hashing::{HashError, hash_file};
pub use place::PlaceError;
pub use placeholder::{Placeholder, PlaceholderError};
pub use plain::{BeginPlain, FinishPlainError, PlainPart, VALIDATOR_MAX};
pub use state::{IdentityError, OpenError, StateDir};
pub use store::{
    AddError, Begin, BeginError, Begun, CONTENTS_MAX, Held, ListError, OpenContentError, PlainBegun, Store,
};
