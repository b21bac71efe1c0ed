//! Whole swarms in virtual time, on the production scheduler.
//!
//! A [`Scenario`] says what is there and what happens: sites, lines, peers, files, crashes, liars, an origin that fails.
//! [`run`] lets it happen, with a seed, and gives an [`Outcome`]: figures, series over time, and why each byte came from
//! the origin. In each host runs the machine that the product runs ([`Production`]), or another behind the same border
//! ([`Strategy`]), to compare with.

pub mod scenario;

pub mod bound;

pub mod outcome;

mod strategy;

mod chance;
mod queue;
mod slab;

mod link;

mod cast;
mod host;

mod recorder;
mod tally;

mod site;

mod report;

mod run;

pub use outcome::Outcome;
pub use run::{Broken, Options, Progress, Unwatched, Watch, run, run_with};
pub use scenario::Scenario;
pub use strategy::{Machine, Opening, Production, Strategy};
