//! What a supervisor, of whichever kind, can do to one of its children.

use super::child_spec::{Acknowledgement, ChildKind, ChildPolicy};
use super::decision;
use super::error::ChildFailed;
use super::intensity::Window;
use super::machine::{Effect, Fate, Spawn};
use super::policy::{Restart, ShutdownPolicy};
use super::table::{ChildKey, Children, State, StopCause};
use crate::event::SupervisionEvent;
use crate::failure::Severity;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId, SpawnError, Start, StartInfo};
use crate::runtime::Timestamp;

/// What came of a start.
#[derive(Debug)]
pub(super) enum Outcome {
    Started {
        process: ProcessId,
        info: Option<StartInfo>,
    },
    Ignored,
    Failed(ExitReason),
}

/// What the end of a process meant.
#[derive(Debug)]
pub(super) enum End {
    /// It ended the start of a child.
    Start(Outcome),
    /// The child was to be stopped, and is.
    Stopped,
    /// The child ended by itself; it is in [`State::Ended`] until that is dealt with.
    Own,
}

/// The children and the restarts that they needed.
pub(super) struct Crew<F> {
    pub(super) supervisor: ProcessId,
    pub(super) children: Children<F>,
    /// Restarts that count against the supervisor's limit.
    pub(super) window: Window,
}

impl<F: Clone> Crew<F> {
    pub(super) fn new(supervisor: ProcessId) -> Self {
        Self {
            supervisor,
            children: Children::new(),
            window: Window::default(),
        }
    }

    /// Adds a child after all others.
    pub(super) fn add(
        &mut self,
        policy: ChildPolicy,
        label: Label,
        factory: F,
        fx: &mut Vec<Effect<F>>,
    ) -> ChildKey {
        fx.push(self.added(&policy, label.clone(), self.children.len()));
        self.children.insert(policy, label, factory)
    }

    /// Gives a child another spec, which applies from now on.
    pub(super) fn respecify(
        &mut self,
        key: ChildKey,
        policy: ChildPolicy,
        factory: F,
        fx: &mut Vec<Effect<F>>,
    ) {
        fx.push(self.added(&policy, self.label(key), self.children.position(key)));
        let started = self.children.state(key).and_then(State::process).is_some();
        let retained = policy.restart != Restart::Temporary || !started;
        let factory = retained.then_some(factory);
        self.children.respecify(key, policy, factory);
    }

    /// Removes a child that has no process.
    pub(super) fn discard(&mut self, key: ChildKey, fx: &mut Vec<Effect<F>>) {
        if let Some(child) = self.children.remove(key) {
            fx.push(Effect::Announce(SupervisionEvent::ChildRemoved {
                supervisor: self.supervisor,
                child: child.label,
            }));
        }
    }

    /// Starts a child that has no process.
    pub(super) fn start(&mut self, key: ChildKey, fx: &mut Vec<Effect<F>>) {
        let Some(child) = self.children.get_mut(key) else {
            return;
        };
        let factory = match child.policy.restart {
            Restart::Permanent | Restart::Transient => child.factory.clone(),
            Restart::Temporary => child.factory.take(),
        };
        // A temporary child leaves the table with its process, so it starts once.
        let factory = factory.expect("a child is started only while its factory is there");
        fx.push(Effect::Spawn(Spawn {
            key,
            name: child.label.clone(),
            trap_exit: child.policy.trap_exit,
            acknowledged: child.policy.acknowledgement != Acknowledgement::None,
            factory,
        }));
        self.children.change(key, State::Spawning, None);
    }

    /// The process of a child exists, or was refused.
    pub(super) fn spawned(
        &mut self,
        key: ChildKey,
        spawned: Result<ProcessId, SpawnError>,
        now: Timestamp,
        fx: &mut Vec<Effect<F>>,
    ) -> Option<Outcome> {
        let child = self.children.get(key)?;
        match (spawned, child.policy.acknowledgement) {
            (Ok(process), Acknowledgement::None) => Some(self.started(key, process, None, now, fx)),
            (Ok(process), Acknowledgement::Within(limit)) => {
                let ignored = false;
                let deadline = limit.map(|limit| now + limit);
                let state = State::Starting { process, ignored };
                self.children.change(key, state, deadline);
                None
            }
            (Err(error), _) => {
                self.children.change(key, State::Stopped, None);
                Some(self.start_failed(key, ExitReason::error(&error), fx))
            }
        }
    }

