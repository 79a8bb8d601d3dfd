//! The promises of engines, as a suite that each of them passes.
//!
//! Write a [`Harness`] for the engine and run every [`Case`] on a harness of its own,
//! with [`run_all`] or one by one, as for
//! [`runtime::contract`](crate::runtime::contract). Cases run in real and in simulated
//! time alike, free of injected faults. Those that begin with a letter and a number
//! are cases of the conformance list.
//!
//! | file | what it holds |
//! |---|---|
//! | `harness.rs` | what an engine gives to be checked |
//! | `case.rs` | a promise, and the list of all of them |
//! | `verdict.rs` | the words that cases are written in |
//! | `keys.rs`, `reads.rs`, `transactions.rs`, `contention.rs`, `watches.rs`, `history.rs`, `leases.rs`, `expiry.rs` | the cases |

mod case;
mod contention;
mod expiry;
mod harness;
mod history;
mod keys;
mod leases;
mod reads;
mod transactions;
mod verdict;
mod watches;

pub use case::{Case, cases, run_all};
pub use harness::Harness;
#[cfg(test)]
pub(in crate::store) use verdict::both;
