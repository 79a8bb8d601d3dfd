//! What code holds of a store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::bytes::{Key, Value};
use super::check;
use super::engine::Engine;
use super::entry::{Entry, Revision};
use super::error::{CompactError, LeaseError, ReadError, TransactError, WatchError};
use super::lease::{Granted, LeaseId, LeaseInfo, Revoked};
use super::limits::Limits;
use super::range::KeyRange;
use super::read::{Read, Reading};
use super::transaction::{Done, Operation, Transacted, Transaction};
use super::watch::{Watch, WatchFrom};

/// A coordination store: linearizable keys with revisions, leases, transactions and
/// watches. Cheap to clone.
///
/// Recipes are written on this and know no engine. Every operation ends within the
/// handle's [time limit](Self::within).
///
/// # Cancel safety
///
/// Of every operation: see [`Engine`].
#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    limit: Duration,
}

impl Store {
    /// The time limit of a handle that was given none.
    pub const LIMIT: Duration = Duration::from_secs(5);

    /// A handle of an engine.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self {
            engine,
            limit: Self::LIMIT,
        }
    }

    /// A handle of the same store with another time limit for each operation.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        Self {
            engine: self.engine.clone(),
            limit,
        }
    }

    /// The time limit of each operation.
    #[must_use]
    pub const fn limit(&self) -> Duration {
        self.limit
    }

    /// What kind of engine it is, such as `local`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.engine.kind()
    }

    /// The bounds of requests.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.engine.limits()
    }

    /// Reads.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub async fn read(&self, read: Read) -> Result<Reading, ReadError> {
        check::range(self.limits(), &read.range)?;
        self.engine.read(read, self.limit).await
    }

    /// Reads one key as it is now, linearizable.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub async fn get(&self, key: impl Into<Key>) -> Result<Option<Entry>, ReadError> {
        let read = Read::new(KeyRange::key(key));
        self.read(read).await.map(Reading::into_first)
    }

    /// Runs a transaction.
    ///
    /// # Errors
    ///
    /// See [`TransactError`].
    pub async fn transact(&self, transaction: Transaction) -> Result<Transacted, TransactError> {
        check::transaction(self.limits(), &transaction)?;
        self.engine.transact(transaction, self.limit).await
    }

    /// Puts a value that lives until it is deleted. Answers the revision of the change.
    ///
    /// # Errors
    ///
    /// See [`TransactError`].
    pub async fn put(
        &self,
        key: impl Into<Key>,
        value: impl Into<Value>,
    ) -> Result<Revision, TransactError> {
        let transaction = Transaction::of([Operation::put(key, value)]);
        self.transact(transaction).await.map(|done| done.revision)
    }

    /// Deletes every key in a range. Answers how many there were.
    ///
    /// # Errors
    ///
    /// See [`TransactError`].
    pub async fn delete(&self, range: KeyRange) -> Result<usize, TransactError> {
        let transaction = Transaction::of([Operation::Delete(range)]);
        let transacted = self.transact(transaction).await?;
        let deleted = transacted.done.iter().map(|done| match done {
            Done::Deleted { count } => *count,
            Done::Put { .. } | Done::Read(_) => 0,
        });
        Ok(deleted.sum())
    }

    /// Grants a lease.
    ///
    /// # Errors
    ///
    /// See [`LeaseError`].
    pub async fn grant(&self, ttl: Duration) -> Result<Granted, LeaseError> {
        check::grant(self.limits(), None, ttl)?;
        self.engine.grant(None, ttl, self.limit).await
    }

    /// Grants a lease under an identity of the caller's choice, so that a grant whose
    /// outcome is unknown can be asked for again.
    ///
    /// # Errors
    ///
    /// See [`LeaseError`]; `Exists` if the identity is taken.
    pub async fn grant_as(&self, lease: LeaseId, ttl: Duration) -> Result<Granted, LeaseError> {
        check::grant(self.limits(), Some(lease), ttl)?;
        self.engine.grant(Some(lease), ttl, self.limit).await
    }

    /// Renews a lease once; [`KeepAlive`](super::KeepAlive) does so again and again.
    /// Answers its time to live.
    ///
    /// # Errors
    ///
    /// See [`LeaseError`]; `NotFound` if the lease has ended.
    pub async fn keep_alive(&self, lease: LeaseId) -> Result<Duration, LeaseError> {
        self.engine.keep_alive(lease, self.limit).await
    }

    /// Ends a lease and deletes its keys, in one revision.
    ///
    /// # Errors
    ///
    /// See [`LeaseError`].
    pub async fn revoke(&self, lease: LeaseId) -> Result<Revoked, LeaseError> {
        self.engine.revoke(lease, self.limit).await
    }

    /// What is known of a lease.
    ///
    /// # Errors
    ///
    /// See [`LeaseError`].
    pub async fn lease(&self, lease: LeaseId) -> Result<LeaseInfo, LeaseError> {
        self.engine.lease(lease, self.limit).await
    }

    /// All leases, in order.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub async fn leases(&self) -> Result<Vec<LeaseId>, ReadError> {
        self.engine.leases(self.limit).await
    }

    /// Watches a range from the first change after now.
    ///
    /// # Errors
    ///
    /// See [`WatchError`].
    pub async fn watch(&self, range: KeyRange) -> Result<Watch, WatchError> {
        check::range(self.limits(), &range)?;
        let from = WatchFrom {
            range,
            revision: None,
        };
        self.engine.watch(from, self.limit).await
    }

    /// Watches a range from a revision on, past or to come. To go on from a reading,
    /// watch from the revision after it.
    ///
    /// # Errors
    ///
    /// See [`WatchError`].
    pub async fn watch_from(
        &self,
        range: KeyRange,
        revision: Revision,
    ) -> Result<Watch, WatchError> {
        check::range(self.limits(), &range)?;
        let from = WatchFrom {
            range,
            revision: Some(revision),
        };
        self.engine.watch(from, self.limit).await
    }

    /// Forgets what was before a revision, which itself can still be read and watched.
    ///
    /// # Errors
    ///
    /// See [`CompactError`].
    pub async fn compact(&self, revision: Revision) -> Result<(), CompactError> {
        self.engine.compact(revision, self.limit).await
    }
}

#[cfg(test)]
impl Store {
    pub(crate) fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// Puts something between the handle and its engine.
    pub(crate) fn wrapped(self, wrap: impl FnOnce(Arc<dyn Engine>) -> Arc<dyn Engine>) -> Self {
        Self {
            engine: wrap(self.engine),
            limit: self.limit,
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("engine", &self.engine)
            .field("limit", &self.limit)
            .finish()
    }
}