    /// A child answered its start. `None` if that does not conclude the start.
    pub(super) fn answered(
        &mut self,
        process: ProcessId,
        start: Start,
        now: Timestamp,
        fx: &mut Vec<Effect<F>>,
    ) -> Option<(ChildKey, Outcome)> {
        let key = self.children.of_process(process)?;
        let State::Starting {
            process: current,
            ignored: false,
        } = *self.children.state(key)?
        else {
            // It is being stopped; what it has to say comes too late.
            return None;
        };
        if current != process {
            return None;
        }
        match start {
            Start::Ready(info) => {
                if let Some(child) = self.children.get_mut(key) {
                    // Only the handle of a nested supervisor is asked for again.
                    child.info = info
                        .clone()
                        .filter(|_| child.policy.kind == ChildKind::Supervisor);
                }
                Some((key, self.started(key, process, info, now, fx)))
            }
            Start::Ignored => {
                // The limit of the start now limits how long the end may take.
                let deadline = self.children.get(key)?.deadline();
                let ignored = true;
                let state = State::Starting { process, ignored };
                self.children.change(key, state, deadline);
                None
            }
            // The end itself follows.
            Start::Exited(_) => None,
        }
    }

    /// The process of a child has ended.
    pub(super) fn ended(
        &mut self,
        process: ProcessId,
        reason: ExitReason,
        fx: &mut Vec<Effect<F>>,
    ) -> Option<(ChildKey, End)> {
        let key = self.children.of_process(process)?;
        let state = self.children.state(key)?.clone();
        if state.process() != Some(process) {
            return None;
        }
        let expected = matches!(
            state,
            State::Stopping { .. } | State::Starting { ignored: true, .. }
        );
        fx.push(Effect::Announce(SupervisionEvent::ChildExited {
            supervisor: self.supervisor,
            child: self.label(key),
            process,
            reason: reason.clone(),
            expected,
        }));
        self.children.change(key, State::Stopped, None);
        let end = match state {
            State::Starting { ignored, .. } if ignored && !reason.is_abnormal() => {
                End::Start(self.start_ignored(key, fx))
            }
            State::Starting { .. } => End::Start(self.start_failed(key, reason, fx)),
            State::Stopping {
                cause: StopCause::StartTimedOut,
                ..
            } => {
                let reason = ExitReason::failed("the start was not acknowledged in time");
                End::Start(self.start_failed(key, reason, fx))
            }
            State::Stopping {
                cause: StopCause::Wanted(shutdown),
                killed,
                ..
            } => {
                self.report_stop(key, process, &reason, shutdown, killed, fx);
                End::Stopped
            }
            State::Running { since, .. } => {
                let state = State::Ended {
                    process,
                    since,
                    reason,
                };
                self.children.change(key, state, None);
                End::Own
            }
            State::Stopped | State::Spawning | State::Ended { .. } | State::Restarting => {
                End::Stopped
            }
        };
        Some((key, end))
    }

    /// Begins to stop a child that has a process and is not being stopped already.
    pub(super) fn stop(&mut self, key: ChildKey, now: Timestamp, fx: &mut Vec<Effect<F>>) {
        let Some(shutdown) = self.children.get(key).map(|child| child.policy.shutdown) else {
            return;
        };
        self.begin_stop(key, shutdown, StopCause::Wanted(shutdown), now, fx);
    }

    /// Announces that a restart which was scheduled will not come.
    pub(super) fn restart_cancelled(&self, key: ChildKey, fx: &mut Vec<Effect<F>>) {
        fx.push(Effect::Announce(SupervisionEvent::RestartCancelled {
            supervisor: self.supervisor,
            child: self.label(key),
        }));
    }

