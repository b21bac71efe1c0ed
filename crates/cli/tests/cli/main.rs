//! The program as its users meet it: a process with arguments, outputs, signals and an exit code.

#![allow(clippy::unwrap_used, reason = "all of it is a test, and a helper that fails fails the test")]

mod sandbox;

mod arguments;
mod help;
mod publish;
mod replay;

mod get;
mod share;

mod daemon;
mod demo;
mod sim;
