//! The job API as COM interfaces: `libswarmline_do.so` and `include/swarmline_do.h`.
//!
//! A C or C++ program asks `SwarmlineCreateManager` for a manager and goes on from there. Each object turns its calls into
//! those of the Rust face, `swarmline_jobs`, and each callback or stream of the client is wrapped as the Rust face wants
//! it. Behind them is the process that owns the state directory, or an engine in this one. Decides nothing about jobs;
//! knows nothing of transfers.
//!
//! - `abi`: memory, references, parameters, the process: what is unsafe, but for the few places that are marked below.
//! - `interfaces`: tables and structs.
//! - `client`: the client's objects as ours.
//! - `objects`: our objects as the client's.
//! - [`service`]: who answers the calls.
//! - `exports`: the functions of the library.

#![deny(unsafe_op_in_unsafe_fn)]

#[macro_use]
#[allow(unsafe_code, reason = "what no compiler can check is here")]
mod abi;

#[allow(unsafe_code, reason = "tables of functions that C calls, and structs that it fills")]
mod interfaces;

pub mod service;

#[allow(unsafe_code, reason = "calls of objects that C made")]
mod client;
mod objects;

#[allow(unsafe_code, reason = "functions that C calls")]
mod exports;
