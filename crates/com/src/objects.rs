//! Our objects, as a client sees them: each turns its methods into calls of the Rust face.
//!
//! An object holds a handle and no state of a job; two objects of one job are the same job. Safe Rust throughout.

mod property;

mod enumerate;

mod error;
mod file;
mod job;

mod download;

mod manager;

mod factory;

pub(crate) use download::download;
pub(crate) use error::error;
pub(crate) use factory::{factory, is_locked};
pub(crate) use file::file;
pub(crate) use job::job;
pub(crate) use manager::manager;
