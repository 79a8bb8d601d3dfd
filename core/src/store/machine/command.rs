//! What can be asked of the machine, and what comes of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::entry::Revision;
use crate::store::lease::{Granted, LeaseId, Revoked};
use crate::store::transaction::{Transacted, Transaction};

/// Changes the state, or refuses to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Runs a transaction.
    Transact(Transaction),
    /// Grants a lease.
    Grant {
        /// Its identity; the machine chooses one if there is none.
        lease: Option<LeaseId>,
        /// Its time to live.
        ttl: Duration,
    },
    /// Ends a lease on request.
    Revoke(LeaseId),
    /// Ends leases whose time has passed. Those that are gone already are passed over.
    Expire(Vec<LeaseId>),
    /// Forgets what was before a revision.
    Compact(Revision),
    /// Opens a session for a client that asks again when an answer is lost.
    OpenSession,
}

/// Names one session. Never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

/// Makes a command happen at most once, however often it is proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The session of whoever proposes.
    pub session: SessionId,
    /// Counts the commands of the session, from 1.
    pub serial: u64,
    /// Every command up to this serial has been answered and will not be proposed
    /// again: what is remembered of it can go.
    pub answered: u64,
}

/// A command, and who wants it how often at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Without it the command happens each time it is applied.
    pub stamp: Option<Stamp>,
    /// The command.
    pub command: Command,
}

impl From<Command> for Proposal {
    fn from(command: Command) -> Self {
        let stamp = None;
        Self { stamp, command }
    }
}

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// Of [`Command::Transact`].
    Transacted(Transacted),
    /// Of [`Command::Grant`].
    Granted(Granted),
    /// Of [`Command::Revoke`].
    Revoked(Revoked),
    /// Of [`Command::Expire`]: how many leases were still there.
    Expired(usize),
    /// Of [`Command::Compact`].
    Compacted,
    /// Of [`Command::OpenSession`].
    Opened(SessionId),
}

/// Why a command did not happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// There is no such lease.
    LeaseNotFound(LeaseId),
    /// The identity asked for is taken.
    LeaseExists(LeaseId),
    /// There are as many leases as the store takes.
    TooManyLeases(usize),
    /// What exists would grow over its bound.
    Full {
        /// What it would hold, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// That has been compacted already.
    Compacted {
        /// What was asked for.
        requested: Revision,
        /// The oldest revision that can be read.
        compacted: Revision,
    },
    /// That has not happened.
    Future {
        /// What was asked for.
        requested: Revision,
        /// The newest revision.
        current: Revision,
    },
    /// The session is not remembered: it is unknown whether an earlier proposal of the
    /// same command happened.
    SessionForgotten,
}

/// What became of a lease, for whoever counts its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseChange {
    /// It lives, for so long.
    Granted(LeaseId, Duration),
    /// It is gone.
    Ended(LeaseId),
}

/// What applying a proposal did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The answer for whoever proposed it.
    pub answer: Result<Response, Refusal>,
    /// The revision of the store before. What the revisions after it changed, up to
    /// [`Machine::revision`](super::Machine::revision), can be read there.
    pub before: Revision,
    /// What became of leases, in order.
    pub leases: Vec<LeaseChange>,
}
