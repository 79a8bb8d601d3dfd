//! Which ends ask for a restart.

use std::collections::BTreeMap;

use steadfast::Label;
use steadfast::event::{Event, ProcessEvent, SupervisionEvent};
use steadfast::process::{ExitReason, ProcessId};
use steadfast::supervision::Restart;

use super::super::checker::Findings;
use crate::trace::subject::subject;
use crate::trace::{NodeEvent, Record, TraceEvent};

/// Holds supervisors to restarting only what asks for it.
#[derive(Default)]
pub(super) struct RestartNeeds {
    supervisors: BTreeMap<ProcessId, BTreeMap<Label, Child>>,
}

struct Child {
    restart: Restart,
    /// Why what happened to it last asks for no restart; `None` if it does.
    content: Option<&'static str>,
    asked: Option<ProcessId>,
    given_up: bool,
}

impl RestartNeeds {
    pub(super) const fn new() -> Self {
        Self {
            supervisors: BTreeMap::new(),
        }
    }

    /// Takes a record, which is not about messages, files or tasks.
    pub(super) fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match &record.event {
            TraceEvent::Core(Event::Supervision(event)) => self.supervision(event, findings),
            TraceEvent::Core(Event::Process(ProcessEvent::Exited { process, .. })) => {
                self.supervisors.remove(process);
            }
            TraceEvent::Node(
                NodeEvent::Crashed { incarnation, .. } | NodeEvent::Stopped { incarnation, .. },
            ) => {
                let gone = |process: &ProcessId| {
                    Some(process.node) == record.node && process.incarnation <= *incarnation
                };
                self.supervisors.retain(|process, _| !gone(process));
            }
            TraceEvent::Core(_)
            | TraceEvent::Run(_)
            | TraceEvent::Node(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_)
            | TraceEvent::Fault(_) => {}
        }
    }

    fn supervision(&mut self, event: &SupervisionEvent, findings: &mut Findings) {
        use SupervisionEvent as E;
        let (id, child) = subject(event);
        if let E::SupervisorStarted { .. } = event {
            self.supervisors.insert(id, BTreeMap::new());
        }
        let (Some(children), Some(label)) = (self.supervisors.get_mut(&id), child) else {
            return;
        };
        if let E::ChildAdded { restart, .. } = event {
            let child = children
                .entry(label.clone())
                .or_insert_with(|| Child::new(*restart));
            child.restart = *restart;
        }
        if let E::ChildRemoved { .. } = event {
            children.remove(label);
        }
        let Some(child) = children.get_mut(label) else {
            return;
        };
        if let E::RestartScheduled { .. } = event {
            child.check(id, label, findings);
        }
        child.take(event);
    }
}

impl Child {
    const fn new(restart: Restart) -> Self {
        Self {
            restart,
            content: Some("has not ended"),
            asked: None,
            given_up: false,
        }
    }

    fn take(&mut self, event: &SupervisionEvent) {
        use SupervisionEvent as E;
        match event {
            E::ChildStarted { .. } => {
                self.content = Some("runs");
                self.given_up = false;
            }
            E::ChildStartFailed { .. } => {
                self.content = (self.restart == Restart::Temporary).then_some("is temporary");
            }
            E::ChildStopping { process, .. } => self.asked = Some(*process),
            E::ChildExited {
                process, reason, ..
            } => {
                self.content = if self.asked == Some(*process) {
                    Some("was stopped on request")
                } else if is_needed(self.restart, reason) {
                    None
                } else {
                    Some("ended in a way that asks for none")
                };
            }
            E::ChildLimitExceeded { .. } => self.given_up = true,
            E::SupervisorStarted { .. }
            | E::SupervisorReconfigured { .. }
            | E::ChildAdded { .. }
            | E::ChildRemoved { .. }
            | E::ChildIgnored { .. }
            | E::RestartScheduled { .. }
            | E::RestartCancelled { .. }
            | E::ChildKilled { .. }
            | E::IntensityExceeded { .. }
            | E::AutoShutdown { .. }
            | E::SupervisorStopping { .. }
            | E::SupervisorStopped { .. } => {}
        }
    }

    fn check(&self, supervisor: ProcessId, id: &Label, findings: &mut Findings) {
        if self.given_up {
            let detail = format!("{supervisor} restarts {id}, which was given up");
            findings.violated("a_child_given_up_stays_down", detail);
        } else if let Some(why) = self.content {
            let detail = format!("{supervisor} restarts {id}, which {why}");
            findings.violated("only_failures_are_restarted", detail);
        }
    }
}

/// OTP's rule, told again and not taken from core: permanent children always,
/// transient ones after an abnormal end, temporary ones never.
pub(super) const fn is_needed(restart: Restart, reason: &ExitReason) -> bool {
    match (restart, reason) {
        (Restart::Temporary, _)
        | (Restart::Transient, ExitReason::Normal | ExitReason::Shutdown(_)) => false,
        (Restart::Permanent, _)
        | (
            Restart::Transient,
            ExitReason::Error(_)
            | ExitReason::Panic(_)
            | ExitReason::Killed
            | ExitReason::NoProcess,
        ) => true,
    }
}
