//! The machine behind both faces: all jobs of one state directory, without I/O.
//!
//! [`Jobs`] takes in calls of clients and facts about transfers, and orders what the driver is to do: fetch, rename,
//! save, answer, call back. What each call and event does in each state stands in [`table`]; everything else follows
//! from it.

mod conditions;
mod config;
mod fault;
pub mod table;
mod timers;

mod action;
mod input;

mod notifier;
mod slots;

mod desk;

mod job;

mod calls;

mod jobs;

pub use action::{Action, AskId, CallId, Sink, Ticket, TransferId, TransferSpec};
pub use conditions::Conditions;
pub use config::{Config, JOBS_HARD_MAX};
pub use fault::{CONTEXTS, Fault};
pub use input::{Answered, Input, TransferEvent};
pub use jobs::Jobs;
