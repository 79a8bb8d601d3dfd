//! The promises of the runtime, as a suite that every adapter passes.
//!
//! Write a [`Harness`] for the adapter, a few lines that start, crash and restart
//! its nodes, and run every [`Case`] on a harness of its own:
//!
//! ```
//! use std::sync::Arc;
//! use steadfast::runtime::contract::{self, Harness, Report};
//!
//! async fn check<H: Harness>(fresh: impl AsyncFn() -> H) -> Report {
//!     contract::run_all(fresh).await
//! }
//!
//! async fn check_one<H: Harness>(harness: H, id: &str) {
//!     let cases = contract::cases::<H>();
//!     let case = cases.iter().find(|case| case.id() == id).expect("a case of that name");
//!     if let Err(broken) = case.run(Arc::new(harness)).await {
//!         panic!("{}: {broken}", case.claim());
//!     }
//! }
//! ```
//!
//! A case has a stable id, a sentence that is the promise, and takes well under a
//! second of real time on an adapter that keeps it. Cases assume nothing that the
//! traits do not promise: messages may be lost, late, twice and out of order, so
//! what must arrive is sent again until it does. They run in real and in simulated
//! time alike. The adapter must be free of injected faults.
//!
//! | file | what it holds |
//! |---|---|
//! | `harness.rs` | what an adapter gives to be checked |
//! | `case.rs` | a promise, and the list of all of them |
//! | `verdict.rs`, `report.rs` | whether promises were kept |
//! | `patience.rs` | waiting that ends even if the adapter's clock does not work |
//! | `identity.rs`, `spawner.rs`, `clock.rs`, `entropy.rs`, `network.rs`, `delivery.rs`, `storage.rs`, `durability.rs` | the cases by capability |
//! | `request.rs` | requests over the adapter's network and clock |

mod case;
mod clock;
mod delivery;
mod durability;
mod entropy;
mod harness;
mod identity;
mod network;
mod patience;
mod report;
mod request;
mod spawner;
mod storage;
mod verdict;

pub use case::{Case, cases, run_all};
pub use harness::{Harness, NODES, STRANGER};
pub use report::{CaseReport, Report};
pub use verdict::Broken;
