//! The machine through its public face: a scripted driver, the state tables, callbacks, ends, restarts, bounds, and a
//! model to compare with.

mod rig;

mod hands;

mod tables;

mod callbacks;
mod conditions;
mod downloads;
mod ending;
mod files;
mod places;
mod restart;
mod signs;

mod chaos;
mod model;
