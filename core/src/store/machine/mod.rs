//! The state of a store as a pure machine: commands in, answers out.
//!
//! The same commands in the same order make the same state and the same answers on
//! every replica. The machine knows no time: whoever counts the leases tells it by
//! [`Command::Expire`] which have ended.
//!
//! | file | what it holds |
//! |---|---|
//! | `command.rs` | what can be asked, and what comes of it |
//! | `key_space.rs` | keys, their history, compaction |
//! | `leases.rs` | leases and the keys that go with them |
//! | `sessions.rs` | answers remembered for those who ask again |
//! | `apply.rs` | the machine itself |
//! | `evaluate.rs` | comparisons and reads |
//! | `snapshot.rs` | the state as bytes |

mod apply;
mod command;
mod evaluate;
mod key_space;
mod leases;
mod sessions;
mod snapshot;

#[cfg(test)]
mod model;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

pub use apply::Machine;
pub use command::{Applied, Command, LeaseChange, Proposal, Refusal, Response, SessionId, Stamp};
pub use snapshot::SnapshotError;
