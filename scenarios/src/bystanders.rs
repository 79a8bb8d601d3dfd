//! A checker for stories in which one child's failures must touch no other.

use std::collections::{BTreeMap, BTreeSet};

use steadfast::Label;
use steadfast::event::{Event, SupervisionEvent};
use steadfast::process::ProcessId;
use steadfast_sim::check::{Checker, Findings};
use steadfast_sim::trace::{NodeEvent, Record, TraceEvent};

/// A child that has never failed is not ended because another one has.
#[derive(Default)]
pub(crate) struct Bystanders {
    failed: BTreeMap<ProcessId, BTreeSet<Label>>,
    stopping: bool,
}

impl Checker for Bystanders {
    fn name(&self) -> &'static str {
        "bystanders"
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match &record.event {
            TraceEvent::Node(NodeEvent::Stopping { .. } | NodeEvent::Crashed { .. }) => {
                self.stopping = true;
            }
            TraceEvent::Core(Event::Supervision(SupervisionEvent::ChildExited {
                supervisor,
                child,
                expected: false,
                ..
            })) => {
                self.failed
                    .entry(*supervisor)
                    .or_default()
                    .insert(child.clone());
            }
            TraceEvent::Core(Event::Supervision(SupervisionEvent::ChildStopping {
                supervisor,
                child,
                ..
            })) if !self.stopping => {
                let failed = self.failed.get(supervisor);
                if failed.is_some_and(|failed| !failed.is_empty() && !failed.contains(child)) {
                    findings.violated(
                        "untouched",
                        format!("{child} never failed and is stopped all the same"),
                    );
                }
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
