//! What may go wrong with a place in a line, whatever the line is for.

use std::time::Duration;

use crate::coordination::loss::SessionEnd;
use crate::store::{ReadError, TransactError};

/// A request has not got what it asked for. What it had in the store is gone, goes in
/// the background, or goes with its session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::coordination) enum QueueError {
    /// It was not to wait, and would have to.
    #[error("taken")]
    Taken { ahead: u64 },
    /// Its time limit passed.
    #[error("not granted within {within:?}")]
    TimedOut { within: Duration },
    /// Its session has ended.
    #[error("session {0}")]
    Session(SessionEnd),
    /// Somebody removed its place.
    #[error("place removed")]
    Removed,
    /// Those in line share another amount.
    #[error("there are {found} for those in line")]
    Capacity { found: u64 },
    /// More are before it than can be read.
    #[error("more than {limit} in line")]
    TooLong { limit: usize },
    /// The coordinator has as many requests as it takes.
    #[error("{limit} requests already")]
    TooMany { limit: usize },
    /// The store refused the place.
    #[error(transparent)]
    Transact(TransactError),
    /// The store refused to show the line.
    #[error(transparent)]
    Read(ReadError),
}
