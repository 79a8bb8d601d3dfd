//! The store over a real etcd, which these tests start, kill and start again.
//!
//! Without `etcd` on the path they are skipped, and say so, unless
//! `STEADFAST_REQUIRE_ETCD` is set.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot do what it needs fails"
)]

mod promises;
mod recipes;
mod restarts;
mod secured;
mod server;
