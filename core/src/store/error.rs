//! What may go wrong, by family of operations.
//!
//! Three kinds are kept apart everywhere: the request cannot be right ([`Invalid`]),
//! it certainly did not happen (a refusal, or [`Unavailable`]), and nobody can say
//! whether it happened or will happen ([`Unknown`]).

use std::time::Duration;

use super::bytes::Key;
use super::entry::Revision;
use super::lease::LeaseId;
use crate::process::ends_a_process;
use crate::runtime::NodeId;

/// A request breaks a rule that needs no state to check. No effect; the same request
/// can never succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// A key was empty.
    #[error("a key is empty")]
    EmptyKey,
    /// A key is too long.
    #[error("a key of {len} bytes is over the limit of {len_max}")]
    KeyTooLong {
        /// Its length, in bytes.
        len: usize,
        /// The limit, in bytes.
        len_max: usize,
    },
    /// A value is too long.
    #[error("the value of {key}, {len} bytes, is over the limit of {len_max}")]
    ValueTooLong {
        /// The key.
        key: Key,
        /// The length of the value, in bytes.
        len: usize,
        /// The limit, in bytes.
        len_max: usize,
    },
    /// A transaction has too many comparisons or operations.
    #[error("a transaction of {len} steps is over the limit of {len_max}")]
    TransactionTooLong {
        /// The longest of its lists.
        len: usize,
        /// The limit.
        len_max: usize,
    },
    /// The keys and values of a transaction are too large together.
    #[error("a transaction of {bytes} bytes is over the limit of {bytes_max}")]
    TransactionTooLarge {
        /// Their size, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// One list of a transaction would change a key twice.
    #[error("a transaction changes {key} twice")]
    ChangedTwice {
        /// The key.
        key: Key,
    },
    /// A read inside a transaction asks for an earlier revision.
    #[error("a read inside a transaction cannot be of {revision}")]
    PastInTransaction {
        /// What was asked for.
        revision: Revision,
    },
    /// A lease was asked for under an identity that no lease can have.
    #[error("{} is no identity of a lease", .lease.0)]
    LeaseId {
        /// What was asked for.
        lease: LeaseId,
    },
    /// A time to live is zero or too long.
    #[error("a time to live of {ttl:?} is not between zero and {ttl_max:?}")]
    Ttl {
        /// What was asked for.
        ttl: Duration,
        /// The limit.
        ttl_max: Duration,
    },
}

/// The store did not take the request. It certainly did not happen and will not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// The engine does not run on this node: not yet, no longer, or it is being
    /// restarted. A retry helps once it runs.
    #[error("the store does not run")]
    NotRunning,
    /// The asked node does not lead and may not decide. A retry helps, best at the
    /// leader.
    #[error("{node} does not lead{}", leader_hint(.leader.as_ref()))]
    NotLeader {
        /// The node that was asked.
        node: NodeId,
        /// Who led, as far as that node knew.
        leader: Option<NodeId>,
    },
    /// Too many requests wait for their answers. A retry helps once some have ended.
    #[error("{limit} requests are in flight already")]
    TooManyInFlight {
        /// The limit.
        limit: usize,
    },
    /// The time limit passed before the request could be handed over, or the request
    /// changes nothing. A retry may help.
    #[error("no answer within {limit:?}")]
    TimedOut {
        /// The limit that was set.
        limit: Duration,
    },
    /// No endpoint of a cluster took the request within the time limit. A retry helps
    /// once one of them can be reached.
    #[error("no endpoint took the request within {limit:?}; the last one: {reason}")]
    Unreachable {
        /// The limit that was set.
        limit: Duration,
        /// What happened at the last endpoint that was asked.
        reason: String,
    },
    /// The store is damaged, cannot use its disk, or forbids the request. A retry cannot
    /// help.
    #[error("the store failed: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl Unavailable {
    /// Whether the store may answer later, so that a retry can help.
    pub(crate) const fn may_pass(&self) -> bool {
        match self {
            Self::NotRunning
            | Self::NotLeader { .. }
            | Self::TooManyInFlight { .. }
            | Self::TimedOut { .. }
            | Self::Unreachable { .. } => true,
            Self::Failed { .. } => false,
        }
    }
}

fn leader_hint(leader: Option<&NodeId>) -> String {
    leader.map_or_else(
        || ", and no leader is known".to_owned(),
        |leader| format!(", {leader} may"),
    )
}

