//! What the cases run on: a bench with one node, a journal of the facts that its
//! core announced, and a stage that directs the children under test.

#![allow(dead_code, reason = "the cases of supervision use the rest")]

mod bench;
mod journal;
mod stage;
mod witness;
mod worlds;

pub(crate) use bench::{Bench, same};
pub(crate) use stage::{Cue, Manner};
pub(crate) use worlds::{cases, on_tokio};
