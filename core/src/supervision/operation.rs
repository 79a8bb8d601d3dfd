//! One thing that a static supervisor does at a time: children to stop, then
//! children to start.

use std::collections::VecDeque;

use super::child_info::StartedChild;
use super::child_spec::ChildPolicy;
use super::error::{
    CallError, RestartChildError, RestartGroupError, StartChildError, StartError,
    TerminateChildError,
};
use super::machine::{Answer, Reply};
use super::table::ChildKey;
use crate::process::{ExitReason, ProcessId};

/// What is being done, and for whom.
pub(super) enum Purpose {
    /// The first start of all children.
    Begin,
    /// A restart. A start that fails is tried again later.
    Restart,
    /// A restart on request. When a start fails the caller is told, and it goes on as a
    /// [`Restart`](Self::Restart).
    RestartGroup(Reply<Result<(), RestartGroupError>>),
    /// Siblings are stopped before the wait for a restart.
    HoldOff,
    /// A child is added.
    StartChild(Reply<Result<StartedChild, StartChildError>>),
    /// A stopped child is started again on request.
    RestartChild(Reply<Result<StartedChild, RestartChildError>>),
    /// A child is stopped on request.
    TerminateChild(Box<Termination>, Reply<Result<(), TerminateChildError>>),
    /// Everything is stopped, then the supervisor ends.
    Shutdown(ExitReason, Option<StartError>),
}

/// A child that is stopped on request.
pub(super) struct Termination {
    pub(super) policy: ChildPolicy,
    /// The process that it had.
    pub(super) process: Option<ProcessId>,
    /// Siblings that were waiting for its restart. They start without it.
    pub(super) siblings: Vec<ChildKey>,
}

impl Purpose {
    /// Tells the caller, if there is one, that the supervisor does something else now.
    pub(super) fn abandon(self) -> Option<Answer> {
        let stopping = CallError::Stopping;
        match self {
            Self::Begin | Self::Restart | Self::HoldOff | Self::Shutdown(..) => None,
            Self::StartChild(reply) => Some(Answer::new(reply, Err(stopping.into()))),
            Self::RestartGroup(reply) => Some(Answer::new(reply, Err(stopping.into()))),
            Self::RestartChild(reply) => Some(Answer::new(reply, Err(stopping.into()))),
            Self::TerminateChild(_, reply) => Some(Answer::new(reply, Err(stopping.into()))),
        }
    }
}

/// An operation and how much of it is left.
pub(super) struct Operation {
    /// Stopped one after the other, before anything starts.
    pub(super) stops: VecDeque<ChildKey>,
    /// Started one after the other.
    pub(super) starts: VecDeque<ChildKey>,
    pub(super) purpose: Purpose,
}

impl Operation {
    pub(super) fn new(purpose: Purpose) -> Self {
        Self {
            stops: VecDeque::new(),
            starts: VecDeque::new(),
            purpose,
        }
    }

    pub(super) fn stop(mut self, children: impl IntoIterator<Item = ChildKey>) -> Self {
        self.stops.extend(children);
        self
    }

    pub(super) fn start(mut self, children: impl IntoIterator<Item = ChildKey>) -> Self {
        self.starts.extend(children);
        self
    }
}
