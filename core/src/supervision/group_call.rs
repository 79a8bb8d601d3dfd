//! What callers may ask of a static supervisor, and when it is done.

use super::child_info::{ChildCount, ChildInfo, StartedChild};
use super::child_spec::ChildPolicy;
use super::decision;
use super::error::{
    CallError, DeleteChildError, ReconfigureError, RestartChildError, RestartGroupError,
    StartChildError, TerminateChildError, WhichChildError,
};
use super::group::Group;
use super::machine::{Answer, Effect, Moment, Reply};
use super::operation::{Operation, Purpose, Termination};
use super::policy::Strategy;
use super::request::CAPACITY;
use super::supervisor_spec::SupervisorFlags;
use super::table::{Child, ChildKey, State};
use super::validation;
use crate::event::SupervisionEvent;
use crate::label::Label;
use crate::process::StartInfo;

type TerminateReply = Reply<Result<(), TerminateChildError>>;

/// A child whose start was called off, and who waits for its end.
pub(super) struct CalledOff {
    key: ChildKey,
    reply: TerminateReply,
}

/// A call with the place of its answer.
pub(super) enum GroupCall<F> {
    Start(
        Box<ChildPolicy>,
        F,
        Reply<Result<StartedChild, StartChildError>>,
    ),
    Restart(Label, Reply<Result<StartedChild, RestartChildError>>),
    RestartGroup(Label, Reply<Result<(), RestartGroupError>>),
    Terminate(Label, TerminateReply),
    Delete(Label, Reply<Result<(), DeleteChildError>>),
    Reconfigure(SupervisorFlags, Reply<Result<(), ReconfigureError>>),
    Upgrade(
        SupervisorFlags,
        Vec<(ChildPolicy, F)>,
        Reply<Result<(), ReconfigureError>>,
    ),
    WhichAll(Reply<Vec<ChildInfo>>),
    Which(Label, Reply<Result<ChildInfo, WhichChildError>>),
    Handle(Label, Reply<Option<StartInfo>>),
    Count(Reply<ChildCount>),
}

impl<F> GroupCall<F> {
    /// Tells the caller why nothing is done. `None` if the call only reads, which is
    /// always answered.
    pub(super) fn refuse(self, error: CallError) -> Option<Answer> {
        match self {
            Self::Start(_, _, reply) => Some(Answer::new(reply, Err(error.into()))),
            Self::Restart(_, reply) => Some(Answer::new(reply, Err(error.into()))),
            Self::RestartGroup(_, reply) => Some(Answer::new(reply, Err(error.into()))),
            Self::Terminate(_, reply) => Some(Answer::new(reply, Err(error.into()))),
            Self::Delete(_, reply) => Some(Answer::new(reply, Err(error.into()))),
            Self::Reconfigure(_, reply) | Self::Upgrade(_, _, reply) => {
                Some(Answer::new(reply, Err(error.into())))
            }
            Self::WhichAll(_) | Self::Which(..) | Self::Handle(..) | Self::Count(_) => None,
        }
    }

    /// Whether the caller has not given up.
    fn is_awaited(&self) -> bool {
        match self {
            Self::Start(_, _, reply) => reply.is_awaited(),
            Self::Restart(_, reply) => reply.is_awaited(),
            Self::RestartGroup(_, reply) => reply.is_awaited(),
            Self::Terminate(_, reply) => reply.is_awaited(),
            Self::Delete(_, reply) => reply.is_awaited(),
            Self::Reconfigure(_, reply) | Self::Upgrade(_, _, reply) => reply.is_awaited(),
            Self::WhichAll(reply) => reply.is_awaited(),
            Self::Which(_, reply) => reply.is_awaited(),
            Self::Handle(_, reply) => reply.is_awaited(),
            Self::Count(reply) => reply.is_awaited(),
        }
    }
}

