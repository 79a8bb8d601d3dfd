//! The healed core sees one and the same registry, and nothing that is gone.

use std::collections::{BTreeMap, BTreeSet};

use steadfast::Label;
use steadfast::event::{Event, ProcessEvent};
use steadfast::process::ProcessId;
use steadfast::registry::{Key, Metadata};
use steadfast::runtime::{Incarnation, NodeId};

use super::super::checker::{Checker, Findings};
use super::view::View;
use super::views::Views;
use crate::trace::{NodeEvent, Phase, Record, RunEvent, TraceEvent};

/// Checks a registry whose nodes are to see the same, at the end of the liveness phase:
/// however the run went, the core has had the time that its scenario grants it to
/// converge.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `the_core_serves` | a node of the core that is up has no view of the registry |
/// | `the_core_sees_the_same` | two nodes of the core see different registrations of processes of the core |
/// | `no_row_is_a_zombie` | a node of the core sees a registration that the node of its process does not see |
/// | `the_dead_are_forgotten` | a node of the core sees a registration of a process that has ended, or of a node that is down |
///
/// A node outside of the core may be broken still: neither its registrations are looked
/// at, nor the names that it competes for. Not one of the standard checks, because only
/// a scenario knows that it waits for this. Bounded by what is alive and what is seen.
pub struct Agreement {
    registry: Label,
    views: Views,
    up: BTreeMap<NodeId, Incarnation>,
    alive: BTreeSet<ProcessId>,
    core: Vec<NodeId>,
}

impl Agreement {
    /// About the registry of this name.
    pub fn of(registry: impl Into<Label>) -> Self {
        Self {
            registry: registry.into(),
            views: Views::new(),
            up: BTreeMap::new(),
            alive: BTreeSet::new(),
            core: Vec::new(),
        }
    }

    fn judge(&self, findings: &mut Findings) {
        let mut core = Vec::new();
        for node in self.core.iter().filter(|node| self.up.contains_key(node)) {
            match self.views.view(*node, &self.registry) {
                Some(view) => core.push((*node, view)),
                None => {
                    let registry = &self.registry;
                    let detail = format!("{node} is up, but does not serve {registry}");
                    findings.violated("the_core_serves", detail);
                }
            }
        }
        for (node, view) in &core {
            self.judge_rows(*node, view, findings);
        }
        let disputed = self.disputed();
        for pair in core.windows(2) {
            let [(one, left), (other, right)] = pair else {
                continue;
            };
            let (left, right) = (self.rows(left, &disputed), self.rows(right, &disputed));
            let difference = left
                .iter()
                .map(|row| (one, row, &right))
                .chain(right.iter().map(|row| (other, row, &left)))
                .find(|(_, row, rows)| !rows.contains(row));
            if let Some((node, (key, process, metadata), _)) = difference {
                let detail =
                    format!("of {one} and {other} only {node} sees {key} of {process} {metadata}");
                findings.violated("the_core_sees_the_same", detail);
            } else if left.len() != right.len() {
                let (left, right) = (left.len(), right.len());
                let detail = format!("{one} sees {left} registrations, {other} sees {right}");
                findings.violated("the_core_sees_the_same", detail);
            }
        }
    }

    fn judge_rows(&self, node: NodeId, view: &View, findings: &mut Findings) {
        for (key, held) in view.iter() {
            let process = held.process;
            if self.is_outside(process.node) {
                continue;
            }
            if !self.alive.contains(&process) {
                let detail = format!("{node} still sees {key} of {process}, which is gone");
                findings.violated("the_dead_are_forgotten", detail);
                return;
            }
            let owner = self.views.view(process.node, &self.registry);
            let own = owner.map_or(&[][..], |owner| owner.held(key));
            if own.iter().all(|own| own.process != process) {
                let detail = format!("{node} sees {key} of {process}, but its own node does not");
                findings.violated("no_row_is_a_zombie", detail);
                return;
            }
        }
    }

    /// Whether a node is up and not one of the core: what it does is its own affair.
    fn is_outside(&self, node: NodeId) -> bool {
        self.up.contains_key(&node) && !self.core.contains(&node)
    }

    /// Names that a node outside of the core competes for.
    fn disputed(&self) -> BTreeSet<Key> {
        let views = self.views.iter();
        views
            .filter(|(_, registry, _)| **registry == self.registry)
            .flat_map(|(_, _, view)| view.iter())
            .filter(|(_, held)| self.is_outside(held.process.node))
            .map(|(key, _)| key.clone())
            .collect()
    }

    fn rows<'a>(
        &self,
        view: &'a View,
        disputed: &BTreeSet<Key>,
    ) -> Vec<(&'a Key, ProcessId, &'a Metadata)> {
        let rows = view
            .iter()
            .filter(|(key, held)| !disputed.contains(key) && !self.is_outside(held.process.node));
        rows.map(|(key, held)| (key, held.process, &held.metadata))
            .collect()
    }
}

impl Checker for Agreement {
    fn name(&self) -> &'static str {
        "registry_agreement"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        self.views.observe(record);
        match &record.event {
            TraceEvent::Core(Event::Process(ProcessEvent::Spawned { process, .. })) => {
                self.alive.insert(*process);
            }
            TraceEvent::Core(Event::Process(ProcessEvent::Exited { process, .. })) => {
                self.alive.remove(process);
            }
            TraceEvent::Node(event) => {
                let Some(node) = record.node else { return };
                match event {
                    NodeEvent::Started { incarnation } => {
                        self.up.insert(node, *incarnation);
                    }
                    NodeEvent::Crashed { .. } => {
                        self.up.remove(&node);
                        self.alive.retain(|process| process.node != node);
                    }
                    NodeEvent::Paused
                    | NodeEvent::Resumed
                    | NodeEvent::Stopping { .. }
                    | NodeEvent::Stopped { .. } => {}
                }
            }
            TraceEvent::Run(RunEvent::CoreHealed { core }) => self.core.clone_from(core),
            TraceEvent::Run(RunEvent::PhaseStarted { phase: Phase::Stop }) => self.judge(findings),
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
