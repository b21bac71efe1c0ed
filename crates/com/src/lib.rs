//! The job API as COM interfaces: `libswarmline_do.so` and `include/swarmline_do.h`.
//!
//! A C or C++ program asks `SwarmlineCreateManager` for a manager and goes on from there. Each object turns its calls into those of the Rust face, `swarmline_jobs`, and each callback or stream of the
//! client is wrapped as the Rust face wants it. Decides nothing about jobs; knows nothing of transfers.
//!
//! - `abi`: memory, references, parameters. All that is unsafe, but for the exports.
//! - `interfaces`: tables and structs.
//! - `client`: the client's objects as ours.
//! - `objects`: our objects as the client's.
//! - [`service`]: who answers the calls.
//! - `exports`: the functions of the library.

#[macro_use]
mod abi;

mod interfaces;

pub mod service;

mod client;
mod objects;

mod exports;
