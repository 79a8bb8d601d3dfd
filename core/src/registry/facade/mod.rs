//! The registry of a node: one facade that delegates everything to its backend.
//!
//! | file | what it holds |
//! |---|---|
//! | `registry.rs` | what a registry is, and starting one |
//! | `charge.rs` | which backend is in charge |
//! | `shared.rs`, `bell.rs` | the gate before it, and who waits for the gate |
//! | `reads.rs`, `changes.rs` | what is asked of the backend |
//! | `meter.rs` | what is counted of changes |
//! | `waiting.rs`, `locking.rs` | waiting for a name, and for the lock of one |
//! | `via.rs`, `dispatch.rs` | sending to a name, and to a group |
//! | `tree.rs`, `switch.rs` | its processes, and changing the backend |
//! | `clearing.rs` | ending a scope with everybody in it |

mod bell;
mod changes;
mod charge;
mod clearing;
mod dispatch;
mod locking;
mod meter;
mod reads;
mod registry;
mod shared;
mod switch;
mod tree;
mod via;
mod waiting;

pub use changes::RegisterAllError;
#[cfg(test)]
pub(super) use charge::Charge;
pub use clearing::Cleared;
pub use dispatch::{Acted, Dispatched, Outcome};
pub use meter::{Operation, OperationStats};
pub use registry::{Registry, StartRegistryError};
pub(super) use shared::Shared;
pub use switch::{SwitchError, SwitchOptions, Switched};
pub use via::{Via, ViaCallError, ViaError};
