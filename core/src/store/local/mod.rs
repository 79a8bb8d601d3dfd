//! The engine for one node, in memory: for tests, and for those who need no other node.
//!
//! | file | what it holds |
//! |---|---|
//! | `store.rs` | starting one |
//! | `engine.rs` | the machine behind a lock, and answers at once |
//! | `driver.rs` | the process that ends leases |

mod driver;
mod engine;
mod store;
#[cfg(test)]
mod tests;

pub use store::{LocalOptions, LocalStore};
