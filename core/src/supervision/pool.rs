//! The pure part of a dynamic supervisor: children that know nothing of each other.
//!
//! Children start, restart and stop side by side; a slow one keeps nobody waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use super::budget::Budget;
use super::child_info::{ChildCount, ChildInfo, StartedChild};
use super::child_spec::ChildPolicy;
use super::crew::{Crew, End, Outcome};
use super::decision::{self, AfterEnd};
use super::dynamic_spec::DynamicSupervisorFlags;
use super::error::{
    CallError, ChildFailed, ReconfigureError, StartChildError, TerminateChildError,
};
use super::machine::{Answer, Effect, Fate, Input, Machine, Moment, Reply};
use super::policy::{AutoShutdown, Strategy};
use super::request::CAPACITY;
use super::table::{ChildKey, State};
use super::validation;
use crate::event::SupervisionEvent;
use crate::failure::Severity;
use crate::process::{ExitReason, ProcessId};
use crate::runtime::Timestamp;

type StartReply = Reply<Result<StartedChild, StartChildError>>;
type TerminateReply = Reply<Result<(), TerminateChildError>>;

/// A call with the place of its answer.
pub(super) enum PoolCall<F> {
    Start(Box<ChildPolicy>, F, StartReply),
    Terminate(ProcessId, TerminateReply),
    Reconfigure(DynamicSupervisorFlags, Reply<Result<(), ReconfigureError>>),
    WhichAll(Reply<Vec<ChildInfo>>),
    Count(Reply<ChildCount>),
}

/// A dynamic supervisor.
pub(super) struct Pool<F> {
    crew: Crew<F>,
    flags: DynamicSupervisorFlags,
    /// Who waits for the first start of a child.
    starting: BTreeMap<ChildKey, StartReply>,
    /// Who waits for the end of a child; in all at most [`CAPACITY`].
    terminating: BTreeMap<ChildKey, Vec<TerminateReply>>,
    terminating_calls: usize,
    stopping: Option<ExitReason>,
}

impl<F: Clone> Pool<F> {
    pub(super) fn new(supervisor: ProcessId, flags: DynamicSupervisorFlags) -> Self {
        Self {
            crew: Crew::new(supervisor),
            flags,
            starting: BTreeMap::new(),
            terminating: BTreeMap::new(),
            terminating_calls: 0,
            stopping: None,
        }
    }

    fn take(&mut self, call: PoolCall<F>, moment: &Moment<'_>, fx: &mut Vec<Effect<F>>) {
        match call {
            PoolCall::Start(policy, factory, reply) => {
                if reply.is_awaited() {
                    self.start_child(*policy, factory, reply, fx);
                }
            }
            PoolCall::Terminate(process, reply) => self.terminate(process, reply, moment, fx),
            PoolCall::Reconfigure(flags, reply) => {
                let result = self.reconfigure(flags, fx);
                fx.push(Effect::Answer(Answer::new(reply, result)));
            }
            PoolCall::WhichAll(reply) => {
                fx.push(Effect::Answer(Answer::new(
                    reply,
                    self.crew.children.infos(),
                )));
            }
            PoolCall::Count(reply) => {
                fx.push(Effect::Answer(Answer::new(
                    reply,
                    self.crew.children.count(),
                )));
            }
        }
    }

    fn start_child(
        &mut self,
        policy: ChildPolicy,
        factory: F,
        reply: StartReply,
        fx: &mut Vec<Effect<F>>,
    ) {
        let limit = self.flags.max_children;
        let checked = if self.stopping.is_some() {
            Err(CallError::Stopping.into())
        } else if self.crew.children.len() >= limit {
            Err(StartChildError::MaxChildren { limit })
        } else {
            validation::dynamic_child(&policy).map_err(StartChildError::from)
        };
        if let Err(error) = checked {
            fx.push(Effect::Answer(Answer::new(reply, Err(error))));
            return;
        }
        let number = self.crew.children.next_key().0 + 1;
        let label = format!("{}#{number}", policy.id).into();
        let key = self.crew.add(policy, label, factory, fx);
        self.starting.insert(key, reply);
        self.crew.start(key, fx);
    }

