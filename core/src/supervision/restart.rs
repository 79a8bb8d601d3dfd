//! What follows when a child of a static supervisor ended or did not start.

use std::time::Duration;

use super::budget::Budget;
use super::child_info::StartedChild;
use super::child_spec::ChildPolicy;
use super::crew::Outcome;
use super::decision::{self, AfterEnd};
use super::error::{
    ChildFailed, RestartChildError, RestartGroupError, StartChildError, StartError,
};
use super::group::Group;
use super::machine::{Answer, Effect, Fate, Moment};
use super::operation::{Operation, Purpose};
use super::policy::{Restart, Strategy};
use super::table::{ChildKey, State};
use crate::event::SupervisionEvent;
use crate::failure::Severity;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId};
use crate::runtime::Timestamp;

impl<F: Clone> Group<F> {
    /// A child has ended for good: its peers are told, and the supervisor may follow.
    pub(super) fn gone_for_good(
        &mut self,
        policy: &ChildPolicy,
        label: &Label,
        process: Option<ProcessId>,
        reason: &ExitReason,
        fx: &mut Vec<Effect<F>>,
    ) {
        self.notify_peers(policy, process, reason, fx);
        let children = &self.crew.children;
        if decision::shuts_down(self.flags.auto_shutdown, policy.significant, children) {
            fx.push(Effect::Announce(SupervisionEvent::AutoShutdown {
                supervisor: self.crew.supervisor,
                child: label.clone(),
            }));
            self.shut_down(ExitReason::SHUTDOWN, None, fx);
        } else if self.operation.is_none() {
            self.stop_if_all_ended(fx);
        }
    }

    /// Stops the group of a child and starts it again, but for those that wait for
    /// the restart of another child, which will start them.
    pub(super) fn begin_restart(&mut self, key: ChildKey, purpose: Purpose) {
        if self.crew.children.state(key) == Some(&State::Restarting) {
            self.crew.children.change(key, State::Stopped, None);
        }
        let strategy = self.flags.strategy;
        let group = decision::group(strategy, &self.crew.children, key);
        let held = decision::held(strategy, &self.crew.children, &group);
        let stops = group.iter().rev().copied().collect::<Vec<_>>();
        let starts = group.into_iter().filter(|key| !held.contains(key));
        self.operation = Some(Operation::new(purpose).stop(stops).start(starts));
    }

    /// Deals with a child that ended by itself.
    pub(super) fn own_end(&mut self, key: ChildKey, moment: &Moment<'_>, fx: &mut Vec<Effect<F>>) {
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
        let (policy, label) = (child.policy.clone(), child.label.clone());
        let failure = ChildFailed::Ended {
            child: label.clone(),
            process,
            reason: reason.clone(),
        };
        let abnormal = reason.is_abnormal();
        match decision::after_end(policy.restart, &reason) {
            AfterEnd::Restart => {
                let ran = moment.now.since(since);
                match self.ask_for_restart(key, failure, ran, moment, fx) {
                    Budget::Restart(Duration::ZERO) => {
                        self.crew.children.change(key, State::Stopped, None);
                        self.begin_restart(key, Purpose::Restart);
                    }
                    Budget::Restart(delay) => self.hold_off(key, moment.now + delay),
                    Budget::ChildSpent => {
                        self.crew.children.change(key, State::Stopped, None);
                        self.gone_for_good(&policy, &label, Some(process), &reason, fx);
                    }
                    Budget::SupervisorSpent => {
                        self.crew.children.change(key, State::Stopped, None);
                        self.shut_down(ExitReason::SHUTDOWN, None, fx);
                    }
                }
            }
            AfterEnd::Keep | AfterEnd::Drop => {
                if abnormal {
                    fx.push(Effect::Settle(failure, Fate::Report(Severity::Error)));
                }
                self.crew.children.change(key, State::Stopped, None);
                if policy.restart == Restart::Temporary {
                    self.crew.discard(key, fx);
                }
                self.gone_for_good(&policy, &label, Some(process), &reason, fx);
            }
        }
    }

    /// A start that belongs to the operation has come to its end.
    pub(super) fn conclude_start(
        &mut self,
        key: ChildKey,
        outcome: Outcome,
        moment: &Moment<'_>,
        fx: &mut Vec<Effect<F>>,
    ) {
        let current = self.operation.as_mut();
        let Some(operation) = current.filter(|current| current.starts.front() == Some(&key)) else {
            // The operation that wanted it was abandoned.
            if let Outcome::Failed(reason) = outcome {
                let child = self.crew.label(key);
                let failure = ChildFailed::Start { child, reason };
                fx.push(Effect::Settle(failure, Fate::Report(Severity::Error)));
            }
            return;
        };
        operation.starts.pop_front();
        match outcome {
            Outcome::Started { process, info } => {
                self.answer_start(Ok(StartedChild { process, info }), fx);
            }
            Outcome::Ignored => {
                let child = self.crew.children.get(key);
                if child.is_some_and(|child| child.policy.restart == Restart::Temporary) {
                    self.crew.discard(key, fx);
                }
                self.answer_start(Err(None), fx);
            }
            Outcome::Failed(reason) => self.start_failed(key, reason, moment, fx),
        }
    }

    /// Tells the peers of a child that it has ended for good.
    pub(super) fn notify_peers(
        &self,
        policy: &ChildPolicy,
        process: Option<ProcessId>,
        reason: &ExitReason,
        fx: &mut Vec<Effect<F>>,
    ) {
        let Some(from) = process else { return };
        for (_, sibling) in self.crew.children.iter() {
            let tied = policy.peers.contains(&sibling.policy.id)
                || sibling.policy.peers.contains(&policy.id);
            if let (true, Some(to)) = (tied, sibling.state().process()) {
                let reason = reason.clone();
                fx.push(Effect::Notify { to, from, reason });
            }
        }
    }

