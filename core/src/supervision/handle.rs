//! Talking to a static supervisor.

use std::fmt;
use std::time::Duration;

use super::child_info::{ChildCount, ChildInfo, StartedChild};
use super::child_spec::{ChildSpec, Factory};
use super::dynamic_handle::DynamicSupervisorRef;
use super::error::{
    CallError, DeleteChildError, ReconfigureError, RestartChildError, RestartGroupError,
    StartChildError, StopError, TerminateChildError, WhichChildError,
};
use super::group_call::GroupCall;
use super::machine::Reply;
use super::request::{RequestSender, ask};
use super::stop;
use super::supervisor_spec::{SupervisorFlags, SupervisorSpec};
use super::tree::Tree;
use super::validation;
use crate::label::Label;
use crate::process::{ExitReason, Node, ProcessId, StartInfo};
use crate::runtime::Runtime;

/// How long a call waits for its answer unless another limit is set. Longer than the
/// 5 s that a worker has to stop.
pub(super) const CALL_LIMIT: Duration = Duration::from_secs(30);

/// A running static supervisor. Cheap to clone; keeps nothing alive.
///
/// Names one process: when a nested supervisor is restarted by its parent, the calls
/// of an old handle answer [`CallError::Gone`], and
/// [`child_supervisor`](Self::child_supervisor) of the parent gives the new one.
///
/// Calls that change something are carried out one at a time, in the order in which
/// they arrived, and never in the midst of a restart; calls that only read are
/// answered at once. Every call has a time limit, 30 s unless
/// [`with_limit`](Self::with_limit) sets another.
///
/// # Cancel safety
///
/// Dropping the future of a call withdraws it if the supervisor had not begun it.
pub struct SupervisorRef<R: Runtime> {
    node: Node<R>,
    process: ProcessId,
    requests: RequestSender<GroupCall<Factory<R>>>,
    limit: Duration,
}

impl<R: Runtime> SupervisorRef<R> {
    pub(super) const fn new(
        node: Node<R>,
        process: ProcessId,
        requests: RequestSender<GroupCall<Factory<R>>>,
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

    /// Adds a child after all others and starts it.
    ///
    /// # Errors
    ///
    /// See [`StartChildError`].
    pub async fn start_child(&self, spec: ChildSpec<R>) -> Result<StartedChild, StartChildError> {
        validation::nested(&spec)?;
        let policy = Box::new(spec.policy);
        self.ask(|reply| GroupCall::Start(policy, spec.factory, reply))
            .await?
    }

    /// Starts a child that has no process.
    ///
    /// # Errors
    ///
    /// See [`RestartChildError`].
    pub async fn restart_child(&self, id: &str) -> Result<StartedChild, RestartChildError> {
        self.ask(|reply| GroupCall::Restart(id.into(), reply))
            .await?
    }

    /// Stops a child and those that its failure would take along, in reverse order,
    /// and starts them again in order. Counts against no limit. OTP has no such call.
    ///
    /// Siblings that wait for the restart of another child are started with that one.
    ///
    /// # Errors
    ///
    /// See [`RestartGroupError`].
    pub async fn restart_group(&self, id: &str) -> Result<(), RestartGroupError> {
        self.ask(|reply| GroupCall::RestartGroup(id.into(), reply))
            .await?
    }

    /// Stops a child by its shutdown policy and keeps its spec, unless the child is
    /// temporary. Stopping one that does not run is no error; one that is being
    /// restarted is not restarted then, and siblings that wait for its restart start
    /// without it. (In OTP they stay stopped.)
    ///
    /// # Errors
    ///
    /// See [`TerminateChildError`].
    pub async fn terminate_child(&self, id: &str) -> Result<(), TerminateChildError> {
        self.ask(|reply| GroupCall::Terminate(id.into(), reply))
            .await?
    }

    /// Removes the spec of a child that has no process.
    ///
    /// # Errors
    ///
    /// See [`DeleteChildError`].
    pub async fn delete_child(&self, id: &str) -> Result<(), DeleteChildError> {
        self.ask(|reply| GroupCall::Delete(id.into(), reply))
            .await?
    }

    /// The children, newest first.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, CallError> {
        self.ask(GroupCall::WhichAll).await
    }

