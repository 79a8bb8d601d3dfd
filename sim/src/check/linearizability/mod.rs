//! Linearizability: whether every operation of a [history](crate::history) can be
//! given one instant between its invocation and its completion, so that all of them,
//! in the order of these instants, are what one object by itself would do.
//!
//! The object is a [`Model`]: [`Register`], [`Counter`], [`Kv`], [`Lock`], or one of your
//! own.
//! [`check`] answers a [`Verdict`]; "unknown" is one of its answers, and never means
//! that the history is good. [`Linearizable`] asks it about the history of a run.
//!
//! # How it is decided
//!
//! Each key is an object of its own and is checked by itself, for a history is
//! linearizable exactly if that of each object is (Herlihy and Wing, 1990). The search
//! is that of Wing and Gong with Lowe's memory of what was seen ("Testing for
//! linearizability", 2017), as in porcupine and knossos: operations are tried in an
//! order that respects real time, and a configuration (which operations have been
//! placed, which state came of it) is never entered twice. To this add
//! reductions, each of which keeps every verdict:
//!
//! - An operation that [only observes](Model::observes_only) is placed as soon as it
//!   fits, without an alternative; with an unknown outcome it is left out.
//! - An operation of unknown outcome is placed only where it changes the state.
//! - What [overwrites](Model::overwrites) is never placed right after an operation of
//!   unknown outcome, which then would have been of no use.
//! - Of equal calls of unknown outcome, the one that was invoked first is placed first.
//! - A configuration is not entered if one that has placed fewer operations of unknown
//!   outcome, and is the same otherwise, was entered before.
//!
//! Before the search for every order comes a hasty one, which places an operation of
//! unknown outcome only where something fits at once: most histories that have an
//! order have one of these. Where it comes to its end without one, a contradiction is
//! looked for among the last operations up to there, with all others weakened to ones
//! of unknown outcome: what contradicts itself there has no order at all.

mod bounds;
mod check;
mod core;
mod counter;
mod explain;
mod kv;
mod linearizable;
mod lock;
mod memo;
mod model;
mod optional;
mod pending;
mod problem;
mod refute;
mod register;
mod search;
mod states;
#[cfg(test)]
mod tests;
mod verdict;
mod witness;

pub use bounds::Bounds;
pub use check::check;
pub use counter::{Counter, CounterAnswer, CounterCall};
pub use kv::{Kv, KvAnswer, KvCall, KvState};
pub use linearizable::Linearizable;
pub use lock::{Lock, LockAnswer, LockCall, LockState};
pub use model::Model;
pub use register::{Register, RegisterAnswer, RegisterCall};
pub use verdict::{Bound, Judgement, UnknownReason, Verdict};
pub use witness::{Fact, Placement, Witness};