    fn ask_for_restart(
        &mut self,
        key: ChildKey,
        failure: ChildFailed,
        ran: Duration,
        moment: &Moment<'_>,
        fx: &mut Vec<Effect<F>>,
    ) -> Budget {
        let limits = (self.flags.limit, self.flags.backoff);
        self.crew.budget(key, failure, ran, limits, moment, fx)
    }

    /// Waits with the restart of a child until it is due. Siblings that will be
    /// started again with it are stopped before the wait.
    fn hold_off(&mut self, failed: ChildKey, due: Timestamp) {
        self.crew
            .children
            .change(failed, State::Restarting, Some(due));
        if self.flags.strategy != Strategy::OneForOne {
            let group = decision::group(self.flags.strategy, &self.crew.children, failed);
            let siblings = group.into_iter().rev().filter(|key| *key != failed);
            self.operation = Some(Operation::new(Purpose::HoldOff).stop(siblings));
        }
    }

    /// Answers the caller who asked for a start, if there is one. `Err(None)` is a
    /// child that does not want to run.
    fn answer_start(
        &mut self,
        result: Result<StartedChild, Option<ExitReason>>,
        fx: &mut Vec<Effect<F>>,
    ) {
        let Some(operation) = self.operation.take() else {
            return;
        };
        let answer = match operation.purpose {
            Purpose::StartChild(reply) => Answer::new(
                reply,
                result.map_err(|reason| {
                    reason.map_or(StartChildError::Ignored, StartChildError::Failed)
                }),
            ),
            Purpose::RestartChild(reply) => Answer::new(
                reply,
                result.map_err(|reason| {
                    reason.map_or(RestartChildError::Ignored, RestartChildError::Failed)
                }),
            ),
            Purpose::Begin
            | Purpose::Restart
            | Purpose::RestartGroup(_)
            | Purpose::HoldOff
            | Purpose::TerminateChild(..)
            | Purpose::Shutdown(..) => {
                self.operation = Some(operation);
                return;
            }
        };
        fx.push(Effect::Answer(answer));
    }

    fn start_failed(
        &mut self,
        key: ChildKey,
        reason: ExitReason,
        moment: &Moment<'_>,
        fx: &mut Vec<Effect<F>>,
    ) {
        let child = self.crew.label(key);
        let failure = ChildFailed::Start {
            child: child.clone(),
            reason: reason.clone(),
        };
        match self.operation.as_ref().map(|operation| &operation.purpose) {
            Some(Purpose::Begin) => {
                fx.push(Effect::Settle(failure, Fate::Escalate));
                let error = StartError::ChildFailed { child, reason };
                let reason = ExitReason::Shutdown(Some(error.to_string().into()));
                self.shut_down(reason, Some(error), fx);
            }
            Some(Purpose::StartChild(_)) => {
                fx.push(Effect::Settle(failure, Fate::GiveBack));
                self.crew.discard(key, fx);
                self.answer_start(Err(Some(reason)), fx);
            }
            Some(Purpose::RestartChild(_)) => {
                fx.push(Effect::Settle(failure, Fate::GiveBack));
                self.answer_start(Err(Some(reason)), fx);
            }
            Some(Purpose::RestartGroup(_)) => {
                let operation = self.operation.as_mut();
                let purpose = operation
                    .map(|operation| std::mem::replace(&mut operation.purpose, Purpose::Restart));
                if let Some(Purpose::RestartGroup(reply)) = purpose {
                    let error = RestartGroupError::Failed {
                        child: child.clone(),
                        reason: reason.clone(),
                    };
                    fx.push(Effect::Answer(Answer::new(reply, Err(error))));
                }
                self.try_again(key, failure, &reason, moment, fx);
            }
            Some(
                Purpose::Restart
                | Purpose::HoldOff
                | Purpose::TerminateChild(..)
                | Purpose::Shutdown(..),
            )
            | None => self.try_again(key, failure, &reason, moment, fx),
        }
    }

    /// A start failed during a restart: it is tried again, later, and counts again.
    fn try_again(
        &mut self,
        key: ChildKey,
        failure: ChildFailed,
        reason: &ExitReason,
        moment: &Moment<'_>,
        fx: &mut Vec<Effect<F>>,
    ) {
        match self.ask_for_restart(key, failure, Duration::ZERO, moment, fx) {
            Budget::Restart(delay) => {
                // Whatever was still to be started with the child is left to the next try,
                // and calls are answered before it, as in OTP.
                let group = decision::group(self.flags.strategy, &self.crew.children, key);
                let rest = self.operation.take().map(|operation| operation.starts);
                let mut rest = rest.unwrap_or_default();
                rest.retain(|other| !group.contains(other));
                if !rest.is_empty() {
                    // Its siblings that do not depend on it start now: no other try will.
                    let due = Some(moment.now + delay);
                    self.crew.children.change(key, State::Restarting, due);
                    self.operation = Some(Operation::new(Purpose::Restart).start(rest));
                } else if delay.is_zero() {
                    let due = Some(moment.now);
                    self.crew.children.change(key, State::Restarting, due);
                } else {
                    self.hold_off(key, moment.now + delay);
                }
            }
            Budget::ChildSpent => {
                // Given up alone: its siblings still start.
                let Some(child) = self.crew.children.get(key) else {
                    return;
                };
                let (policy, label) = (child.policy.clone(), child.label.clone());
                self.gone_for_good(&policy, &label, child.last(), reason, fx);
            }
            Budget::SupervisorSpent => self.shut_down(ExitReason::SHUTDOWN, None, fx),
        }
    }
}
