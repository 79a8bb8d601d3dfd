//! The pure part of a static supervisor: ordered children under a strategy.
//!
//! It does one [`Operation`] at a time, as OTP does: while children are stopped and
//! started, other ends and calls that change something wait their turn. Unlike in
//! OTP, calls that only read are answered meanwhile, and a request to exit ends
//! whatever is being done.

use std::collections::VecDeque;

use super::child_spec::ChildPolicy;
use super::crew::{Crew, End};
use super::decision;
use super::error::{CallError, ChildFailed, StartError};
use super::group_call::{CalledOff, GroupCall};
use super::machine::{Answer, Effect, Fate, Input, Machine, Moment};
use super::operation::{Operation, Purpose};
use super::policy::Restart;
use super::supervisor_spec::SupervisorFlags;
use super::table::{ChildKey, State};
use crate::event::SupervisionEvent;
use crate::failure::Severity;
use crate::process::{ExitReason, ProcessId};
use crate::runtime::Timestamp;

/// A static supervisor.
pub(super) struct Group<F> {
    pub(super) crew: Crew<F>,
    pub(super) flags: SupervisorFlags,
    /// Children that start when the supervisor begins.
    first: Vec<(ChildPolicy, F)>,
    pub(super) operation: Option<Operation>,
    /// Children that ended by themselves while something else was being done; passed
    /// over if that has stopped or restarted them meanwhile.
    ended: VecDeque<ChildKey>,
    /// A child whose start, in the midst of a restart, was called off.
    pub(super) called_off: Option<CalledOff>,
    /// Calls that wait until nothing is being done; at most [`CAPACITY`](super::request::CAPACITY).
    pub(super) waiting: VecDeque<GroupCall<F>>,
    /// Whether restarts that are due go before waiting calls, so that neither starves.
    restarts_next: bool,
}

impl<F: Clone> Group<F> {
    pub(super) fn new(
        supervisor: ProcessId,
        flags: SupervisorFlags,
        first: Vec<(ChildPolicy, F)>,
    ) -> Self {
        Self {
            crew: Crew::new(supervisor),
            flags,
            first,
            operation: None,
            ended: VecDeque::new(),
            called_off: None,
            waiting: VecDeque::new(),
            restarts_next: false,
        }
    }

    /// Whether the supervisor is on its way out.
    pub(super) fn is_stopping(&self) -> bool {
        matches!(
            self.operation,
            Some(Operation {
                purpose: Purpose::Shutdown(..),
                ..
            })
        )
    }

    fn begin(&mut self, fx: &mut Vec<Effect<F>>) {
        for (policy, factory) in std::mem::take(&mut self.first) {
            let label = policy.id.clone();
            self.crew.add(policy, label, factory, fx);
        }
        let starts = self.crew.children.keys();
        self.operation = Some(Operation::new(Purpose::Begin).start(starts));
    }

    /// Stops everything, whatever is being done, and ends.
    pub(super) fn shut_down(
        &mut self,
        reason: ExitReason,
        error: Option<StartError>,
        fx: &mut Vec<Effect<F>>,
    ) {
        if self.is_stopping() {
            return;
        }
        let abandoned = self.operation.take();
        let abandoned = abandoned.and_then(|operation| operation.purpose.abandon());
        fx.extend(abandoned.map(Effect::Answer));
        let waiting = std::mem::take(&mut self.waiting);
        fx.extend(
            waiting
                .into_iter()
                .filter_map(|call| call.refuse(CallError::Stopping))
                .map(Effect::Answer),
        );
        fx.push(Effect::Announce(SupervisionEvent::SupervisorStopping {
            supervisor: self.crew.supervisor,
            reason: reason.clone(),
        }));
        let stops = self.crew.children.keys().rev();
        self.operation = Some(Operation::new(Purpose::Shutdown(reason, error)).stop(stops));
    }

