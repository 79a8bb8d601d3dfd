//! What may go wrong with locks.

use std::time::Duration;

use super::queue::QueueError;
use crate::coordination::kind::LockKind;
use crate::coordination::loss::{LossCause, SessionEnd};
use crate::label::Label;
use crate::process::ends_a_process;
use crate::store::{ReadError, TransactError};

/// A lock was not acquired. Nothing is held, no part of it either. A place that the
/// request had in the line is gone, or goes in the background.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Others hold it or wait for it, and the request was not to wait. A retry helps
    /// once they are gone.
    #[error("{lock} is locked")]
    Locked {
        /// The lock.
        lock: Label,
        /// How many places its line has, at least.
        ahead: u64,
    },
    /// The request did not get it in time. A retry may help, from the end of the line.
    #[error("{lock} was not free within {within:?}")]
    TimedOut {
        /// The lock.
        lock: Label,
        /// The time limit.
        within: Duration,
    },
    /// The session holds the lock or waits for it already, and would wait for itself:
    /// locks of this crate are not re-entrant. A retry helps once that is over.
    #[error("the session has or awaits {lock} ({held}) already")]
    WouldDeadlock {
        /// The lock.
        lock: Label,
        /// What it holds or waits for.
        held: LockKind,
    },
    /// The session reads and asked to write: two who do so would wait for each other. A
    /// retry helps once the session has let go of what it reads.
    #[error("the session reads {lock} and cannot upgrade")]
    NoUpgrade {
        /// The lock.
        lock: Label,
    },
    /// The session has ended. A retry needs another session.
    #[error("the session ended ({end}) before {lock} was acquired")]
    SessionEnded {
        /// The lock.
        lock: Label,
        /// How it ended.
        end: SessionEnd,
    },
    /// Somebody removed the place of the request from the store. A retry may help.
    #[error("the place in the line of {lock} was removed")]
    Removed {
        /// The lock.
        lock: Label,
    },
    /// Others who hold or await the lock give it another capacity. A retry helps once
    /// they are gone.
    #[error("{lock} has a capacity of {found} for others, not of {capacity}")]
    Capacity {
        /// The lock.
        lock: Label,
        /// The capacity that was given.
        capacity: u64,
        /// That of the others.
        found: u64,
    },
    /// No permits were asked for, or more than there are. A retry cannot help.
    #[error("{permits} permits of {capacity} cannot be had from {lock}")]
    Permits {
        /// The lock.
        lock: Label,
        /// How many were asked for.
        permits: u64,
        /// How many there are.
        capacity: u64,
    },
    /// No locks were asked for at once, or too many. A retry cannot help.
    #[error("{count} locks at once are not between 1 and {count_max}")]
    Count {
        /// How many different names were given.
        count: usize,
        /// The limit.
        count_max: usize,
    },
    /// The line is too long. A retry helps once it is shorter.
    #[error("more than {limit} are in the line of {lock}")]
    LineTooLong {
        /// The lock.
        lock: Label,
        /// The limit.
        limit: usize,
    },
    /// The coordinator of this node has as many requests, held locks and withdrawals as
    /// it takes. A retry helps once some are over.
    #[error("the coordinator has its maximum of {limit} requests")]
    TooManyRequests {
        /// The limit.
        limit: usize,
    },
    /// The store refused the place. A retry helps as the cause says.
    #[error("the store refused the place in the line of {lock}")]
    Refused {
        /// The lock.
        lock: Label,
        /// Why.
        source: TransactError,
    },
    /// The store refused to show the line. A retry helps as the cause says.
    #[error("the store refused to show the line of {lock}")]
    Unreadable {
        /// The lock.
        lock: Label,
        /// Why.
        source: ReadError,
    },
}

impl LockError {
    /// Of a request for a lock.
    pub(in crate::coordination) fn of(error: QueueError, lock: Label, capacity: u64) -> Self {
        match error {
            QueueError::Taken { ahead } => Self::Locked { lock, ahead },
            QueueError::TimedOut { within } => Self::TimedOut { lock, within },
            QueueError::Session(end) => Self::SessionEnded { lock, end },
            QueueError::Removed => Self::Removed { lock },
            QueueError::Capacity { found } => Self::Capacity {
                lock,
                capacity,
                found,
            },
            QueueError::TooLong { limit } => Self::LineTooLong { lock, limit },
            QueueError::TooMany { limit } => Self::TooManyRequests { limit },
            QueueError::Transact(source) => Self::Refused { lock, source },
            QueueError::Read(source) => Self::Unreadable { lock, source },
        }
    }
}

/// Something was not let go of in the way that was wanted. It is not held any more in
/// any case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// It was let go of before. No effect; a retry answers the same.
    #[error("it is not held any more: it was released before")]
    NotHeld,
    /// It had been lost: another one may hold it already, and keeps it. What was done
    /// under it since then was done without it. A retry answers the same.
    #[error("it had been lost: {cause}")]
    Lost {
        /// Why.
        cause: LossCause,
    },
    /// The store has not confirmed it in time. It goes on in the background, and ends
    /// with the session at the latest. A retry answers `NotHeld`.
    #[error("the store did not confirm the release in time")]
    Unconfirmed(#[source] TransactError),
}

ends_a_process!(LockError, ReleaseError);
