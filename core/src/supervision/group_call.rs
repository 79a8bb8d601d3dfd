//! What callers may ask of a static supervisor, and when it is done.

use super::child_info::{ChildCount, ChildInfo, StartedChild};
use super::child_spec::ChildPolicy;
use super::error::{
    CallError, DeleteChildError, ReconfigureError, RestartChildError, StartChildError,
    TerminateChildError, WhichChildError,
};
use super::group::Group;
use super::machine::{Answer, Effect, Reply};
use super::operation::{Operation, Purpose};
use super::supervisor_spec::SupervisorFlags;
use super::table::{Child, State};
use super::validation;
use crate::event::SupervisionEvent;
use crate::label::Label;
use crate::process::StartInfo;

/// A call with the place of its answer.
pub(super) enum GroupCall<F> {
    Start(
        Box<ChildPolicy>,
        F,
        Reply<Result<StartedChild, StartChildError>>,
    ),
    Restart(Label, Reply<Result<StartedChild, RestartChildError>>),
    Terminate(Label, Reply<Result<(), TerminateChildError>>),
    Delete(Label, Reply<Result<(), DeleteChildError>>),
    Reconfigure(SupervisorFlags, Reply<Result<(), ReconfigureError>>),
    WhichAll(Reply<Vec<ChildInfo>>),
    Which(Label, Reply<Result<ChildInfo, WhichChildError>>),
    Handle(Label, Reply<Option<StartInfo>>),
    Count(Reply<ChildCount>),
}

impl<F> GroupCall<F> {
    /// Tells the caller that the supervisor is stopping. `None` if the call only
    /// reads, which is never kept waiting.
    pub(super) fn refuse(self) -> Option<Answer> {
        let stopping = CallError::Stopping;
        match self {
            Self::Start(_, _, reply) => Some(Answer::new(reply, Err(stopping.into()))),
            Self::Restart(_, reply) => Some(Answer::new(reply, Err(stopping.into()))),
            Self::Terminate(_, reply) => Some(Answer::new(reply, Err(stopping.into()))),
            Self::Delete(_, reply) => Some(Answer::new(reply, Err(stopping.into()))),
            Self::Reconfigure(_, reply) => Some(Answer::new(reply, Err(stopping.into()))),
            Self::WhichAll(_) | Self::Which(..) | Self::Handle(..) | Self::Count(_) => None,
        }
    }

    /// Whether the caller has not given up.
    fn is_awaited(&self) -> bool {
        match self {
            Self::Start(_, _, reply) => reply.is_awaited(),
            Self::Restart(_, reply) => reply.is_awaited(),
            Self::Terminate(_, reply) => reply.is_awaited(),
            Self::Delete(_, reply) => reply.is_awaited(),
            Self::Reconfigure(_, reply) => reply.is_awaited(),
            Self::WhichAll(reply) => reply.is_awaited(),
            Self::Which(_, reply) => reply.is_awaited(),
            Self::Handle(_, reply) => reply.is_awaited(),
            Self::Count(reply) => reply.is_awaited(),
        }
    }
}

impl<F: Clone> Group<F> {
    /// Answers what only reads; the rest waits its turn.
    pub(super) fn take(&mut self, call: GroupCall<F>, fx: &mut Vec<Effect<F>>) {
        let children = &self.crew.children;
        let find = |id: &Label| children.labelled(id).and_then(|key| children.get(key));
        let answer = match call {
            GroupCall::WhichAll(reply) => Answer::new(reply, children.infos()),
            GroupCall::Which(id, reply) => {
                let found = find(&id).map(Child::info);
                Answer::new(reply, found.ok_or(WhichChildError::NotFound))
            }
            GroupCall::Handle(id, reply) => {
                let running =
                    find(&id).filter(|child| matches!(child.state(), State::Running { .. }));
                Answer::new(reply, running.and_then(|child| child.info.clone()))
            }
            GroupCall::Count(reply) => Answer::new(reply, children.count()),
            GroupCall::Start(..)
            | GroupCall::Restart(..)
            | GroupCall::Terminate(..)
            | GroupCall::Delete(..)
            | GroupCall::Reconfigure(..) => {
                if self.is_stopping() {
                    fx.extend(call.refuse().map(Effect::Answer));
                } else {
                    self.waiting.push_back(call);
                }
                return;
            }
        };
        fx.push(Effect::Answer(answer));
    }