impl<F: Clone> Group<F> {
    /// Answers what only reads; the rest waits its turn.
    pub(super) fn take(
        &mut self,
        call: GroupCall<F>,
        moment: &Moment<'_>,
        fx: &mut Vec<Effect<F>>,
    ) {
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
            | GroupCall::RestartGroup(..)
            | GroupCall::Terminate(..)
            | GroupCall::Delete(..)
            | GroupCall::Reconfigure(..)
            | GroupCall::Upgrade(..) => {
                self.queue(call, moment, fx);
                return;
            }
        };
        fx.push(Effect::Answer(answer));
    }

    /// Does what a call wants, now that nothing else is being done.
    pub(super) fn perform(
        &mut self,
        call: GroupCall<F>,
        moment: &Moment<'_>,
        fx: &mut Vec<Effect<F>>,
    ) {
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
            GroupCall::Restart(id, reply) => match self.check_restart(&id) {
                Ok(key) => {
                    let operation = Operation::new(Purpose::RestartChild(reply));
                    self.operation = Some(operation.start([key]));
                }
                Err(error) => fx.push(Effect::Answer(Answer::new(reply, Err(error)))),
            },
            GroupCall::RestartGroup(id, reply) => match self.crew.children.labelled(&id) {
                Some(key) => self.begin_restart(key, Purpose::RestartGroup(reply)),
                None => {
                    let error = RestartGroupError::NotFound;
                    fx.push(Effect::Answer(Answer::new(reply, Err(error))));
                }
            },
            GroupCall::Terminate(id, reply) => {
                let key = self.crew.children.labelled(&id);
                let found = key.and_then(|key| Some((key, self.crew.children.get(key)?)));
                let Some((key, child)) = found else {
                    let error = TerminateChildError::NotFound;
                    fx.push(Effect::Answer(Answer::new(reply, Err(error))));
                    return;
                };
                let waits = *child.state() == State::Restarting;
                let mut siblings = Vec::new();
                if waits && self.flags.strategy != Strategy::OneForOne {
                    siblings = decision::group(self.flags.strategy, &self.crew.children, key);
                    siblings.retain(|sibling| *sibling != key);
                }
                let termination = Termination {
                    policy: child.policy.clone(),
                    process: child.present(),
                    siblings,
                };
                let purpose = Purpose::TerminateChild(Box::new(termination), reply);
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
            GroupCall::Upgrade(flags, children, reply) => {
                let result = self.upgrade(flags, children, fx);
                fx.push(Effect::Answer(Answer::new(reply, result)));
            }
            // These never wait.
            GroupCall::WhichAll(_)
            | GroupCall::Which(..)
            | GroupCall::Handle(..)
            | GroupCall::Count(_) => self.take(call, moment, fx),
        }
    }

    /// Keeps a call until its turn, unless the answer is plain already.
    fn queue(&mut self, call: GroupCall<F>, moment: &Moment<'_>, fx: &mut Vec<Effect<F>>) {
        if self.is_stopping() {
            fx.extend(call.refuse(CallError::Stopping).map(Effect::Answer));
            return;
        }
        let Some(call) = self.call_off(call, moment, fx) else {
            return;
        };
        if self.is_about_a_restart(&call) {
            // Nothing that is being done can change the answer.
            self.perform(call, moment, fx);
        } else if self.waiting.len() >= CAPACITY {
            let error = CallError::Overloaded { limit: CAPACITY };
            fx.extend(call.refuse(error).map(Effect::Answer));
        } else {
            self.waiting.push_back(call);
        }
    }

    /// Whether the call is about a child that is being restarted and must be refused
    /// for that, so that a child that hangs in its start keeps nobody waiting.
    fn is_about_a_restart(&self, call: &GroupCall<F>) -> bool {
        let id = match call {
            GroupCall::Start(policy, ..) => &policy.id,
            GroupCall::Restart(id, _) | GroupCall::Delete(id, _) => id,
            GroupCall::Terminate(..)
            | GroupCall::RestartGroup(..)
            | GroupCall::Reconfigure(..)
            | GroupCall::Upgrade(..)
            | GroupCall::WhichAll(_)
            | GroupCall::Which(..)
            | GroupCall::Handle(..)
            | GroupCall::Count(_) => return false,
        };
        let key = self.crew.children.labelled(id);
        key.is_some_and(|key| self.is_being_restarted(key))
    }

    /// Whether the operation will start this child again.
    fn is_being_restarted(&self, key: ChildKey) -> bool {
        self.operation.as_ref().is_some_and(|operation| {
            matches!(
                operation.purpose,
                Purpose::Restart | Purpose::RestartGroup(_)
            ) && operation.starts.contains(&key)
        })
    }

    /// Calls off the start that a restart waits for, if the child is to be stopped:
    /// a child that hangs in its start could not be stopped otherwise. Gives other
    /// calls back.
    fn call_off(
        &mut self,
        call: GroupCall<F>,
        moment: &Moment<'_>,
        fx: &mut Vec<Effect<F>>,
    ) -> Option<GroupCall<F>> {
        let GroupCall::Terminate(id, reply) = call else {
            return Some(call);
        };
        let key = self.crew.children.labelled(&id);
        let key = key.filter(|key| {
            self.is_being_restarted(*key)
                && matches!(self.crew.children.state(*key), Some(State::Starting { .. }))
        });
        match (key, &mut self.operation) {
            (Some(key), Some(operation)) => {
                operation.starts.pop_front();
                operation.stops.push_front(key);
                self.called_off = Some(CalledOff { key, reply });
                self.crew.restart_cancelled(key, fx);
                self.crew.stop(key, moment.now, fx);
                None
            }
            (None, _) | (_, None) => Some(GroupCall::Terminate(id, reply)),
        }
    }

    /// Answers whoever called off the start of a child that is stopped now.
    pub(super) fn conclude_call_off(&mut self, stopped: ChildKey, fx: &mut Vec<Effect<F>>) {
        if let Some(CalledOff { key, reply }) = self.called_off.take() {
            if key == stopped {
                fx.push(Effect::Answer(Answer::new(reply, Ok(()))));
            } else {
                self.called_off = Some(CalledOff { key, reply });
            }
        }
    }

    fn check_new(&self, policy: &ChildPolicy) -> Result<(), StartChildError> {
        let children = &self.crew.children;
        let Some(key) = children.labelled(&policy.id) else {
            validation::child(policy, &self.flags)?;
            let is_sibling = |id: &Label| children.labelled(id).is_some();
            validation::peers(policy, is_sibling)?;
            validation::dependencies(policy, is_sibling)?;
            return Ok(());
        };
        let process = children.state(key).and_then(State::process);
        // One that is being restarted is present, even if its next start has begun.
        Err(process
            .filter(|_| !self.is_being_restarted(key))
            .map_or(StartChildError::AlreadyPresent, |process| {
                StartChildError::AlreadyStarted(process)
            }))
    }

    fn check_restart(&self, id: &Label) -> Result<ChildKey, RestartChildError> {
        let key = self.crew.children.labelled(id);
        let key = key.ok_or(RestartChildError::NotFound)?;
        if self.is_being_restarted(key) {
            return Err(RestartChildError::Restarting);
        }
        match self.crew.children.state(key) {
            Some(State::Stopped) => Ok(key),
            Some(State::Restarting | State::Ended { .. }) => Err(RestartChildError::Restarting),
            Some(
                State::Spawning
                | State::Starting { .. }
                | State::Running { .. }
                | State::Stopping { .. },
            ) => Err(RestartChildError::Running),
            None => Err(RestartChildError::NotFound),
        }
    }

    fn delete(&mut self, id: &Label, fx: &mut Vec<Effect<F>>) -> Result<(), DeleteChildError> {
        let key = self.crew.children.labelled(id);
        let key = key.ok_or(DeleteChildError::NotFound)?;
        if self.is_being_restarted(key) {
            return Err(DeleteChildError::Restarting);
        }
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
        for (_, child) in self.crew.children.iter() {
            validation::child(&child.policy, &flags)?;
        }
        self.take_over(flags, fx)
    }

    fn take_over(
        &mut self,
        flags: SupervisorFlags,
        fx: &mut Vec<Effect<F>>,
    ) -> Result<(), ReconfigureError> {
        validation::flags(&flags)?;
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

    /// OTP's `code_change`: new specs replace those with the same id and leave their
    /// processes alone, others are added without a process, and those that are not
    /// mentioned stay.
    fn upgrade(
        &mut self,
        flags: SupervisorFlags,
        children: Vec<(ChildPolicy, F)>,
        fx: &mut Vec<Effect<F>>,
    ) -> Result<(), ReconfigureError> {
        // In the order that results: replaced in place, new ones after all others.
        let present = self.crew.children.iter().map(|(_, child)| &child.policy);
        let new = |id: &Label| children.iter().find(|(policy, _)| policy.id == *id);
        let replaced = present.map(|old| new(&old.id).map_or(old, |(policy, _)| policy));
        let is_new = |policy: &&ChildPolicy| self.crew.children.labelled(&policy.id).is_none();
        let added = children.iter().map(|(policy, _)| policy).filter(is_new);
        validation::unique(children.iter().map(|(policy, _)| policy))?;
        let all = replaced.chain(added).collect::<Vec<_>>();
        validation::children(all.into_iter(), &flags)?;
        self.take_over(flags, fx)?;
        for (policy, factory) in children {
            match self.crew.children.labelled(&policy.id) {
                Some(key) => self.crew.respecify(key, policy, factory, fx),
                None => {
                    let label = policy.id.clone();
                    self.crew.add(policy, label, factory, fx);
                }
            }
        }
        Ok(())
    }
}
