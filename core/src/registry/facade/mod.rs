//! The registry of a node: one facade that delegates everything to its backend.
//!
//! | file | what it holds |
//! |---|---|
//! | `registry.rs` | what a registry is, and starting one |
//! | `shared.rs`, `bell.rs` | the backend, the gate before it, and who waits for the gate |
//! | `reads.rs`, `changes.rs` | what is asked of the backend |
//! | `waiting.rs` | waiting for a name |

mod bell;
mod changes;
mod meter;
mod reads;
mod registry;
mod shared;
mod waiting;

pub use changes::RegisterAllError;
pub use meter::{Operation, OperationStats};
pub use registry::Registry;
pub(super) use shared::Shared;
