//! The contract of engines: who holds the keys of a store.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::entry::Revision;
use super::error::{CompactError, LeaseError, ReadError, TransactError, WatchError};
use super::lease::{Granted, LeaseId, LeaseInfo, Revoked};
use super::limits::Limits;
use super::read::{Read, Reading};
use super::transaction::{Transacted, Transaction};
use super::watch::{Watch, WatchFrom};

/// What an engine answers, later.
pub type Pending<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// Holds the keys of a store.
///
/// An engine is chosen by configuration, so this is a trait of objects; code that
/// uses a store holds a [`Store`](super::Store) and knows no engine. All engines pass
/// one suite, [`contract`](super::contract), and mean the same by everything: the
/// words and rules are those of etcd v3.
///
/// - **Linearizable.** Every transaction happens at one instant between its begin and
///   its answer. So does a read, unless it asks for less.
/// - **Bounded in time.** Every call ends by `limit` after its begin, by the clock of
///   the calling node, with an answer or an error.
/// - **Certain or not.** A call that changes something ends with its outcome, with an
///   error that says it did not and will not happen, or with
///   [`Unknown`](super::Unknown). It never claims more than is known. An engine that
///   repeats a call on its own makes it happen at most once.
/// - **Leases** end by their own clock, not before their time to live has passed since
///   the last renewal that was answered, and their keys go in one revision. After a
///   change of whoever counts them they live in full again.
/// - **Checked.** Requests keep the rules of [`Limits`] when they come here.
///
/// # Cancel safety
///
/// Dropping the future of a read withdraws it. Dropping that of a change withdraws it
/// only if it was not handed over yet: the outcome is then unknown.
pub trait Engine: Send + Sync + fmt::Debug {
    /// What kind it is, such as `local`. Constant.
    fn kind(&self) -> &'static str;

    /// The bounds that requests are checked against. Constant.
    fn limits(&self) -> &Limits;

    /// Reads.
    fn read(&self, read: Read, limit: Duration) -> Pending<'_, Reading, ReadError>;

    /// Runs a transaction.
    fn transact(
        &self,
        transaction: Transaction,
        limit: Duration,
    ) -> Pending<'_, Transacted, TransactError>;

    /// Grants a lease, under an identity of the engine's choice if none is given.
    fn grant(
        &self,
        lease: Option<LeaseId>,
        ttl: Duration,
        limit: Duration,
    ) -> Pending<'_, Granted, LeaseError>;

    /// Makes a lease live for its whole time again, from an instant between the begin
    /// of the call and its answer. Answers that time. Never brings a lease back.
    fn keep_alive(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Duration, LeaseError>;

    /// Ends a lease and deletes its keys, in one revision.
    fn revoke(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Revoked, LeaseError>;

    /// What is known of a lease.
    fn lease(&self, lease: LeaseId, limit: Duration) -> Pending<'_, LeaseInfo, LeaseError>;

    /// All leases, in order.
    fn leases(&self, limit: Duration) -> Pending<'_, Vec<LeaseId>, ReadError>;

    /// Begins a watch.
    fn watch(&self, from: WatchFrom, limit: Duration) -> Pending<'_, Watch, WatchError>;

    /// Forgets what was before a revision, which itself can still be read and watched.
    fn compact(&self, revision: Revision, limit: Duration) -> Pending<'_, (), CompactError>;
}
