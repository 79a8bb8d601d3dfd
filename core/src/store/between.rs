//! Something between a store and its engine, for tests.

use std::fmt;
use std::time::Duration;

use super::{
    CompactError, Engine, Granted, LeaseError, LeaseId, LeaseInfo, Limits, Pending, Read,
    ReadError, Reading, Revision, Revoked, TransactError, Transacted, Transaction, Watch,
    WatchError, WatchFrom,
};

/// An engine that does some things in its own way, and everything else as another one.
pub(crate) trait Between: Send + Sync + fmt::Debug {
    /// The other one.
    fn inner(&self) -> &dyn Engine;

    fn read(&self, read: Read, limit: Duration) -> Pending<'_, Reading, ReadError> {
        self.inner().read(read, limit)
    }

    fn transact(
        &self,
        transaction: Transaction,
        limit: Duration,
    ) -> Pending<'_, Transacted, TransactError> {
        self.inner().transact(transaction, limit)
    }

    fn grant(
        &self,
        lease: Option<LeaseId>,
        ttl: Duration,
        limit: Duration,
    ) -> Pending<'_, Granted, LeaseError> {
        self.inner().grant(lease, ttl, limit)
    }

    fn keep_alive(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Duration, LeaseError> {
        self.inner().keep_alive(lease, limit)
    }

    fn revoke(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Revoked, LeaseError> {
        self.inner().revoke(lease, limit)
    }

    fn watch(&self, from: WatchFrom, limit: Duration) -> Pending<'_, Watch, WatchError> {
        self.inner().watch(from, limit)
    }

    fn compact(&self, revision: Revision, limit: Duration) -> Pending<'_, (), CompactError> {
        self.inner().compact(revision, limit)
    }
}

impl<T: Between> Engine for T {
    fn kind(&self) -> &'static str {
        "between"
    }

    fn limits(&self) -> &Limits {
        self.inner().limits()
    }

    fn read(&self, read: Read, limit: Duration) -> Pending<'_, Reading, ReadError> {
        Between::read(self, read, limit)
    }

    fn transact(
        &self,
        transaction: Transaction,
        limit: Duration,
    ) -> Pending<'_, Transacted, TransactError> {
        Between::transact(self, transaction, limit)
    }

    fn grant(
        &self,
        lease: Option<LeaseId>,
        ttl: Duration,
        limit: Duration,
    ) -> Pending<'_, Granted, LeaseError> {
        Between::grant(self, lease, ttl, limit)
    }

    fn keep_alive(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Duration, LeaseError> {
        Between::keep_alive(self, lease, limit)
    }

    fn revoke(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Revoked, LeaseError> {
        Between::revoke(self, lease, limit)
    }

    fn lease(&self, lease: LeaseId, limit: Duration) -> Pending<'_, LeaseInfo, LeaseError> {
        self.inner().lease(lease, limit)
    }

    fn leases(&self, limit: Duration) -> Pending<'_, Vec<LeaseId>, ReadError> {
        self.inner().leases(limit)
    }

    fn watch(&self, from: WatchFrom, limit: Duration) -> Pending<'_, Watch, WatchError> {
        Between::watch(self, from, limit)
    }

    fn compact(&self, revision: Revision, limit: Duration) -> Pending<'_, (), CompactError> {
        Between::compact(self, revision, limit)
    }
}