    /// Whether one child is being stopped on request.
    fn is_stopping_one(&self) -> bool {
        matches!(
            self.operation,
            Some(Operation {
                purpose: Purpose::TerminateChild(..),
                ..
            })
        )
    }

    pub(super) fn stop_if_all_ended(&mut self, fx: &mut Vec<Effect<F>>) {
        if self.flags.stop_when_all_ended && decision::all_ended(&self.crew.children) {
            self.shut_down(ExitReason::SHUTDOWN, None, fx);
        }
    }

    /// Goes on until there is nothing left to do but wait.
    fn run(&mut self, moment: &Moment<'_>, fx: &mut Vec<Effect<F>>) {
        loop {
            let goes_on = match self.operation {
                Some(_) => self.step(moment, fx),
                None => self.next_work(moment, fx),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// One step of the operation. `false` if it waits for something.
    fn step(&mut self, moment: &Moment<'_>, fx: &mut Vec<Effect<F>>) -> bool {
        let Some(operation) = &mut self.operation else {
            return true;
        };
        if let Some(key) = operation.stops.front().copied() {
            if !self.stop_step(key, moment, fx) {
                return false;
            }
            if let Some(operation) = &mut self.operation {
                operation.stops.pop_front();
            }
            return true;
        }
        if let Some(key) = operation.starts.front().copied() {
            return self.start_step(key, fx);
        }
        self.finish(fx)
    }

    /// Whether the child is stopped; if not, it is being stopped from here on.
    fn stop_step(&mut self, key: ChildKey, moment: &Moment<'_>, fx: &mut Vec<Effect<F>>) -> bool {
        match self.crew.children.state(key).cloned() {
            None => return true,
            Some(State::Stopped) => {}
            Some(State::Restarting) => {
                self.crew.children.change(key, State::Stopped, None);
                if self.is_stopping_one() {
                    self.crew.restart_cancelled(key, fx);
                }
            }
            Some(State::Ended {
                process, reason, ..
            }) => {
                // It ended by itself while others were stopped or started: it needs
                // no restart of its own any more, but its failure is not lost.
                self.crew.children.change(key, State::Stopped, None);
                if reason.is_abnormal() {
                    let child = self.crew.label(key);
                    let failure = ChildFailed::Ended {
                        child,
                        process,
                        reason,
                    };
                    let how_bad = if self.is_stopping() {
                        Severity::Error
                    } else {
                        Severity::Warning
                    };
                    fx.push(Effect::Settle(failure, Fate::Report(how_bad)));
                }
            }
            Some(State::Starting { .. } | State::Running { .. }) => {
                self.crew.stop(key, moment.now, fx);
                return false;
            }
            Some(State::Spawning | State::Stopping { .. }) => return false,
        }
        let temporary = self
            .crew
            .children
            .get(key)
            .is_some_and(|child| child.policy.restart == Restart::Temporary);
        if temporary && !self.is_stopping() {
            self.crew.discard(key, fx);
        }
        true
    }

    /// Starts the child if it is stopped. `false` while it starts.
    fn start_step(&mut self, key: ChildKey, fx: &mut Vec<Effect<F>>) -> bool {
        match self.crew.children.state(key) {
            Some(State::Stopped) => {
                self.crew.start(key, fx);
                false
            }
            Some(State::Spawning | State::Starting { .. } | State::Stopping { .. }) => false,
            Some(State::Running { .. } | State::Ended { .. } | State::Restarting) | None => {
                if let Some(operation) = &mut self.operation {
                    operation.starts.pop_front();
                }
                true
            }
        }
    }

    /// Nothing of the operation is left. `false` if that was the last one.
    fn finish(&mut self, fx: &mut Vec<Effect<F>>) -> bool {
        let Some(operation) = self.operation.take() else {
            return true;
        };
        match operation.purpose {
            Purpose::Begin => {
                fx.push(Effect::Ready);
                self.stop_if_all_ended(fx);
            }
            Purpose::Restart => self.stop_if_all_ended(fx),
            Purpose::RestartGroup(reply) => {
                fx.push(Effect::Answer(Answer::new(reply, Ok(()))));
                self.stop_if_all_ended(fx);
            }
            // Those that start a child end with its outcome.
            Purpose::HoldOff | Purpose::StartChild(_) | Purpose::RestartChild(_) => {}
            Purpose::TerminateChild(done, reply) => {
                self.notify_peers(&done.policy, done.process, &ExitReason::SHUTDOWN, fx);
                fx.push(Effect::Answer(Answer::new(reply, Ok(()))));
                if !done.siblings.is_empty() {
                    let children = &self.crew.children;
                    let held = decision::held(self.flags.strategy, children, &done.siblings);
                    let free = done.siblings.into_iter().filter(|key| !held.contains(key));
                    self.operation = Some(Operation::new(Purpose::Restart).start(free));
                }
            }
            Purpose::Shutdown(reason, error) => {
                fx.push(Effect::Announce(SupervisionEvent::SupervisorStopped {
                    supervisor: self.crew.supervisor,
                }));
                fx.push(Effect::End(reason, error));
                return false;
            }
        }
        true
    }

    /// Takes up what has been waiting. `false` if there is nothing.
    fn next_work(&mut self, moment: &Moment<'_>, fx: &mut Vec<Effect<F>>) -> bool {
        if let Some(key) = self.ended.pop_front() {
            self.own_end(key, moment, fx);
            return true;
        }
        if std::mem::take(&mut self.restarts_next) && self.restart_due(moment.now) {
            return true;
        }
        let Some(call) = self.waiting.pop_front() else {
            return false;
        };
        self.restarts_next = true;
        self.perform(call, moment, fx);
        true
    }

    /// Begins the restart that is due, if there is one.
    fn restart_due(&mut self, now: Timestamp) -> bool {
        let due = self.crew.children.first_due();
        let Some((_, key)) = due.filter(|(due, _)| *due <= now) else {
            return false;
        };
        self.begin_restart(key, Purpose::Restart);
        true
    }
}

impl<F: Clone> Machine<F> for Group<F> {
    type Call = GroupCall<F>;

    fn handle(&mut self, input: Input<Self::Call>, moment: &Moment<'_>, fx: &mut Vec<Effect<F>>) {
        match input {
            Input::Begin => self.begin(fx),
            Input::Exit(reason) => self.shut_down(reason, None, fx),
            Input::Spawned(key, spawned) => {
                if let Some(outcome) = self.crew.spawned(key, spawned, moment.now, fx) {
                    self.conclude_start(key, outcome, moment, fx);
                }
            }
            Input::Answered(process, start) => {
                if let Some((key, outcome)) = self.crew.answered(process, start, moment.now, fx) {
                    self.conclude_start(key, outcome, moment, fx);
                }
            }
            Input::Ended(process, reason) => match self.crew.ended(process, reason, fx) {
                Some((key, End::Start(outcome))) => self.conclude_start(key, outcome, moment, fx),
                Some((key, End::Own)) => self.ended.push_back(key),
                Some((key, End::Stopped)) => self.conclude_call_off(key, fx),
                None => {}
            },
            Input::Tick => {
                while self.crew.enforce_limit(moment.now, fx) {}
                if self.operation.is_none() {
                    self.restart_due(moment.now);
                }
            }
            Input::Call(call) => self.take(call, moment, fx),
        }
        self.run(moment, fx);
    }

    fn deadline(&self) -> Option<Timestamp> {
        let children = &self.crew.children;
        let limit = children.first_limit().map(|(limit, _)| limit);
        // A restart that is due waits for its turn; its time is not a reason to wake.
        let due = children.first_due().map(|(due, _)| due);
        let due = due.filter(|_| self.operation.is_none());
        limit.into_iter().chain(due).min()
    }
}
