//! What can go wrong with tasks.

use std::time::Duration;

use crate::label::Label;
use crate::process::{ExitReason, ProcessId, SpawnError, ends_a_process};

/// A task could not be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartTaskError {
    /// The task supervisor has as many tasks as it may. No effect; a retry helps
    /// once one of them has ended.
    #[error("the task supervisor has its maximum of {limit} tasks")]
    MaxChildren {
        /// The limit.
        limit: usize,
    },
    /// The task supervisor is stopping. No effect; a retry helps only if it is
    /// restarted.
    #[error("the task supervisor is stopping")]
    Stopping,
    /// The task supervisor has not been started, or has ended. No effect; a retry
    /// helps once its own supervisor has started it.
    #[error("the task supervisor is not running")]
    NotRunning,
    /// The node refused the process. No effect; see the source for whether a retry
    /// helps.
    #[error("the node refused the task")]
    Refused(#[from] SpawnError),
}

/// A task gave no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The task ended without a value: it failed, panicked, or was ended by
    /// something other than this handle. Running it again may help.
    #[error("task {name} {process} ended: {reason}")]
    Exited {
        /// Its name.
        name: Label,
        /// Its process.
        process: ProcessId,
        /// Why it ended.
        reason: ExitReason,
    },
    /// The task did not answer in time. It is being stopped, and an answer that
    /// still comes is discarded.
    #[error("task {name} {process} did not answer within {limit:?}")]
    TimedOut {
        /// Its name.
        name: Label,
        /// Its process.
        process: ProcessId,
        /// The limit.
        limit: Duration,
    },
    /// The task supervisor was killed, and the task with it.
    #[error("task {name} {process} ended with its supervisor")]
    SupervisorEnded {
        /// Its name.
        name: Label,
        /// Its process.
        process: ProcessId,
    },
    /// The answer was taken by an earlier [`poll_for`](super::Task::poll_for).
    #[error("the answer of task {name} {process} was taken already")]
    AnswerTaken {
        /// Its name.
        name: Label,
        /// Its process.
        process: ProcessId,
    },
    /// The task could not be started. Only a stream answers this; the other calls
    /// refuse at once.
    #[error("the task was not started")]
    NotStarted(#[from] StartTaskError),
}

/// A stream was refused because of its options. Nothing was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamOptionsError {
    /// `max_concurrency` is 0: nothing could ever run. A retry cannot help.
    #[error("a stream needs a max_concurrency of at least 1")]
    NoConcurrency,
    /// `timeout` is zero: every task would be late. A retry cannot help.
    #[error("a stream needs a timeout above zero")]
    NoTime,
    /// `waiting_max` is 0: an ordered stream could not hold a result that came
    /// before its turn. A retry cannot help.
    #[error("a stream needs room for at least 1 waiting result")]
    NoRoom,
}

ends_a_process!(StartTaskError, TaskError, StreamOptionsError);
