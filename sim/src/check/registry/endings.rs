//! Nothing that has ended is registered on its own node.

use std::collections::{BTreeMap, BTreeSet};

use steadfast::event::{Event, ProcessEvent, RegistryEvent};
use steadfast::process::ProcessId;
use steadfast::registry::Cause;
use steadfast::runtime::NodeId;

use super::super::checker::{Checker, Findings};
use super::views::Views;
use crate::trace::{NodeEvent, Record, TraceEvent};

/// Checks that a process which has ended holds no name on its node: its registrations
/// go before its exit is published, and none comes after.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `the_dead_hold_nothing` | a process exits while its node still sees a registration of it |
/// | `only_the_dead_have_exited` | a registration goes because its process has exited, and the process does not exit then |
/// | `the_dead_register_nothing` | a node registers a process of its own that has exited, or never lived |
///
/// What other nodes see of it goes when they learn of it; see
/// [`Agreement`](super::Agreement). Bounded by what is alive and what the nodes see.
#[derive(Default)]
pub struct Endings {
    views: Views,
    alive: BTreeSet<ProcessId>,
    /// Whom each node says to have exited, before it exits.
    exiting: BTreeMap<NodeId, ProcessId>,
}

impl Endings {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            views: Views::new(),
            alive: BTreeSet::new(),
            exiting: BTreeMap::new(),
        }
    }

    /// Takes note of who is said to have exited, and looks whether it does.
    fn exiting(&mut self, record: &Record, findings: &mut Findings) {
        let Some(node) = record.node else { return };
        let said = match &record.event {
            TraceEvent::Core(Event::Registry(RegistryEvent::NameUnregistered {
                process,
                cause: Cause::Exited,
                ..
            })) if process.node == node => Some(*process),
            // Several registries may say it.
            TraceEvent::Core(Event::Registry(_)) => return,
            TraceEvent::Core(_)
            | TraceEvent::Run(_)
            | TraceEvent::Node(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_)
            | TraceEvent::Fault(_) => None,
        };
        let before = match said {
            Some(process) => self.exiting.insert(node, process),
            None => self.exiting.remove(&node),
        };
        let exits = |process| {
            said == Some(process)
                || matches!(
                    &record.event,
                    TraceEvent::Core(Event::Process(ProcessEvent::Exited { process: exited, .. }))
                        if *exited == process
                )
        };
        if let Some(process) = before.filter(|process| !exits(*process)) {
            let detail = format!("{process} is said to have exited, and lives");
            findings.violated("only_the_dead_have_exited", detail);
        }
    }

    fn process(&mut self, event: &ProcessEvent, findings: &mut Findings) {
        match event {
            ProcessEvent::Spawned { process, .. } => {
                self.alive.insert(*process);
            }
            ProcessEvent::Exited { process, .. } => {
                self.alive.remove(process);
                for (registry, view) in self.views.of(process.node) {
                    if let Some(key) = view.keys_of(*process).first() {
                        let detail =
                            format!("{process} has exited and still holds {key} in {registry}");
                        findings.violated("the_dead_hold_nothing", detail);
                    }
                }
            }
            ProcessEvent::MessageDiscarded { .. } => {}
        }
    }

    fn registry(&self, node: Option<NodeId>, event: &RegistryEvent, findings: &mut Findings) {
        if let RegistryEvent::NameRegistered { key, process, .. } = event
            && node == Some(process.node)
            && !self.alive.contains(process)
        {
            let detail = format!("{process} is not alive and was registered as {key}");
            findings.violated("the_dead_register_nothing", detail);
        }
    }
}

impl Checker for Endings {
    fn name(&self) -> &'static str {
        "registry_endings"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        self.exiting(record, findings);
        match &record.event {
            TraceEvent::Core(Event::Process(event)) => self.process(event, findings),
            TraceEvent::Core(Event::Registry(event)) => {
                self.registry(record.node, event, findings);
                self.views.observe(record);
            }
            TraceEvent::Node(event) => {
                self.views.observe(record);
                if let (NodeEvent::Started { .. } | NodeEvent::Crashed { .. }, Some(node)) =
                    (event, record.node)
                {
                    self.alive.retain(|process| process.node != node);
                }
            }
            TraceEvent::Core(_)
            | TraceEvent::Run(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_)
            | TraceEvent::Fault(_) => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
