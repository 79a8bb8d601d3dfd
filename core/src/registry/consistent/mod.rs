//! The backend that asks a store before it gives a name away: consistent, and not
//! available where the store is not.
//!
//! | what | file |
//! |---|---|
//! | how it works; what may go wrong | `config.rs`, `error.rs` |
//! | where registrations lie in the store, and what is said there | `naming.rs`, `row.rs` |
//! | what this node sees and holds: pure | `view.rs`, `follow.rs` |
//! | what callers ask for, in their order: pure | `job.rs`, `plan.rs`, `conclude.rs` |
//! | the lock around it, the contract of backends, the process that asks the store | `store.rs`, `backend.rs`, `driver.rs` |

mod backend;
mod conclude;
mod config;
mod driver;
mod error;
mod follow;
mod job;
mod naming;
mod plan;
mod row;
mod store;
#[cfg(test)]
mod tests;
mod view;

pub use config::{ConsistentConfig, ConsistentConfigError, OnLoss};
pub use error::ConsistencyError;
pub use store::Consistent;
