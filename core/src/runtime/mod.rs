//! The seam between Steadfast and the world: five narrow capabilities.
//!
//! Everything above this folder is written against these traits and nothing
//! else, so the same bytes run on tokio in production and on a simulator under
//! test. One value carries all capabilities and the identity of its node;
//! functions are bound on the narrowest set they need.
//!
//! | capability | what it gives | file |
//! |---|---|---|
//! | [`Spawner`] | tasks whose end is always reported | `spawner.rs`, `task.rs` |
//! | [`Clock`] | node-local time and timers | `clock.rs` |
//! | [`Entropy`] | labelled streams of random numbers | `entropy.rs` |
//! | [`Network`] | messages between nodes, lossy and bounded | `network.rs`, `inbox.rs` |
//! | [`Storage`] | files of which only synced data survives a crash | `storage.rs` |
//!
//! [`Identity`] says whose value it is and [`Observer`] takes the facts that
//! core announces; neither is a capability.
//!
//! Beside the seam itself:
//!
//! | what | file |
//! |---|---|
//! | the promises of the capabilities, as a suite that every adapter passes | [`contract`] |
//! | requests with a time limit, and their answers | `request/` |
//! | the production runtime (feature `tokio`) | [`tokio`] |

mod clock;
pub mod contract;
mod entropy;
mod identity;
mod inbox;
mod network;
mod request;
mod spawner;
mod storage;
mod task;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use clock::{Clock, Elapsed, Timestamp, timeout};
pub use entropy::{Entropy, EntropyStream};
pub use identity::{Identity, Incarnation, NodeId, Observer};
pub use inbox::{Inbox, InboxSender, Offer};
pub use network::{BindError, Message, Network, Port, SendError};
pub use request::{Request, RequestCounts, RequestError, RequestLimits, Requester, Responder};
pub use spawner::Spawner;
pub use storage::{FileName, Storage, StorageError, StorageOperation};
pub(crate) use task::panic_text;
pub use task::{TaskEnd, TaskHandle, supervised_task};

/// The sum of all capabilities; what a whole node needs.
///
/// Implemented for every type that has them all, so there is nothing to write.
pub trait Runtime:
    Identity + Observer + Spawner + Clock + Entropy + Network + Storage + Clone + Send + Sync + 'static
{
}

impl<T> Runtime for T where
    T: Identity
        + Observer
        + Spawner
        + Clock
        + Entropy
        + Network
        + Storage
        + Clone
        + Send
        + Sync
        + 'static
{
}
