//! The driver: carries the scheduler's actions to store, origin and net, and their results back.
//!
//! One task owns the pure machines and is the only one that touches them; [`Engine`] is the handle that others hold.
//! Nothing is decided here: rates, priorities, queues and caps live in `swarmline-scheduler`, trust in the caller's
//! request. Blocking work (hashing, reading, writing) runs beside the async tasks, one job per core and one more.
//!
//! - `driver`: the task. Inputs: commands, network events, results of work. Orders go to fetches, disk and network.
//! - [`jobs`]: the job API on top of downloads.
//! - `transfer`: one download as its caller sees it, from the manifest to the final name.
//! - `download`: what somebody in this process holds of one: events, orders, and bytes while they come.

mod clock;
mod config;
mod content;
mod count;
mod disk;
mod error;
mod pace;
mod sha256;
mod trace;
mod url_hash;

mod download;
mod driver;
mod transfer;

mod settings;

mod engine;

pub mod jobs;

mod owner;

pub use config::EngineConfig;
pub use download::{Control, Download};
pub use engine::Engine;
pub use error::StartError;
pub use owner::{Owner, OwnerError};
pub use settings::{ConfigError, Settings, listen_address};
pub use swarmline_store::Placeholder;
