//! Talking to a dynamic supervisor.

use std::fmt;
use std::time::Duration;

use super::child_info::{ChildCount, ChildInfo, StartedChild};
use super::child_spec::{ChildSpec, Factory};
use super::dynamic_spec::DynamicSupervisorFlags;
use super::error::{CallError, ReconfigureError, StartChildError, StopError, TerminateChildError};
use super::handle::CALL_LIMIT;
use super::machine::Reply;
use super::pool::PoolCall;
use super::request::{RequestSender, ask};
use super::stop;
use super::validation;
use crate::process::{ExitReason, Node, ProcessId};
use crate::runtime::Runtime;

/// A running dynamic supervisor. Cheap to clone; keeps nothing alive.
///
/// Children start and stop side by side: a slow one keeps no other call waiting.
/// Every call has a time limit, 30 s unless [`with_limit`](Self::with_limit) sets
/// another.
///
/// # Cancel safety
///
/// Dropping the future of a call withdraws it if the supervisor had not begun it.
pub struct DynamicSupervisorRef<R: Runtime> {
    node: Node<R>,
    process: ProcessId,
    requests: RequestSender<PoolCall<Factory<R>>>,
    limit: Duration,
}

impl<R: Runtime> DynamicSupervisorRef<R> {
    pub(super) const fn new(
        node: Node<R>,
        process: ProcessId,
        requests: RequestSender<PoolCall<Factory<R>>>,
    ) -> Self {
        Self {
            node,
            process,
            requests,
            limit: CALL_LIMIT,
        }
    }

    /// The process of the supervisor.
    #[must_use]
    pub const fn id(&self) -> ProcessId {
        self.process
    }

    /// The same supervisor with another limit for each call.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Starts a child. Ids need not be unique: the child is listed, and named in
    /// events, by its id and a number. The arguments of a temporary child are not
    /// retained once it has started.
    ///
    /// # Errors
    ///
    /// See [`StartChildError`].
    pub async fn start_child(&self, spec: ChildSpec<R>) -> Result<StartedChild, StartChildError> {
        validation::nested(&spec)?;
        let policy = Box::new(spec.policy);
        self.ask(|reply| PoolCall::Start(policy, spec.factory, reply))
            .await?
    }

    /// Stops a child by its shutdown policy and drops its spec. A child that is being
    /// restarted is named by the process that it had.
    ///
    /// # Errors
    ///
    /// See [`TerminateChildError`].
    pub async fn terminate_child(&self, process: ProcessId) -> Result<(), TerminateChildError> {
        self.ask(|reply| PoolCall::Terminate(process, reply))
            .await?
    }

    /// The children, newest first.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, CallError> {
        self.ask(PoolCall::WhichAll).await
    }

    /// How many children there are.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn count_children(&self) -> Result<ChildCount, CallError> {
        self.ask(PoolCall::Count).await
    }

    /// Takes over new settings for whatever happens from now on. Children above a new
    /// maximum stay.
    ///
    /// # Errors
    ///
    /// See [`ReconfigureError`].
    pub async fn reconfigure(&self, flags: DynamicSupervisorFlags) -> Result<(), ReconfigureError> {
        self.ask(|reply| PoolCall::Reconfigure(flags, reply))
            .await?
    }

    /// Asks the supervisor to shut down and waits until it and everything below it is
    /// gone. The children stop side by side. Answers why the supervisor ended.
    ///
    /// # Errors
    ///
    /// See [`StopError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the supervisor stopping, without a limit.
    pub async fn stop(&self, limit: Duration) -> Result<ExitReason, StopError> {
        stop::stop(&self.node, self.process, limit).await
    }

    /// Waits for the end of the supervisor; [`ExitReason::NoProcess`] if it is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the watch.
    pub async fn ended(&self) -> ExitReason {
        self.node.exited(self.process).await
    }

    async fn ask<T>(
        &self,
        call: impl FnOnce(Reply<T>) -> PoolCall<Factory<R>>,
    ) -> Result<T, CallError> {
        ask(self.node.runtime(), &self.requests, self.limit, call).await
    }
}

impl<R: Runtime> Clone for DynamicSupervisorRef<R> {
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
            process: self.process,
            requests: self.requests.clone(),
            limit: self.limit,
        }
    }
}

impl<R: Runtime> fmt::Debug for DynamicSupervisorRef<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynamicSupervisorRef")
            .field(&self.process)
            .finish()
    }
}
