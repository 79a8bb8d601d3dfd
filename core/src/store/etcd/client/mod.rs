//! The wire to a real cluster, over the crate `etcd-client` (feature `etcd`).
//!
//! That crate brings connections and tasks of its own along, which run on the executor
//! of the production runtime and end with the store: nothing of it can be simulated, so
//! that nothing but translation is written here.
//!
//! | file | what it holds |
//! |---|---|
//! | `cluster.rs` | where a cluster is, and how it is spoken to |
//! | `wire.rs` | a connection an endpoint, and the calls |
//! | `request.rs`, `answer.rs` | translation, in both directions |
//! | `refusal.rs` | what an error says about what was done |
//! | `watch.rs` | a watch on one stream |

mod answer;
mod cluster;
mod refusal;
mod request;
mod watch;
mod wire;

pub use cluster::{EtcdCluster, EtcdTls};
pub(super) use wire::ClientWire;
