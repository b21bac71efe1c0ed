//! The rules of lane and mesh, one at a time, on one node whose peers are played by the test.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test of small numbers")]

mod desk;

mod anew;
mod belief;
mod holder;
mod lane;
mod mesh;
mod origin;
mod policy;
mod rumours;
mod wants;

mod properties;
