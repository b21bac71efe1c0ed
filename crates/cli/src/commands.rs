//! The commands, each in its module.

pub(crate) mod add;
pub(crate) mod completion;
pub(crate) mod daemon;
pub(crate) mod demo;
pub(crate) mod get;
pub(crate) mod jobs;
pub(crate) mod publish;
pub(crate) mod sim;
pub(crate) mod status;
