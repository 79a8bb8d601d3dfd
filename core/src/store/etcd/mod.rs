//! The engine for those who have an etcd cluster.
//!
//! It runs no process of its own: every call is a request to one of the endpoints, and a
//! watch is driven by whoever waits for it. What speaks to a cluster stands behind one
//! narrow trait, [`Wire`], so that the same engine runs against a simulated server.
//!
//! | file | what it holds |
//! |---|---|
//! | `wire.rs` | what the engine needs of a cluster |
//! | `store.rs` | a store from a wire, and how it behaves |
//! | `engine.rs` | endpoints, repetition, what is certain |
//! | `operations.rs` | the operations |
//! | `watch.rs` | watches that go on after their connection broke |
//! | `client/` | the wire to a real cluster (feature `etcd`) |

#[cfg(feature = "etcd")]
mod client;
mod engine;
mod operations;
mod store;
#[cfg(test)]
mod tests;
mod watch;
mod wire;

#[cfg(feature = "etcd")]
pub use client::{EtcdCluster, EtcdTls};
pub use store::{EtcdOptions, EtcdStore};
pub use wire::{Call, Wire, WireError, WireEvent, WireRefusal, WireWatch};
