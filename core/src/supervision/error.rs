//! What can go wrong, one small enum per operation.

use std::time::Duration;

use super::intensity::RestartLimit;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId, SpawnError, ends_a_process};

/// A spec contradicts itself. Nothing was started or changed; a retry with the
/// same spec cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A child has an empty id.
    #[error("a child has no id")]
    MissingId,
    /// Two children have the same id.
    #[error("child id `{child}` is used twice")]
    DuplicateId {
        /// The id.
        child: Label,
    },
    /// The intensity is above [`RestartLimit::INTENSITY_MAX`].
    #[error("intensity {intensity} is above {}", RestartLimit::INTENSITY_MAX)]
    IntensityTooLarge {
        /// The intensity.
        intensity: u32,
    },
    /// The period of a restart limit is zero.
    #[error("the period of a restart limit is zero")]
    ZeroPeriod,
    /// The numbers of a back-off make no sense; see
    /// [`Backoff::is_valid`](super::Backoff::is_valid).
    #[error("back-off with factor {factor} and jitter {jitter}")]
    BadBackoff {
        /// Its factor.
        factor: Label,
        /// Its jitter.
        jitter: Label,
    },
    /// A child is significant but the supervisor never shuts down by itself.
    #[error("child `{child}` is significant under auto-shutdown `never`")]
    SignificantUnderNever {
        /// The child.
        child: Label,
    },
    /// A permanent child is significant: it never ends for good.
    #[error("child `{child}` is significant and permanent")]
    SignificantPermanent {
        /// The child.
        child: Label,
    },
    /// A child of a dynamic supervisor is significant, has peers, or depends on another.
    #[error("child `{child}` of a dynamic supervisor is significant or tied to others")]
    TiedDynamicChild {
        /// The child.
        child: Label,
    },
    /// A child names a peer that is not its sibling.
    #[error("child `{child}` has the unknown peer `{peer}`")]
    UnknownPeer {
        /// The child.
        child: Label,
        /// The peer.
        peer: Label,
    },
    /// A child depends on one that is not a sibling that starts earlier.
    #[error("child `{child}` depends on `{dependency}`, which is no earlier sibling")]
    UnknownDependency {
        /// The child.
        child: Label,
        /// What it depends on.
        dependency: Label,
    },
    /// The spec of a nested supervisor is wrong.
    #[error("in supervisor `{child}`")]
    Nested {
        /// The nested supervisor.
        child: Label,
        /// What is wrong there.
        #[source]
        source: Box<Self>,
    },
}

/// A supervisor could not be started. Nothing of it is left running.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The spec is wrong. A retry cannot help.
    #[error("the supervisor's spec is wrong")]
    Invalid(#[from] SpecError),
    /// The init function answered that the supervisor should not run.
    #[error("the supervisor does not want to run")]
    Ignored,
    /// A child did not start; those that had were stopped in reverse order. A retry
    /// may help if the child's trouble is passing.
    #[error("child `{child}` failed to start: {reason}")]
    ChildFailed {
        /// The child.
        child: Label,
        /// Why.
        reason: ExitReason,
    },
    /// The supervisor ended before all its children had started: its init function
    /// panicked, or it was told to exit.
    #[error("the supervisor ended before it was up: {0}")]
    Exited(ExitReason),
    /// The node refused the process.
    #[error("the supervisor's process was refused")]
    Spawn(#[from] SpawnError),
}

/// A call to a supervisor got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The supervisor has ended, perhaps while the call was waiting. The call may
    /// have taken effect before; a retry cannot help.
    #[error("the supervisor is gone")]
    Gone,
    /// The supervisor is stopping its children. No effect; a retry cannot help.
    #[error("the supervisor is stopping")]
    Stopping,
    /// No answer within the limit. A call that the supervisor had not begun is
    /// withdrawn; one that it had begun goes on. A retry may help.
    #[error("no answer within {limit:?}")]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// Too many calls are waiting. No effect; a retry may help.
    #[error("{limit} calls are waiting already")]
    Overloaded {
        /// How many calls may wait.
        limit: usize,
    },
}