    /// Deals with the first start or stop that has taken too long. Answers whether
    /// there was one.
    pub(super) fn enforce_limit(&mut self, now: Timestamp, fx: &mut Vec<Effect<F>>) -> bool {
        let Some((_, key)) = self
            .children
            .first_limit()
            .filter(|(limit, _)| *limit <= now)
        else {
            return false;
        };
        match self.children.state(key) {
            Some(State::Starting { .. }) => {
                let cause = StopCause::StartTimedOut;
                self.begin_stop(key, ShutdownPolicy::Brutal, cause, now, fx);
            }
            Some(State::Stopping { process, cause, .. }) => {
                let (process, cause) = (*process, *cause);
                fx.push(Effect::Announce(SupervisionEvent::ChildKilled {
                    supervisor: self.supervisor,
                    child: self.label(key),
                    process,
                }));
                fx.push(Effect::Kill(process));
                let killed = true;
                let state = State::Stopping {
                    process,
                    cause,
                    killed,
                };
                self.children.change(key, state, None);
            }
            Some(
                State::Stopped
                | State::Spawning
                | State::Running { .. }
                | State::Ended { .. }
                | State::Restarting,
            )
            | None => {}
        }
        true
    }

    /// What a child is called.
    pub(super) fn label(&self, key: ChildKey) -> Label {
        let child = self.children.get(key);
        child.map_or_else(|| "?".into(), |child| child.label.clone())
    }

    fn added(&self, policy: &ChildPolicy, child: Label, index: usize) -> Effect<F> {
        Effect::Announce(SupervisionEvent::ChildAdded {
            supervisor: self.supervisor,
            child,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            restart: policy.restart,
            shutdown: policy.shutdown,
            significant: policy.significant,
        })
    }

    fn started(
        &mut self,
        key: ChildKey,
        process: ProcessId,
        info: Option<StartInfo>,
        now: Timestamp,
        fx: &mut Vec<Effect<F>>,
    ) -> Outcome {
        let since = now;
        self.children
            .change(key, State::Running { process, since }, None);
        if let Some(child) = self.children.get_mut(key) {
            child.starts += 1;
            fx.push(Effect::Announce(SupervisionEvent::ChildStarted {
                supervisor: self.supervisor,
                child: child.label.clone(),
                process,
                starts: child.starts,
            }));
        }
        Outcome::Started { process, info }
    }

    fn start_ignored(&self, key: ChildKey, fx: &mut Vec<Effect<F>>) -> Outcome {
        fx.push(Effect::Announce(SupervisionEvent::ChildIgnored {
            supervisor: self.supervisor,
            child: self.label(key),
        }));
        Outcome::Ignored
    }

    fn start_failed(&self, key: ChildKey, reason: ExitReason, fx: &mut Vec<Effect<F>>) -> Outcome {
        fx.push(Effect::Announce(SupervisionEvent::ChildStartFailed {
            supervisor: self.supervisor,
            child: self.label(key),
            reason: reason.clone(),
        }));
        Outcome::Failed(reason)
    }

    fn begin_stop(
        &mut self,
        key: ChildKey,
        shutdown: ShutdownPolicy,
        cause: StopCause,
        now: Timestamp,
        fx: &mut Vec<Effect<F>>,
    ) {
        let Some(process) = self.children.state(key).and_then(State::process) else {
            return;
        };
        fx.push(Effect::Announce(SupervisionEvent::ChildStopping {
            supervisor: self.supervisor,
            child: self.label(key),
            process,
            shutdown,
        }));
        let (killed, deadline) = match shutdown {
            ShutdownPolicy::Brutal => (true, None),
            ShutdownPolicy::Timeout(limit) => (false, Some(now + limit)),
            ShutdownPolicy::Infinite => (false, None),
        };
        fx.push(if killed {
            Effect::Kill(process)
        } else {
            Effect::Ask(process)
        });
        let state = State::Stopping {
            process,
            cause,
            killed,
        };
        self.children.change(key, state, deadline);
    }

    fn report_stop(
        &self,
        key: ChildKey,
        process: ProcessId,
        reason: &ExitReason,
        shutdown: ShutdownPolicy,
        killed: bool,
        fx: &mut Vec<Effect<F>>,
    ) {
        let child = self.label(key);
        let failure = match shutdown {
            ShutdownPolicy::Timeout(limit) if killed && *reason == ExitReason::Killed => {
                ChildFailed::StopTimedOut {
                    child,
                    process,
                    limit,
                }
            }
            ShutdownPolicy::Brutal | ShutdownPolicy::Timeout(_) | ShutdownPolicy::Infinite => {
                if !decision::stopped_badly(reason, killed) {
                    return;
                }
                let reason = reason.clone();
                ChildFailed::Stop {
                    child,
                    process,
                    reason,
                }
            }
        };
        fx.push(Effect::Settle(failure, Fate::Report(Severity::Error)));
    }
}