    fn terminate(
        &mut self,
        process: ProcessId,
        reply: TerminateReply,
        moment: &Moment<'_>,
        fx: &mut Vec<Effect<F>>,
    ) {
        let found = self.crew.children.of_process(process);
        let found = found.and_then(|key| Some((key, self.crew.children.state(key)?)));
        let result = match found {
            None => Err(TerminateChildError::NotFound),
            Some((key, State::Restarting)) => {
                self.crew.restart_cancelled(key, fx);
                self.crew.discard(key, fx);
                Ok(())
            }
            Some(_) if self.terminating_calls >= CAPACITY => {
                Err(CallError::Overloaded { limit: CAPACITY }.into())
            }
            Some((key, state)) => {
                if matches!(state, State::Starting { .. } | State::Running { .. }) {
                    self.crew.stop(key, moment.now, fx);
                }
                self.terminating_calls += 1;
                self.terminating.entry(key).or_default().push(reply);
                return;
            }
        };
        fx.push(Effect::Answer(Answer::new(reply, result)));
    }

    fn reconfigure(
        &mut self,
        flags: DynamicSupervisorFlags,
        fx: &mut Vec<Effect<F>>,
    ) -> Result<(), ReconfigureError> {
        if self.stopping.is_some() {
            return Err(CallError::Stopping.into());
        }
        validation::dynamic_flags(&flags)?;
        self.flags = flags;
        fx.push(Effect::Announce(SupervisionEvent::SupervisorReconfigured {
            supervisor: self.crew.supervisor,
            strategy: Strategy::OneForOne,
            intensity: flags.limit.intensity,
            period: flags.limit.period,
            auto_shutdown: AutoShutdown::Never,
        }));
        Ok(())
    }

    /// Stops all children at once, then ends.
    fn shut_down(&mut self, reason: ExitReason, now: Timestamp, fx: &mut Vec<Effect<F>>) {
        if self.stopping.is_some() {
            return;
        }
        fx.push(Effect::Announce(SupervisionEvent::SupervisorStopping {
            supervisor: self.crew.supervisor,
            reason: reason.clone(),
        }));
        self.stopping = Some(reason);
        let keys = self.crew.children.keys().rev().collect::<Vec<_>>();
        for key in keys {
            match self.crew.children.state(key) {
                Some(State::Starting { .. } | State::Running { .. }) => {
                    self.crew.stop(key, now, fx);
                }
                Some(State::Stopped | State::Ended { .. } | State::Restarting) => {
                    self.forget(key, fx);
                }
                Some(State::Spawning | State::Stopping { .. }) | None => {}
            }
        }
        self.end_if_empty(fx);
    }

    fn end_if_empty(&self, fx: &mut Vec<Effect<F>>) {
        if let (Some(reason), 0) = (&self.stopping, self.crew.children.len()) {
            fx.push(Effect::Announce(SupervisionEvent::SupervisorStopped {
                supervisor: self.crew.supervisor,
            }));
            fx.push(Effect::End(reason.clone(), None));
        }
    }

    /// Removes a child and tells everyone who waited for something of it.
    fn forget(&mut self, key: ChildKey, fx: &mut Vec<Effect<F>>) {
        self.crew.discard(key, fx);
        if let Some(reply) = self.starting.remove(&key) {
            let error = if self.stopping.is_some() {
                CallError::Stopping.into()
            } else {
                StartChildError::Failed(ExitReason::SHUTDOWN)
            };
            fx.push(Effect::Answer(Answer::new(reply, Err(error))));
        }
        for reply in self.terminating.remove(&key).into_iter().flatten() {
            self.terminating_calls -= 1;
            fx.push(Effect::Answer(Answer::new(reply, Ok(()))));
        }
    }

    fn conclude_start(
        &mut self,
        key: ChildKey,
        outcome: Outcome,
        moment: &Moment<'_>,
        fx: &mut Vec<Effect<F>>,
    ) {
        let reply = self.starting.remove(&key);
        let answer = match outcome {
            Outcome::Started { process, info } => Ok(StartedChild { process, info }),
            Outcome::Ignored => {
                self.forget(key, fx);
                Err(StartChildError::Ignored)
            }
            Outcome::Failed(reason) => {
                let failure = ChildFailed::Start {
                    child: self.crew.label(key),
                    reason: reason.clone(),
                };
                if reply.is_some() {
                    fx.push(Effect::Settle(failure, Fate::GiveBack));
                    self.forget(key, fx);
                } else if self.stopping.is_some() || self.terminating.contains_key(&key) {
                    fx.push(Effect::Settle(failure, Fate::Report(Severity::Error)));
                    self.forget(key, fx);
                } else {
                    self.restart(key, failure, Duration::ZERO, true, moment, fx);
                }
                Err(StartChildError::Failed(reason))
            }
        };
        if let Some(reply) = reply {
            fx.push(Effect::Answer(Answer::new(reply, answer)));
        }
    }

