//! The machine behind both faces.

mod conditions;
mod config;
mod fault;

mod action;
mod input;

pub use action::{Action, AskId, CallId, Sink, Ticket, TransferId, TransferSpec};
pub use conditions::Conditions;
pub use config::{Config, JOBS_HARD_MAX};
pub use fault::{CONTEXTS, Fault};
pub use input::{Answered, Input, TransferEvent};
