//! The coordination store: linearizable keys with revisions, leases, transactions and
//! watches, behind one handle and any of several engines.
//!
//! Hold a [`Store`] and know no engine. The words and the rules are those of etcd v3:
//! every change makes a new [`Revision`], a [`Transaction`] compares and then acts in
//! one step, keys that were put under a lease go when it ends, and a [`Watch`] tells
//! every change from a revision on, without gap and without double.
//!
//! ```
//! use std::time::Duration;
//! use steadfast::process::Node;
//! use steadfast::runtime::{NodeId, tokio::TokioRuntime};
//! use steadfast::store::{Compare, KeyRange, LocalStore, Operation, Transaction};
//!
//! # let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # executor.block_on(async {
//! let node = Node::new(TokioRuntime::builder(NodeId(1)).build()?);
//! let store = LocalStore::start(&node, "store", Default::default())?;
//!
//! let lease = store.grant(Duration::from_secs(10)).await?.lease;
//! let wanted = Transaction::when([Compare::missing("locks/a")])
//!     .then([Operation::put_leased("locks/a", "me", lease)])
//!     .otherwise([Operation::read("locks/a")]);
//! let answer = store.transact(wanted).await?;
//! assert!(answer.succeeded);
//!
//! let mut watch = store.watch_from(KeyRange::prefix("locks/"), answer.revision).await?;
//! assert_eq!(watch.next().await?.revision, answer.revision);
//! store.revoke(lease).await?;
//! assert_eq!(store.get("locks/a").await?, None);
//! # node.stop(Duration::from_secs(1)).await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `handle.rs`, `engine.rs` | [`Store`], and the contract of what is behind it |
//! | `bytes.rs`, `range.rs`, `entry.rs`, `read.rs`, `transaction.rs`, `lease.rs`, `watch.rs` | the words of requests and answers |
//! | `limits.rs`, `check.rs` | how much a store takes |
//! | `error.rs` | what may go wrong; what is certain and what is not |
//! | `keep_alive.rs`, `renewal.rs` | leases that are renewed, and what their holders may rely on |
//! | [`machine`] | the state and every decision about it, pure |
//! | `lease_clock.rs`, `watchers.rs`, `settle.rs` | what engines over the machine share, pure |
//! | `local/` | the engine for one node, in memory |
//! | `raft/` | the engine for several nodes, by consensus (feature `raft`) |
//! | [`etcd`] | the engine over an etcd cluster |
//! | [`contract`] | the promises of engines, as a suite |

#[cfg(test)]
pub(crate) mod between;
mod bytes;
mod check;
pub mod contract;
mod engine;
mod entry;
mod error;
pub mod etcd;
mod handle;
mod keep_alive;
mod lease;
mod lease_clock;
mod limits;
mod local;
pub mod machine;
#[cfg(feature = "raft")]
mod raft;
mod range;
mod read;
mod renewal;
mod settle;
mod transaction;
mod watch;
mod watchers;

pub use bytes::{Key, Value};
pub use engine::{Engine, Pending};
pub use entry::{Entry, Revision};
pub use error::{
    CompactError, Invalid, LeaseError, ReadError, TransactError, Unavailable, Unknown, WatchError,
};
pub use handle::Store;
pub use keep_alive::{KeepAlive, LeaseHandle};
pub use lease::{Granted, LeaseId, LeaseInfo, Revoked};
pub use limits::Limits;
pub use local::{LocalOptions, LocalStore};
#[cfg(feature = "raft")]
pub use raft::{ChangeMembersError, RaftOptions, RaftStatus, RaftStore, TransferError};
pub use range::KeyRange;
pub use read::{Consistency, Order, Read, Reading};
pub use renewal::{LeaseEnd, LeaseState};
pub use transaction::{Compare, Done, Operand, Operation, Relation, Transacted, Transaction};
pub use watch::{Change, Changes, Watch, WatchFrom, WatchSource};