/// A child could not be added and started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartChildError {
    /// A child with this id runs. No effect.
    #[error("already started as {0}")]
    AlreadyStarted(ProcessId),
    /// A child with this id is present without a process: it was stopped, ignored
    /// its start, or is being restarted. No effect;
    /// [`restart_child`](super::SupervisorRef::restart_child) may be what is wanted.
    #[error("a child with this id is present but not running")]
    AlreadyPresent,
    /// The spec is wrong. No effect; a retry cannot help.
    #[error("the child's spec is wrong")]
    Invalid(#[from] SpecError),
    /// The child answered that it does not want to run. A static supervisor keeps
    /// its spec without a process, unless the child is temporary.
    #[error("the child does not want to run")]
    Ignored,
    /// The child ended before it was up, or was not up in time. No spec is kept. A
    /// retry may help.
    #[error("the child failed to start: {0}")]
    Failed(ExitReason),
    /// A dynamic supervisor holds its maximum of children, counting those that are
    /// being restarted. No effect; a retry helps once one has ended.
    #[error("the supervisor holds its maximum of {limit} children")]
    MaxChildren {
        /// The maximum.
        limit: usize,
    },
    /// No answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A child could not be started again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestartChildError {
    /// It runs. No effect.
    #[error("the child is running")]
    Running,
    /// The supervisor is restarting it already. No effect.
    #[error("the child is being restarted")]
    Restarting,
    /// There is no such child. No effect; a retry cannot help.
    #[error("no such child")]
    NotFound,
    /// The child answered that it does not want to run. Its spec stays.
    #[error("the child does not want to run")]
    Ignored,
    /// The child ended before it was up, or was not up in time. Its spec stays
    /// without a process. A retry may help.
    #[error("the child failed to start: {0}")]
    Failed(ExitReason),
    /// No answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A group was not restarted on request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestartGroupError {
    /// There is no child with this id. No effect; a retry cannot help.
    #[error("no such child")]
    NotFound,
    /// A start failed. The supervisor goes on trying, within its limits, as after any
    /// failed start in a restart.
    #[error("child `{child}` failed to start: {reason}")]
    Failed {
        /// The child: the one that was asked for, or one that its failure takes along.
        child: Label,
        /// Why.
        reason: ExitReason,
    },
    /// The supervisor did not do it, or did not say so.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A child could not be stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TerminateChildError {
    /// There is no such child. No effect; a retry cannot help.
    #[error("no such child")]
    NotFound,
    /// No answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The spec of a child could not be removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeleteChildError {
    /// It runs; stop it first. No effect.
    #[error("the child is running")]
    Running,
    /// It is being restarted; stop it first. No effect.
    #[error("the child is being restarted")]
    Restarting,
    /// There is no such child. No effect; a retry cannot help.
    #[error("no such child")]
    NotFound,
    /// No answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A child could not be looked up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhichChildError {
    /// There is no such child, or it is not of the kind that was asked for.
    #[error("no such child")]
    NotFound,
    /// No answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// New settings were not taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReconfigureError {
    /// The settings contradict themselves or the present children. No effect.
    #[error("the new settings are wrong")]
    Invalid(#[from] SpecError),
    /// No answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A supervisor did not stop in order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StopError {
    /// It had ended before. No effect.
    #[error("the supervisor is gone")]
    Gone,
    /// It did not end within the limit and was killed, with everything below it.
    #[error("the supervisor did not stop within {limit:?} and was killed")]
    Killed {
        /// The limit.
        limit: Duration,
    },
}

/// The failure of a child as its supervisor sees it: delivered to the supervisor,
/// which restarts the child, gives it up, or ends with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChildFailed {
    /// It ended by itself.
    #[error("child `{child}` {process} ended: {reason}")]
    Ended {
        /// The child.
        child: Label,
        /// Its process.
        process: ProcessId,
        /// Why.
        reason: ExitReason,
    },
    /// It did not come up.
    #[error("child `{child}` failed to start: {reason}")]
    Start {
        /// The child.
        child: Label,
        /// Why.
        reason: ExitReason,
    },
    /// It ended abnormally while it was asked to stop.
    #[error("child `{child}` {process} failed while stopping: {reason}")]
    Stop {
        /// The child.
        child: Label,
        /// Its process.
        process: ProcessId,
        /// Why.
        reason: ExitReason,
    },
    /// It did not stop in time and was killed.
    #[error("child `{child}` {process} did not stop within {limit:?} and was killed")]
    StopTimedOut {
        /// The child.
        child: Label,
        /// Its process.
        process: ProcessId,
        /// How long it had.
        limit: Duration,
    },
}

impl ChildFailed {
    /// Whether it is news even if the child is restarted. The orderly end of a
    /// permanent child is not.
    pub(super) const fn is_abnormal(&self) -> bool {
        match self {
            Self::Ended { reason, .. } => reason.is_abnormal(),
            Self::Start { .. } | Self::Stop { .. } | Self::StopTimedOut { .. } => true,
        }
    }
}

ends_a_process!(
    SpecError,
    StartError,
    CallError,
    StartChildError,
    RestartChildError,
    TerminateChildError,
    DeleteChildError,
    WhichChildError,
    ReconfigureError,
    StopError
);
