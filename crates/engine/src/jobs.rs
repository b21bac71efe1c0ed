//! The job API on an engine: calls in, callbacks out, records on disk, transfers under way.
//!
//! What a call means, which are legal, what a client is told and when: all that the machine of `swarmline-jobs` decides.
//! Here its orders are carried out.
//!
//! - `client`: the side of the program that calls, in this process or attached to another.
//! - `door`: how clients come in. `host`: the task that owns the machine.
//! - `records`, `commit`: what is on disk before anybody is told.
//! - `transfers`: files on their way, on the [`Engine`](crate::Engine). `fault`: why one failed, in the machine's words.

mod door;

mod records;

mod commit;

mod fault;

mod destinations;
mod transfers;

mod host;

mod client;

pub use client::{JobClient, OBJECTS_MAX, OpenServiceError, open_service, open_service_with};
pub use host::{JobHost, JobHostError};