    /// One child. Once the start of a new process was announced, the old one is never
    /// answered.
    ///
    /// # Errors
    ///
    /// See [`WhichChildError`].
    pub async fn which_child(&self, id: &str) -> Result<ChildInfo, WhichChildError> {
        self.ask(|reply| GroupCall::Which(id.into(), reply)).await?
    }

    /// How many children there are.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn count_children(&self) -> Result<ChildCount, CallError> {
        self.ask(GroupCall::Count).await
    }

    /// The whole subtree, to be printed. Each supervisor is asked in turn, so the
    /// parts are of slightly different instants.
    ///
    /// # Errors
    ///
    /// See [`CallError`]. A supervisor below that is gone or does not answer is shown
    /// without its children.
    pub async fn tree(&self) -> Result<Tree, CallError> {
        let name = self.node.path(self.process).ok_or(CallError::Gone)?;
        Tree::of(name, self).await
    }

    /// Takes over new settings for whatever happens from now on.
    ///
    /// # Errors
    ///
    /// See [`ReconfigureError`].
    pub async fn reconfigure(&self, flags: SupervisorFlags) -> Result<(), ReconfigureError> {
        self.ask(|reply| GroupCall::Reconfigure(flags, reply))
            .await?
    }

    /// Takes over the settings and children of a new spec, as OTP's `code_change`:
    /// a child spec replaces the one with the same id, from its next start or stop on,
    /// and leaves its process and its place alone; a new one is added without a
    /// process; one that is not mentioned stays. (OTP moves those that are not
    /// mentioned to the end.)
    ///
    /// # Errors
    ///
    /// See [`ReconfigureError`].
    pub async fn upgrade(&self, spec: SupervisorSpec<R>) -> Result<(), ReconfigureError> {
        spec.children.iter().try_for_each(validation::nested)?;
        let children = spec.children.into_iter();
        let children = children.map(|child| (child.policy, child.factory));
        let children = children.collect();
        self.ask(|reply| GroupCall::Upgrade(spec.flags, children, reply))
            .await?
    }

    /// The nested static supervisor that runs under this id.
    ///
    /// # Errors
    ///
    /// See [`WhichChildError`].
    pub async fn child_supervisor(&self, id: &str) -> Result<Self, WhichChildError> {
        let info = self.child_handle(id.into()).await?;
        let handle = info.and_then(|info| info.downcast::<Self>());
        let handle = handle.ok_or(WhichChildError::NotFound)?;
        Ok((*handle).clone().with_limit(self.limit))
    }

    /// The nested dynamic supervisor that runs under this id.
    ///
    /// # Errors
    ///
    /// See [`WhichChildError`].
    pub async fn child_dynamic_supervisor(
        &self,
        id: &str,
    ) -> Result<DynamicSupervisorRef<R>, WhichChildError> {
        let info = self.child_handle(id.into()).await?;
        let handle = info.and_then(|info| info.downcast::<DynamicSupervisorRef<R>>());
        let handle = handle.ok_or(WhichChildError::NotFound)?;
        Ok((*handle).clone().with_limit(self.limit))
    }

    /// Asks the supervisor to shut down and waits until it and everything below it is
    /// gone. Answers why it ended. A supervisor that is itself supervised is restarted
    /// if its spec says so.
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

    pub(super) async fn child_handle(&self, id: Label) -> Result<Option<StartInfo>, CallError> {
        self.ask(|reply| GroupCall::Handle(id, reply)).await
    }

    async fn ask<T>(
        &self,
        call: impl FnOnce(Reply<T>) -> GroupCall<Factory<R>>,
    ) -> Result<T, CallError> {
        ask(self.node.runtime(), &self.requests, self.limit, call).await
    }
}

impl<R: Runtime> Clone for SupervisorRef<R> {
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
            process: self.process,
            requests: self.requests.clone(),
            limit: self.limit,
        }
    }
}

impl<R: Runtime> fmt::Debug for SupervisorRef<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SupervisorRef").field(&self.process).finish()
    }
}
