//! What may go wrong with counters.

use std::time::Duration;

use crate::label::Label;
use crate::process::ends_a_process;
use crate::store::{ReadError, TransactError, Unknown};

/// An operation on a counter did not happen, unless it is
/// [`Unknown`](CounterError::Unknown).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CounterError {
    /// The sum does not fit into 64 bits. No effect; a retry helps once the value is
    /// another one.
    #[error("{counter} is {value} and cannot have {by} added")]
    Overflow {
        /// The counter.
        counter: Label,
        /// Its value.
        value: i64,
        /// What was to be added.
        by: i64,
    },
    /// What is stored is not the value of a counter, at least of none of this version. No
    /// effect; a retry helps once the value was [replaced](super::super::Counter::store).
    #[error("{counter} holds no number: {content}")]
    Corrupt {
        /// The counter.
        counter: Label,
        /// What is stored, shortened.
        content: Label,
    },
    /// The value was not the expected one. No effect; a retry with the one that was found
    /// may help.
    #[error("{counter} is {found} and not {expected}")]
    Unexpected {
        /// The counter.
        counter: Label,
        /// The value that was expected.
        expected: i64,
        /// The value.
        found: i64,
    },
    /// Others changed the counter again and again and were quicker. No effect; a retry
    /// may help.
    #[error("others changed {counter} again and again for {within:?}")]
    TimedOut {
        /// The counter.
        counter: Label,
        /// The time limit.
        within: Duration,
    },
    /// The store took no change of the counter until the time limit, or will take none.
    /// No effect; a retry helps as the cause says.
    #[error("the store refused a change of {counter}")]
    Refused {
        /// The counter.
        counter: Label,
        /// Why.
        source: TransactError,
    },
    /// The store did not show the counter until the time limit, or will not. No effect;
    /// a retry helps as the cause says.
    #[error("the store refused to show {counter}")]
    Unreadable {
        /// The counter.
        counter: Label,
        /// Why.
        source: ReadError,
    },
    /// The operation may have happened, or may yet happen, once. Reading the counter says
    /// what it is now; a retry may do it for the second time.
    #[error("it is not known whether {counter} was changed")]
    Unknown {
        /// The counter.
        counter: Label,
        /// Why.
        source: Unknown,
    },
}

ends_a_process!(CounterError);
