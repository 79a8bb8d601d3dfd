//! Supervised coordination that never orphans a task and never silently swallows
//! an error.
//!
//! Steadfast is written against an abstract [`runtime`]: tokio in production, a
//! deterministic simulator under test (`steadfast-sim`). Start with
//! [`process::Node`], which holds the processes of one node, and give it a
//! supervisor from [`supervision`].
//!
//! Two promises hold for everything in this crate, and the simulator checks both:
//!
//! 1. **No orphans.** Every task has a parent and none outlives it.
//! 2. **No swallowed errors.** Every failure that the runtime hands over is given
//!    back to the caller, escalated as an exit reason, or reported as an incident;
//!    see [`failure`].

#![forbid(unsafe_code)]

pub mod boot;
pub mod coordination;
pub mod event;
pub mod failure;
mod label;
pub mod membership;
mod milliseconds;
pub mod process;
pub mod registry;
pub mod runtime;
pub mod store;
pub mod supervision;
pub mod telemetry;
#[cfg(test)]
mod testing;

pub use label::Label;
