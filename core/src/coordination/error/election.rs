//! What may go wrong with elections.

use std::time::Duration;

use super::queue::QueueError;
use crate::coordination::loss::{LossCause, SessionEnd};
use crate::label::Label;
use crate::process::ends_a_process;
use crate::store::{ReadError, TransactError};

/// Something about an election did not come to what was wanted. A candidacy that failed
/// is gone, or goes in the background; it does not lead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ElectionError {
    /// Nobody leads. No effect; a retry helps once somebody does.
    #[error("nobody leads {election}")]
    NoLeader {
        /// The election.
        election: Label,
    },
    /// It does not lead, or no longer does. No effect. A retry answers the same: campaign
    /// again.
    #[error("it does not lead {election}{}", why(.cause.as_ref()))]
    NotLeader {
        /// The election.
        election: Label,
        /// How it lost the leadership, if it did.
        cause: Option<LossCause>,
    },
    /// The session is a candidate already. No effect; a retry helps once that is over.
    #[error("the session is a candidate of {election} already")]
    AlreadyCampaigning {
        /// The election.
        election: Label,
    },
    /// The candidate did not come to lead in time. A retry may help, from the end of the
    /// line.
    #[error("not elected in {election} within {within:?}")]
    TimedOut {
        /// The election.
        election: Label,
        /// The time limit.
        within: Duration,
    },
    /// The session has ended. A retry needs another session.
    #[error("the session ended ({end}) in {election}")]
    SessionEnded {
        /// The election.
        election: Label,
        /// How it ended.
        end: SessionEnd,
    },
    /// Somebody removed the candidate's place from the store. A retry may help.
    #[error("the place of a candidate of {election} was removed")]
    Removed {
        /// The election.
        election: Label,
    },
    /// The line of candidates is too long. A retry helps once it is shorter.
    #[error("more than {limit} are candidates of {election}")]
    LineTooLong {
        /// The election.
        election: Label,
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
    /// The store refused a change, or its outcome is unknown. A retry helps as the cause
    /// says.
    #[error("the store refused a change of {election}")]
    Refused {
        /// The election.
        election: Label,
        /// Why.
        source: TransactError,
    },
    /// The store refused to show the candidates. A retry helps as the cause says.
    #[error("the store refused to show the candidates of {election}")]
    Unreadable {
        /// The election.
        election: Label,
        /// Why.
        source: ReadError,
    },
}

fn why(cause: Option<&LossCause>) -> String {
    cause.map_or_else(String::new, |cause| format!(": {cause}"))
}

impl ElectionError {
    /// Of a campaign.
    pub(in crate::coordination) fn of(error: QueueError, election: Label) -> Self {
        match error {
            QueueError::TimedOut { within } => Self::TimedOut { election, within },
            QueueError::Session(end) => Self::SessionEnded { election, end },
            // Candidates always wait, and there is one leadership.
            QueueError::Removed | QueueError::Taken { .. } | QueueError::Capacity { .. } => {
                Self::Removed { election }
            }
            QueueError::TooLong { limit } => Self::LineTooLong { election, limit },
            QueueError::TooMany { limit } => Self::TooManyRequests { limit },
            QueueError::Transact(source) => Self::Refused { election, source },
            QueueError::Read(source) => Self::Unreadable { election, source },
        }
    }
}

ends_a_process!(ElectionError);
