//! The piece scheduler: what to ask of whom, what to serve to whom, when the origin may be used.
//!
//! Sans-IO: no clock, socket, file or ambient randomness. The first two machines are driven alike: `handle` one input,
//! drain `poll_action`, wait until `poll_timeout` or the next input; the third only tells whose turn it is.
//!
//! - [`Content`], one per content. Its **lane** is the site's agreement, without a leader, on who fetches what from the
//!   origin; its **mesh** spreads verified pieces by pull.
//! - [`Node`], one per node: connections, the serving queue, and what all contents may start.
//! - [`Turn`], one per manifest that is looked for: which node of the site reads it at the origin.
//!
//! The same code runs in the product and in simulation. Same seed and same inputs give the same actions, byte for
//! byte: ordered maps, integers where nodes must agree, randomness only from the seed.
//!
//! Not here: hashing, writing, sockets, HTTP. The driver does what [`Action`] and [`NodeAction`] say and tells what
//! came of it.

pub mod config;
mod ledger;
mod numbers;
pub mod score;

mod bucket;
mod gate;
mod hours;
mod runs;

mod limits;

mod coverage;
mod members;
mod peers;
mod requests;

mod action;
mod allowance;
mod input;

mod site;

mod announce;
mod lane;
mod mesh;

mod content;
mod node;

mod turn;

pub use action::{Action, Explain, FetchReason, GiveUp};
pub use allowance::{Allowance, Surroundings, Unlimited};
pub use config::{Config, Policy};
pub use content::{Content, Stage};
pub use gate::{BACK_OFF_MAX, BACK_OFF_MIN, BackOff, RETRY_AFTER_MAX, pause_asked_for};
pub use hours::{Hours, ParseHoursError, TimeOfDay};
pub use input::{Failure, Input};
pub use ledger::{Account, Ledger, SOURCES_MAX, Source};
pub use limits::{CLASS_RATE_MIN, ClassLimits, Limit, OriginLimits, ParseLimitError};
pub use node::{BAN, BANS_MAX, Hold, MEMBERS_MAX, Node, NodeAction, NodeConfig, NodeInput, Ticket};
pub use requests::RequestId;
pub use turn::Turn;
