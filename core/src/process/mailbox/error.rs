//! What may go wrong with a mailbox.

use std::fmt;
use std::time::Duration;

use crate::process::ExitReason;

/// A message was not delivered; it comes back to the sender.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError<M> {
    /// The mailbox is full, or stayed full for the whole time limit. It is
    /// unchanged; a retry helps once the receiver has made room.
    #[error("the mailbox is full")]
    Full(M),
    /// The mailbox was closed, or its receiver is gone. A retry cannot help.
    #[error("the mailbox is closed")]
    Closed(M),
}

impl<M> DeliveryError<M> {
    /// The message that was not delivered.
    pub fn into_message(self) -> M {
        match self {
            Self::Full(message) | Self::Closed(message) => message,
        }
    }
}

// By hand, so that messages need not be `Debug`.
impl<M> fmt::Debug for DeliveryError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<M: 'static> From<DeliveryError<M>> for ExitReason {
    fn from(error: DeliveryError<M>) -> Self {
        Self::error(&error)
    }
}

/// A call got no answer.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError<M> {
    /// The mailbox was full, for the whole time limit if its policy is to wait.
    /// The message comes back; a retry may help.
    #[error("the mailbox is full")]
    Full(M),
    /// The mailbox was closed, or its receiver is gone. The message comes back; a
    /// retry cannot help.
    #[error("the mailbox is closed")]
    Closed(M),
    /// The message was delivered, but no answer came within the limit. It may still
    /// be handled; the answer will then be dropped.
    #[error("no answer within {limit:?}")]
    TimedOut {
        /// The limit that was set.
        limit: Duration,
    },
    /// The message was delivered and then dropped unanswered: the receiver ended,
    /// the policy of the mailbox discarded it, or the receiver gave no answer. A
    /// retry may help.
    #[error("the message was dropped unanswered")]
    Unanswered,
}

impl<M> From<DeliveryError<M>> for CallError<M> {
    fn from(error: DeliveryError<M>) -> Self {
        match error {
            DeliveryError::Full(message) => Self::Full(message),
            DeliveryError::Closed(message) => Self::Closed(message),
        }
    }
}

// By hand, so that messages need not be `Debug`.
impl<M> fmt::Debug for CallError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("Full(..)"),
            Self::Closed(_) => f.write_str("Closed(..)"),
            Self::TimedOut { limit } => f.debug_struct("TimedOut").field("limit", limit).finish(),
            Self::Unanswered => f.write_str("Unanswered"),
        }
    }
}

impl<M: 'static> From<CallError<M>> for ExitReason {
    fn from(error: CallError<M>) -> Self {
        Self::error(&error)
    }
}

/// A durable mailbox could not be lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LendError {
    /// Another process holds it. No effect; a retry helps once that one has ended.
    #[error("the mailbox is lent already")]
    AlreadyLent,
}

impl From<LendError> for ExitReason {
    fn from(error: LendError) -> Self {
        Self::error(&error)
    }
}
