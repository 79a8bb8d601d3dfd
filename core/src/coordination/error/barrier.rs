//! What may go wrong with barriers.

use std::time::Duration;

use super::queue::QueueError;
use crate::coordination::loss::SessionEnd;
use crate::label::Label;
use crate::process::ends_a_process;
use crate::store::{ReadError, TransactError};

/// Something about a barrier did not come to what was wanted. Whoever got it is not
/// counted, or will not be in a moment: its place goes in the background.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BarrierError {
    /// Somebody holds the barrier, the same session perhaps. No effect; a retry helps
    /// once it is lifted.
    #[error("{barrier} is held already")]
    AlreadyHeld {
        /// The barrier.
        barrier: Label,
    },
    /// The barrier was not lifted in time, or not all wanted to leave in time. A retry
    /// helps with the first; whoever did not leave with the others has left alone.
    #[error("{barrier} could not be passed within {within:?}")]
    TimedOut {
        /// The barrier.
        barrier: Label,
        /// The time limit.
        within: Duration,
    },
    /// Not all came in time. A retry may help.
    #[error("{arrived} of {expected} are at {barrier}, and no more came within {within:?}")]
    Incomplete {
        /// The barrier.
        barrier: Label,
        /// The time limit.
        within: Duration,
        /// How many are there without whoever gave up, as far as is known.
        arrived: u64,
        /// How many are expected.
        expected: u64,
    },
    /// All who are expected are inside, and have not left yet. Whoever was too many has
    /// no place. A retry helps once they have.
    #[error("all {expected} are inside {barrier} already")]
    TooMany {
        /// The barrier.
        barrier: Label,
        /// How many are expected.
        expected: u64,
    },
    /// Those who are there expect another number of participants. No effect; a retry
    /// helps once they are gone.
    #[error("{barrier} is for {found} by those who are there, not for {expected}")]
    Mismatch {
        /// The barrier.
        barrier: Label,
        /// The number that was given.
        expected: u64,
        /// That of the others.
        found: u64,
    },
    /// So many participants are no number for a barrier. A retry cannot help.
    #[error("{expected} participants of {barrier} are not between 1 and {expected_max}")]
    Count {
        /// The barrier.
        barrier: Label,
        /// The number that was given.
        expected: u64,
        /// The limit.
        expected_max: u64,
    },
    /// Somebody reset the barrier: nobody is counted any more. A retry begins anew.
    #[error("{barrier} was reset")]
    Reset {
        /// The barrier.
        barrier: Label,
    },
    /// The session has ended. A retry needs another session.
    #[error("the session ended ({end}) at {barrier}")]
    SessionEnded {
        /// The barrier.
        barrier: Label,
        /// How it ended.
        end: SessionEnd,
    },
    /// Somebody removed the place of the participant from the store. A retry may help.
    #[error("the place of a participant of {barrier} was removed")]
    Removed {
        /// The barrier.
        barrier: Label,
    },
    /// What is stored for the barrier is not what this crate stores, or too much of it.
    /// A retry cannot help before somebody removes it.
    #[error("what is stored for {barrier} cannot be read")]
    Corrupt {
        /// The barrier.
        barrier: Label,
    },
    /// The coordinator of this node has as many requests, held locks and withdrawals as
    /// it takes. A retry helps once some are over.
    #[error("the coordinator has its maximum of {limit} requests")]
    TooManyRequests {
        /// The limit.
        limit: usize,
    },
    /// The store refused a change, or its outcome is unknown. A retry helps as the cause
    /// says.
    #[error("the store refused a change of {barrier}")]
    Refused {
        /// The barrier.
        barrier: Label,
        /// Why.
        source: TransactError,
    },
    /// The store refused to show the barrier. A retry helps as the cause says.
    #[error("the store refused to show {barrier}")]
    Unreadable {
        /// The barrier.
        barrier: Label,
        /// Why.
        source: ReadError,
    },
}

impl BarrierError {
    /// Of a request for a place.
    pub(in crate::coordination) fn of(error: QueueError, barrier: Label) -> Self {
        match error {
            // Whoever holds a barrier shares it with nobody, however much that is.
            QueueError::Taken { .. } | QueueError::TooLong { .. } | QueueError::Capacity { .. } => {
                Self::AlreadyHeld { barrier }
            }
            QueueError::TimedOut { within } => Self::TimedOut { barrier, within },
            QueueError::Session(end) => Self::SessionEnded { barrier, end },
            QueueError::Removed => Self::Removed { barrier },
            QueueError::TooMany { limit } => Self::TooManyRequests { limit },
            QueueError::Transact(source) => Self::Refused { barrier, source },
            QueueError::Read(source) => Self::Unreadable { barrier, source },
        }
    }
}

ends_a_process!(BarrierError);
