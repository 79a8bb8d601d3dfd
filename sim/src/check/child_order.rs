//! Children start in order and stop in reverse, and only those that must.

use std::collections::BTreeMap;

use steadfast::event::{Event, ProcessEvent, SupervisionEvent};
use steadfast::process::ProcessId;

use super::checker::{Checker, Findings};
use super::lineup::Lineup;
use crate::trace::subject::subject;
use crate::trace::{NodeEvent, Record, TraceEvent};

/// Checks the order in which supervisors start, stop and restart their children.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `children_start_in_order` | a child starts before one that stands earlier in the list, at first or in the restart of a group |
/// | `children_stop_in_reverse_order` | a child is asked to stop while one that stands later still runs and must go too |
/// | `a_group_restarts_as_a_whole` | a failed child starts again while a sibling that must be restarted with it runs on |
/// | `bystanders_are_left_alone` | a sibling that is none of the failed child's business is stopped for its restart |
///
/// Children of a dynamic supervisor have no order. Callers may stop and start single
/// children between restarts, which leaves no other trace than the stop or the
/// start; the checker judges only where no call can come in between: the first start,
/// the stop of the supervisor, and a restart from its decision to its first start.
/// Which siblings depend on a child is not in the trace: of `dependents_for_one` only
/// the order and the earlier bystanders are judged. Bounded by the children of static
/// supervisors.
#[derive(Default)]
pub struct ChildOrder {
    supervisors: BTreeMap<ProcessId, Lineup>,
}

impl ChildOrder {
    /// No supervisor yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn supervision(&mut self, index: u64, event: &SupervisionEvent, findings: &mut Findings) {
        use SupervisionEvent as E;
        let (id, _) = subject(event);
        if let E::SupervisorStarted {
            strategy,
            dynamic: false,
            ..
        } = event
        {
            self.supervisors.insert(id, Lineup::new(*strategy));
            return;
        }
        let Some(supervisor) = self.supervisors.get_mut(&id) else {
            return;
        };
        let mut report = |invariant, detail: String| {
            findings.violated(invariant, format!("{id}: {detail}"));
        };
        match event {
            E::ChildAdded {
                child,
                index,
                restart,
                ..
            } => supervisor.add(child, *index, *restart),
            E::ChildRemoved { child, .. } => supervisor.remove(child),
            E::ChildStarted { child, process, .. } => {
                supervisor.tried(index, child, &mut report);
                supervisor.started(index, child, *process, &mut report);
            }
            E::ChildStartFailed { child, .. } => {
                supervisor.tried(index, child, &mut report);
                supervisor.start_failed(child);
            }
            E::ChildIgnored { child, .. } => {
                supervisor.tried(index, child, &mut report);
                supervisor.not_expected(child);
            }
            E::ChildExited { child, process, .. } => supervisor.exited(child, *process),
            E::RestartScheduled { child, delay, .. } => {
                supervisor.decided(index, child, delay.is_zero());
            }
            E::ChildStopping { child, .. } => supervisor.asked(index, child, &mut report),
            E::SupervisorReconfigured { strategy, .. } => supervisor.reconfigured(*strategy),
            E::SupervisorStopping { .. } => supervisor.stopping(),
            E::ChildLimitExceeded { .. }
            | E::RestartCancelled { .. }
            | E::IntensityExceeded { .. }
            | E::AutoShutdown { .. } => supervisor.no_restart(),
            E::SupervisorStarted { .. } | E::ChildKilled { .. } | E::SupervisorStopped { .. } => {}
        }
    }
}

impl Checker for ChildOrder {
    fn name(&self) -> &'static str {
        "child_order"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match &record.event {
            TraceEvent::Core(Event::Supervision(event)) => {
                self.supervision(record.index, event, findings);
            }
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

    fn finish(&mut self, _findings: &mut Findings) {}
}
