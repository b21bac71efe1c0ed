//! Whole swarms in virtual time, on the production scheduler.
//!
//! A [`Scenario`] says what is there and what happens: sites and their lines, peers and how they differ, files, crashes,
//! liars, an origin that fails, a network that loses and delays. [`run`] lets it happen, with a seed, and gives an
//! [`Outcome`]: figures, series over time, and why each byte came from the origin. In each host runs the machine that the
//! product runs ([`Production`]), or another behind the same border ([`Strategy`]), to compare with.
//!
//! ```
//! use swarmline_sim::{Scenario, Unwatched, run};
//!
//! // Eight peers behind one line of 20 Mbit/s; two of them crash half-way.
//! let scenario = Scenario::parse(
//!     "
//!     content.size = '16MiB'
//!     site.peers = 8
//!     group = { count = 2, ends = '50%..60%' }
//!     ",
//! )?;
//! let outcome = run(&scenario, 1, &mut Unwatched)?;
//! assert_eq!((outcome.total.finished, outcome.total.went), (6, 2));
//! assert!(outcome.total.origin < 1.5, "the origin sent less than one and a half copies");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **The model.** A site is a second driver of [`Content`](swarmline_scheduler::Content) and
//! [`Node`](swarmline_scheduler::Node), beside the one of the engine, and treats them alike: blocks of 1 MiB, four at a
//! time; progress each 256 KiB of an answer; cancels, rejects, introductions. What a node sends leaves slice after slice;
//! what it receives passes a clock; the line to the origin is shared by its connections evenly at every moment; a radio
//! cell is one server for all its slices. Control messages have latency and order, and cost no bytes. Hashes take no
//! time, and a wrong piece is one that a liar sent.
//!
//! **The same again.** Chance is counted, not drawn from a shared state; maps are ordered; sites are run apart and merged
//! in their order. So one scenario and one seed give the same bytes of JSON, on any number of threads.
//!
//! **Rules.** While it runs, hosts are compared with what the simulator knows of them: nothing is served or marked as had
//! that was not verified, the ledger balances, bounds are kept, no line is faster than it is, and nobody is faster than
//! [`bound`] allows. A rule that does not hold ends the run as [`Broken`], with the seed that shows it again.
//! [`scenario::nasty`] draws scenarios that try to, and [`trial`] runs them one after another.
//!
//! [`study`] runs a scenario with several seeds and holds it against its targets, [`html`] makes a page of that, and
//! [`library`] has the scenarios that come with the program. [`replay`] makes a scenario of what real nodes have
//! traced, and [`Traced`] traces what simulated ones do. Not here: files, the command line. Not modelled: loss of
//! single packets, hashing, the manifest's way, CPU.

pub mod words;

pub mod scenario;

pub mod bound;

pub mod outcome;

mod strategy;

mod chance;
mod queue;
mod slab;

mod link;

mod cast;
mod frame;
mod host;

mod recorder;
mod tally;

mod site;

mod report;

mod run;

mod baseline;

mod traced;

pub mod study;
pub mod trial;

pub mod html;

pub mod library;

pub mod replay;

pub use outcome::Outcome;
pub use run::{Broken, Options, Progress, Unwatched, Watch, run, run_with};
pub use scenario::Scenario;
pub use strategy::{Machine, Opening, Production, Strategy};
pub use traced::Traced;
