//! The backend that several nodes share: available on every side of a split, and of one
//! mind again after it.
//!
//! | what | file |
//! |---|---|
//! | what an owner says: rows and steps | `row.rs`, `origin.rs` |
//! | own changes by number; what an owner holds; what is known of a peer | `log.rs`, `holdings.rs`, `peer.rs` |
//! | what readers see; who keeps a name that was given away twice | `view.rs`, `conflict.rs` |
//! | values of the whole registry | `meta.rs` |
//! | the backend of a configuration, with a membership of its own | `clustered.rs` |
//! | all of it together: requests, messages, members, comparing, reports | `replica.rs`, `requests.rs`, `receive.rs`, `members.rs`, `sync.rs`, `inspection.rs` |
//! | the lock around it and what readers see without it, the contract of backends, the process that sends and receives | `store.rs`, `readers.rs`, `backend.rs`, `driver.rs`, `feed.rs`, `error.rs` |
//! | snapshots on their way, messages and their bytes, what is to be done | `snapshot.rs`, `wire.rs`, `effect.rs` |

mod backend;
mod clustered;
mod config;
mod conflict;
mod driver;
mod effect;
mod error;
mod feed;
mod holdings;
mod inspection;
mod log;
mod members;
mod meta;
mod origin;
mod peer;
mod readers;
mod receive;
mod replica;
mod requests;
mod row;
mod snapshot;
mod store;
mod sync;
#[cfg(test)]
mod tests;
mod view;
mod wire;

pub(super) use clustered::clustered;
pub use config::{OnConflict, ReplicatedConfig, ReplicatedConfigError};
pub use conflict::{Claim, Resolver};
pub use error::ReplicationError;
pub use feed::{ManualFeed, ManualReader, MemberFeed};
pub use inspection::PeerStats;
pub use members::MemberNews;
pub use origin::{Origin, Stamp};
pub(super) use readers::{Readers, held_by};
pub use store::Replicated;
