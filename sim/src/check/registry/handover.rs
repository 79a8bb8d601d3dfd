//! A restarted child takes over: its predecessor holds nothing any more.

use std::collections::BTreeMap;

use steadfast::Label;
use steadfast::event::{Event, ProcessEvent, SupervisionEvent};
use steadfast::process::ProcessId;

use super::super::checker::{Checker, Findings};
use super::views::Views;
use crate::trace::{NodeEvent, Record, TraceEvent};

/// Checks that there is no instant at which a supervisor says "restarted" and the
/// process before still holds a name.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `a_successor_finds_no_predecessor` | a child is started while its process before is registered on the node |
///
/// Bounded by the children of the supervisors that are alive.
#[derive(Default)]
pub struct Handover {
    views: Views,
    latest: BTreeMap<(ProcessId, Label), ProcessId>,
}

impl Handover {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            views: Views::new(),
            latest: BTreeMap::new(),
        }
    }

    /// Forgets the children of a supervisor that is gone.
    fn forget(&mut self, supervisor: ProcessId) {
        let from = (supervisor, Label::from(""));
        let children = self.latest.range(from..);
        let children: Vec<_> = children
            .map(|(place, _)| place.clone())
            .take_while(|(above, _)| *above == supervisor)
            .collect();
        for place in children {
            self.latest.remove(&place);
        }
    }

    fn supervision(&mut self, event: &SupervisionEvent, findings: &mut Findings) {
        match event {
            SupervisionEvent::ChildStarted {
                supervisor,
                child,
                process,
                ..
            } => {
                let place = (*supervisor, child.clone());
                let Some(before) = self.latest.insert(place, *process) else {
                    return;
                };
                for (registry, view) in self.views.of(process.node) {
                    if let Some(key) = view.keys_of(before).first() {
                        let detail = format!(
                            "{child} was started as {process} while {before} held {key} in {registry}"
                        );
                        findings.violated("a_successor_finds_no_predecessor", detail);
                    }
                }
            }
            SupervisionEvent::ChildRemoved { supervisor, child } => {
                self.latest.remove(&(*supervisor, child.clone()));
            }
            SupervisionEvent::SupervisorStarted { .. }
            | SupervisionEvent::SupervisorReconfigured { .. }
            | SupervisionEvent::SupervisorStopping { .. }
            | SupervisionEvent::SupervisorStopped { .. }
            | SupervisionEvent::ChildAdded { .. }
            | SupervisionEvent::ChildStartFailed { .. }
            | SupervisionEvent::ChildIgnored { .. }
            | SupervisionEvent::ChildExited { .. }
            | SupervisionEvent::RestartScheduled { .. }
            | SupervisionEvent::RestartCancelled { .. }
            | SupervisionEvent::ChildStopping { .. }
            | SupervisionEvent::ChildKilled { .. }
            | SupervisionEvent::ChildLimitExceeded { .. }
            | SupervisionEvent::IntensityExceeded { .. }
            | SupervisionEvent::AutoShutdown { .. } => {}
        }
    }
}

impl Checker for Handover {
    fn name(&self) -> &'static str {
        "registry_handover"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        self.views.observe(record);
        match &record.event {
            TraceEvent::Core(Event::Supervision(event)) => self.supervision(event, findings),
            TraceEvent::Core(Event::Process(ProcessEvent::Exited { process, .. })) => {
                self.forget(*process);
            }
            TraceEvent::Node(NodeEvent::Started { .. } | NodeEvent::Crashed { .. }) => {
                self.latest
                    .retain(|(supervisor, _), _| Some(supervisor.node) != record.node);
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