/// The request was handed over, and its outcome is not known: it may have happened, may
/// still happen, or may never. Read to find out, or use requests that are safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unknown {
    /// No answer came within the time limit.
    #[error("the outcome is unknown: no answer within {limit:?}")]
    TimedOut {
        /// The limit that was set.
        limit: Duration,
    },
    /// The connection to whoever decides broke.
    #[error("the outcome is unknown: the connection was lost: {reason}")]
    ConnectionLost {
        /// What happened to it.
        reason: String,
    },
    /// Whoever was deciding lost the right to before the outcome was known.
    #[error("the outcome is unknown: the leader changed")]
    LeaderChanged,
    /// The engine stopped before the outcome was known.
    #[error("the outcome is unknown: the store stopped")]
    Stopped,
    /// What was remembered for retries is gone, so that it cannot be said whether an
    /// earlier attempt happened.
    #[error("the outcome is unknown: the store no longer remembers the session")]
    Forgotten,
}

/// A read failed. It had no effect whatever the variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The request cannot be right.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The revision asked for was compacted. A retry of the same cannot help.
    #[error("{requested} is compacted, {compacted} is the oldest that can be read")]
    Compacted {
        /// What was asked for.
        requested: Revision,
        /// The oldest that can be read.
        compacted: Revision,
    },
    /// The revision asked for has not happened. A retry may help later.
    #[error("{requested} has not happened, {current} is the newest")]
    Future {
        /// What was asked for.
        requested: Revision,
        /// The newest.
        current: Revision,
    },
}

/// A transaction did not happen, unless it is [`Unknown`]. A transaction whose
/// comparisons do not hold is no error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactError {
    /// The request cannot be right.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The store did not take it. No effect.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It may have happened.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// A put names a lease that does not exist. No effect on any key; a retry cannot
    /// help.
    #[error("{lease} does not exist")]
    LeaseNotFound {
        /// The lease.
        lease: LeaseId,
    },
    /// What exists would grow over its bound. No effect; deletes still succeed, and
    /// then a retry helps.
    #[error("the store would hold {bytes} bytes, over its limit of {bytes_max}")]
    Full {
        /// What it would hold, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        bytes_max: usize,
    },
}

/// An operation on a lease did not happen, unless it is [`Unknown`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// The request cannot be right.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The store did not take it. No effect.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It may have happened.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// There is no such lease: it expired, was revoked, or never was. It will not come
    /// back.
    #[error("{lease} does not exist")]
    NotFound {
        /// The lease.
        lease: LeaseId,
    },
    /// The identity asked for is taken. No effect; a retry helps once that lease ended.
    #[error("{lease} exists already")]
    Exists {
        /// The lease.
        lease: LeaseId,
    },
    /// There are as many leases as the store takes. No effect; a retry helps once some
    /// have ended.
    #[error("the store holds its maximum of {limit} leases")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

/// A compaction did not happen, unless it is [`Unknown`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompactError {
    /// The store did not take it. No effect.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It may have happened.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// That has been compacted already. No effect; a retry cannot help.
    #[error("{requested} is compacted already, up to {compacted}")]
    Compacted {
        /// What was asked for.
        requested: Revision,
        /// The oldest revision that can be read.
        compacted: Revision,
    },
    /// The revision asked for has not happened. No effect; a retry may help later.
    #[error("{requested} has not happened, {current} is the newest")]
    Future {
        /// What was asked for.
        requested: Revision,
        /// The newest.
        current: Revision,
    },
}

/// A watch cannot begin, or cannot go on. Everything up to the position it had reached
/// was delivered; nothing after it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The request cannot be right.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The store does not serve it, or stopped serving it. A new watch from
    /// [`Watch::position`](super::Watch::position) goes on without gap or double.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Changes that the watch had not delivered are compacted: it began too far back,
    /// or was too slow. Read the range, and watch from the revision of that reading on.
    #[error("{requested} is compacted, {compacted} is the oldest that can be watched")]
    Compacted {
        /// The next revision that it would have delivered.
        requested: Revision,
        /// The oldest that can be watched.
        compacted: Revision,
    },
    /// There are as many watches as the engine takes. A retry helps once some have been
    /// dropped.
    #[error("the store serves its maximum of {limit} watches")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

ends_a_process!(
    ReadError,
    TransactError,
    LeaseError,
    CompactError,
    WatchError
);