    /// Does what a call wants, now that nothing else is being done.
    pub(super) fn perform(&mut self, call: GroupCall<F>, fx: &mut Vec<Effect<F>>) {
        if !call.is_awaited() {
            // The caller has withdrawn it.
            return;
        }
        match call {
            GroupCall::Start(policy, factory, reply) => {
                if let Err(error) = self.check_new(&policy) {
                    fx.push(Effect::Answer(Answer::new(reply, Err(error))));
                    return;
                }
                let label = policy.id.clone();
                let key = self.crew.add(*policy, label, factory, fx);
                self.operation = Some(Operation::new(Purpose::StartChild(reply)).start([key]));
            }
            GroupCall::Restart(id, reply) => {
                let key = self.crew.children.labelled(&id);
                let state = key.and_then(|key| self.crew.children.state(key));
                let error = match (key, state) {
                    (Some(key), Some(State::Stopped)) => {
                        let operation = Operation::new(Purpose::RestartChild(reply));
                        self.operation = Some(operation.start([key]));
                        return;
                    }
                    (_, Some(State::Restarting | State::Ended { .. })) => {
                        RestartChildError::Restarting
                    }
                    (
                        _,
                        Some(
                            State::Stopped
                            | State::Spawning
                            | State::Starting { .. }
                            | State::Running { .. }
                            | State::Stopping { .. },
                        ),
                    ) => RestartChildError::Running,
                    (_, None) => RestartChildError::NotFound,
                };
                fx.push(Effect::Answer(Answer::new(reply, Err(error))));
            }
            GroupCall::Terminate(id, reply) => {
                let key = self.crew.children.labelled(&id);
                let found = key.and_then(|key| Some((key, self.crew.children.get(key)?)));
                let Some((key, child)) = found else {
                    let error = TerminateChildError::NotFound;
                    fx.push(Effect::Answer(Answer::new(reply, Err(error))));
                    return;
                };
                let policy = Box::new(child.policy.clone());
                let process = child.state().process();
                let purpose = Purpose::TerminateChild(process, policy, reply);
                self.operation = Some(Operation::new(purpose).stop([key]));
            }
            GroupCall::Delete(id, reply) => {
                let result = self.delete(&id, fx);
                fx.push(Effect::Answer(Answer::new(reply, result)));
            }
            GroupCall::Reconfigure(flags, reply) => {
                let result = self.reconfigure(flags, fx);
                fx.push(Effect::Answer(Answer::new(reply, result)));
            }
            // These never wait.
            GroupCall::WhichAll(_)
            | GroupCall::Which(..)
            | GroupCall::Handle(..)
            | GroupCall::Count(_) => self.take(call, fx),
        }
    }

    fn check_new(&self, policy: &ChildPolicy) -> Result<(), StartChildError> {
        let children = &self.crew.children;
        if let Some(child) = children
            .labelled(&policy.id)
            .and_then(|key| children.get(key))
        {
            return Err(child
                .state()
                .process()
                .map_or(StartChildError::AlreadyPresent, |process| {
                    StartChildError::AlreadyStarted(process)
                }));
        }
        validation::child(policy, &self.flags)?;
        let is_sibling = |id: &Label| children.labelled(id).is_some();
        validation::peers(policy, is_sibling)?;
        validation::dependencies(policy, is_sibling)?;
        Ok(())
    }

    fn delete(&mut self, id: &Label, fx: &mut Vec<Effect<F>>) -> Result<(), DeleteChildError> {
        let key = self.crew.children.labelled(id);
        let key = key.ok_or(DeleteChildError::NotFound)?;
        match self.crew.children.state(key) {
            Some(State::Stopped) => {
                self.crew.discard(key, fx);
                Ok(())
            }
            Some(State::Restarting | State::Ended { .. }) => Err(DeleteChildError::Restarting),
            Some(
                State::Spawning
                | State::Starting { .. }
                | State::Running { .. }
                | State::Stopping { .. },
            ) => Err(DeleteChildError::Running),
            None => Err(DeleteChildError::NotFound),
        }
    }

    fn reconfigure(
        &mut self,
        flags: SupervisorFlags,
        fx: &mut Vec<Effect<F>>,
    ) -> Result<(), ReconfigureError> {
        validation::flags(&flags)?;
        let children = self.crew.children.iter();
        for (_, child) in children {
            validation::child(&child.policy, &flags)?;
        }
        self.flags = flags;
        fx.push(Effect::Announce(SupervisionEvent::SupervisorReconfigured {
            supervisor: self.crew.supervisor,
            strategy: flags.strategy,
            intensity: flags.limit.intensity,
            period: flags.limit.period,
            auto_shutdown: flags.auto_shutdown,
        }));
        Ok(())
    }
}
