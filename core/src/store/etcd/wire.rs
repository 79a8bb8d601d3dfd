//! What the engine needs of an etcd cluster.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::entry::Revision;
use crate::store::lease::{Granted, LeaseId, LeaseInfo};
use crate::store::range::KeyRange;
use crate::store::read::{Read, Reading};
use crate::store::transaction::{Transacted, Transaction};
use crate::store::watch::Changes;

/// What a call answers, later.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, WireError>> + Send + 'a>>;

/// Speaks to the members of a cluster, by the numbers of their endpoints, from 0.
///
/// A call is one request to one member: it is never repeated, by no layer below. The
/// caller limits its time by dropping it.
pub trait Wire: Send + Sync + fmt::Debug {
    /// How many endpoints there are. Constant, and not zero.
    fn endpoints(&self) -> usize;

    /// Reads. [`WireRefusal::Compacted`], [`WireRefusal::Future`].
    fn range(&self, endpoint: usize, read: Read) -> Call<'_, Reading>;

    /// Runs a transaction. [`WireRefusal::LeaseNotFound`], [`WireRefusal::Full`].
    fn txn(&self, endpoint: usize, transaction: Transaction) -> Call<'_, Transacted>;

    /// Grants a lease, in whole seconds. [`WireRefusal::LeaseExists`].
    fn lease_grant(
        &self,
        endpoint: usize,
        lease: Option<LeaseId>,
        ttl: Duration,
    ) -> Call<'_, Granted>;

    /// Renews a lease once. [`WireRefusal::LeaseNotFound`].
    fn lease_keep_alive(&self, endpoint: usize, lease: LeaseId) -> Call<'_, Duration>;

    /// Ends a lease; answers the revision of the store from there on.
    /// [`WireRefusal::LeaseNotFound`].
    fn lease_revoke(&self, endpoint: usize, lease: LeaseId) -> Call<'_, Revision>;

    /// What is known of a lease. [`WireRefusal::LeaseNotFound`].
    fn lease_time_to_live(&self, endpoint: usize, lease: LeaseId) -> Call<'_, LeaseInfo>;

    /// The leases that this member knows, in any order.
    fn lease_leases(&self, endpoint: usize) -> Call<'_, Vec<LeaseId>>;

    /// Begins a watch at a revision; completes once the member has taken it.
    fn watch(
        &self,
        endpoint: usize,
        range: KeyRange,
        from: Revision,
    ) -> Call<'_, Box<dyn WireWatch>>;

    /// Forgets what was before a revision. [`WireRefusal::Compacted`],
    /// [`WireRefusal::Future`].
    fn compact(&self, endpoint: usize, revision: Revision) -> Call<'_, ()>;
}

/// A watch on one connection. One whose connection is silently gone must notice within
/// a bounded time, and say [`WireError::Lost`].
pub trait WireWatch: Send {
    /// The next event. After an error, or [`WireEvent::Compacted`], it is over.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<WireEvent, WireError>>;
}

/// What a watch tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum WireEvent {
    /// Whole revisions, in ascending order.
    Changes(Vec<Changes>),
    /// Everything up to this revision that is in the range has been told, so that a watch
    /// which begins anew need not begin before it.
    Progress(Revision),
    /// What the watch is to tell next is compacted; this is the oldest revision left.
    Compacted(Revision),
}

/// A call was not answered as hoped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum WireError {
    /// The member certainly did not take the request and never will: it could not be
    /// reached, or it said so. Another member may.
    #[error("not taken: {reason}")]
    NotTaken {
        /// What happened.
        reason: String,
    },
    /// The member may have taken the request, and its answer is lost.
    #[error("the answer is lost: {reason}")]
    Lost {
        /// What happened.
        reason: String,
    },
    /// The cluster refused the request; any member would.
    #[error(transparent)]
    Refused(#[from] WireRefusal),
}

/// Why a cluster refuses a request. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum WireRefusal {
    /// A lease that the request names does not exist.
    #[error("the lease does not exist")]
    LeaseNotFound,
    /// The identity asked for is taken.
    #[error("the lease exists already")]
    LeaseExists,
    /// The revision is compacted.
    #[error("the revision is compacted")]
    Compacted,
    /// The revision has not happened.
    #[error("the revision has not happened")]
    Future,
    /// The store is over its quota.
    #[error("the store is full")]
    Full,
    /// Everything else, such as a user without permission.
    #[error("{reason}")]
    Other {
        /// What the cluster says.
        reason: String,
    },
}