    fn own_end(&mut self, key: ChildKey, moment: &Moment<'_>, fx: &mut Vec<Effect<F>>) {
        let Some(child) = self.crew.children.get(key) else {
            return;
        };
        let State::Ended {
            process,
            since,
            reason,
        } = child.state().clone()
        else {
            return;
        };
        let abnormal = reason.is_abnormal();
        let after = decision::after_end(child.policy.restart, &reason);
        let failure = ChildFailed::Ended {
            child: child.label.clone(),
            process,
            reason,
        };
        match after {
            AfterEnd::Restart => {
                self.restart(key, failure, moment.now.since(since), false, moment, fx);
            }
            AfterEnd::Keep | AfterEnd::Drop => {
                if abnormal {
                    fx.push(Effect::Settle(failure, Fate::Report(Severity::Error)));
                }
                self.forget(key, fx);
            }
        }
    }

    /// Restarts a child if the limits allow it. A try after a failed start goes
    /// through the supervisor's loop, so that calls are answered before it.
    fn restart(
        &mut self,
        key: ChildKey,
        failure: ChildFailed,
        ran: Duration,
        again: bool,
        moment: &Moment<'_>,
        fx: &mut Vec<Effect<F>>,
    ) {
        let limits = (self.flags.limit, self.flags.backoff);
        match self.crew.budget(key, failure, ran, limits, moment, fx) {
            Budget::Restart(Duration::ZERO) if !again => {
                self.crew.children.change(key, State::Stopped, None);
                self.crew.start(key, fx);
            }
            Budget::Restart(delay) => {
                let due = Some(moment.now + delay);
                self.crew.children.change(key, State::Restarting, due);
            }
            Budget::ChildSpent => self.forget(key, fx),
            Budget::SupervisorSpent => {
                self.forget(key, fx);
                self.shut_down(ExitReason::SHUTDOWN, moment.now, fx);
            }
        }
    }

    fn tick(&mut self, now: Timestamp, fx: &mut Vec<Effect<F>>) {
        while self.crew.enforce_limit(now, fx) {}
        while let Some((due, key)) = self.crew.children.first_due() {
            if due > now {
                return;
            }
            self.crew.children.change(key, State::Stopped, None);
            self.crew.start(key, fx);
        }
    }
}

impl<F: Clone> Machine<F> for Pool<F> {
    type Call = PoolCall<F>;

    fn handle(&mut self, input: Input<Self::Call>, moment: &Moment<'_>, fx: &mut Vec<Effect<F>>) {
        match input {
            Input::Begin => fx.push(Effect::Ready),
            Input::Exit(reason) => self.shut_down(reason, moment.now, fx),
            Input::Spawned(key, spawned) => {
                let was_stopping = self.stopping.is_some();
                if let Some(outcome) = self.crew.spawned(key, spawned, moment.now, fx) {
                    self.conclude_start(key, outcome, moment, fx);
                }
                if was_stopping {
                    // It was about to start when the supervisor began to stop.
                    self.crew.stop(key, moment.now, fx);
                    self.end_if_empty(fx);
                }
            }
            Input::Answered(process, start) => {
                if let Some((key, outcome)) = self.crew.answered(process, start, moment.now, fx) {
                    self.conclude_start(key, outcome, moment, fx);
                }
            }
            Input::Ended(process, reason) => {
                let was_stopping = self.stopping.is_some();
                match self.crew.ended(process, reason, fx) {
                    Some((key, End::Start(outcome))) => {
                        self.conclude_start(key, outcome, moment, fx);
                    }
                    Some((key, End::Own)) => self.own_end(key, moment, fx),
                    Some((key, End::Stopped)) => self.forget(key, fx),
                    None => {}
                }
                if was_stopping {
                    self.end_if_empty(fx);
                }
            }
            Input::Tick => self.tick(moment.now, fx),
            Input::Call(call) => self.take(call, moment, fx),
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        let children = &self.crew.children;
        let limit = children.first_limit().map(|(limit, _)| limit);
        let due = children.first_due().map(|(due, _)| due);
        limit.into_iter().chain(due).min()
    }
}
