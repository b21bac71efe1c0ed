//! Messages between the process that owns a state directory and its clients, and their transport.
//!
//! One process owns a state directory: it holds the lock, runs the engine, and listens on a Unix socket in that
//! directory. Everybody else who wants something of it connects, says one [`Request`](message::Request) and hears
//! [`Event`](message::Event)s, each one line of JSON. One of the requests turns the connection into a session of the
//! [job API](jobs), in which both sides go on speaking. Knows nothing of what the requests mean: the owner answers.
//!
//! Clients are programs of the same user, or root; still nothing they do can block the owner or make it grow:
//! their number, their lines, their patience and what waits for them are bounded.
//!
//! ```
//! use swarmline_ipc::message::{Event, Request, TransferError, ErrorKind};
//! use swarmline_ipc::{Client, Server};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let dir = tempfile::tempdir()?;
//! let socket = dir.path().join("ipc.sock");
//! let mut server = Server::bind(&socket).await?;
//!
//! let mut answers = Client::connect(&socket).await?.request(&Request::Status).await?;
//! let incoming = server.next().await;
//! let refusal = TransferError::new(ErrorKind::Stopped, "shutting down");
//! incoming.events.send(Event::Failed(refusal))?;
//!
//! assert!(matches!(answers.next().await?, Some(Event::Failed(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod message;

mod lines;
mod outbox;
mod place;

mod client;

pub mod jobs;

mod server;

pub use client::{Answers, Client, ConnectError, ReceiveError, RequestError};
pub use lines::LINE_BYTES_MAX;
pub use outbox::{EventSender, Gone, WAITING_MAX};
pub use server::{BindError, CLIENTS_MAX, Incoming, Server};
