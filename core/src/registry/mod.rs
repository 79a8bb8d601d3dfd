//! The process registry: names for processes, in scopes, with metadata.

mod answer;
mod backend;
mod change;
mod entry;
mod error;
mod facade;
mod host;
mod key;
mod key_lock;
mod local;
mod metadata;
mod operation;
mod query;
pub mod replicated;
mod report;
#[cfg(test)]
mod tests;
mod transfer;
mod watch;

pub use answer::Answer;
pub use backend::{Backend, Host, SharedHost};
pub use change::{Cause, Change, Rule};
pub use entry::{Entry, Handle};
pub use error::{Asker, RegistryError};
pub use facade::{
    Acted, Cleared, Dispatched, Operation, OperationStats, Outcome, RegisterAllError, Registry,
    Via, ViaCallError, ViaError,
};
pub use key::{Key, Keys};
pub use key_lock::KeyGuard;
pub use local::{Local, LocalOptions};
pub use metadata::{Metadata, Value};
pub use operation::{Registered, Registration, Removal, Revision, Update, Updated};
pub use query::{Condition, Query};
pub use report::{BackendHealth, BackendStats, PartitionStats, ScopeStats};
pub use transfer::{Transfer, TransferEntry};
pub use watch::{Notice, Snapshot, Subscription};
